"""What one sync leaves to the next: plan and window for a week, and when corrections were last looked for.

Kept as a note of the calendar's manifest, so that it changes in one step with a table. It holds no key and
nothing made from one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from jqfast.data.jquants.plans import RATES, Access
from jqfast.data.store import Writer

CALENDAR = "markets_calendar"
_NOTE = "sync"
#: A plan is found out again, and corrections are looked for again, after this long.
WEEK = dt.timedelta(days=7)


@dataclass(frozen=True)
class Memory:
    """Plan, window and refused tables, the day they were found out; the last look for corrections."""

    plan: str = ""
    start: str = ""
    end: str = ""
    seen: str = ""
    checked: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, writer: Writer) -> Memory:
        """What the last sync left; nothing where that cannot be read."""
        try:
            held = json.loads(writer.notes(CALENDAR).get(_NOTE, "{}"))
            refused = {str(name): str(reason) for name, reason in held.pop("refused", {}).items()}
            memory = cls(**{name: str(value) for name, value in held.items()}, refused=refused)
            for day in (memory.start, memory.end, memory.seen, memory.checked):
                _day(day)
        except (ValueError, TypeError, AttributeError):
            return cls()
        return memory

    def save(self, writer: Writer) -> None:
        """Leave it to the next sync."""
        writer.append(CALENDAR, [], notes={_NOTE: json.dumps(vars(self))})

    def access(self, today: dt.date) -> Access | None:
        """The plan, if it was found out within the last week."""
        seen = _day(self.seen)
        if seen is None or self.plan not in RATES or not dt.timedelta(0) <= today - seen < WEEK:
            return None
        return Access(self.plan, _day(self.start), _day(self.end), dict(self.refused))

    def recheck_due(self, today: dt.date) -> bool:
        """Whether it is time to look for corrections."""
        checked = _day(self.checked)
        return checked is not None and today - checked >= WEEK


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
