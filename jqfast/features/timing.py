"""When a formula's inputs become known: a class per column, from the publication rule of its table.

Nothing is typed in here but the words. A column of prices or of a store belongs to a table, the table has a
rule in `jqfast.data.pit.RULES`, and the rule has a class; a formula has the classes of its columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from jqfast.data import pit
from jqfast.data.stored.documented import ColumnInfo
from jqfast.data.stored.documented import info as documented

#: Class -> what row t knows when it is decided at the close of session t, earliest first.
CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "CAL": "known before the session",
        "D0": "bars of the session, known at its close",
        "P+1": "published before the session",
        "N27": "of the session before, delivered the morning after at 03:00",
        "EXT": "from a table of yours: last known at the decision time by its own time stamps (`attach`)",
    }
)

#: Deliveries at or after this hour of the publication day come the morning after.
_NEXT_MORNING = "27:00"


def timing_of(columns: Iterable[str]) -> str:
    """The classes of some columns, earliest first, as in ``"D0, P+1"``.

    ``CAL`` is named only where nothing else is read: it never delays a value.
    """
    found = {column_class(name) for name in columns}
    return (
        ", ".join(name for name in CLASSES if name in found and (name != "CAL" or len(found) == 1)) or "CAL"
    )


def column_class(name: str) -> str:
    """The class of one column; ``EXT`` for a column of no table of J-Quants."""
    from jqfast.features.columns import CALENDAR

    if name in CALENDAR:
        return "CAL"
    about = documented(name)
    return "EXT" if about is None or about.table not in pit.RULES else _class_of(pit.RULES[about.table])


def _class_of(rule: pit.Rule) -> str:
    if rule.kind == "bar":
        return "D0"
    if rule.kind in ("dated", "ahead"):
        return "CAL"
    return "N27" if rule.hours == (_NEXT_MORNING,) else "P+1"


def sources(columns: Iterable[str]) -> list[tuple[str, str]]:
    """(when it becomes known, the columns of which that is true), in the order of the classes."""
    groups: dict[str, list[str]] = {}
    for name in sorted(columns, key=lambda each: (list(CLASSES).index(column_class(each)), each)):
        groups.setdefault(_sentence(name, documented(name)), []).append(name)
    return [(rule, ", ".join(names)) for rule, names in groups.items()]


def _sentence(name: str, about: ColumnInfo | None) -> str:
    if about is not None:
        return about.rule
    return "known ahead" if column_class(name) == "CAL" else "by the time stamps of its table"
