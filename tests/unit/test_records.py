"""Records of the API as typed tables: what is unknown, missing or unreadable is kept and told."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from jqfast.data.schemas.base import RAW
from jqfast.data.tables import TABLES, parse_records, table
from jqfast.errors import DataGapError

DIVIDEND = table("fins_dividend")
BARS = table("equities_bars_daily")
NOTICE = {
    "PubDate": "2026-05-12",
    "PubTime": "15:30",
    "Code": "99010",
    "RefNo": "A1",
    "StatCode": "1",
}


def bar(**values: Any) -> dict[str, Any]:
    return {"Date": "2026-10-01", "Code": "99010", "O": 1201.0, "UL": "0", "Vo": 152300.0, **values}


def test_columns_are_the_declared_ones_in_order() -> None:
    rows, report = parse_records(BARS, [bar()])
    assert rows.schema.names == [*BARS.names, RAW]
    assert rows["O"].to_pylist() == [1201.0]
    assert rows["UL"].to_pylist() == [False]
    assert "AdjC" in report.missing
    assert "O" not in report.missing
    assert report.clean


def test_a_mark_is_missing_and_its_text_is_in_the_row() -> None:
    rows, report = parse_records(DIVIDEND, [{**NOTICE, "DivRate": 17.0}, {**NOTICE, "DivRate": "-"}])
    assert rows["DivRate"].to_pylist() == [17.0, None]
    assert rows[RAW].to_pylist() == [None, '{"DivRate":"-"}']
    assert report.marks == {"DivRate": 1}
    assert report.clean


def test_an_unreadable_cell_is_null_its_text_is_in_the_row_and_told() -> None:
    rows, report = parse_records(BARS, [bar(), bar(O="twelve", C={"v": 1})])
    assert rows["O"].to_pylist() == [1201.0, None]
    assert json.loads(rows[RAW].to_pylist()[1]) == {"O": "twelve", "C": '{"v":1}'}
    assert report.unreadable == {"O": 1, "C": 1}
    assert report.examples["O"] == ((1, "twelve"),)
    assert not report.clean
    assert "row 2: 'twelve'" in str(report)


def test_a_column_of_which_nothing_can_be_read_has_changed_its_type() -> None:
    report = parse_records(BARS, [bar(Vo="many"), bar(Vo="few")])[1]
    assert report.changed == ("Vo",)
    assert "has changed its type" in str(report)


def test_unknown_columns_are_kept_as_text() -> None:
    rows, report = parse_records(BARS, [bar(New=1.5), bar(New=None, year=2026)])
    assert report.unknown == ("New", "year_")
    assert rows["New"].to_pylist() == ["1.5", None]
    assert rows["year_"].to_pylist() == [None, "2026"]
    assert "New" in str(report)


def test_a_key_that_is_gone_is_an_error() -> None:
    with pytest.raises(DataGapError, match=r"daily needs the columns Code .* Nothing was written"):
        parse_records(BARS, [{"Date": "2026-10-01", "O": 1.0}])


def test_nothing_is_a_table_too() -> None:
    rows, report = parse_records(BARS, [])
    assert rows.num_rows == 0
    assert rows.schema.names == [*BARS.names, RAW]
    assert report.missing == ()


@pytest.mark.parametrize(
    "given",
    [
        [bar(), bar(Code="130A0")],
        {"Date": ["2026-10-01"] * 2, "Code": np.array(["99010", "130A0"]), "O": np.array([1201.0, 1201.0])},
        pa.table({"Date": ["2026-10-01"] * 2, "Code": ["99010", "130A0"], "O": ["1201", "1201.0"]}),
        pd.DataFrame([bar(), bar(Code="130A0")]),
        pl.DataFrame([bar(), bar(Code="130A0")]),
    ],
    ids=["records", "columns", "arrow", "pandas", "polars"],
)
def test_every_kind_of_table_is_understood(given: Any) -> None:
    rows = parse_records(BARS, given)[0]
    assert rows["Code"].to_pylist() == ["99010", "130A0"]
    assert rows["O"].to_pylist() == [1201.0, 1201.0]
    assert rows["Date"].type == pa.date32()


@pytest.mark.parametrize("given", [3, "text", [1, 2], ["<html>"]])
def test_what_is_no_table_is_an_error(given: Any) -> None:
    with pytest.raises(TypeError, match="must be a"):
        parse_records(BARS, given)


def test_parsing_twice_is_parsing_once() -> None:
    once, first = parse_records(DIVIDEND, [{**NOTICE, "DivRate": "-", "Odd": "x", "PayDate": "?"}])
    twice, second = parse_records(DIVIDEND, once)
    assert twice.equals(once, check_metadata=True)
    assert second.missing == first.missing


@pytest.mark.parametrize("about", TABLES.values(), ids=lambda about: about.name)
def test_an_empty_cell_in_every_column_is_null(about: Any) -> None:
    rows, report = parse_records(about, [dict.fromkeys(about.names, "")])
    assert report.clean
    assert all(rows[name].null_count == 1 for name in about.names)


def test_reports_add_up() -> None:
    a = parse_records(BARS, [bar(New=1)])[1]
    b = parse_records(BARS, [bar(O="x", C=1.0)])[1]
    both = a | b
    assert both.rows == 2
    assert both.unknown == ("New",)
    assert both.unreadable == {"O": 1}
    assert "C" not in both.missing
    assert "H" in both.missing
