"""Series from outside J-Quants that lie beside the tables of a store, in its folder ``external``.

Every Parquet file there is one long table: ``name``, ``date``, ``value``, ``available_at`` (a time stamp with
its zone, or UTC), for series of stocks also ``code``. Each name becomes a column in lower case, joined by the
time at which its values were known (decision 2).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jqfast.data.external import Series, attach, read_external
from jqfast.data.panel import Panel
from jqfast.errors import closest

FOLDER = "external"
_COLUMNS = ("name", "date", "value", "available_at")
#: A value whose day is longer ago, in calendar days, is missing: quarterly figures live, ended series do not.
MAX_DAYS = 200


def files(store: Path) -> list[Path]:
    """The tables of a store's folder, by name."""
    return sorted((store / FOLDER).glob("*.parquet"))


def with_outside(panel: Panel, store: Path) -> Panel:
    """The panel with a column for each series in the folder of the store.

    Raises
    ------
    ValueError
        If a file lacks a column, or a series has the name of a column of the panel.
    """
    found = [series for path in files(store) for series in read_file(path)]
    return attach(panel, found, max_days=MAX_DAYS, age=False) if found else panel


def read_file(path: Path) -> list[Series]:
    """All series of one file."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    for name in _COLUMNS:
        if name not in table.column_names:
            raise ValueError(
                f"`{path}` must have the columns {', '.join(_COLUMNS)}; it has no `{name}`."
                f"{closest(name, table.column_names)}"
            )
    code = "code" if "code" in table.column_names else None
    return [_series(table.filter(pc.equal(table["name"], each)), str(each), code) for each in _names(table)]


def _names(table: Any) -> list[Any]:
    import pyarrow.compute as pc

    return [name for name in pc.unique(table["name"]).to_pylist() if name]


def _series(rows: Any, name: str, code: str | None) -> Series:
    (found,) = read_external(rows, {name.lower(): "value"}, available_at="available_at", code=code)
    return found
