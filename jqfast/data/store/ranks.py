"""Rows as integers: ranks for sorting and hashes for comparing, column by column without a loop over rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from jqfast.types import IntArray

HashArray = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_NULL = np.uint64(0xD1B54A32D192ED03)


def order_of(table: Any, names: Iterable[str]) -> IntArray | None:
    """Row numbers that sort a table by columns, nulls first; None if it is sorted already. Stable."""
    keys = [rank(table[name]) for name in names]
    if not keys or len(keys[0]) < 2:
        return None
    key = _combined(keys)
    if key is None:
        return np.lexsort(keys[::-1])
    return None if bool((key[1:] >= key[:-1]).all()) else np.argsort(key, kind="stable")


def groups_of(table: Any, names: Iterable[str]) -> IntArray:
    """A number per row, equal exactly where all the columns are equal; ascending in their order."""
    keys = [rank(table[name]) for name in names]
    if not keys:
        return np.zeros(table.num_rows, np.int64)
    key = _combined(keys)
    if key is not None:
        return key
    order = np.lexsort(keys[::-1])
    new = np.zeros(len(order), bool)
    for each in keys:
        ordered = each[order]
        new[1:] |= ordered[1:] != ordered[:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(new)
    return number


def distinct(numbers: IntArray | HashArray) -> int:
    """How many different numbers there are; NumPy's own way hashes them, which is slower by far."""
    ordered = numbers if bool((numbers[1:] >= numbers[:-1]).all()) else np.sort(numbers)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + min(1, len(numbers))


def repeats(numbers: IntArray | HashArray) -> bool:
    """Whether a number occurs twice."""
    return distinct(numbers) < len(numbers)


def rank(column: Any) -> IntArray:
    """Integers in the order of a column's values; null is -1."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = array.type
    if pa.types.is_date32(kind) or pa.types.is_timestamp(kind) or pa.types.is_integer(kind):
        width = pa.int32() if pa.types.is_date32(kind) else pa.int64()
        plain = pc.cast(pc.cast(array, width), pa.int64())
        low = pc.min(plain).as_py()
        if low is None:
            return np.full(len(array), -1, np.int64)
        return np.asarray(pc.fill_null(pc.subtract(plain, low), -1).to_numpy(zero_copy_only=False), np.int64)
    coded = array if pa.types.is_dictionary(kind) else array.dictionary_encode()
    order = pc.sort_indices(coded.dictionary).to_numpy(zero_copy_only=False)
    place = np.empty(len(order) + 1, np.int64)
    place[order] = np.arange(len(order))
    place[-1] = -1
    index = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False)
    return np.asarray(place[index], np.int64)


def _combined(keys: list[IntArray]) -> IntArray | None:
    """Several ranks as one number that sorts the same; None where 63 bits do not hold it."""
    out: IntArray | None = None
    room = 1
    for key in keys:
        size = int(key.max(initial=-1)) + 2
        room *= size
        if room >= 2**63:
            return None
        out = key + 1 if out is None else out * size + (key + 1)
    return out


def row_hashes(table: Any, names: Iterable[str]) -> HashArray:
    """64 bits per row, equal for equal values in the named columns; a column that is not there is null."""
    out = np.zeros(table.num_rows, np.uint64)
    have = set(table.schema.names)
    for name in names:
        out = _mixed(out + _GOLDEN) ^ (_hashes(table[name]) if name in have else _NULL)
    return _mixed(out)


def _mixed(x: HashArray) -> HashArray:
    """The finaliser of splitmix64: each bit of the input touches every bit of the output."""
    x = (x ^ (x >> np.uint64(30))) * _MIX_1
    x = (x ^ (x >> np.uint64(27))) * _MIX_2
    return x ^ (x >> np.uint64(31))


def _hashes(column: Any) -> HashArray:
    """64 bits per cell."""
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL)
    if pa.types.is_floating(kind):
        # Adding 0.0 makes one zero of the two.
        bits = (pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False) + 0.0).view(np.uint64)
    elif pa.types.is_date32(kind):
        bits = _unsigned(pc.cast(array, pa.int32()))
    elif pa.types.is_timestamp(kind) or pa.types.is_integer(kind):
        bits = _unsigned(pc.cast(array, pa.int64()))
    elif pa.types.is_boolean(kind):
        bits = _unsigned(pc.cast(array, pa.int8()))
    else:
        return _text_hashes(array)
    if not array.null_count:
        return _mixed(bits + _GOLDEN)
    return np.where(array.is_null().to_numpy(zero_copy_only=False), _NULL, _mixed(bits + _GOLDEN))


def _unsigned(array: Any) -> HashArray:
    import pyarrow.compute as pc

    plain = np.asarray(pc.fill_null(array, 0).to_numpy(zero_copy_only=False), np.int64)
    return plain.view(np.uint64)


def _text_hashes(array: Any) -> HashArray:
    """Text is hashed once per distinct value."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
    words = [
        int.from_bytes(hashlib.blake2b(str(word).encode(), digest_size=8).digest(), "little")
        for word in coded.dictionary.to_pylist()
    ]
    table = np.array([*words, int(_NULL)], np.uint64)
    place = np.asarray(pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False), np.int64)
    return np.asarray(table[place], np.uint64)
