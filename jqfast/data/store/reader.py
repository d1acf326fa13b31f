"""The way from a request to rows: files by days, columns by name, versions by rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqfast.data.schemas.base import BOOKKEEPING, FETCHED_AT, TRUE_AVAILABLE_AT, Table
from jqfast.data.store.manifest import Manifest, Part, read_manifest
from jqfast.data.store.parts import read_part
from jqfast.data.store.versions import known_by, latest, sorted_rows
from jqfast.errors import DataGapError, unknown

#: A reader that meets a replaced file starts again; this often in a row only a damaged store makes it do so.
_ATTEMPTS = 20


@dataclass(frozen=True)
class Request:
    """What a reader wants; days are ISO text, empty for no limit."""

    table: Table
    columns: Collection[str] | None
    start: str
    end: str
    all_versions: bool
    as_of: dt.datetime | None
    coded: bool = False

    def schema(self, names: list[str]) -> Any:
        """Types of columns in the answer."""
        import pyarrow as pa

        types = ((name, column_type(self.table, name)) for name in names)
        coded = pa.dictionary(pa.int32(), pa.string())
        return pa.schema([(name, coded if self.coded and t == pa.string() else t) for name, t in types])

    @property
    def dated(self) -> bool:
        """Whether rows without a day are out."""
        return bool(self.start or self.end)

    def wants(self, part: Part) -> bool:
        """Whether a file may hold rows that are asked for."""
        if not part.first:
            return not self.dated
        return part.overlaps(self.start, self.end or "9999-12-31")


def read_table(folder: Path, request: Request) -> Any:
    """The rows of a request as an Arrow table.

    Raises
    ------
    DataGapError
        A file that the manifest names is not there, or cannot be read.
    ValueError
        An unknown column.
    """
    for attempt in range(_ATTEMPTS):
        manifest = read_manifest(folder)
        names = _names(request, manifest)
        try:
            return _assembled(folder, request, manifest, names)
        except FileNotFoundError as error:
            gone = error
            if attempt and read_manifest(folder) == manifest:
                break
    raise DataGapError(
        f"`{gone.filename or gone}` is missing though `{folder}/manifest.json` names it. "
        f"`jqfast store check {folder.parent}` tells what else is."
    )


def _names(request: Request, manifest: Manifest) -> list[str]:
    """The columns of the answer, in order."""
    table = request.table
    extra = [name for name in manifest.unknown if name not in table.by_name]
    if request.columns is None:
        return [*table.names, *extra, *(BOOKKEEPING if request.all_versions else ())]
    known = [*table.names, *extra, *BOOKKEEPING, TRUE_AVAILABLE_AT]
    for name in request.columns:
        if name not in known:
            raise unknown(f"column of {table.name}", name, known)
    return list(request.columns)


def _assembled(folder: Path, request: Request, manifest: Manifest, names: list[str]) -> Any:
    import pyarrow as pa

    parts = sorted((part for part in manifest.parts if request.wants(part)), key=lambda part: part.first)
    pieces = [_group(folder, request, group, names) for group in _overlapping(parts, request.table)]
    schema = request.schema(names)
    pieces = [conformed(piece, schema) for piece in pieces]
    return pa.concat_tables([schema.empty_table(), *pieces])


def _overlapping(parts: list[Part], table: Table) -> list[list[Part]]:
    """Parts that can hold versions of one record, together; each group's days are after those before it.

    Where the day is no key, versions of a record have different days, and all parts belong together.
    """
    if table.date not in table.keys:
        return [parts] if parts else []
    groups: list[list[Part]] = []
    last = ""
    for part in parts:
        if groups and part.first <= last:
            groups[-1].append(part)
        else:
            groups.append([part])
        last = max(last, part.last)
    return groups


def _group(folder: Path, request: Request, parts: list[Part], names: list[str]) -> Any:
    """Rows of overlapping parts, sorted, with the versions asked for."""
    import pyarrow as pa

    table = request.table
    alone = len(parts) == 1 and table.date in table.keys
    settled = alone and (request.all_versions or not parts[0].repeated) and request.as_of is None
    if settled:
        return _read(folder, parts[0], request, names)
    needed = list(dict.fromkeys([*names, *table.order]))
    types = request.schema(needed)
    rows = pa.concat_tables(
        [conformed(_read(folder, part, request, needed), types) for part in parts]
    ).combine_chunks()
    if request.as_of is not None:
        rows = known_by(rows, table, request.as_of)
    return sorted_rows(rows, table) if request.all_versions else latest(rows, table)


def _read(folder: Path, part: Part, request: Request, names: list[str]) -> Any:
    """Rows of a part; one that lies within the days is not looked at twice."""
    low, high = request.start, request.end
    inside = (not low or part.first >= low) and (not high or part.last <= high)
    days = ("", "") if inside else (low, high)
    return read_part(folder / part.file, request.table, names, days, coded=request.coded)


def conformed(rows: Any, schema: Any) -> Any:
    """Rows with exactly the columns of a schema."""
    import pyarrow as pa

    have = set(rows.schema.names)
    columns = [
        rows[field.name].cast(field.type) if field.name in have else pa.nulls(rows.num_rows, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def column_type(table: Table, name: str) -> Any:
    """The Arrow type of a column: declared, bookkeeping, or text."""
    import pyarrow as pa

    if name in (FETCHED_AT, TRUE_AVAILABLE_AT):
        return pa.timestamp("us", tz="UTC")
    return table.by_name[name].type if name in table.by_name else pa.string()
