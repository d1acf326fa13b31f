"""The store: appended rows come back, once, in order, whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jqfast.data.store import Store
from jqfast.data.store.compact import CROWD
from jqfast.errors import DataGapError

BARS = "equities_bars_daily"


def bar(day: str, code: str = "13010", **values: Any) -> dict[str, Any]:
    return {"Date": day, "Code": code, "O": 100.0, "C": 101.0, "AdjFactor": 1.0, **values}


def days(start: str, count: int) -> list[str]:
    return [str(np.datetime64(start) + i) for i in range(count)]


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
    assert store.tables() == (BARS,)


def test_a_table_that_is_not_there_is_empty(store: Store) -> None:
    assert store.read(BARS).num_rows == 0
    assert store.done(BARS) == set()
    assert store.files(BARS) == []


def test_a_unit_without_rows_is_complete(store: Store) -> None:
    with store.writing() as w:
        w.append("markets_short_ratio", [], unit="2020-10-01")
        assert w.done("markets_short_ratio") == {"2020-10-01"}
    assert Store(store.path).done("markets_short_ratio") == {"2020-10-01"}


def test_notes_are_kept_with_the_rows(store: Store) -> None:
    with store.writing() as w:
        w.append("td_list", [], notes={"cursor": "a", "day": "1"})
        w.append("td_list", [], notes={"cursor": "b"})
        assert w.notes("td_list") == {"cursor": "b", "day": "1"}
    assert store.notes("td_list") == {"cursor": "b", "day": "1"}


def test_files_are_named_by_their_content_and_split_by_year(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2023-05-10"), bar("2024-05-10")])
    names = [str(path.relative_to(store.path)) for path in store.files(BARS)]
    assert [name.split("/")[1] for name in names] == ["year=2023", "year=2024"]
    manifest = json.loads((store.path / BARS / "manifest.json").read_text())
    for part in manifest["parts"]:
        assert part["file"].endswith(f"part-{part['sha256'][:20]}.parquet")


def test_days_and_columns_choose_what_is_read(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar(day, C=float(i)) for i, day in enumerate(days("2023-12-25", 20))])
        w.append(BARS, [bar(day, "99990") for day in days("2024-01-01", 3)])
    rows = store.read(BARS, columns=["C", "Code"], start="2023-12-30", end=dt.date(2024, 1, 2))
    assert rows.schema.names == ["C", "Code"]
    assert rows["C"].to_pylist() == [5.0, 6.0, 7.0, 101.0, 8.0, 101.0]
    assert store.read(BARS, start=np.datetime64("2024-01-13")).num_rows == 1
    assert store.read(BARS, end="2023-01-01").num_rows == 0


def test_files_outside_the_days_are_not_opened(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2023-05-10"), bar("2024-05-10")])
    store.files(BARS)[0].write_bytes(b"spoilt")
    assert store.read(BARS, start="2024-01-01").num_rows == 1
    with pytest.raises(DataGapError, match=r"part-.* is damaged.*jqfast store check"):
        store.read(BARS)


def test_rows_without_a_day_have_a_place(store: Store) -> None:
    undecided = {"Date": "", "Code": "13010", "FY": "3月31日", "FQ": "通期"}
    with store.writing() as w:
        assert w.append("equities_earnings_calendar", [undecided]).added == 1
        assert w.append("equities_earnings_calendar", [undecided]).added == 0
        w.append("equities_earnings_calendar", [{**undecided, "Date": "2024-05-10"}])
    rows = store.read("equities_earnings_calendar")
    assert rows["Date"].to_pylist() == [None, dt.date(2024, 5, 10)]
    assert store.read("equities_earnings_calendar", start="2000-01-01").num_rows == 1


def test_unknown_columns_are_kept_and_told_once(store: Store) -> None:
    with store.writing() as w:
        assert w.append(BARS, [bar("2024-05-09")]).new_columns == ()
        assert w.append(BARS, [bar("2024-05-10", New=7)]).new_columns == ("New",)
        assert w.append(BARS, [bar("2024-05-11", New="x")]).new_columns == ()
    assert store.read(BARS)["New"].to_pylist() == [None, "7", "x"]
    assert store.read(BARS, columns=["New"], start="2024-05-10")["New"].to_pylist() == ["7", "x"]
    with store.writing() as w:
        w.compact(BARS)
    assert store.read(BARS)["New"].to_pylist() == [None, "7", "x"]


def test_true_availability_is_kept_but_read_only_when_asked_for(store: Store) -> None:
    when = dt.datetime(2024, 5, 10, 6, 30, tzinfo=dt.UTC)
    with store.writing() as w:
        w.append(BARS, pa.table({"Date": ["2024-05-10"], "Code": ["13010"], "true_available_at": [when]}))
    assert "true_available_at" not in store.read(BARS).schema.names
    assert store.read(BARS, columns=["true_available_at"])["true_available_at"].to_pylist() == [when]


def test_many_small_files_become_few_and_nothing_else_changes(store: Store) -> None:
    with store.writing() as w:
        for i, day in enumerate(days("2024-01-01", CROWD + 3)):
            w.append(BARS, [bar(day, C=float(i))], unit=day)
        assert 3 < len(w.manifest(BARS).parts) < CROWD
        before = store.read(BARS, versions="all")
    assert before["C"].to_pylist() == [float(i) for i in range(CROWD + 3)]
    assert len(store.files(BARS)) == 1  # the writer tidied up
    assert {*(store.path / BARS).rglob("*.parquet")} == {*store.files(BARS)}
    assert store.read(BARS, versions="all").equals(before)
    assert len(store.done(BARS)) == CROWD + 3


def test_merging_when_asked_to_takes_any_two_files_of_a_year(store: Store) -> None:
    with store.writing() as w:
        for day in ("2023-05-09", "2024-05-09", "2024-05-10"):
            w.append(BARS, [bar(day)])
    before = store.read(BARS, versions="all")
    assert len(store.files(BARS)) == 3
    assert store.compact() == 1
    assert store.compact() == 0
    assert store.read(BARS, versions="all").equals(before)


def test_a_reader_starts_again_when_its_file_was_replaced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.writing() as w:
        for day in days("2024-01-01", 3):
            w.append(BARS, [bar(day)])
    from jqfast.data.store import reader

    honest, calls = reader.read_manifest, []

    def late(folder: Path) -> Any:
        manifest = honest(folder)
        if not calls:
            calls.append(1)
            store.compact()  # between the manifest and its files
        return manifest

    monkeypatch.setattr(reader, "read_manifest", late)
    assert store.read(BARS).num_rows == 3
    assert calls


def test_a_named_file_that_is_gone_is_damage(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-01-01")])
    store.files(BARS)[0].unlink()
    with pytest.raises(DataGapError, match="is missing though"):
        store.read(BARS)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 1, "table": "x"}', "\x00"])
def test_a_spoilt_manifest_is_an_error_and_stops_the_writer(store: Store, text: str) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-01-01")])
    files = store.files(BARS)
    (store.path / BARS / "manifest.json").write_text(text)
    with pytest.raises(DataGapError, match=r"manifest.json` is damaged"):
        store.read(BARS)
    with pytest.raises(DataGapError, match=r"manifest.json` is damaged"), store.writing():
        pass
    (store.path / BARS / "manifest.json").unlink()
    with pytest.raises(DataGapError, match="it is missing, though"), store.writing():
        pass
    assert all(path.exists() for path in files)


def test_a_manifest_of_the_future_is_not_touched(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-01-01")])
    path = store.path / BARS / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    with pytest.raises(DataGapError, match="newer jqfast"):
        store.read(BARS)


def test_what_a_killed_writer_left_is_deleted_by_the_next(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-01-01")])
    home = store.files(BARS)[0].parent
    (home / ".part-x.partial").write_bytes(b"half")
    (home / "part-0.parquet").write_bytes(b"unnamed")
    (store.path / BARS / ".manifest.json.x.partial").write_bytes(b"half")
    assert store.check().tables[0].leftovers == 3
    assert store.read(BARS).num_rows == 1
    with store.writing():
        pass
    assert store.check().tables[0].leftovers == 0
    assert store.read(BARS).num_rows == 1


def test_one_writer_at_a_time(store: Store) -> None:
    code = f"from jqfast.data.store import Store\nwith Store({str(store.path)!r}).writing(): pass"
    command = [sys.executable, "-P", "-c", code]
    with store.writing():
        with (
            pytest.raises(ValueError, match=r"is being written by process \d+ .*reading is possible"),
            store.writing(),
        ):
            pass
        second = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "is being written by process" in second.stderr
    with store.writing(wait=5):
        pass


def test_a_writer_ends_with_its_block(store: Store) -> None:
    with store.writing() as w:
        pass
    with pytest.raises(ValueError, match="writer is closed"):
        w.append(BARS, [bar("2024-01-01")])


def test_a_store_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no store at .*jqfast sync"):
        Store(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="is a file"):
        Store(tmp_path / "file", create=True)


def test_unknown_names_name_the_closest(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-01-01")])
        with pytest.raises(ValueError, match="Did you mean `equities_master`"):
            w.append("equities_mastr", [])
    with pytest.raises(ValueError, match=r"Unknown column of equities_bars_daily `AdjFactr`.*`AdjFactor`"):
        store.read(BARS, columns=["AdjFactr"])
    with pytest.raises(ValueError, match="must be days"):
        store.read(BARS, start="soon")
    with pytest.raises(ValueError, match="`as_of` must be a time with its zone"):
        store.read(BARS, as_of=dt.datetime(2024, 1, 1))
    with pytest.raises(ValueError, match="latest"):
        store.read(BARS, versions="newest")  # type: ignore[arg-type]  # wrong on purpose


def test_rows_from_an_iterator_are_one_append(store: Store) -> None:
    parts = (pa.table({"Date": [day], "Code": ["13010"]}) for day in days("2023-12-30", 5))
    with store.writing() as w:
        done = w.append(BARS, parts, unit="file")
    assert (done.rows, done.added) == (5, 5)
    assert store.read(BARS).num_rows == 5


def test_an_iterator_that_fails_leaves_nothing(store: Store) -> None:
    def broken() -> Any:
        yield pa.table({"Date": ["2024-01-01"], "Code": ["13010"]})
        raise EOFError("cut")

    with store.writing() as w:
        with pytest.raises(EOFError):
            w.append(BARS, broken(), unit="file")
        assert w.done(BARS) == set()
    assert store.read(BARS).num_rows == 0
    assert not list(store.path.rglob("*.parquet"))


def test_text_as_dictionaries_is_the_same_text(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2023-05-09"), bar("2024-05-09", "72030", New="x"), bar("2024-05-10")])
        w.append(BARS, [bar("2024-05-10", "99990"), bar("2024-05-09", "72030", C=3.0)])
    coded = pa.dictionary(pa.int32(), pa.string())
    every: list[dict[str, Any]] = [
        {},
        {"versions": "all"},
        {"start": "2024-05-10"},
        {"columns": ["Code", "C"]},
    ]
    for options in every:
        plain, rows = store.read(BARS, **options), store.read_coded(BARS, **options)
        assert rows.schema.field("Code").type == coded
        assert rows.schema.names == plain.schema.names
        for name in plain.schema.names:
            assert rows[name].to_pylist() == plain[name].to_pylist()


@pytest.mark.parametrize("coded", [False, True])
def test_a_file_from_before_a_column_was_declared(store: Store, coded: bool) -> None:
    with store.writing() as w:
        w.append(BARS, [bar("2024-05-09"), bar("2024-05-11")])
    path = store.files(BARS)[0]
    pq.write_table(pq.ParquetFile(path).read().drop_columns(["ExRT", "MktCap"]), path)
    for options in ({}, {"start": "2024-05-10"}, {"start": "2024-05-10", "end": "2024-05-10"}):
        rows = (store.read_coded if coded else store.read)(
            BARS, columns=["Code", "ExRT", "MktCap"], **options
        )
        assert rows["ExRT"].null_count == rows["MktCap"].null_count == rows.num_rows
    assert rows.num_rows == 0


def test_a_large_table_is_stored_year_by_year(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from jqfast.data.store import stage

    monkeypatch.setattr(stage, "_LARGE", 10)
    dates = np.array(days("2020-12-01", 800), "datetime64[D]")
    rng = np.random.default_rng(1)
    table = pa.table({"Date": np.repeat(dates, 2), "Code": ["13010", "72030"] * 800, "C": np.arange(1600.0)})
    with store.writing() as w:
        assert w.append(BARS, table).added == 1600
        assert w.append(BARS, table.take(rng.permutation(1600))).added == 0
    assert len(store.files(BARS)) == 4
    assert store.read(BARS)["C"].to_pylist() == list(range(1600))
