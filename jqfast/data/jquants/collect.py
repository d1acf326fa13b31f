"""From answers to the store: several days of a table in one append, with what makes them complete.

In: answers in the order they arrive. Out: rows in the store, units marked in the same step, a report. An
answer that is not final, or has no records on a day that must have some, is stored without its mark.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from jqfast.data.jquants.asks import Ask, Span
from jqfast.data.jquants.bulk import days_of
from jqfast.data.jquants.plans import Access
from jqfast.data.jquants.report import SyncReport, TableReport
from jqfast.data.store import Writer
from jqfast.data.tables import ParseReport, Table, table
from jqfast.errors import DataGapError

#: An append costs a file; so many rows, days or seconds are put into one.
_ROWS = 25_000
_DAYS = 40
_SECONDS = 10.0
#: Younger days without records, on which there must be some, are asked for again.
_EMPTY_FOR = dt.timedelta(days=14)


@dataclass(frozen=True)
class Fetched:
    """The whole answer to an ask: records, or the columns of a file, and the cursor for what comes later."""

    rows: list[dict[str, Any]]
    columns: dict[str, Any] | None = None
    cursor: str = ""

    @property
    def count(self) -> int:
        """Number of records."""
        if self.columns is None:
            return len(self.rows)
        return len(next(iter(self.columns.values()))) if self.columns else 0


@dataclass
class _Batch:
    rows: list[dict[str, Any]] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def full(self) -> bool:
        return len(self.rows) >= _ROWS or len(self.asks) >= _DAYS or time.monotonic() - self.since > _SECONDS


@dataclass
class Collector:
    """Puts answers into the store; used by one thread.

    Attributes
    ----------
    writer : of the store
    report : filled as it goes
    span : what the sync covers
    access : for which columns to expect
    done : table -> units that were complete before
    """

    writer: Writer
    report: SyncReport
    span: Span
    access: Access
    done: dict[str, set[str]]
    _batches: dict[tuple[str, bool], _Batch] = field(default_factory=dict)

    def add(self, ask: Ask, fetched: Fetched) -> list[Ask]:
        """Take an answer; the asks that must take its place where it lacks days."""
        about = table(ask.table)
        told = self.report.tables[ask.table]
        told.rows += fetched.count
        if fetched.columns is not None:
            return self._add_file(about, ask, fetched)
        ask = self._unmarked_if_empty(about, ask, fetched, told)
        if fetched.cursor and not ask.units:
            self._append(about, [ask], fetched.rows, {"cursor": f"{ask.last} {fetched.cursor}"})
            return []
        # Apart from what is looked at once more, so that the report can tell new from changed.
        batch = self._batches.setdefault((ask.table, self._again([ask])), _Batch())
        batch.rows += fetched.rows
        batch.asks.append(ask)
        batch.sizes.append(fetched.count)
        self.flush(lambda batch: batch.full)
        return []

    def flush(self, when: Callable[[_Batch], bool] = lambda _: True) -> None:
        """Store what has gathered."""
        for which in [which for which, batch in self._batches.items() if when(batch)]:
            batch, about = self._batches.pop(which), table(which[0])
            try:
                self._append(about, batch.asks, batch.rows)
            except DataGapError:
                self._one_by_one(about, batch)

    def _one_by_one(self, about: Table, batch: _Batch) -> None:
        """Store the days that can be stored, and report the others."""
        start = 0
        for ask, size in zip(batch.asks, batch.sizes, strict=True):
            rows = batch.rows[start : start + size]
            start += size
            try:
                self._append(about, [ask], rows)
            except DataGapError as error:
                told = self.report.tables[about.name]
                told.failed[str(ask.first)] = (
                    f"{error} The service's schema has changed: look for a newer jqfast."
                )

    def _add_file(self, about: Table, ask: Ask, fetched: Fetched) -> list[Ask]:
        """Store a month; its days that must have records and have none are asked for singly."""
        columns = fetched.columns or {}
        lacking: list[Ask] = []
        if about.rhythm in ("session", "derivatives"):
            days = set(columns[about.date].unique().to_pylist()) if about.date in columns else set()
            have = {str(day).replace("/", "-")[:10] for day in days}
            lacking = [each for each in days_of(ask, about) if each.units[0] not in have]
        missing = {unit for each in lacking for unit in each.units}
        units = tuple(unit for unit in ask.units if unit not in missing)
        kept = Ask(ask.table, ask.path, (), units, ask.first, ask.last, ask.bulk)
        try:
            self._append(about, [kept], columns)
        except DataGapError as error:
            self.report.tables[about.name].note(f"{about.name}: a bulk file was left out ({error})")
            return days_of(ask, about)
        return lacking

    def _unmarked_if_empty(self, about: Table, ask: Ask, fetched: Fetched, told: TableReport) -> Ask:
        """The ask without its unit, where a day must have records and is too young to believe it has none."""
        must = about.rhythm in ("session", "derivatives") and about.query == "date"
        if fetched.count or not must or ask.first < self.span.end - _EMPTY_FOR:
            return ask
        told.note(f"{about.name}: no records yet for {ask.first}; asked for again next time.")
        return Ask(ask.table, ask.path, ask.params, (), ask.first, ask.last)

    def _append(self, about: Table, asks: list[Ask], rows: Any, notes: dict[str, str] | None = None) -> None:
        units = [unit for ask in asks for unit in ask.units]
        told = self.report.tables[about.name]
        appended = self.writer.append(about.name, rows, unit=units, notes=notes)
        if self._again(asks):
            told.changed += appended.added
        else:
            told.new += appended.added
        told.note(str(appended.report))
        self._note_missing(about, appended.report, told)

    def _again(self, asks: list[Ask]) -> bool:
        """Whether all of this was complete before the sync."""
        before = self.done.get(asks[0].table, set())
        units = [unit for ask in asks for unit in ask.units]
        return bool(units) and all(unit in before for unit in units)

    def _note_missing(self, about: Table, report: ParseReport, told: TableReport) -> None:
        """Columns that the plan should deliver and that did not come."""
        expected = {
            each.name
            for each in about.fields
            if not each.rewritten and self.access.includes(each.plan or about.plan)
        }
        if gone := [name for name in report.missing if name in expected]:
            told.note(f"{about.name}: columns that did not come, null in the store: {', '.join(gone)}.")
