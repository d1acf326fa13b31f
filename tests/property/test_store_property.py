"""Properties of the store: whatever the order and the cut of appends, the rows are those of a plain model."""

from __future__ import annotations

import datetime as dt
import math
import tempfile
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.data.cells import parse_column
from jqfast.data.schemas.base import Field
from jqfast.data.store import Store
from jqfast.data.store.ranks import groups_of, order_of, row_hashes

BARS = "equities_bars_daily"
DAYS = [dt.date(2023, 12, 29), dt.date(2024, 1, 4), dt.date(2024, 1, 5)]
CODES = ["13010", "130A0", "72030"]

Record = tuple[dt.date, str, float | None]

records = st.lists(
    st.tuples(st.sampled_from(DAYS), st.sampled_from(CODES), st.sampled_from([None, 0.0, 1.0, 2.0])),
    max_size=8,
    unique_by=lambda record: record[:2],
)


def _append(store: Store, batch: list[Record], time: dt.datetime) -> int:
    with store.writing() as w:
        rows = [{"Date": str(day), "Code": code, "C": close} for day, code, close in batch]
        return w.append(BARS, rows, fetched_at=time).added


@settings(max_examples=20)
@given(batches=st.lists(records, max_size=6), merge=st.sets(st.integers(0, 5)))
def test_appends_are_those_of_a_dictionary_of_versions(batches: list[list[Record]], merge: set[int]) -> None:
    model: dict[tuple[dt.date, str], list[tuple[dt.datetime, float | None]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        for i, batch in enumerate(batches):
            time = dt.datetime(2024, 6, 1 + i, tzinfo=dt.UTC)
            expected = 0
            for day, code, close in batch:
                versions = model.setdefault((day, code), [])
                if not versions or versions[-1][1] != close:
                    versions.append((time, close))
                    expected += 1
            assert _append(store, batch, time) == expected
            if i in merge:
                store.compact()
        latest = [(*key, versions[-1][1]) for key, versions in sorted(model.items())]
        assert _rows(store) == latest
        every = [(*key, close) for key, versions in sorted(model.items()) for _, close in versions]
        assert _rows(store, versions="all") == every
        middle = dt.datetime(2024, 6, 3, 12, tzinfo=dt.UTC)
        known = [
            (*key, ([close for time, close in versions if time <= middle] or [versions[0][1]])[-1])
            for key, versions in sorted(model.items())
        ]
        assert _rows(store, as_of=middle) == known
        assert _rows(store, start="2024-01-01", end="2024-01-04") == [
            row for row in latest if row[0] == dt.date(2024, 1, 4)
        ]
        assert store.check().ok


def _rows(store: Store, **options: Any) -> list[tuple[Any, ...]]:
    table = store.read(BARS, columns=["Date", "Code", "C"], **options)
    return [tuple(row.values()) for row in table.to_pylist()]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-(2**53), 2**53)), max_size=12))
def test_numbers_survive_every_spelling(numbers: list[float | None]) -> None:
    field = Field("x", "float", "", "")
    finite = [None if x is None or not math.isfinite(x) else float(x) for x in numbers]
    assert parse_column(field, numbers).values.to_pylist() == finite
    spelt = [None if x is None else repr(x) for x in finite]
    assert parse_column(field, spelt).values.to_pylist() == finite
    mixed = [x if i % 2 else text for i, (x, text) in enumerate(zip(finite, spelt, strict=True))]
    assert parse_column(field, mixed).values.to_pylist() == finite


@settings(max_examples=50)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6)), max_size=10))
def test_text_in_a_column_of_numbers_is_never_lost(cells: list[str | None]) -> None:
    parsed = parse_column(Field("x", "float", "", ""), cells)
    kept = {**parsed.marks, **parsed.unreadable}
    for row, (cell, value) in enumerate(zip(cells, parsed.values.to_pylist(), strict=True)):
        if value is None and cell and cell.strip() and row not in kept:
            assert cell.strip().lower() in ("nan", "nat", "none", "null", "<na>") or not cell.strip("\0")
        if row in kept:
            assert kept[row] == cell


columns = st.integers(1, 20).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            "day": st.lists(st.one_of(st.none(), st.sampled_from(DAYS)), min_size=n, max_size=n),
            "text": st.lists(
                st.one_of(st.none(), st.sampled_from(["b", "a", "架空", ""])), min_size=n, max_size=n
            ),
            "number": st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=n, max_size=n),
        }
    )
)


@given(columns)
def test_ranks_sort_and_group_as_python_does(values: dict[str, list[Any]]) -> None:
    table = pa.table(
        {
            "day": pa.array(values["day"], pa.date32()),
            "text": pa.array(values["text"], pa.string()),
            "number": pa.array(values["number"], pa.int64()),
        }
    )
    rows = list(zip(*values.values(), strict=True))
    order = order_of(table, values)
    key = lambda row: tuple((x is not None, x) if x is not None else (False,) for x in row)  # noqa: E731
    sorted_rows = rows if order is None else [rows[i] for i in order]
    assert sorted_rows == sorted(rows, key=key)
    groups, hashes = groups_of(table, values), row_hashes(table, values)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows):
            assert (groups[i] == groups[j]) == (a == b)
            assert (hashes[i] == hashes[j]) == (a == b)


def test_hashes_tell_close_floats_apart_and_the_two_zeros_not() -> None:
    values = np.array([0.0, -0.0, 1.0, np.nextafter(1.0, 2.0), 1e300])
    hashes = row_hashes(pa.table({"x": values, "y": [None] * 5}), ["x", "y"])
    assert len(set(hashes.tolist())) == 4
    assert hashes[0] == hashes[1]
