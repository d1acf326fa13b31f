"""Columns of tables with a row per stock and session: one scattering of a field into the cells of the panel.

Where the rows of a table go is the same for all of its fields, and costs more to find out than a field costs
to read. So it is found out once, when the first column of a table is made, and kept with the panel in some
twelve bytes a cell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import array, each_year
from jqfast.data.stored.axes import Axes
from jqfast.data.stored.bars import Placed, each_cell
from jqfast.errors import DataGapError
from jqfast.memory import new_array
from jqfast.types import AnyArray, FloatArray, IntArray

#: A writer that replaces files makes a reader start again; this often in a row it is no accident.
_ATTEMPTS = 5


@dataclass(frozen=True, eq=False)
class _Year:
    """Of the rows of one year: their number, those ``kept`` (None: all), their ``place`` in a flat T x N
    array; among the kept those ``moved`` whose stock has split by then, with the ``factor`` A(t) of the day.

    ``kept`` and ``moved`` are int32 and ascending; ``place`` is int64, its sessions ascending, from row
    ``low`` of the panel to row ``high - 1``.
    """

    rows: int
    kept: AnyArray | None
    place: IntArray
    moved: AnyArray
    factor: FloatArray
    low: int
    high: int

    def within(self, low: int, high: int, N: int) -> _Year:
        """The cells of the sessions ``low <= t < high``, counted from ``low``."""
        begin, end = np.searchsorted(self.place // N, (low, high))
        first, last = np.searchsorted(self.moved, (begin, end))
        every = np.arange(self.rows, dtype=np.int32) if self.kept is None else self.kept
        return _Year(
            self.rows,
            every[begin:end],
            self.place[begin:end] - low * N,
            self.moved[first:last] - np.int32(begin),
            self.factor[first:last],
            max(self.low, low) - low,
            min(self.high, high) - low,
        )


class Daily:
    """A table with a row per stock and session, whose fields become columns."""

    def __init__(self, axes: Axes, table: str) -> None:
        self._axes, self._table = axes, table
        self._years: dict[int, _Year] = {}
        self._files: tuple[str, ...] = ()

    def column(self, field: str, power: int = 0, times: float = 1.0) -> Deferred:
        """The column to be of one field.

        Parameters
        ----------
        power : of A(t) in the value: -1 divides (yen per share), 1 multiplies (shares)
        times : factor of the unit
        """

        def make(low: int, high: int) -> AnyArray:
            for _ in range(_ATTEMPTS):
                self._find_out()
                out = self._scattered(field, power, times, low, high)
                if out is not None and self._files == self._held():
                    return out
            raise DataGapError(f"`{self._table}` of `{self._axes.store.path}` is being written; try again.")

        return Deferred(self._axes.shape, make)

    def _held(self) -> tuple[str, ...]:
        """The files of the table, by their content."""
        store = self._axes.store
        if self._table not in store.tables():
            raise DataGapError(
                f"`{store.path}` no longer holds `{self._table}`, from which this column comes."
            )
        return tuple(part.sha256 for part in store.manifest(self._table).parts)

    def _find_out(self) -> None:
        """Where the rows go, unless that is known of the files there are."""
        files = self._held()
        if files == self._files:
            return
        self._years = {}
        self._years = dict(each_cell(self._axes, self._table, [], self._cells))
        self._files = files

    def _cells(self, of: Placed) -> tuple[int, _Year]:
        axes = self._axes
        listed = axes.listed.reshape(-1)[of.place]
        kept, place, life = of.kept[listed], of.place[listed], of.life[listed]
        factor = axes.adjustment(life, array(of.rows["Date"])[kept])
        moved = np.flatnonzero(factor != 1.0)
        rows = of.rows.num_rows
        some = kept.astype(np.int32) if len(kept) < rows else None
        of_panel = place // axes.shape[1]
        ends = (int(of_panel.min()), int(of_panel.max()) + 1) if len(place) else (0, 0)
        return of.year, _Year(rows, some, place, moved.astype(np.int32), factor[moved], *ends)

    def _scattered(self, field: str, power: int, times: float, low: int, high: int) -> FloatArray | None:
        """(high - low, N) a field in its cells; None where the rows are not those that were found."""
        axes = self._axes
        out: FloatArray = new_array((high - low, len(axes.codes)), "float64")
        out.fill(np.nan)
        wanted = {year for year, known in self._years.items() if known.low < high and known.high > low}

        def fill(year: int, rows: Any) -> int:
            known = self._years.get(year)
            if known is None or known.rows != rows.num_rows:
                return -1
            if low > 0 or known.high > high:
                known = known.within(low, high, len(axes.codes))
            _scatter(known, array(rows[field]), power, times, out)  # other years have other cells
            return year

        if not wanted:
            return out
        begin, end = axes.clock.sessions[max(axes.first - 1, 0)], axes.end
        days = (
            max(begin, np.datetime64(f"{min(wanted)}-01-01")),
            min(end, np.datetime64(f"{max(wanted)}-12-31")),
        )
        done = each_year(axes.store, self._table, [field], days, fill)
        return out if -1 not in done and wanted <= set(done) else None


def _scatter(year: _Year, read: FloatArray, power: int, times: float, out: FloatArray) -> None:
    """Put a field of a year into its cells; compiled (``cpp/src/scatter.cpp``)."""
    from jqfast import _core

    moved = year.moved if power else year.moved[:0]
    factor = year.factor[: len(moved)] ** power
    _core.scatter(read, kept=year.kept, place=year.place, moved=moved, factor=factor, times=times, out=out)
