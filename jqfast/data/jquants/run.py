"""One sync from the calendar to the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from jqfast.data.jquants.asks import Ask, asks_of
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
from jqfast.data.jquants.memory import CALENDAR
from jqfast.data.jquants.opening import RECHECKED, Opening
from jqfast.data.jquants.plans import Access
from jqfast.data.jquants.report import Progress, SyncReport, TableReport
from jqfast.data.store import Writer
from jqfast.data.tables import Table, table

if TYPE_CHECKING:
    from jqfast.data.jquants.sync import SyncOptions

#: So many queries of a table that failed in a row end its turn; so many tables in a row, the sync.
_ENOUGH = 3
#: Threads for each of the tables with a limit of their own, 60 or 100 a minute.
_OWN_WORKERS = 3


class _LeftError(Exception):
    """Not asked for, after the same table failed several times in a row."""


@dataclass
class Run:
    """A sync under way.

    Attributes
    ----------
    client, writer, options, progress : what it works with
    opening : what is known before the first table
    report : filled as it goes
    """

    client: Client
    writer: Writer
    options: SyncOptions
    progress: Progress
    opening: Opening
    report: SyncReport = field(default_factory=SyncReport)
    _rechecked: set[str] = field(default_factory=set)
    _changed_plan: bool = False
    _narrowed: bool = False
    _failures: dict[str, int] = field(default_factory=dict)
    _away: list[str] = field(default_factory=list)

    @property
    def access(self) -> Access:
        """What the key may ask for, as far as it is known."""
        return self.opening.access

    def fetch(self, tables: Sequence[Table]) -> None:
        """Fetch and store what is missing of the tables."""
        self._open()
        done = {about.name: self.writer.done(about.name) for about in tables}
        collector = Collector(self.writer, self.report, self.opening.span, self.access, done)
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
        self._remember()

    def _open(self) -> None:
        told, access = self.report, self.access
        told.plan, told.start, told.end = access.plan, str(access.start or ""), str(access.end or "")
        told.tables[CALENDAR] = self.opening.calendar
        told.notes += self.opening.notes
        self.client.limits.set_rate(self.options.rate or access.rate)

    def _plan(self, about: Table, done: set[str]) -> list[Ask]:
        """What to ask for of a table; nothing where the plan does not include it."""
        told = self.report.tables[about.name] = TableReport(about.name)
        if not self.access.includes(about.plan):
            told.refused = f"The {self.access.plan} plan does not include it ({about.plan} does)."
        elif about.name in self.access.refused:
            told.refused = self.access.refused[about.name]
        if told.refused:
            return []
        today, days = self.opening.today, self.options.recheck
        span = self.opening.span
        if days or (days is None and self.opening.memory.due(about.name, today)):
            span = replace(span, recheck=today - (dt.timedelta(days=days) if days else RECHECKED))
            self._rechecked.add(about.name)
        asks = asks_of(about, span, done, self.opening.sessions)
        if self.options.bulk and self.access.plan != "free":
            asks = with_files(self.client, about, asks, today)
        told.asked = len(asks)
        self.progress(about.name, 0, len(asks))
        return asks

    def _remember(self) -> None:
        """Leave the plan, and when corrections were looked for, to the next sync."""
        memory, today = self.opening.memory, self.opening.today
        checked = dict(memory.checked)
        for name, told in self.report.tables.items():
            if name not in checked or (name in self._rechecked and not told.failed and not told.left):
                checked[name] = str(today)
        if self._changed_plan:
            # What the service refuses does not agree with what was found out: again next time.
            replace(memory, plan="", checked=checked).save(self.writer)
        elif self._narrowed:
            replace(memory, checked=checked).found(self.access, today).save(self.writer)
        else:
            replace(memory, checked=checked, refused=dict(self.access.refused)).save(self.writer)

    def _round(self, todo: list[Ask], collector: Collector) -> list[Ask]:
        """Fetch all asks; those that must follow in their place."""
        own = self.client.limits.own
        work = [[ask for ask in todo if ask.path == path and not ask.bulk] for path in own]
        lanes = [(asks, min(self.access.workers, _OWN_WORKERS)) for asks in work if asks]
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

    def _all_pages(self, ask: Ask, more: dict[str, str], *, again: bool = True) -> Fetched:
        rows, cursor, pages = [], "", 0
        try:
            for answer in self.client.pages(ask.path, {**dict(ask.params), **more}):
                pages += 1
                rows += answer.rows
                cursor = answer.cursor or ""
        except BadRequestError:
            if not (pages and again):
                raise
            return self._all_pages(ask, more, again=False)  # the key of a page may have run out
        return Fetched(rows, cursor=cursor or more.get("cursor", ""))

    def _cursor(self, ask: Ask) -> str:
        """Where the last sync of the same unfinished day stopped."""
        if ask.units or ask.last != self.opening.span.end:
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
            self._narrowed = True
            told.note(f"{ask.table}: the plan does not reach some of the days asked for.")
        elif isinstance(error, NotInPlanError):
            told.refused = str(error)
            self.access.refused[ask.table] = str(error)
            # Tables of the lowest rank, and those to be bought apart, say nothing about the plan.
            self._changed_plan |= table(ask.table).plan in ("light", "standard", "premium")
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
