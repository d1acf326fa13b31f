"""What each J-Quants V2 table holds, as data: one file per family of end points."""

from __future__ import annotations

from jqfast.data.schemas.base import BOOKKEEPING, FETCHED_AT, RAW, TRUE_AVAILABLE_AT, Field, Table
from jqfast.data.schemas.derivatives import DERIVATIVES
from jqfast.data.schemas.disclosures import DISCLOSURES
from jqfast.data.schemas.equities import EQUITIES
from jqfast.data.schemas.fins import FINS
from jqfast.data.schemas.markets import MARKETS

__all__ = [
    "ALL",
    "BOOKKEEPING",
    "FETCHED_AT",
    "RAW",
    "TRUE_AVAILABLE_AT",
    "Field",
    "Table",
]

ALL: tuple[Table, ...] = (*EQUITIES, *FINS, *MARKETS, *DERIVATIVES, *DISCLOSURES)
