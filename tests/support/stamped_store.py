"""A hand-made store of a few records whose true publication is worked out here, not taken from the rules.

Bars at the close, lists at 17:30 of the day before, everything else at the hour written beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tiny_store as tiny

from jqfast.data import Store

DAYS = tiny.weekdays("2024-04-01", "2024-07-01", ["2024-04-29", "2024-05-03", "2024-05-06"])
CODES = ("13010", "20000")


def stamped(rows: list[dict[str, Any]], day: str, hour: str) -> list[dict[str, Any]]:
    """Rows with their true publication: an hour of Tokyo on the day in a column."""
    for row in rows:
        stamp = np.datetime64(f"{row[day]}T{hour}") - np.timedelta64(9, "h")
        row["true_available_at"] = f"{stamp.astype('datetime64[s]')}+00:00"
    return rows


def statement(day: str, hour: str, sales: float, true_day: str, true_hour: str) -> dict[str, Any]:
    """A statement about the year to March as the source dates it, and when it was public in truth."""
    row = {
        "DiscDate": day,
        "DiscTime": hour,
        "Code": CODES[0],
        "DiscNo": day.replace("-", "") + hour.replace(":", ""),
        "DocType": "FYFinancialStatements_Consolidated_JP",
        "CurPerType": "FY",
        "CurPerEn": "2024-03-31",
        "CurFYSt": "2023-04-01",
        "CurFYEn": "2024-03-31",
        "Sales": str(sales),
        "true_day": true_day,
    }
    stamped([row], "true_day", true_hour)
    del row["true_day"]
    return row


def make(path: Path, *papers: dict[str, Any]) -> Store:
    """Bars of two stocks, one listed later and split, two weeks of flows, and some statements."""
    rng = np.random.default_rng(1)
    bars: list[dict[str, Any]] = []
    master: list[dict[str, Any]] = []
    for k, code in enumerate(CODES):
        days = DAYS[10 * k :]  # the second is listed later
        bars += tiny.bars(code, days, np.round(100 + rng.normal(size=len(days)).cumsum(), 1), d20240603=0.5)
        master += tiny.issues(days, code, "0111")
    calendar = tiny.calendar(DAYS)
    week = {"PubDate": "2024-05-16", "StDate": "2024-05-06", "EnDate": "2024-05-10"}
    last = {"PubDate": "2024-05-09", "StDate": "2024-04-30", "EnDate": "2024-05-02"}
    flows: list[dict[str, Any]] = [
        {**each, "Section": "TokyoNagoya", "FrgnBuy": str(7 + k)} for k, each in enumerate((last, week))
    ]
    before = {str(b): str(a) for a, b in zip(DAYS[:-1], DAYS[1:], strict=True)}  # noqa: RUF007
    for row in master:
        row["day_before"] = before.get(row["Date"], "2024-03-29")
    stamped(master, "day_before", "17:30")
    for row in master:
        del row["day_before"]
    return tiny.make(
        path,
        equities_bars_daily=stamped(bars, "Date", "15:00"),
        equities_master=master,
        markets_calendar=stamped(calendar, "Date", "00:00"),
        equities_investor_types=stamped(flows, "PubDate", "16:30"),
        fins_summary=list(papers),
    )


#: A statement of Friday at 16:00, which is what the source says too.
HONEST = statement("2024-05-10", "16:00:00", 5.0, "2024-05-10", "16:00")
#: The source says Friday 16:00; in truth it came out on the Tuesday after, in the evening.
EARLY = statement("2024-05-10", "16:00:00", 5.0, "2024-05-14", "18:00")
