"""The manifest of one table: which files count, what they hold, which units are complete.

``<store>/<table>/manifest.json`` is replaced as a whole, so a reader sees the state before or after a change
and never one between. A file that no manifest names does not exist for anybody but the next writer, who
deletes it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jqfast.errors import DataGapError
from jqfast.files import write_text

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Part:
    """One Parquet file: where it is, what it holds, and how to know that it is unharmed.

    Parameters
    ----------
    file : path within the table's folder
    rows : number of rows
    bytes : size
    sha256 : of the bytes
    first : first day, ISO; empty if the rows have no day
    last : last day
    repeated : whether a record occurs in more than one version
    written : when, UTC
    """

    file: str
    rows: int
    bytes: int
    sha256: str
    first: str
    last: str
    repeated: bool
    written: str

    def overlaps(self, start: str, end: str) -> bool:
        """Whether rows may lie between two days, both included."""
        return self.first <= end and start <= self.last


@dataclass(frozen=True)
class Manifest:
    """What a table consists of.

    Parameters
    ----------
    table : name
    parts : files, in the order of writing
    units : names of what is complete, such as days
    notes : short texts of those who fill the table, such as a cursor
    unknown : unknown column -> when it was first seen
    seen : column -> the last append whose records had it
    fetched : time stamp of the newest version, UTC
    """

    table: str
    parts: tuple[Part, ...] = ()
    units: frozenset[str] = frozenset()
    notes: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    fetched: str = ""

    @property
    def rows(self) -> int:
        """Rows in all parts, versions included."""
        return sum(part.rows for part in self.parts)

    def write(self, folder: Path) -> None:
        """Replace the manifest of ``folder``."""
        value = {"format": FORMAT, **asdict(self), "units": sorted(self.units)}
        write_text(folder / MANIFEST, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a table's folder; an empty one where the folder holds none.

    Raises
    ------
    DataGapError
        If there are files but no manifest, or one that cannot be read.
    """
    path = folder / MANIFEST
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if next(folder.rglob("*.parquet"), None) is not None:
            raise _damaged(path, "it is missing, though the folder holds data") from None
        return Manifest(folder.name)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None
    return _manifest(path, value)


def _manifest(path: Path, value: Any) -> Manifest:
    if isinstance(value, dict) and value.get("format", 0) > FORMAT:
        raise DataGapError(f"`{path}` was written by a newer jqfast. Upgrade jqfast to read this store.")
    try:
        return Manifest(
            table=value["table"],
            parts=tuple(Part(**part) for part in value["parts"]),
            units=frozenset(value["units"]),
            notes=value["notes"],
            unknown=value["unknown"],
            seen=value["seen"],
            fetched=value["fetched"],
        )
    except (KeyError, TypeError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}") from None


def _damaged(path: Path, why: str) -> DataGapError:
    return DataGapError(
        f"`{path}` is damaged: {why}. Restore it from a backup, or delete the folder `{path.parent}` and "
        "fetch that table again."
    )


def utc_now() -> dt.datetime:
    """Now, UTC, in whole microseconds."""
    return dt.datetime.now(dt.UTC)


def stamp(time: dt.datetime) -> str:
    """A UTC time as sortable text."""
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def unstamp(text: str) -> dt.datetime:
    """The time of :func:`stamp`."""
    return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=dt.UTC)
