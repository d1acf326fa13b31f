"""Daily bars of a store as dense arrays on the forward basis.

1. `find_presence` walks over all bars once for codes, lives and adjustment factors;
2. `scatter` fills the price arrays of the panel, a year of the store at a time;
3. `rebase` divides by A(t) (decision 3), anchored at the first bar of the store, so that panels of different
   spans agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np

from jqfast.data import pit
from jqfast.data.clock import Clock
from jqfast.data.dense import Bars
from jqfast.data.store import Store
from jqfast.data.stored.arrays import array, by_year, coded, distinct, each_year, span
from jqfast.data.stored.axes import BARS, Axes
from jqfast.data.stored.companies import another_company
from jqfast.data.stored.lives import Lives, find_lives, with_factors
from jqfast.errors import DataGapError
from jqfast.memory import new_array
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

#: Field of the API -> field of a panel.
FIELDS = {
    "O": "open",
    "H": "high",
    "L": "low",
    "C": "close",
    "Vo": "volume",
    "Va": "turnover",
    "UL": "upper_limit",
    "LL": "lower_limit",
}
_SHOWN = 5

Made = TypeVar("Made")


def find_presence(store: Store, clock: Clock, end: np.datetime64) -> tuple[Lives, BoolArray, tuple[str, ...]]:
    """(lives of all codes, (R, L) whether a life has a bar on a session of the clock, notes) up to a day."""
    first, _ = span(store, BARS) or (end, end)
    place: dict[str, int] = {}
    rows, codes, factors = [], [], []
    stray: set[str] = set()
    for table in by_year(store, BARS, ["Date", "Code", "AdjFactor"], first, end):
        row, on = _sessions(array(table["Date"]), clock, stray)
        labels, index = coded(table["Code"])
        number = np.array([place.setdefault(str(label), len(place)) for label in labels], np.int64)[index]
        factor = array(table["AdjFactor"])
        rows.append(row[on].astype(np.int32))
        codes.append(number[on].astype(np.int32))
        moved = on & np.isfinite(factor) & (factor != 1.0)
        factors.append((row[moved], number[moved], factor[moved]))
    names = np.array(list(place), np.str_)
    order = np.argsort(names)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    present = np.zeros((len(clock), len(names)), bool)
    for row32, code32 in zip(rows, codes, strict=True):
        present[row32, rank[code32]] = True
    lives = find_lives(clock, names[order], present, another_company(store, clock, names[order]))
    lives = _factored(lives, rank, factors)
    return lives, _by_life(lives, present), _note_stray(stray)


def _sessions(days: AnyArray, clock: Clock, stray: set[str]) -> tuple[IntArray, BoolArray]:
    each, place = distinct(days)
    row = clock.on_or_after(each)
    on = clock.day(row) == each
    stray.update(str(day) for day in each[~on])
    return row[place], on[place]


def _note_stray(stray: set[str]) -> tuple[str, ...]:
    if not stray:
        return ()
    shown = ", ".join(sorted(stray)[:_SHOWN]) + (" ..." if len(stray) > _SHOWN else "")
    return (f"Bars of {len(stray)} days that are no sessions are left out ({shown}).",)


def _factored(lives: Lives, rank: IntArray, factors: list[tuple[IntArray, IntArray, FloatArray]]) -> Lives:
    row, code, factor = (np.concatenate(part) for part in zip(*factors, strict=True))
    wrong = (factor <= 0) | np.isinf(factor)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise DataGapError(
            f"`AdjFactor` must be above 0; {int(wrong.sum())} are not, first {factor[at]} of "
            f"{lives.codes[rank[code[at]]]} on {lives.clock.sessions[row[at]]}. Fetch these days again."
        )
    return with_factors(lives, lives.of(rank[code], row), row, factor)


def _by_life(lives: Lives, present: BoolArray) -> BoolArray:
    """(R, L) presence of lives from the presence of codes."""
    out = present[:, lives.code]
    for life in np.flatnonzero(lives.several[lives.code]):
        out[: lives.first[life], life] = False
        if life + 1 < len(lives) and lives.code[life + 1] == lives.code[life]:
            out[lives.first[life + 1] :, life] = False
    return out


def scatter(axes: Axes) -> Bars:
    """The bars of the panel, raw; a cell without a record is NaN and not present."""
    fields: dict[str, FloatArray] = {name: new_array(axes.shape, "float64") for name in FIELDS.values()}
    for values in fields.values():
        values.fill(np.nan)

    def fill(year: Placed) -> None:
        for source, name in FIELDS.items():  # other years have other cells
            fields[name].reshape(-1)[year.place] = array(year.rows[source])[year.kept]

    each_cell(axes, BARS, list(FIELDS), fill)
    return Bars(axes.dates, axes.codes, fields, axes.listed)


def rebase(axes: Axes, bars: Bars) -> None:
    """Bring raw bars to the forward basis in place, with `adjustment` and `raw_close`."""
    adjustment = _adjustment(axes)
    fields = bars.fields
    fields["adjustment"] = adjustment
    fields["raw_close"] = fields["close"].copy()
    for name in ("open", "high", "low", "close"):
        np.divide(fields[name], adjustment, out=fields[name])
    np.multiply(fields["volume"], adjustment, out=fields["volume"])


def _adjustment(axes: Axes) -> FloatArray:
    """(T, N) A(t): of the session before in a panel that is decided before the open."""
    late = int(axes.decision == "preopen")
    out = np.empty(axes.shape)
    lives = np.flatnonzero(axes.column >= 0)
    out[:, axes.column[lives]] = axes.lives.adjustment(lives, np.full(len(lives), axes.first - late))
    far = np.int64(1) << 32
    for key, product in zip(axes.lives.splits, axes.lives.products, strict=True):
        column, row = axes.column[key // far], int(key % far) + late - axes.first
        if column >= 0 and 0 < row < axes.T:
            out[row:, column] = product
    return out


class Placed(NamedTuple):
    """The rows of a calendar ``year`` as an Arrow table; of those ``kept`` the ``place`` in a flat T x N
    array and the ``life``."""

    year: int
    rows: Any
    kept: IntArray
    place: IntArray
    life: IntArray


def each_cell(axes: Axes, table: str, columns: list[str], work: Callable[[Placed], Made]) -> list[Made]:
    """What ``work`` makes of each year of a table with a row per stock and session, several years at once."""
    sessions = axes.clock.sessions
    low = sessions[max(axes.first - 1, 0)] if axes.T else axes.end
    T, N = axes.shape

    def place_rows(year: int, rows: Any) -> Made:
        days, day = distinct(array(rows["Date"]))
        row = axes.clock.on_or_after(days)
        at = pit.rows(table, {"Date": days}, axes.clock, axes.decision) - axes.first
        at[(axes.clock.day(row) != days) | (at < 0) | (at >= T)] = -1
        at, row = at[day], row[day]
        labels, index = coded(rows["Code"])
        life = axes.lives.of(axes.lives.find(labels)[index], row)
        column = np.append(axes.column, -1)[life]
        keep = np.flatnonzero((column >= 0) & (at >= 0))
        return work(Placed(year, rows, keep, at[keep] * N + column[keep], life[keep]))

    return each_year(axes.store, table, ["Date", "Code", *columns], (low, axes.end), place_rows)
