"""Every way to hand over the same bars gives the same panel."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jqfast.data import Panel, read_prices

FIELDS = ["open", "high", "low", "close", "volume", "turnover"]


def same(one: Panel, other: Panel) -> int:
    """Assert equal axes and columns bit for bit; the number of cells compared."""
    np.testing.assert_array_equal(one.dates, other.dates)
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.listed, other.listed)
    assert list(one.columns) == list(other.columns)
    for name in one.columns:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    return len(one.columns) * one["close"].size


def as_csv(frame: pd.DataFrame, path: Path, **options: Any) -> Path:
    frame.to_csv(path, index=False, **options)
    return path


def as_gzip(frame: pd.DataFrame, path: Path) -> Path:
    path = path.with_suffix(".csv.gz")
    path.write_bytes(gzip.compress(frame.to_csv(index=False).encode()))
    return path


def as_parquet(frame: pd.DataFrame, path: Path, **options: Any) -> Path:
    path = path.with_suffix(".parquet")
    frame.to_parquet(path, **options)
    return path


def with_commas(frame: pd.DataFrame, path: Path) -> Path:
    text = frame.copy()
    for name in FIELDS:
        text[name] = [f"{x:,}" for x in frame[name]]
    return as_csv(text, path)


def wide(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {name: frame.pivot(index="date", columns="code", values=name) for name in FIELDS}


def wide_levels(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.pivot(index="date", columns="code", values=FIELDS)


class OnlyInterchange:
    """A frame of a library that speaks the interchange protocol and nothing else."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._table = pa.Table.from_pandas(frame, preserve_index=False)

    def __dataframe__(self, nan_as_null: bool = False, allow_copy: bool = True) -> Any:
        return self._table.__dataframe__(nan_as_null, allow_copy)


SOURCES: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "csv": as_csv,
    "csv gzip": as_gzip,
    "csv semicolon": lambda f, p: as_csv(f, p, sep=";"),
    "csv utf-8 mark": lambda f, p: as_csv(f, p, encoding="utf-8-sig"),
    "csv utf-16": lambda f, p: as_csv(f, p, encoding="utf-16", sep="\t"),
    "csv commas in numbers": with_commas,
    "csv text": lambda f, p: as_csv(f, p).read_text(encoding="utf-8"),
    "tsv": lambda f, p: as_csv(f, p.with_suffix(".tsv"), sep="\t"),
    "tsv text": lambda f, p: as_csv(f, p, sep="\t").read_text(encoding="utf-8"),
    "csv slash dates": lambda f, p: as_csv(f, p, date_format="%Y/%m/%d"),
    "csv digit dates": lambda f, p: as_csv(f, p, date_format="%Y%m%d"),
    "csv time stamps": lambda f, p: as_csv(f, p, date_format="%Y-%m-%d 00:00:00"),
    "csv path as text": lambda f, p: str(as_csv(f, p)),
    "parquet": as_parquet,
    "parquet index": lambda f, p: as_parquet(f.set_index(["date", "code"]), p),
    "pandas": lambda f, _: f,
    "pandas shuffled": lambda f, _: f.sample(frac=1, random_state=1),
    "pandas index": lambda f, _: f.set_index(["date", "code"]),
    "pandas code first": lambda f, _: f.set_index(["code", "date"]),
    "pandas category": lambda f, _: f.astype({"code": "category"}),
    "pandas object": lambda f, _: f.astype(object),
    "pandas text": lambda f, _: f.astype(str),
    "pandas days": lambda f, _: f.assign(date=f["date"].dt.date),
    "pandas ns": lambda f, _: f.astype({"date": "datetime64[ns]"}),
    "pandas arrow": lambda f, _: f.convert_dtypes(dtype_backend="pyarrow"),
    "arrow": lambda f, _: pa.Table.from_pandas(f, preserve_index=False),
    "arrow batch": lambda f, _: pa.RecordBatch.from_pandas(f, preserve_index=False),
    "arrow chunks": lambda f, _: pa.concat_tables([pa.Table.from_pandas(g) for g in (f[:9], f[9:])]),
    "arrow dictionary chunks": lambda f, _: pa.concat_tables(
        [pa.Table.from_pandas(g.astype({"code": "category"})) for g in (f[:9], f[9:])], promote_options="none"
    ),
    "polars": lambda f, _: pl.from_pandas(f),
    "interchange": lambda f, _: OnlyInterchange(f),
    "mapping of columns": lambda f, _: {name: f[name].to_numpy() for name in f},
    "mapping of lists": lambda f, _: f.to_dict("list"),
    "wide mapping": lambda f, _: wide(f),
    "wide levels": lambda f, _: wide_levels(f),
    "wide levels swapped": lambda f, _: wide_levels(f).swaplevel(axis=1),
    "wide polars": lambda f, _: {n: pl.from_pandas(w.reset_index()) for n, w in wide(f).items()},
}  # fmt: skip


@pytest.mark.parametrize("kind", SOURCES)
def test_sources_agree(kind: str, bars: pd.DataFrame, tmp_path: Path) -> None:
    got = read_prices(SOURCES[kind](bars, tmp_path / "bars.csv"))
    assert same(got, read_prices(bars)) == 7 * 8 * 3


def test_values_land_where_they_belong(bars: pd.DataFrame) -> None:
    panel = read_prices(bars)
    assert panel.codes.tolist() == ["0130", "285A", "7203"]
    compared = 0
    for row in bars.itertuples():
        t = int(np.searchsorted(panel.dates, np.datetime64(row.date, "D")))
        n = panel.codes.tolist().index(row.code)
        assert [panel[name][t, n] for name in FIELDS] == [getattr(row, name) for name in FIELDS]
        compared += 1
    assert compared == len(bars) == 22
    assert panel.listed.sum() == 22
    assert np.isnan(panel["volume"][:2, 1]).all()


def test_frame_of_one_stock_takes_its_code_from_the_caller(bars: pd.DataFrame) -> None:
    one = bars[bars["code"] == "7203"].drop(columns="code")
    panel = read_prices(one.set_index("date"), code="7203")
    assert panel.codes.tolist() == ["7203"]
    np.testing.assert_array_equal(panel["close"][:, 0], one["close"])


PASTED = {
    "tabs": "2025/09/30\t1898\t1,950\t1890\t1,901.5\t41,000,300\n"
    "2025/09/29\t1801\t1911\t1796\t1898\t50,230,600\n",
    "blanks": "2025/09/30 1898  1,950 1890 1,901.5 41,000,300\r\n2025/09/29 1801 1911 1796 1898 50,230,600",
    "japanese": "日付\t始値\t高値\t安値\t終値\t出来高(株)\n"
    "2025年9月29日(月)\t１８０１\t1911\t1796\t1898\t50,230,600\n"
    "\n2025年9月30日\t1898\t1,950\t1890\t1,901.5\t41,000,300\n",
    "excel days": "45929\t1801\t1911\t1796\t1898\t50230600\n45930\t1898\t1950\t1890\t1901.5\t41000300\n",
}


@pytest.mark.parametrize("kind", PASTED)
def test_pasted_text_of_one_stock(kind: str) -> None:
    panel = read_prices(PASTED[kind], code="4689")
    assert panel.dates.astype(str).tolist() == ["2025-09-29", "2025-09-30"]
    assert panel["open"][:, 0].tolist() == [1801.0, 1898.0]
    assert panel["high"][:, 0].tolist() == [1911.0, 1950.0]
    assert panel["close"][:, 0].tolist() == [1898.0, 1901.5]
    assert panel["volume"][:, 0].tolist() == [50230600.0, 41000300.0]


def test_shift_jis_file_with_japanese_names(bars: pd.DataFrame, tmp_path: Path) -> None:
    japanese = {
        "date": "日付", "code": "銘柄コード", "open": "始値", "high": "高値", "low": "安値", "close": "終値",
        "volume": "出来高", "turnover": "売買代金",
    }  # fmt: skip
    path = tmp_path / "株価.csv"
    bars.assign(会社名="極洋").rename(columns=japanese).to_csv(path, index=False, encoding="cp932")
    assert same(read_prices(path), read_prices(bars)) == 168


def test_whole_number_codes_and_five_characters() -> None:
    bar = {"date": "2024-01-04", "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1}
    frame = pd.DataFrame([bar, bar])
    assert read_prices(frame.assign(code=[1301, 9984])).codes.tolist() == ["1301", "9984"]
    assert read_prices(frame.assign(code=[1301.0, 9984.0])).codes.tolist() == ["1301", "9984"]
    assert read_prices(frame.assign(code=["13010", "00130"])).codes.tolist() == ["00130", "13010"]
    assert read_prices(frame.assign(code=[1301, "285A"])).codes.tolist() == ["1301", "285A"]


def test_source_arrays_are_not_written_to(bars: pd.DataFrame) -> None:
    bars.loc[3, ["open", "high", "low", "close", "volume"]] = 0.0
    before = bars.copy(deep=True)
    matrices = wide(bars)
    kept = {name: frame.copy(deep=True) for name, frame in matrices.items()}
    same(read_prices(matrices), read_prices(bars))
    pd.testing.assert_frame_equal(bars, before)
    for name, frame in matrices.items():
        pd.testing.assert_frame_equal(frame, kept[name])


def test_from_frame_is_read_prices(bars: pd.DataFrame) -> None:
    assert same(Panel.from_frame(bars), read_prices(bars)) == 168
