"""Tables of a store as NumPy arrays: days, numbers and text, with one way to say "missing"."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from jqfast.data.tables import table as store_table
from jqfast.types import AnyArray, CodeArray, IntArray

if TYPE_CHECKING:
    from jqfast.data.store import Store

Made = TypeVar("Made")


def arrays(table: Any) -> dict[str, AnyArray]:
    """Column -> array: datetime64[D] with NaT, float64 with NaN (flags 0 and 1), text with ""."""
    return {name: array(table[name]) for name in table.column_names}


def array(column: Any) -> AnyArray:
    """One Arrow column as an array."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_date(kind):
        return np.asarray(column.to_numpy(), "datetime64[D]")
    if pa.types.is_floating(kind):
        return np.asarray(column.to_numpy(), np.float64)
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return np.asarray(pc.cast(column, pa.float64()).to_numpy(), np.float64)
    labels, index = coded(column)
    return np.append(labels, "")[index]


def coded(column: Any) -> tuple[CodeArray, IntArray]:
    """(labels in no order, index of each cell into them, -1 for null) of a text column."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ChunkedArray) and pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):  # an empty one stays chunked
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], whole.type)
    pairs = whole if pa.types.is_dictionary(whole.type) else whole.dictionary_encode()
    labels = np.array([str(label) for label in pairs.dictionary.to_pylist()], np.str_)
    index = pc.fill_null(pairs.indices, -1).to_numpy(zero_copy_only=False)
    return labels if len(labels) else np.zeros(0, "U1"), np.asarray(index, np.int64)


def by_year(
    store: Store, name: str, columns: list[str], start: np.datetime64, end: np.datetime64
) -> Iterator[Any]:
    """Arrow tables of a table's rows, a calendar year at a time, so that the whole never lies in memory.

    Text comes as dictionaries where the files allow it. The next year is read while the caller works.
    """
    from concurrent.futures import ThreadPoolExecutor

    spans = _years(store, name, start, end)
    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(_rows, store, name, columns, *each) for each in spans[:1]]
        for k in range(len(spans)):
            rows = waiting.pop().result()
            if k + 1 < len(spans):
                waiting.append(reader.submit(_rows, store, name, columns, *spans[k + 1]))
            if rows.num_rows:
                yield rows


def each_year(
    store: Store,
    name: str,
    columns: list[str],
    days: tuple[np.datetime64, np.datetime64],
    work: Callable[[int, Any], Made],
) -> list[Made]:
    """What ``work`` makes of a table's rows, in the order of the years, several years at once.

    Parameters
    ----------
    days : first and last one, both included
    work : called in other threads with a calendar year and the Arrow table of its rows, which is not empty
    """
    from concurrent.futures import ThreadPoolExecutor

    def one(span: tuple[np.datetime64, np.datetime64]) -> list[Made]:
        rows = _rows(store, name, columns, *span)
        return [work(span[0].astype("datetime64[Y]").astype(int) + 1970, rows)] if rows.num_rows else []

    with ThreadPoolExecutor(threads()) as pool:
        return [made for part in pool.map(one, _years(store, name, *days)) for made in part]


def threads() -> int:
    """Threads of joins and of reading."""
    from jqfast import _core

    return int(_core.build_info()["threads"])


def _years(
    store: Store, name: str, start: np.datetime64, end: np.datetime64
) -> list[tuple[np.datetime64, np.datetime64]]:
    """(first, last) day of each calendar year of a table between two days."""
    parts = [part for part in store.manifest(name).parts if part.first]
    years = sorted({int(day[:4]) for part in parts for day in (part.first, part.last)})
    spans = [
        (max(np.datetime64(f"{year}-01-01"), start), min(np.datetime64(f"{year}-12-31"), end))
        for year in (range(years[0], years[-1] + 1) if years else ())
    ]
    return [(low, high) for low, high in spans if low <= high]


def _rows(store: Store, name: str, columns: list[str], low: np.datetime64, high: np.datetime64) -> Any:
    """Rows of a table between two days; without a detour where one file holds them all, once each."""
    days = str(low), str(high)
    parts = [part for part in store.manifest(name).parts if part.overlaps(*days)]
    about = store_table(name)
    alone = len(parts) == 1 and not parts[0].repeated and about.date in about.keys
    if not alone or not parts[0].first >= days[0] or not parts[0].last <= days[1]:
        return store.read(name, columns=columns, start=low, end=high)
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = store.path / name / parts[0].file
    if not path.exists():  # replaced by a writer meanwhile
        return store.read(name, columns=columns, start=low, end=high)
    have = set(pq.read_schema(path).names)
    texts = [each for each in columns if each in have and about.by_name[each].type == pa.string()]
    there = [each for each in columns if each in have]
    rows = pq.read_table(path, columns=there, read_dictionary=texts, partitioning=None)
    for each in columns:
        if each not in have:
            rows = rows.append_column(each, pa.nulls(rows.num_rows, about.by_name[each].type))
    return rows


def span(store: Store, name: str) -> tuple[np.datetime64, np.datetime64] | None:
    """First and last day of a table; None where it is empty."""
    parts = [part for part in store.manifest(name).parts if part.first]
    if not parts:
        return None
    return np.datetime64(min(p.first for p in parts)), np.datetime64(max(p.last for p in parts))


def distinct(days: AnyArray) -> tuple[AnyArray, IntArray]:
    """(days without repeats, ascending; index of each row into them): fast where rows are sorted by day."""
    if len(days) and (days[1:] >= days[:-1]).all():
        new = np.append(True, days[1:] != days[:-1])
        return days[new], np.cumsum(new) - 1
    found, place = np.unique(days, return_inverse=True)
    return found, place.astype(np.int64)


def sorted_by(records: Mapping[str, AnyArray], *names: str) -> dict[str, AnyArray]:
    """The records sorted by columns, the first one counting most. Stable; free where they are sorted."""
    keys = [records[name] for name in names]
    follows = np.ones(max(len(keys[0]) - 1, 0), bool)
    for key in keys[::-1]:
        follows = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & follows)
    if follows.all():
        return dict(records)
    order = np.lexsort(keys[::-1])
    return {name: values[order] for name, values in records.items()}
