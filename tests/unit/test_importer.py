"""Bulk files and the client's files into a store: recognised, whole or refused, once."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from jqfast.cli import app
from jqfast.data.importer import import_files, recognise
from jqfast.data.store import Store
from jqfast.data.tables import TABLES
from jqfast.errors import DataGapError

BARS = "equities_bars_daily"
BULK = """Date,Code,O,H,L,C,UL,LL,Vo,Va,AdjFactor,MktCap,ExRT
2024-05-09,13010,100.0,101.0,99.0,100.5,0,0,1500.0,150000.0,1.0,5000.0,
2024-05-09,130A0,,,,,0,0,,,1.0,,
2024-05-10,13010,101.0,102.0,100.0,101.5,1,0,2500.0,250000.0,0.5,5050.0,1
"""
ALERT = """PubDate,Code,AppDate,PubReason,ShrtOut,ShrtOutChg,ShrtOutRatio,LongOut,TSEMrgnRegCls
2024-05-10,13010,2024-05-09,"{'Restricted': '0', 'Monitoring': '1'}",1100.0,-,*,67600.0,002
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", create=True)


def bulk(folder: Path, text: str = BULK, name: str = "equities_bars_daily_202405.csv.gz") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_a_bulk_file(store: Store, tmp_path: Path) -> None:
    done = import_files(store, [bulk(tmp_path)])[0]
    assert (done.table, done.rows, done.added, done.skipped) == (BARS, 3, 3, False)
    rows = store.read(BARS, columns=["Date", "Code", "C", "UL", "AdjFactor", "ExRT"]).to_pylist()
    assert rows[0] == {
        "Date": dt.date(2024, 5, 9),
        "Code": "13010",
        "C": 100.5,
        "UL": False,
        "AdjFactor": 1.0,
        "ExRT": None,
    }
    assert [row["Code"] for row in rows] == ["13010", "130A0", "13010"]
    assert rows[1]["C"] is None
    assert (rows[2]["UL"], rows[2]["AdjFactor"], rows[2]["ExRT"]) == (True, 0.5, "1")


def test_the_same_file_again_is_skipped_and_its_rows_in_another_are_nothing_new(
    store: Store, tmp_path: Path
) -> None:
    path = bulk(tmp_path)
    import_files(store, [path])
    assert import_files(store, [path, path])[0].skipped
    plain = bulk(tmp_path, BULK, "equities_bars_daily_20240510.csv")
    done = import_files(store, [plain])[0]
    assert (done.rows, done.added) == (3, 0)
    assert store.read(BARS, versions="all").num_rows == 3


def test_rows_are_dated_by_the_file_so_that_an_old_one_displaces_nothing(
    store: Store, tmp_path: Path
) -> None:
    with store.writing() as w:
        w.append(BARS, [{"Date": "2024-05-09", "Code": "13010", "C": 999.0}])
    path = bulk(tmp_path)
    os.utime(path, (1_715_400_000, 1_715_400_000))
    assert import_files(store, [path])[0].added == 3
    assert store.read(BARS)["C"].to_pylist() == [999.0, None, 101.5]


def test_nested_cells_marks_and_codes_with_zeros(store: Store, tmp_path: Path) -> None:
    import_files(store, [bulk(tmp_path, ALERT, "markets_margin_alert_202405.csv.gz")])
    row = store.read("markets_margin_alert", versions="all").to_pylist()[0]
    assert json.loads(row["PubReason"]) == {"Restricted": "0", "Monitoring": "1"}
    assert row["ShrtOutChg"] is None
    assert json.loads(row["_raw"]) == {"ShrtOutChg": "-", "ShrtOutRatio": "*"}
    assert row["TSEMrgnRegCls"] == "002"


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.98])
def test_a_cut_gzip_is_refused_and_nothing_is_written(store: Store, tmp_path: Path, cut: float) -> None:
    more = "".join(f"2024-05-{i:02d},72030,1,1,1,1,0,0,1,1,1,1,\n" for i in range(1, 29))
    path = bulk(tmp_path, BULK + more)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * cut)])
    with pytest.raises(DataGapError, match=r"202405.csv.gz` is cut off or damaged .* Download it again"):
        import_files(store, [path])
    assert store.tables() == ()


@pytest.mark.parametrize("text", ["", "<html>no</html>", "Date,Code\n2024-05-09\n"])
def test_a_file_that_is_no_table_is_refused(store: Store, tmp_path: Path, text: str) -> None:
    with pytest.raises((DataGapError, ValueError), match=r"is cut off or damaged|is of no known table"):
        import_files(store, [bulk(tmp_path, text)])
    assert store.tables() == ()


def test_a_cut_parquet_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "bars.parquet"
    pq.write_table(pa.table({"Date": ["2024-05-09"], "Code": ["13010"], "C": [1.0]}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataGapError, match=r"bars.parquet` is cut off or damaged"):
        import_files(store, [path])


def test_the_clients_parquet_under_any_name(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    columns = {"Date": ["2024-05-09"], "Code": ["13010"], "O": [1.0], "H": [1.0], "L": [1.0], "C": [1.0]}
    pq.write_table(pa.table({**columns, "Vo": [100.0], "AdjFactor": [1.0], "UL": ["0"]}), path)
    assert import_files(store, [path])[0].table == BARS


def test_codes_that_became_numbers_in_the_clients_parquet(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "markets_short_ratio.parquet"
    pq.write_table(pa.table({"Date": ["2024-05-09"], "S33": [50], "SellExShortVa": [1]}), path)
    import_files(store, [path])
    assert store.read("markets_short_ratio")["S33"].to_pylist() == ["0050"]


@pytest.mark.parametrize("about", TABLES.values(), ids=lambda about: about.name)
def test_every_table_is_recognised_by_its_columns_and_by_its_name(about: TABLES[BARS].__class__) -> None:
    found = recognise(Path("data.csv"), about.names)
    # The columns of the morning table are those of the daily bars; only a name can tell them apart.
    assert found.name == about.name or set(found.names) >= set(about.names)
    assert recognise(Path(f"{about.name}_202405.csv.gz"), about.names) is about


def test_a_name_that_contradicts_the_columns_does_not_count() -> None:
    about = TABLES["fins_dividend"]
    assert recognise(Path("equities_bars_daily_202405.csv"), about.names) is about


def test_new_columns_do_not_hide_the_table() -> None:
    columns = ("Date", "Code", "O", "H", "L", "C", "Vo", "Va", "AdjFactor", "Brand", "New")
    assert recognise(Path("x.csv"), columns).name == BARS


def test_a_file_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no file"):
        import_files(store, [tmp_path / "none.csv"])


def test_the_command_makes_the_store_and_tells(tmp_path: Path) -> None:
    files = [
        bulk(tmp_path),
        bulk(tmp_path, BULK.replace("MktCap", "Odd").replace("2024", "2023"), "bars.csv"),
    ]
    arguments = ["import", "--store", str(tmp_path / "jq"), *map(str, files)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "equities_bars_daily, 3 rows, 3 new" in result.stdout
    assert "unknown columns kept as text: Odd" in result.stdout
    assert "imported before" in CliRunner().invoke(app, arguments).stdout
    assert Store(tmp_path / "jq").read(BARS).num_rows == 6


def test_the_command_says_what_to_do_about_a_cut_file(tmp_path: Path) -> None:
    path = bulk(tmp_path)
    path.write_bytes(path.read_bytes()[:-8])
    result = CliRunner().invoke(app, ["import", "--store", str(tmp_path / "jq"), str(path)])
    assert result.exit_code == 2
    assert "Download it again." in result.stderr
