"""Pass 6: the scheduled stages as plan text, one instruction a line.

The text is all that the C++ executor gets; it checks every line again. Values are numbered in the order of
their definition. The format is described in `cpp/include/jqfast/plan.hpp`.
"""

from __future__ import annotations

from collections.abc import Sequence

from jqfast.features.operators import Param
from jqfast.features.passes.graph import NUMBERED, Input, Node, Value
from jqfast.features.passes.schedule import Scheduled


def lower(inputs: Sequence[Input], stages: Sequence[Scheduled], outputs: int) -> str:
    """The plan text, ending with a newline."""
    lines = ["jqfast-plan 1", *(f"input {axis} {name}" for axis, name in inputs), f"outputs {outputs}"]
    numbers: dict[Value, int] = {}
    for stage in stages:
        lines.append("cross" if stage.cross else "time")
        for step in stage.steps:
            if isinstance(step, Node):
                lines.append(_instruction(step, numbers))
            else:
                lines.append(f"store v{numbers[step[0]]} {step[1]}")
    return "\n".join(lines) + "\n"


def _instruction(node: Node, numbers: dict[Value, int]) -> str:
    args = [f"v{numbers[arg]}" if isinstance(arg, int) else repr(arg) for arg in node.args]
    for out in node.outs:
        numbers[out] = len(numbers)
    targets = " ".join(f"v{numbers[out]}" for out in node.outs)
    params = dict(node.params)
    if node.op == "input":
        return f"{targets} = input {params['index']}"
    if node.grouped:
        args[-1] = f"by={args[-1]}"
    words = [node.op, *args, *(f"{name}={_number(value)}" for name, value in params.items())]
    if node.give:
        words.append(f"{'at' if node.op in NUMBERED else 'give'}={','.join(node.give)}")
    return f"{targets} = {' '.join(words)}"


def _number(value: Param) -> str:
    return repr(value) if isinstance(value, float) else str(value)
