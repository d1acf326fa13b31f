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


def _statement(day: str, hour: str) -> dict[str, str]:
    return {"DiscDate": day, "DiscTime": hour}


def _margin(date: str, published: str = "NaT") -> dict[str, str]:
    return {"Date": date, "PubDate": published}


# fmt: off
CASES = {
    "bars known at the close, not before the open": Case("equities_bars_daily", {"Date": "2024-05-10"}, "2024-05-10T15:00", "2024-05-10", "2024-05-13", "2024-05-10"),
    "bars after the close moved": Case("equities_bars_daily", {"Date": "2024-11-05"}, "2024-11-05T15:30", "2024-11-05", "2024-11-06", "2024-11-05"),
    "morning bars": Case("equities_bars_daily_am", {"Date": "2024-05-10"}, "2024-05-10T15:00", "2024-05-10", "2024-05-13", "2024-05-10"),
    "topix": Case("indices_bars_daily_topix", {"Date": "2024-05-10"}, "2024-05-10T15:00", "2024-05-10", "2024-05-13", "2024-05-10"),
    "indices": Case("indices_bars_daily", {"Date": "2024-05-10"}, "2024-05-10T15:00", "2024-05-10", "2024-05-13", "2024-05-10"),
    "valuation": Case("equities_valuation", {"Date": "2024-05-10"}, "2024-05-10T16:30", "2024-05-13", "2024-05-13", "2024-05-10"),
    "issue list of its day": Case("equities_master", {"Date": "2024-05-10"}, "2024-05-10", "2024-05-10", "2024-05-10", "2024-05-10"),
    "statement on a Friday evening": Case("fins_summary", _statement("2024-05-10", "16:30:00"), "2024-05-10T18:00", "2024-05-13", "2024-05-13", "2024-05-10"),
    "statement late on a Friday": Case("fins_summary", _statement("2024-05-10", "18:30:00"), "2024-05-11T00:30", "2024-05-13", "2024-05-13", "2024-05-13"),
    "statement during trading": Case("fins_summary", _statement("2024-05-08", "11:00:00"), "2024-05-08T18:00", "2024-05-09", "2024-05-09", "2024-05-08"),
    "statement on a Saturday": Case("fins_summary", _statement("2024-05-11", "10:00:00"), "2024-05-11T18:00", "2024-05-13", "2024-05-13", "2024-05-13"),
    "statement without an hour": Case("fins_summary", _statement("2024-05-08", ""), "2024-05-09T00:30", "2024-05-09", "2024-05-09", "2024-05-09"),
    "15:10 before the close moved, holiday in between": Case("fins_summary", _statement("2024-11-01", "15:10:00"), "2024-11-01T18:00", "2024-11-05", "2024-11-05", "2024-11-01"),
    "15:10 after the close moved": Case("fins_summary", _statement("2024-11-05", "15:10:00"), "2024-11-05T18:00", "2024-11-06", "2024-11-06", "2024-11-05"),
    "details": Case("fins_details", _statement("2024-05-10", "15:00:00"), "2024-05-10T18:00", "2024-05-13", "2024-05-13", "2024-05-10"),
    "dividend at 15:30 comes at 16:00": Case("fins_dividend", {"PubDate": "2024-05-10", "PubTime": "15:30"}, "2024-05-10T16:00", "2024-05-13", "2024-05-13", "2024-05-10"),
    "dividend in the morning comes at noon": Case("fins_dividend", {"PubDate": "2024-05-10", "PubTime": "09:00"}, "2024-05-10T12:00", "2024-05-13", "2024-05-13", "2024-05-10"),
    "dividend after the last delivery": Case("fins_dividend", {"PubDate": "2024-05-10", "PubTime": "19:30"}, "2024-05-13T12:00", "2024-05-13", "2024-05-14", "2024-05-13"),
    "earnings date": Case("fins_earnings_date", {"PubDate": "2024-07-12"}, "2024-07-12T10:05", "2024-07-16", "2024-07-16", "2024-07-12"),
    "earnings calendar lists the day": Case("equities_earnings_calendar", {"Date": "2024-05-10"}, "2024-05-10", "2024-05-10", "2024-05-10", "2024-05-10"),
    "flows on a Thursday": Case("equities_investor_types", {"PubDate": "2024-05-16", "Section": "TSEPrime", "StDate": "2024-05-06", "EnDate": "2024-05-10"}, "2024-05-16T16:30", "2024-05-17", "2024-05-17", "2024-05-16"),
    "margin of a Friday": Case("markets_margin_interest", _margin("2024-05-10"), "2024-05-14T16:30", "2024-05-15", "2024-05-15", "2024-05-14"),
    "margin, holiday on Monday": Case("markets_margin_interest", _margin("2024-07-12"), "2024-07-17T16:30", "2024-07-18", "2024-07-18", "2024-07-17"),
    "margin over the ten days of 2019": Case("markets_margin_interest", _margin("2019-04-26"), "2019-05-08T16:30", "2019-05-09", "2019-05-09", "2019-05-08"),
    "margin, the last weekly row": Case("markets_margin_interest", _margin("2026-09-18"), "2026-09-25T16:30", "2026-09-28", "2026-09-28", "2026-09-25"),
    "margin by day": Case("markets_margin_interest", _margin("2026-10-01", "2026-10-02"), "2026-10-02T16:30", "2026-10-05", "2026-10-05", "2026-10-02"),
    "margin alert": Case("markets_margin_alert", {"PubDate": "2024-05-10"}, "2024-05-10T16:30", "2024-05-13", "2024-05-13", "2024-05-10"),
    "short ratio is no exception": Case("markets_short_ratio", {"Date": "2024-05-10"}, "2024-05-10T16:30", "2024-05-13", "2024-05-13", "2024-05-10"),
    "short-sale report": Case("markets_short_sale_report", {"DiscDate": "2024-05-10"}, "2024-05-10T17:30", "2024-05-13", "2024-05-13", "2024-05-10"),
    "breakdown": Case("markets_breakdown", {"Date": "2024-05-10"}, "2024-05-10T18:00", "2024-05-13", "2024-05-13", "2024-05-10"),
    "225 options at 27:00": Case("derivatives_bars_daily_options_225", {"Date": "2024-05-09"}, "2024-05-10T03:00", "2024-05-10", "2024-05-10", "2024-05-10"),
    "options over a weekend": Case("derivatives_bars_daily_options", {"Date": "2024-05-10"}, "2024-05-11T03:00", "2024-05-13", "2024-05-13", "2024-05-13"),
    "futures": Case("derivatives_bars_daily_futures", {"Date": "2024-05-10"}, "2024-05-11T03:00", "2024-05-13", "2024-05-13", "2024-05-13"),
    "major holders at 08:15": Case("edinet_major_shareholders", {"SubDate": "2024-05-10", "SubTime": "08:15:00"}, "2024-05-10T08:15", "2024-05-13", "2024-05-13", "2024-05-10"),
    "cross holdings": Case("edinet_cross_shareholdings", {"SubDate": "2024-05-10", "SubTime": "15:01:00"}, "2024-05-10T15:01", "2024-05-13", "2024-05-13", "2024-05-10"),
    "large holders": Case("edinet_large_volume_shareholders", {"SubDate": "2024-05-10", "SubTime": "17:59:00"}, "2024-05-10T17:59", "2024-05-13", "2024-05-13", "2024-05-10"),
    "title at 15:30": Case("td_list", _statement("2024-05-10", "15:30"), "2024-05-10T15:30", "2024-05-13", "2024-05-13", "2024-05-10"),
    "title after 19:00": Case("td_list", _statement("2024-05-10", "19:05"), "2024-05-10T19:05", "2024-05-13", "2024-05-13", "2024-05-13"),
    "calendar": Case("markets_calendar", {"Date": "2024-05-10"}, "2024-05-10", "2019-04-15", "2019-04-15", "2019-04-15"),
}
# fmt: on

TIMES = ("DiscTime", "PubTime", "SubTime", "Section")


def _records(table: str, *records: dict[str, str]) -> dict[str, np.ndarray]:
    return {
        name: np.array([record[name] for record in records], None if name in TIMES else "datetime64[D]")
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
    by = {d: CLOCK.day(pit.rows("equities_investor_types", records, CLOCK, d)).astype(str) for d in ("close", "evening")}  # type: ignore[arg-type]  # fmt: skip
    assert by["close"].tolist() == ["2024-05-27", "2024-05-17", "2024-05-24"]
    assert by["evening"].tolist() == ["2024-05-24", "2024-05-16", "2024-05-23"]


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
    readers = [p.name for p in folder.glob("*.py") if "true_" + "available_at" in p.read_text("utf-8")]
    assert set(readers) <= {"audit.py"}
