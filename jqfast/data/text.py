"""Delimited text: CSV, TSV and pasted tables, with or without a header, in the encodings of Japanese tables.

Steps:

1. look at the head: encoding, delimiter, header;
2. read the columns that mean something, numbers as numbers;
3. where numbers carry thousands commas or words, read once more as text and leave it to ``parse``.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data import names
from jqfast.data.parse import MISSING, parse_day, to_arrow
from jqfast.data.sources import Table
from jqfast.errors import DataGapError

#: The columns of a table without a header, one stock only (requirement D-TSV).
HEADERLESS = ("Date", "Open", "High", "Low", "Close", "Volume")
_HEAD_BYTES = 1 << 16
_TEXT_FIELDS = ("date", "code", "sector33", "sector17", "market")
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class _Layout:
    """What the head of a text says: encoding, delimiter (a blank means runs of blanks), column names."""

    encoding: str
    delimiter: str
    columns: tuple[str, ...]
    header: bool


def read_text(path: Path, *, every: bool = False) -> Table:
    """A text file (also .gz, .bz2, .zst) as a table; errors as :func:`jqfast.data.sources.open_source`.

    ``every`` column is kept, as text, for tables that are not of prices.
    """
    import pyarrow as pa

    return _read(lambda: pa.input_stream(str(path)), str(path), every=every)


def read_pasted(text: str) -> Table:
    """Pasted text as a table."""
    import pyarrow as pa

    lines = [line.strip(" \r　") for line in text.splitlines()]
    data = "\n".join(line for line in lines if line.strip()).encode()
    return _read(lambda: pa.BufferReader(data), "pasted text")


def _read(opened: Callable[[], Any], label: str, *, every: bool = False) -> Table:
    import pyarrow as pa

    try:
        with opened() as stream:
            head = stream.read(_HEAD_BYTES)
        layout = _layout(head, label, every=every)
        if layout.delimiter == " ":
            with opened() as stream:
                opened, layout = _retabbed(stream.read(), layout)
        table = _text_columns(opened, layout) if every else _columns(opened, layout)
    except pa.ArrowInvalid as error:
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"`source` must be a table with equally many cells in each line; {label}: {reason}"
        ) from None
    except (EOFError, OSError) as error:
        raise DataGapError(
            f"`source` must be a complete file; {label} is cut off or damaged ({error})."
        ) from None
    if table.num_rows == 0:
        raise DataGapError(f"`source` must hold prices; {label} has no rows.")
    return Table(layout.columns, table.num_rows, lambda name: to_arrow(table[name]), label)


def _columns(opened: Callable[[], Any], layout: _Layout) -> Any:
    """The understood columns as an Arrow table, numbers as float64 where all of them are plain."""
    import pyarrow as pa

    coded = pa.dictionary(pa.int32(), pa.string())
    fields = {name: names.field_of(name) for name in layout.columns}
    known = {name: field for name, field in fields.items() if field is not None}

    def read(number: Any) -> Any:
        types = {name: coded if field in _TEXT_FIELDS else number for name, field in known.items()}
        return _parsed(opened, layout, types)

    try:
        return read(pa.float64())
    except pa.ArrowInvalid:
        return read(pa.string())


def _text_columns(opened: Callable[[], Any], layout: _Layout) -> Any:
    """All columns as text."""
    import pyarrow as pa

    return _parsed(opened, layout, dict.fromkeys(layout.columns, pa.string()))


def _parsed(opened: Callable[[], Any], layout: _Layout, types: Mapping[str, Any]) -> Any:
    from pyarrow import csv as pa_csv

    with opened() as stream:
        return pa_csv.read_csv(
            stream,
            pa_csv.ReadOptions(
                column_names=layout.columns, skip_rows=int(layout.header), encoding=layout.encoding
            ),
            pa_csv.ParseOptions(delimiter=layout.delimiter),
            _convert_options(types),
        )


def _convert_options(types: Mapping[str, Any]) -> Any:
    from pyarrow import csv as pa_csv

    return pa_csv.ConvertOptions(
        column_types=types,
        # A table in which nothing is understood still has a number of rows.
        include_columns=list(types),
        null_values=list(MISSING),
        strings_can_be_null=True,
    )


def _layout(head: bytes, label: str, *, every: bool) -> _Layout:
    encoding = _encoding(head)
    lines = [line for line in head.decode(encoding, "ignore").lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise DataGapError(f"`source` must hold prices; {label} is empty.")
    delimiter = _delimiter(lines[0])
    cells = lines[0].split() if delimiter == " " else next(csv.reader([lines[0]], delimiter=delimiter))
    cells = [cell.strip() for cell in cells]
    if not _is_day(cells[0]):
        if not every:
            names.match(cells)  # two columns of one meaning are an error before anything is read
        return _Layout(encoding, delimiter, _unique(cells), header=True)
    if len(cells) != len(HEADERLESS):
        raise ValueError(
            f"A table without a header must have the {len(HEADERLESS)} columns {' '.join(HEADERLESS)}; "
            f"{label} has {len(cells)} in its first line. Add a line of column names."
        )
    return _Layout(encoding, delimiter, HEADERLESS, header=False)


def _encoding(head: bytes) -> str:
    """UTF-8 or UTF-16 by mark, UTF-8 if it decodes, else the Windows encoding of Japanese."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    try:
        # An incremental decoder forgives a character cut at the end of the head.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp932"
    return "utf-8"


def _delimiter(line: str) -> str:
    if "\t" in line:
        return "\t"
    words = line.split()
    # `2025/09/29 1,801 1,911 ...` is blank-separated although it has more commas than blanks.
    if len(words) >= len(HEADERLESS) and (_is_day(words[0]) or names.field_of(words[0])):
        return " "
    return max(",;|", key=line.count)


def _retabbed(data: bytes, layout: _Layout) -> tuple[Callable[[], Any], _Layout]:
    """Text with runs of blanks as tab-separated UTF-8."""
    import pyarrow as pa

    lines = data.decode(layout.encoding).lstrip("\ufeff").splitlines()
    tabbed = "\n".join(re.sub(r"\s+", "\t", line.strip()) for line in lines).encode()
    return lambda: pa.BufferReader(tabbed), _Layout("utf-8", "\t", layout.columns, layout.header)


def _is_day(text: str) -> bool:
    return not np.isnat(parse_day(text))


def _unique(cells: list[str]) -> tuple[str, ...]:
    """Column names as Arrow needs them: unique. Repeated and empty ones get their position."""
    return tuple(
        cell if cell and cell not in cells[:k] else f"{cell}#{k + 1}" for k, cell in enumerate(cells)
    )
