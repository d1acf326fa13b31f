"""One sync from the calendar to the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jqfast.data.jquants.asks import Ask, Span, asks_of
from jqfast.data.jquants.bulk import days_of, fetch_file, with_files
from jqfast.data.jquants.client import Client
from jqfast.data.jquants.collect import Collector, Fetched
from jqfast.data.jquants.errors import (
    BadRequestError,
    GaveUpError,
    JQuantsError,
    KeyRefusedError,
    NotInPlanError,
    OutsideWindowError,
)
from jqfast.data.jquants.lanes import Done, Lanes
from jqfast.data.jquants.memory import CALENDAR, Memory
from jqfast.data.jquants.plans import Access, detect
from jqfast.data.jquants.report import Progress, SyncReport, TableReport
from jqfast.data.jquants.schedule import JST, Sessions
from jqfast.data.store import Writer
from jqfast.data.tables import Table, table

if TYPE_CHECKING:
    from jqfast.data.jquants.sync import SyncOptions

_RECHECKED = dt.timedelta(days=10)
#: A clock that is off by more is mentioned; the service's is used in any case.
_SKEW = dt.timedelta(minutes=10)
#: So many queries of a table that failed in a row end its turn; so many tables in a row, the sync.
_ENOUGH = 3
#: Threads for each of the statement tables, whose own limit is 60 a minute.
_STATEMENT_WORKERS = 3


class _LeftError(Exception):
    """Not asked for, after the same table failed several times in a row."""


@dataclass
class Run:
    """A sync under way.

    Attributes
    ----------
    client, writer, options, progress : what it works with
    report : filled as it goes
    """

    client: Client
    writer: Writer
    options: SyncOptions
    progress: Progress
    report: SyncReport = field(default_factory=SyncReport)
    access: Access = field(default_factory=Access)
    _failures: dict[str, int] = field(default_factory=dict)
    _away: list[str] = field(default_factory=list)

    # Before the first table

    def prepare(self, start: dt.date | None, end: dt.date | None) -> None:
        """Calendar, clock, plan, and the span that follows from them."""
        rows = self._calendar()
        self._note_clock()
        today = self.client.now().astimezone(JST).date()
        memory = Memory.load(self.writer)
        self.access = self._find_access(memory, today)
        self.report.plan = self.access.plan
        self.report.start, self.report.end = str(self.access.start or ""), str(self.access.end or "")
        self.client.limits.set_rate(self.options.rate or self.access.rate)
        told = self.report.tables[CALENDAR]
        told.rows, told.new = len(rows), self.writer.append(CALENDAR, rows).added
        self._sessions = Sessions(_divisions(rows))
        back = self.options.recheck
        due = memory.recheck_due(today) if back is None else back > 0
        recheck = today - (_RECHECKED if back is None else dt.timedelta(days=back)) if due else None
        self._memory = Memory(
            self.access.plan or "",
            self.report.start,
            self.report.end,
            memory.seen if memory.access(today) else today.isoformat(),
            memory.checked or today.isoformat(),
            dict(self.access.refused),
        )
        self._memory.save(self.writer)
        self._checked_by_now = today.isoformat() if recheck else self._memory.checked
        last = min(end or today, today)
        if start and start > last:
            raise ValueError(f"`start` {start} is after the last day that can be had, {last}.")
        if start and self.access.start and start < self.access.start:
            self.report.notes.append(
                f"The plan reaches back to {self.access.start}; earlier days were left out."
            )
        first = max(start or dt.date.min, self.access.start or dt.date.min)
        last = min(last, self.access.end or last)
        live = self.access.plan == "premium"
        self.span = Span(first, last, self.client.now(), recheck, live=live)

    def _calendar(self) -> list[dict[str, str]]:
        about = table(CALENDAR)
        self.report.tables[CALENDAR] = TableReport(CALENDAR, asked=1)
        try:
            return [row for answer in self.client.pages(about.path) for row in answer.rows]
        except NotInPlanError as error:
            self.report.tables[CALENDAR].refused = str(error)
            return []

    def _note_clock(self) -> None:
        skew = self.client.skew
        if skew is not None and abs(skew) > _SKEW:
            off = dt.timedelta(minutes=round(abs(skew) / dt.timedelta(minutes=1)))
            self.report.notes.append(
                f"The clock of this machine and the service's differ by {off}; the service's is used."
            )

    def _find_access(self, memory: Memory, today: dt.date) -> Access:
        if self.options.plan:
            return Access(self.options.plan)
        # A session that every plan reaches: twelve weeks back and some more.
        recent = today - dt.timedelta(days=120)
        while recent.weekday() >= 5:
            recent -= dt.timedelta(days=1)
        return memory.access(today) or detect(self.client, recent)

    # The tables

    def fetch(self, tables: Sequence[Table]) -> None:
        """Fetch and store what is missing of the tables."""
        done = {about.name: self.writer.done(about.name) for about in tables}
        collector = Collector(self.writer, self.report, self.span, self.access, done)
        todo: list[Ask] = []
        for about in tables:
            if about.name != CALENDAR:
                todo += self._plan(about, done[about.name])
        try:
            while todo:
                todo = self._round(todo, collector)
            collector.flush()
        except (KeyboardInterrupt, JQuantsError):
            self.client.stop.set()
            collector.flush()
            raise
        finally:
            self._count_requests()
        refused = dict(self.access.refused)
        replace(self._memory, checked=self._checked_by_now, refused=refused).save(self.writer)

    def _plan(self, about: Table, done: set[str]) -> list[Ask]:
        told = self.report.tables[about.name] = TableReport(about.name)
        if not self.access.includes(about.plan):
            told.refused = f"The {self.access.plan} plan does not include it ({about.plan} does)."
        elif about.name in self.access.refused:
            told.refused = self.access.refused[about.name]
        if told.refused:
            return []
        asks = asks_of(about, self.span, done, self._sessions)
        if self.options.bulk and self.access.plan != "free":
            asks = with_files(self.client, about, asks, self.span.now.astimezone(JST).date())
        told.asked = len(asks)
        self.progress(about.name, 0, len(asks))
        return asks

    def _round(self, todo: list[Ask], collector: Collector) -> list[Ask]:
        """Fetch all asks; those that must follow in their place."""
        own = self.client.limits.own
        work = [[ask for ask in todo if ask.path == path and not ask.bulk] for path in own]
        lanes = [(asks, min(self.access.workers, _STATEMENT_WORKERS)) for asks in work if asks]
        rest = _scouts_first([ask for ask in todo if ask.path not in own or ask.bulk])
        lanes += [(rest, self.access.workers)] if rest else []
        running = Lanes(lanes, self._fetch_one, self.client.stop)
        finished: dict[str, int] = {}
        totals = {name: sum(ask.table == name for ask in todo) for name in {ask.table for ask in todo}}
        following: list[Ask] = []
        try:
            for done in running:
                following += self._take(done, collector)
                name = done.work.table
                finished[name] = finished.get(name, 0) + 1
                self.progress(name, finished[name], totals[name])
        except BaseException:
            self.client.stop.set()
            raise
        finally:
            running.join()
        for ask in following:
            self.report.tables[ask.table].asked += 1
        return following

    def _fetch_one(self, ask: Ask) -> Fetched:
        """The whole answer to one ask; in a worker's thread."""
        start, end = self.access.start, self.access.end
        if not ask.bulk and ((start and ask.last < start) or (end and ask.first > end)):
            raise OutsideWindowError(
                f"{ask.table}: the plan does not reach {ask.first}.", start or ask.first, end
            )
        if reason := self.report.tables[ask.table].refused:
            raise NotInPlanError(reason)
        if self._failures.get(ask.table, 0) >= _ENOUGH:
            raise _LeftError
        if ask.bulk:
            return Fetched([], fetch_file(self.client, ask.bulk))
        # Refusals and failures are told at once, so that the other threads do not ask in vain too.
        try:
            fetched = self._single(ask)
        except NotInPlanError as error:
            self.report.tables[ask.table].refused = str(error)
            raise
        except (GaveUpError, BadRequestError):
            self._failures[ask.table] = self._failures.get(ask.table, 0) + 1
            raise
        self._failures.pop(ask.table, None)
        return fetched

    def _single(self, ask: Ask) -> Fetched:
        if cursor := self._cursor(ask):
            try:
                return self._all_pages(ask, {"cursor": cursor})
            except BadRequestError:
                pass  # too old, or from another plan: the whole day instead
        return self._all_pages(ask, {})

    def _all_pages(self, ask: Ask, more: dict[str, str]) -> Fetched:
        rows, cursor = [], ""
        for answer in self.client.pages(ask.path, {**dict(ask.params), **more}):
            rows += answer.rows
            cursor = answer.cursor or ""
        return Fetched(rows, cursor=cursor or more.get("cursor", ""))

    def _cursor(self, ask: Ask) -> str:
        """Where the last sync of the same unfinished day stopped."""
        if ask.units or ask.last != self.span.end:
            return ""
        day, _, cursor = self.writer.notes(ask.table).get("cursor", "").partition(" ")
        return cursor if day == str(ask.last) else ""

    # Results

    def _take(self, done: Done[Ask, Fetched], collector: Collector) -> list[Ask]:
        """Store a result or deal with its error; the asks that follow from it."""
        ask, error = done.work, done.error
        told = self.report.tables[ask.table]
        if done.result is not None:
            self._away.clear()
            return collector.add(ask, done.result)
        if isinstance(error, KeyRefusedError):
            raise error
        if ask.bulk and isinstance(error, JQuantsError):
            told.note(f"{ask.table}: {error} Its days are asked for singly.")
            return days_of(ask, table(ask.table))
        if isinstance(error, OutsideWindowError):
            self.access.narrow(error)
            told.note(f"{ask.table}: the plan does not reach some of the days asked for.")
        elif isinstance(error, NotInPlanError):
            told.refused = str(error)
            self.access.refused[ask.table] = str(error)
        elif isinstance(error, _LeftError):
            told.left += 1
        elif isinstance(error, GaveUpError | BadRequestError):
            self._failed(ask, error)
        else:
            raise error or RuntimeError("a result without a value")
        return []

    def _failed(self, ask: Ask, error: JQuantsError) -> None:
        self.report.tables[ask.table].failed[str(ask.first)] = str(error)
        if isinstance(error, GaveUpError):
            self._away.append(ask.table)
            if len(set(self._away)) >= _ENOUGH:
                raise error

    def _count_requests(self) -> None:
        self.report.requests = self.client.counts.total()
        for told in self.report.tables.values():
            told.requests = self.client.counts[table(told.table).path]


def _scouts_first(asks: list[Ask]) -> list[Ask]:
    """One ask of each table before the others, so that a refusal is known before many are under way."""
    first = {ask.table: ask for ask in reversed(asks)}
    return [*reversed(first.values()), *(ask for ask in asks if ask is not first[ask.table])]


def _divisions(rows: Sequence[dict[str, str]]) -> dict[dt.date, str]:
    found = {}
    for row in rows:
        try:
            found[dt.date.fromisoformat(str(row.get("Date", ""))[:10])] = str(row.get("HolDiv", ""))
        except ValueError:
            continue
    return found
