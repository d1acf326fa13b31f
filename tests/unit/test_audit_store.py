"""The audit cuts the store: it passes on honest rules and catches a record that was visible too early.

The truth of these hand-made records is worked out here, not taken from the rules under test: bars at the
close, lists at 17:30 of the day before, everything else at the hour written beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
import jqfast.features as features
from jqfast.data import audit_store, pit
from jqfast.data.audit import cut_store
from jqfast.errors import DataGapError

DAYS = tiny.weekdays("2024-04-01", "2024-07-01", ["2024-04-29", "2024-05-03", "2024-05-06"])
CODES = ("13010", "20000")
ROWS = [26, 40]


def _stamped(rows: list[dict[str, Any]], day: str, hour: str) -> list[dict[str, Any]]:
    """Rows with their true publication: an hour of Tokyo on the day in a column."""
    for row in rows:
        stamp = np.datetime64(f"{row[day]}T{hour}") - np.timedelta64(9, "h")
        row["true_available_at"] = f"{stamp.astype('datetime64[s]')}+00:00"
    return rows


def _statement(day: str, hour: str, sales: float, true_day: str, true_hour: str) -> dict[str, Any]:
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
    (stamped,) = _stamped([row], "true_day", true_hour)
    del stamped["true_day"]
    return stamped


def _store(path: Path, *papers: dict[str, Any]) -> data.Store:
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
    _stamped(master, "day_before", "17:30")
    for row in master:
        del row["day_before"]
    return tiny.make(
        path,
        equities_bars_daily=_stamped(bars, "Date", "15:00"),
        equities_master=master,
        markets_calendar=_stamped(calendar, "Date", "00:00"),
        equities_investor_types=_stamped(flows, "PubDate", "16:30"),
        fins_summary=list(papers),
    )


HONEST = _statement("2024-05-10", "16:00:00", 5.0, "2024-05-10", "16:00")


@pytest.mark.parametrize("decision", ["close", "preopen", "evening"])
def test_honest_records_pass(tmp_path: Path, decision: str) -> None:
    _store(tmp_path, HONEST)
    found = audit_store(tmp_path, rows=ROWS, universe="prime", decision=decision)
    assert found, str(found)
    assert found.compared > 10_000
    assert "none differs" in str(found)


def test_a_statement_that_was_visible_too_early_is_caught(tmp_path: Path) -> None:
    # The source says Friday 16:00; in truth it came out on the Tuesday after, in the evening.
    _store(tmp_path, _statement("2024-05-10", "16:00:00", 5.0, "2024-05-14", "18:00"))
    found = audit_store(tmp_path, rows=[28], universe="prime")
    assert not found
    assert "fs_sales" in found.failures
    assert "first on 2024-05-13, 13010" in found.failures["fs_sales"]
    assert "close" not in found.failures
    assert "fs_sales: cut at" in str(found)


def test_a_rule_that_is_too_early_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The mistake of the seeds: the week's flows by the end of their week, days before the Thursday.
    _store(tmp_path, HONEST)
    early = pit.Rule("table", "EnDate", hours=("18:00",))
    monkeypatch.setattr(pit, "RULES", {**pit.RULES, "equities_investor_types": early})
    found = audit_store(tmp_path, rows=[28], universe="prime", columns=["flow_foreign_buy", "close"])
    assert "first on 2024-05-13" in found.failures["flow_foreign_buy"]


def test_own_columns_are_audited_too(tmp_path: Path) -> None:
    _store(tmp_path, HONEST)

    def build(source: data.StorePanelSource, day: Any) -> data.Panel:
        panel = source.panel(universe="prime", end=day)
        mean = features.panel(panel, {"mean": features.ts_mean(features.close, 3)}, dtype="float64")
        peek = np.roll(panel["close"], -1, axis=0)  # looks ahead
        return panel.with_columns(mean=np.ascontiguousarray(mean.values[0]), peek=peek)

    found = audit_store(tmp_path, rows=[40], columns=["mean", "peek"], build=build)
    assert set(found.failures) == {"peek"}


def test_cut_keeps_what_was_public(tmp_path: Path) -> None:
    import datetime as dt

    store = _store(tmp_path / "whole", HONEST)
    instant = dt.datetime(2024, 5, 10, 6, 0, tzinfo=dt.UTC)  # 15:00 in Tokyo
    cut = cut_store(store, tmp_path / "cut", instant)
    assert cut.read("fins_summary").num_rows == 0
    assert max(cut.read("equities_bars_daily")["Date"].to_pylist()) == dt.date(2024, 5, 10)
    assert cut.read("markets_calendar").num_rows == store.read("markets_calendar").num_rows


def test_refused(tmp_path: Path) -> None:
    _store(tmp_path / "a", HONEST)
    with pytest.raises(ValueError, match="0 <= t <"):
        audit_store(tmp_path / "a", rows=[10_000])
    bars = tiny.bars(CODES[0], DAYS)
    tiny.make(tmp_path / "b", equities_bars_daily=bars, markets_calendar=tiny.calendar(DAYS))
    with pytest.raises(DataGapError, match="does not say when its records became public"):
        audit_store(tmp_path / "b", universe="all")
