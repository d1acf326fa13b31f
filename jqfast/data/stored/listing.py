"""Membership and categories by day from the issue list of a store.

A snapshot of the list holds from the day it is dated to the next snapshot. Where snapshots are rarer than
sessions, a stock also needs a bar of the day, so that a delisted one does not linger until the next snapshot.
Before the open it needs one of the session before: nothing is known of a stock that never traded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jqfast.data.panel import Decision
from jqfast.data.store import Store
from jqfast.data.stored.arrays import array, by_year, coded, distinct
from jqfast.data.stored.companies import MASTER, last_list
from jqfast.data.stored.lives import Lives
from jqfast.data.universe import NAMED_BY, Universe, fits, segment, selected
from jqfast.errors import DataGapError
from jqfast.types import AnyArray, BoolArray, IntArray

#: Category of the panel -> field of the issue list.
CATEGORIES = {
    "sector33": "S33",
    "sector17": "S17",
    "market": "Mkt",
    "scale": "ScaleCat",
    "margin_class": "Mrgn",
}
_NONE = np.zeros(0, np.int64)
_ASKED = (*CATEGORIES.values(), "ProdCat")


@dataclass
class Listing:
    """Membership of lives by session, (T, L) bool, their categories, (T, L) int16 with labels, and moves.

    ``moved`` is (row of the panel, life) of each change of segment, members or not.
    """

    member: BoolArray
    labels: dict[str, tuple[AnyArray, tuple[str, ...]]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    moved: tuple[IntArray, IntArray] = (_NONE, _NONE)


def listing(
    store: Store,
    lives: Lives,
    present: BoolArray,
    rows: tuple[int, int],
    universe: Universe,
    decision: Decision,
) -> Listing:
    """Who belonged when.

    Parameters
    ----------
    present : (R, L), see :func:`jqfast.data.stored.bars.find_presence`
    rows : first row of the clock and number of sessions

    Raises
    ------
    DataGapError
        If the store has no issue list and the universe needs one.
    """
    first, T = rows
    late = int(decision == "preopen")
    alive = np.zeros((T, len(lives)), bool)
    source = present[max(first - late, 0) : first - late + T]
    alive[T - len(source) :] = source
    if MASTER not in store.tables():
        if universe != "all":
            raise DataGapError(
                f"`universe={universe!r}` needs the issue list (`{MASTER}`), which the store does not hold. "
                'Fetch it, or take `universe="all"`: every code with a bar.'
            )
        return Listing(alive, notes=("No issue list: every code with a bar of the day belongs.",))
    return _from_snapshots(_Snapshots(store, lives, first, T, universe), alive, before_open=late == 1)


class _Snapshots:
    """The snapshots that act in the panel, scattered into (S, L) arrays."""

    def __init__(self, store: Store, lives: Lives, first: int, T: int, universe: Universe) -> None:
        self.store, self.lives, self.universe = store, lives, universe
        self.first, self.T = first, T
        days = lives.clock.sessions[first : first + T]
        self.low, self.high = last_list(store, days[0]), days[-1]
        self.rows: list[int] = []
        self.member: list[AnyArray] = []
        self.values: dict[str, list[AnyArray]] = {name: [] for name in CATEGORIES}
        self.number: dict[str, dict[str, int]] = {name: {} for name in CATEGORIES}

    def read(self) -> None:
        """All snapshots, a year at a time."""
        for table in by_year(self.store, MASTER, ["Date", "Code", *_ASKED], self.low, self.high):
            days, place = distinct(array(table["Date"]))
            rows = self.lives.clock.on_or_after(days)
            for one in rows.tolist():
                self.rows.append(one)
            self._year(table, place, rows)

    def _year(self, table: Any, place: IntArray, rows: IntArray) -> None:
        codes, index = coded(table["Code"])
        parts = {name: coded(table[name]) for name in _ASKED}
        life = self.lives.of(self.lives.find(codes)[index], rows[place])
        keep = life >= 0
        shape = (len(rows), len(self.lives))
        member = np.zeros(shape, bool)
        chosen = _chosen(self.universe, table, (codes, index), parts)
        member[place[keep], life[keep]] = chosen[keep]
        self.member.append(member)
        for name, source in CATEGORIES.items():
            labels, at = parts[source]
            known = self.number[name]
            code = np.array([known.setdefault(str(label), len(known)) for label in labels] + [-1], np.int16)
            out = np.full(shape, -1, np.int16)
            out[place[keep], life[keep]] = code[at[keep]]
            self.values[name].append(out)


def _chosen(
    universe: Universe,
    table: Any,
    code: tuple[AnyArray, IntArray],
    parts: dict[str, tuple[AnyArray, IntArray]],
) -> BoolArray:
    """Membership per row: judged once per distinct issue, which are few, unless dates matter."""
    if isinstance(universe, str):
        columns = {**parts, "Code": code}
        masks = [fits(universe, name, np.append(columns[name][0], ""))[columns[name][1]] for name in NAMED_BY]
        return np.asarray(np.logical_and.reduce(masks), bool)
    if not callable(universe):
        issues = {"Code": code[0][code[1]], "Date": array(table["Date"])}
        return selected(universe, issues)
    key = code[1].copy()
    for labels, index in parts.values():
        key = key * (len(labels) + 1) + (index + 1)
    _, at, back = np.unique(key, return_index=True, return_inverse=True)
    issues = {"Code": code[0][code[1][at]]}
    for name, (labels, index) in parts.items():
        issues[name] = np.append(labels, "")[index[at]]
    return selected(universe, issues)[back]


def _from_snapshots(shots: _Snapshots, alive: BoolArray, *, before_open: bool) -> Listing:
    shots.read()
    if not shots.rows:
        raise DataGapError(
            f"The issue list (`{MASTER}`) has no row on or before {shots.high}. Fetch it for these days."
        )
    rows = np.array(shots.rows) - shots.first
    held = np.searchsorted(rows, np.arange(shots.T), side="right") - 1
    exact = (held >= 0) & (rows[held] == np.arange(shots.T))
    member = _held(np.concatenate(shots.member), held, False)
    shots.member.clear()
    # Where the store lacks the bars of a whole session, the list alone has to do.
    enough = exact & ~alive.any(axis=1) if before_open else exact
    member &= alive | enough[:, None]
    labels = {}
    for name in CATEGORIES:
        values = _held(np.concatenate(shots.values.pop(name)), held, -1)
        known = list(shots.number[name])
        order = np.argsort(known)
        rank = np.empty(len(known) + 1, np.int16)
        rank[order] = np.arange(len(known))
        rank[-1] = -1
        labels[name] = (rank[values], tuple(known[k] for k in order))
    notes = []
    if not exact.all():
        notes.append(
            f"The issue list has {len(rows)} snapshots for {shots.T} sessions; each holds until the next one."
        )
    if (held < 0).any():
        notes.append(f"No issue list before session {int((held >= 0).argmax())}: nobody belongs until then.")
    return Listing(member, labels, tuple(notes), _moves(*labels["market"]))


def _moves(values: AnyArray, labels: tuple[str, ...]) -> tuple[IntArray, IntArray]:
    """(row, life) of each change of segment; the reform of 2022 itself is none."""
    number = {name: k for k, name in enumerate(dict.fromkeys(map(segment, labels)))}
    of_code = np.array([*(number[segment(label)] for label in labels), -1], np.int16)
    now = of_code[values]
    row, life = np.nonzero((now[1:] != now[:-1]) & (now[1:] >= 0) & (now[:-1] >= 0))
    return row.astype(np.int64) + 1, life.astype(np.int64)


def _held(values: AnyArray, held: IntArray, missing: Any) -> AnyArray:
    if len(held) == len(values) and (held == np.arange(len(held))).all():
        return values
    out = values[np.maximum(held, 0)]
    out[held < 0] = missing
    return out
