"""Sorts: which stock belongs to which portfolio on which session, by what was known then.

1. Returns of stocks between sessions, with dividends where the panel knows ex-days, delistings by rule.
2. Formation at the last session of a month. Accounts are those that the panel knew at that session's
   decision: the newest published period, with flows of twelve months. Companies whose fiscal years end in any
   month stand on the same footing; nothing is used before it is published, or waits a year after.
3. Stocks are big or small, and low, middle or high in one more variable; they keep that until the next
   formation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import check_range, unknown
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

Breakpoints = Literal["big", "all"]

#: Sessions of a year, for the look back at last year's balance.
_YEAR = 245
#: Stocks from which on breakpoints are those of the big ones.
_LARGE = 500


@dataclass(frozen=True)
class SortConfig:
    """How portfolios are formed.

    Parameters
    ----------
    month : accounts are sorted at the last session of this month, June as in the original
    breakpoints : ``"big"``: big are the largest stocks that make up ``big_share`` of the market's value, and
        the 30th and 70th percentiles are those of the big ones, as in French's files for Japan; ``"all"``:
        the median size and the percentiles of all stocks, for small universes
    big_share : share of the market's value, for ``"big"``
    max_age : accounts that have been known for more sessions count as missing
    delisting_return : of the session after a stock's last one; afterwards it has left its portfolio
    """

    month: int = 6
    breakpoints: Breakpoints = "big"
    big_share: float = 0.9
    max_age: int = _YEAR
    delisting_return: float = 0.0

    def __post_init__(self) -> None:
        check_range("month", self.month, 1, 12)
        check_range("big_share", self.big_share, 0.5, 0.99)
        check_range("max_age", self.max_age, 1, 10_000)
        check_range("delisting_return", self.delisting_return, -1.0, 10.0)
        if self.breakpoints not in ("big", "all"):
            raise unknown("kind of breakpoints", str(self.breakpoints), ("big", "all"))


def by_size(panel: Panel) -> SortConfig:
    """How portfolios of a panel are formed without other wishes: small universes by percentiles of all."""
    return SortConfig(breakpoints="big" if panel.shape[1] >= _LARGE else "all")


def session_returns(panel: Panel, *, delisting_return: float = 0.0) -> tuple[FloatArray, IntArray]:
    """Simple returns of all stocks between sessions.

    Returns
    -------
    (S, N) return of session s over the session before it, NaN where a stock was not listed before; the rows
    (S,) of the sessions. A session without a trade returns 0 and the next trade all of the move. The session
    after the last one of a stock returns ``delisting_return``.
    """
    rows = np.flatnonzero(panel.is_session)
    listed = panel.listed[rows]
    price = carried(panel, panel["close"])[rows]
    out = np.full(price.shape, np.nan)
    paid = _dividends(panel, rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        out[1:] = (price[1:] + paid[1:]) / price[:-1] - 1.0
    gone = ~listed[1:] & listed[:-1] & np.isfinite(price[:-1])
    out[1:] = np.where(gone, delisting_return, np.where(listed[1:] & listed[:-1], out[1:], np.nan))
    return out, rows


def carried(panel: Panel, values: AnyArray) -> FloatArray:
    """(T, N) last known value on or before each row while listed, NaN before the first."""
    row = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(values) & panel.listed, row, -1), axis=0)
    begun = np.maximum.accumulate(np.where(panel.listed & ~_shifted(panel.listed), row, -1), axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(panel.listed & (last >= 0) & (last >= begun), filled, np.nan)


def market_value(panel: Panel) -> FloatArray | None:
    """(T, N) market value in yen, that of the last trade on days without one; None if the panel has none."""
    for name in ("market_value", "market_cap"):
        if name in panel.columns:
            value = carried(panel, panel[name])
            return np.where(value > 0, value, np.nan)
    return None


def month_ends(dates: DateArray, month: int | None = None) -> IntArray:
    """Positions of the last session of every month (or of one month of the year) that a later session
    follows."""
    months = dates.astype("datetime64[M]").astype(np.int64)
    ends = np.flatnonzero(np.diff(months))
    return ends if month is None else ends[months[ends] % 12 == month - 1]


def accounts(
    panel: Panel, rows: IntArray, config: SortConfig
) -> tuple[dict[str, FloatArray], tuple[str, ...]]:
    """Sorting variables from accounts, (S, N) each, and a sentence for each that the panel cannot give.

    ``book`` equity / market value, ``profit`` operating profit of twelve months / equity, ``growth`` of total
    assets over a year, ``roe`` net profit of the newest quarter / equity. Companies without positive equity
    have none of them.
    """
    needs: Mapping[str, tuple[str, ...]] = {
        "book": ("fs_equity",),
        "profit": ("fs_equity", "fs_op_ttm"),
        "growth": ("fs_equity", "fs_assets"),
        "roe": ("fs_equity", "fs_np_q"),
    }
    value = market_value(panel)
    out: dict[str, FloatArray] = {}
    lost = []
    for name, columns in needs.items():
        missing = [column for column in columns if column not in panel.columns]
        if missing or value is None:
            what = ", ".join(missing) or "market values"
            lost.append(f"No sort by {name}: the panel has no {what}.")
            continue
        equity = _fresh(panel, panel["fs_equity"], config)[rows]
        equity = np.where(equity > 0, equity, np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            out[name] = _variable(name, panel, rows, equity, value[rows])
    return out, tuple(lost)


def _variable(name: str, panel: Panel, rows: IntArray, equity: FloatArray, value: FloatArray) -> FloatArray:
    match name:
        case "book":
            return equity / value
        case "profit":
            return np.asarray(panel["fs_op_ttm"][rows] / equity)
        case "roe":
            return np.asarray(panel["fs_np_q"][rows] / equity)
    assets = panel["fs_assets"][rows]
    before = np.full_like(assets, np.nan)
    before[_YEAR:] = assets[:-_YEAR]
    return np.asarray(
        np.where(np.isfinite(equity), assets / np.where(before > 0, before, np.nan) - 1.0, np.nan)
    )


def momentum(total: FloatArray, ends: IntArray) -> FloatArray:
    """(M, N) return over the months -12 to -2 at each month end: from 12 months before to the month before.

    ``total`` (S, N) is a running sum of log returns.
    """
    out = np.full((len(ends), total.shape[1]), np.nan)
    for k in range(12, len(ends)):
        out[k] = total[ends[k - 1]] - total[ends[k - 12]]
    return out


def log_wealth(returns: FloatArray) -> FloatArray:
    """(S, N) running sum of log returns, NaN before a stock's first and after its last."""
    known = np.isfinite(returns) & (returns > -1.0)
    total = np.cumsum(np.where(known, np.log1p(np.where(known, returns, 0.0)), 0.0), axis=0)
    return np.where(known, total, np.nan)


def is_big(value: FloatArray, config: SortConfig) -> tuple[BoolArray, BoolArray]:
    """(N,) whether a stock is big, and whether its value is known at all."""
    known = np.isfinite(value)
    if not known.any():
        return np.zeros_like(known), known
    if config.breakpoints == "all":
        return known & (value > np.median(value[known])), known
    order = np.argsort(np.where(known, -value, np.inf), kind="stable")
    share = np.cumsum(np.nan_to_num(value[order])) / np.nansum(value)
    big = np.zeros_like(known)
    # The stock that carries the sum over the share is still big, so that there is always one.
    big[order[: int(np.searchsorted(share, config.big_share)) + 1]] = True
    return big & known, known


def thirds(variable: FloatArray, big: BoolArray, config: SortConfig) -> IntArray:
    """(N,) 0 low, 1 middle, 2 high by the 30th and 70th percentiles, -1 unknown."""
    known = np.isfinite(variable)
    basis = known & big if config.breakpoints == "big" and (known & big).sum() >= 3 else known
    if basis.sum() < 3:
        return np.full(len(variable), -1, np.int64)
    low, high = np.quantile(variable[basis], [0.3, 0.7])
    third = (variable > low).astype(np.int64) + (variable > high)
    return np.where(known, third, -1)


def held(labels: IntArray, ends: IntArray, S: int) -> IntArray:
    """(S, N) labels (M, N) of formations at ``ends``, in force from the session after it to the next one."""
    place = np.searchsorted(ends, np.arange(S), side="left") - 1
    if not len(ends):
        return np.full((S, labels.shape[1]), -1, np.int64)
    return np.where((place >= 0)[:, None], labels[np.maximum(place, 0)], -1)


def portfolio_returns(returns: FloatArray, weight: FloatArray, label: IntArray, P: int) -> FloatArray:
    """(S, P) returns weighted by ``weight`` (S, N), known before the session; NaN where nobody is in."""
    S = len(returns)
    inside = (label >= 0) & np.isfinite(returns) & np.isfinite(weight) & (weight > 0)
    s, n = np.nonzero(inside)
    place = s * P + label[s, n]
    total = np.bincount(place, weight[s, n], minlength=S * P).reshape(S, P)
    gain = np.bincount(place, weight[s, n] * returns[s, n], minlength=S * P).reshape(S, P)
    return np.where(total > 0, gain / np.where(total > 0, total, 1.0), np.nan)


def _dividends(panel: Panel, rows: IntArray) -> FloatArray:
    """(S, N) dividend per share on the forward basis of stocks that go ex, 0 else."""
    if panel.info.returns == "total" or "dividend_ago" not in panel.columns:
        return np.zeros((len(rows), panel.shape[1]))
    ex = panel["dividend_ago"][rows] == 0
    return np.where(ex, np.nan_to_num(panel["dividend_last_amount"][rows]), 0.0)


def pays_dividends(panel: Panel) -> bool:
    """Whether returns of the panel are total returns."""
    return panel.info.returns == "total" or "dividend_ago" in panel.columns


def _fresh(panel: Panel, values: AnyArray, config: SortConfig) -> FloatArray:
    """Values of accounts that are not too old."""
    if "fs_age" not in panel.columns:
        return np.asarray(values)
    return np.where(panel["fs_age"] <= config.max_age, values, np.nan)


def _shifted(listed: BoolArray) -> BoolArray:
    """Listed on the row before."""
    out = np.zeros_like(listed)
    out[1:] = listed[:-1]
    return out
