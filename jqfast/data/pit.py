"""When each record became public, and from which row of a panel it may be used: one rule per source.

Goes in: the publication columns of records. Comes out: the instant (Japan's standard time) from which a
reader of the source could have them, and the first decision row that may use them. ``RULES`` follows the
publication schedule of the source (jquants-api.md, section 3) line by line, so that the two can be laid side
by side. Nothing else in the package decides by a publication hour when a record may be used; when a sync
asks for it is the matter of `jqfast.data.jquants.schedule`, whose hours a test holds against these.

Rows (decision 1): the bars of session t are known at its close; every other table acts from the first
session strictly after its publication date (``close``, ``preopen``), or on the evening of that date if it
was out by 19:00 (``evening``). No record ever acts before the instant from which it could be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from jqfast.data.clock import TO_UTC, Clock, check_decision
from jqfast.data.panel import Decision
from jqfast.errors import unknown
from jqfast.types import AnyArray, DateArray, IntArray

#: ``bar``: prices of the session in `date`, known when it closes. ``table``: published on `date`, acts from
#: the next session. ``dated``: out before the day in `date`, to which it applies. ``ahead``: always known.
Kind = Literal["bar", "table", "dated", "ahead"]

_DAY = 24 * 3600


@dataclass(frozen=True)
class Rule:
    """When the records of one table become public.

    Parameters
    ----------
    kind : see ``Kind``
    date : the column with the publication date
    time : the column with the hour of publication, None where records of a day come together
    hours : when the source delivers on that day, "HH:MM" in Japan's time; "24:30" and "27:00" are on the
        next calendar day. A record comes with the first delivery at or after its own hour, after the last
        one with the first delivery of the next session. Empty: as disclosed. Of a ``bar`` only for the
        reader: its prices are public at the close, whenever the source delivers them (decision 1)
    weekly : the column with the day of the balance, for records without a publication date: they are out on
        the second session of the following week
    period : columns that name what a record is about; the second record about the same is a correction and
        is delivered one session after its publication date
    """

    kind: Kind
    date: str
    time: str | None = None
    hours: tuple[str, ...] = ()
    weekly: str | None = None
    period: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a record that the rule reads."""
        named = (self.date, self.time, self.weekly, *self.period)
        return tuple(dict.fromkeys(name for name in named if name))


_HOURLY = tuple(f"{hour}:00" for hour in range(12, 20))
_STATEMENT = Rule("table", "DiscDate", "DiscTime", ("18:00", "24:30"))
_NEXT_MORNING = Rule("table", "Date", hours=("27:00",))

#: Table -> rule, in the order of section 3 of the fact sheet.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "equities_bars_daily": Rule("bar", "Date", hours=("16:30",)),
        "equities_bars_daily_am": Rule("bar", "Date", hours=("12:00",)),
        "equities_valuation": Rule("table", "Date", hours=("16:30",)),
        # Out at 17:30 of the business day before, refreshed at 08:00: the day it applies to.
        "equities_master": Rule("dated", "Date"),
        "fins_summary": _STATEMENT,
        "fins_details": _STATEMENT,
        "fins_dividend": Rule("table", "PubDate", "PubTime", _HOURLY),
        "fins_earnings_date": Rule("table", "PubDate", hours=("10:05",)),
        # Lists the next business day at 19:00; has no publication column of its own.
        "equities_earnings_calendar": Rule("dated", "Date"),
        "equities_investor_types": Rule(
            "table", "PubDate", hours=("16:30",), period=("Section", "StDate", "EnDate")
        ),
        "markets_margin_interest": Rule("table", "PubDate", hours=("16:30",), weekly="Date"),
        "markets_margin_alert": Rule("table", "PubDate", hours=("16:30",)),
        "markets_short_ratio": Rule("table", "Date", hours=("16:30",)),
        "markets_short_sale_report": Rule("table", "DiscDate", hours=("17:30",)),
        "markets_breakdown": Rule("table", "Date", hours=("18:00",)),
        "indices_bars_daily": Rule("bar", "Date", hours=("16:30",)),
        "indices_bars_daily_topix": Rule("bar", "Date", hours=("16:30",)),
        "derivatives_bars_daily_options_225": _NEXT_MORNING,
        "derivatives_bars_daily_options": _NEXT_MORNING,
        "derivatives_bars_daily_futures": _NEXT_MORNING,
        "edinet_major_shareholders": Rule("table", "SubDate", "SubTime"),
        "edinet_cross_shareholdings": Rule("table", "SubDate", "SubTime"),
        "edinet_large_volume_shareholders": Rule("table", "SubDate", "SubTime"),
        "td_list": Rule("table", "DiscDate", "DiscTime"),
        "markets_calendar": Rule("ahead", "Date"),
    }
)

#: Decision 7: one weekly view of the margin balances, by the weekly rule before and after the change.
WEEKLY_MARGIN = Rule("table", "Date", hours=("16:30",), weekly="Date")


def rule(table: str) -> Rule:
    """The rule of a table; an unknown name is an error with the closest one."""
    if table not in RULES:
        raise unknown("table", table, RULES)
    return RULES[table]


def sentence(table: str | Rule) -> str:
    """A rule in words, for tables of columns and for reports."""
    the = rule(table) if isinstance(table, str) else table
    if the.kind == "bar":
        return "known at the close of the session"
    if the.kind == "dated":
        return "known before the session of its date"
    if the.kind == "ahead":
        return "known ahead"
    hours = f" ({the.hours[0]}{'' if len(the.hours) == 1 else ' to ' + the.hours[-1]})" if the.hours else ""
    words = f"from the session after {the.date}{hours}"
    if the.weekly == the.date:
        words = f"from the session after the second one of the week after {the.date}{hours}"
    elif the.weekly:
        words += f"; without it, after the second session of the week after {the.weekly}"
    return words + ("; corrections one session later" if the.period else "")


def published(table: str | Rule, records: Mapping[str, AnyArray], clock: Clock) -> AnyArray:
    """The instant from which each record could be had.

    Parameters
    ----------
    table : name of a table, or a rule
    records : column -> array; dates as datetime64, hours as text "HH:MM" or "HH:MM:SS"

    Returns
    -------
    (n,) datetime64[s] in Japan's standard time; NaT where the record has no publication date. A record
    without an hour comes with the last delivery of its day. Bars are known when their session closes.
    """
    the = rule(table) if isinstance(table, str) else table
    date = publication_dates(the, records, clock)
    if the.kind == "bar":
        row = clock.on_or_after(date)
        known = np.append(clock.closes, np.datetime64("NaT", "s"))[row]
        return np.where(clock.day(row) == date, known, date.astype("datetime64[s]") + np.timedelta64(15, "h"))
    if the.kind in ("dated", "ahead"):
        return date.astype("datetime64[s]")
    instants = _delivered(the, date, records, clock)
    late = _corrections(the, records, instants)
    return np.where(late, _next_session(instants, clock), instants) if late.any() else instants


def rows(
    table: str | Rule, records: Mapping[str, AnyArray], clock: Clock, decision: Decision = "close"
) -> IntArray:
    """The first row of the clock at which each record may be used; T where there is none yet.

    Parameters
    ----------
    table, records, clock : see :func:`published`
    decision : the decision time of the rows

    Returns
    -------
    (n,) int64 in 0..T; a record from before the first session has row 0
    """
    check_decision(decision)
    the = rule(table) if isinstance(table, str) else table
    date = publication_dates(the, records, clock)
    if the.kind == "bar":
        return clock.after(date) if decision == "preopen" else clock.on_or_after(date)
    if the.kind == "dated":
        return clock.on_or_after(date)
    if the.kind == "ahead":
        return np.zeros(len(date), np.int64)
    known = clock.decided(published(the, records, clock), decision)
    if decision == "evening":
        return known
    return np.maximum(known, clock.after(date))


def publication_dates(the: Rule, records: Mapping[str, AnyArray], clock: Clock) -> DateArray:
    """The day on which each record was published, datetime64[D]; the weekly rule where it is not given."""
    date = _days(records[the.date])
    if the.weekly is None:
        return date
    weekly = second_session_of_next_week(_days(records[the.weekly]), clock)
    return weekly if the.date == the.weekly else np.where(np.isnat(date), weekly, date)


def second_session_of_next_week(days: AnyArray, clock: Clock) -> DateArray:
    """The second session counted from the Monday after each day; NaT where the clock ends before.

    A balance of Friday comes out on Tuesday; with a holiday on Monday, on Wednesday.
    """
    monday = days + (7 - weekday(days)).astype("timedelta64[D]")
    first = clock.on_or_after(monday)
    return clock.day(np.where(np.isnat(days), len(clock), first + 1))


def weekday(days: AnyArray) -> IntArray:
    """0 for Monday to 6 for Sunday; the epoch was a Thursday."""
    return (np.asarray(days, "datetime64[D]").astype(np.int64) + 3) % 7


def to_utc(instants: AnyArray) -> AnyArray:
    """Japan's standard time to UTC."""
    return np.asarray(instants) + TO_UTC


def seconds_of(times: AnyArray) -> IntArray:
    """ "HH:MM" or "HH:MM:SS" as seconds of the day; -1 where there is no time."""
    text, place = np.unique(np.asarray(times).astype(str), return_inverse=True)
    return np.array([_seconds(value) for value in text], np.int64)[place]


def _seconds(text: str) -> int:
    parts = text.strip().split(":")
    if len(parts) < 2 or not all(part.isdigit() for part in parts[:2]):
        return -1
    second = parts[2][:2] if len(parts) > 2 and parts[2][:2].isdigit() else "0"
    return int(parts[0]) * 3600 + int(parts[1]) * 60 + int(second)


def _days(values: AnyArray) -> DateArray:
    return np.asarray(values).astype("datetime64[D]")


def _delivered(the: Rule, date: DateArray, records: Mapping[str, AnyArray], clock: Clock) -> AnyArray:
    """Publication date and hour, moved to the first delivery at or after it."""
    day = date.astype("datetime64[s]")
    deliveries = np.array([_seconds(hour) for hour in the.hours], np.int64)
    last = int(deliveries[-1]) if len(deliveries) else _DAY - 1
    if the.time is None:
        return np.asarray(day + np.timedelta64(last, "s"))
    own = seconds_of(records[the.time])
    own = np.where(own < 0, last, own)
    if not len(deliveries):
        return np.asarray(day + own.astype("timedelta64[s]"))
    which = np.searchsorted(deliveries, own)
    same_day = day + np.append(deliveries, 0)[which].astype("timedelta64[s]")
    following = np.append(clock.sessions, np.datetime64("NaT", "D"))[clock.after(date)]
    next_day = following.astype("datetime64[s]") + np.timedelta64(int(deliveries[0]), "s")
    return np.where(which < len(deliveries), same_day, next_day)


def _next_session(instants: AnyArray, clock: Clock) -> AnyArray:
    """The same hour of the session after each instant's day."""
    day = _days(instants)
    following = np.append(clock.sessions, np.datetime64("NaT", "D"))[clock.after(day)]
    return np.asarray(following.astype("datetime64[s]") + (instants - day.astype("datetime64[s]")))


def _corrections(the: Rule, records: Mapping[str, AnyArray], instants: AnyArray) -> AnyArray:
    """(n,) bool: records about a period of which an earlier record exists."""
    late = np.zeros(len(instants), bool)
    if not the.period or not len(instants):
        return late
    group = np.zeros(len(instants), np.int64)
    for name in the.period:
        _, code = np.unique(np.asarray(records[name]), return_inverse=True)
        _, group = np.unique(group * (int(code.max()) + 1) + code, return_inverse=True)
    order = np.lexsort((instants, group))
    late[order[1:]] = (group[order[1:]] == group[order[:-1]]) & (instants[order[1:]] > instants[order[:-1]])
    return late
