"""What is asked for and when it counts as final; days worked by hand from the published schedule."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from jqfast.data.jquants.asks import Span, asks_of
from jqfast.data.jquants.plans import plan_of
from jqfast.data.jquants.schedule import JST, Sessions, asked_days, months, times
from jqfast.data.tables import TABLES, table

#: Golden week of 2026, Respect-for-the-Aged Day to the autumn equinox; all others Monday to Friday.
HOLIDAYS = [dt.date(2026, 4, 29), *(dt.date(2026, 5, day) for day in (4, 5, 6))]
HOLIDAYS += [dt.date(2026, 9, day) for day in (21, 22, 23)]
SESSIONS = Sessions({**dict.fromkeys(HOLIDAYS, "3"), dt.date(2026, 1, 1): "0"})


def _at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=JST)


def _units(name: str, now: str, **more: object) -> list[tuple[str, bool]]:
    """(day, whether it will count as done) of the last days of a table at a moment."""
    span = Span(dt.date(2026, 9, 28), _at(now).date(), _at(now), **more)  # type: ignore[arg-type]
    return [(ask.params[0][1][-2:], bool(ask.units)) for ask in asks_of(table(name), span, (), SESSIONS)]


@pytest.mark.parametrize(
    ("name", "now", "last"),
    [
        ("equities_bars_daily", "2026-10-01 16:40", ("30", True)),  # not there yet
        ("equities_bars_daily", "2026-10-01 17:00", ("01", False)),  # there, asked again next time
        ("equities_bars_daily", "2026-10-01 17:30", ("01", True)),
        ("equities_master", "2026-10-01 07:00", ("01", False)),  # refreshed at 08:00
        ("equities_master", "2026-10-01 09:00", ("01", True)),
        ("fins_summary", "2026-10-01 18:00", ("30", True)),
        ("fins_summary", "2026-10-01 20:00", ("01", False)),  # preliminary from 18:00
        ("fins_summary", "2026-10-02 00:40", ("01", False)),  # final at 24:30 and some minutes
        ("fins_summary", "2026-10-02 01:00", ("01", True)),
        ("markets_breakdown", "2026-10-01 18:00", ("30", True)),
        ("derivatives_bars_daily_futures", "2026-10-02 02:00", ("30", True)),  # of the 1st: 27:00
        ("derivatives_bars_daily_futures", "2026-10-02 05:00", ("01", True)),
        ("markets_margin_interest", "2026-10-01 18:00", ("30", True)),  # a day is published on the next
        ("markets_margin_interest", "2026-10-02 18:00", ("01", True)),
        ("fins_dividend", "2026-10-01 15:00", ("01", False)),  # hourly from 12:00 to 19:00
    ],
)
def test_a_day_is_asked_for_when_it_can_be_had(name: str, now: str, last: tuple[str, bool]) -> None:
    assert _units(name, now)[-1] == last


def test_premium_sees_statements_as_they_are_disclosed() -> None:
    assert _units("fins_summary", "2026-10-01 09:30", live=True)[-1] == ("01", False)
    assert _units("fins_summary", "2026-10-01 09:30")[-1] == ("30", True)


def test_statements_are_asked_for_on_every_day_prices_on_sessions() -> None:
    start, end = dt.date(2026, 9, 18), dt.date(2026, 9, 24)
    assert len(list(asked_days("fins_summary", "event", start, end, SESSIONS))) == 7
    assert list(asked_days("equities_bars_daily", "session", start, end, SESSIONS)) == [start, end]
    # Derivatives trade on holidays too.
    days = list(asked_days("derivatives_bars_daily_futures", "derivatives", start, end, SESSIONS))
    assert [day.day for day in days] == [18, 21, 22, 23, 24]


def test_margin_balances_were_weekly_and_are_daily() -> None:
    days = list(
        asked_days("markets_margin_interest", "week", dt.date(2026, 4, 20), dt.date(2026, 5, 15), SESSIONS)
    )
    # Fridays; 1 May is one though most of that week is a holiday.
    assert [day.isoformat()[5:] for day in days] == ["04-24", "05-01", "05-08", "05-15"]
    later = list(
        asked_days("markets_margin_interest", "week", dt.date(2026, 9, 14), dt.date(2026, 10, 1), SESSIONS)
    )
    assert [day.isoformat()[5:] for day in later] == [
        *("09-18", "09-25", "09-28", "09-29", "09-30", "10-01"),
    ]
    # The week before a Friday holiday ends on Thursday; both days are asked for.
    friday = Sessions({dt.date(2026, 3, 20): "0"})
    asked = asked_days("markets_margin_interest", "week", dt.date(2026, 3, 16), dt.date(2026, 3, 20), friday)
    assert [day.day for day in asked] == [19, 20]


@pytest.mark.parametrize(
    ("day", "published"),
    [
        ("2026-07-03", "2026-07-07"),  # Friday: the Tuesday after
        ("2026-05-01", "2026-05-08"),  # after golden week: Thursday is its first session
        ("2026-09-25", "2026-09-28"),  # the first daily balance, a Friday: Monday
        ("2026-09-29", "2026-09-30"),
    ],
)
def test_a_margin_balance_appears_when_it_is_published(day: str, published: str) -> None:
    first, final = times("markets_margin_interest", dt.date.fromisoformat(day), SESSIONS, live=False)
    assert first.date().isoformat() == final.date().isoformat() == published
    assert first.hour == 16


def test_what_is_done_is_not_asked_for_again_unless_looked_for() -> None:
    span = Span(dt.date(2026, 9, 24), dt.date(2026, 10, 1), _at("2026-10-02 10:00"))
    about = table("equities_bars_daily")
    done = [ask.units[0] for ask in asks_of(about, span, (), SESSIONS)]
    assert len(done) == 6
    assert asks_of(about, span, done, SESSIONS) == []
    assert [ask.units[0] for ask in asks_of(about, span, done[:2] + done[3:], SESSIONS)] == [done[2]]
    again = asks_of(about, replace(span, recheck=dt.date(2026, 9, 30)), done, SESSIONS)
    assert [ask.units[0] for ask in again] == ["2026-09-30", "2026-10-01"]


def test_ranges_ask_for_missing_months_together() -> None:
    about = table("indices_bars_daily_topix")
    span = Span(dt.date(2025, 11, 10), dt.date(2026, 10, 1), _at("2026-10-01 18:00"))
    (whole,) = asks_of(about, span, (), SESSIONS)
    assert dict(whole.params) == {"from": "2025-11-10", "to": "2026-10-01"}
    assert whole.units[:2] == ("2025-11@2025-11-10", "2025-12")
    assert whole.units[-1] == "2026-07"  # August ended less than 45 days ago
    (later,) = asks_of(about, span, whole.units, SESSIONS)
    assert dict(later.params) == {"from": "2026-08-01", "to": "2026-10-01"}
    # An earlier start makes the first month incomplete again, a later one does not.
    earlier = asks_of(about, replace(span, start=dt.date(2025, 11, 1)), whole.units, SESSIONS)
    assert [dict(ask.params)["from"] for ask in earlier] == ["2025-11-01", "2026-08-01"]
    assert len(asks_of(about, replace(span, start=dt.date(2025, 11, 20)), whole.units, SESSIONS)) == 1


def test_no_range_is_longer_than_five_years() -> None:
    span = Span(dt.date(2008, 1, 1), dt.date(2026, 10, 1), _at("2026-10-01 18:00"))
    asks = asks_of(table("equities_investor_types"), span, (), SESSIONS)
    assert len(asks) == 4
    assert asks[0].first == dt.date(2008, 1, 4)
    units = [unit for ask in asks for unit in ask.units]
    assert len(units) == len(set(units)) == len(months(dt.date(2008, 1, 4), dt.date(2026, 7, 31)))


@pytest.mark.parametrize("name", list(TABLES))
def test_no_table_is_asked_for_days_before_its_first(name: str) -> None:
    about = table(name)
    since = dt.date.fromisoformat(about.since)
    end = since + dt.timedelta(days=20)
    asks = asks_of(about, Span(dt.date(1990, 1, 1), end, _at("2026-10-01 18:00")), (), SESSIONS)
    assert asks
    assert all(since <= ask.first <= ask.last <= end for ask in asks)


@pytest.mark.parametrize(
    ("start", "end", "plan"),
    [
        ("2024-07-08", "2026-07-10", "free"),
        ("2021-10-02", None, "light"),
        ("2016-10-02", None, "standard"),
        ("2006-10-02", None, "premium"),
        ("2008-05-07", None, "premium"),
    ],
)
def test_a_window_tells_the_plan(start: str, end: str | None, plan: str) -> None:
    last = dt.date.fromisoformat(end) if end else None
    assert plan_of(dt.date.fromisoformat(start), last, dt.date(2026, 10, 2)) == plan
