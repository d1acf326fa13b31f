"""What can be wrong with daily bars: found before they become a panel, and counted for the report after.

``settle_no_trade`` and ``check_bars`` work on raw bars under construction, ``summarise`` on any finished
panel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.data.dense import Bars
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.types import BoolArray, FloatArray

if TYPE_CHECKING:
    from jqfast.data.prices import BadRows

#: Relative room for bounds that were rounded apart (adjusted prices stored as float32 differ by up to 6e-8;
#: the delivered files need none). A yen on a price of 100,000 is 1e-5 and is caught.
TOLERANCE = 1e-6
#: A close-to-close move beyond this is counted: unadjusted splits look like it, real events are rare.
LARGE_MOVE = 0.4
_SHOWN = 10


def settle_no_trade(bars: Bars, names: tuple[str, ...]) -> None:
    """Write "no trade" one way: four prices and a volume that are all zero or missing become NaN and 0.

    Parameters
    ----------
    names : the four price fields and the volume field, in this order
    """
    *prices, volume = (bars.fields[name] for name in names)
    blank = bars.present & (np.isnan(volume) | (volume == 0))
    for price in prices:
        blank &= np.isnan(price) | (price == 0)
    for price in prices:
        price[blank] = np.nan
    volume[blank] = 0.0
    if (turnover := bars.fields.get("turnover")) is not None:
        turnover[blank] = 0.0


def check_bars(bars: Bars, names: tuple[str, ...], bad: BadRows) -> None:
    """Find bars that contradict themselves; raise, or blank and count them.

    A price that is not above 0 and finite, high below low, open or close outside [low, high] by more than
    ``TOLERANCE``, a negative volume or turnover. With ``bad="null"`` all values of such a bar become NaN.

    Raises
    ------
    DataGapError
        With ``bad="error"``: the first rows with date, code, values and rule.
    """
    rules = _contradictions(bars, names)
    wrong = np.logical_or.reduce([mask for _, mask in rules])
    count = int(np.count_nonzero(wrong))
    bars.counts["bad_rows"] = count
    if not count:
        return
    if bad == "error":
        rows = [_row(bars, names, rules, t, n) for t, n in np.argwhere(wrong)[:_SHOWN]]
        more = f"\n  and {count - _SHOWN} more" if count > _SHOWN else ""
        raise DataGapError(
            f"{count} rows contradict themselves:\n  " + "\n  ".join(rows) + more + "\n"
            'Mend them, or go on without them: `bad="null"` (on the command line `--bad null`).'
        )
    for name in (*names, "turnover"):
        if name in bars.fields:
            bars.fields[name][wrong] = np.nan
    bars.notes.append(f"{count:,} rows that contradict themselves are left out.")


def _contradictions(bars: Bars, names: tuple[str, ...]) -> list[tuple[str, BoolArray]]:
    """(rule, (T, N) bool of the bars that break it); comparisons with NaN are False throughout."""
    open_, high, low, close, volume = (bars.fields[name] for name in names)
    turnover = bars.fields.get("turnover")
    negative = (volume < 0) | np.isinf(volume)
    if turnover is not None:
        negative |= (turnover < 0) | np.isinf(turnover)
    unpriced = np.zeros(bars.shape, bool)
    for price in (open_, high, low, close):
        unpriced |= (price <= 0) | np.isinf(price)
    top, bottom = high * (1 + TOLERANCE), low * (1 - TOLERANCE)
    return [
        ("a price is not above 0", unpriced),
        ("high is below low", top < low),
        ("open is outside [low, high]", (open_ > top) | (open_ < bottom)),
        ("close is outside [low, high]", (close > top) | (close < bottom)),
        ("volume or turnover is negative", negative),
    ]


def _row(bars: Bars, names: tuple[str, ...], rules: list[tuple[str, BoolArray]], t: int, n: int) -> str:
    values = " ".join(f"{name} {bars.fields[name][t, n]:.10g}" for name in names)
    broken = "; ".join(rule for rule, mask in rules if mask[t, n])
    return f"{bars.dates[t]} {bars.codes[n]}: {values} ({broken})"


def summarise(panel: Panel) -> dict[str, object]:
    """What a reader must know about a panel before believing anything made from it.

    Returns
    -------
    dict of plain values, in the order the report prints them: size and span, cells without a trade, dates
    that are no session, what reading dropped or filled (from ``panel.info.counts``), splits, large moves,
    listings and delistings inside the span, price basis, survivorship.
    """
    T, N = panel.shape
    close = panel["close"]
    traded = np.isfinite(close) & panel.listed
    listed, no_session = int(panel.listed.sum()), ~panel.is_session
    first, last = _ends(panel.listed)
    facts: dict[str, object] = {
        "source": panel.info.source,
        "rows": listed,
        "stocks": N,
        "sessions": int(T - no_session.sum()),
        "first_date": str(panel.dates[0]) if T else "",
        "last_date": str(panel.dates[-1]) if T else "",
        "no_trade_cells": listed - int(traded.sum()),
        "no_trade_share": (listed - int(traded.sum())) / max(listed, 1),
        "not_session_dates": [str(day) for day in panel.dates[no_session]],
    }
    facts.update({name: count for name, count in panel.info.counts.items() if name != "splits"})
    facts |= {
        "splits": _splits(panel),
        "large_moves": int(np.count_nonzero(np.abs(_moves(close)) > LARGE_MOVE)),
        "listed_later": int(np.count_nonzero(first > 0)),
        "delisted": int(np.count_nonzero(last < T - 1)),
        "price_basis": panel.info.price_basis,
        "survivors_only": panel.info.survivors_only,
    }
    return facts


def _ends(listed: BoolArray) -> tuple[FloatArray, FloatArray]:
    """First and last listed row of each stock (0 and T - 1 for a stock that never was)."""
    T = len(listed)
    if not T:
        return np.zeros(listed.shape[1]), np.zeros(listed.shape[1])
    return listed.argmax(axis=0).astype(float), (T - 1 - listed[::-1].argmax(axis=0)).astype(float)


def _splits(panel: Panel) -> int:
    adjustment = panel["adjustment"]
    return int(np.count_nonzero(adjustment[1:] != adjustment[:-1]))


def _moves(close: FloatArray) -> FloatArray:
    """Simple return from each stock's last known close, NaN where there is none."""
    T = len(close)
    row = np.where(np.isfinite(close), np.arange(T)[:, None], 0)
    held = np.take_along_axis(close, np.maximum.accumulate(row, axis=0), axis=0)
    return held[1:] / held[:-1] - 1.0
