"""Series about companies that several catalogue features are made of; none of them is a feature by itself.

A month is 20 sessions, as in the documents; a year is 240. Prices and market values carry over days without
a trade for a month, so that a ratio to a yearly number does not come and go with liquidity.
"""

from __future__ import annotations

from jqfast.features.columns import close, column
from jqfast.features.expr import Expr
from jqfast.features.groups import SECTORS as SECTORS
from jqfast.features.groups import in_sector as in_sector
from jqfast.features.groups import one_over_n
from jqfast.features.ops import (
    abs_,
    cs_rank,
    cs_winsorize,
    eq,
    exp,
    fill,
    isnan,
    lag,
    last_valid,
    period_lag,
    where,
)

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
    running = column("fc_target") > actual("year_end")
    return where(fill(running, 1), column(f"fc_{item}"), MISSING)


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


def known_flag(condition: Expr, source: Expr) -> Expr:
    """1 or 0 where the source is known: what has never happened yet is 0, not missing."""
    return where(isnan(source), MISSING, fill(condition, 0))


# -- announcements -----------------------------------------------------------------------------


def held(x: Expr) -> Expr:
    """The last value of x since the newest report became known; missing until there is one."""
    return period_lag(x, actual("period"), 0)


def on_report_day(x: Expr, ago: int = 0) -> Expr:
    """x at the close of the day of the newest report, or some sessions before it, held until the next report.

    A report is known to the row of the session after its day or, in an evening panel, to that of the day.
    """
    since = actual("since")
    value = where(eq(since, 2), lag(x, 2 + ago), MISSING)
    value = where(eq(since, 1), lag(x, 1 + ago), value)
    return held(where(eq(since, 0), lag(x, ago), value))


def after_report(k: int) -> Expr:
    """Return over the k sessions after the report, growing day by day, then held until the next report."""
    so_far = price() / on_report_day(price()) - 1
    return held(where(actual("since") <= k, so_far, MISSING))


def fading(value: Expr, sessions: Expr, tau: int) -> Expr:
    """A value that has lost all but 1/e of its weight after tau sessions."""
    return value * exp(-sessions / tau)


# -- sectors -----------------------------------------------------------------------------------


def unit_rank(x: Expr, *, by: Expr | str | None) -> Expr:
    """(rank - 1) / (n - 1): 0 for the lowest of the group, 1 for the highest."""
    step = one_over_n(x, by)
    return (cs_rank(x, by=by) - step) / (1 - step)


def from_median(x: Expr, *, by: Expr | str | None) -> Expr:
    """Distance from the median of the group."""
    return x - cs_winsorize(x, 0.5, 0.5, by=by)
