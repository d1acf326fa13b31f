"""Files into the store: J-Quants' bulk CSV, and the CSV and Parquet of the official command-line client.

Steps for each file:

1. the table is recognised from the file's name, else from its columns;
2. the whole file is read once, so that a cut one is refused before anything is written;
3. its rows are appended in one step, dated by the file's time; a file that was imported before is skipped.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jqfast.data.records import ParseReport
from jqfast.data.schemas.base import Table
from jqfast.data.tables import TABLES, table
from jqfast.errors import DataGapError

if TYPE_CHECKING:
    from jqfast.data.store import Store

#: Share of a file's columns that a table must have to be taken for its.
_LIKENESS = 0.6
_UNIT = "file:"


@dataclass(frozen=True)
class Imported:
    """What came of one file.

    Parameters
    ----------
    path : the file
    table : the table it was recognised as
    rows : records in it
    added : records that the store did not have
    skipped : whether this very file was imported before
    report : what did not fit the table's description; None if skipped
    """

    path: Path
    table: str
    rows: int
    added: int
    skipped: bool
    report: ParseReport | None


def import_files(
    store: Store,
    paths: Sequence[str | Path],
    *,
    name: str | None = None,
    progress: Callable[[Imported], None] | None = None,
) -> list[Imported]:
    """Append files to a store, each of them whole or not at all.

    Parameters
    ----------
    store : the store
    paths : ``.csv``, ``.csv.gz`` or ``.parquet`` files
    name : their table, where neither name nor columns tell
    progress : called after each file

    Returns
    -------
    list of Imported
        One per file, in order.

    Raises
    ------
    DataGapError
        A file that is cut, damaged or empty of columns; files before it are imported.
    ValueError
        A file of no known table, or another writer at work.
    """
    files = [Path(path) for path in paths]
    for path in files:
        if not path.is_file():
            raise ValueError(f"There is no file `{path}`.")
    out = []
    with store.writing() as writer:
        for path in files:
            done = _import(writer, path, name)
            out.append(done)
            if progress is not None:
                progress(done)
    return out


def _import(writer: Any, path: Path, name: str | None) -> Imported:
    about = table(name) if name else recognise(path, _header(path))
    with path.open("rb") as file:
        unit = _UNIT + hashlib.file_digest(file, "sha256").hexdigest()
    if unit in writer.done(about.name):
        return Imported(path, about.name, 0, 0, True, None)
    for _ in _batches(path):  # a cut file is found out here, before anything is written
        pass
    when = dt.datetime.fromtimestamp(min(path.stat().st_mtime, dt.datetime.now().timestamp()), dt.UTC)
    done = writer.append(about.name, _batches(path), unit=unit, fetched_at=when)
    return Imported(path, about.name, done.rows, done.added, False, done.report)


def recognise(path: Path, columns: Sequence[str]) -> Table:
    """The table of a file, from its name, else from its columns.

    Raises
    ------
    ValueError
        If no table has these columns.
    """
    stem = re.sub(r"[^a-z0-9]+", "_", path.name.lower())
    named = [about for about in TABLES.values() if stem.startswith(about.name)]
    for about in sorted(named, key=lambda about: -len(about.name)):
        if _likeness(about, columns) >= _LIKENESS:
            return about
    best = max(TABLES.values(), key=lambda about: (_likeness(about, columns), -len(about.fields)))
    if _likeness(best, columns) < _LIKENESS:
        raise ValueError(
            f"`{path}` is of no known table; its columns are {', '.join(columns[:8])} ... Name it with "
            f"`--table`, one of: {', '.join(TABLES)}."
        )
    return best


def _likeness(about: Table, columns: Sequence[str]) -> float:
    """Share of the columns that the table has; 0 if one is missing without which a record is none."""
    have = set(columns)
    if not have or any(field.required and field.name not in have for field in about.fields):
        return 0.0
    return len(have & set(about.names)) / len(have)


def _header(path: Path) -> list[str]:
    if path.suffix == ".parquet":
        with _parquet(path) as file:
            return list(file.schema_arrow.names)
    with _csv(path) as reader:
        return list(reader.schema.names)


def _batches(path: Path) -> Iterator[Any]:
    """The rows of a file, part by part."""
    import pyarrow as pa

    try:
        if path.suffix == ".parquet":
            with _parquet(path) as file:
                yield from (pa.table(batch) for batch in file.iter_batches(batch_size=_ROWS))
        else:
            with _csv(path) as reader:
                for batch in reader:
                    yield pa.Table.from_batches([batch])
    except (pa.ArrowInvalid, OSError, EOFError) as error:
        raise _cut(path, error) from error


_ROWS = 400_000
#: CSV is read in blocks of this many bytes; fewer rows per block would mean more files to merge.
_BLOCK = 1 << 26


def _parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _cut(path, error) from error


def _csv(path: Path) -> Any:
    """A reader of batches of text: a number would lose the zeros of its codes."""
    import pyarrow as pa
    from pyarrow import csv

    try:
        with pa.input_stream(str(path)) as stream:
            line = stream.read(1 << 16).split(b"\n")[0].decode("utf-8-sig").strip()
        names = [cell.strip().strip('"') for cell in line.split(",")]
        return csv.open_csv(
            pa.input_stream(str(path)),
            csv.ReadOptions(block_size=_BLOCK),
            csv.ParseOptions(newlines_in_values=True),
            csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, OSError, EOFError, UnicodeDecodeError) as error:
        raise _cut(path, error) from error


def _cut(path: Path, error: Exception) -> DataGapError:
    reason = str(error).split("\n")[0]
    return DataGapError(
        f"`{path}` is cut off or damaged ({reason}); nothing of it was written. Download it again."
    )
