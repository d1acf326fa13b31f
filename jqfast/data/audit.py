"""Proof by experiment that a panel knew nothing too early: the store is cut at the decision time of a row,
the panel is built again, and no bit of the rows up to it may differ (decision 8).

Only a simulated store can be cut so, since it says of each record when it became public in truth. Nothing
else in the package reads that column; a rule of ``pit`` that is too early shows here, whoever wrote it.
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.clock import TO_UTC
from jqfast.data.panel import Panel
from jqfast.data.store import Store
from jqfast.data.stored import StorePanelSource, open_store, outside
from jqfast.data.stored.axes import tokyo_clock
from jqfast.data.tables import TRUE_AVAILABLE_AT
from jqfast.errors import DataGapError
from jqfast.types import AnyArray, BoolArray

#: The trading calendar is known ahead and is not cut.
_AHEAD = ("markets_calendar",)
_SHOWN = 8


@dataclass(frozen=True)
class StoreAudit:
    """Which columns changed when the future was deleted, and where first; ``print`` it.

    ``compared`` is the number of cells; ``failures`` maps a column to a sentence.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    compared: int
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when no column changed."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        head = (
            f"Store cut at {', '.join(self.rows)}: {self.compared:,} cells of {len(self.columns)} columns, "
        )
        head += "none differs." if self.passed else f"{len(self.failures)} columns differ."
        return "\n".join([head, *(f"  {name}: {what}" for name, what in self.failures.items())])


def audit_store(
    store: str | Path | Store,
    *,
    rows: Sequence[int] | None = None,
    columns: Collection[str] | None = None,
    build: Callable[[StorePanelSource, Any], Panel] | None = None,
    **options: Any,
) -> StoreAudit:
    """Cut a simulated store at the decision times of some rows, build the panel again, compare all bits.

    Parameters
    ----------
    store : a store in which every record has its true publication time
    rows : rows of the whole panel to cut at; default four spread over it
    columns : names to compare; None for all, and membership
    build : the panel of a source up to a day (None for all), for panels with own columns; default
        ``source.panel(end=day, **options)``
    **options : of the panel, such as ``universe`` and ``decision``

    Returns
    -------
    StoreAudit, true when nothing differs

    Raises
    ------
    DataGapError
        If the store does not say when its records became public.
    """
    source = open_store(store)
    make = build or (lambda each, day: each.panel(**{**options, "end": day}))
    whole = make(source, None)
    chosen = audit_rows(len(whole.dates), rows)
    names = tuple(whole.columns) if columns is None else tuple(columns)
    failures: dict[str, str] = {}
    compared = 0
    for t, part in cuts(source, whole, chosen, make):
        for name, what, cells in _differences(whole.rows(0, t + 1), part, names):
            compared += cells
            if what:
                failures.setdefault(name, f"cut at {whole.dates[t]}: {what}")
    return StoreAudit(tuple(str(whole.dates[t]) for t in chosen), names, compared, failures)


def cuts(
    source: StorePanelSource,
    whole: Panel,
    rows: Sequence[int],
    make: Callable[[StorePanelSource, Any], Panel],
    tables: Collection[str] | None = None,
) -> Iterator[tuple[int, Panel]]:
    """(row, the panel made from what was public at its decision time), for some rows of a whole panel.

    Parameters
    ----------
    make : the panel of a source up to a day
    tables : those to keep in the cut stores; None for all

    Raises
    ------
    DataGapError
        If the store does not say when its records became public.
    """
    for t in rows:
        day = whole.dates[t]
        with tempfile.TemporaryDirectory() as folder:
            cut_store(source.store, Path(folder), _decided(source.store, day, whole), tables)
            # Inside, since columns are made from the store when they are asked for.
            yield t, make(StorePanelSource(Store(folder)), day)


def cut_store(
    store: Store, target: Path, instant: dt.datetime, tables: Collection[str] | None = None
) -> Store:
    """A copy of a simulated store with the records that were public at an instant.

    Parameters
    ----------
    target : an empty folder
    instant : with its zone
    tables : those to keep; None for all

    Raises
    ------
    DataGapError
        A table without the time of its true publication.
    """
    import pyarrow.compute as pc

    out = Store(target, create=True)
    with out.writing() as writer:
        for name in store.tables() if tables is None else sorted({*tables} & {*store.tables()}):
            known = store.manifest(name).unknown
            if TRUE_AVAILABLE_AT not in known and not _has_truth(store, name):
                raise DataGapError(
                    f"`{name}` does not say when its records became public (`{TRUE_AVAILABLE_AT}`): only a "
                    "simulated store can be cut at a time."
                )
            described = store.read(name, versions="all").schema.names
            wanted = [*(each for each in described if not each.startswith("_")), TRUE_AVAILABLE_AT]
            rows = store.read(name, columns=list(dict.fromkeys(wanted)), versions="all")
            if name not in _AHEAD:
                rows = rows.filter(pc.less_equal(rows[TRUE_AVAILABLE_AT], instant))
            writer.append(name, rows)
    _cut_outside(store.path, target, instant)
    return out


def _cut_outside(store: Path, target: Path, instant: dt.datetime) -> None:
    """The store's series from outside, as far as they were public."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for path in outside.files(store):
        rows = outside.read_table(path)
        if TRUE_AVAILABLE_AT not in rows.column_names:
            raise DataGapError(
                f"`{path}` does not say when its rows became public (`{TRUE_AVAILABLE_AT}`): only a "
                "simulated store can be cut at a time."
            )
        (target / outside.FOLDER).mkdir(exist_ok=True)
        kept = rows.filter(pc.less_equal(rows[TRUE_AVAILABLE_AT], instant))
        pq.write_table(kept, target / outside.FOLDER / f"{outside.stem(path)}.parquet")
        if (declared := outside.declaration(path)).exists():
            shutil.copy(declared, target / outside.FOLDER)


def _has_truth(store: Store, name: str) -> bool:
    import pyarrow.parquet as pq

    files = store.files(name)
    return bool(files) and TRUE_AVAILABLE_AT in pq.read_schema(files[0]).names


def _decided(store: Store, day: Any, panel: Panel) -> dt.datetime:
    """The decision time of a session, UTC."""
    clock, _ = tokyo_clock(store)
    row = int(clock.on_or_after(day))
    instant = clock.instants(panel.info.decision)[row] + TO_UTC
    moment: dt.datetime = instant.astype("datetime64[us]").astype(object)
    return moment.replace(tzinfo=dt.UTC)


def audit_rows(T: int, rows: Sequence[int] | None) -> list[int]:
    """The rows to cut at, ascending; by default four spread over T sessions.

    Raises
    ------
    ValueError
        If T is below 3, or a row is outside ``0 <= row < T - 1``.
    """
    if T < 3:
        raise ValueError(f"The panel must have at least 3 sessions for an audit; it has {T}.")
    chosen = [int(T * share) for share in (0.3, 0.55, 0.8)] + [T - 2] if rows is None else list(rows)
    wrong = [t for t in chosen if not 0 <= t < T - 1]
    if wrong:
        raise ValueError(
            f"`rows` must lie in 0 <= t < {T - 1}, so that there is a future to remove; got {wrong}."
        )
    return sorted(set(chosen))


def _differences(whole: Panel, part: Panel, names: Sequence[str]) -> Iterator[tuple[str, str, int]]:
    """(column, what differs or "", cells compared) of two panels of the same sessions."""
    if not np.array_equal(whole.dates, part.dates):
        yield "dates", f"{len(part.dates)} sessions instead of {len(whole.dates)}", len(whole.dates)
        return
    place = {str(code): n for n, code in enumerate(part.codes)}
    here = np.array([place.get(str(code), -1) for code in whole.codes], np.int64)
    more = np.setdiff1d(part.codes, whole.codes)
    if len(more):
        yield "codes", f"{', '.join(more[:_SHOWN])} only without the future", len(more)
    member = _aligned(part.listed, here, False)
    yield "listed", _where(member != whole.listed, whole), member.size
    for name in names:
        if name not in part.columns:
            missing = not np.isfinite(np.asarray(whole[name], float)).any()
            yield name, "" if missing else "there only with the future", whole[name].size
            continue
        one, other = whole[name], part[name]
        if name in whole.categories:
            differs = _texts(whole, name, one) != _aligned(_texts(part, name, other), here, "")
        elif one.ndim == 1:
            differs = _bits(one) != _bits(other)
        else:
            lost = np.nan if name != "adjustment" else 1.0
            differs = (_bits(one) != _bits(_aligned(other, here, lost))) & whole.listed
        yield name, _where(differs, whole), one.size


def _aligned(values: AnyArray, here: AnyArray, missing: Any) -> AnyArray:
    """Columns of another panel in the order of this one."""
    out = np.full((len(values), len(here)), missing, values.dtype)
    out[:, here >= 0] = values[:, here[here >= 0]]
    return out


def _bits(values: AnyArray) -> AnyArray:
    return np.ascontiguousarray(values, np.float64).view(np.int64)


def _texts(panel: Panel, name: str, values: AnyArray) -> AnyArray:
    return np.array([*panel.categories[name], ""])[values]


def _where(differs: BoolArray, panel: Panel) -> str:
    if not differs.any():
        return ""
    t, *n = np.argwhere(differs)[0]
    stock = f", {panel.codes[n[0]]}" if n else ""
    return f"{int(differs.sum())} cells, first on {panel.dates[t]}{stock}"
