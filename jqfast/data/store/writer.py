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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.records import MISSING, ParseReport, parse_records
from jqfast.data.schemas.base import FETCHED_AT, Table
from jqfast.data.store.manifest import MANIFEST, Manifest, Part, read_manifest, stamp, unstamp, utc_now
from jqfast.data.store.parts import day_range, read_part, write_part
from jqfast.data.store.reader import column_type
from jqfast.data.store.versions import news, sorted_rows, without_repeats
from jqfast.data.tables import TABLES, table
from jqfast.files import holder, lock, make_folder, sync_folder, unlock

LOCK = "lock"
_POLL = 0.05


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
        report, unknown = ParseReport(about.name), dict(old.unknown)
        try:
            if not (folder / MANIFEST).exists():
                make_folder(folder)
                old.write(folder)  # so that files without a manifest always mean damage
            for batch in _batches(data):
                rows, parsed = parse_records(about, batch)
                report = report | parsed
                unknown = {**dict.fromkeys(_extra(rows, about), stamp(utc_now())), **unknown}
                staged += _stage(folder, about, rows, when, (*old.parts, *staged))
            new = replace(
                old,
                parts=(*old.parts, *staged),
                units=old.units | ({unit} if unit is not None else set()),
                notes={**old.notes, **(notes or {})},
                unknown=unknown,
                fetched=max(old.fetched, stamp(when)) if staged else old.fetched,
            )
            self._commit(folder, new)
        except BaseException:
            _forget(folder, staged)
            raise
        fresh = tuple(column for column in unknown if column not in old.unknown)
        return Appended(report.rows, sum(part.rows for part in staged), report, fresh)

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


def _batches(data: Any) -> Iterator[Any]:
    """One table, or those of an iterator."""
    if isinstance(data, Iterator):  # readers of record batches are iterators too
        yield from data
    else:
        yield data


def _extra(rows: Any, about: Table) -> list[str]:
    """Unknown columns."""
    known = {*about.names, *about.schema.names}
    return [name for name in rows.schema.names if name not in known]


def _stage(folder: Path, about: Table, rows: Any, when: dt.datetime, parts: tuple[Part, ...]) -> list[Part]:
    """Write what is new in the rows, a file per year."""
    import pyarrow as pa

    compared = _compared(rows, about)
    rows = rows.replace_schema_metadata(None)
    if FETCHED_AT in rows.schema.names:
        rows = rows.drop_columns([FETCHED_AT])
    place = len(about.names)
    staged: list[Part] = []
    for year, chunk in _by_year(rows, about.date):
        chunk = without_repeats(chunk.combine_chunks(), about, compared)
        chunk = chunk.filter(_new(folder, about, chunk, compared, when, parts))
        if not chunk.num_rows:
            continue
        stamps = pa.array(np.full(chunk.num_rows, np.datetime64(when.replace(tzinfo=None), "us")))
        chunk = chunk.add_column(place, FETCHED_AT, stamps.cast(pa.timestamp("us", tz="UTC")))
        staged.append(write_part(folder, about, sorted_rows(chunk, about), year))
    return staged


def _compared(rows: Any, about: Table) -> list[str]:
    """Columns whose change makes a new version: all that came, except those the vendor rewrites."""
    import json

    missing = (rows.schema.metadata or {}).get(MISSING)
    silent = {*(json.loads(missing) if missing else ()), FETCHED_AT}
    silent |= {field.name for field in about.fields if field.rewritten}
    return [name for name in rows.schema.names if name not in silent]


def _by_year(rows: Any, date: str) -> Iterator[tuple[int | None, Any]]:
    """The rows of each year; None for rows without a day."""
    import pyarrow.compute as pc

    if not rows.num_rows:
        return
    years = pc.fill_null(pc.year(rows[date]), -1).to_numpy()
    present = np.unique(years)
    ends = np.flatnonzero(np.diff(years)) + 1
    if len(ends) + 1 == len(present):  # each year in one run: slices, no copies
        for low, high in zip([0, *ends], [*ends, len(years)], strict=True):
            yield (int(years[low]) if years[low] >= 0 else None), rows.slice(int(low), int(high - low))
        return
    for year in present:
        yield (int(year) if year >= 0 else None), rows.filter(years == year)


def _new(
    folder: Path, about: Table, rows: Any, compared: list[str], when: dt.datetime, parts: tuple[Part, ...]
) -> Any:
    """Which rows the stored parts do not hold already."""
    import pyarrow as pa

    days = day_range(rows[about.date])
    near = [p for p in parts if (p.overlaps(*days) if days[0] and p.first else p.first == days[0])]
    everything = np.ones(rows.num_rows, bool)
    if not near:
        return everything
    needed = list(dict.fromkeys([*about.identity, *compared, FETCHED_AT]))
    types = pa.schema([(name, column_type(about, name)) for name in needed])
    pieces = []
    for part in near:
        piece = read_part(folder / part.file, about, needed, days)
        have = set(piece.schema.names)
        columns = [piece[f.name] if f.name in have else pa.nulls(piece.num_rows, f.type) for f in types]
        pieces.append(pa.table(columns, schema=types))
    stored = pa.concat_tables(pieces).combine_chunks()
    return news(rows, stored, about, compared, when) if stored.num_rows else everything


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
