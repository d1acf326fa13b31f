"""What a sync did, table by table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

#: Called with (table, queries done, queries in all).
Progress: TypeAlias = Callable[[str, int, int], None]


@dataclass
class TableReport:
    """One table of a sync.

    Attributes
    ----------
    table : name
    asked : queries planned, files included
    requests : requests sent, pages and repetitions included
    rows : records that came
    new : rows that the store did not have, of days asked for the first time
    changed : the same of days that were complete before: corrections and late records
    refused : what the service said, where the plan does not include the table or the days
    failed : first day of a query -> why it could not be had or stored
    left : queries not tried after others of the table had failed
    notes : unknown, missing or unreadable columns, and days without records
    """

    table: str
    asked: int = 0
    requests: int = 0
    rows: int = 0
    new: int = 0
    changed: int = 0
    refused: str = ""
    failed: dict[str, str] = field(default_factory=dict)
    left: int = 0
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keep a note once."""
        for line in text.splitlines():
            if line and line not in self.notes:
                self.notes.append(line)


@dataclass
class SyncReport:
    """A sync: what each table got, under which plan.

    Attributes
    ----------
    plan : name of the plan, or None where nothing told
    start, end : ISO days of the plan's window that are known; empty where open or unknown
    tables : name -> report, in the order asked
    requests : requests sent, those for the plan and for files included
    seconds : wall time
    notes : about the sync as a whole
    """

    plan: str | None = None
    start: str = ""
    end: str = ""
    tables: dict[str, TableReport] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that the plan gives was had; what it refuses does not count."""
        return not any(table.failed or table.left for table in self.tables.values())

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "complete": self.complete}
