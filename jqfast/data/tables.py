"""The tables of a store by name, and the way from an answer of the API to a typed table.

In: a table's name; records (dictionaries) or columns as they came. Out: :class:`Table` descriptions, and
Arrow tables of the declared types with a report of what did not fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jqfast.data.records import ParseReport, parse_records
from jqfast.data.schemas import ALL, BOOKKEEPING, FETCHED_AT, RAW, TRUE_AVAILABLE_AT, Field, Table
from jqfast.errors import unknown

__all__ = [
    "BOOKKEEPING",
    "FETCHED_AT",
    "RAW",
    "TABLES",
    "TRUE_AVAILABLE_AT",
    "Field",
    "ParseReport",
    "Table",
    "parse_records",
    "table",
]

TABLES: Mapping[str, Table] = MappingProxyType({each.name: each for each in ALL})


def table(name: str) -> Table:
    """The description of a table; its path is understood too.

    Raises
    ------
    ValueError
        If no table has this name, with the closest one.
    """
    found = TABLES.get(name.strip("/").replace("/", "_").replace("-", "_"))
    if found is None:
        raise unknown("table", name, TABLES)
    return found
