"""Days announced ahead: ex-dividend days with their amounts, and days of earnings.

A notice counts from its publication, its revision replaces it from the revision's own. On each session the
next announced day and the last one passed are known; a notice of a day that was cancelled or postponed never
shows the realised day before it was announced.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jqfast.data.asof import Events
from jqfast.data.lazy import Deferred
from jqfast.data.stored.arrays import sorted_by
from jqfast.data.stored.axes import Axes
from jqfast.types import AnyArray, FloatArray, IntArray

DIVIDEND, EARNINGS = "fins_dividend", "fins_earnings_date"
_NEVER = np.nan


class _Notice(NamedTuple):
    """From ``row`` on the day of ``subject`` is session ``due`` (-1: none) with an amount."""

    row: int
    subject: str
    due: int
    amount: float


def dividend_columns(axes: Axes) -> dict[str, Deferred]:
    """Sessions to the next and since the last ex-dividend day, and the amounts per share."""
    columns = (
        "PubDate",
        "PubTime",
        "Code",
        "RefNo",
        "CARefNo",
        "StatCode",
        "IFTerm",
        "IFCode",
        "ExDate",
        "DivRate",
    )
    r = sorted_by(axes.records(DIVIDEND, columns, versions="all"), "PubDate", "PubTime", "RefNo")
    life = axes.life(r["Code"], r["PubDate"])
    amount = r["DivRate"] / axes.adjustment(life, r["PubDate"])
    cancelled = (r["StatCode"] == "3") | np.isnat(r["ExDate"])
    due = np.where(cancelled, -1, axes.ahead(r["ExDate"]))
    subject = np.char.add(np.char.add(r["IFTerm"], "/"), r["IFCode"])
    events = _timeline(axes, life, axes.act(DIVIDEND, r), subject, due, amount)
    return _columns(axes, events, "dividend")


def earnings_columns(axes: Axes) -> dict[str, Deferred]:
    """Sessions to the next and since the last scheduled day of earnings."""
    r = sorted_by(
        axes.records(EARNINGS, ("PubDate", "SchDate", "FQName", "FYE", "Code"), versions="all"), "PubDate"
    )
    life = axes.life(r["Code"], r["PubDate"])
    due = np.where(np.isnat(r["SchDate"]), -1, axes.ahead(r["SchDate"]))
    # Next year's notice of a quarter takes the place of this year's, which others have followed by then.
    subject = np.char.add(r["FYE"], r["FQName"])
    events = _timeline(axes, life, axes.act(EARNINGS, r), subject, due, np.zeros(len(due)))
    made = _columns(axes, events, "earnings")
    return {name: column for name, column in made.items() if not name.endswith("_amount")}


def _columns(axes: Axes, events: Events, name: str) -> dict[str, Deferred]:
    next_, last = axes.column_of(events, "next"), axes.column_of(events, "last")

    def until(values: AnyArray, low: int) -> AnyArray:
        return np.asarray(values - np.arange(low, low + len(values))[:, None])

    return {
        f"{name}_in": axes.changed(next_, until),
        f"{name}_ago": axes.changed(last, lambda values, low: -until(values, low)),
        f"{name}_next_amount": axes.column_of(events, "next_amount"),
        f"{name}_last_amount": axes.column_of(events, "last_amount"),
    }


def _timeline(
    axes: Axes, life: IntArray, row: IntArray, subject: AnyArray, due: IntArray, amount: FloatArray
) -> Events:
    """What is next and last, as events at each notice and the session after each day that passes."""
    T = axes.first + axes.T
    keep = np.flatnonzero((life >= 0) & (row < T))
    order = keep[np.lexsort((keep, row[keep], life[keep]))]
    lives, starts = np.unique(life[order], return_index=True)
    found: list[tuple[float, ...]] = []
    of: list[int] = []
    for one, part in zip(lives, np.split(order, starts[1:]), strict=True):
        if axes.column[one] < 0:
            continue
        notices = [
            _Notice(*four)
            for four in zip(
                row[part].tolist(),
                subject[part].tolist(),
                due[part].tolist(),
                amount[part].tolist(),
                strict=True,
            )
        ]
        states = list(_states(notices, T))
        found += states
        of += [int(one)] * len(states)
    values = np.array(found, np.float64).reshape(-1, 5)
    shown = values[:, 1:].copy()
    shown[:, [0, 2]] -= axes.first  # sessions of the panel
    names = ("next", "next_amount", "last", "last_amount")
    return axes.events(names, shown, np.array(of, np.int64), values[:, 0].astype(np.int64), record=True)


def _states(notices: list[_Notice], T: int) -> Iterator[tuple[float, ...]]:
    """(row, next day, its amount, last day, its amount) each time one of them changes, rows ascending."""
    live: dict[str, tuple[int, float]] = {}
    days: list[tuple[int, float]] = []
    changes = sorted({n.row for n in notices} | {n.due + 1 for n in notices if n.due >= 0})
    place, state = 0, (_NEVER,) * 4
    for row in changes:
        if row >= T:
            return
        while place < len(notices) and notices[place].row <= row:
            _, subject, due, amount = notices[place]
            if subject in live:
                days.remove(live.pop(subject))
            if due >= 0:
                live[subject] = (due, amount)
                bisect.insort(days, live[subject])
            place += 1
        # Sessions up to row - 1 have passed; a notice that comes after its day shows as passed at once.
        at = bisect.bisect_left(days, (row, -np.inf))
        next_ = days[at] if at < len(days) else (_NEVER, _NEVER)
        last = days[at - 1] if at else (_NEVER, _NEVER)
        if (*next_, *last) != state:
            state = (*next_, *last)
            yield (row, *state)
