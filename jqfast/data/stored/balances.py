"""Margin balances, designations, short positions and short selling by sector.

Balances are shares on the basis of their own day (decision 3). Decision 7: the margin table gives one weekly
view, the last balance of each week under the weekly publication rule, before and after it became daily in
2026; the daily balances are columns of their own.
"""

from __future__ import annotations

import numpy as np

from jqfast.data import pit
from jqfast.data.asof import Events, Grid, asof
from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import sorted_by, threads
from jqfast.data.stored.axes import Axes
from jqfast.types import AnyArray, IntArray

MARGIN, ALERT = "markets_margin_interest", "markets_margin_alert"
REPORT, RATIO = "markets_short_sale_report", "markets_short_ratio"
_VOLUMES = {
    "margin_long": "LongVol",
    "margin_short": "ShrtVol",
    "margin_long_negotiable": "LongNegVol",
    "margin_short_negotiable": "ShrtNegVol",
    "margin_long_standard": "LongStdVol",
    "margin_short_standard": "ShrtStdVol",
}
#: A weekly balance is replaced after a week; over the new year and the long holidays after two or three.
_WEEKLY_AGE = 25
#: A designated issue is published each session; gone for a week means that the designation has ended.
_DAILY_AGE = 5
#: Below this share of the issued stock a position need not be reported any more.
_REPORTED = 0.005


def margin_columns(axes: Axes) -> dict[str, Deferred]:
    """The weekly view with its age, and the daily balances from 2026-09-25."""
    r = sorted_by(axes.records(MARGIN, ("PubDate", "Date", "Code", *_VOLUMES.values())), "Date", "Code")
    life = axes.life(r["Code"], r["Date"])
    factor = axes.adjustment(life, r["Date"])
    values = np.stack([r[name] for name in _VOLUMES.values()], axis=1) * factor[:, None]
    dated = np.column_stack([values, r["Date"].astype("datetime64[D]").astype(np.float64)])
    since = axes.clock.after(r["Date"]) - 1
    row = axes.act(pit.WEEKLY_MARGIN, r)
    last = _last_of_week(life, r["Date"])
    names = (*_VOLUMES, "margin_date")
    weekly = axes.events(names, dated[last], life[last], row[last], since=since[last], record=True)
    out = {name: axes.column_of(weekly, name, _WEEKLY_AGE) for name in names}
    out["margin_age"] = axes.age_of(weekly, "margin_long", _WEEKLY_AGE)
    daily = np.flatnonzero(~np.isnat(r["PubDate"]))
    act = axes.act(MARGIN, {name: r[name][daily] for name in ("PubDate", "Date")})
    by_day = ("margin_daily_long", "margin_daily_short")
    of_day = axes.events(by_day, values[daily, :2], life[daily], act, since=since[daily], record=True)
    return out | {name: axes.column_of(of_day, name, _DAILY_AGE) for name in by_day}


def _last_of_week(life: IntArray, days: AnyArray) -> IntArray:
    """Index of the last record of each stock in each calendar week; records are sorted by day."""
    week = (days.astype("datetime64[D]").astype(np.int64) + 3) // 7
    order = np.argsort(life, kind="stable")
    follows = (life[order[1:]] == life[order[:-1]]) & (week[order[1:]] == week[order[:-1]])
    return np.sort(order[np.append(~follows, True)]) if len(order) else order


def alert_columns(axes: Axes) -> dict[str, Deferred]:
    """Daily balances of the issues under daily publication; NaN once the designation has ended."""
    names = {"alert_long": "LongOut", "alert_short": "ShrtOut"}
    r = sorted_by(
        axes.records(ALERT, ("PubDate", "AppDate", "Code", *names.values()), versions="all"), "PubDate"
    )
    life = axes.life(r["Code"], r["AppDate"])
    values = np.stack([r[name] for name in names.values()], axis=1)
    values = values * axes.adjustment(life, r["AppDate"])[:, None]
    order = r["AppDate"].astype(np.int64)
    events = axes.events(tuple(names), values, life, axes.act(ALERT, r), order=order, record=True)
    return {name: axes.column_of(events, name, _DAILY_AGE) for name in names}


def report_columns(axes: Axes) -> dict[str, Deferred]:
    """Sum over reporters of their last reported short position to the issued stock, and its age."""
    who = ("SSName", "DICName", "FundName")
    columns = ("DiscDate", "CalcDate", "Code", "ShrtPosToSO", *who)
    r = sorted_by(axes.records(REPORT, columns, versions="all"), "DiscDate", "CalcDate")
    life = axes.life(r["Code"], r["DiscDate"])
    position = np.where(r["ShrtPosToSO"] < _REPORTED, 0.0, np.nan_to_num(r["ShrtPosToSO"]))
    reporter = np.zeros(len(life), np.int64)
    for name in who:
        _, index = np.unique(r[name], return_inverse=True)
        _, reporter = np.unique(reporter * (index.max(initial=0) + 1) + index, return_inverse=True)
    change = position - _previous(position, life * (reporter.max(initial=0) + 1) + reporter)
    row = axes.act(REPORT, r)
    order = np.lexsort((np.arange(len(life)), row, life))
    total = _running_sum(change[order], life[order])
    # Rounding may leave a trace of positions that were closed.
    values = np.where(total < 1e-9, 0.0, total)[:, None]
    events = axes.events(("short_position",), values, life[order], row[order])
    begins = int(row.min(initial=axes.first + axes.T)) - axes.first

    def nobody(known: AnyArray, low: int) -> AnyArray:
        """A stock of which nobody has reported has a position of 0, from the first report of all on."""
        reporting = np.arange(low, low + len(known))[:, None] >= begins
        return axes.masked(np.where(reporting, np.nan_to_num(known), known), low)

    return {
        "short_position": axes.changed(axes.column_of(events, "short_position"), nobody),
        "short_position_age": axes.age_of(events, "short_position"),
    }


def _previous(values: AnyArray, group: IntArray) -> AnyArray:
    """The value before of the same group, 0 at its first."""
    order = np.argsort(group, kind="stable")
    out = np.zeros(len(values))
    same = group[order[1:]] == group[order[:-1]]
    out[order[1:][same]] = values[order[:-1][same]]
    return out


def _running_sum(values: AnyArray, group: IntArray) -> AnyArray:
    """Sums from each group's first value on; groups are together. A group's bits depend on no other."""
    starts = np.flatnonzero(np.append(True, group[1:] != group[:-1])) if len(group) else np.zeros(0, np.int64)
    parts = [np.cumsum(part) for part in np.split(values, starts[1:])]
    return np.concatenate(parts) if parts else values


def ratio_columns(axes: Axes, sector: AnyArray, labels: tuple[str, ...]) -> dict[str, Deferred | AnyArray]:
    """Short selling as a share of all selling: of the stock's sector, and of the market.

    Parameters
    ----------
    sector : (T, N) int16 codes of the sector of the day
    labels : of the codes
    """
    fields = ("SellExShortVa", "ShrtWithResVa", "ShrtNoResVa")
    r = axes.records(RATIO, ("Date", "S33", *fields))
    short = np.nan_to_num(r["ShrtWithResVa"]) + np.nan_to_num(r["ShrtNoResVa"])
    whole = short + r["SellExShortVa"]
    row = axes.act(RATIO, r) - axes.first
    names = np.append(np.array(labels or ("",), np.str_), "all")
    place = {str(name): n for n, name in enumerate(names[:-1])}
    stock = np.array([place.get(str(code), -1) for code in r["S33"]], np.int64)
    # The sum is over the 33 sectors; the table's own total has another code.
    in33 = np.isin(r["S33"], [name for name in names if name and name != "9999"])
    days, at = np.unique(r["Date"], return_inverse=True)
    sums = [np.bincount(at[in33], weights=x[in33], minlength=len(days)) for x in (short, whole)]
    first = np.full(len(days), axes.first + axes.T, np.int64)
    first[at] = row
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.concatenate([short / whole, sums[0] / sums[1]])
    stocks = np.concatenate([stock, np.full(len(days), len(names) - 1)])
    events = Events(("ratio",), values[:, None], stocks, np.concatenate([row, first]))
    events = events.take((stocks >= 0) & np.isfinite(values)).by_row()
    known = asof(events, Grid(axes.T, len(names), threads=threads()), max_age=_DAILY_AGE)[0]

    def of_stock(low: int, high: int) -> AnyArray:
        code = sector[low:high].astype(np.int64)
        out = np.take_along_axis(known[low:high], np.where(code < 0, 0, code), axis=1)
        out[code < 0] = np.nan
        return out

    return {"short_ratio_sector": Deferred(axes.shape, of_stock), "short_ratio": known[:, -1].copy()}
