"""The one writer of a store: appends that are whole or not there.

An append:

1. parses the rows to the declared types;
2. splits them by year, drops what the store says already, sorts;
3. writes the new files, each under a temporary name, synced, renamed;
4. replaces the manifest, which makes rows, unit and notes count in one step.

A failure or a kill before 4 leaves files that nothing names; the next writer deletes them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.cells import parse_column
from jqfast.data.records import MISSING, ParseReport, as_arrow, as_columns, parse_records
from jqfast.data.schemas.base import FETCHED_AT, Table
from jqfast.data.store.compact import CROWD, crowded, merged
from jqfast.data.store.manifest import MANIFEST, Manifest, Part, read_manifest, stamp, unstamp, utc_now
from jqfast.data.store.parts import day_range, read_part, write_part
from jqfast.data.store.reader import column_type
from jqfast.data.store.versions import news, sorted_rows, without_repeats
from jqfast.data.tables import TABLES, table
from jqfast.files import holder, lock, make_folder, sync_folder, unlock

LOCK = "lock"
_POLL = 0.05
#: More rows than this are parsed year by year: columns that are not there take room too.
_LARGE = 500_000
#: Files of more rows are left alone when asked to merge: memory.
_WHOLE_YEAR = 5_000_000


@dataclass(frozen=True)
class Appended:
    """What an append did.

    Parameters
    ----------
    rows : records that came
    added : rows that the store did not have
    report : what did not fit the table's description
    new_columns : unknown columns seen for the first time
    """

    rows: int
    added: int
    report: ParseReport
    new_columns: tuple[str, ...]


@contextlib.contextmanager
def open_writer(path: Path, wait: float) -> Iterator[Writer]:
    """The writer of a store, under the store's lock."""
    file = lock(path / LOCK)
    end = time.monotonic() + wait
    while file is None and time.monotonic() < end:
        time.sleep(_POLL)
        file = lock(path / LOCK)
    if file is None:
        raise ValueError(
            f"The store `{path}` is being written by {holder(path / LOCK)}. Wait until that ends; reading is "
            "possible meanwhile."
        )
    try:
        yield Writer(path)
    finally:
        unlock(file)


class Writer:
    """Made by :meth:`Store.writing`; holds the manifests of the tables it has touched."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifests: dict[str, Manifest] = {}
        for name in TABLES:
            if (path / name).is_dir():
                _clean(path / name, self.manifest(name))

    def manifest(self, name: str) -> Manifest:
        """What a table consists of."""
        folder = self.path / table(name).name
        if folder.name not in self._manifests:
            self._manifests[folder.name] = read_manifest(folder)
        return self._manifests[folder.name]

    def done(self, name: str) -> set[str]:
        """The units, such as days, that are complete."""
        return set(self.manifest(name).units)

    def notes(self, name: str) -> dict[str, str]:
        """The short texts kept with a table."""
        return dict(self.manifest(name).notes)

    def append(
        self,
        name: str,
        data: Any,
        *,
        unit: str | None = None,
        fetched_at: dt.datetime | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> Appended:
        """Add rows; all of them with the unit and the notes, or nothing.

        Parameters
        ----------
        name : table
        data : list of dictionaries, mapping of columns, Arrow, pandas or Polars table, or an iterator of such
            (for more rows than fit into memory); text or typed; may be empty
        unit : what is complete with these rows, such as ``"2024-05-10"``
        fetched_at : when the vendor said so; default now, and never before the version that is the newest
        notes : short texts to keep, such as a cursor

        Returns
        -------
        Appended
            How many rows came and how many were new, and what did not fit.

        Raises
        ------
        ValueError
            Unknown table.
        DataGapError
            A column is missing without which records cannot be told apart.
        OSError
            A full disk; the store is as it was before.
        """
        about, old = table(name), self.manifest(name)
        folder = self.path / about.name
        when = self._time(old, fetched_at)
        staged: list[Part] = []
        report = ParseReport(about.name)
        try:
            if not (folder / MANIFEST).exists():
                make_folder(folder)
                old.write(folder)  # so that files without a manifest always mean damage
            for batches in _batches(data, about):
                task = _Stage(folder, about, when, (*old.parts, *staged), staged)
                for parsed in task.run(batches):
                    report = report | parsed
            new = replace(
                old,
                parts=(*old.parts, *staged),
                units=old.units | ({unit} if unit is not None else set()),
                notes={**old.notes, **(notes or {})},
                unknown={**dict.fromkeys(report.unknown, stamp(utc_now())), **old.unknown},
                seen={**old.seen, **dict.fromkeys(_seen(about, report), stamp(when))},
                fetched=max(old.fetched, stamp(when)) if staged else old.fetched,
            )
            self._commit(folder, new)
        except BaseException:
            _forget(folder, staged)
            raise
        with contextlib.suppress(OSError):  # the rows are in; a disk too full to merge them is no failure
            for parts in crowded(new, limit=CROWD):
                self._merge(about, parts)
        fresh = tuple(column for column in report.unknown if column not in old.unknown)
        return Appended(report.rows, sum(part.rows for part in staged), report, fresh)

    def compact(self, name: str) -> int:
        """Merge the files of each year into one; returns by how many files the table got smaller.

        Readers do not notice. Other tools that list the folder themselves may meet the merged file beside
        those it replaces for a moment; :meth:`Store.files` names the ones that count.
        """
        before = len(self.manifest(name).parts)
        for parts in crowded(self.manifest(name), limit=2, small=_WHOLE_YEAR):
            self._merge(table(name), parts)
        return before - len(self.manifest(name).parts)

    def _merge(self, about: Table, parts: list[Part]) -> None:
        """Replace files by one of their rows; a failure leaves them."""
        folder, old = self.path / about.name, self.manifest(about.name)
        one = merged(folder, about, parts)
        gone = {part.file for part in parts}
        try:
            self._commit(folder, replace(old, parts=(*(p for p in old.parts if p.file not in gone), one)))
        except BaseException:
            _forget(folder, [one])
            raise
        _forget(folder, parts)

    def _commit(self, folder: Path, new: Manifest) -> None:
        """Make a manifest the one that counts, after the names of its files are on the disk."""
        old = self._manifests[folder.name]
        if new == old and (folder / MANIFEST).exists():
            return
        known = {part.file for part in old.parts}
        for home in {(folder / part.file).parent for part in new.parts if part.file not in known}:
            sync_folder(home)
        new.write(folder)
        self._manifests[folder.name] = new

    @staticmethod
    def _time(old: Manifest, given: dt.datetime | None) -> dt.datetime:
        if given is not None:
            if given.tzinfo is None:
                raise ValueError("`fetched_at` must be a time with its zone; got one without. Use UTC.")
            return given.astimezone(dt.UTC)
        after = unstamp(old.fetched) + dt.timedelta(microseconds=1) if old.fetched else utc_now()
        return max(utc_now(), after)  # a clock that was set back makes no newer version look older


def _seen(about: Table, report: ParseReport) -> list[str]:
    """The columns that the records had."""
    return (
        [*(name for name in about.names if name not in report.missing), *report.unknown]
        if report.rows
        else []
    )


def _batches(data: Any, about: Table) -> Iterator[list[Any]]:
    """The tables of an iterator, each as one batch, or as its years if it is large.

    The batches of one list share no year, so that nothing in one can repeat what is in another.
    """
    if isinstance(data, Iterator):  # readers of record batches are iterators too
        for each in data:
            yield from _batches(each, about)
        return
    columns, rows = as_columns(data)
    if rows <= _LARGE or about.date not in columns:
        yield [data]
        return
    whole = as_arrow(data, columns)
    days = parse_column(about.by_name[about.date], whole[about.date]).values
    yield [chunk for _, chunk in _by_year(whole, days)]


@dataclass(frozen=True)
class _Stage:
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
        rows = rows.filter(_new(self, rows, compared))
        if not rows.num_rows:
            return
        stamps = np.full(rows.num_rows, np.datetime64(self.when.replace(tzinfo=None), "us"))
        column = pa.array(stamps).cast(pa.timestamp("us", tz="UTC"))
        rows = rows.add_column(len(self.about.names), FETCHED_AT, column)
        self.staged.append(write_part(self.folder, self.about, rows, year))


def _compared(rows: Any, about: Table) -> list[str]:
    """Columns whose change makes a new version: all that came, except those the vendor rewrites."""
    import json

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
    present = np.unique(years)
    ends = np.flatnonzero(np.diff(years)) + 1
    if len(ends) + 1 == len(present):  # each year in one run: slices, no copies
        for low, high in zip([0, *ends], [*ends, len(years)], strict=True):
            yield (int(years[low]) if years[low] >= 0 else None), rows.slice(int(low), int(high - low))
        return
    for year in present:
        yield (int(year) if year >= 0 else None), rows.filter(years == year)


def _new(stage: _Stage, rows: Any, compared: list[str]) -> Any:
    """Which rows the stored parts do not hold already."""
    import pyarrow as pa

    about = stage.about
    days = day_range(rows[about.date])
    near = [p for p in stage.parts if (p.overlaps(*days) if days[0] and p.first else p.first == days[0])]
    everything = np.ones(rows.num_rows, bool)
    if not near:
        return everything
    needed = list(dict.fromkeys([*about.identity, *compared, FETCHED_AT]))
    types = pa.schema([(name, column_type(about, name)) for name in needed])
    pieces = []
    for part in near:
        piece = read_part(stage.folder / part.file, about, needed, days)
        have = set(piece.schema.names)
        columns = [piece[f.name] if f.name in have else pa.nulls(piece.num_rows, f.type) for f in types]
        pieces.append(pa.table(columns, schema=types))
    stored = pa.concat_tables(pieces).combine_chunks()
    return news(rows, stored, about, compared, stage.when) if stored.num_rows else everything


def _forget(folder: Path, parts: list[Part]) -> None:
    """Remove files of an append that failed; what cannot be removed is left to the next writer."""
    for part in parts:
        with contextlib.suppress(OSError):
            (folder / part.file).unlink(missing_ok=True)


def _clean(folder: Path, manifest: Manifest) -> None:
    """Delete what a killed writer left: files that the manifest does not name, and temporary ones."""
    known = {str(folder / part.file) for part in manifest.parts}
    for path in [*folder.rglob("*.parquet"), *folder.rglob(".*.partial")]:
        if str(path) not in known:
            path.unlink(missing_ok=True)
