"""Pass 1: expressions become instructions, each distinct one once.

Expressions are interned already; here commuted arguments (``a + b``, ``b + a``) meet as well, and operators
become the executor's instructions (``ts_mean`` is ``moments give=mean``, ``wilder`` an ``ema``).
"""

from __future__ import annotations

from collections.abc import Sequence

from jqfast.features.expr import Expr, walk
from jqfast.features.operators import OPERATORS
from jqfast.features.passes.graph import Arg, Builder, Graph, Input, Node, Value


def intern(outputs: Sequence[Expr]) -> Graph:
    """The instruction graph that computes ``outputs``."""
    builder = Builder()
    inputs: dict[Input, int] = {}
    made: dict[Expr, Arg] = {}
    for expr in walk(tuple(outputs)):
        made[expr] = _argument(expr, made, inputs, builder)
    return builder.graph(inputs, (_value(made[expr], expr) for expr in outputs))


def _argument(expr: Expr, made: dict[Expr, Arg], inputs: dict[Input, int], builder: Builder) -> Arg:
    if expr.constant is not None:
        return expr.constant
    params = dict(expr.params)
    if expr.op == "column":
        return _read(Input(str(params["axis"]), str(params["name"])), inputs, builder)
    operator = OPERATORS[expr.op]
    args = [made[arg] for arg in expr.args]
    if operator.beside:
        args.insert(operator.arity, _read(Input("code", operator.beside), inputs, builder))
    node = Node(
        operator.instruction,
        tuple(args),
        operator.lowered(params),
        give=operator.gives(params),
        grouped="grouped" in params,
    )
    return builder.add(node)[0]


def _read(column: Input, inputs: dict[Input, int], builder: Builder) -> Value:
    index = inputs.setdefault(column, len(inputs))
    return builder.add(Node("input", (), (("index", index),)))[0]


def _value(arg: Arg, expr: Expr) -> int:
    if isinstance(arg, float):
        raise ValueError(f"An output must read at least one column; got the constant {expr}.")
    return arg
