"""Arrow tables in the columns of the API, from numpy arrays.

A table of the simulator is a mapping from the API's field names to arrays; the types are those of
:mod:`jqfast.data.tables`. Text comes as labels with an index, so that a million rows of names cost a million
small integers until they are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.tables import TRUE_AVAILABLE_AT, table
from jqfast.types import AnyArray, CodeArray, DateArray, IntArray


@dataclass(frozen=True, eq=False)
class Text:
    """``labels[index]``; a negative index is null."""

    labels: Sequence[str] | CodeArray
    index: AnyArray


def same(label: str, rows: int) -> Text:
    """One text on every row."""
    return Text((label,), np.zeros(rows, np.int8))


def digits(numbers: IntArray, width: int) -> CodeArray:
    """Whole numbers as text with leading zeros."""
    return np.array([f"{k:0{width}d}" for k in numbers.ravel().tolist()], f"U{width}")


def arrow_table(name: str, columns: Mapping[str, AnyArray | Text], available: DateArray) -> Any:
    """The Arrow table of a store's table; NaN and NaT are null, ``available`` is the true availability."""
    import pyarrow as pa

    about = table(name)
    unknown = [column for column in columns if column not in about.by_name]
    if unknown:
        raise ValueError(f"Table {name} has no columns {', '.join(unknown)}.")
    arrays = {
        each: _arrow(columns[each], about.by_name[each].type) for each in about.names if each in columns
    }
    arrays[TRUE_AVAILABLE_AT] = pa.array(available, pa.timestamp("us", tz="UTC"))
    return pa.table(arrays)


def _arrow(values: AnyArray | Text, target: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(values, Text):
        index = pa.array(values.index, mask=np.asarray(values.index) < 0)
        return pc.take(pa.array(list(values.labels), pa.string()), index)
    if values.dtype.kind == "f":
        return pa.array(values, target, from_pandas=True)
    if values.dtype.kind in "UO":
        return pa.array(values.tolist(), target)
    made = pa.array(values)
    return made if made.type.equals(target) else made.cast(target)
