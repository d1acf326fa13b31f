"""Records of the API, lines of a CSV or columns of a frame as a table of the declared types.

Steps:

1. columns: a list of dictionaries is turned once; mappings, Arrow, pandas and Polars tables are columns;
2. each known column is parsed by its type (:mod:`jqfast.data.cells`); a missing one is null;
3. unknown columns are kept as text, under their own names;
4. what did not fit is in the column ``_raw`` of its row and in the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from jqfast.data.cells import parse_column, raw_column, to_array
from jqfast.data.schemas.base import FETCHED_AT, RAW, TRUE_AVAILABLE_AT, Field, Table
from jqfast.errors import DataGapError

_EXAMPLES = 3
#: Key of a parsed table's metadata: the columns that its records did not have. Their nulls mean "not told".
MISSING = b"jqfast_missing"
#: The simulator's column has a type of its own; any other unknown column is text.
_EXTRA = {
    TRUE_AVAILABLE_AT: Field(TRUE_AVAILABLE_AT, "timestamp", "", "true publication, simulated stores only"),
    FETCHED_AT: Field(FETCHED_AT, "timestamp", "", "when the row was fetched"),
}
#: Names that a column of the API may not take in our files: the partition's, and our own bookkeeping's.
_TAKEN = ("year", RAW)


@dataclass(frozen=True)
class ParseReport:
    """What did not fit a table's description.

    Parameters
    ----------
    table : name of the table
    rows : number of records
    unknown : columns that the description does not have; kept as text
    missing : columns that the records do not have; null
    marks : column -> number of cells with a mark such as "-" or "*"; null, the mark is in ``_raw``
    unreadable : column -> number of cells that the column's type cannot hold; null, the text is in ``_raw``
    examples : column -> a few unreadable cells, as (row from 0, text)
    changed : columns in which no cell at all could be read: their type has changed
    """

    table: str
    rows: int = 0
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    marks: Mapping[str, int] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    changed: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether every cell had a place and no column was unknown."""
        return not (self.unknown or self.unreadable)

    def __or__(self, other: ParseReport) -> ParseReport:
        """Both reports as one; a column is missing if both lack it."""
        if not self.rows or not other.rows:
            return self if self.rows else other
        return replace(
            self,
            rows=self.rows + other.rows,
            unknown=tuple(dict.fromkeys((*self.unknown, *other.unknown))),
            missing=tuple(name for name in self.missing if name in other.missing),
            marks=_added(self.marks, other.marks),
            unreadable=_added(self.unreadable, other.unreadable),
            examples={**other.examples, **self.examples},
            changed=tuple(dict.fromkeys((*self.changed, *other.changed))),
        )

    def __str__(self) -> str:
        lines = []
        if self.unknown:
            lines.append(f"{self.table}: unknown columns kept as text: {', '.join(self.unknown)}.")
        for column, count in self.unreadable.items():
            shown = ", ".join(f"row {row + 1}: {text!r}" for row, text in self.examples.get(column, ()))
            what = "has changed its type" if column in self.changed else "holds cells that it cannot"
            lines.append(f"{self.table}: column {column} {what}: {count} kept in `{RAW}` ({shown}).")
        return "\n".join(lines)


def _added(a: Mapping[str, int], b: Mapping[str, int]) -> dict[str, int]:
    return {name: a.get(name, 0) + b.get(name, 0) for name in dict.fromkeys((*a, *b))}


def parse_records(table: Table, records: Any) -> tuple[Any, ParseReport]:
    """Records as an Arrow table of the declared types.

    Parameters
    ----------
    table : description of the table
    records : list of dictionaries, mapping of columns, or an Arrow, pandas or Polars table; text or typed

    Returns
    -------
    pyarrow.Table
        The declared columns in order, ``_raw``, then the unknown columns as text. Rows as they came.
    ParseReport
        What was unknown, missing or unreadable.

    Raises
    ------
    DataGapError
        If a column without which a record cannot be identified is missing altogether.
    TypeError
        If ``records`` is no table.
    """
    import pyarrow as pa

    columns, rows = as_columns(records)
    _check_required(table, columns, rows)
    out: dict[str, Any] = {}
    odd: dict[str, dict[int, str]] = {}
    marks, unreadable, examples, changed = {}, {}, {}, []
    for each in table.fields:
        if each.name not in columns:
            out[each.name] = pa.nulls(rows, each.type)
            continue
        cells = parse_column(each, columns[each.name])
        out[each.name] = cells.values
        if cells.marks:
            marks[each.name] = len(cells.marks)
        if cells.unreadable:
            unreadable[each.name] = len(cells.unreadable)
            examples[each.name] = tuple(list(cells.unreadable.items())[:_EXAMPLES])
            if cells.values.null_count == rows:
                changed.append(each.name)
        if cells.marks or cells.unreadable:
            odd[each.name] = {**cells.marks, **cells.unreadable}
    extra = _extra_columns(table, columns)
    out[RAW] = raw_column(rows, odd, columns.get(RAW))
    missing = _missing(table, columns, records) if rows else []
    report = ParseReport(
        table=table.name,
        rows=rows,
        unknown=tuple(name for name in extra if name not in _EXTRA),
        missing=tuple(missing),
        marks=marks,
        unreadable=unreadable,
        examples=examples,
        changed=tuple(changed),
    )
    return pa.table({**out, **extra}).replace_schema_metadata({MISSING: json.dumps(missing)}), report


def _missing(table: Table, columns: Mapping[str, Any], records: Any) -> list[str]:
    """Columns that the records never had, also when they were parsed before."""
    earlier = (getattr(getattr(records, "schema", None), "metadata", None) or {}).get(MISSING)
    gone = set(json.loads(earlier)) if earlier else set()
    return [name for name in table.names if name not in columns or name in gone]


def as_columns(records: Any) -> tuple[dict[str, Any], int]:
    """Columns by name and the number of rows, of anything table-like.

    Raises
    ------
    TypeError
        If ``records`` is no table.
    """
    import pyarrow as pa

    if isinstance(records, pa.RecordBatch | pa.Table):
        return {name: records[name] for name in records.schema.names}, records.num_rows
    if isinstance(records, Mapping):
        return dict(records), len(next(iter(records.values()))) if records else 0
    if hasattr(records, "__arrow_c_stream__"):
        return as_columns(pa.table(records))
    if isinstance(records, Sequence) and not isinstance(records, str | bytes):
        return _turned(records), len(records)
    raise TypeError(
        "`records` must be a list of dictionaries, columns by name, or a table; got "
        f"{type(records).__name__}."
    )


def as_arrow(records: Any, columns: Mapping[str, Any]) -> Any:
    """Columns as one Arrow table that can be cut without copies; metadata of an Arrow table stays."""
    import pyarrow as pa

    if isinstance(records, pa.Table):
        return records
    return pa.table({name: to_array(values) for name, values in columns.items()})


def _turned(records: Sequence[Any]) -> dict[str, Any]:
    """Columns of records; quickly where all have the same keys in the same order, as an answer's do."""
    for record in records:
        if not isinstance(record, dict):
            raise TypeError(f"Each record must be a dictionary; got {type(record).__name__}.")
    names = list(records[0]) if records else []
    if all(list(record) == names for record in records):
        return dict(zip(names, zip(*(record.values() for record in records), strict=True), strict=True))
    every = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in every}


def _check_required(table: Table, columns: Mapping[str, Any], rows: int) -> None:
    gone = [each.name for each in table.fields if each.required and each.name not in columns]
    if gone and rows:
        raise DataGapError(
            f"Table {table.name} needs the columns {', '.join(gone)} to tell its records apart; got "
            f"{', '.join(list(columns)[:12])}. Nothing was written."
        )


def _extra_columns(table: Table, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the description does not have, as text under a name that is free."""
    out = {}
    for name, values in columns.items():
        if name in table.by_name or name == RAW:
            continue
        free = f"{name}_" if name in _TAKEN else name
        out[free] = parse_column(_EXTRA.get(name, Field(name, "str", "", "")), values).values
    return out
