"""What makes an expression a feature: rules that follow from derived facts, checked when it is declared.

1. A feature is stock- or market-wide, never a literal.
2. Its split degree is 0, so that a later split cannot change an earlier value; a level (yen, shares) is
   declared ``level=True`` and gets degree 0 through `as_of`.
3. A per-date normalisation (`cs`, `cs33`, `log`, `rank`) needs values that differ between stocks.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from jqfast.errors import unknown
from jqfast.features.expr import Expr
from jqfast.features.scale import unit_name

Norm: TypeAlias = Literal["cs", "cs33", "log", "rank", "ts", "flag", "unit", "none"]
NORMS: tuple[Norm, ...] = get_args(Norm)
PER_DATE: frozenset[str] = frozenset({"cs", "cs33", "log", "rank"})


def check_feature(name: str, expr: Expr, *, norm: str, level: bool = False) -> None:
    """Raise ValueError when ``expr`` cannot be the feature ``name``; the message says why and the fix."""
    if norm not in NORMS:
        raise unknown("norm", norm, NORMS)
    if expr.is_constant:
        raise ValueError(f"Feature `{name}` is the constant {expr}; a feature reads at least one column.")
    if expr.axis == "market" and norm in PER_DATE:
        raise ValueError(
            f"Feature `{name}` is the same for all stocks, so norm={norm!r} would divide 0 by 0 on every "
            'date. Declare norm="ts" (or "unit", "flag").'
        )
    check_split_free(name, expr, level=level)


def check_split_free(name: str, expr: Expr, *, level: bool) -> None:
    """Raise ValueError unless a later split leaves earlier values of ``expr`` alone."""
    scale = expr.scale
    if scale is None:
        raise ValueError(
            f"Feature `{name}` = {expr} mixes scales (a unit beside a plain number, or prices compared "
            "across stocks with different split histories). Build it from ratios."
        )
    if not scale.split_free:
        raise ValueError(
            f"Feature `{name}` = {expr} has split degree {scale.degree + scale.shift[2]:g} "
            f"({unit_name(scale)}): a later split would change it. Divide by a value of the same degree, or "
            "build a level with `as_of(x, k)` and declare `level=True`."
        )
    if level and "adjustment" not in expr.columns and "raw_close" not in expr.columns:
        raise ValueError(f"Feature `{name}` is declared `level=True` but is not built through `as_of(x, k)`.")
    if not level and scale.power[1] != 0.0 and scale.power[0] == -scale.power[1]:
        raise ValueError(f"Feature `{name}` = {expr} is a level in {unit_name(scale)}; declare `level=True`.")
