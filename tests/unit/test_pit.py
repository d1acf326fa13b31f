"""The truth table of publication: every source, instants and decision rows worked out by hand.

Holidays behind the dates: 2019-04-27 to 05-06 (ten days), 2024-07-15, 2024-11-04, 2026-09-21 to 23,
2026-10-12. 2024-05-10 was a Friday; the close moved from 15:00 to 15:30 on 2024-11-05.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import jqfast.data.pit as pit
from jqfast.data.clock import Clock, from_divisions
from jqfast.errors import DataGapError

_CLOSED = ["2019-04-29", "2019-04-30", *(f"2019-05-0{d}" for d in range(1, 7))]
_CLOSED += ["2024-07-15", "2024-11-04", "2026-09-21", "2026-09-22", "2026-09-23", "2026-10-12"]


def _weekdays(start: str, end: str) -> np.ndarray:
    days = np.arange(np.datetime64(start), np.datetime64(end))
    return days[(pit.weekday(days) < 5) & ~np.isin(days, np.array(_CLOSED, "datetime64[D]"))]


SESSIONS = np.concatenate(
    [
        _weekdays("2019-04-15", "2019-05-25"),
        _weekdays("2024-05-01", "2024-08-01"),
        _weekdays("2024-10-15", "2024-11-20"),
        _weekdays("2026-09-01", "2026-10-20"),
    ]
)
CLOCK = Clock(SESSIONS)


class Case(NamedTuple):
    """One record, the instant it is out (Japan's time), and its first row by decision time."""

    table: str
    record: dict[str, str]
    out: str
    close: str
    preopen: str
    evening: str


#: Table and columns -> the instant it is out, and its first row for close, preopen and evening.
TRUTH = """
# bars known at the close, not before the open
equities_bars_daily Date=2024-05-10 -> 2024-05-10T15:00 05-10 05-13 05-10
# bars after the close moved
equities_bars_daily Date=2024-11-05 -> 2024-11-05T15:30 11-05 11-06 11-05
# morning bars
equities_bars_daily_am Date=2024-05-10 -> 2024-05-10T15:00 05-10 05-13 05-10
# topix
indices_bars_daily_topix Date=2024-05-10 -> 2024-05-10T15:00 05-10 05-13 05-10
# indices
indices_bars_daily Date=2024-05-10 -> 2024-05-10T15:00 05-10 05-13 05-10
# valuation
equities_valuation Date=2024-05-10 -> 2024-05-10T16:30 05-13 05-13 05-10
# issue list of its day
equities_master Date=2024-05-10 -> 2024-05-10 05-10 05-10 05-10
# statement on a Friday evening
fins_summary DiscDate=2024-05-10 DiscTime=16:30:00 -> 2024-05-10T18:00 05-13 05-13 05-10
# statement late on a Friday
fins_summary DiscDate=2024-05-10 DiscTime=18:30:00 -> 2024-05-11T00:30 05-13 05-13 05-13
# statement during trading
fins_summary DiscDate=2024-05-08 DiscTime=11:00:00 -> 2024-05-08T18:00 05-09 05-09 05-08
# statement on a Saturday
fins_summary DiscDate=2024-05-11 DiscTime=10:00:00 -> 2024-05-11T18:00 05-13 05-13 05-13
# statement without an hour
fins_summary DiscDate=2024-05-08 DiscTime= -> 2024-05-09T00:30 05-09 05-09 05-09
# 15:10 before the close moved, holiday in between
fins_summary DiscDate=2024-11-01 DiscTime=15:10:00 -> 2024-11-01T18:00 11-05 11-05 11-01
# 15:10 after the close moved
fins_summary DiscDate=2024-11-05 DiscTime=15:10:00 -> 2024-11-05T18:00 11-06 11-06 11-05
# details
fins_details DiscDate=2024-05-10 DiscTime=15:00:00 -> 2024-05-10T18:00 05-13 05-13 05-10
# dividend at 15:30 comes at 16:00
fins_dividend PubDate=2024-05-10 PubTime=15:30 -> 2024-05-10T16:00 05-13 05-13 05-10
# dividend in the morning comes at noon
fins_dividend PubDate=2024-05-10 PubTime=09:00 -> 2024-05-10T12:00 05-13 05-13 05-10
# dividend after the last delivery
fins_dividend PubDate=2024-05-10 PubTime=19:30 -> 2024-05-13T12:00 05-13 05-14 05-13
# earnings date
fins_earnings_date PubDate=2024-07-12 -> 2024-07-12T10:05 07-16 07-16 07-12
# earnings calendar lists the day
equities_earnings_calendar Date=2024-05-10 -> 2024-05-10 05-10 05-10 05-10
# flows on a Thursday
equities_investor_types PubDate=2024-05-16 -> 2024-05-16T16:30 05-17 05-17 05-16
# margin of a Friday
markets_margin_interest Date=2024-05-10 -> 2024-05-14T16:30 05-15 05-15 05-14
# margin, holiday on Monday
markets_margin_interest Date=2024-07-12 -> 2024-07-17T16:30 07-18 07-18 07-17
# margin over the ten days of 2019
markets_margin_interest Date=2019-04-26 -> 2019-05-08T16:30 05-09 05-09 05-08
# margin, the last weekly row
markets_margin_interest Date=2026-09-18 -> 2026-09-25T16:30 09-28 09-28 09-25
# margin by day
markets_margin_interest Date=2026-10-01 PubDate=2026-10-02 -> 2026-10-02T16:30 10-05 10-05 10-02
# margin alert
markets_margin_alert PubDate=2024-05-10 -> 2024-05-10T16:30 05-13 05-13 05-10
# short ratio is no exception
markets_short_ratio Date=2024-05-10 -> 2024-05-10T16:30 05-13 05-13 05-10
# short-sale report
markets_short_sale_report DiscDate=2024-05-10 -> 2024-05-10T17:30 05-13 05-13 05-10
# breakdown
markets_breakdown Date=2024-05-10 -> 2024-05-10T18:00 05-13 05-13 05-10
# 225 options at 27:00
derivatives_bars_daily_options_225 Date=2024-05-09 -> 2024-05-10T03:00 05-10 05-10 05-10
# options over a weekend
derivatives_bars_daily_options Date=2024-05-10 -> 2024-05-11T03:00 05-13 05-13 05-13
# futures
derivatives_bars_daily_futures Date=2024-05-10 -> 2024-05-11T03:00 05-13 05-13 05-13
# major holders at 08:15
edinet_major_shareholders SubDate=2024-05-10 SubTime=08:15:00 -> 2024-05-10T08:15 05-13 05-13 05-10
# cross holdings
edinet_cross_shareholdings SubDate=2024-05-10 SubTime=15:01:00 -> 2024-05-10T15:01 05-13 05-13 05-10
# large holders
edinet_large_volume_shareholders SubDate=2024-05-10 SubTime=17:59:00 -> 2024-05-10T17:59 05-13 05-13 05-10
# title at 15:30
td_list DiscDate=2024-05-10 DiscTime=15:30 -> 2024-05-10T15:30 05-13 05-13 05-10
# title after 19:00
td_list DiscDate=2024-05-10 DiscTime=19:05 -> 2024-05-10T19:05 05-13 05-13 05-13
# calendar
markets_calendar Date=2024-05-10 -> 2024-05-10 2019-04-15 2019-04-15 2019-04-15
"""


def _cases() -> dict[str, Case]:
    lines = TRUTH.strip().splitlines()
    return {name[2:]: _case(line) for name, line in zip(lines[::2], lines[1::2], strict=True)}


def _case(line: str) -> Case:
    left, right = line.split(" -> ")
    table, *cells = left.split()
    out, *days = right.split()
    full = [day if len(day) > 5 else f"{out[:5]}{day}" for day in days]
    return Case(table, dict(cell.split("=") for cell in cells), out, *full)


def _statement(day: str, hour: str) -> dict[str, str]:
    return {"DiscDate": day, "DiscTime": hour}


def _margin(date: str, published: str) -> dict[str, str]:
    return {"Date": date, "PubDate": published}


CASES = _cases()
#: What a record holds where a case does not say.
PLAIN = {"PubDate": "NaT", "Section": "TSEPrime", "StDate": "2024-05-06", "EnDate": "2024-05-10"}
#: What makes panels, beside the package `stored`.
MAKERS = ("pit", "clock", "asof", "external", "universe", "calendar", "panel", "lazy")

TIMES = ("DiscTime", "PubTime", "SubTime", "Section")


def _records(table: str, *records: dict[str, str]) -> dict[str, np.ndarray]:
    return {
        name: np.array(
            [record.get(name, PLAIN.get(name)) for record in records],
            None if name in TIMES else "datetime64[D]",
        )
        for name in pit.rule(table).columns
    }


@pytest.mark.parametrize("name", CASES)
def test_truth_table(name: str) -> None:
    case = CASES[name]
    records = _records(case.table, case.record)
    assert pit.published(case.table, records, CLOCK).tolist() == [np.datetime64(case.out, "s").item()]
    for decision in ("close", "preopen", "evening"):
        row = pit.rows(case.table, records, CLOCK, decision)  # type: ignore[arg-type]
        assert str(CLOCK.day(row)[0]) == getattr(case, decision), decision


def test_every_rule_is_in_the_truth_table() -> None:
    assert {case.table for case in CASES.values()} == set(pit.RULES)


@pytest.mark.parametrize("table", pit.RULES)
@pytest.mark.parametrize("decision", ["close", "preopen", "evening"])
def test_no_record_acts_before_it_is_out(table: str, decision: str) -> None:
    cases = [case.record for case in CASES.values() if case.table == table]
    records = _records(table, *cases)
    row = pit.rows(table, records, CLOCK, decision)  # type: ignore[arg-type]
    out = pit.published(table, records, CLOCK)
    if pit.rule(table).kind != "ahead":
        assert (CLOCK.instants(decision)[row] >= out).all()  # type: ignore[arg-type]


def test_corrected_filing_acts_from_its_own_publication() -> None:
    first, again = _statement("2024-05-10", "15:00:00"), _statement("2024-06-14", "15:00:00")
    row = pit.rows("fins_summary", _records("fins_summary", first, again), CLOCK)
    assert CLOCK.day(row).astype(str).tolist() == ["2024-05-13", "2024-06-17"]


def test_corrected_flows_come_one_session_after_their_announcement() -> None:
    week = {"Section": "TSEPrime", "StDate": "2024-05-06", "EnDate": "2024-05-10"}
    other = {**week, "Section": "TSEGrowth", "PubDate": "2024-05-23"}
    records = _records(
        "equities_investor_types",
        {**week, "PubDate": "2024-05-23"},
        {**week, "PubDate": "2024-05-16"},
        other,
    )
    out = pit.published("equities_investor_types", records, CLOCK)
    assert out.astype(str).tolist() == ["2024-05-24T16:30:00", "2024-05-16T16:30:00", "2024-05-23T16:30:00"]
    close = CLOCK.day(pit.rows("equities_investor_types", records, CLOCK, "close"))
    evening = CLOCK.day(pit.rows("equities_investor_types", records, CLOCK, "evening"))
    assert close.astype(str).tolist() == ["2024-05-27", "2024-05-17", "2024-05-24"]
    assert evening.astype(str).tolist() == ["2024-05-24", "2024-05-16", "2024-05-23"]


def test_one_weekly_view_of_the_margin_balances() -> None:
    # The balance of Friday 2026-10-02, delivered by day on Monday, keeps the weekly hour: Tuesday 16:30.
    records = _records("markets_margin_interest", _margin("2026-10-02", "2026-10-05"))
    assert str(pit.published(pit.WEEKLY_MARGIN, records, CLOCK)[0]) == "2026-10-06T16:30:00"
    assert str(CLOCK.day(pit.rows(pit.WEEKLY_MARGIN, records, CLOCK))[0]) == "2026-10-07"


def test_beyond_the_clock_nothing_acts() -> None:
    records = _records("fins_summary", _statement("2026-10-19", "15:00:00"), _statement("NaT", "15:00:00"))
    assert pit.rows("fins_summary", records, CLOCK).tolist() == [len(CLOCK), len(CLOCK)]
    records = _records("fins_summary", _statement("1999-01-04", "15:00:00"))
    assert pit.rows("fins_summary", records, CLOCK).tolist() == [0]


def test_clock_of_a_calendar_with_half_days_and_holiday_trading() -> None:
    days = np.array(["2008-12-29", "2008-12-30", "2008-12-31", "2022-09-22", "2022-09-23"], "datetime64[D]")
    clock = from_divisions(days, np.array(["1", "2", "0", "1", "3"]))
    assert clock.sessions.astype(str).tolist() == ["2008-12-29", "2008-12-30", "2022-09-22"]
    assert [str(t)[11:16] for t in clock.closes] == ["15:00", "11:00", "15:00"]
    with pytest.raises(DataGapError, match="has no session"):
        from_divisions(days, np.array(["0"] * 5))


def test_unknown_names_are_errors() -> None:
    with pytest.raises(ValueError, match="Did you mean `fins_summary`"):
        pit.rule("fins_sumary")
    with pytest.raises(ValueError, match="Unknown value of `decision`"):
        CLOCK.instants("noon")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="strictly ascending"):
        Clock(SESSIONS[::-1])


def test_only_the_audit_knows_the_simulators_true_hours() -> None:
    folder = Path(pit.__file__).parent
    makers = [*folder.glob("stored/*.py"), *(folder / f"{name}.py" for name in MAKERS)]
    secret = "true_" + "available_at"
    assert [path.name for path in makers if secret in path.read_text("utf-8").lower()] == []
    assert len(makers) > 15
    assert secret in (folder / "audit.py").read_text("utf-8").lower()
