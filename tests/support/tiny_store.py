"""Stores of a few records, written by hand for tests of what a panel makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data import Store
from jqfast.types import AnyArray


def weekdays(start: str, end: str, closed: Sequence[str] = ()) -> AnyArray:
    """Weekdays from a day to the one before another, without some."""
    days = np.arange(np.datetime64(start), np.datetime64(end))
    working = (days.astype(np.int64) + 3) % 7 < 5
    return days[working & ~np.isin(days, np.array(closed, "datetime64[D]"))]


def calendar(sessions: AnyArray, **divisions: str) -> list[dict[str, Any]]:
    """``markets_calendar``: every day of the span; ``d20220923="3"`` sets one."""
    days = np.arange(sessions[0], sessions[-1] + 60)
    known = {str(day): "1" for day in sessions}
    known |= {str(day): "1" for day in weekdays(str(sessions[-1] + 1), str(sessions[-1] + 60))}
    named = {f"{key[1:5]}-{key[5:7]}-{key[7:]}": value for key, value in divisions.items()}
    return [{"Date": str(day), "HolDiv": named.get(str(day), known.get(str(day), "0"))} for day in days]


def bars(
    code: str, days: AnyArray, price: AnyArray | float = 100.0, **factors: float
) -> list[dict[str, Any]]:
    """``equities_bars_daily`` of one code at raw prices; NaN is no trade; ``d20220516=0.5`` is a split."""
    named = {f"{key[1:5]}-{key[5:7]}-{key[7:]}": value for key, value in factors.items()}
    rows = []
    for day, each in zip(days, np.broadcast_to(price, len(days)), strict=True):
        close = None if np.isnan(each) else float(each)
        ohlc = dict.fromkeys("OHLC", close)
        size = {"Vo": close and 1000.0, "Va": close and 1000.0 * close}
        flags = {"UL": "0", "LL": "0", "AdjFactor": named.get(str(day), 1.0)}
        rows.append({"Date": str(day), "Code": code, **ohlc, **size, **flags})
    return rows


def issues(
    days: AnyArray, code: str, market: str, sector: str = "3650", product: str = "011"
) -> list[dict[str, Any]]:
    """``equities_master`` of one code on some days."""
    about = {"S33": sector, "S17": "9", "ScaleCat": "-", "Mkt": market, "Mrgn": "2", "ProdCat": product}
    return [{"Date": str(day), "Code": code, "CoName": code, **about} for day in days]


def make(path: Path, **tables: Any) -> Store:
    """A store with the given tables, name -> rows."""
    store = Store(path, create=True)
    with store.writing() as writer:
        for name, rows in tables.items():
            writer.append(name, rows)
    return store
