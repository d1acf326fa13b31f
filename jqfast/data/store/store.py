"""The store: a folder per table, hive-partitioned Parquet, and readers that never see half a table.

    <store>/<table>/manifest.json
    <store>/<table>/year=2024/part-<content hash>.parquet
    <store>/lock

Reading a table:

1. its manifest names the files that count and the days they hold;
2. files outside the days asked for are not opened;
3. of overlapping files the last version of each record is kept;
4. a file that a writer replaced meanwhile is a reason to start again at 1.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from jqfast.data.store.manifest import MANIFEST, Manifest, read_manifest
from jqfast.data.store.writer import Writer, open_writer
from jqfast.data.tables import TABLES, table
from jqfast.errors import unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from jqfast.data.store.check import StoreReport


class Store:
    """A folder of tables.

    Parameters
    ----------
    path : the folder
    create : make it if it is not there

    Raises
    ------
    ValueError
        If there is no such folder, or it is a file.
    """

    def __init__(self, path: str | Path, *, create: bool = False) -> None:
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"`{path}` is a file; a store is a folder.")
        if create:
            self.path.mkdir(parents=True, exist_ok=True)
        elif not self.path.is_dir():
            raise ValueError(
                f"There is no store at `{path}`. Make one with `jqfast sync --store {path}` or "
                f"`jqfast import --store {path} FILES`."
            )

    def tables(self) -> tuple[str, ...]:
        """Names of the tables that hold something."""
        return tuple(name for name in TABLES if (self.path / name / MANIFEST).exists())

    def manifest(self, name: str) -> Manifest:
        """What a table consists of, now."""
        return read_manifest(self.path / table(name).name)

    def done(self, name: str) -> set[str]:
        """The units, such as days, that are complete."""
        return set(self.manifest(name).units)

    def notes(self, name: str) -> dict[str, str]:
        """The short texts kept with a table, such as a cursor."""
        return dict(self.manifest(name).notes)

    def files(self, name: str) -> list[Path]:
        """The files of a table that count, for other tools: exact also while a writer is at work."""
        folder = self.path / table(name).name
        return [folder / part.file for part in self.manifest(name).parts]

    @contextlib.contextmanager
    def writing(self, *, wait: float = 0.0) -> Iterator[Writer]:
        """The one writer of the store; what a killed one left behind is cleaned first.

        Parameters
        ----------
        wait : seconds to wait for another writer to end

        Raises
        ------
        ValueError
            If another process is writing.
        """
        with open_writer(self.path, wait) as writer:
            yield writer

    def compact(self, name: str | None = None) -> int:
        """Merge the files of each year of a table, or of all; returns how many fewer there are.

        Raises
        ------
        ValueError
            If another process is writing.
        """
        with self.writing() as writer:
            return sum(writer.compact(each) for each in ([name] if name else self.tables()))

    def check(self) -> StoreReport:
        """Coverage, gaps against the calendar, duplicates, schema changes, and the checksum of every file."""
        from jqfast.data.store.check import check_store

        return check_store(self)

    def read(
        self,
        name: str,
        *,
        columns: Collection[str] | None = None,
        start: Any = None,
        end: Any = None,
        versions: Literal["latest", "all"] = "latest",
        as_of: dt.datetime | None = None,
    ) -> pa.Table:
        """Rows of a table, sorted by day and keys.

        Parameters
        ----------
        name : table
        columns : the columns wanted, in this order; default all declared and unknown ones, and with
            ``versions="all"`` the bookkeeping
        start, end : days (date, text, datetime64), both included, of the table's ``date`` column; later
            corrections under a later day are not seen
        versions : ``"latest"``: the last version of each record; ``"all"``: each row that was ever stored
        as_of : a time; only what was published by then, where the table has a publication column, and of a
            publication that was stored in several versions the one fetched by then, else the first

        Returns
        -------
        pyarrow.Table
            Declared columns have the declared types; what the files lack is null.

        Raises
        ------
        ValueError
            Unknown table or column.
        DataGapError
            A damaged store.
        """
        from jqfast.data.store.reader import Request, read_table

        if as_of is not None and as_of.tzinfo is None:
            raise ValueError(
                "`as_of` must be a time with its zone; got one without. Add tzinfo=datetime.UTC."
            )
        request = Request(table(name), columns, _day(start), _day(end), _every(versions), as_of)
        return read_table(self.path / request.table.name, request)

    def read_coded(
        self,
        name: str,
        *,
        columns: Collection[str] | None = None,
        start: Any = None,
        end: Any = None,
        versions: Literal["latest", "all"] = "latest",
    ) -> pa.Table:
        """As :meth:`read`, but text as dictionaries, as the files hold it.

        Where codes and names repeat that takes a third of the time.
        """
        from jqfast.data.store.reader import Request, read_table

        request = Request(table(name), columns, _day(start), _day(end), _every(versions), None, coded=True)
        return read_table(self.path / request.table.name, request)


def _every(versions: str) -> bool:
    """Whether each row that was ever stored is wanted."""
    if versions not in ("latest", "all"):
        raise unknown("value of `versions`", versions, ("latest", "all"))
    return versions == "all"


def _day(value: Any) -> str:
    """A day as ISO text; None is the empty text.

    Raises
    ------
    ValueError
        If the value is no day.
    """
    if value is None:
        return ""
    import numpy as np

    try:
        day = np.datetime64(value, "D") if not isinstance(value, dt.datetime) else np.datetime64(value.date())
    except ValueError:
        raise ValueError(f"`start` and `end` must be days such as 2024-05-10; got {value!r}.") from None
    return str(day)
