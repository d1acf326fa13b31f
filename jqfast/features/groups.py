"""Statistics within groups of stocks, with the whole market in place of groups that are too small.

The mean of two stocks says nothing about a third: where a sector has fewer than five values on a date, its
stocks are compared with all stocks, and so are stocks without a sector.
"""

from __future__ import annotations

from collections.abc import Callable

from jqfast.features.expr import Expr
from jqfast.features.ops import cs_scale, fill, isnan, where

SECTORS = "sector33"
#: With fewer stocks than this in a sector the market takes its place.
FEWEST = 5


def one_over_n(x: Expr, by: Expr | str | None) -> Expr:
    """1 over the number of stocks with a value in the group."""
    return cs_scale(where(isnan(x), float("nan"), 1), by=by)


def in_sector(statistic: Callable[..., Expr], x: Expr, by: Expr | str = SECTORS) -> Expr:
    """``statistic(x)`` within the sector; among all stocks where the sector has fewer than five values."""
    small = fill(one_over_n(x, by) > 1 / FEWEST, 1)
    return where(small, statistic(x, by=None), statistic(x, by=by))
