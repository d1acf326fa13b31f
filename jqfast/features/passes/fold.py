"""Pass 2: arithmetic on literals is done here, and steps that change no bit are dropped.

Only identities that hold for every double are used, NaN, Inf and signed zeros included: ``x + 0`` is not one
of them (-0 + 0 is +0), ``x - 0``, ``x * 1``, ``x / 1`` are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from jqfast.features.passes.graph import Arg, Builder, Graph, Node


def _flag(test: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda x, y: np.nan if np.isnan(x) or np.isnan(y) else float(test(x, y))


_ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "sign": np.sign,
    "tanh": np.tanh,
    "power": np.power,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "fmin": np.fmin,
    "fmax": np.fmax,
    "lt": _flag(np.less),
    "le": _flag(np.less_equal),
    "gt": _flag(np.greater),
    "ge": _flag(np.greater_equal),
    "eq": _flag(np.equal),
    "ne": _flag(np.not_equal),
    "and": _flag(np.logical_and),
    "or": _flag(np.logical_or),
    "not": lambda x: np.nan if np.isnan(x) else float(x == 0.0),
    "where": lambda c, x, y: np.nan if np.isnan(c) else (x if c != 0.0 else y),
    "isnan": lambda x: float(np.isnan(x)),
    "fill": lambda x, y: y if np.isnan(x) else x,
    "clip": lambda x, low, high: low if x < low else min(x, high) if x == x else x,
}


def fold(graph: Graph) -> Graph:
    """``graph`` without arithmetic on literals and without steps that return their argument."""
    builder = Builder()
    now: dict[int, Arg] = {}
    for node in graph.nodes:
        args = tuple(now[arg] if isinstance(arg, int) else arg for arg in node.args)
        moved = replace(node, args=args)
        same = _same(moved)
        for k, out in enumerate(node.outs):
            now[out] = builder.add(moved)[k] if same is None else same
    return builder.graph(graph.inputs, (_kept(now[value]) for value in graph.outputs))


def _same(node: Node) -> Arg | None:
    """The literal or earlier value that ``node`` equals; None when it has to be computed."""
    args = node.args
    if node.op in _ARITHMETIC and args and not node.values:
        with np.errstate(all="ignore"):
            return float(_ARITHMETIC[node.op](*(np.float64(arg) for arg in args)))
    if node.op == "lag" and dict(node.params)["window"] == 0:
        return args[0]
    if len(args) < 2 or not isinstance(args[0], int):
        return args[1] if node.op == "mul" and args[0] == 1.0 and isinstance(args[0], float) else None
    neutral = {"mul": 1.0, "div": 1.0, "power": 1.0, "sub": 0.0}.get(node.op)
    one = isinstance(args[1], float) and neutral is not None and args[1] == neutral
    return args[0] if one and not (node.op == "sub" and np.signbit(args[1])) else None


def _kept(arg: Arg) -> int:
    if isinstance(arg, float):
        raise ValueError(f"An output must read at least one column; it is always {arg}.")
    return arg
