"""What one sync leaves to the next: plan and window for a week, the first day that was ever asked for, and
when corrections were last looked for.

Kept as a note of the calendar's manifest, so that it changes in one step with a table. It holds no key and
nothing made from one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from jqfast.data.jquants.plans import RATES, Access
from jqfast.data.store import Writer

CALENDAR = "markets_calendar"
_NOTE = "sync"
#: A plan is found out again, and corrections are looked for again, after this long.
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Memory:
    """What is remembered; days as ISO text, empty where open or unknown.

    Attributes
    ----------
    plan, start, end : plan and its window as they were found out on the day ``seen``
    refused : table -> what the service said
    checked : table -> day of the last look for corrections
    since : the earliest first day that a sync was given; empty where one was given none and took all
    """

    plan: str = ""
    start: str = ""
    end: str = ""
    seen: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    checked: Mapping[str, str] = field(default_factory=dict)
    since: str = ""

    def found(self, access: Access, today: dt.date) -> Memory:
        """With a plan that was found out today."""
        start, end = str(access.start or ""), str(access.end or "")
        return Memory(
            access.plan or "", start, end, str(today), dict(access.refused), self.checked, self.since
        )

    @classmethod
    def load(cls, writer: Writer) -> Memory:
        """What the last sync left; nothing where that cannot be read."""
        try:
            memory = cls(**json.loads(writer.notes(CALENDAR).get(_NOTE, "{}")))
            for day in (memory.start, memory.end, memory.seen, memory.since, *memory.checked.values()):
                _day(day)
        except (ValueError, TypeError, AttributeError):
            return cls()
        return memory

    def save(self, writer: Writer) -> None:
        """Leave it to the next sync."""
        writer.append(CALENDAR, [], notes={_NOTE: json.dumps(asdict(self))})

    def access(self, today: dt.date) -> Access | None:
        """The plan, if it was found out within the last week; its window has moved on with the days."""
        seen = _day(self.seen)
        if seen is None or self.plan not in RATES or not dt.timedelta(0) <= today - seen < WEEK:
            return None
        start, end, passed = _day(self.start), _day(self.end), today - seen
        return Access(self.plan, start and start + passed, end and end + passed, dict(self.refused))

    def asked_since(self, start: dt.date | None) -> Memory:
        """With the first day that a sync is given; without one it goes on from where the first sync began."""
        before = _day(self.since)
        if not self.seen:
            return replace(self, since=str(start or ""))
        return replace(self, since=str(min(start, before))) if start and before else self

    @property
    def first(self) -> dt.date | None:
        """The first day to ask for where none is given; None for all that the plan reaches."""
        return _day(self.since)

    def due(self, table: str, today: dt.date) -> bool:
        """Whether it is time to look for corrections of a table."""
        checked = _day(self.checked.get(table, ""))
        return checked is not None and today - checked >= WEEK


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
