"""Cells to numbers, dates and codes: every type a column may arrive in."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jqfast.data.parse import codes, dates, day_index, numbers, to_arrow

DAYS = ["2024-01-04", "2024-01-05"]
WANT = np.array(DAYS, "datetime64[D]")

DATE_COLUMNS: dict[str, Any] = {
    "text": DAYS,
    "slashes": ["2024/1/4", "2024/01/05"],
    "dots": ["2024.1.4", "2024.01.05"],
    "wide digits": ["２０２４年１月４日", "２０２４／０１／０５"],
    "weekday": ["2024/1/4(木)", "2024年1月5日（金）"],
    "time of day": ["2024-01-04T15:00", "2024-01-05 15:00:00.000"],
    "digits": ["20240104", "20240105"],
    "whole numbers": np.array([20240104, 20240105]),
    "small whole numbers": np.array([20240104, 20240105], np.uint32),
    "numbers with a point": np.array([20240104.0, 20240105.0]),
    "excel days": np.array([45295, 45296]),
    "excel days as text": ["45295", "45296"],
    "dates": [dt.date(2024, 1, 4), dt.date(2024, 1, 5)],
    "date times": [dt.datetime(2024, 1, 4, 15), dt.datetime(2024, 1, 5)],
    "days": WANT,
    "seconds": WANT.astype("datetime64[s]"),
    "nanoseconds": WANT.astype("datetime64[ns]"),
    "pandas index": pd.DatetimeIndex(DAYS),
    "pandas text": pd.Series(DAYS),
    "pandas category": pd.Series(DAYS, dtype="category"),
    "arrow date64": pa.array([dt.date(2024, 1, 4), dt.date(2024, 1, 5)], pa.date64()),
    "arrow string view": pa.array(DAYS, pa.string_view()),
    "arrow large string": pa.array(DAYS, pa.large_string()),
    "arrow chunks": pa.chunked_array([DAYS[:1], DAYS[1:]]),
}


@pytest.mark.parametrize("kind", DATE_COLUMNS)
def test_dates(kind: str) -> None:
    got = dates(to_arrow(DATE_COLUMNS[kind]))
    assert got.dtype == np.dtype("datetime64[D]")
    np.testing.assert_array_equal(got, WANT)


@pytest.mark.parametrize(
    "value", [1704326400, 1704326400000, 2024, 20241304, 20240230.0, "Jan 4", "24-01-04", "2024-1"]
)
def test_no_dates(value: object) -> None:
    with pytest.raises(ValueError, match="`date` must hold dates such as"):
        dates(to_arrow([value]))


NUMBER_COLUMNS: dict[str, Any] = {
    "floats": [1.5, None, 1234567.0],
    "float32": np.array([1.5, np.nan, 1234567.0], np.float32),
    "text": ["1.5", "", "1234567"],
    "thousands": ["1.5", "-", "1,234,567"],
    "wide digits": ["１．５", "－", "１，２３４，５６７"],
    "blanks": [" 1.5", "  ", "1234567　"],
    "signs and exponents": ["+1.5", "*", "1.234567E6"],
    "decimals": [Decimal("1.5"), None, Decimal(1234567)],
    "objects": np.array([1.5, None, 1234567], object),
    "mixed objects": pd.Series(["1.5", np.nan, 1234567], dtype=object),
    "category": pd.Series(["1.5", None, "1234567"], dtype="category"),
    "nullable": pd.array([1.5, pd.NA, 1234567], dtype="Float64"),
}


@pytest.mark.parametrize("kind", NUMBER_COLUMNS)
def test_numbers(kind: str) -> None:
    got, wrong = numbers(to_arrow(NUMBER_COLUMNS[kind]), "x")
    assert (got.dtype, wrong) == (np.float64, 0)
    np.testing.assert_array_equal(got, [1.5, np.nan, 1234567.0])


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint64, np.int64])
def test_whole_numbers_and_flags(kind: type) -> None:
    got, _ = numbers(to_arrow(np.array([0, 1, 1], kind)), "x")
    assert got.tolist() == [0.0, 1.0, 1.0]


def test_nothing_but_missing() -> None:
    assert np.isnan(numbers(to_arrow([None, None]), "x")[0]).all()


@pytest.mark.parametrize("text", ["1,5", "12,34,567", "1.234.567", "0x10", "1_000", "5%", "¥100", "1 2"])
def test_text_that_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"`x` must hold numbers; 1 cells hold text: row 2: "):
        numbers(to_arrow(["1", text]), "x")
    got, wrong = numbers(to_arrow(["1", text]), "x", null_text=True)
    assert (got[0], np.isnan(got[1]), wrong) == (1.0, True, 1)


CODE_COLUMNS: dict[str, Any] = {
    "text": ["7203", "0130", "7203"],
    "blanks": [" 7203", "0130 ", "7203"],
    "category": pd.Series(["7203", "0130", "7203"], dtype="category"),
    "arrow dictionary chunks": pa.chunked_array(
        [pa.array(["7203"]).dictionary_encode(), pa.array(["0130", "7203"]).dictionary_encode()]
    ),
    "objects": np.array(["7203", "0130", "7203"], object),
}


@pytest.mark.parametrize("kind", CODE_COLUMNS)
def test_codes(kind: str) -> None:
    index, names = codes(to_arrow(CODE_COLUMNS[kind]))
    assert names.tolist() == ["0130", "7203"]
    assert index.tolist() == [1, 0, 1]


def test_day_index_needs_no_order() -> None:
    days = np.array(["2024-01-09", "2024-01-04", "2024-01-09", "1999-12-31"], "datetime64[D]")
    index, distinct = day_index(days)
    assert distinct.astype(str).tolist() == ["1999-12-31", "2024-01-04", "2024-01-09"]
    np.testing.assert_array_equal(distinct[index], days)
