"""History by monthly files: one file in the place of twenty queries, where the plan has files.

In: the days that are missing. Out: asks for files of closed months and for the days that remain. A file is
read as text, typed by the same rules as an answer, and stored in one step with the units of its days.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import re
import tempfile
import zlib
from dataclasses import replace
from typing import Any, BinaryIO

from jqfast.data.jquants.answers import TransientError
from jqfast.data.jquants.asks import Ask, by_month
from jqfast.data.jquants.client import Client
from jqfast.data.jquants.errors import BadRequestError, GaveUpError, NotInPlanError
from jqfast.data.jquants.schedule import month_span
from jqfast.data.tables import Table

#: A file costs two requests and holds a month; below this many days single queries are as good.
_WORTH = 5
#: Files of a month appear, and the month's last days in them, some days after its end.
_CLOSED = dt.timedelta(days=4)
_MONTH = re.compile(r"_(\d{4})(\d{2})\.csv\.gz$")
_ATTEMPTS = 3


def with_files(client: Client, table: Table, asks: list[Ask], today: dt.date) -> list[Ask]:
    """The same days, those of closed months by file where that is cheaper and a file exists."""
    groups = by_month(asks)
    worth = [m for m, days in groups.items() if len(days) >= _WORTH and month_span(m)[1] + _CLOSED < today]
    if not table.bulk or table.query != "date" or not worth:
        return asks
    files = _files(client, table)
    found = []
    for month, days in groups.items():
        if month in worth and month in files:
            units = tuple(unit for ask in days for unit in ask.units)
            found.append(replace(days[0], units=units, last=days[-1].last, params=(), bulk=files[month]))
        else:
            found += days
    return found


def days_of(ask: Ask, table: Table) -> list[Ask]:
    """The single queries in the place of a file that could not be had."""
    parameter = table.date_parameter
    return [
        replace(ask, params=((parameter, unit),), units=(unit,), first=day, last=day, bulk="")
        for unit in ask.units
        for day in (dt.date.fromisoformat(unit),)
    ]


def _files(client: Client, table: Table) -> dict[str, str]:
    """Month -> key of its file; empty where the plan or the table has none."""
    found = {}
    try:
        for answer in client.pages("/bulk/list", {"endpoint": table.path}):
            for row in answer.rows:
                key = str(row.get("Key", ""))
                if period := _MONTH.search(key):
                    found[f"{period[1]}-{period[2]}"] = key
    except (NotInPlanError, BadRequestError):
        return {}
    return found


def fetch_file(client: Client, key: str) -> dict[str, Any]:
    """The columns of a bulk file as text, in its order.

    Raises
    ------
    GaveUpError
        If no attempt brought a whole file; the single queries remain.
    """
    reason = ""
    for _ in range(_ATTEMPTS):
        # Each attempt needs an address of its own: they are good for one fetch within five minutes.
        url = client.get("/bulk/get", {"key": key}).url
        try:
            if url is None:
                raise TransientError("no address in the answer")
            # Nameless where the system can do so: a killed process leaves nothing behind.
            with tempfile.TemporaryFile() as packed:
                client.download(url, packed)
                packed.seek(0)
                return _read(packed)
        except (TransientError, EOFError, zlib.error, gzip.BadGzipFile, csv.Error) as error:
            reason = str(error)
    raise GaveUpError(f"The bulk file {key} did not arrive whole ({reason}).")


def _read(packed: BinaryIO) -> dict[str, Any]:
    """Columns of text; the whole file is unpacked first, so that a truncated one is noticed."""
    import pyarrow as pa
    from pyarrow import csv as arrow

    with gzip.open(packed) as unpacked:
        plain = unpacked.read()
    if not plain.strip():
        return {}
    names = next(csv.reader([plain.split(b"\n", 1)[0].decode("utf-8-sig").rstrip("\r")]))
    try:
        table = arrow.read_csv(
            pa.BufferReader(plain),
            parse_options=arrow.ParseOptions(newlines_in_values=True),
            convert_options=arrow.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise csv.Error(f"not a CSV file: {error}") from None
    return {name.removeprefix("\ufeff"): table.column(name) for name in table.column_names}
