"""The check of a store: damage is found in any byte, gaps and changes of the schema are told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from jqfast.cli import app
from jqfast.data.store import Store
from jqfast.data.store.check import TableReport, remarks

BARS = "equities_bars_daily"
SESSIONS = ["2024-05-09", "2024-05-10", "2024-05-13", "2024-05-14", "2024-05-15"]


def bar(day: str, code: str = "13010", **values: Any) -> dict[str, Any]:
    return {"Date": day, "Code": code, "C": 101.0, **values}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "store", create=True)
    days = [str(np.datetime64("2024-05-06") + i) for i in range(14)]
    division = {"2024-05-14": "2", "2024-05-11": "3"}
    with made.writing() as w:
        calendar = [{"Date": day, "HolDiv": division.get(day, str(int(day in SESSIONS)))} for day in days]
        w.append("markets_calendar", calendar)
        w.append(BARS, [bar(day) for day in SESSIONS])
    return made


def report(store: Store, name: str = BARS) -> TableReport:
    return next(each for each in store.check().tables if each.name == name)


def test_a_whole_store_is_good(store: Store) -> None:
    checked = store.check()
    assert checked.ok
    assert checked.calendar
    bars = report(store)
    assert (bars.rows, bars.records, bars.first, bars.last) == (5, 5, "2024-05-09", "2024-05-15")
    assert remarks(bars) == []


def test_every_flipped_byte_is_found(store: Store) -> None:
    path = store.files(BARS)[0]
    whole = path.read_bytes()
    for place in np.linspace(0, len(whole) - 1, 25).astype(int):
        spoilt = bytearray(whole)
        spoilt[place] ^= 0x10
        path.write_bytes(spoilt)
        assert not store.check().ok
        assert "checksum" in report(store).damage[0]
    path.write_bytes(whole)
    assert store.check().ok


def test_a_cut_and_a_missing_file_are_found(store: Store) -> None:
    path = store.files(BARS)[0]
    path.write_bytes(path.read_bytes()[:-1])
    assert "bytes, the manifest says" in report(store).damage[0]
    path.unlink()
    assert "cannot be read" in report(store).damage[0]


def test_a_spoilt_manifest_is_found_and_the_rest_still_checked(store: Store) -> None:
    (store.path / BARS / "manifest.json").write_text("{")
    assert "manifest.json` is damaged" in report(store).damage[0]
    assert report(store, "markets_calendar").rows == 14


def test_sessions_without_rows_are_gaps_but_a_complete_unit_is_none(store: Store) -> None:
    rows = [bar(SESSIONS[0]), bar(SESSIONS[4])]
    with store.writing() as w:
        w.append("markets_breakdown", rows)
        w.append("markets_breakdown", [], unit="2024-05-10")
    found = report(store, "markets_breakdown")
    assert found.gaps == ("2024-05-13", "2024-05-14")
    assert (found.units, found.empty_units) == (1, 1)
    assert "2 sessions are missing: 2024-05-13, 2024-05-14" in remarks(found)[0]


def test_what_trades_on_a_holiday_is_dated_with_the_next_session(store: Store) -> None:
    """The 11th is one on which derivatives trade: nothing is missing; the 10th, a session, is."""
    name = "derivatives_bars_daily_futures"
    contract = {"Code": "169090005", "EmMrgnTrgDiv": "002"}
    with store.writing() as w:
        w.append(name, [{"Date": day, **contract} for day in ("2024-05-09", "2024-05-13")])
    assert report(store, name).gaps == ("2024-05-10",)


def test_without_a_calendar_gaps_are_not_judged(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-09"), bar("2024-06-09")])
    assert not store.check().calendar
    assert report(store).gaps == ()


def test_versions_are_counted(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar(SESSIONS[0], C=5.0)])
    assert (report(store).rows, report(store).records) == (6, 5)


def test_changes_of_the_schema_are_told(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-16", New="x", O=1.0)])
        w.append(BARS, [{"Date": "2024-05-17", "Code": "13010", "C": "none", "Vo": "-"}])
    found = report(store)
    assert list(found.new_columns) == ["New"]
    assert set(found.gone_columns) == {"New", "O"}
    assert found.unreadable == {"C": 1}
    text = "\n".join(remarks(found))
    assert "unknown column New, kept as text" in text
    assert "newest records do not have O, New" in text
    assert "1 cells of C are unreadable" in text


def test_records_that_were_parsed_before_tell_what_they_lack(store: Store) -> None:
    from jqfast.data.tables import parse_records, table

    with store.writing() as w:
        w.append(BARS, parse_records(table(BARS), [bar("2024-05-16")])[0])
    assert report(store).gone_columns == {}


def test_the_command_prints_a_table_and_fails_on_damage(store: Store) -> None:
    run = CliRunner().invoke
    good = run(app, ["store", "check", str(store.path)])
    assert good.exit_code == 0, good.output
    assert BARS in good.stdout
    assert "The store is whole." in good.stdout
    told = json.loads(run(app, ["store", "check", str(store.path), "--json"]).stdout)
    assert told["ok"]
    assert {each["name"] for each in told["tables"]} == {BARS, "markets_calendar"}
    store.files(BARS)[0].write_bytes(b"spoilt")
    bad = run(app, ["store", "check", str(store.path)])
    assert bad.exit_code == 1
    assert "damage: " in bad.stdout
    assert not json.loads(run(app, ["store", "check", str(store.path), "--json"]).stdout)["ok"]


def test_the_command_needs_a_store(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["store", "check", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "There is no store at" in result.stderr


def test_the_command_merges_files(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-16")])
    result = CliRunner().invoke(app, ["store", "compact", str(store.path)])
    assert "1 files fewer." in result.stdout
