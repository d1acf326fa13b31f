"""What to ask for: the days of a table that are missing, not final, or due for another look.

In: a table, a span of days, what the store has. Out: a list of :class:`Ask`, each one query whose answer is
stored and marked as done in one step. Units are days (``2024-05-10``) for tables asked by day and months
(``2024-05``) for those asked by range; tables that only know "now" have none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from jqfast.data.jquants.schedule import JST, Sessions, asked_days, month_of, month_span, months, times
from jqfast.data.tables import Table

#: Ranges are asked again this long after their month ended, as corrections arrive late.
_SETTLED = dt.timedelta(days=45)
#: At most this many months in one range, so that an answer stays small.
_RANGE = 60


@dataclass(frozen=True)
class Ask:
    """One query.

    Attributes
    ----------
    table, path : name and path of the table
    params : of the query
    units : what is done once the answer is stored; empty if it is not final
    first, last : days that the answer covers
    bulk : key of the bulk file that holds the answer, else empty
    """

    table: str
    path: str
    params: tuple[tuple[str, str], ...]
    units: tuple[str, ...]
    first: dt.date
    last: dt.date
    bulk: str = ""


@dataclass(frozen=True)
class Span:
    """What a sync covers.

    Attributes
    ----------
    start, end : first and last day asked for
    now : the service's time
    recheck : days from this one on are asked for again though they are done; None for none
    live : whether statements can be had as they are disclosed
    """

    start: dt.date
    end: dt.date
    now: dt.datetime
    recheck: dt.date | None = None
    live: bool = False


def asks_of(table: Table, span: Span, done: Collection[str], sessions: Sessions) -> list[Ask]:
    """The queries that a table needs, oldest first."""
    since = max(span.start, dt.date.fromisoformat(table.since))
    span = replace(span, start=since)
    if table.query == "all":
        return [Ask(table.name, table.path, (), (), span.end, span.end)]
    if span.start > span.end:
        return []
    if table.query == "range":
        return _ranges(table, span, done)
    return list(_days(table, span, done, sessions))


def _days(table: Table, span: Span, done: Collection[str], sessions: Sessions) -> Iterator[Ask]:
    now = span.now.astimezone(JST)
    for day in asked_days(table.name, table.rhythm, span.start, span.end, sessions):
        unit = day.isoformat()
        if unit in done and (span.recheck is None or day < span.recheck):
            continue
        first, final = times(table.name, day, sessions, live=span.live)
        if now < first:
            continue
        marks = (unit,) if now >= final else ()
        yield Ask(table.name, table.path, ((table.date_parameter, unit),), marks, day, day)


def _ranges(table: Table, span: Span, done: Collection[str]) -> list[Ask]:
    """Missing months next to each other in one query; a month counts as done long after its end."""
    found: list[list[str]] = []
    previous = ""
    for month in months(span.start, span.end):
        cut = f"{month}@{max(span.start, month_span(month)[0])}"
        if month in done or any(unit <= cut for unit in done if unit.startswith(f"{month}@")):
            previous = ""
            continue
        if previous and len(found[-1]) < _RANGE:
            found[-1].append(month)
        else:
            found.append([month])
        previous = month
    return [_range(table, span, group) for group in found]


def _range(table: Table, span: Span, group: list[str]) -> Ask:
    first = max(span.start, month_span(group[0])[0])
    last = min(span.end, month_span(group[-1])[1])
    now = span.now.astimezone(JST).date()
    units = []
    for month in group:
        begins, ends = month_span(month)
        if ends + _SETTLED <= now and ends <= span.end:
            # A plan's window may begin inside a month: what was had of it is part of the unit's name.
            units.append(month if begins >= span.start else f"{month}@{span.start}")
    params = (("from", first.isoformat()), ("to", last.isoformat()))
    return Ask(table.name, table.path, params, tuple(units), first, last)


def by_month(asks: list[Ask]) -> dict[str, list[Ask]]:
    """The asks of single days, by month."""
    found: dict[str, list[Ask]] = {}
    for ask in asks:
        found.setdefault(month_of(ask.first), []).append(ask)
    return found
