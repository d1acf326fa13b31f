"""The hours at which a sync asks agree with the hours at which the point-in-time rules say a table is out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jqfast.data import pit
from jqfast.data.clock import Clock
from jqfast.data.jquants import schedule
from jqfast.data.tables import TABLES

WEEKDAYS = schedule.Sessions({})
DAY = dt.date(2026, 10, 1)  # a Thursday
#: Tables asked for by day whose rules name no hour of delivery: issue lists apply to their day, the others
#: are out as they are disclosed.
WITHOUT_HOURS = {"equities_master", "edinet_major_shareholders", "td_list"}
#: On the premium plan asked for from the morning on, since it delivers statements as they are disclosed.
LIVE = {"fins_summary", "fins_details"}
BY_DAY = {name for name, table in TABLES.items() if table.query == "date"}
WITH_HOURS = sorted(BY_DAY - WITHOUT_HOURS)


def _hours(name: str, *, live: bool = False) -> tuple[float, float]:
    """When the records of `DAY` are first asked for and final, in hours after the day of publication."""
    base = WEEKDAYS.after(DAY) if name == "markets_margin_interest" else DAY
    midnight = dt.datetime.combine(base, dt.time(), schedule.JST)
    first, final = schedule.times(name, DAY, WEEKDAYS, live=live)
    return (first - midnight) / dt.timedelta(hours=1), (final - midnight) / dt.timedelta(hours=1)


def _number(hour: str) -> float:
    return int(hour[:2]) + int(hour[3:]) / 60


@pytest.mark.parametrize("name", WITH_HOURS)
def test_no_table_is_asked_for_before_it_is_out_nor_final_before_its_last_delivery(name: str) -> None:
    first, final = _hours(name)
    hours = [_number(hour) for hour in pit.rule(name).hours]
    assert hours[0] <= first <= hours[0] + 1.0
    assert final >= max(hours[-1], first)


def test_the_exceptions_are_these() -> None:
    assert {name for name in BY_DAY if not pit.rule(name).hours} == WITHOUT_HOURS
    early = {name for name in WITH_HOURS if _hours(name, live=True)[0] < _number(pit.rule(name).hours[0])}
    assert early == LIVE
    assert all(_hours(name, live=True)[1] == _hours(name)[1] for name in LIVE)
    assert set(schedule.HOURS) <= BY_DAY


@pytest.mark.parametrize("day", ["2026-09-04", "2026-09-11", "2026-09-18", "2026-09-25", "2026-09-29"])
def test_margin_balances_are_asked_for_on_the_day_the_rule_says(day: str) -> None:
    """Weekly ones on the second session of the next week, daily ones on the next session, as in `PubDate`."""
    calendar = np.arange(np.datetime64("2026-08-31"), np.datetime64("2026-10-31"))
    clock = Clock(calendar[np.is_busday(calendar)])
    then = dt.date.fromisoformat(day)
    daily = WEEKDAYS.after(then) if then >= schedule.DAILY_MARGIN else None
    records = {"Date": np.array([day], "M8[D]"), "PubDate": np.array([daily], "M8[D]")}
    (out,) = pit.published("markets_margin_interest", records, clock)
    first, _ = schedule.times("markets_margin_interest", then, WEEKDAYS, live=False)
    asked = np.datetime64(first.replace(tzinfo=None), "s")
    assert out <= asked <= out + np.timedelta64(1, "h")
