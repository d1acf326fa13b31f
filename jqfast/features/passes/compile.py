"""The passes in their order.

1. intern: expressions to instructions, equal ones once
2. fold: literals and steps without effect
3. share: statistics of one series and window in one pass
4. stage: cut at cross-sections
5. schedule: few values alive at once
6. lower: text
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jqfast.features.expr import Expr
from jqfast.features.passes.fold import fold
from jqfast.features.passes.graph import Input, read_as_groups
from jqfast.features.passes.intern import intern
from jqfast.features.passes.lower import lower
from jqfast.features.passes.schedule import schedule
from jqfast.features.passes.share import share
from jqfast.features.passes.stage import stage


@dataclass(frozen=True)
class Plan:
    """What the executor runs: the text, the columns its inputs are, those of them that only group stocks."""

    text: str
    inputs: tuple[Input, ...]
    outputs: int
    groups: frozenset[Input] = frozenset()

    def __str__(self) -> str:
        return self.text


def compile_plan(outputs: Sequence[Expr]) -> Plan:
    """The plan that computes ``outputs``, in their order.

    Raises
    ------
    ValueError
        If there is no output, or an output reads no column.
    """
    if not outputs:
        raise ValueError("`features` must name at least one feature; got none.")
    graph = share(fold(intern(outputs)))
    stages = schedule(stage(graph))
    return Plan(lower(graph.inputs, stages, len(outputs)), graph.inputs, len(outputs), read_as_groups(graph))
