"""What J-Quants V2 answers to which query: plans, windows, parameters, pages and cursors; no network.

Written from the public description of the service alone. Where that is silent the stricter reading is taken:
an unknown parameter is refused, and a range that starts before the plan's window is refused as a whole.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from jquants_market import DAY_COLUMN, EXAMPLES, Market, Row, days, is_session

PLANS = ("free", "light", "standard", "premium")
RATES = {"free": 5, "light": 60, "standard": 120, "premium": 500}
YEARS = {"free": 2, "light": 5, "standard": 10, "premium": 20}
JST = dt.timezone(dt.timedelta(hours=9))

NOT_IN_PLAN = "This API is not available on your subscription."
NO_PATH = "The requested endpoint does not exist."
NO_KEY = "The api key is required."
BAD_KEY = "The incoming api key is invalid or expired"


@dataclass(frozen=True)
class Endpoint:
    """One path: lowest plan, filters (parameter -> column), what a query must name, what ranges need.

    ``years`` is the window of an add-on that has its own, 0 where the plan's holds.
    """

    plan: str
    filters: dict[str, str]
    needs: tuple[str, ...] = ()
    span: tuple[str, str] | None = None
    span_needs: str = ""
    cursor: bool = False
    addon: bool = False
    years: int = 0


_CODE = {"code": "Code"}
_BY_DAY = {"code": "Code", "date": "Date"}
_SPAN = ("from", "to")
_EITHER = ("date", "code")

ENDPOINTS = {
    "/equities/master": Endpoint("free", _BY_DAY),
    "/equities/bars/daily": Endpoint("free", _BY_DAY, _EITHER, _SPAN, "code"),
    "/equities/bars/daily/am": Endpoint("premium", _CODE),
    "/equities/bars/minute": Endpoint("light", _BY_DAY, _EITHER, _SPAN, "code", addon=True, years=2),
    "/equities/valuation": Endpoint("light", _BY_DAY, _EITHER, _SPAN, "code"),
    "/equities/investor-types": Endpoint("light", {"section": "Section"}, (), _SPAN),
    "/equities/earnings-calendar": Endpoint("free", {}),
    "/markets/calendar": Endpoint("free", {"hol_div": "HolDiv"}, (), _SPAN),
    "/markets/margin-interest": Endpoint(
        "standard", {**_BY_DAY, "published_date": "PubDate"}, (*_EITHER, "published_date"), _SPAN, "code"
    ),
    "/markets/margin-alert": Endpoint(
        "standard", {"code": "Code", "date": "PubDate"}, _EITHER, _SPAN, "code"
    ),
    "/markets/short-ratio": Endpoint(
        "standard", {"s33": "S33", "date": "Date"}, ("date", "s33"), _SPAN, "s33"
    ),
    "/markets/short-sale-report": Endpoint(
        "standard",
        {"code": "Code", "disc_date": "DiscDate", "calc_date": "CalcDate"},
        ("code", "disc_date", "calc_date"),
        ("disc_date_from", "disc_date_to"),
        "code",
    ),
    "/markets/breakdown": Endpoint("premium", _BY_DAY, _EITHER, _SPAN, "code"),
    "/indices/bars/daily": Endpoint("standard", _BY_DAY, _EITHER, _SPAN, "code"),
    "/indices/bars/daily/topix": Endpoint("light", {}, (), _SPAN),
    "/fins/summary": Endpoint("free", {"code": "Code", "date": "DiscDate"}, _EITHER, cursor=True),
    "/fins/details": Endpoint("premium", {"code": "Code", "date": "DiscDate"}, _EITHER, cursor=True),
    "/fins/dividend": Endpoint("premium", {"code": "Code", "date": "PubDate"}, _EITHER, _SPAN, "code"),
    "/fins/earnings-date": Endpoint(
        "free",
        {"code": "Code", "date": "PubDate", "scheduled_date": "SchDate"},
        ("code", "date", "scheduled_date"),
    ),
    "/derivatives/bars/daily/futures": Endpoint(
        "premium", {"date": "Date", "category": "ProdCat"}, ("date",)
    ),
    "/derivatives/bars/daily/options": Endpoint(
        "premium", {"date": "Date", "category": "ProdCat"}, ("date",)
    ),
    "/derivatives/bars/daily/options/225": Endpoint("standard", {"date": "Date"}, ("date",)),
    "/edinet/major-shareholders": Endpoint(
        "standard", {"code": "Code", "edinet_code": "EdinetCode", "date": "SubDate"}
    ),
    "/td/list": Endpoint(
        "light", {"code": "Code", "date": "DiscDate"}, _EITHER, _SPAN, "code", cursor=True, addon=True
    ),
}


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str = "") -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass
class Service:
    """A J-Quants of one plan at one moment.

    Attributes
    ----------
    now : JST, naive; rows appear at their table's hour.
    page : rows a page.
    last : how the last page says so: the key is "absent", "null" or "empty".
    hollow : every such page (2 = every second) carries a key and no rows.
    """

    market: Market = field(default_factory=Market)
    plan: str = "premium"
    now: dt.datetime = dt.datetime(2026, 10, 2, 20, 0)
    page: int = 1000
    last: str = "absent"
    hollow: int = 0
    addons: frozenset[str] = frozenset()

    @property
    def window(self) -> tuple[dt.date, dt.date | None]:
        """First and last date of the plan; None for an open end."""
        return self.window_of(YEARS[self.plan])

    def window_of(self, years: int) -> tuple[dt.date, dt.date | None]:
        """The same for so many years; 0 stands for those of the plan."""
        today = self.now.date()
        if self.plan == "free":
            today -= dt.timedelta(weeks=12)
        start = today.replace(year=today.year - (years or YEARS[self.plan]), day=min(today.day, 28))
        return start, today if self.plan == "free" else None

    def answer(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        """The body of a 200; anything else is raised as :class:`RefusedError`."""
        endpoint = ENDPOINTS.get(path)
        if endpoint is None:
            raise RefusedError(403, NO_PATH)
        if not self.allows(path):
            raise RefusedError(403, NOT_IN_PLAN)
        query = {key: value for key, value in params.items() if key not in ("pagination_key", "cursor")}
        if path == "/indices/bars/daily/topix":
            query.pop("date", None)  # ignored by the service
        self._check(endpoint, query)
        rows = self._rows(path, endpoint, query)
        return self._paged(path, endpoint, params, rows)

    def allows(self, path: str) -> bool:
        """Whether the plan and its add-ons have a path."""
        endpoint = ENDPOINTS[path]
        in_plan = PLANS.index(self.plan) >= PLANS.index(endpoint.plan)
        return in_plan and (path in self.addons or not endpoint.addon)

    def _check(self, endpoint: Endpoint, query: dict[str, str]) -> None:
        known = {*endpoint.filters, *(endpoint.span or ())}
        if unknown := set(query) - known:
            raise RefusedError(400, f"Unknown parameter {', '.join(sorted(unknown))}")
        if endpoint.needs and not set(endpoint.needs) & set(query):
            raise RefusedError(
                400, f"This API requires at least 1 parameter as follows; {', '.join(endpoint.needs)}"
            )
        spanned = set(endpoint.span or ()) & set(query)
        if spanned and endpoint.span_needs and endpoint.span_needs not in query:
            raise RefusedError(400, f"{' and '.join(endpoint.span or ())} need {endpoint.span_needs}")
        dated = {key for key in query if key in (endpoint.span or ()) or "date" in key}
        for key in dated:
            self._inside(read_date(query[key]), self.window_of(endpoint.years))

    def _inside(self, day: dt.date, window: tuple[dt.date, dt.date | None]) -> None:
        start, end = window
        if day < start or (end is not None and day > end):
            covers = f"{start} ~ {end or ''}"
            raise RefusedError(
                400,
                f"Your subscription covers the following dates: {covers}. If you want more data, "
                f"please check other plans:https://jpx-jquants.com/#dataset",
            )

    def _rows(self, path: str, endpoint: Endpoint, query: dict[str, str]) -> list[Row]:
        if path == "/markets/calendar":
            found = self._calendar(query)
        elif path == "/equities/earnings-calendar":
            found = self.market.rows(path, next_session(self.now.date() + dt.timedelta(1)))
        elif path == "/equities/bars/daily/am":
            found = self.market.rows(path, self.now.date()) if self.now.hour >= 12 else []
        else:
            found = [row for day in self._days(path, endpoint, query) for row in self._visible(path, day)]
        for name, value in query.items():
            column = endpoint.filters.get(name, "")
            if column and not (path == "/equities/master" and name == "date"):
                found = [row for row in found if same(row[column], value, name)]
        if path == "/equities/bars/daily/am" and not found:
            raise RefusedError(210)
        if path == "/equities/bars/daily" and self.plan != "premium":
            known = EXAMPLES["/equities/bars/daily"]["data"][0]
            found = [
                {key: row[key] for key in row if key in known or key not in _PREMIUM_KEYS} for row in found
            ]
        return found

    def _calendar(self, query: dict[str, str]) -> list[Row]:
        start, end = self.window
        whole = self.market.calendar(end or dt.date(self.now.year + 1, 12, 31))
        low = read_date(query["from"]) if "from" in query else start
        high = read_date(query["to"]) if "to" in query else dt.date.max
        return [row for row in whole if low <= dt.date.fromisoformat(row["Date"]) <= high]

    def _days(self, path: str, endpoint: Endpoint, query: dict[str, str]) -> Iterator[dt.date]:
        """The days whose records a query can touch, ascending."""
        start, end = self.window_of(endpoint.years)
        today = self.now.date()
        column = DAY_COLUMN[path][0]
        exact = [
            read_date(query[name]) for name, c in endpoint.filters.items() if c == column and name in query
        ]
        if path == "/equities/master":
            asked = max(exact[0] if exact else today, self.market.first)
            return iter([min(next_session(asked), next_session(today + dt.timedelta(1)))])
        if exact:
            return iter(exact)
        low, high = endpoint.span or ("", "")
        first = read_date(query[low]) if low in query else max(start, self.market.first)
        return days(first, min(read_date(query[high]) if high in query else today, end or today))

    def _visible(self, path: str, day: dt.date) -> list[Row]:
        """The day's rows that are published by now."""
        rows = self.market.rows(path, day)
        if path == "/td/list" or (self.plan == "premium" and path in ("/fins/summary", "/fins/details")):
            return [row for row in rows if f"{day}T{row['DiscTime']}" <= self.now.isoformat()]
        hour = DAY_COLUMN[path][1] - (14.5 if path == "/equities/master" else 0.0)
        shown = dt.datetime.combine(day, dt.time()) + dt.timedelta(hours=hour)
        return rows if shown <= self.now else []

    def _paged(
        self, path: str, endpoint: Endpoint, params: dict[str, str], rows: list[Row]
    ) -> dict[str, Any]:
        seen = ""
        if "cursor" in params:
            if "pagination_key" in params:
                raise RefusedError(400, "cursor and pagination_key are mutually exclusive")
            seen = _open(params["cursor"], "cursor")["seen"]
            rows = [row for row in rows if row["DiscNo"] > seen]
        query = sorted((key, value) for key, value in params.items() if key != "pagination_key")
        start, number = 0, 1
        if "pagination_key" in params:
            told = _open(params["pagination_key"], "pagination_key")
            if told["query"] != [list(pair) for pair in query]:
                raise RefusedError(400, "pagination_key does not belong to this query")
            start, number = told["start"], told["number"] + 1
        if path == "/markets/calendar":
            return {"data": rows}
        hollow = bool(self.hollow) and number % self.hollow == 0
        stop = start if hollow else start + self.page
        body: dict[str, Any] = {"data": rows[start:stop]}
        if stop < len(rows) or hollow:
            body["pagination_key"] = _seal({"query": query, "start": stop, "number": number})
        else:
            body |= {"null": {"pagination_key": None}, "empty": {"pagination_key": ""}}.get(self.last, {})
            if endpoint.cursor and (endpoint.addon or self.plan == "premium"):
                newest = max((row["DiscNo"] for row in rows), default=seen)
                body["cursor"] = _seal({"seen": newest})
        return body


_PREMIUM_KEYS = set(EXAMPLES["/equities/bars/daily#premium"]["data"][0]) - set(
    EXAMPLES["/equities/bars/daily"]["data"][0]
)


def read_date(text: str) -> dt.date:
    """``YYYYMMDD`` or ``YYYY-MM-DD``; anything else is refused."""
    for pattern in ("%Y%m%d", "%Y-%m-%d"):
        try:
            return dt.datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    raise RefusedError(400, f"'{text}' is not a date")


def next_session(day: dt.date) -> dt.date:
    return next(d for d in days(day, day + dt.timedelta(14)) if is_session(d))


def same(have: Any, asked: str, name: str) -> bool:
    """Whether a record's column answers a parameter: dates in both spellings, codes of 4 and 5 characters."""
    if have is None:
        return False
    if "date" in name:
        return str(have) == read_date(asked).isoformat()
    if name == "code" and len(asked) == 4:
        return have in (asked, asked + "0")  # indices have four characters
    return str(have).lstrip("0") == asked.lstrip("0") if name == "s33" else have == asked


def _seal(content: dict[str, Any]) -> str:
    """An opaque token of dot-separated parts, as the real ones look."""
    text = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
    return f"{text[:8]}.{text[8:]}."


def _open(token: str, name: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(token.replace(".", "")))
    except ValueError:
        raise RefusedError(400, f"{name} is invalid") from None
