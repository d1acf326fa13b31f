"""The graph that the passes rewrite: flat nodes in an order in which every argument stands before its use.

A value is an int, a literal a float; both can be arguments. Nodes are instructions of the executor already,
so that a pass never needs to know the language. Every pass takes a graph and returns a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from jqfast.features.operators import OPERATORS, Param

Value: TypeAlias = int
Arg: TypeAlias = int | float  # a value, or a literal

#: Instructions with one statistic per output, and their statistics in the executor's order.
SHARED: Mapping[str, tuple[str, ...]] = {
    "moments": ("sum", "mean", "var", "std", "skew", "kurt", "count", "zscore"),
    "extrema": ("min", "max", "range", "argmin", "argmax"),
    "pairs": ("cov", "corr", "beta", "intercept", "resid", "rsquare", "wmean"),
    "trend": ("slope", "intercept", "resid", "rsquare", "decay"),
    "periods": ("sum", "mean", "std", "zscore", "oldest", "streak"),
    "expanding": ("sum", "mean", "var", "std", "skew", "kurt", "count", "min", "max", "product"),
}

#: Instructions whose outputs are told apart by numbers (``at=0.2,0.8``), and how many the executor takes.
NUMBERED: Mapping[str, int] = {"quantiles": 10}

CROSS = frozenset(operator.instruction for operator in OPERATORS.values() if operator.axis == "cross")
_COMMUTATIVE = frozenset(operator.instruction for operator in OPERATORS.values() if operator.commutative)


class Input(NamedTuple):
    """A column the plan reads."""

    axis: str  # "stock", "market", or "code" for a series of the codes alone
    name: str


@dataclass(frozen=True)
class Node:
    """One instruction: ``outs = op args params``; ``give`` names the statistic of each output.

    The last argument of a ``grouped`` instruction is the group of each stock.
    """

    op: str
    args: tuple[Arg, ...]
    params: tuple[tuple[str, Param], ...] = ()
    outs: tuple[Value, ...] = ()
    give: tuple[str, ...] = ()
    grouped: bool = False

    @property
    def values(self) -> tuple[Value, ...]:
        """The arguments that are values."""
        return tuple(arg for arg in self.args if isinstance(arg, int))

    @property
    def cross(self) -> bool:
        """True for instructions across stocks."""
        return self.op in CROSS


@dataclass(frozen=True)
class Graph:
    """Columns read, instructions in a valid order, and the value of each output."""

    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]

    def consumers(self) -> dict[Value, int]:
        """How many arguments and outputs read each value."""
        counts = dict.fromkeys((v for node in self.nodes for v in node.outs), 0)
        for value in (v for node in self.nodes for v in node.values):
            counts[value] += 1
        for value in self.outputs:
            counts[value] += 1
        return counts


def read_as_groups(graph: Graph) -> frozenset[Input]:
    """The columns that are read to group stocks by, and for nothing else."""
    groups = {node.args[-1] for node in graph.nodes if node.grouped}
    values = {v for node in graph.nodes for v in (node.args[:-1] if node.grouped else node.args)}
    values.update(graph.outputs)
    inputs = {node.outs[0]: dict(node.params)["index"] for node in graph.nodes if node.op == "input"}
    return frozenset(
        graph.inputs[int(index)] for out, index in inputs.items() if out in groups and out not in values
    )


class Builder:
    """Collects nodes by value number: an instruction that stands already is not added again."""

    def __init__(self) -> None:
        self._nodes: list[Node] = []
        self._known: dict[tuple[object, ...], tuple[Value, ...]] = {}
        self._values = 0

    def add(self, node: Node) -> tuple[Value, ...]:
        """The values of ``node``, from an equal earlier node where there is one."""
        key = (node.op, _ordered(node), node.params, node.give, node.grouped)
        if key not in self._known:
            outs = tuple(range(self._values, self._values + max(1, len(node.give))))
            self._values += len(outs)
            self._known[key] = outs
            self._nodes.append(replace(node, outs=outs))
        return self._known[key]

    def graph(self, inputs: Iterable[Input], outputs: Iterable[Value]) -> Graph:
        """The nodes that some output needs, as a graph."""
        wanted = set(kept := tuple(outputs))
        needed: list[Node] = []
        for node in reversed(self._nodes):
            if wanted.intersection(node.outs):
                needed.append(node)
                wanted.update(node.values)
        return Graph(tuple(inputs), tuple(reversed(needed)), kept)


def _ordered(node: Node) -> tuple[object, ...]:
    """The arguments as a key: literals by their bits, and in one order where order does not matter."""
    key = [("v", arg) if isinstance(arg, int) else ("c", repr(arg)) for arg in node.args]
    return tuple(sorted(key, key=repr)) if node.op in _COMMUTATIVE else tuple(key)
