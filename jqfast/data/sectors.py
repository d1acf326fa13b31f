"""Category columns: sectors and market segments, from the prices themselves or from a list of issues.

A list holds one state of the world. Used for all dates it is a simplification that the panel's notes state.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jqfast.data import names
from jqfast.data.dense import CATEGORY_FIELDS, Bars
from jqfast.data.parse import codes as parse_codes
from jqfast.data.parse import to_arrow
from jqfast.data.sources import Table, open_source
from jqfast.types import AnyArray, CodeArray

#: Digits of a category code, to mend lists that were read as numbers: 50 is sector "0050".
_DIGITS = {"sector33": 4, "market": 4, "sector17": 0}


def attach(bars: Bars, sectors: Any) -> None:
    """Add the categories of a list of issues to ``bars.labels``, the same on every date.

    Parameters
    ----------
    sectors : a mapping code -> sector33, or a path or frame with the columns code and sector33 (sector17 and
        market too; J-Quants names understood). Of several rows per code the last one counts. A code of four
        characters finds its five-character form with a final 0.

    Raises
    ------
    ValueError
        If the list has no code or no category column, or knows none of the codes.
    """
    of_code = _categories(sectors)
    for name, table in of_code.items():
        labels = tuple(sorted({label for label in table.values() if label}))
        number = {label: k for k, label in enumerate(labels)}
        row = np.array([number.get(_lookup(table, code), -1) for code in bars.codes], np.int16)
        found = int(np.count_nonzero(row >= 0))
        if not found:
            raise ValueError(
                f"`sectors` must know codes of the prices; it knows none of {', '.join(bars.codes[:5])}. It "
                f"starts with {', '.join(list(table)[:5])}."
            )
        bars.labels[name] = (np.broadcast_to(row, bars.shape).copy(), labels)
        bars.notes.append(
            f"{name} of {found} of {len(bars.codes)} stocks from one list of issues, used for all dates."
        )


def fill_forward(bars: Bars) -> None:
    """Carry a category from a stock's last record over dates on which it has none, in place."""
    rows = np.arange(len(bars.dates))[:, None]
    for name, (values, labels) in bars.labels.items():
        last = np.maximum.accumulate(np.where(values >= 0, rows, 0), axis=0)
        bars.labels[name] = (np.take_along_axis(values, last, axis=0), labels)


def _categories(sectors: Any) -> dict[str, dict[str, str]]:
    """Category -> {code: label}."""
    if isinstance(sectors, Mapping) and all(isinstance(value, (str, int)) for value in sectors.values()):
        return {"sector33": {str(code): _padded("sector33", label) for code, label in sectors.items()}}
    table = open_source(sectors)
    if not isinstance(table, Table):
        raise ValueError("`sectors` must be one table with a row per code; got several.")
    columns = names.match(table.names)
    names.require(columns, ("code",))
    if not any(name in columns.of for name in CATEGORY_FIELDS):
        names.require(columns, ("sector33",))
    place, known = parse_codes(table.fetch(columns.of["code"]), columns.of["code"])
    return {
        name: _of_code(name, known, place, table.fetch(columns.of[name]))
        for name in CATEGORY_FIELDS
        if name in columns.of
    }


def _of_code(name: str, known: CodeArray, place: AnyArray, cells: Any) -> dict[str, str]:
    labels = to_arrow(cells).to_pylist()
    return {
        str(known[k]): _padded(name, label)
        for k, label in zip(place, labels, strict=True)
        if label is not None
    }


def _padded(name: str, label: object) -> str:
    if isinstance(label, float) and label.is_integer():
        label = int(label)
    return str(label).zfill(_DIGITS[name]) if isinstance(label, int) else str(label).strip()


def _lookup(table: Mapping[str, str], code: str) -> str:
    return table.get(code) or (table.get(f"{code}0") or "" if len(code) == 4 else "")
