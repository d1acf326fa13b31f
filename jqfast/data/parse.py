"""Cells to numbers: Arrow columns of any type become NumPy arrays of dates, codes and float64.

Dates come out as datetime64[D], codes as (index, sorted unique names), numbers as float64 with NaN for
missing. Whatever cannot be read raises with the column, the row (counted from 1, header not counted) and the
value. Text is looked at once per distinct value wherever that is cheaper.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

import numpy as np

from jqfast.types import AnyArray, CodeArray, DateArray, FloatArray, IntArray

#: Text that stands for "no value" in Japanese and English tables.
MISSING = ("", "-", "*", "－", "ー", "—", "―", "−", "‐", "＊", "…", "...", "--", "---", "nan", "NaN", "NAN",
           "null", "NULL", "None", "none", "N/A", "n/a", "NA", "#N/A", "<NA>", "NaT")  # fmt: skip

_NUMBER = r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+([eE][+-]?\d+)?"
_CLOCK = r"T?\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?"
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(.*)")
#: What may follow a day: nothing, a weekday in brackets, a time of day.
_REST = re.compile(rf"(\([月火水木金土日]\))?({_CLOCK})?")
_ZONE = re.compile(rf"{_CLOCK} ?(Z|UTC|GMT|JST|[+-]\d{{2}}:?\d{{2}})(\[.*\])?")
#: Whole numbers in this range are days of Excel's 1900 calendar (1954 to 2119), counted from 1899-12-30.
_EXCEL = range(20_000, 80_001)
_SHOWN = 10


def to_arrow(values: Any) -> Any:
    """One contiguous Arrow array of anything column-like (Arrow, NumPy, pandas, list).

    String views become plain text; dictionaries of text stay dictionaries.
    """
    import pyarrow as pa

    if isinstance(values, pa.ChunkedArray):
        values = values.unify_dictionaries().combine_chunks()
    elif not isinstance(values, pa.Array):
        values = _from_python(values)
    if pa.types.is_dictionary(values.type) and not _is_text(values.type.value_type):
        values = values.dictionary_decode()
    if pa.types.is_string_view(values.type):
        try:
            return values.cast(pa.large_string())
        except pa.ArrowNotImplementedError:  # pyarrow before 18
            return pa.array(values.to_pylist(), pa.large_string())
    return values


def _from_python(values: Any) -> Any:
    """Arrow from a pandas, NumPy or list column; columns of mixed objects become text."""
    import pyarrow as pa

    dtype = getattr(values, "dtype", None)
    if isinstance(dtype, np.dtype) and not dtype.isnative:  # Arrow knows the byte order of this machine alone
        values = values.astype(dtype.newbyteorder("="))
    try:
        array = pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        array = pa.array([None if x is None or x != x else str(x) for x in values], pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def numbers(values: Any, column: str, *, null_text: bool = False) -> tuple[FloatArray, int]:
    """A column as float64, and how many cells of text were set to NaN.

    Parameters
    ----------
    values : (rows,) Arrow array, numbers or text such as ``50,230,600``, ``１２３``, ``-``
    null_text : text that is no number becomes NaN instead of an error

    Raises
    ------
    ValueError
        Text that is no number: column, first rows and values.
    TypeError
        A column type that holds no numbers (dates, lists).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if _is_coded(values.type):
        values = values.dictionary_decode()
    if pa.types.is_null(values.type):
        return np.full(len(values), np.nan), 0
    if not _is_text(values.type):
        try:
            cells = pc.cast(values, pa.float64(), safe=False)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            raise TypeError(f"Column `{column}` must hold numbers; got {values.type}.") from None
        return np.asarray(cells.to_numpy(zero_copy_only=False), np.float64), 0
    try:
        return pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False), 0
    except pa.ArrowInvalid:
        return _numbers_of_text(values, column, null_text)


def _numbers_of_text(values: Any, column: str, null_text: bool) -> tuple[FloatArray, int]:
    """The slow path of :func:`numbers`: widths, blanks, thousands commas and words for "missing"."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(pc.utf8_normalize(pc.utf8_trim_whitespace(values), form="NFKC"))
    text = pc.if_else(pc.is_in(text, value_set=pa.array(MISSING, text.type)), None, text)
    legal = pc.fill_null(pc.match_substring_regex(text, rf"^({_NUMBER})$"), True)
    wrong = np.flatnonzero(~legal.to_numpy(zero_copy_only=False))
    if len(wrong) and not null_text:
        raise ValueError(
            f"Column `{column}` must hold numbers; {len(wrong)} cells hold text: {_cells(values, wrong)}. "
            f'Mend them, or pass `bad="null"` to read them as missing.'
        )
    text = pc.replace_substring(pc.if_else(legal, text, None), ",", "")
    return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False), len(wrong)


def dates(values: Any, column: str = "date") -> DateArray:
    """A column of days as datetime64[D].

    Dates and time stamps without a zone (the time of day is dropped), ``2025/09/29``, ``2025-9-29``,
    ``20250929``, ``2025年9月29日`` as text, ``20250929`` and Excel's day numbers as integers.

    Raises
    ------
    ValueError
        A time zone, a missing date, or text that is no date: first rows and values.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if values.null_count:
        rows = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
        raise ValueError(f"Column `{column}` must hold a date in each row; missing in rows {_rows(rows)}.")
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if getattr(kind, "tz", None) is not None:
            raise _zone_error(column, str(kind))
        return np.asarray(values.to_numpy(zero_copy_only=False)).astype("datetime64[D]")
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        values = pc.cast(pc.cast(values, pa.float64(), safe=False), pa.int64(), safe=False).cast(pa.string())
    elif not _is_coded(kind) and not _is_text(kind):
        raise TypeError(f"Column `{column}` must hold dates; got {kind}.")
    coded = _coded(values)
    days = np.array([parse_day(str(text)) for text in coded.dictionary.to_pylist()], "datetime64[D]")
    index = coded.indices.to_numpy(zero_copy_only=False)
    out = days[index] if len(days) else np.empty(0, "datetime64[D]")
    if np.isnat(days).any():
        _raise_dates(values, np.flatnonzero(np.isnat(out)), column)
    return out


def parse_day(text: str) -> np.datetime64:
    """One day from text, NaT when it is none."""
    text = unicodedata.normalize("NFKC", text).strip()
    if text.isascii() and text.isdigit():
        if len(text) == 8:
            text = f"{text[:4]}-{text[4:6]}-{text[6:]}"
        elif int(text) in _EXCEL:
            return np.datetime64("1899-12-30", "D") + np.timedelta64(int(text), "D")
    found = _DATE.fullmatch(text)
    if found is None or not _REST.fullmatch(found[4].strip()):
        return np.datetime64("NaT", "D")
    try:
        return np.datetime64(dt.date(int(found[1]), int(found[2]), int(found[3])), "D")
    except ValueError:
        return np.datetime64("NaT", "D")


def _raise_dates(values: Any, wrong: IntArray, column: str) -> None:
    first = str(values[int(wrong[0])].as_py())
    found = _DATE.fullmatch(first.strip())
    if found is not None and _ZONE.fullmatch(found[4].strip()):
        raise _zone_error(column, first)
    raise ValueError(
        f"Column `{column}` must hold dates such as 2025-09-29, 2025/9/29 or 20250929; {len(wrong)} rows do "
        f"not: {_cells(values, wrong)}."
    )


def _zone_error(column: str, got: str) -> ValueError:
    return ValueError(
        f"Column `{column}` must hold days without a time zone; got {got}. Convert to the exchange's local "
        f"day first, with pandas: frame[{column!r}].dt.tz_convert('Asia/Tokyo').dt.tz_localize(None)."
    )


def codes(values: Any, column: str = "code") -> tuple[IntArray, CodeArray]:
    """A column of codes as (index into names, names sorted ascending).

    Text keeps its leading zeros; whole numbers become their decimal text (1301 and 1301.0 both ``"1301"``).

    Raises
    ------
    ValueError
        A missing or empty code, or a number with a fraction: first rows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(values.type):
        number = values.to_numpy(zero_copy_only=False)
        # A missing code counts as one with a fraction here: both cannot name a stock.
        wrong = np.flatnonzero(number != np.floor(number))
        if len(wrong):
            raise ValueError(
                f"Column `{column}` must hold codes; got {_cells(values, wrong)}. Read codes as text, so "
                f"that leading zeros and letters survive."
            )
        values = pc.cast(values, pa.int64())
    coded = _coded(values)
    names = [str(name).strip() for name in coded.dictionary.to_pylist()]
    if coded.null_count or "" in names:
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values.cast(pa.large_string())), ""), True)
        rows = np.flatnonzero(blank.to_numpy(zero_copy_only=False))
        raise ValueError(f"Column `{column}` must hold a code in each row; missing in rows {_rows(rows)}.")
    unique, place = np.unique(np.array(names, dtype=np.str_), return_inverse=True)
    index = coded.indices.to_numpy(zero_copy_only=False)
    return place.reshape(-1).astype(np.int64)[index], unique


def day_index(days: DateArray) -> tuple[IntArray, DateArray]:
    """Days as (index into the distinct days, distinct days ascending), without sorting the rows."""
    number = days.astype(np.int64)
    low = int(number.min())
    seen = np.zeros(int(number.max()) - low + 1, bool)
    seen[number - low] = True
    place = np.cumsum(seen) - 1
    return place[number - low], (np.flatnonzero(seen) + low).astype("datetime64[D]")


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_coded(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(kind))


def _coded(values: Any) -> Any:
    return values if _is_coded(values.type) else values.dictionary_encode()


def _rows(rows: AnyArray) -> str:
    shown = ", ".join(str(int(row) + 1) for row in rows[:_SHOWN])
    return shown + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")


def _cells(values: Any, rows: AnyArray) -> str:
    shown = ", ".join(f"row {int(row) + 1}: {values[int(row)].as_py()!r}" for row in rows[:_SHOWN])
    return shown + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")
