"""The two nouns of the schemas: a field and a table.

Names are the API's own. The type is ours: numbers are float64 whatever the wire says (yen and shares stay
exact below 2^53), codes are text, days are dates, clock times stay text, nested values are JSON text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Dtype = Literal["str", "float", "int", "bool", "date", "time", "timestamp", "json"]
Plan = Literal["free", "light", "standard", "premium", "addon"]
Query = Literal["date", "range", "all"]
#: How often a table has rows: each session, each session of the derivatives market, weekly, now and then.
Rhythm = Literal["session", "derivatives", "week", "event"]

#: When we fetched a row (UTC). Versions of a record are told apart and ordered by it.
FETCHED_AT = "_fetched_at"
#: JSON text of the cells that their column's type cannot hold, by column: marks such as "-", and the
#: unreadable.
RAW = "_raw"
BOOKKEEPING = (FETCHED_AT, RAW)
#: Simulated stores only: when the record became public in truth (UTC). Nothing but the audit reads it.
TRUE_AVAILABLE_AT = "true_available_at"


@dataclass(frozen=True)
class Field:
    """One column: the API's name, our type, its unit and what it means.

    Parameters
    ----------
    name : the API's name, exactly
    dtype : our type
    unit : of numbers; the empty string for text and flags
    meaning : one phrase
    required : a record without this column cannot be identified
    width : codes of digits: shorter ones get their leading zeros back; stock codes of 4 characters get the
        class digit 0
    plan : lowest plan that delivers the column, where that is above the table's
    rewritten : the vendor changes old rows of this column (adjusted prices); that makes no new version
    """

    name: str
    dtype: Dtype
    unit: str
    meaning: str
    required: bool = False
    width: int = 0
    plan: Plan | None = None
    rewritten: bool = False

    @property
    def type(self) -> pa.DataType:
        """The Arrow type of the column."""
        import pyarrow as pa

        return {
            "float": pa.float64(),
            "int": pa.int64(),
            "bool": pa.bool_(),
            "date": pa.date32(),
            "timestamp": pa.timestamp("us", tz="UTC"),
        }.get(self.dtype, pa.string())


@dataclass(frozen=True)
class Table:
    """One table of the store and the end point that fills it.

    Parameters
    ----------
    name : the V2 path without its first slash, joined by underscores
    path : V2 path
    fields : in the API's order
    keys : columns that identify a record; a correction has the same keys and another publication
    date : column by which the table is asked for, partitioned and sorted
    published : columns with the publication date, and time where there is one (JST); empty if there is none
    rule : where `published` is empty or null, the name of the rule that gives the publication
    query : one request per day, per range of days, or one for all
    plan : lowest plan that may ask
    bulk : whether monthly CSV files exist
    rhythm : how often there are rows
    revision : further columns by which versions of a record differ
    date_parameter : name of the request parameter that takes `date`
    since : first day the vendor has, as text
    summary : one phrase
    """

    name: str
    path: str
    fields: tuple[Field, ...]
    keys: tuple[str, ...]
    date: str
    published: tuple[str, ...]
    rule: str
    query: Query
    plan: Plan
    bulk: bool
    rhythm: Rhythm
    summary: str
    revision: tuple[str, ...] = ()
    date_parameter: str = "date"
    since: str = "2008-05-07"

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(field.name for field in self.fields)

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """Columns that name one publication of one record."""
        return tuple(dict.fromkeys((*self.keys, *self.published, *self.revision)))

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """The fields by their names."""
        return {field.name: field for field in self.fields}

    @cached_property
    def partition(self) -> tuple[str, ...]:
        """Hive partition columns of the store."""
        return ("year",)

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Columns by which rows are sorted: the day, the keys, then the versions."""
        return tuple(dict.fromkeys((self.date, *self.keys, *self.published, *self.revision, FETCHED_AT)))

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the known columns and the bookkeeping, as every file of the store has it."""
        import pyarrow as pa

        known = [pa.field(field.name, field.type) for field in self.fields]
        return pa.schema(
            [*known, pa.field(FETCHED_AT, pa.timestamp("us", tz="UTC")), pa.field(RAW, pa.string())]
        )


def floats(unit: str, meanings: dict[str, str], *, plan: Plan | None = None) -> tuple[Field, ...]:
    """Several numbers of one unit."""
    return tuple(Field(name, "float", unit, meaning, plan=plan) for name, meaning in meanings.items())


def texts(meanings: dict[str, str]) -> tuple[Field, ...]:
    """Several texts."""
    return tuple(Field(name, "str", "", meaning) for name, meaning in meanings.items())


def dates(meanings: dict[str, str]) -> tuple[Field, ...]:
    """Several days."""
    return tuple(Field(name, "date", "", meaning) for name, meaning in meanings.items())


DATE = Field("Date", "date", "", "trading day", required=True)
STOCK = Field("Code", "str", "", "issue code of five characters", required=True, width=5)
