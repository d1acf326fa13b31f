"""A sync whose local clock is wrong, jumps while it works, or is the only one there is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jquants_market import Market
from jquants_rules import Service
from jquants_server import JQuants
from sync_support import PATIENCE, content, requests_of, run

from jqfast.data.jquants import SyncOptions, SyncReport
from jqfast.data.store import Store

FROM = "2026-09-24"


@pytest.fixture
def server() -> Iterator[JQuants]:
    with JQuants(Service(Market(codes=8))) as running:
        yield running


def _shift(monkeypatch: pytest.MonkeyPatch, days: Callable[[], int]) -> None:
    """Let the local clock be off by so many days."""
    true = dt.datetime

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> dt.datetime:  # type: ignore[override]  # the base gives its own class
            return true.now(tz) + dt.timedelta(days=days())

    monkeypatch.setattr(dt, "datetime", Shifted)


@pytest.mark.parametrize("shift", [-400, 400])
def test_a_wrong_clock_loses_no_day(
    shift: int, server: JQuants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that runs ahead must not mark days as done that have not happened."""
    tables = ["equities_bars_daily", "fins_summary"]
    run(server, tmp_path / "right", start=FROM, tables=tables)
    _shift(monkeypatch, lambda: shift)
    report = run(server, tmp_path / "wrong", start=FROM, tables=tables)
    monkeypatch.undo()
    assert any("clock" in note for note in report.notes)
    assert content(tmp_path / "wrong") == content(tmp_path / "right")


@pytest.mark.parametrize("jump", [-400, 400])
def test_a_clock_that_jumps_during_a_sync_loses_no_day(
    jump: int, server: JQuants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set back or forward by more than a year after a third of the answers, and once more a third later."""
    passed: list[str] = []

    def count(table: str, *_: int) -> None:
        passed.append(table)

    tables = ["equities_bars_daily", "fins_summary", "markets_margin_alert"]
    run(server, tmp_path / "right", start=FROM, tables=tables)
    server.forget()
    run(server, tmp_path / "right", start=FROM, tables=tables)
    once_more = requests_of(server)
    _shift(monkeypatch, lambda: jump * min(len(passed) // 8, 2))
    report = run(server, tmp_path / "wrong", start=FROM, tables=tables, progress=count)
    # The same again by the clock that has jumped: what is complete is not asked for twice.
    server.forget()
    run(server, tmp_path / "wrong", start=FROM, tables=tables)
    monkeypatch.undo()
    assert requests_of(server) == once_more
    assert len(passed) > 16
    assert report.complete
    assert content(tmp_path / "wrong") == content(tmp_path / "right")


def test_a_correction_fetched_after_the_clock_was_set_back_is_the_newer_one(
    server: JQuants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = ["equities_bars_daily"]
    run(server, tmp_path / "jq", start=FROM, tables=tables)
    server.service.market.edit("/equities/bars/daily", {"Date": "2026-09-30", "Code": "13080"}, C=1234.5)
    _shift(monkeypatch, lambda: -400)
    options = SyncOptions(rate=1_000_000, recheck=10, client=PATIENCE)
    report = run(server, tmp_path / "jq", start=FROM, tables=tables, options=options)
    monkeypatch.undo()
    assert report.tables[tables[0]].changed == 1
    day = dt.date(2026, 9, 30)
    latest = Store(tmp_path / "jq").read(tables[0], start=day, end=day).to_pylist()
    assert [row["C"] for row in latest if row["Code"] == "13080"] == [1234.5]


def test_without_a_date_header_the_local_clock_serves(server: JQuants, tmp_path: Path) -> None:
    server.date_header = False
    server.service.now = dt.datetime.now()
    report: SyncReport = run(server, tmp_path / "jq", start=dt.date.today(), tables=["equities_master"])
    assert report.complete
    assert report.notes == []
