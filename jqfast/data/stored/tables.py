"""Which tables of a store become which columns of a panel, beside bars and the issue list."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from jqfast.data.dense import Bars
from jqfast.data.lazy import Deferred
from jqfast.data.stored import balances, details, market, news, schedules, statements
from jqfast.data.stored.axes import BARS, Axes
from jqfast.data.stored.daily import Daily
from jqfast.types import AnyArray

Made = dict[str, AnyArray | Deferred]
#: Category -> (T, N) int16 codes and the labels they stand for.
Labels = Mapping[str, tuple[AnyArray, tuple[str, ...]]]

#: Column -> (field, power of A(t), factor of the unit) of tables with a row per stock and session.
_SESSIONS = {
    f"{name}_{label}": (f"{prefix}{field}", power, 1.0)
    for name, prefix in (("morning", "M"), ("afternoon", "A"))
    for label, field, power in (
        *((label, field, -1) for label, field in zip(("open", "high", "low", "close"), "OHLC", strict=True)),
        ("volume", "Vo", 1),
        ("turnover", "Va", 0),
    )
}
_FLOW = {
    "long_sell": "LongSell",
    "short_sell": "ShrtNoMrgn",
    "margin_short_new": "MrgnSellNew",
    "margin_long_closed": "MrgnSellClose",
    "long_buy": "LongBuy",
    "margin_long_new": "MrgnBuyNew",
    "margin_short_closed": "MrgnBuyClose",
}
DENSE: dict[str, dict[str, tuple[str, int, float]]] = {
    BARS: {**_SESSIONS, "market_cap": ("MktCap", 0, 1e6)},
    "equities_valuation": {
        "val_eps": ("EPS", -1, 1.0),
        "val_forward_eps": ("FwdEPS", -1, 1.0),
        "val_bps": ("BPS", -1, 1.0),
        "val_roe": ("ROE", 0, 1.0),
        "val_forward_roe": ("FwdROE", 0, 1.0),
        "val_per": ("PER", 0, 1.0),
        "val_forward_per": ("FwdPER", 0, 1.0),
        "val_pbr": ("PBR", 0, 1.0),
    },
    "markets_breakdown": {
        f"deal_{name}{suffix}": (f"{field}{kind}", power, 1.0)
        for name, field in _FLOW.items()
        for suffix, kind, power in (("", "Va", 0), ("_volume", "Vo", 1))
    },
}


def _sector_ratio(axes: Axes, labels: Labels) -> Made:
    values, names = labels.get("sector33", (None, ()))
    if values is None:
        return {}
    return dict(balances.ratio_columns(axes, values, names))


def _ages(axes: Axes) -> Made:
    """Sessions since a stock's first bar, and since it changed its segment."""
    axis = np.flatnonzero(axes.column >= 0)
    begun = np.full(len(axes.codes), np.nan)
    first = axes.lives.first[axis].astype(np.float64)
    begun[axes.column[axis]] = np.where(first > axes.lives.first.min(initial=0), first, np.nan) - axes.first
    late = int(axes.decision == "preopen")

    def since_listing(low: int, high: int) -> AnyArray:
        return axes.masked(np.arange(low, high)[:, None] - late - begun, low)

    row, life = axes.moved
    moves = axes.events(("moved",), np.ones((len(row), 1)), life, row + axes.first)
    return {"listing_age": Deferred(axes.shape, since_listing), "segment_age": axes.age_of(moves, "moved")}


def _market_value(axes: Axes, bars: Bars, made: Made) -> Made:
    """Market value where the exchange gives it, else close times shares outstanding."""
    given, shares = made.get("market_cap"), made.get("fs_shares")
    if not isinstance(given, Deferred) and not isinstance(shares, Deferred):
        return {}
    close = bars.fields["close"]

    def make(low: int, high: int) -> AnyArray:
        missing = np.full((high - low, len(axes.codes)), np.nan)
        out = given.make(low, high) if isinstance(given, Deferred) else missing
        own = close[low:high] * shares.make(low, high) if isinstance(shares, Deferred) else missing
        return np.where(np.isnan(out), own, out)

    return {"market_value": Deferred(axes.shape, make)}


#: Table -> its columns; what a table costs is paid when the panel is made, an array when it is asked for.
BUILDERS: dict[str, Callable[[Axes, Labels], Any]] = {
    statements.SUMMARY: lambda axes, _: statements.statement_columns(axes),
    details.DETAILS: lambda axes, _: details.detail_columns(axes),
    schedules.DIVIDEND: lambda axes, _: schedules.dividend_columns(axes),
    schedules.EARNINGS: lambda axes, _: schedules.earnings_columns(axes),
    balances.MARGIN: lambda axes, _: balances.margin_columns(axes),
    balances.ALERT: lambda axes, _: balances.alert_columns(axes),
    balances.REPORT: lambda axes, _: balances.report_columns(axes),
    balances.RATIO: _sector_ratio,
    market.TOPIX: lambda axes, _: market.topix_columns(axes),
    market.INDICES: lambda axes, _: market.index_columns(axes),
    market.FUTURES: lambda axes, _: market.futures_columns(axes),
    market.OPTIONS: lambda axes, _: market.option_columns(axes),
    market.FLOWS: lambda axes, _: market.flow_columns(axes),
}


def start(
    axes: Axes, labels: Labels, wanted: set[str] | None, words: news.NewsWords, pool: ThreadPoolExecutor
) -> dict[str, Future[Made]]:
    """Table -> its columns, in the making, of all tables that the store holds and the caller wants."""
    there = set(axes.store.tables())
    chosen = there if wanted is None else wanted & there
    making = {name: pool.submit(build, axes, labels) for name, build in BUILDERS.items() if name in chosen}
    if news.TITLES in chosen:
        making[news.TITLES] = pool.submit(news.title_columns, axes, words)
    return making


def columns_of(
    axes: Axes, bars: Bars, wanted: set[str] | None, making: Mapping[str, Future[Made]]
) -> tuple[Made, tuple[str, ...]]:
    """(columns of all tables that the store holds and the caller wants, notes)."""
    there = set(axes.store.tables())
    chosen = (there if wanted is None else wanted & there) | {BARS}
    out: Made = _ages(axes)
    for name, fields in DENSE.items():
        if name in chosen:
            have, table = _filled(axes, name), Daily(axes, name)
            out |= {
                column: table.column(field, power, times)
                for column, (field, power, times) in fields.items()
                if field in have
            }
    for made in making.values():
        out |= made.result()
    out |= _market_value(axes, bars, out)
    if isinstance(value := out.get("market_value"), Deferred):
        out["market_total"] = _added_up(axes, value)
    absent = sorted((wanted or set()) - there)
    notes = (f"Not in the store: {', '.join(absent)}.",) if absent else ()
    return out, notes


def _added_up(axes: Axes, each: Deferred) -> Deferred:
    """The sum over the members on each session, rounded once, so that their order does not count."""

    def make(low: int, high: int) -> AnyArray:
        rows = each.make(low, high)
        sums = [math.fsum(row[np.isfinite(row)].tolist()) for row in rows]
        return np.where(np.isfinite(rows).any(axis=1), np.array(sums, np.float64), np.nan)

    return Deferred((axes.T,), make)


def _filled(axes: Axes, name: str) -> set[str]:
    """The fields that hold something: what a plan does not deliver is all null and gives no column."""
    import pyarrow.parquet as pq

    filled: set[str] = set()
    for path in axes.store.files(name):
        about = pq.read_metadata(path)
        for group in range(about.num_row_groups):
            rows = about.row_group(group)
            for k in range(rows.num_columns):
                stats = rows.column(k).statistics
                if stats is None or not stats.has_null_count or stats.null_count < rows.num_rows:
                    filled.add(rows.column(k).path_in_schema)
    return filled
