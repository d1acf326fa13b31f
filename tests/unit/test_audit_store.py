"""The audit cuts the store: it passes on honest rules and catches a record that was visible too early."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stamped_store as stamped
import tiny_store as tiny

import jqfast.data as data
import jqfast.features as features
from jqfast.data import audit_store, pit
from jqfast.data.audit import cut_store
from jqfast.errors import DataGapError

ROWS = [26, 40]


@pytest.mark.parametrize("decision", ["close", "preopen", "evening"])
def test_honest_records_pass(tmp_path: Path, decision: str) -> None:
    stamped.make(tmp_path, stamped.HONEST)
    found = audit_store(tmp_path, rows=ROWS, universe="prime", decision=decision)
    assert found, str(found)
    assert found.compared > 10_000
    assert "none differs" in str(found)


def test_a_statement_that_was_visible_too_early_is_caught(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.EARLY)
    found = audit_store(tmp_path, rows=[28], universe="prime")
    assert not found
    assert "fs_sales" in found.failures
    assert "first on 2024-05-13, 13010" in found.failures["fs_sales"]
    assert "close" not in found.failures
    assert "fs_sales: cut at" in str(found)


def test_a_rule_that_is_too_early_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The mistake of the seeds: the week's flows by the end of their week, days before the Thursday.
    stamped.make(tmp_path, stamped.HONEST)
    early = pit.Rule("table", "EnDate", hours=("18:00",))
    monkeypatch.setattr(pit, "RULES", {**pit.RULES, "equities_investor_types": early})
    found = audit_store(tmp_path, rows=[28], universe="prime", columns=["flow_foreign_buy", "close"])
    assert "first on 2024-05-13" in found.failures["flow_foreign_buy"]


def test_a_stamp_of_an_outside_series_that_is_too_early_is_caught(tmp_path: Path) -> None:
    """A vendor that stamps the close of New York with its day: known in Tokyo before it was made."""
    stamped.make(tmp_path, stamped.HONEST)
    days = stamped.DAYS
    made = [dt.datetime.fromisoformat(f"{day}T20:05:00+00:00") for day in days]
    for claimed, caught in ((dt.timedelta(minutes=10), set()), (dt.timedelta(hours=-20), {"spx"})):
        columns = {"name": ["SPX"] * len(days), "date": days, "value": np.arange(len(days), dtype=float)}
        stamps = {"available_at": [each + claimed for each in made], "true_available_at": made}
        (tmp_path / "external").mkdir(exist_ok=True)
        pq.write_table(pa.table({**columns, **stamps}), tmp_path / "external" / "macro.parquet")
        found = audit_store(tmp_path, rows=[28], universe="prime")
        assert set(found.failures) == caught, str(found)
        assert "spx" in found.columns


def test_own_columns_are_audited_too(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.HONEST)

    def build(source: data.StorePanelSource, day: Any) -> data.Panel:
        panel = source.panel(universe="prime", end=day)
        mean = features.panel(panel, {"mean": features.ts_mean(features.close, 3)}, dtype="float64")
        peek = np.roll(panel["close"], -1, axis=0)  # looks ahead
        return panel.with_columns(mean=np.ascontiguousarray(mean.values[0]), peek=peek)

    found = audit_store(tmp_path, rows=[40], columns=["mean", "peek"], build=build)
    assert set(found.failures) == {"peek"}


def test_cut_keeps_what_was_public(tmp_path: Path) -> None:
    store = stamped.make(tmp_path / "whole", stamped.HONEST)
    instant = dt.datetime(2024, 5, 10, 6, 0, tzinfo=dt.UTC)  # 15:00 in Tokyo
    cut = cut_store(store, tmp_path / "cut", instant)
    assert cut.read("fins_summary").num_rows == 0
    assert max(cut.read("equities_bars_daily")["Date"].to_pylist()) == dt.date(2024, 5, 10)
    assert cut.read("markets_calendar").num_rows == store.read("markets_calendar").num_rows


def test_refused(tmp_path: Path) -> None:
    stamped.make(tmp_path / "a", stamped.HONEST)
    with pytest.raises(ValueError, match="0 <= t <"):
        audit_store(tmp_path / "a", rows=[10_000])
    bars = tiny.bars(stamped.CODES[0], stamped.DAYS)
    tiny.make(tmp_path / "b", equities_bars_daily=bars, markets_calendar=tiny.calendar(stamped.DAYS))
    with pytest.raises(DataGapError, match="does not say when its records became public"):
        audit_store(tmp_path / "b", universe="all")
