"""Many small files become one: a day's rows come as a file of their own, a year is read best as one file.

Nothing is dropped or changed; every version stays. The merged file counts from the replacement of the
manifest on; only then are the small ones deleted. A reader that had the older manifest starts again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from jqfast.data.schemas.base import Table
from jqfast.data.store.manifest import Manifest, Part
from jqfast.data.store.parts import GROUP, NO_YEAR, read_part, write_part
from jqfast.data.store.reader import column_type, conformed
from jqfast.data.store.versions import sorted_rows

#: As many small files of one year as an append leaves alone.
CROWD = 32
#: A file of fewer rows is small.
SMALL = GROUP


def crowded(manifest: Manifest, *, limit: int = CROWD, small: int = SMALL) -> Iterator[list[Part]]:
    """For each year with at least ``limit`` files below ``small`` rows, those files."""
    years: dict[str, list[Part]] = {}
    for part in manifest.parts:
        if part.rows < small:
            years.setdefault(part.file.split("/")[0], []).append(part)
    yield from (parts for parts in years.values() if len(parts) >= limit)


def merged(folder: Path, about: Table, parts: list[Part]) -> Part:
    """One file with the rows of several of one year."""
    import pyarrow as pa

    tables = [read_part(folder / part.file, about, None, ("", "")) for part in parts]
    names = [*about.schema.names, *(name for each in tables for name in each.schema.names)]
    schema = pa.schema([(name, column_type(about, name)) for name in dict.fromkeys(names)])
    rows = pa.concat_tables([conformed(each, schema) for each in tables]).combine_chunks()
    return write_part(folder, about, sorted_rows(rows, about), _year(parts[0]))


def _year(part: Part) -> int | None:
    year = part.file.split("/")[0].removeprefix("year=")
    return None if year == NO_YEAR else int(year)
