"""One Parquet file of a table: written whole under the name of its content, read by days."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.schemas.base import Table
from jqfast.data.store.manifest import Part, stamp, utc_now
from jqfast.data.store.ranks import groups_of, repeats
from jqfast.errors import DataGapError
from jqfast.files import PARTIAL, make_folder, sync

#: Rows of a row group: small enough that a reader of one day skips most of a year.
GROUP = 1 << 18
#: Hive's name for a null, which DuckDB, Polars and Arrow read as such.
NO_YEAR = "__HIVE_DEFAULT_PARTITION__"


def year_folder(year: int | None) -> str:
    """Name of a partition."""
    return f"year={NO_YEAR if year is None else year}"


def write_part(folder: Path, table: Table, rows: Any, year: int | None) -> Part:
    """Write sorted rows of one year; the file is on the disk, but its name not until the folder is synced.

    Raises
    ------
    OSError
        If the disk is full or the folder cannot be written; nothing is left then.
    """
    import pyarrow.parquet as pq

    home = folder / year_folder(year)
    make_folder(home)
    handle, name = tempfile.mkstemp(prefix=".part-", suffix=PARTIAL, dir=home)
    os.close(handle)
    temporary = Path(name)
    try:
        pq.write_table(rows, temporary, compression="zstd", row_group_size=GROUP)
        sync(temporary)
        with temporary.open("rb") as file:
            sha = hashlib.file_digest(file, "sha256").hexdigest()
        temporary.chmod(0o644)
        size = temporary.stat().st_size
        final = home / f"part-{sha[:20]}.parquet"
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    first, last = day_range(rows[table.date])
    return Part(
        file=f"{home.name}/{final.name}",
        rows=rows.num_rows,
        bytes=size,
        sha256=sha,
        first=first,
        last=last,
        repeated=repeats(groups_of(rows, table.keys)),
        written=stamp(utc_now()),
    )


def day_range(column: Any) -> tuple[str, str]:
    """First and last day of a column as ISO text; empty where it has none."""
    import pyarrow.compute as pc

    ends = pc.min_max(column)
    first, last = ends["min"].as_py(), ends["max"].as_py()
    return ("", "") if first is None else (first.isoformat(), last.isoformat())


def read_part(
    path: Path, table: Table, columns: Sequence[str] | None, days: tuple[str, str], *, coded: bool = False
) -> Any:
    """Rows of a file between two days, both included ("" is open); columns that it lacks are left out.

    With ``coded`` the wanted columns of text come as the dictionaries that the file holds.

    Raises
    ------
    FileNotFoundError
        If a writer has replaced the file meanwhile.
    DataGapError
        If the file cannot be read.
    """
    import pyarrow as pa

    try:
        return _read(path, table, columns, days, coded)
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise DataGapError(
            f"`{path}` is damaged: {error}. `jqfast store check {path.parents[2]}` tells what else is."
        ) from error


def _texts(table: Table, columns: list[str]) -> list[str]:
    """The declared columns of text among some."""
    text = ("str", "time", "json")
    return [name for name in columns if name in table.by_name and table.by_name[name].dtype in text]


def _read(path: Path, table: Table, columns: Sequence[str] | None, days: tuple[str, str], coded: bool) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pa.OSFile(str(path)) as source:  # one file, whatever a writer does to its name meanwhile
        file = pq.ParquetFile(source)
        have = file.schema_arrow.names
        wanted = have if columns is None else [name for name in have if name in columns]
        if coded:  # which columns there are is known only now
            texts = _texts(table, wanted)
            file = pq.ParquetFile(source, metadata=file.metadata, read_dictionary=texts)
        if days == ("", ""):
            return file.read(columns=wanted)
        groups = _groups(file, table.date, days)
        rows = file.read_row_groups(groups, columns=list(dict.fromkeys([*wanted, table.date])))
    rows = _between(rows, table.date, days)
    return rows if table.date in wanted else rows.drop_columns([table.date])


def _groups(file: Any, date: str, days: tuple[str, str]) -> list[int]:
    """Row groups that may hold rows of the days."""
    place = file.schema_arrow.names.index(date)
    out = []
    for i in range(file.metadata.num_row_groups):
        stats = file.metadata.row_group(i).column(place).statistics
        if (
            stats is None
            or not stats.has_min_max
            or (
                (not days[1] or stats.min.isoformat() <= days[1])
                and (not days[0] or stats.max.isoformat() >= days[0])
            )
        ):
            out.append(i)
    return out


def _between(rows: Any, date: str, days: tuple[str, str]) -> Any:
    """The rows of the days; parts are sorted by day, nulls first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = pc.cast(rows[date], pa.int32()).to_numpy()
    low = int(np.searchsorted(column, _number(days[0]), "left")) if days[0] else 0
    high = int(np.searchsorted(column, _number(days[1]), "right")) if days[1] else len(column)
    return rows.slice(low, max(0, high - low))


def _number(day: str) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))
