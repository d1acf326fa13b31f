"""The store: appended rows come back, once, in order, with their versions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from jqfast.data.store import Store

BARS = "equities_bars_daily"
T1 = dt.datetime(2024, 5, 10, 8, tzinfo=dt.UTC)
T2 = dt.datetime(2024, 6, 10, 8, tzinfo=dt.UTC)


def bar(day: str, code: str = "13010", **values: Any) -> dict[str, Any]:
    return {"Date": day, "Code": code, "O": 100.0, "C": 101.0, "AdjFactor": 1.0, **values}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True)


def test_rows_come_back_sorted_with_the_declared_columns(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10", "72030"), bar("2024-05-09", "72030"), bar("2023-12-29")])
        w.append(BARS, [bar("2024-05-09", "13010")], unit="2024-05-09")
    rows = store.read(BARS, columns=["Date", "Code", "H"])
    assert [(str(r["Date"]), r["Code"]) for r in rows.to_pylist()] == [
        ("2023-12-29", "13010"),
        ("2024-05-09", "13010"),
        ("2024-05-09", "72030"),
        ("2024-05-10", "72030"),
    ]
    assert rows["H"].null_count == 4
    assert store.done(BARS) == {"2024-05-09"}


def test_the_same_record_again_is_nothing_new(store: Store) -> None:
    with store.writing() as w:
        assert w.append(BARS, [bar("2024-05-10"), bar("2024-05-10")]).added == 1
        assert w.append(BARS, [bar("2024-05-10")]).added == 0
    assert store.read(BARS, versions="all").num_rows == 1


def test_a_changed_record_is_a_version_and_the_last_one_counts(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-10")], fetched_at=T1)
        w.append(BARS, [bar("2024-05-10", C=102.0)], fetched_at=T2)
    assert store.read(BARS)["C"].to_pylist() == [102.0]
    assert store.read(BARS, versions="all")["C"].to_pylist() == [101.0, 102.0]
    assert store.read(BARS, as_of=T1)["C"].to_pylist() == [101.0]
