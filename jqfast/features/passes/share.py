"""Pass 3: statistics of the same series and window share one pass over the data.

``ts_mean(x, 20)``, ``ts_std(x, 20)`` and ``ts_zscore(x, 20)`` become one ``moments`` with
``give=mean,std,zscore``; likewise extrema, pairs, regressions on time and expanding statistics. Quantiles of
one window become one ``quantiles`` with ``at=0.2,0.5,0.8``.
"""

from __future__ import annotations

from dataclasses import replace

from jqfast.features.passes.graph import NUMBERED, SHARED, Graph, Node, Value


def share(graph: Graph) -> Graph:
    """``graph`` with one instruction per (instruction, arguments, window, min_periods)."""
    group_of: dict[Value, list[Node]] = {}
    open_groups: dict[tuple[object, ...], list[Node]] = {}
    for node in graph.nodes:
        if node.give:
            group = open_groups.setdefault(_key(node), [])
            if len(group) == NUMBERED.get(node.op):
                group = open_groups[_key(node)] = []
            group.append(node)
            group_of[node.outs[0]] = group
    nodes = []
    for node in graph.nodes:
        if not node.give:
            nodes.append(node)
        elif group_of[node.outs[0]][0] is node:  # the first one has its arguments; the others follow it
            nodes.append(_merged(group_of[node.outs[0]]))
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


def _key(node: Node) -> tuple[object, ...]:
    return node.op, node.args, node.params


def _merged(group: list[Node]) -> Node:
    """One node that gives what every node of ``group`` gives, in the executor's order."""
    found = {give: out for node in group for give, out in zip(node.give, node.outs, strict=True)}
    numbered = group[0].op in NUMBERED
    order = sorted(found, key=float) if numbered else [give for give in SHARED[group[0].op] if give in found]
    return replace(group[0], give=tuple(order), outs=tuple(found[give] for give in order))
