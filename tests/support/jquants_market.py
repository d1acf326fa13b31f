"""Invented market data in the wire form of J-Quants V2: what the local server of the tests serves.

Every row starts as a copy of an example body (``jquants_examples.json``), so key sets and wire types are
the documented ones; dates, codes and numbers then come from a hash of (path, day, code). Nothing is random:
the same market gives the same bytes in every process. Nothing here comes from the package under test.
"""

from __future__ import annotations

import datetime as dt
import json
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, Any]

EXAMPLES: dict[str, Any] = json.loads(
    Path(__file__).with_name("jquants_examples.json").read_text(encoding="utf-8")
)

#: The column that `date` (or its stand-in) selects, hour (JST, may pass 24) at which a day's rows appear.
DAY_COLUMN = {
    "/equities/master": ("Date", 8.0),
    "/equities/bars/daily": ("Date", 16.5),
    "/equities/bars/daily/am": ("Date", 12.0),
    "/equities/bars/minute": ("Date", 16.5),
    "/equities/valuation": ("Date", 16.5),
    "/equities/investor-types": ("PubDate", 16.5),
    "/equities/earnings-calendar": ("Date", 0.0),
    "/markets/margin-interest": ("Date", 40.5),
    "/markets/margin-alert": ("PubDate", 16.5),
    "/markets/short-ratio": ("Date", 16.5),
    "/markets/short-sale-report": ("DiscDate", 17.5),
    "/markets/breakdown": ("Date", 18.0),
    "/indices/bars/daily": ("Date", 16.5),
    "/indices/bars/daily/topix": ("Date", 16.5),
    "/fins/summary": ("DiscDate", 18.0),
    "/fins/details": ("DiscDate", 18.0),
    "/fins/dividend": ("PubDate", 12.0),
    "/fins/earnings-date": ("PubDate", 10.1),
    "/derivatives/bars/daily/futures": ("Date", 27.0),
    "/derivatives/bars/daily/options": ("Date", 27.0),
    "/derivatives/bars/daily/options/225": ("Date", 27.0),
    "/edinet/major-shareholders": ("SubDate", 8.0),
    "/td/list": ("DiscDate", 9.0),
}

DAILY_MARGIN = dt.date(2026, 9, 25)
REFORM = dt.date(2022, 4, 4)
_FIXED = {
    (1, 1),
    (1, 2),
    (1, 3),
    (2, 11),
    (2, 23),
    (4, 29),
    (5, 3),
    (5, 4),
    (5, 5),
    (8, 11),
    (11, 3),
    (11, 23),
}
_FIXED |= {(12, 31)}
_SECTORS = [50, *range(1050, 3051, 1000), *range(3100, 3801, 50), 4050, *range(5050, 5251, 50)]
_SECTORS += [6050, 6100, *range(7050, 7201, 50), 8050, 9050, 9999]
_S33 = [f"{number:04d}" for number in _SECTORS]
_INDICES = ["0000", "0028", "0029", "002A", "0040", "0046", "004F", "0058", "005B", "0070", "0500", "8501"]
_CLOSE_ONLY = "8501"
#: A second date of the event tables, in days from the first.
_OTHER_DAY = {
    "/markets/margin-alert": {"AppDate": -1},
    "/markets/short-sale-report": {"CalcDate": -2},
    "/fins/earnings-date": {"SchDate": 30},
}


@cache
def noise(*parts: object) -> float:
    """A number in [0, 1) that depends on its arguments alone."""
    return zlib.crc32("|".join(map(str, parts)).encode()) / 2**32


def is_session(day: dt.date) -> bool:
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED


def hol_div(day: dt.date) -> str:
    """The holiday division of the calendar."""
    if day == dt.date(2008, 12, 30):
        return "2"
    if is_session(day):
        return "1"
    return (
        "3" if day.weekday() < 5 and day >= dt.date(2022, 9, 23) and (day.month, day.day) != (1, 1) else "0"
    )


def days(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    for offset in range((end - start).days + 1):
        yield start + dt.timedelta(offset)


@dataclass
class Market:
    """The data behind a server; days are made when asked for and kept.

    Attributes
    ----------
    codes : number of ordinary shares.
    splits : (code, ex-date) -> factor, as in ``AdjFactor``.
    edits : path -> list of (match, changes): records that were corrected in place.
    extra : path -> further records, with the day's own in order.
    gone : days without rows per path, as 2020-10-01 in short ratios.
    """

    codes: int = 6
    first: dt.date = dt.date(2008, 5, 7)
    splits: dict[tuple[str, dt.date], float] = field(default_factory=dict)
    edits: dict[str, list[tuple[Row, Row]]] = field(default_factory=dict)
    extra: dict[str, list[Row]] = field(default_factory=dict)
    gone: set[tuple[str, dt.date]] = field(default_factory=set)
    _kept: dict[tuple[str, dt.date], list[Row]] = field(default_factory=dict, repr=False)

    @property
    def listed(self) -> list[str]:
        return [f"{1301 + 7 * i}0" if i % 5 else f"{130 + i // 5}A0" for i in range(self.codes)]

    def edit(self, path: str, match: Row, **changes: Any) -> None:
        """Correct the records whose columns equal ``match``, as the vendor does in place."""
        self.edits.setdefault(path, []).append((match, changes))
        self._kept.clear()

    def add(self, path: str, **record: Any) -> Row:
        """A further record made from the example of its table, as corrections arrive; the record."""
        row = {**_example(path), **record}
        self.extra.setdefault(path, []).append(row)
        self._kept.clear()
        return row

    def rows(self, path: str, day: dt.date) -> list[Row]:
        """All records of one day, corrections included."""
        key = (path, day)
        if key not in self._kept:
            column = DAY_COLUMN[path][0]
            made = [] if key in self.gone or day < self.first else list(_MAKERS[path](self, day))
            made += [row for row in self.extra.get(path, ()) if row[column] == day.isoformat()]
            for match, changes in self.edits.get(path, ()):
                made = [{**row, **changes} if match.items() <= row.items() else row for row in made]
            self._kept[key] = made
        return self._kept[key]

    def calendar(self, end: dt.date) -> list[Row]:
        return [{"Date": day.isoformat(), "HolDiv": hol_div(day)} for day in days(dt.date(2008, 1, 1), end)]


def _example(path: str, which: int = 0) -> Row:
    return dict(EXAMPLES[path]["data"][which])


def _varied(row: Row, factor: float, keep: tuple[str, ...] = ()) -> Row:
    """The row with its numbers scaled, in the wire type of each."""
    return {key: value if key in keep else _scaled(value, factor) for key, value in row.items()}


def _scaled(value: Any, factor: float) -> Any:
    if isinstance(value, float):
        return round(value * factor, 4)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value * factor)
    return value


def _dated(
    path: str, day: dt.date, *, codes: list[str], which: int = 0, sessions: bool = True, share: float = 1.0
) -> Iterator[Row]:
    """One row per code (or per code that the day's hash picks), from an example."""
    if sessions and not is_session(day):
        return
    column = DAY_COLUMN[path][0]
    for code in codes:
        luck = noise(path, day, code)
        if luck < share:
            yield {
                **_varied(_example(path, which), 0.5 + luck / share),
                column: day.isoformat(),
                "Code": code,
            }


def _master(market: Market, day: dt.date) -> Iterator[Row]:
    if not is_session(day):
        return
    for i, code in enumerate(market.listed):
        row = {**_example("/equities/master"), "Date": day.isoformat(), "Code": code, "CoName": f"架空{code}"}
        if day < REFORM:
            row |= {"Mkt": "0101", "MktNm": "東証一部"}
        row["S33"] = _S33[i % 33]
        yield row


def price(market: Market, code: str, day: dt.date) -> tuple[float, float]:
    """Raw close and the factor of all later splits, which the vendor applies to the past."""
    smooth = 0.2 * math.sin(day.toordinal() / 90 + len(code) * noise(code))
    close = (300 + 4000 * noise(code)) * math.exp(smooth + 0.03 * noise("close", code, day))
    later = math.prod(f for (split, ex), f in market.splits.items() if split == code and ex > day)
    return round(close / later, 1), later


def _bars(market: Market, day: dt.date) -> Iterator[Row]:
    if not is_session(day):
        return
    for code in market.listed:
        row = {**_example("/equities/bars/daily#premium"), "Date": day.isoformat(), "Code": code}
        close, later = price(market, code, day)
        factor = close / row["C"]
        for key in row:
            if key.endswith(("Vo", "Va")) and "Adj" not in key:
                row[key] = math.floor(row[key] * (0.5 + noise("volume", code, day)) / 100) * 100.0
            elif key in ("O", "H", "L", "C", "MO", "MH", "ML", "MC", "AO", "AH", "AL", "AC"):
                row[key] = round(row[key] * factor, 1)
                adjusted = f"Adj{key}" if len(key) == 1 else f"{key[0]}Adj{key[1]}"
                row[adjusted] = round(row[key] * later, 1)
        row["AdjVo"] = row["Vo"] / later
        row["AdjFactor"] = market.splits.get((code, day), 1.0)
        row["ExRT"] = "1" if row["AdjFactor"] < 1 else None
        if noise("halt", code, day) < 0.01:
            row |= {
                key: None for key, value in row.items() if isinstance(value, float) and key != "AdjFactor"
            }
        yield row


def _minutes(market: Market, day: dt.date) -> Iterator[Row]:
    """The minutes in which a code was traded, about one in eight of the session."""
    if not is_session(day):
        return
    path = "/equities/bars/minute"
    session = (*range(9 * 60, 11 * 60 + 30), *range(12 * 60 + 30, 15 * 60 + 30))
    for code in market.listed:
        factor = price(market, code, day)[0] / _example(path)["C"]
        for minute in session:
            luck = noise(path, day, code, minute)
            if luck < 0.125:
                row = _varied(_example(path), factor * (0.99 + 0.16 * luck))
                row["Vo"] = 100.0 * (1 + int(luck * 400))
                row["Va"] = round(row["Vo"] * row["C"], 1)
                time = f"{minute // 60:02d}:{minute % 60:02d}"
                yield {**row, "Date": day.isoformat(), "Time": time, "Code": code}


def _margin_interest(market: Market, day: dt.date) -> Iterator[Row]:
    daily = day >= DAILY_MARGIN
    if not daily and day.weekday() != 4:
        return
    for row in _dated("/markets/margin-interest", day, codes=market.listed, which=0 if daily else 1):
        if daily:
            row["PubDate"] = next(
                d for d in days(day + dt.timedelta(1), day + dt.timedelta(9)) if is_session(d)
            ).isoformat()
        yield row


def _investor_types(_market: Market, day: dt.date) -> Iterator[Row]:
    if day.weekday() != 3:
        return
    path = "/equities/investor-types"
    monday = day - dt.timedelta(10)
    names = (
        ["TSEPrime", "TSEStandard", "TSEGrowth"] if monday >= REFORM else ["TSE1st", "TSE2nd", "TSEMothers"]
    )
    for name in (*names, "TokyoNagoya"):
        row = _varied(_example(path), 0.5 + noise(path, day, name))
        span = {"StDate": monday.isoformat(), "EnDate": (monday + dt.timedelta(4)).isoformat()}
        yield {**row, "PubDate": day.isoformat(), **span, "Section": name}


def _by_name(path: str, column: str, names: list[str]) -> Callable[[Market, dt.date], Iterator[Row]]:
    """A maker for tables with one row per name (sector, index) and session."""

    def make(_market: Market, day: dt.date) -> Iterator[Row]:
        for name in names if is_session(day) else ():
            row = _varied(_example(path), 0.5 + noise(path, day, name))
            if name == _CLOSE_ONLY:
                row |= {"O": None, "H": None, "L": None}
            yield {**row, "Date": day.isoformat(), column: name}

    return make


def _topix(_market: Market, day: dt.date) -> Iterator[Row]:
    path = "/indices/bars/daily/topix"
    if is_session(day):
        yield {**_varied(_example(path), 0.9 + 0.2 * noise(path, day)), "Date": day.isoformat()}


def _statements(path: str) -> Callable[[Market, dt.date], Iterator[Row]]:
    """Statements of one code in eight on a session, and now and then one on a Saturday."""

    def make(market: Market, day: dt.date) -> Iterator[Row]:
        saturday = day.weekday() == 5 and day.toordinal() % 5 == 0
        codes = market.listed[:1] if saturday else market.listed
        rows = _dated(
            "/fins/summary", day, codes=codes, sessions=not saturday, share=1 if saturday else 0.125
        )
        for i, made in enumerate(rows):
            number = f"{day:%Y%m%d}{512345 + i:06d}"
            minutes = min(13 * 60 + 30 * i, 23 * 60)  # in the order of the numbers
            time = f"{minutes // 60:02d}:{minutes % 60:02d}:00"
            head = {"DiscTime": time, "DiscNo": number}
            if path == "/fins/summary":
                yield {**made, **head, "Sales": str(int(10_250_000_000 * (0.5 + noise(number))))}
            else:
                yield {**_example(path), **head, "Code": made["Code"], "DiscDate": made["DiscDate"]}

    return make


def _sparse(path: str, share: float, number: str = "") -> Callable[[Market, dt.date], Iterator[Row]]:
    """A maker for event tables: some codes on some sessions; ``number`` tells records apart."""

    def make(market: Market, day: dt.date) -> Iterator[Row]:
        for i, row in enumerate(_dated(path, day, codes=market.listed, share=share)):
            for column, shift in _OTHER_DAY.get(path, {}).items():
                row[column] = (day + dt.timedelta(shift)).isoformat()
            yield {**row, number: f"{day:%Y%m%d}1A{i:05d}"} if number else row

    return make


def _disclosures(market: Market, day: dt.date) -> Iterator[Row]:
    """Disclosures of one code in three, one every ten minutes from nine, in the order of their numbers."""
    for i, row in enumerate(_dated("/td/list", day, codes=market.listed, share=0.3)):
        minutes = min(9 * 60 + 10 * i, 19 * 60)
        time = f"{minutes // 60:02d}:{minutes % 60:02d}"
        yield {**row, "DiscTime": time, "DiscNo": f"{day:%Y%m%d}1A{i:05d}"}


def _contracts(path: str, count: int) -> Callable[[Market, dt.date], Iterator[Row]]:
    codes = [f"1{40014505 + 1000 * i:08d}" for i in range(count)]
    return lambda _market, day: _dated(path, day, codes=codes)


def _earnings_calendar(market: Market, day: dt.date) -> Iterator[Row]:
    return _dated("/equities/earnings-calendar", day, codes=market.listed[:2])


_MAKERS: dict[str, Callable[[Market, dt.date], Iterator[Row]]] = {
    "/equities/master": _master,
    "/equities/bars/daily": _bars,
    "/equities/bars/daily/am": lambda m, day: _dated("/equities/bars/daily/am", day, codes=m.listed),
    "/equities/bars/minute": _minutes,
    "/equities/valuation": lambda m, day: _dated("/equities/valuation", day, codes=m.listed),
    "/equities/investor-types": _investor_types,
    "/equities/earnings-calendar": _earnings_calendar,
    "/markets/margin-interest": _margin_interest,
    "/markets/margin-alert": _sparse("/markets/margin-alert", 0.4),
    "/markets/short-ratio": _by_name("/markets/short-ratio", "S33", _S33),
    "/markets/short-sale-report": _sparse("/markets/short-sale-report", 0.3),
    "/markets/breakdown": lambda m, day: _dated("/markets/breakdown", day, codes=m.listed),
    "/indices/bars/daily": _by_name("/indices/bars/daily", "Code", _INDICES),
    "/indices/bars/daily/topix": _topix,
    "/fins/summary": _statements("/fins/summary"),
    "/fins/details": _statements("/fins/details"),
    "/fins/dividend": _sparse("/fins/dividend", 0.1, "RefNo"),
    "/fins/earnings-date": _sparse("/fins/earnings-date", 0.1),
    "/derivatives/bars/daily/futures": _contracts("/derivatives/bars/daily/futures", 3),
    "/derivatives/bars/daily/options": _contracts("/derivatives/bars/daily/options", 8),
    "/derivatives/bars/daily/options/225": _contracts("/derivatives/bars/daily/options/225", 8),
    "/edinet/major-shareholders": _sparse("/edinet/major-shareholders", 0.1, "DocId"),
    "/td/list": _disclosures,
}
