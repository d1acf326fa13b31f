"""The sessions of the Tokyo exchange: holidays by the law of their year, half days, hours of the close.

Goes in: a first and a last day. Comes out: ``Sessions``, which every other file asks for rows, weeks and
hours. The rules are Japan's holiday act with its changes from 2000 to 2021 and the exchange's own rest from
31 December to 3 January; they need no network and no clock.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from jqfast.types import AnyArray, BoolArray, DateArray, IntArray

#: The closing auction moved from 15:00 to 15:30.
LATE_CLOSE = np.datetime64("2024-11-05", "D")
#: The exchange's system stood still all day; the calendar has the day as a session.
OUTAGE = np.datetime64("2020-10-01", "D")
#: Derivatives trade on holidays from here on.
HOLIDAY_TRADING = np.datetime64("2022-09-23", "D")
#: The last and the first session of a year were mornings only, until this one.
LAST_HALF_DAY = np.datetime64("2009-01-05", "D")

NOON_MINUTE = 11 * 60 + 30
#: Years of sessions known before the span, for the documents of its past.
_BEFORE = 3
_CLOSE, _LATE, _HALF = 15 * 60, 15 * 60 + 30, 11 * 60

_FIXED = ((1, 1), (2, 11), (4, 29), (5, 3), (5, 4), (5, 5), (11, 3), (11, 23))
_ONE_OFF = ((2019, 4, 30), (2019, 5, 1), (2019, 5, 2), (2019, 10, 22))
#: The Olympic summers moved marine day, mountain day and sports day.
_MOVED = {2020: ((7, 23), (8, 10), (7, 24)), 2021: ((7, 22), (8, 8), (7, 23))}


def national_holidays(year: int) -> set[dt.date]:
    """Japan's public holidays of one year from 2000 on, with those that stand in for a Sunday."""
    days = {dt.date(year, month, day) for month, day in _FIXED}
    days |= {dt.date(*day) for day in _ONE_OFF if day[0] == year}
    days |= {_nth_monday(year, 1, 2), dt.date(year, 3, _equinox(year, 20.8431))}
    days.add(dt.date(year, 9, _equinox(year, 23.2488)))
    days |= {dt.date(year, 9, 15), dt.date(year, 7, 20)} if year < 2003 else {_nth_monday(year, 9, 3)}
    if year in _MOVED:
        days |= {dt.date(year, month, day) for month, day in _MOVED[year]}
    else:
        days |= {_nth_monday(year, 10, 2)} | ({_nth_monday(year, 7, 3)} if year >= 2003 else set())
        days |= {dt.date(year, 8, 11)} if year >= 2016 else set()
    days |= {dt.date(year, 2, 23)} if year >= 2020 else set()
    days |= {dt.date(year, 12, 23)} if year <= 2018 else set()
    return days | _substitutes(days, year)


def _substitutes(days: set[dt.date], year: int) -> set[dt.date]:
    """Days off for holidays on a Sunday, and days between two holidays."""
    one = dt.timedelta(days=1)
    out: set[dt.date] = set()
    for day in sorted(days):
        free = day
        while day.weekday() == 6 and (free in days or free in out):
            free += one
            if year < 2007 and free in days:  # the older law knew the Monday alone
                free = day
                break
        if free != day:
            out.add(free)
        between = day + one
        if between + one in days and between not in days and between.weekday() != 6:
            out.add(between)
    return out


def _nth_monday(year: int, month: int, which: int) -> dt.date:
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=-first.weekday() % 7 + 7 * (which - 1))


def _equinox(year: int, base: float) -> int:
    """Day of the month; the common approximation for 1980 to 2099."""
    return int(base + 0.242194 * (year - 1980) - (year - 1980) // 4)


@dataclass(frozen=True, eq=False)
class Sessions:
    """``days`` all calendar days (D,) from the start to the end of the next year, ``kind`` (D,) the API's
    HolDiv as int, ``dates`` the (T,) sessions of the simulated span, ``earlier`` and ``later`` the sessions
    around it.

    Rows count from the first session of the span: earlier sessions have negative rows, later ones T and more.
    """

    days: DateArray
    kind: IntArray
    dates: DateArray
    earlier: DateArray
    later: DateArray

    @cached_property
    def all(self) -> DateArray:
        """Sessions before, in and after the span."""
        return np.concatenate([self.earlier, self.dates, self.later])

    @cached_property
    def half(self) -> BoolArray:
        """(T,) sessions of a morning only."""
        return np.isin(self.dates, self.days[self.kind == 2])

    @cached_property
    def close_minute(self) -> IntArray:
        """(T,) minute of the close, JST."""
        full = np.where(self.dates >= LATE_CLOSE, _LATE, _CLOSE)
        return np.where(self.half, _HALF, full).astype(np.int64)

    @cached_property
    def week(self) -> IntArray:
        """(T,) number of the calendar week (Monday to Sunday)."""
        return week_of(self.dates)

    def row_after(self, days: AnyArray) -> IntArray:
        """Row of the first session strictly after each day."""
        return np.searchsorted(self.all, days, side="right") - len(self.earlier)

    def row_from(self, days: AnyArray) -> IntArray:
        """Row of the first session on or after each day."""
        return np.searchsorted(self.all, days, side="left") - len(self.earlier)

    def at(self, rows: AnyArray) -> DateArray:
        """The session of each row; rows beyond the known sessions stand for the nearest one."""
        return np.asarray(self.all[np.clip(rows + len(self.earlier), 0, len(self.all) - 1)])

    def shifted(self, days: AnyArray, by: int) -> DateArray:
        """The session ``by`` sessions after (before, if negative) each day, or the first one from it on."""
        return self.at(self.row_from(days) + by)

    def in_next_week(self, days: AnyArray, nth: int) -> DateArray:
        """The ``nth`` session (1 is the first) counted from the Monday after each day."""
        week = week_of(np.asarray(days)) + 1
        weeks = week_of(self.all)
        first = np.searchsorted(weeks, week, side="left")
        rows = first + nth - 1
        return self.at(rows - len(self.earlier))


def week_of(days: AnyArray) -> IntArray:
    """Number of the calendar week, Monday to Sunday, counted from 1970."""
    return np.asarray((days.astype("datetime64[D]").astype(np.int64) + 3) // 7)


def make_sessions(start: dt.date, end: dt.date) -> Sessions:
    """Sessions from ``start`` to ``end``, some years of sessions before, and the calendar to the end of the
    next year."""
    first = np.datetime64(start, "D")
    days = np.arange(np.datetime64(f"{start.year - _BEFORE}-01-01"), np.datetime64(f"{end.year + 2}-01-01"))
    years = range(start.year - _BEFORE, end.year + 2)
    national = np.array(sorted(day for y in years for day in national_holidays(y)), "datetime64[D]")
    rest = np.array(
        [f"{y}-{d}" for y in years for d in ("01-01", "01-02", "01-03", "12-31")], "datetime64[D]"
    )
    weekday = (days.astype(np.int64) + 3) % 7
    national_day, rests = np.isin(days, national), np.isin(days, rest)
    open_ = (weekday < 5) & ~national_day & ~rests
    kind = np.where(open_, 1, 0)
    kind[(weekday < 5) & national_day & ~rests & (days >= HOLIDAY_TRADING)] = 3
    opened = np.flatnonzero(open_)
    new_year = np.flatnonzero(np.diff(days[opened].astype("datetime64[Y]").astype(np.int64)) > 0)
    ends = opened[np.concatenate([new_year, new_year + 1])]
    kind[ends[days[ends] <= LAST_HALF_DAY]] = 2
    sessions = days[open_]
    inside = (sessions >= first) & (sessions <= np.datetime64(end, "D"))
    return Sessions(
        days=days[days >= first],
        kind=kind[days >= first].astype(np.int64),
        dates=sessions[inside],
        earlier=sessions[sessions < first],
        later=sessions[sessions > np.datetime64(end, "D")],
    )
