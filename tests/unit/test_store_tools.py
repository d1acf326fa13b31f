"""DuckDB, Polars, pandas and Arrow read the store as it lies, without asking us."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from jqfast.data.store import Store

duckdb = pytest.importorskip("duckdb")

BARS = "equities_bars_daily"
ROWS = [
    {"Date": day, "Code": code, "C": close, "UL": "0"}
    for day, close in (("2023-12-29", 10.0), ("2024-01-04", 11.0), ("2024-01-05", 12.0))
    for code in ("13010", "130A0")
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path, create=True)
    with made.writing() as w:
        w.append(BARS, ROWS[:4])
        w.append(BARS, ROWS[4:])
        w.append("equities_earnings_calendar", [{"Date": "", "Code": "13010", "FY": "x", "FQ": "y"}])
    return made


def test_duckdb_reads_the_folder(store: Store) -> None:
    source = f"read_parquet('{store.path}/{BARS}/**/*.parquet', hive_partitioning=true)"
    query = f"select year, Code, count(*), max(C), max(Date) from {source} group by all order by all"
    rows = [(int(year), code, n, c, str(day)) for year, code, n, c, day in duckdb.sql(query).fetchall()]
    assert rows == [
        (2023, "13010", 1, 10.0, "2023-12-29"),
        (2023, "130A0", 1, 10.0, "2023-12-29"),
        (2024, "13010", 2, 12.0, "2024-01-05"),
        (2024, "130A0", 2, 12.0, "2024-01-05"),
    ]


def test_duckdb_reads_the_files_that_count(store: Store) -> None:
    files = [str(path) for path in store.files(BARS)]
    assert duckdb.read_parquet(files).aggregate("count(*)").fetchall() == [(6,)]


def test_duckdb_reads_files_with_and_without_a_new_column(store: Store) -> None:
    with store.writing() as w:
        w.append(BARS, [{"Date": "2024-01-09", "Code": "13010", "New": "x"}])
    source = f"read_parquet('{store.path}/{BARS}/**/*.parquet', union_by_name=true)"
    assert duckdb.sql(f"select count(*), count(New) from {source}").fetchall() == [(7, 1)]


def test_duckdb_reads_rows_without_a_year(store: Store) -> None:
    source = f"read_parquet('{store.path}/equities_earnings_calendar/**/*.parquet', hive_partitioning=true)"
    assert duckdb.sql(f"select Date, Code from {source}").fetchall() == [(None, "13010")]


def test_polars_reads_the_folder(store: Store) -> None:
    frame = pl.scan_parquet(store.path / BARS / "**/*.parquet", hive_partitioning=True)
    out = frame.filter(pl.col("year") == 2024).select("Code", "C", "UL").sort("C", "Code").collect()
    assert out["C"].to_list() == [11.0, 11.0, 12.0, 12.0]
    assert out["UL"].dtype == pl.Boolean


def test_pandas_and_arrow_read_the_folder(store: Store) -> None:
    frame = pd.read_parquet([str(path) for path in store.files(BARS)])
    assert len(frame) == 6
    dataset = ds.dataset(store.path / BARS, partitioning="hive", exclude_invalid_files=True)
    assert dataset.count_rows() == 6
