"""Corrections: every version stays, the last one counts, the past can be asked for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from jqfast.data.store import Store
from jqfast.data.store import manifest as manifests
from jqfast.data.store import writer as writers

BARS = "equities_bars_daily"
FLOWS = "equities_investor_types"
T1 = dt.datetime(2024, 5, 10, 8, tzinfo=dt.UTC)
T2 = dt.datetime(2024, 6, 10, 8, tzinfo=dt.UTC)
T3 = dt.datetime(2024, 7, 10, 8, tzinfo=dt.UTC)


def bar(day: str, code: str = "13010", **values: Any) -> dict[str, Any]:
    return {"Date": day, "Code": code, "O": 100.0, "C": 101.0, "AdjFactor": 1.0, **values}


def flow(published: str, foreign: float) -> dict[str, Any]:
    week = {"StDate": "2024-05-06", "EnDate": "2024-05-10", "Section": "TSEPrime"}
    return {"PubDate": published, **week, "FrgnBal": foreign}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True)


def closes(store: Store, **options: Any) -> list[Any]:
    values: list[Any] = store.read(BARS, **options)["C"].to_pylist()
    return values


def test_the_same_record_again_is_nothing_new(store: Store) -> None:
    with store.writing() as w:
        assert w.append(BARS, [bar("2024-05-10"), bar("2024-05-10")]).added == 1
        assert w.append(BARS, [bar("2024-05-10")]).added == 0
    assert store.read(BARS, versions="all").num_rows == 1


def test_a_changed_record_is_a_version_and_the_last_one_counts(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10")], fetched_at=T1)
        w.append(BARS, [bar("2024-05-10", C=102.0)], fetched_at=T2)
    assert closes(store) == [102.0]
    assert closes(store, versions="all") == [101.0, 102.0]
    assert closes(store, as_of=T1) == [101.0]
    assert store.read(BARS, versions="all")["_fetched_at"].to_pylist() == [T1, T2]


def test_a_correction_that_is_taken_back_is_a_third_version(store: Store) -> None:
    # Compared with every earlier version it would be nothing new, and the wrong one would stay the last.
    with store.writing() as w:
        for time, close in ((T1, 101.0), (T2, 102.0), (T3, 101.0)):
            assert w.append(BARS, [bar("2024-05-10", C=close)], fetched_at=time).added == 1
    assert closes(store) == [101.0]
    assert closes(store, as_of=T2) == [102.0]


def test_an_older_file_does_not_displace_what_was_fetched_later(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", C=102.0)], fetched_at=T2)
        w.append(BARS, [bar("2024-05-10", C=101.0)], fetched_at=T1)
        assert w.append(BARS, [bar("2024-05-10", C=101.0)], fetched_at=T1).added == 0
        assert w.append(BARS, [bar("2024-05-10", C=102.0)], fetched_at=T3).added == 0
    assert closes(store) == [102.0]


def test_before_the_first_version_the_first_is_the_nearest_to_what_was_known(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", C=101.0)], fetched_at=T2)
        w.append(BARS, [bar("2024-05-10", C=102.0)], fetched_at=T3)
    assert closes(store, as_of=T1) == [101.0]


def test_a_clock_that_was_set_back_makes_no_newer_version_older(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([T3] * 20)
    monkeypatch.setattr(writers, "utc_now", lambda: next(clock))
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", C=101.0)])
    monkeypatch.setattr(writers, "utc_now", lambda: T1)
    with store.writing() as w:
        assert w.append(BARS, [bar("2024-05-10", C=102.0)]).added == 1
    assert closes(store) == [102.0]
    assert manifests.unstamp(store.manifest(BARS).fetched) > T3


def test_prices_that_the_vendor_rewrites_make_no_versions(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", AdjC=101.0, MAdjVo=5.0)])
        assert w.append(BARS, [bar("2024-05-10", AdjC=50.5, MAdjVo=10.0)]).added == 0
        assert w.append(BARS, [bar("2024-05-10", AdjC=50.5, AdjFactor=0.5)]).added == 1


def test_columns_that_did_not_come_say_nothing(store: Store) -> None:
    # A lower plan delivers no morning session, a bulk file no adjusted prices.
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", MO=99.0, MktCap=5.0)])
        assert w.append(BARS, [bar("2024-05-10")]).added == 0
        assert w.append(BARS, [bar("2024-05-10", MktCap=None)]).added == 1


def test_a_column_that_is_new_is_news(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10")])
        assert w.append(BARS, [bar("2024-05-10", MktCap=5.0)]).added == 1
        assert w.append(BARS, [bar("2024-05-10", New="x")]).added == 1
        assert w.append(BARS, [bar("2024-05-10", New="x")]).added == 0


def test_a_mark_that_becomes_a_number_is_news(store: Store) -> None:
    notice = {"PubDate": "2024-05-10", "Code": "13010", "RefNo": "1", "StatCode": "1"}
    with store.writing() as w:
        for rate, added in (("-", 1), ("-", 0), ("", 1), (12.0, 1), ("12", 0)):
            assert w.append("fins_dividend", [{**notice, "DivRate": rate}]).added == added
    assert store.read("fins_dividend")["DivRate"].to_pylist() == [12.0]


def test_a_correction_under_a_later_publication_is_the_same_record(store: Store) -> None:
    with store.writing() as w:
        w.append(FLOWS, [flow("2024-05-16", 1.0)])
        w.append(FLOWS, [flow("2024-05-16", 1.0), flow("2024-05-23", 2.0)])
        # The vendor serves both from now on: neither is new, in whatever order.
        assert w.append(FLOWS, [flow("2024-05-23", 2.0), flow("2024-05-16", 1.0)]).added == 0
    assert store.read(FLOWS)["FrgnBal"].to_pylist() == [2.0]
    assert store.read(FLOWS, versions="all")["FrgnBal"].to_pylist() == [1.0, 2.0]
    assert store.read(FLOWS, end="2024-05-20")["FrgnBal"].to_pylist() == [1.0]


def test_a_correction_in_another_year_is_the_same_record(store: Store) -> None:
    with store.writing() as w:
        w.append(FLOWS, [flow("2024-05-16", 1.0), flow("2025-01-09", 3.0)])
    assert store.read(FLOWS)["FrgnBal"].to_pylist() == [3.0]


@pytest.mark.parametrize(
    ("as_of", "known"),
    [
        ("2024-05-15T23:59", []),
        ("2024-05-16T00:00", [1.0]),
        ("2024-05-22T23:59", [1.0]),
        ("2024-05-23T00:00", [2.0]),
    ],
)
def test_what_was_published_by_a_time_in_tokyo(store: Store, as_of: str, known: list[float]) -> None:
    with store.writing() as w:
        w.append(FLOWS, [flow("2024-05-16", 1.0), flow("2024-05-23", 2.0)])
    tokyo = dt.timezone(dt.timedelta(hours=9))
    time = dt.datetime.fromisoformat(as_of).replace(tzinfo=tokyo)
    assert store.read(FLOWS, as_of=time)["FrgnBal"].to_pylist() == known


def test_the_hour_of_a_disclosure_counts(store: Store) -> None:
    filing = {"DiscDate": "2024-05-10", "DiscTime": "15:30:00", "Code": "13010", "DiscNo": "1", "Sales": "5"}
    with store.writing() as w:
        w.append("fins_summary", [filing, {**filing, "DiscNo": "2", "DiscTime": ""}])
    tokyo = dt.timezone(dt.timedelta(hours=9))
    for clock, known in (("15:29:59", []), ("15:30:00", ["1"]), ("23:59:59", ["1", "2"])):
        time = dt.datetime.fromisoformat(f"2024-05-10T{clock}").replace(tzinfo=tokyo)
        assert store.read("fins_summary", as_of=time)["DiscNo"].to_pylist() == known


def test_two_rows_under_one_identity_are_both_kept_and_come_only_once(store: Store) -> None:
    twins = [bar("2024-05-10", C=1.0), bar("2024-05-10", C=2.0)]
    with store.writing() as w:
        assert w.append(BARS, twins).added == 2
        assert w.append(BARS, twins[::-1]).added == 0
        assert w.append(BARS, [twins[0], bar("2024-05-10", C=3.0)]).added == 2
    assert closes(store, versions="all") == [1.0, 2.0, 1.0, 3.0]
    assert store.read(BARS).num_rows == 1
    assert store.check().tables[0].duplicates == 2


def test_versions_survive_merging(store: Store) -> None:
    with store.writing() as w:
        for time, close in ((T1, 101.0), (T2, 102.0), (T3, 101.0)):
            w.append(BARS, [bar("2024-05-10", C=close), bar("2024-05-10", "72030")], fetched_at=time)
    before = store.read(BARS, versions="all")
    store.compact()
    assert store.read(BARS, versions="all").equals(before)
    assert closes(store) == [101.0, 101.0]
    assert closes(store, as_of=T2) == [102.0, 101.0]
