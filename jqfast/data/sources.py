"""Sources: a file, pasted text or a frame becomes a :class:`Table` whose columns are fetched one at a time.

Fetching column by column keeps the peak memory of a large Parquet file near the panel's own size. A wide
source (one matrix of dates x codes per field) becomes a mapping of field name to Table instead.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from jqfast.data import names
from jqfast.data.parse import to_arrow
from jqfast.errors import DataGapError, closest

#: The name under which Arrow and pandas store an index that has none.
_NAMELESS = "__index_level_0__"


@dataclass(frozen=True)
class Table:
    """A table of named columns: ``fetch(name)`` gives one Arrow array of ``rows`` cells."""

    names: tuple[str, ...]
    rows: int
    fetch: Callable[[str], Any]
    label: str = "memory"


def open_source(source: Any, *, every: bool = False) -> Table | Mapping[str, Table]:
    """Whatever the user gave, as a table or as a mapping of wide tables.

    Parameters
    ----------
    source : path, pasted text, frame or mapping of frames
    every : keep the columns of a text file whose names mean nothing to us, all as text

    Raises
    ------
    TypeError
        An object that is no path, text, frame or mapping of frames.
    FileNotFoundError, PermissionError, IsADirectoryError, ValueError, DataGapError
        A file that cannot be read; the message says which, why and what to do.
    """
    if isinstance(source, str) and any(mark in source for mark in "\n\t"):
        from jqfast.data.text import read_pasted

        return read_pasted(source)
    if isinstance(source, (str, os.PathLike)):
        return _open_path(Path(os.fspath(source)), every=every)
    if isinstance(source, Mapping):
        return _open_mapping(source)
    if _is_pandas(source) and source.columns.nlevels > 1:
        return _open_levels(source)
    return open_frame(source)


def open_frame(frame: Any) -> Table:
    """A frame in memory as a table: pandas, Arrow, or an exporter of Arrow or the interchange protocol."""
    import pyarrow as pa

    if _is_pandas(frame):
        return _open_pandas(frame)
    if hasattr(frame, "__arrow_c_stream__") or isinstance(frame, pa.RecordBatch):
        table = pa.table(frame)
    elif hasattr(frame, "__dataframe__"):
        from pyarrow.interchange import from_dataframe

        table = from_dataframe(frame)
    else:
        raise TypeError(
            "`source` must be a path, pasted text, a frame (pandas, Arrow, Polars or any that exports "
            f"Arrow) or a mapping of wide frames; got {type(frame).__name__}."
        )
    return _checked(Table(tuple(table.column_names), table.num_rows, lambda name: to_arrow(table[name])))


def _open_mapping(source: Mapping[Any, Any]) -> Table | Mapping[str, Table]:
    """A mapping of columns is a long table, a mapping of frames is wide."""
    if source and all(_is_frame(value) for value in source.values()):
        return {str(name): open_frame(frame) for name, frame in source.items()}
    columns = {str(name): to_arrow(values) for name, values in source.items()}
    rows = {len(values) for values in columns.values()}
    if len(rows) > 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in columns.items())
        raise ValueError(f"The columns of `source` must be equally long; got {lengths}.")
    return _checked(Table(tuple(columns), max(rows, default=0), columns.__getitem__))


def _open_levels(frame: Any) -> Mapping[str, Table]:
    """A pandas frame with (field, code) or (code, field) columns, split by field."""
    levels = range(frame.columns.nlevels)
    field_level = next((k for k in levels if any(map(names.field_of, frame.columns.unique(k)))), None)
    if field_level is None or frame.columns.nlevels != 2:
        raise ValueError(
            "The columns of `source` must be (field, code) or (code, field) with names such as open and "
            f"close; got {frame.columns.nlevels} levels starting with {frame.columns[0]!r}."
        )
    fields = frame.columns.unique(field_level)
    return {str(name): open_frame(frame.xs(name, axis=1, level=field_level)) for name in fields}


def _open_pandas(frame: Any) -> Table:
    columns: dict[str, Any] = {}
    for k, name in enumerate(frame.columns):
        # Codes that pandas made floats on the way (1301.0) are still whole numbers.
        text = str(int(name)) if isinstance(name, float) and name.is_integer() else str(name)
        if text in columns:
            raise ValueError(f"Column `{text}` stands twice in the frame; drop or rename one.")
        columns[text] = frame.iloc[:, k]
    for k in range(frame.index.nlevels):
        level = frame.index.get_level_values(k)
        name = _index_name(level, frame.index.nlevels)
        if name is not None and name not in columns:
            columns[name] = level
    return _checked(Table(tuple(columns), len(frame), lambda name: to_arrow(columns[name])))


def _index_name(level: Any, levels: int) -> str | None:
    """The column name of an index level; None for an index that only numbers the rows."""
    if level.name is not None and names.field_of(level.name) is not None:
        return str(level.name)
    if level.dtype.kind == "M" or "datetime" in str(level.dtype):
        return "date"
    return "code" if levels > 1 else None


def _open_path(path: Path, *, every: bool) -> Table:
    """A file by its content: Parquet by its mark, everything else as delimited text."""
    if not path.exists():
        siblings = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        hint = closest(path.name, siblings) if path.parent.is_dir() else f" There is no folder {path.parent}."
        raise FileNotFoundError(f"`source` must name a file of prices; {path} does not exist.{hint}")
    if path.is_dir():
        raise IsADirectoryError(
            f"`source` must name a file of prices; {path} is a folder. Name one file in it."
        )
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except PermissionError:
        raise PermissionError(
            f"`source` must be readable; no permission to read {path}. Run: chmod u+r {path}"
        ) from None
    if not head:
        raise DataGapError(f"`source` must hold prices; {path} is empty (0 bytes).")
    if head[:4] == b"PAR1" or path.suffix == ".parquet":
        return _open_parquet(path)
    if head[:4] == b"PK\x03\x04":
        raise ValueError(
            f"`source` must be Parquet or text; {path} is an Excel or zip file. Save it as CSV (UTF-8)."
        )
    from jqfast.data.text import read_text

    return read_text(path, every=every)


def _open_parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(path, error) from None

    def fetch(name: str) -> Any:
        stored = _NAMELESS if name == "date" and "date" not in file.schema_arrow.names else name
        try:
            return to_arrow(file.read(columns=[stored]).column(0))
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(path, error) from None

    found = [_stored_name(field) for field in file.schema_arrow]
    columns = tuple(name for name in found if name is not None)
    return _checked(Table(columns, file.metadata.num_rows, fetch, str(path)))


def _stored_name(column: Any) -> str | None:
    """A Parquet column's name; a nameless pandas index is the date if it holds days, else row numbers."""
    import pyarrow as pa

    if column.name != _NAMELESS:
        return str(column.name)
    return "date" if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type) else None


def _broken(path: Path, error: Exception) -> DataGapError:
    reason = str(error).split("\n")[0]
    return DataGapError(
        f"`source` must be a complete Parquet file; {path} is cut off or damaged ({reason}). Write or "
        "download it again."
    )


def _checked(table: Table) -> Table:
    if table.rows == 0:
        raise DataGapError(f"`source` must hold prices; {table.label} has no rows.")
    return table


def _is_pandas(value: Any) -> bool:
    """Without importing pandas: a value can only be a pandas frame when its own type says so."""
    kind = type(value)
    return any(
        base.__module__.split(".")[0] == "pandas" and base.__name__ == "DataFrame" for base in kind.__mro__
    )


def _is_frame(value: Any) -> TypeGuard[Any]:
    return _is_pandas(value) or (
        hasattr(value, "shape") and len(value.shape) == 2 and hasattr(value, "__arrow_c_stream__")
    )


def describe(labels: Iterable[str]) -> str:
    """The distinct labels of several tables, for the panel's source."""
    return ", ".join(dict.fromkeys(labels))
