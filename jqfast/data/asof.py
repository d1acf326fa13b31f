"""Events to panels: what was last known of each stock on each session, and how old it is.

An event says from which session on a record about a stock is known, which of several known records counts
(``order``: usually the period they are about, so that a late correction of an old period does not replace a
newer one) and from which session its age runs. The join itself is compiled (``cpp/src/asof.cpp``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from jqfast.errors import unknown
from jqfast.memory import new_array
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Events:
    """Records as events, in the order of their publication.

    Parameters
    ----------
    names : the K value columns
    values : (E, K) float64, NaN where a record has no value
    stock : (E,) int64, column of the panel
    row : (E,) int64, the first session that knows the record; below 0 before the first session
    order : (E,) int64, of the records known the greatest counts, among equals the one known last; None: the
        one known last
    since : (E,) int64, the session the age is counted from; None: the session that knew it first
    record : True takes a record as a whole, missing values included; False keeps a column's last known value
        where a later record has none
    """

    names: tuple[str, ...]
    values: FloatArray
    stock: IntArray
    row: IntArray
    order: IntArray | None = None
    since: IntArray | None = None
    record: bool = False

    def __len__(self) -> int:
        return len(self.stock)

    def take(self, keep: AnyArray | slice) -> Events:
        """The events of a mask or index, or views of a slice."""
        return replace(
            self,
            values=self.values[keep],
            stock=self.stock[keep],
            row=self.row[keep],
            order=None if self.order is None else self.order[keep],
            since=None if self.since is None else self.since[keep],
        )

    def by_row(self) -> Events:
        """The events sorted by row, which the join would otherwise do in each call."""
        if (self.row[1:] >= self.row[:-1]).all():
            return self
        return self.take(np.argsort(self.row, kind="stable"))

    def before(self, row: int) -> Events:
        """The events known before a session, as views; the events must be sorted by row."""
        stop = int(np.searchsorted(self.row, row))
        return self if stop == len(self) else self.take(slice(0, stop))


class Grid(NamedTuple):
    """The cells of a result: ``sessions`` from row ``first`` on, times ``stocks``.

    ``listed`` (sessions, stocks) bool: where it is False nothing is said of a stock; None: everywhere.
    ``threads``: the result does not depend on them.
    """

    sessions: int
    stocks: int
    first: int = 0
    listed: BoolArray | None = None
    threads: int = 1


def asof(
    events: Events, grid: Grid, *, columns: Sequence[str] | None = None, max_age: int | None = None
) -> FloatArray:
    """What was last known on each session.

    Parameters
    ----------
    grid : sessions and stocks of the result
    columns : names of the value columns wanted; None takes all
    max_age : in sessions; an older value is missing; None keeps it for ever

    Returns
    -------
    (K, T, N) float64, NaN where nothing is known
    """
    return _run(events, grid, columns, max_age, ages=False)[0]


def asof_age(events: Events, grid: Grid, *, column: str, max_age: int | None = None) -> FloatArray:
    """(T, N) float64: sessions since the value of `column` shown by :func:`asof`, NaN where there is none."""
    ages: FloatArray = _run(events, grid, [column], max_age, ages=True)[1][0]
    return ages


def _run(
    events: Events, grid: Grid, columns: Sequence[str] | None, max_age: int | None, *, ages: bool
) -> tuple[FloatArray, FloatArray]:
    from jqfast import _core

    values = np.ascontiguousarray(
        events.values if columns is None else events.values[:, _places(events, columns)]
    )
    layers, shape = values.shape[1], (grid.sessions, grid.stocks)
    out: FloatArray = new_array((layers, *shape), "float64")
    old: FloatArray = new_array((1 if events.record else layers, *shape) if ages else (0, 0, 0), "float64")
    order = np.zeros(len(events), np.int64) if events.order is None else events.order
    since = events.row if events.since is None else events.since
    _core.asof(
        *(events.stock, events.row, order, since, values),
        out=out,
        ages=old if ages else None,
        listed=grid.listed,
        first=grid.first,
        max_age=max_age,
        record=events.record,
        threads=grid.threads,
    )
    return out, old


def _places(events: Events, columns: Sequence[str]) -> list[int]:
    wrong = [name for name in columns if name not in events.names]
    if wrong:
        raise unknown("column of the events", wrong[0], events.names)
    return [events.names.index(name) for name in columns]
