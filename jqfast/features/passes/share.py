"""Pass 3: statistics of the same series and window share one pass over the data.

``ts_mean(x, 20)``, ``ts_std(x, 20)`` and ``ts_zscore(x, 20)`` become one ``moments`` with
``give=mean,std,zscore``; likewise extrema, pairs and regressions on time.
"""

from __future__ import annotations

from dataclasses import replace

from jqfast.features.passes.graph import SHARED, Graph, Node


def share(graph: Graph) -> Graph:
    """``graph`` with one instruction per (instruction, arguments, window, min_periods)."""
    groups: dict[tuple[object, ...], list[Node]] = {}
    for node in graph.nodes:
        if node.op in SHARED:
            groups.setdefault(_key(node), []).append(node)
    nodes = []
    for node in graph.nodes:
        if node.op not in SHARED:
            nodes.append(node)
        elif groups[_key(node)][0] is node:  # the first one has its arguments; the others follow it
            nodes.append(_merged(groups[_key(node)]))
    return Graph(graph.inputs, tuple(nodes), graph.outputs)


def _key(node: Node) -> tuple[object, ...]:
    return node.op, node.args, node.params


def _merged(group: list[Node]) -> Node:
    """One node that gives what every node of ``group`` gives, in the executor's order."""
    found = {give: out for node in group for give, out in zip(node.give, node.outs, strict=True)}
    order = [give for give in SHARED[group[0].op] if give in found]
    return replace(group[0], give=tuple(order), outs=tuple(found[give] for give in order))
