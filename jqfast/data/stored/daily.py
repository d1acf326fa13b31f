"""Columns of tables with a row per stock and session: one scattering of a field into the cells of the panel.

Where the rows of a table go is the same for all of its fields, and costs more to find out than a field costs
to read. So it is found out once, when the first column of a table is made, and kept with the panel in some
eight bytes a cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import array, by_year
from jqfast.data.stored.axes import Axes
from jqfast.data.stored.bars import cells
from jqfast.errors import DataGapError
from jqfast.memory import new_array
from jqfast.types import AnyArray, FloatArray, IntArray

#: A writer that replaces files makes a reader start again; this often in a row it is no accident.
_ATTEMPTS = 5


@dataclass(frozen=True, eq=False)
class _Year:
    """Of the rows of one year: their number, those ``kept``, their ``place`` in a flat T x N array; among the
    kept those ``moved`` whose stock has split by then, with the ``factor`` A(t) of their day."""

    rows: int
    kept: IntArray
    place: IntArray
    moved: IntArray
    factor: FloatArray


class Daily:
    """A table with a row per stock and session, whose fields become columns."""

    def __init__(self, axes: Axes, table: str) -> None:
        self._axes, self._table = axes, table
        self._years: list[_Year] = []
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
                out = self._scattered(field, power, times)
                if out is not None and self._files == self._held():
                    return out[low:high]
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
        axes = self._axes
        self._years = []
        for rows, kept, place, life in cells(axes, self._table, []):
            listed = axes.listed.reshape(-1)[place]
            kept, place, life = kept[listed], place[listed], life[listed]
            factor = axes.adjustment(life, array(rows["Date"])[kept])
            moved = np.flatnonzero(factor != 1.0)
            small = np.int32 if axes.listed.size < 2**31 else np.int64
            self._years.append(
                _Year(
                    rows.num_rows,
                    kept.astype(np.int32),
                    place.astype(small),
                    moved.astype(np.int32),
                    factor[moved],
                )
            )
        self._files = files

    def _scattered(self, field: str, power: int, times: float) -> FloatArray | None:
        """(T, N) a field in its cells; None where the rows are not those that were found."""
        out: FloatArray = new_array(self._axes.shape, "float64")
        out.fill(np.nan)
        flat, count = out.reshape(-1), 0
        for year, read in zip(self._years, self._read(field), strict=False):
            if len(read) != year.rows:
                return None
            values = read[year.kept] if len(year.kept) < year.rows else read
            if times != 1.0:
                values = values * times
            if power and len(year.moved):
                values = values.copy()
                values[year.moved] *= year.factor**power
            flat[year.place] = values
            count += 1
        return out if count == len(self._years) else None

    def _read(self, field: str) -> Iterator[FloatArray]:
        """The values of a field, year by year, in the order in which the cells were found."""
        axes = self._axes
        low = axes.clock.sessions[max(axes.first - 1, 0)] if axes.T else axes.end
        for rows in by_year(axes.store, self._table, [field], low, axes.end):
            yield array(rows[field])
