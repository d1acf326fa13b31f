"""Cells as they came to cells of a declared type: one column at a time, nothing lost.

In: a column of a JSON answer, a CSV file or a data frame, as an Arrow array or a list. Out: an Arrow array of
the field's type, null where the cell is empty, and the cells that the type cannot hold:

- ``null``, ``""`` and NaN are missing;
- ``"-"`` (undetermined) and ``"*"`` (not applicable) are missing in a column of numbers, days or flags, and
  the mark is handed back, because it says why;
- numbers come as numbers or as text: ``"1,234.5"``, full-width digits and exponents count, ``inf`` does not;
- codes get back the zeros that a spreadsheet took, stock codes of four characters their class digit;
- days are ``2024-05-10``, ``20240510``, ``2024/5/10`` or the date types; flags are true/false, 1/0, yes/no;
- nested values become JSON text with sorted keys, also from the Python spelling that the bulk files use;
- anything else is unreadable: null, and the cell's text is handed back.
"""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.parse import parse_day
from jqfast.data.schemas.base import Field

#: Text that means "no value" by itself; the empty string too, but that is not worth remembering.
MARKS = ("-", "*", "－", "＊")
_EMPTY = ("", "NaN", "nan", "NaT", "None", "null", "<NA>")
_TRUE = ("1", "true", "yes", "1.0")
_FALSE = ("0", "false", "no", "0.0")
_NUMBER = r"^[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d+)?$|^[+-]?\.\d+([eE][+-]?\d+)?$"


@dataclass(frozen=True)
class Cells:
    """A column of the declared type, and what did not fit.

    Parameters
    ----------
    values : (rows,) Arrow array of the field's type
    marks : row -> mark ("-", "*")
    unreadable : row -> the cell as text
    """

    values: Any
    marks: dict[int, str]
    unreadable: dict[int, str]


def parse_column(field: Field, values: Any) -> Cells:
    """One column of any origin as the field's type."""
    import pyarrow as pa

    array = to_array(values)
    if array.type.equals(field.type) and field.dtype not in ("json", "str", "time", "float"):
        return Cells(array, {}, {})
    if field.dtype == "json" or pa.types.is_nested(array.type):
        return _each(field, array, _json if field.dtype == "json" else _no_nested)
    quick = _quick(field, array)
    if quick is not None:
        return Cells(quick, {}, {})
    text = _text(array)
    if field.dtype in ("str", "time"):
        return Cells(_codes(field, text), {}, {})
    return _from_text(field, text)


def to_array(values: Any) -> Any:
    """One Arrow array; lists of mixed types become text cell by cell."""
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if isinstance(values, np.ndarray) and values.dtype.kind == "U":
        values = values.tolist()
    try:
        array = pa.array(values, from_pandas=True)
        if not pa.types.is_nested(array.type):
            return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        pass
    return pa.array([_cell_text(x) for x in values], pa.string())


def _cell_text(x: Any) -> str | None:
    """A cell of a column of mixed types as text, in JSON's spelling."""
    if x is None or isinstance(x, str):
        return x
    if isinstance(x, bool | list | dict | tuple):
        return _dump(x)
    return _number_text(x) if isinstance(x, float) else str(x)


def _dump(x: Any) -> str:
    return json.dumps(x, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


def _quick(field: Field, array: Any) -> Any:
    """The column without a look at each cell, where its type allows that; else None."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_null(kind):
        return pa.nulls(len(array), field.type)
    if field.dtype == "float" and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
        numbers = pc.cast(array, pa.float64(), safe=False)
        finite = pc.is_finite(numbers)
        if pc.any(pc.is_inf(numbers)).as_py():
            return None
        return numbers if pc.all(finite).as_py() in (True, None) else pc.if_else(finite, numbers, None)
    if field.dtype == "float" and _is_text(kind):
        return _plain_numbers(array)
    if field.dtype == "date" and pa.types.is_timestamp(kind) and kind.tz is None:
        return pc.cast(array, pa.date32(), safe=False)
    if field.dtype == "date" and pa.types.is_date(kind):
        return pc.cast(array, pa.date32())
    if field.dtype == "date" and _is_text(kind):
        return _plain_days(array)
    if field.dtype == "timestamp" and pa.types.is_timestamp(kind):
        aware = array if kind.tz else pc.assume_timezone(array, "UTC")
        return pc.cast(aware, field.type, safe=False)
    if field.dtype == "int" and pa.types.is_integer(kind):
        return pc.cast(array, pa.int64())
    return None


def _plain_numbers(text: Any) -> Any:
    """Text of which each cell is a plain finite number or empty; None if some is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        numbers = pc.cast(pc.if_else(pc.equal(text, ""), None, text), pa.float64())
    except pa.ArrowInvalid:
        return None
    return numbers if pc.all(pc.is_finite(numbers)).as_py() in (True, None) else None


def _plain_days(text: Any) -> Any:
    """Text of which each cell is an ISO day or empty; None if some is not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        return pc.cast(pc.if_else(pc.equal(text, ""), None, text), pa.date32())
    except pa.ArrowInvalid:
        return None


def _text(array: Any) -> Any:
    """Any column as text: whole floats lose their fraction, days are ISO, flags are JSON's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if _is_text(kind) or pa.types.is_string_view(kind):
        return pc.cast(array, pa.string())
    if pa.types.is_floating(kind):
        wide = pc.cast(array, pa.float64())
        return pa.array([_number_text(x) for x in wide.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind) or pa.types.is_time(kind) or pa.types.is_decimal(kind):
        return pa.array([None if x is None else str(x) for x in array.to_pylist()], pa.string())
    return pc.cast(array, pa.string())


def _number_text(x: float | None) -> str | None:
    if x is None or x != x:
        return None
    return str(int(x)) if abs(x) < 1e15 and x == int(x) else repr(x)


def _codes(field: Field, text: Any) -> Any:
    """Text columns: empty becomes null; codes of a declared width are filled up."""
    import pyarrow as pa
    import pyarrow.compute as pc

    out = pc.if_else(pc.equal(text, ""), None, text)
    if not field.width or not len(out):
        return out
    out = pc.utf8_trim_whitespace(out)
    short = pc.fill_null(pc.less(pc.utf8_length(out), field.width), False)
    if not pc.any(short).as_py():
        return out
    if field.width == STOCK_WIDTH:
        full = pc.binary_join_element_wise(out, "0", "")
        return pc.if_else(pc.equal(pc.utf8_length(out), STOCK_WIDTH - 1), full, out)
    digits = pc.match_substring_regex(out, r"^\d+$")
    padded = pc.utf8_lpad(out, width=field.width, padding="0")
    return pc.if_else(pc.and_(short, digits), padded, out).cast(pa.string())


#: Codes of this width are stock codes, which grow at their end: 7203 and 72030 are one issue.
STOCK_WIDTH = 5


def _from_text(field: Field, text: Any) -> Cells:
    """Text to numbers, days or flags, each distinct text looked at once."""
    import pyarrow as pa

    coded = text.dictionary_encode()
    words = [str(word) for word in coded.dictionary.to_pylist()]
    read = {"float": _numbers, "int": _integers, "date": _days, "bool": _flags, "timestamp": _stamps}
    folded = _folded(words)
    values, known = read[field.dtype](folded)
    empty = np.array([word in _EMPTY for word in folded], bool)
    mark = np.array([word in MARKS for word in folded], bool)
    wrong = ~(known | empty | mark)
    place = coded.indices.to_numpy(zero_copy_only=False)
    null = coded.indices.is_null().to_numpy(zero_copy_only=False)
    place = np.where(null, 0, place).astype(np.int64)
    array = pa.array(values, field.type, mask=~known) if words else pa.nulls(0, field.type)
    taken = array.take(pa.array(place, mask=null)) if words else pa.nulls(len(text), field.type)
    return Cells(taken, _rows(mark, place, null, words), _rows(wrong, place, null, words))


def _rows(which: Any, place: Any, null: Any, words: list[str]) -> dict[int, str]:
    """The rows whose word is among ``which``, with the word."""
    if not which.any():
        return {}
    return {int(row): words[place[row]] for row in np.flatnonzero(which[place] & ~null)}


def _folded(words: list[str]) -> list[str]:
    """Full-width forms to ASCII, blanks around removed."""
    import unicodedata

    return [
        word if word.isascii() and word.strip() == word else unicodedata.normalize("NFKC", word).strip()
        for word in words
    ]


def _numbers(words: list[str]) -> tuple[Any, Any]:
    import re

    legal = re.compile(_NUMBER)
    known = np.array([legal.match(word) is not None for word in words], bool)
    pairs = zip(words, known, strict=True)
    values = np.array([float(word.replace(",", "")) if ok else 0.0 for word, ok in pairs], np.float64)
    return values, known & np.isfinite(values)


def _integers(words: list[str]) -> tuple[Any, Any]:
    values, known = _numbers(words)
    whole = known & (values == np.floor(values)) & (np.abs(values) < 2.0**53)
    return np.where(whole, values, 0.0).astype(np.int64), whole


def _days(words: list[str]) -> tuple[Any, Any]:
    values = np.array(
        [
            np.datetime64("NaT", "D") if word.isdigit() and len(word) != 8 else parse_day(word)
            for word in words
        ],
        "datetime64[D]",
    )
    known = ~np.isnat(values)
    return np.where(known, values, np.datetime64(0, "D")), known


def _flags(words: list[str]) -> tuple[Any, Any]:
    lower = [word.lower() for word in words]
    true = np.array([word in _TRUE for word in lower], bool)
    return true, true | np.array([word in _FALSE for word in lower], bool)


def _stamps(words: list[str]) -> tuple[Any, Any]:
    import datetime as dt

    values = np.zeros(len(words), "datetime64[us]")
    known = np.zeros(len(words), bool)
    for i, word in enumerate(words):
        try:
            stamp = dt.datetime.fromisoformat(word)
        except ValueError:
            continue
        if stamp.tzinfo is not None:
            stamp = stamp.astimezone(dt.UTC).replace(tzinfo=None)
        values[i], known[i] = np.datetime64(stamp, "us"), True
    return values, known


def _each(field: Field, array: Any, read: Any) -> Cells:
    """Cell by cell, for nested columns."""
    import pyarrow as pa

    out: list[str | None] = []
    unreadable = {}
    for row, cell in enumerate(array.to_pylist()):
        value = None if cell is None or cell == "" else read(cell)
        if value is None and cell is not None and cell != "":
            unreadable[row] = cell if isinstance(cell, str) else _dump(cell)
        out.append(value)
    return Cells(pa.array(out, pa.string()).cast(field.type), {}, unreadable)


def _json(cell: Any) -> str | None:
    """A nested value as JSON text; text is read as JSON, then as Python spells it.

    The service's CSV files write nested values the second way (`{'Rank': 1, 'HldrName': None}`).
    """
    if not isinstance(cell, str):
        return _dump(cell)
    try:
        value = json.loads(cell)
    except ValueError:
        try:
            value = ast.literal_eval(cell)  # literals alone: nothing in the text is run
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return _dump(value)


def _no_nested(_cell: Any) -> str | None:
    """A nested value has no place in a plain column."""
    return None


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def raw_column(rows: int, by_column: dict[str, dict[int, str]], earlier: Any) -> Any:
    """The bookkeeping column of cells that did not fit: JSON text per row, null where all did.

    ``earlier`` is that column of records that were parsed before, or None.
    """
    import pyarrow as pa

    if not by_column:
        return pa.nulls(rows, pa.string()) if earlier is None else _text(to_array(earlier))
    found: dict[int, dict[str, str]] = {}
    for column, cells in by_column.items():
        for row, text in cells.items():
            found.setdefault(row, {})[column] = text
    out: list[str | None] = [None] * rows if earlier is None else _text(to_array(earlier)).to_pylist()
    for row, cells_of_row in found.items():
        out[row] = _dump({**json.loads(out[row] or "{}"), **cells_of_row})
    return pa.array(out, pa.string())
