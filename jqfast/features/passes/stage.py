"""Pass 4: the graph is cut into stages at the barriers that cross-sections are.

A cross-section needs all stocks of a date, so everything along time that feeds it comes in an earlier stage.
Stages alternate, time first: stage 0, 2, 4 ... along time, 1, 3, 5 ... across stocks. Columns are read again
in each time stage that uses them, which is cheaper than carrying them over a barrier.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from jqfast.features.passes.graph import Graph, Node, Value


@dataclass(frozen=True)
class Stage:
    """Instructions of one kind, and the outputs stored after them as (value, output number)."""

    cross: bool
    nodes: tuple[Node, ...]
    stores: tuple[tuple[Value, int], ...]


@dataclass(frozen=True)
class Staged:
    """A graph cut into stages."""

    graph: Graph
    stages: tuple[Stage, ...]


def stage(graph: Graph) -> Staged:
    """``graph`` in alternating stages; every node stands in the earliest one it can."""
    level = _levels(graph)
    last = max((level[value] for value in graph.outputs), default=0)
    copies = _Copies(graph)
    buckets: list[list[Node]] = [[] for _ in range(last + 1)]
    for node in graph.nodes:
        if node.op != "input":
            own = level[node.outs[0]]
            buckets[own].append(replace(node, args=copies.arguments(node, own)))
    stores: list[list[tuple[Value, int]]] = [[] for _ in range(last + 1)]
    for number, value in enumerate(graph.outputs):
        stores[level[value]].append((copies.value(value, level[value]), number))
    return Staged(
        graph,
        tuple(
            Stage(index % 2 == 1, (*copies.reads(index), *nodes), tuple(stores[index]))
            for index, nodes in enumerate(buckets)
        ),
    )


def _levels(graph: Graph) -> dict[Value, int]:
    level: dict[Value, int] = {}
    for node in graph.nodes:
        below = max((level[value] for value in node.values), default=0)
        own = below + (node.cross != (below % 2 == 1))
        level.update(dict.fromkeys(node.outs, own))
    return level


class _Copies:
    """Input values, one copy per time stage that reads the column."""

    def __init__(self, graph: Graph) -> None:
        self._inputs = {node.outs[0]: node for node in graph.nodes if node.op == "input"}
        self._free = 1 + max((out for node in graph.nodes for out in node.outs), default=0)
        self._made: dict[tuple[Value, int], Node] = {}

    def value(self, value: Value, level: int) -> Value:
        """The copy of ``value`` for a node at ``level``; other values stay themselves."""
        if value not in self._inputs:
            return value
        key = (value, level - level % 2)  # a cross-section reads what the time stage before it loaded
        if key not in self._made:
            out = value if all(known != value for known, _ in self._made) else self._free
            self._free += out == self._free
            self._made[key] = replace(self._inputs[value], outs=(out,))
        return self._made[key].outs[0]

    def arguments(self, node: Node, level: int) -> tuple[int | float, ...]:
        """The arguments of ``node`` with inputs replaced by the copies of its stage."""
        return tuple(self.value(arg, level) if isinstance(arg, int) else arg for arg in node.args)

    def reads(self, level: int) -> list[Node]:
        """The input nodes of a stage, in the order of the plan's inputs."""
        found = [node for (_, at), node in self._made.items() if at == level]
        return sorted(found, key=lambda node: node.params)
