"""Pass 5: the order of instructions inside a stage, such that few values are alive at once.

Two orders are tried and the one with the lower peak is kept: depth first from the outputs, and greedy (the
next instruction is the one that frees the most). Outputs are stored as soon as they exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from jqfast.features.passes.graph import Node, Value
from jqfast.features.passes.stage import Stage, Staged

Step: TypeAlias = Node | tuple[Value, int]


@dataclass(frozen=True)
class Scheduled:
    """The steps of a stage in order: instructions, and stores as (value, output number)."""

    cross: bool
    steps: tuple[Step, ...]
    peak: int  # most values alive at once


def schedule(staged: Staged) -> tuple[Scheduled, ...]:
    """Every stage with its steps in order."""
    outside = _used_later(staged)
    return tuple(_best(stage, later) for stage, later in zip(staged.stages, outside, strict=True))


def _used_later(staged: Staged) -> list[set[Value]]:
    """Per stage, the values that a later stage reads."""
    later: set[Value] = set()
    found = []
    for stage in reversed(staged.stages):
        found.append(set(later))
        later.update(value for node in stage.nodes for value in node.values)
        later.update(value for value, _ in stage.stores)
    return found[::-1]


def _best(stage: Stage, later: set[Value]) -> Scheduled:
    first = _depth_first(stage)
    orders = [first, _greedy(first, stage, later)]
    peaks = [_peak(order, stage, later) for order in orders]
    choice = peaks.index(min(peaks))
    return Scheduled(stage.cross, _with_stores(orders[choice], stage), peaks[choice])


def _depth_first(stage: Stage) -> list[Node]:
    """Nodes in the order in which the outputs, one after the other, need them."""
    maker = {out: node for node in stage.nodes for out in node.outs}
    roots = [maker[value] for value, _ in sorted(stage.stores, key=lambda s: s[1]) if value in maker]
    order: list[Node] = []
    seen: set[tuple[Value, ...]] = set()
    for root in (*roots, *stage.nodes):
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node.outs in seen:
                continue
            if ready:
                seen.add(node.outs)
                order.append(node)
                continue
            stack.append((node, True))
            stack.extend((maker[v], False) for v in reversed(node.values) if v in maker)
    return order


def _uses(stage: Stage, later: set[Value]) -> dict[Value, int]:
    """Reads of each value inside the stage; one more for those that must outlive it."""
    uses: dict[Value, int] = {out: int(out in later) for node in stage.nodes for out in node.outs}
    for node in stage.nodes:
        for value in set(node.values):
            uses[value] = uses.get(value, 1) + 1
    return uses


def _freed(node: Node, uses: dict[Value, int]) -> int:
    """How many values are dead after ``node``: its last-read arguments, and outputs that are only stored."""
    return sum(uses[v] == 1 for v in set(node.values)) + sum(uses[out] == 0 for out in node.outs)


def _greedy(first: list[Node], stage: Stage, later: set[Value]) -> list[Node]:
    uses = _uses(stage, later)
    made = {out for node in first for out in node.outs}
    waiting = {node.outs: {v for v in node.values if v in made} for node in first}
    readers: dict[Value, list[Node]] = {}
    for node in first:
        for value in waiting[node.outs]:
            readers.setdefault(value, []).append(node)
    place = {node.outs: index for index, node in enumerate(first)}
    ready = [node for node in first if not waiting[node.outs]]
    order: list[Node] = []
    while ready:
        node = min(ready, key=lambda n: (len(n.outs) - _freed(n, uses), place[n.outs]))
        ready.remove(node)
        order.append(node)
        for value in set(node.values):
            uses[value] -= 1
        for reader in (reader for out in node.outs for reader in readers.get(out, ())):
            waiting[reader.outs] -= set(node.outs)
            if not waiting[reader.outs] and reader not in ready:
                ready.append(reader)
    return order


def _peak(order: list[Node], stage: Stage, later: set[Value]) -> int:
    uses = _uses(stage, later)
    alive = peak = 0
    for node in order:
        alive += len(node.outs)
        peak = max(peak, alive)
        alive -= _freed(node, uses)
        for value in set(node.values):
            uses[value] -= 1
    return peak


def _with_stores(order: list[Node], stage: Stage) -> tuple[Step, ...]:
    wanted: dict[Value, list[int]] = {}
    for value, number in stage.stores:
        wanted.setdefault(value, []).append(number)
    steps: list[Step] = []
    for node in order:
        steps.append(node)
        steps.extend((out, number) for out in node.outs for number in wanted.pop(out, ()))
    steps.extend((value, number) for value, numbers in wanted.items() for number in numbers)
    return tuple(steps)
