"""Completing bars: who was listed when, what a missing row means, and the columns every panel has.

All functions work in place on :class:`Bars` whose prices are checked and on their final basis. After
``listing``, ``bars.present`` means membership: a stock is listed from its first to its last record, both
included. Inside a gap that is known only once the stock returns; sources that give a record for each listed
day, traded or not (J-Quants does), have no gaps, and the panel's notes count those of others.
"""

from __future__ import annotations

import numpy as np

from jqfast.data.dense import Bars
from jqfast.data.panel import PRICE_COLUMNS
from jqfast.types import BoolArray

#: A stock without a record for longer than this was not listed in between: the longest halts end within
#: weeks, while a delisted company that returns (8303, 2023 to 2025) is away for years.
MAX_GAP = 120
#: A stock whose last record lies within this many sessions of the end counts as alive there.
_ALIVE = 10


def listing(bars: Bars) -> None:
    """Turn records into membership; sessions missing inside it become "no trade"."""
    records = bars.present
    listed = _span(records)
    missing = listed & ~records
    bars.fields["volume"][missing] = 0.0
    if "turnover" in bars.fields:
        bars.fields["turnover"][missing] = 0.0
    bars.present = listed
    count = int(np.count_nonzero(missing))
    bars.counts["missing_rows"] = count
    if count:
        bars.notes.append(
            f"{count:,} rows between a stock's first and last one are missing and count as no trade."
        )


def _span(records: BoolArray) -> BoolArray:
    """(T, N) bool: between two records of a stock that are at most ``MAX_GAP`` missing rows apart."""
    T = len(records)
    row = np.arange(T, dtype=np.int32)[:, None]
    before = np.maximum.accumulate(np.where(records, row, np.int32(-1)), axis=0)
    after = np.minimum.accumulate(np.where(records, row, np.int32(T))[::-1], axis=0)[::-1]
    inside: BoolArray = (before >= 0) & (after < T) & (after - before <= MAX_GAP + 1)
    return inside


def limits(bars: Bars) -> None:
    """One ``limit`` column from J-Quants' two flags: +1 the day touched limit up, -1 limit down, 0 neither.

    A day that touched both counts as up. Columns of prices by the same names are no flags: dropped with a
    note.
    """
    upper, lower = bars.fields.pop("upper_limit", None), bars.fields.pop("lower_limit", None)
    given = [flag for flag in (upper, lower, bars.fields.get("limit")) if flag is not None]
    if any((np.isfinite(flag) & ~np.isin(flag, (-1.0, 0.0, 1.0))).any() for flag in given):
        bars.fields.pop("limit", None)
        bars.notes.append("The limit columns hold other values than flags (-1, 0, 1) and are ignored.")
        return
    if upper is not None and lower is not None and "limit" not in bars.fields:
        bars.fields["limit"] = np.where(upper == 1, 1.0, -lower) + 0.0  # + 0.0: no negative zero


def turnover(bars: Bars) -> None:
    """Fill turnover where the source has none: close x volume of traded cells (the basis cancels)."""
    value = bars.fields["close"] * bars.fields["volume"]
    value[bars.fields["volume"] == 0] = 0.0
    given = bars.fields.get("turnover")
    filled = np.isfinite(value) & (value > 0)
    if given is not None:
        filled &= np.isnan(given)
        value = np.where(np.isnan(given), value, given)
    bars.fields["turnover"] = value
    count = int(np.count_nonzero(filled))
    bars.counts["turnover_approximated_cells"] = count
    if count:
        traded = int(np.count_nonzero(np.isfinite(bars.fields["close"])))
        bars.notes.append(
            f"Turnover of {count:,} of {traded:,} traded cells is close x volume, as the source has none."
        )


def unlisted(bars: Bars) -> None:
    """Blank every cell outside membership, and bring the columns into the panel's order."""
    outside = ~bars.present
    for name, values in bars.fields.items():
        if name != "adjustment":
            values[outside] = np.nan
    rest = [name for name in bars.fields if name not in PRICE_COLUMNS]
    bars.fields = {name: bars.fields[name] for name in (*PRICE_COLUMNS, *rest)}


def survivors_only(bars: Bars) -> bool:
    """Whether every stock is alive at the end, noted: such a universe was chosen knowing the end."""
    alive = bool(bars.present[-_ALIVE:].any(axis=0).all())
    if alive:
        bars.notes.append(
            "Every stock is alive at the end: survivors only. Return levels and long-only results are not "
            "evidence."
        )
    return alive
