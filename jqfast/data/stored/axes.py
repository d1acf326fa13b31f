"""The axes of a panel from a store: which sessions, which lives of which codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jqfast.data import calendar, pit
from jqfast.data.asof import Events, Grid, asof, asof_age
from jqfast.data.clock import Clock, from_divisions, half_days
from jqfast.data.lazy import Deferred
from jqfast.data.panel import Decision
from jqfast.data.stored.arrays import arrays, coded, span, threads
from jqfast.data.stored.lives import Lives
from jqfast.errors import DataGapError
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, FloatArray, IntArray

if TYPE_CHECKING:
    from jqfast.data.store import Store

BARS = "equities_bars_daily"
Versions = Literal["latest", "all"]
#: The exchange did not open for lack of a working system; calendars of others call it a holiday.
_OUTAGE = np.datetime64("2020-10-01", "D")


@dataclass(frozen=True, eq=False)
class Axes:
    """Sessions ``first`` to ``first + T - 1`` of the clock times N columns.

    Parameters
    ----------
    column : (L,) the panel column of each life, -1 where it has none
    listed : (T, N) membership
    moved : (row of the panel, life) of each change of segment
    """

    store: Store
    lives: Lives
    decision: Decision
    first: int
    T: int
    column: IntArray
    codes: CodeArray
    listed: BoolArray
    moved: tuple[IntArray, IntArray]

    @property
    def clock(self) -> Clock:
        """All sessions the store knows of."""
        return self.lives.clock

    @property
    def dates(self) -> DateArray:
        """(T,) sessions of the panel."""
        return self.clock.sessions[self.first : self.first + self.T]

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return self.T, len(self.codes)

    @property
    def end(self) -> np.datetime64:
        """Last session of the panel: nothing dated later can act."""
        return np.datetime64(self.dates[-1]) if self.T else np.datetime64("1970-01-01", "D")

    def records(
        self, table: str, columns: tuple[str, ...], *, versions: Versions = "latest", stocks: bool = True
    ) -> dict[str, AnyArray]:
        """Rows of a table up to the last session; ``Code`` of stocks becomes an index into `lives.codes`."""
        rows = self.store.read_coded(table, columns=columns, end=self.end, versions=versions)
        if not stocks or "Code" not in columns:
            return arrays(rows)
        labels, index = coded(rows["Code"])
        return {**arrays(rows.drop_columns(["Code"])), "Code": self.lives.find(labels)[index]}

    def act(self, rule: str | pit.Rule, records: dict[str, AnyArray]) -> IntArray:
        """The clock's row from which each record acts."""
        return pit.rows(rule, records, self.clock, self.decision)

    def life(self, code: IntArray, days: AnyArray) -> IntArray:
        """The life that had a code (an index) on a day, -1 where the code has no bars."""
        return self.lives.of(code, self.clock.after(days) - 1)

    def adjustment(self, life: IntArray, days: AnyArray) -> FloatArray:
        """A of a life on the basis of a day: the last session on or before it."""
        return self.lives.adjustment(life, self.clock.after(days) - 1)

    def ahead(self, days: AnyArray) -> IntArray:
        """The clock's row of announced days; beyond the calendar, weekdays are counted."""
        sessions = self.clock.sessions
        row = self.clock.on_or_after(days)
        known = np.where(np.isnat(days), sessions[-1], days)
        beyond = len(sessions) - 1 + np.busday_count(sessions[-1], known)
        return np.where(row < len(sessions), row, beyond)

    def events(
        self, names: tuple[str, ...], values: FloatArray, life: IntArray, row: IntArray, **more: Any
    ) -> Events:
        """Records of lives as events of the panel; those of other stocks or too late are dropped."""
        stock = np.where(life < 0, -1, self.column[life]) if len(life) else life
        keep = (stock >= 0) & (row < self.first + self.T)
        moved = {key: value - self.first if key == "since" else value for key, value in more.items()}
        whole = Events(names, values, stock, row - self.first, **moved)
        return whole.take(keep).by_row()

    def column_of(self, events: Events, name: str, max_age: int | None = None) -> Deferred:
        """The column to be of one value of events; missing outside membership."""

        def make(low: int, high: int) -> AnyArray:
            known = events.before(high)
            out: AnyArray = asof(known, self._grid(low, high), columns=[name], max_age=max_age)[0]
            return out

        return Deferred(self.shape, make)

    def age_of(self, events: Events, name: str, max_age: int | None = None) -> Deferred:
        """The column to be of the age of a value, in sessions."""

        def make(low: int, high: int) -> AnyArray:
            return asof_age(events.before(high), self._grid(low, high), column=name, max_age=max_age)

        return Deferred(self.shape, make)

    def _grid(self, low: int, high: int) -> Grid:
        return Grid(high - low, len(self.codes), low, self.listed[low:high], threads())

    def changed(self, before: Deferred, change: Callable[[AnyArray, int], AnyArray]) -> Deferred:
        """A column made from another one; ``change`` gets its rows and the first one's number."""
        return Deferred(self.shape, lambda low, high: change(before.make(low, high), low))

    def masked(self, values: FloatArray, low: int) -> FloatArray:
        """Values with NaN outside membership, in place; ``low`` is their first row."""
        np.copyto(values, np.nan, where=~self.listed[low : low + len(values)])
        return values


def tokyo_clock(store: Store) -> tuple[Clock, tuple[str, ...]]:
    """(the clock of the store, notes): its calendar, else the one of exchange-calendars (decision 39).

    Raises
    ------
    DataGapError
        If the store has no bars.
    """
    days = span(store, BARS)
    if days is None:
        raise DataGapError(
            f"`{store.path}` has no daily bars (`{BARS}`). Fetch them: `jqfast sync --store {store.path}`."
        )
    notes: list[str] = []
    known = Clock(np.zeros(0, "datetime64[D]"), np.zeros(0, bool))
    if "markets_calendar" in store.tables():
        rows = arrays(store.read("markets_calendar", columns=["Date", "HolDiv"]))
        if len(rows["Date"]):
            known = from_divisions(rows["Date"], rows["HolDiv"])
    outside = [(days[0], days[1] + 14)]
    if len(known):
        outside = [(days[0], known.sessions[0] - 1), (known.sessions[-1] + 1, days[1])]
    for low, high in outside:
        if low <= high:
            notes.append(
                f"Sessions {low} to {high} are not in the store's calendar; those of XTKS are taken."
            )
            known = _joined(known, calendar.sessions("XTKS", low, high), days)
    return known, tuple(notes)


def _joined(known: Clock, more: DateArray, days: tuple[np.datetime64, np.datetime64]) -> Clock:
    if days[0] <= _OUTAGE <= days[1] and len(more) and more[0] <= _OUTAGE <= more[-1]:
        more = np.union1d(more, [_OUTAGE])
    # `half_days` knows what the library lacks; where the store's calendar speaks, it is believed.
    half = half_days(known.sessions) if known.half is None else known.half
    sessions, place = np.unique(np.concatenate([known.sessions, more]), return_index=True)
    return Clock(sessions, np.concatenate([half, half_days(more)])[place])
