"""Expressions that use an operator, made from its row of the registry: a new operator needs no line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jqfast.features import Expr, column, expanding_sum, fill, lag
from jqfast.features.expr import apply
from jqfast.features.operators import OPERATORS

WINDOWS = (1, 5, 17, 40)  # one run of suffixes and several, in a block and over its end
_PARAMS = {"min_periods": 3, "limit": 3, "q": 0.3, "count": 4, "low": 0.1, "high": 0.8}
_LITERALS: dict[str, tuple[float, ...]] = {"power": (1.7,), "fill": (0.25,), "clip": (-1.0, 0.5)}


def uses(
    name: str, series: Sequence[Expr], *, windows: Sequence[int] = WINDOWS, group: str = "group"
) -> dict[str, Expr]:
    """Label -> expression: with each window, by group, along time of a cross-section.

    ``series`` are as many as any operator takes, three.
    """
    operator = OPERATORS[name]
    literals = _LITERALS.get(name, ())
    args: list[Any] = [*series[: operator.arity - len(literals)], *literals]
    if operator.instruction == "periods":  # a new one with each rise: 40 of them are many dates
        args[1] = expanding_sum(fill(args[1] > lag(args[1], 1), 0.0))
    found: dict[str, Expr] = {}
    for w in windows if "window" in operator.params else (0,):
        params = {key: w if key == "window" else _PARAMS[key] for key in operator.params}
        if "min_periods" in params:
            params["min_periods"] = min(3, w) if w else 3
        if name == "ts_quantile":
            params["q"] = 0.3
        found[f"{name}_{w}"] = apply(name, *args, **params)
    if operator.axis == "cross":
        plain = found[f"{name}_0"]
        fixed = {key: _PARAMS[key] for key in operator.params}
        found[f"{name}_grouped"] = apply(name, *args, column(group), **fixed, grouped=1)
        found[f"{name}_then"] = apply("ts_mean", plain, window=17, min_periods=3)
    return found


def all_uses(series: Sequence[Expr], *, windows: Sequence[int] = WINDOWS) -> dict[str, Expr]:
    """Those of every operator."""
    return {label: use for name in OPERATORS for label, use in uses(name, series, windows=windows).items()}
