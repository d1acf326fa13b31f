"""What a sync knows before the first table: sessions, the service's time, the plan, the days to cover."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from jqfast.data.jquants.asks import Span
from jqfast.data.jquants.client import Client
from jqfast.data.jquants.errors import NotInPlanError
from jqfast.data.jquants.memory import CALENDAR, Memory
from jqfast.data.jquants.plans import Access, detect
from jqfast.data.jquants.report import TableReport
from jqfast.data.jquants.schedule import JST, Sessions
from jqfast.data.store import Writer
from jqfast.data.tables import table

if TYPE_CHECKING:
    from jqfast.data.jquants.sync import SyncOptions

#: A clock that is off by more is mentioned; the service's is used in any case.
_SKEW = dt.timedelta(minutes=10)
#: How far back corrections are looked for.
RECHECKED = dt.timedelta(days=10)


@dataclass(frozen=True)
class Opening:
    """The result of :func:`begin`.

    Attributes
    ----------
    access, sessions, span : what may be asked for, on which days, from when to when
    memory : of the last sync, with what is known now
    today : in Japan, by the service's clock
    calendar : what the calendar itself got
    notes : for the report
    """

    access: Access
    sessions: Sessions
    span: Span
    memory: Memory
    today: dt.date
    calendar: TableReport
    notes: list[str] = field(default_factory=list)


def begin(
    client: Client, writer: Writer, options: SyncOptions, start: dt.date | None, end: dt.date | None
) -> Opening:
    """Fetch the calendar, read the clock, find out the plan; ``start`` and ``end`` as asked for.

    Raises
    ------
    ValueError
        If the span begins after the last day that can be had.
    """
    told = TableReport(CALENDAR, asked=1)
    rows = _calendar(client, told)
    today = client.now().astimezone(JST).date()
    if start and start > today:
        raise ValueError(f"`start` {start} is after the last day that can be had, {today}.")
    memory = Memory.load(writer).asked_since(start)
    access = memory.access(today)
    if options.plan and (access is None or access.plan != options.plan):
        access = Access(options.plan)
    if access is None:
        access = detect(client, _session_long_ago(today))
    if access.plan != memory.plan or memory.access(today) is None:
        memory = memory.found(access, today)
    told.rows, told.new = len(rows), writer.append(CALENDAR, rows).added
    memory.save(writer)
    notes = _clock_note(client)
    if start and access.start and start < access.start:
        notes.append(f"The plan reaches back to {access.start}; earlier days were left out.")
    if start is None and memory.first:
        notes.append(f"From {memory.first} on, as the first sync of this store; --from asks for more.")
    first = max(start or memory.first or dt.date.min, access.start or dt.date.min)
    last = min(end or today, access.end or today, today)
    span = Span(first, last, client.now(), live=access.plan == "premium")
    return Opening(access, Sessions(_divisions(rows)), span, memory, today, told, notes)


def _calendar(client: Client, told: TableReport) -> list[dict[str, str]]:
    try:
        return [row for answer in client.pages(table(CALENDAR).path) for row in answer.rows]
    except NotInPlanError as error:
        told.refused = str(error)
        return []


def _session_long_ago(today: dt.date) -> dt.date:
    """A weekday that every plan reaches: twelve weeks back and some more."""
    day = today - dt.timedelta(days=120)
    return day - dt.timedelta(days=max(0, day.weekday() - 4))


def _clock_note(client: Client) -> list[str]:
    skew = abs(client.skew or dt.timedelta(0))
    if skew <= _SKEW:
        return []
    off = dt.timedelta(minutes=round(skew / dt.timedelta(minutes=1)))
    return [f"The clock of this machine and the service's differ by {off}; the service's is used."]


def _divisions(rows: Sequence[dict[str, str]]) -> dict[dt.date, str]:
    found = {}
    for row in rows:
        try:
            found[dt.date.fromisoformat(str(row.get("Date", ""))[:10])] = str(row.get("HolDiv", ""))
        except ValueError:
            continue
    return found
