"""Series about companies that several catalogue features are made of; none of them is a feature by itself.

A month is 20 sessions, as in the documents; a year is 240. Prices and market values carry over days without
a trade for a month, so that a ratio to a yearly number does not come and go with liquidity.
"""

from __future__ import annotations

from jqfast.features.columns import close, column
from jqfast.features.expr import Expr
from jqfast.features.ops import abs_, fill, last_valid, where

MONTH = 20
YEAR = 240
MISSING = float("nan")


def price() -> Expr:
    """Last traded price of the past month, yen per share on the forward basis."""
    return last_valid(close, MONTH)


def market_value() -> Expr:
    """Last market value of the past month, yen."""
    return last_valid(column("market_value"), MONTH)


def actual(item: str) -> Expr:
    """A statement column, ``fs_<item>``."""
    return column(f"fs_{item}")


def forecast(item: str) -> Expr:
    """The company's forecast of a year that is not over: many firms gave none in 2020, an old one is none."""
    running = column("fc_target") > fill(actual("year_end"), 0)
    return where(running, column(f"fc_{item}"), MISSING)


def growth(now: Expr, before: Expr) -> Expr:
    """(now - before) / |before|: rises from a loss count as growth."""
    return (now - before) / abs_(before)


def positive(x: Expr) -> Expr:
    """x where it is above 0, missing elsewhere: a ratio to a negative equity says nothing."""
    return where(x > 0, x, MISSING)


def liabilities() -> Expr:
    """Total assets less net assets, yen."""
    return actual("assets") - actual("net_assets")


def accruals() -> Expr:
    """Operating cash flow less net profit of the last full year: stands for unknown depreciation."""
    return actual("cfo_year") - actual("np_year")


def earnings_yield() -> Expr:
    """Net profit of twelve months to market value."""
    return actual("np_ttm") / market_value()


def forecast_yield() -> Expr:
    """Forecast earnings per share to price."""
    return forecast("eps") / price()
