"""The one writer of a store: appends that are whole or not there.

An append:

1. writes what is new in the rows to new files (:mod:`jqfast.data.store.stage`), each under a temporary name,
   synced, renamed;
2. replaces the manifest, which makes rows, unit and notes count in one step.

A failure or a kill before 2 leaves files that nothing names; the next writer deletes them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jqfast.data.records import ParseReport
from jqfast.data.schemas.base import Table
from jqfast.data.store.compact import CROWD, crowded, merged
from jqfast.data.store.manifest import MANIFEST, Manifest, Part, read_manifest, stamp, unstamp, utc_now
from jqfast.data.store.stage import Stage, batches_of
from jqfast.data.tables import TABLES, table
from jqfast.errors import DataGapError
from jqfast.files import holder, lock, make_folder, sync_folder, unlock

LOCK = "lock"
_POLL = 0.05
#: A writer that ends leaves fewer small files than this of each year: opening one costs milliseconds.
_FEW = 4
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
    writer = None
    try:
        writer = Writer(path)
        yield writer
        writer.tidy()
    finally:
        if writer is not None:
            writer.close()
        unlock(file)


class Writer:
    """Made by :meth:`Store.writing`; threads may share it, one append at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._manifests: dict[str, Manifest] = {}
        self._turn = threading.RLock()
        self._process = os.getpid()
        self._written: set[str] = set()
        for name in TABLES:
            if (path / name).is_dir():
                _clean(path / name, self.manifest(name))

    def tidy(self) -> None:
        """Merge small files of the tables that were written, where a year has several."""
        with contextlib.suppress(OSError):  # the rows are in; a disk too full to merge them is no failure
            for name in self._written:
                for parts in crowded(self.manifest(name), limit=_FEW):
                    self._merge(table(name), parts)

    def close(self) -> None:
        """End the right to write; :meth:`Store.writing` does it when its block ends."""
        self._process = 0

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
        unit: str | Collection[str] | None = None,
        fetched_at: dt.datetime | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> Appended:
        """Add rows; all of them with the unit and the notes, or nothing.

        Parameters
        ----------
        name : table
        data : list of dictionaries, mapping of columns, Arrow, pandas or Polars table, or an iterator of such
            (for more rows than fit into memory); text or typed; may be empty
        unit : what is complete with these rows, such as ``"2024-05-10"``, or several such
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
        with self._turn:
            self._check_open()
            self._written.add(table(name).name)
            return self._append(table(name), data, unit, fetched_at, notes)

    def _check_open(self) -> None:
        if self._process != os.getpid():
            raise ValueError("This writer is closed; write inside the block of `store.writing()`.")

    def _append(
        self,
        about: Table,
        data: Any,
        unit: str | Collection[str] | None,
        fetched_at: dt.datetime | None,
        notes: Any,
    ) -> Appended:
        old = self.manifest(about.name)
        folder = self.path / about.name
        when = self._time(old, fetched_at)
        staged: list[Part] = []
        report = ParseReport(about.name)
        try:
            if not (folder / MANIFEST).exists():
                make_folder(folder)
                old.write(folder)  # so that files without a manifest always mean damage
            for batches in batches_of(data, about):
                task = Stage(folder, about, when, (*old.parts, *staged), staged)
                for parsed in task.run(batches):
                    report = report | parsed
            new = replace(
                old,
                parts=(*old.parts, *staged),
                units=old.units | ({unit} if isinstance(unit, str) else {*(unit or ())}),
                notes={**old.notes, **(notes or {})},
                unknown={**dict.fromkeys(report.unknown, stamp(utc_now())), **old.unknown},
                seen={**old.seen, **dict.fromkeys(_seen(about, report), stamp(when))},
                fetched=max(old.fetched, stamp(when)) if staged else old.fetched,
            )
            self._commit(folder, new)
        except BaseException:
            self._undo(folder, staged)
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
        with self._turn:
            self._check_open()
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
            self._undo(folder, [one])
            raise
        _forget(folder, parts)

    def _undo(self, folder: Path, parts: list[Part]) -> None:
        """Remove the files of a failed change, unless its manifest got as far as the disk after all."""
        with contextlib.suppress(DataGapError, OSError):
            self._manifests[folder.name] = read_manifest(folder)
            named = {part.file for part in self._manifests[folder.name].parts}
            _forget(folder, [part for part in parts if part.file not in named])

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
