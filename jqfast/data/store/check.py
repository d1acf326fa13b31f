"""Is the store whole: every file against its checksum, every table against the calendar and itself.

Damage is what makes an answer wrong: a file that is missing, cut or changed, a manifest that cannot be read.
Gaps, repeated records, new and vanished columns and unreadable cells are told, but are not damage.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast.data.cells import MARKS
from jqfast.data.schemas.base import FETCHED_AT, RAW, Table
from jqfast.data.store.manifest import Manifest, Part, read_manifest
from jqfast.data.store.parts import read_part
from jqfast.data.store.ranks import distinct, groups_of
from jqfast.data.tables import TABLES
from jqfast.errors import DataGapError
from jqfast.types import DateArray

if TYPE_CHECKING:
    from jqfast.data.store.store import Store

CALENDAR = "markets_calendar"
#: Values of HolDiv on which a table of this rhythm has rows. Derivatives that trade on a holiday ("3") are
#: dated with the next session.
_OPEN = dict.fromkeys(("session", "derivatives"), ("1", "2"))


@dataclass(frozen=True)
class TableReport:
    """What :meth:`Store.check` found in one table.

    Parameters
    ----------
    name : table
    rows : rows, versions included
    records : distinct records; one that was corrected in another year counts in both
    first, last : days, ISO; empty if there are no rows
    units : units marked complete
    empty_units : of these, days without a row
    files : number of files
    bytes : their size
    gaps : sessions between first and last without a row and not marked complete, ISO days
    duplicates : rows that share publication and time of fetching with another one
    new_columns : columns that the description does not have -> when first seen
    gone_columns : columns that earlier records had and the newest have not -> when last seen
    unreadable : column -> cells that its type cannot hold
    damage : what is wrong, one sentence each
    leftovers : files that no manifest names; the next writer deletes them
    """

    name: str
    rows: int = 0
    records: int = 0
    first: str = ""
    last: str = ""
    units: int = 0
    empty_units: int = 0
    files: int = 0
    bytes: int = 0
    gaps: tuple[str, ...] = ()
    duplicates: int = 0
    new_columns: Mapping[str, str] = field(default_factory=dict)
    gone_columns: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, int] = field(default_factory=dict)
    damage: tuple[str, ...] = ()
    leftovers: int = 0


@dataclass(frozen=True)
class StoreReport:
    """What :meth:`Store.check` found.

    Parameters
    ----------
    path : the store
    tables : one report per table
    calendar : whether gaps could be judged
    """

    path: str
    tables: tuple[TableReport, ...]
    calendar: bool

    @property
    def damage(self) -> tuple[str, ...]:
        """Everything that is wrong."""
        return tuple(text for each in self.tables for text in each.damage)

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damage

    def to_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {**dataclasses.asdict(self), "ok": self.ok}

    def __str__(self) -> str:
        lines = [f"{each.name}: {each.rows:,} rows, {each.first} to {each.last}" for each in self.tables]
        return "\n".join([*lines, *(line for each in self.tables for line in remarks(each))])


def remarks(table: TableReport) -> list[str]:
    """Sentences on all that is not as one would wish, worst first."""
    out = [f"damage: {text}" for text in table.damage]
    if table.gaps:
        shown = ", ".join(table.gaps[:5]) + (" ..." if len(table.gaps) > 5 else "")
        out.append(f"{table.name}: {len(table.gaps)} sessions are missing: {shown}")
    if table.duplicates:
        out.append(f"{table.name}: {table.duplicates} rows came twice under one key with different content")
    for column, when in table.new_columns.items():
        out.append(f"{table.name}: unknown column {column}, kept as text, since {when[:10]}")
    if table.gone_columns:
        columns = ", ".join(table.gone_columns)
        out.append(f"{table.name}: the newest records do not have {columns}")
    for column, count in table.unreadable.items():
        out.append(f"{table.name}: {count} cells of {column} are unreadable, kept in {RAW}")
    if table.leftovers:
        out.append(f"{table.name}: {table.leftovers} files of a killed writer; the next writer deletes them")
    return out


def check_store(store: Store) -> StoreReport:
    """Check every table of a store."""
    sessions = _sessions(store)
    names = [name for name in TABLES if (store.path / name).is_dir()]
    reports = tuple(_check_table(store.path / name, TABLES[name], sessions) for name in names)
    return StoreReport(str(store.path), reports, bool(sessions))


def _sessions(store: Store) -> dict[str, DateArray]:
    """Open days per rhythm, from the store's own calendar; empty without one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        calendar = store.read(CALENDAR, columns=["Date", "HolDiv"])
    except DataGapError:
        return {}
    if not calendar.num_rows:
        return {}
    return {
        rhythm: calendar.filter(pc.is_in(calendar["HolDiv"], pa.array(legal)))["Date"].to_numpy()
        for rhythm, legal in _OPEN.items()
    }


def _check_table(folder: Path, about: Table, sessions: Mapping[str, DateArray]) -> TableReport:
    try:
        manifest = read_manifest(folder)
    except DataGapError as error:
        return TableReport(about.name, damage=(str(error),))
    damage = tuple(text for part in manifest.parts if (text := _damage(folder, part)))
    report = TableReport(
        about.name,
        rows=manifest.rows,
        first=min((part.first for part in manifest.parts if part.first), default=""),
        last=max((part.last for part in manifest.parts), default=""),
        units=len(manifest.units),
        files=len(manifest.parts),
        bytes=sum(part.bytes for part in manifest.parts),
        new_columns={name: when for name, when in manifest.unknown.items() if name not in about.by_name},
        gone_columns=_gone(manifest),
        damage=damage,
        leftovers=_leftovers(folder, manifest),
    )
    return report if damage else _with_content(report, folder, about, manifest, sessions)


def _damage(folder: Path, part: Part) -> str:
    """What is wrong with a file, or the empty text."""
    path = folder / part.file
    try:
        with path.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
    except OSError as error:
        return f"`{path}` cannot be read: {error.strerror}."
    if size != part.bytes:
        return f"`{path}` has {size} bytes, the manifest says {part.bytes}."
    return "" if sha == part.sha256 else f"`{path}` was changed: its checksum is not the manifest's."


def _leftovers(folder: Path, manifest: Manifest) -> int:
    known = {folder / part.file for part in manifest.parts}
    there = {*folder.rglob("*.parquet"), *folder.rglob(".*.partial")}
    return len(there - known)


def _gone(manifest: Manifest) -> dict[str, str]:
    newest = max(manifest.seen.values(), default="")
    return {name: when for name, when in manifest.seen.items() if when < newest}


def _with_content(
    report: TableReport, folder: Path, about: Table, manifest: Manifest, sessions: Mapping[str, DateArray]
) -> TableReport:
    """The report with what only the rows tell; a year at a time."""
    import pyarrow.compute as pc

    days: list[Any] = []
    records = duplicates = 0
    unreadable: dict[str, int] = {}
    for year in _years(manifest):
        rows = _columns(folder, about, year)
        different = distinct(groups_of(rows, about.keys))
        records += different
        if different < rows.num_rows:
            whole = groups_of(rows, (*about.identity, FETCHED_AT))
            duplicates += len(whole) - distinct(whole)
        days.append(pc.unique(rows[about.date].drop_null()).to_numpy(zero_copy_only=False))
        for column, count in _unreadable(rows[RAW]).items():
            unreadable[column] = unreadable.get(column, 0) + count
    present = np.concatenate(days) if days else np.array([], "datetime64[D]")
    done = {dt.date.fromisoformat(unit) for unit in manifest.units if _is_day(unit)}
    complete = np.array(sorted(done), "datetime64[D]")
    expected = sessions.get(about.rhythm)
    gaps: tuple[str, ...] = ()
    if expected is not None and len(present):
        inside = expected[(expected >= present.min()) & (expected <= present.max())]
        gaps = tuple(str(day) for day in np.setdiff1d(inside, np.union1d(present, complete)))
    return dataclasses.replace(
        report,
        records=records,
        duplicates=duplicates,
        unreadable=unreadable,
        gaps=gaps,
        empty_units=len(np.setdiff1d(complete, present)),
    )


def _years(manifest: Manifest) -> list[list[Part]]:
    years: dict[str, list[Part]] = {}
    for part in manifest.parts:
        years.setdefault(part.file.split("/")[0], []).append(part)
    return list(years.values())


def _columns(folder: Path, about: Table, parts: list[Part]) -> Any:
    """The columns that tell records apart, and what did not fit."""
    import pyarrow as pa

    names = list(dict.fromkeys([about.date, *about.identity, FETCHED_AT, RAW]))
    tables = [read_part(folder / part.file, about, names, ("", "")).select(names) for part in parts]
    return pa.concat_tables(tables).combine_chunks()


def _unreadable(raw: Any) -> dict[str, int]:
    """Cells per column that are no mark."""
    out: dict[str, int] = {}
    for each in raw.drop_null().value_counts().to_pylist():
        for column, text in json.loads(each["values"]).items():
            if text not in MARKS:
                out[column] = out.get(column, 0) + each["counts"]
    return out


def _is_day(unit: str) -> bool:
    try:
        dt.date.fromisoformat(unit)
    except ValueError:
        return False
    return len(unit) == 10
