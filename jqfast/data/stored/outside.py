"""Series from outside J-Quants that lie beside the tables of a store, in its folder ``external``.

A Parquet or CSV file there tells when its values were known in one of two ways:

1. as one long table: ``name``, ``date``, ``value``, ``available_at`` (a time stamp with its zone, or UTC),
   for series of stocks also ``code``. Each name becomes a column in lower case;
2. as it is, with a declaration of the same name beside it, ``fx.toml`` for ``fx.parquet``: one ``[[series]]``
   for each rule (:class:`Declared`).

A file that tells it in neither way is refused. All join by the time at which they were known (decision 2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jqfast import toml
from jqfast.data.external import RELEASES, Release, Series, attach, read_external
from jqfast.data.panel import Panel
from jqfast.data.stored.documented import EXTERNAL, info
from jqfast.errors import closest, unknown

FOLDER = "external"
_COLUMNS = ("name", "date", "value", "available_at")
_SUFFIXES = (".parquet", ".csv", ".csv.gz")
#: A value whose day is longer ago, in calendar days, is missing: quarterly figures live, ended series do not.
MAX_DAYS = 200
_EXAMPLE = """[[series]]
columns = {spx = "close"}        # name in the panel = column of the file
where = {symbol = "SPX"}         # the rows to use, if not all
release = "new_york_close"       # or {zone = "Asia/Tokyo", time = "08:50", days = 45, month = true}"""


@dataclass(frozen=True)
class Declared:
    """One ``[[series]]`` of a declaration: the options of :func:`jqfast.data.external.read_external`.

    Parameters
    ----------
    columns : name in the panel -> column of the file
    release : name of a declared rule, or its keys; where there is no `available_at`
    available_at : column with the time at which each row was known
    date, code : columns with the day, and with stock codes for a series of stocks
    where : column -> text, the rows to use
    max_days : a value whose day is longer ago, in calendar days, is missing
    """

    columns: Mapping[str, str]
    release: str | Release | None = None
    available_at: str | None = None
    date: str = "date"
    code: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    max_days: int = MAX_DAYS

    def __post_init__(self) -> None:
        if (self.release is None) == (self.available_at is None):
            raise ValueError(
                "say when the values were known: either `release` or `available_at`, a column of the file."
            )
        if isinstance(self.release, str) and self.release not in RELEASES:
            raise unknown("release", self.release, RELEASES)
        if not self.columns:
            raise ValueError('`columns` must name at least one, such as {spx = "close"}.')
        if self.max_days < 0:
            raise ValueError(f"`max_days` must be 0 or more; got {self.max_days}.")


@dataclass(frozen=True)
class Declaration:
    """A whole declaration file."""

    series: tuple[Declared, ...]


def files(store: Path) -> list[Path]:
    """The tables of a store's folder, by name.

    Raises
    ------
    ValueError
        If a declaration has no table, or two tables would share one.
    """
    folder = store / FOLDER
    found = sorted(path for path in folder.glob("*") if path.name.endswith(_SUFFIXES))
    stems = [stem(path) for path in found]
    for path, name in zip(found, stems, strict=True):
        if stems.count(name) > 1:
            raise ValueError(f"`{path}` must have a name of its own: another file is called {name} too.")
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in stems:
            hint = closest(path.stem, stems)
            raise ValueError(
                f"`{path}` declares a table that is not there: {path.stem}.parquet or .csv.{hint}"
            )
    return found


def stem(path: Path) -> str:
    """The name of a table without its ending."""
    return next(path.name.removesuffix(end) for end in _SUFFIXES if path.name.endswith(end))


def declaration(path: Path) -> Path:
    """Where the declaration of a table lies, if it has one."""
    return path.with_name(f"{stem(path)}.toml")


def with_outside(panel: Panel, store: Path) -> Panel:
    """The panel with a column for each series in the folder of the store.

    Raises
    ------
    ValueError
        If a file does not tell when its values were known, or a series has the name of a column of the panel.
    """
    limits: dict[int, list[Series]] = {}
    for path in files(store):
        for series, days in read_file(path):
            limits.setdefault(days, []).append(series)
    for days, found in limits.items():
        panel = attach(panel, found, max_days=days, age=False)
    return panel


def read_file(path: Path) -> list[tuple[Series, int]]:
    """All series of one file, each with the calendar days after which a value is missing."""
    beside = declaration(path)
    if not beside.exists():
        return [(series, MAX_DAYS) for series in _read_long(path)]
    found = []
    for one in _declared(beside):
        try:
            read = read_external(
                path,
                one.columns,
                release=one.release,
                available_at=one.available_at,
                date=one.date,
                code=one.code,
                where=one.where,
            )
        except ValueError as error:
            raise type(error)(f"{error} It is declared in `{beside}`.") from None
        found += [(series, one.max_days) for series in read]
    return found


def look(store: Path) -> tuple[list[str], list[str]]:
    """(what each table of the folder gives, why others are refused), a sentence each."""
    used: list[str] = []
    refused: list[str] = []
    try:
        paths = files(store)
    except ValueError as error:
        return used, [str(error)]
    taken: dict[str, str] = {}
    for path in paths:
        try:
            found = [series for series, _ in read_file(path)]
        except (ValueError, OSError) as error:
            refused.append(str(error))
            continue
        if not found:
            used.append(f"{FOLDER}/{path.name}: no rows")
            continue
        for name in dict.fromkeys(series.name for series in found):
            if other := taken.get(name) or _own(name):
                refused.append(f"`{path}` has a series `{name}`, and so has {other}; give it another name.")
            taken.setdefault(name, path.name)
        names = ", ".join(series.name for series in found)
        first, last = min(series.days.min() for series in found), max(series.days.max() for series in found)
        used.append(f"{FOLDER}/{path.name}: {names}, {first} to {last}")
    return used, refused


def _own(name: str) -> str:
    """The table of the store that gives a column of this name; empty where none does."""
    known = info(name)
    return known.table if known and known.table != EXTERNAL else ""


def read_table(path: Path) -> Any:
    """A file as an Arrow table; codes and names stay text."""
    import pyarrow as pa

    if path.suffix == ".parquet":
        from pyarrow import parquet

        return parquet.read_table(path)
    from pyarrow import csv

    text = dict.fromkeys(("code", "name"), pa.string())
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=text))


def _declared(path: Path) -> tuple[Declared, ...]:
    try:
        declared = toml.build(Declaration, toml.load(path))
    except (ValueError, TypeError) as error:
        raise ValueError(f"`{path}`: {error} It declares a table so:\n{_EXAMPLE}") from None
    return declared.series


def _read_long(path: Path) -> list[Series]:
    """All series of a long table that says itself when its values were known."""
    import pyarrow.compute as pc

    table = read_table(path)
    for name in _COLUMNS:
        if name not in table.column_names:
            raise ValueError(
                f"`{path}` does not tell when its values were known: it has no column `{name}`."
                f"{closest(name, table.column_names)} Either it has the columns {', '.join(_COLUMNS)}, or a "
                f"file `{declaration(path).name}` beside it declares what is used and when it was out:\n"
                f"{_EXAMPLE}"
            )
    code = "code" if "code" in table.column_names else None
    names = [name for name in pc.unique(table["name"]).to_pylist() if name]
    return [_series(table.filter(pc.equal(table["name"], each)), str(each), code) for each in names]


def _series(rows: Any, name: str, code: str | None) -> Series:
    (found,) = read_external(rows, {name.lower(): "value"}, available_at="available_at", code=code)
    return found
