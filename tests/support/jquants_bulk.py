"""The bulk files of the local J-Quants: list, signed addresses, gzip CSV with API field names.

As measured by users: no adjusted columns in daily bars, nested fields as text, closed months as one file, the
current month by day, the first month of a window whole.
"""

from __future__ import annotations

import calendar
import csv
import datetime as dt
import gzip
import io
import itertools
from dataclasses import dataclass, field
from typing import Any

from jquants_market import Row, days, is_session
from jquants_rules import ENDPOINTS, NO_PATH, NOT_IN_PLAN, RefusedError, Service, read_date

#: Without files: the morning bars, the earnings calendar, EDINET and TDnet.
BULK = [path for path in ENDPOINTS if not path.startswith(("/edinet", "/td"))]
BULK = [path for path in BULK if not path.endswith(("/am", "earnings-calendar"))]


@dataclass
class Bulk:
    """Bulk files of a service; ``addresses`` are good for one fetch each."""

    service: Service
    addresses: dict[str, str] = field(default_factory=dict)
    truncated: set[str] = field(default_factory=set)
    _numbers: Any = field(default_factory=itertools.count)

    def answer(self, path: str, params: dict[str, str], host: str) -> dict[str, Any]:
        if self.service.plan == "free":
            raise RefusedError(403, NOT_IN_PLAN)
        if path == "/bulk/list":
            return {"data": self._list(params)}
        if path == "/bulk/get":
            return {"url": self._sign(params, host)}
        raise RefusedError(403, NO_PATH)

    def _list(self, params: dict[str, str]) -> list[Row]:
        """The files of an endpoint, or those of a month or a day of every endpoint that the plan has."""
        if ("date" in params) == ("endpoint" in params):
            raise RefusedError(400, "Either endpoint or date is required")
        if "date" in params:
            if {"from", "to"} & set(params):
                raise RefusedError(400, "from and to need endpoint")
            asked = _read_period(params["date"])
            allowed = [path for path in BULK if self.service.allows(path)]
            keys = [key for path in allowed for key in self._keys(path)]
            keys = [key for key in keys if not _period(key) or _period(key).startswith(asked)]
        else:
            low = _read_period(params.get("from", "2000-01"))
            high = _read_period(params.get("to", "9999-12"))
            keys = self._keys(self._allowed(params["endpoint"]))
            keys = [key for key in keys if not _period(key) or _overlaps(_period(key), low, high)]
        stamp = f"{self.service.now:%Y-%m-%dT%H:%M:%S}.000000+00:00"
        return [{"Key": key, "LastModified": stamp, "Size": 1000} for key in keys]

    def _allowed(self, endpoint: str) -> str:
        if endpoint not in BULK:
            raise RefusedError(400, "This endpoint is not available for csv download")
        if not self.service.allows(endpoint):
            raise RefusedError(403, NOT_IN_PLAN)
        return endpoint

    def _keys(self, endpoint: str) -> list[str]:
        folder, name = endpoint.strip("/"), endpoint.strip("/").replace("/", "_").replace("-", "_")
        today = self.service.now.date()
        if endpoint == "/markets/calendar":
            return [f"{folder}/{name}.csv.gz"]
        first = max(self.service.window_of(ENDPOINTS[endpoint].years)[0], self.service.market.first)
        months = sorted({(day.year, day.month) for day in days(first, today)})[:-1]
        keys = [f"{folder}/historical/{y}/{name}_{y}{m:02d}.csv.gz" for y, m in months]
        live = [day for day in days(today.replace(day=1), today - dt.timedelta(1)) if is_session(day)]
        return keys + [f"{folder}/live/{name}_{day:%Y%m%d}.csv.gz" for day in live]

    def _sign(self, params: dict[str, str], host: str) -> str:
        if set(params) not in ({"key"}, {"endpoint", "date"}):
            raise RefusedError(400, "Either key or endpoint and date are required")
        key = params.get("key") or self._key_of(self._allowed(params["endpoint"]), params["date"])
        found = [path for path in BULK if key.startswith(path.strip("/")) and key in self._keys(path)]
        if not found:
            raise RefusedError(400, "The key does not exist.")
        self._allowed(found[0])
        path = f"/files/{next(self._numbers)}.csv.gz"
        self.addresses[path] = key
        return f"{host}{path}?X-Amz-Expires=300&X-Amz-Signature=abc"

    def _key_of(self, endpoint: str, date: str) -> str:
        """The file of exactly this month or day; the calendar has one, whatever the date."""
        asked = _read_period(date)
        return next((key for key in self._keys(endpoint) if _period(key) in ("", asked)), "")

    def fetch(self, path: str) -> bytes | None:
        """The file behind an address; None once it was fetched."""
        key = self.addresses.pop(path, None)
        if key is None:
            return None
        body = self.content(key)
        return body[: len(body) // 2] if key in self.truncated else body

    def content(self, key: str) -> bytes:
        endpoint = max((path for path in BULK if key.startswith(path.strip("/"))), key=len)
        if endpoint == "/markets/calendar":
            rows = self.service.answer(endpoint, {})["data"]
        else:
            period = _period(key)
            year, month = int(period[:4]), int(period[4:6])
            first, last = dt.date(year, month, 1), dt.date(year, month, calendar.monthrange(year, month)[1])
            if len(period) == 8:
                first = last = dt.date(year, month, int(period[6:]))
            rows = [row for day in days(first, last) for row in self._rows(endpoint, day)]
        return gzip.compress(_csv(rows).encode(), 1, mtime=0)

    def _rows(self, endpoint: str, day: dt.date) -> list[Row]:
        """The day's rows in the columns of the plan; the window does not cut inside a month."""
        rows = self.service.market.rows(endpoint, day)
        if endpoint != "/equities/bars/daily":
            return rows
        narrow = self.service.plan != "premium"
        sessions = ("MO", "MH", "ML", "MC", "MU", "MV", "AO", "AH", "AL", "AC", "AU", "AV")
        return [
            {
                key: value
                for key, value in row.items()
                if "Adj" not in key.replace("AdjFactor", "") and not (narrow and _of_session(key, sessions))
            }
            for row in rows
        ]


def _period(key: str) -> str:
    """``YYYYMM`` or ``YYYYMMDD`` of a file; empty for the calendar, which is whole."""
    last = key.removesuffix(".csv.gz").rsplit("_", 1)[1]
    return last if last.isdigit() else ""


def _read_period(text: str) -> str:
    """A month or a day in either spelling, as digits; anything else is refused."""
    digits = text.replace("-", "")
    read_date(text if len(digits) == 8 else f"{digits}01")
    return digits


def _overlaps(period: str, low: str, high: str) -> bool:
    """Whether a file has days between two months or days."""
    return low[: len(period)] <= period[: len(low)] and period[: len(high)] <= high[: len(period)]


def _of_session(key: str, starts: tuple[str, ...]) -> bool:
    return key.startswith(starts) or key in ("MLL", "ALL")


def _csv(rows: list[Row]) -> str:
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: "" if value is None else value for key, value in row.items()})
    return out.getvalue()
