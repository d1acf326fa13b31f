"""From rows as they came to new files: parsed, split by year, without what the store says already, sorted.

Steps for each batch:

1. parse (:mod:`jqfast.data.records`);
2. per year: drop repeats within the batch, then what the stored versions of the same days say already;
3. write a file with the time of fetching. It does not count until a manifest names it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.cells import parse_column
from jqfast.data.records import MISSING, ParseReport, as_arrow, as_columns, parse_records
from jqfast.data.schemas.base import FETCHED_AT, Table
from jqfast.data.store.manifest import Part
from jqfast.data.store.parts import day_range, read_part, write_part
from jqfast.data.store.reader import column_type, conformed
from jqfast.data.store.versions import news, sorted_rows, without_repeats

#: More rows than this are parsed year by year: columns that are not there take room too.
_LARGE = 500_000


def batches_of(data: Any, about: Table) -> Iterator[list[Any]]:
    """The tables of an iterator, each as one batch, or as its years if it is large.

    The batches of one list share no year, so that nothing in one can repeat what is in another.
    """
    import pyarrow as pa

    if isinstance(data, Iterator):  # readers of record batches are iterators too
        for each in data:
            yield from batches_of(each, about)
        return
    columns, rows = as_columns(data)
    if rows <= _LARGE or about.date not in columns:
        # An Arrow table says in its metadata which columns never came; anything else is turned only once.
        yield [data if isinstance(data, pa.Table) else columns]
        return
    whole = as_arrow(data, columns)
    days = parse_column(about.by_name[about.date], whole[about.date]).values
    yield [chunk for _, chunk in _by_year(whole, days)]


@dataclass(frozen=True)
class Stage:
    """Writes the news of batches, a file per year; ``staged`` collects the files."""

    folder: Path
    about: Table
    when: dt.datetime
    parts: tuple[Part, ...]
    staged: list[Part]

    def run(self, batches: list[Any]) -> Iterator[ParseReport]:
        """The reports of the batches, which are written two at a time: Parquet encodes on one thread."""
        if len(batches) == 1:
            yield self.one(batches[0])
            return
        with ThreadPoolExecutor(2) as pool:
            yield from pool.map(self.one, batches)

    def one(self, batch: Any) -> ParseReport:
        """Parse a batch and write what is new in it."""
        rows, report = parse_records(self.about, batch)
        compared = _compared(rows, self.about)
        rows = rows.replace_schema_metadata(None)
        if FETCHED_AT in rows.schema.names:
            rows = rows.drop_columns([FETCHED_AT])
        for year, chunk in _by_year(rows, rows[self.about.date].combine_chunks()):
            self._write(year, sorted_rows(chunk.combine_chunks(), self.about, FETCHED_AT), compared)
        return report

    def _write(self, year: int | None, rows: Any, compared: list[str]) -> None:
        import pyarrow as pa

        rows = without_repeats(rows, self.about, compared)
        fresh = _new(self, rows, compared)
        rows = rows if fresh is None else rows.filter(fresh)
        if not rows.num_rows:
            return
        stamps = np.full(rows.num_rows, np.datetime64(self.when.replace(tzinfo=None), "us"))
        column = pa.array(stamps).cast(pa.timestamp("us", tz="UTC"))
        rows = rows.add_column(len(self.about.names), FETCHED_AT, column)
        self.staged.append(write_part(self.folder, self.about, rows, year))


def _compared(rows: Any, about: Table) -> list[str]:
    """Columns whose change makes a new version: all that came, except those the vendor rewrites."""
    missing = (rows.schema.metadata or {}).get(MISSING)
    silent = {*(json.loads(missing) if missing else ()), FETCHED_AT}
    silent |= {field.name for field in about.fields if field.rewritten}
    return [name for name in rows.schema.names if name not in silent]


def _by_year(rows: Any, days: Any) -> Iterator[tuple[int | None, Any]]:
    """The rows of each year of their days; None for rows without a day."""
    import pyarrow.compute as pc

    if not rows.num_rows:
        return
    years = pc.fill_null(pc.year(days), -1).to_numpy(zero_copy_only=False)
    ends = np.flatnonzero(np.diff(years)) + 1
    present = np.unique(years[[0, *ends]])
    if len(ends) + 1 == len(present):  # each year in one run: slices, no copies
        for low, high in zip([0, *ends], [*ends, len(years)], strict=True):
            yield (int(years[low]) if years[low] >= 0 else None), rows.slice(int(low), int(high - low))
        return
    for year in present:
        yield (int(year) if year >= 0 else None), rows.filter(years == year)


def _new(stage: Stage, rows: Any, compared: list[str]) -> Any:
    """Which rows the stored parts do not hold already; None for all of them."""
    import pyarrow as pa

    about = stage.about
    days = day_range(rows[about.date])
    near = [p for p in stage.parts if (p.overlaps(*days) if days[0] and p.first else p.first == days[0])]
    if not near:
        return None
    needed = list(dict.fromkeys([*about.identity, *compared, FETCHED_AT]))
    types = pa.schema([(name, column_type(about, name)) for name in needed])
    pieces = [read_part(stage.folder / part.file, about, needed, days) for part in near]
    stored = pa.concat_tables([conformed(piece, types) for piece in pieces]).combine_chunks()
    return news(rows, stored, about, compared, stage.when) if stored.num_rows else None
