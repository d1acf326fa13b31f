"""Cells of any spelling become cells of the declared type, and nothing is lost on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from jqfast.data.cells import parse_column
from jqfast.data.schemas.base import Dtype, Field


def parse(dtype: Dtype, values: Any, **options: Any) -> tuple[list[Any], dict[int, str], dict[int, str]]:
    cells = parse_column(Field("x", dtype, "", "", **options), values)
    assert cells.values.type == Field("x", dtype, "", "").type
    return cells.values.to_pylist(), cells.marks, cells.unreadable


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        (1.5, 1.5),
        (3, 3.0),
        ("100529000000", 100529000000.0),
        ("68533000000.0", 68533000000.0),
        ("0.004", 0.004),
        ("-1.5e3", -1500.0),
        ("1,234,567.5", 1234567.5),
        ("１２３．５", 123.5),
        (" 7 ", 7.0),
        (".5", 0.5),
        ("", None),
        (None, None),
        ("NaN", None),
        (float("nan"), None),
        ("null", None),
    ],
)
def test_numbers_in_every_spelling(cell: object, number: float | None) -> None:
    assert parse("float", [cell, "1"]) == ([number, 1.0], {}, {})
    assert parse("float", [cell])[0] == [number]


@pytest.mark.parametrize("cell", ["n/a", "1,23", "12円", "inf", "-Infinity", "0x10", "1 2", "true"])
def test_text_that_is_no_number_is_kept(cell: str) -> None:
    assert parse("float", ["1", cell, "2"]) == ([1.0, None, 2.0], {}, {1: cell})


@pytest.mark.parametrize("cell", [float("inf"), True, {"a": 1}, [1]])
def test_values_that_are_no_numbers_are_kept_as_text(cell: object) -> None:
    values, marks, unreadable = parse("float", ["1", cell])
    assert values == [1.0, None]
    assert not marks
    assert list(unreadable) == [1]


def test_infinity_of_an_array_is_kept_as_text() -> None:
    assert parse("float", np.array([1.0, np.inf])) == ([1.0, None], {}, {1: "inf"})


@pytest.mark.parametrize("dtype", ["float", "int", "date", "bool"])
@pytest.mark.parametrize("mark", ["-", "*", "－", "＊"])
def test_marks_are_missing_and_remembered(dtype: Dtype, mark: str) -> None:
    assert parse(dtype, ["", mark]) == ([None, None], {1: mark}, {})


def test_a_mark_is_a_text_like_any_other_in_a_column_of_text() -> None:
    assert parse("str", ["-", ""]) == (["-", None], {}, {})


@pytest.mark.parametrize(
    "cell",
    [
        "2024-05-10",
        "20240510",
        "2024/5/10",
        "２０２４-０５-１０",
        dt.date(2024, 5, 10),
        "2024-05-10 00:00:00",
    ],
)
def test_days_in_every_spelling(cell: object) -> None:
    assert parse("date", [cell, None])[0] == [dt.date(2024, 5, 10), None]


@pytest.mark.parametrize("cell", ["2024-02-30", "45000", "soon", "2024-13-01"])
def test_text_that_is_no_day_is_kept(cell: str) -> None:
    assert parse("date", [cell, "2024-05-10"]) == ([None, dt.date(2024, 5, 10)], {}, {0: cell})


def test_days_of_arrays() -> None:
    days = np.array(["2024-05-10", "NaT"], "datetime64[D]")
    assert parse("date", days)[0] == [dt.date(2024, 5, 10), None]
    assert parse("date", pd.Series(pd.to_datetime(["2024-05-10", None])))[0] == [dt.date(2024, 5, 10), None]
    assert parse("date", [20240510])[0] == [dt.date(2024, 5, 10)]


@pytest.mark.parametrize("cell", [True, 1, 1.0, "1", "true", "True", "TRUE", "yes"])
def test_flags_that_are_up(cell: object) -> None:
    assert parse("bool", [cell, None])[0] == [True, None]


@pytest.mark.parametrize("cell", [False, 0, 0.0, "0", "false", "False", "no"])
def test_flags_that_are_down(cell: object) -> None:
    assert parse("bool", [cell, ""])[0] == [False, None]


def test_a_flag_of_a_third_kind_is_kept() -> None:
    assert parse("bool", ["1", "2"]) == ([True, None], {}, {1: "2"})


@pytest.mark.parametrize("cell", [72030, 72030.0, "72030", "7203", 7203, 7203.0, " 72030 "])
def test_stock_codes(cell: object) -> None:
    assert parse("str", [cell], width=5)[0] == ["72030"]


def test_stock_codes_with_letters() -> None:
    assert parse("str", ["130A", "130A0", "25935", ""], width=5)[0] == ["130A0", "130A0", "25935", None]


def test_codes_get_their_zeros_back() -> None:
    assert parse("str", ["50", 50, 50.0, "004A", "9999", "-"], width=4)[0] == [
        *("0050", "0050", "0050", "004A", "9999", "-"),
    ]


def test_codes_of_dictionaries_and_numpy_text() -> None:
    coded = pa.array(["72030", "13010", "72030"]).dictionary_encode()
    assert parse("str", coded, width=5)[0] == ["72030", "13010", "72030"]
    assert parse("str", np.array(["7203", "13010"]), width=5)[0] == ["72030", "13010"]


def test_times_stay_as_they_are() -> None:
    assert parse("time", ["15:30:00", "15:30", ""])[0] == ["15:30:00", "15:30", None]


def test_nested_values_are_json_with_sorted_keys() -> None:
    nested = {"Restricted": "0", "Daily": "1"}
    text = '{"Daily":"1","Restricted":"0"}'
    assert parse("json", [nested, None, [1, "架空"]])[0] == [text, None, '[1,"架空"]']
    # The bulk files spell them as Python does.
    assert parse("json", [str(nested), '{"Restricted": "0", "Daily": "1"}', ""])[0] == [text, text, None]


def test_nested_text_that_is_neither_is_kept() -> None:
    assert parse("json", ["{broken"]) == ([None], {}, {0: "{broken"})


def test_whole_numbers() -> None:
    assert parse("int", ["1", 2, "3.0", ""])[0] == [1, 2, 3, None]
    assert parse("int", ["1.5"]) == ([None], {}, {0: "1.5"})


def test_time_stamps_are_in_utc() -> None:
    aware = dt.datetime(2024, 5, 10, 15, 30, tzinfo=dt.timezone(dt.timedelta(hours=9)))
    utc = dt.datetime(2024, 5, 10, 6, 30, tzinfo=dt.UTC)
    assert parse("timestamp", [aware])[0] == [utc]
    assert parse("timestamp", [aware.isoformat(), "2024-05-10T06:30:00"])[0] == [utc, utc]
    assert parse("timestamp", np.array(["2024-05-10T06:30"], "datetime64[us]"))[0] == [utc]


@pytest.mark.parametrize("dtype", ["float", "int", "bool", "date", "str", "time", "json", "timestamp"])
def test_empty_columns(dtype: Dtype) -> None:
    assert parse(dtype, []) == ([], {}, {})
    assert parse(dtype, [None, None]) == ([None, None], {}, {})
    assert parse(dtype, ["", ""]) == ([None, None], {}, {})
