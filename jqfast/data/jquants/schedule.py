"""When a day's records can be had, and when they are final (Japan time, hours after the day's midnight).

A day asked for before it is final is stored but not counted as done, so that the next sync asks again. This
is about fetching alone; what a feature may use when is the matter of the point-in-time rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

JST = dt.timezone(dt.timedelta(hours=9))

#: Table -> hours at which its day can first be asked for, and at which nothing more is added to it. Ten to
#: thirty minutes after the published "around": asking too early costs a request, not data.
HOURS: Mapping[str, tuple[float, float]] = {
    "equities_master": (0.0, 8.5),
    "fins_summary": (18.2, 25.0),
    "fins_details": (18.2, 25.0),
    "fins_dividend": (12.5, 19.5),
    "fins_earnings_date": (10.3, 11.0),
    "markets_short_sale_report": (17.8, 18.5),
    "markets_breakdown": (18.3, 19.0),
    "derivatives_bars_daily_futures": (27.3, 28.0),
    "derivatives_bars_daily_options": (27.3, 28.0),
    "derivatives_bars_daily_options_225": (27.3, 28.0),
    "edinet_major_shareholders": (9.0, 18.5),
    "td_list": (9.0, 24.5),
}
_AFTER_CLOSE = (16.7, 17.5)
#: Premium sees statements as they are disclosed, which begins at eight.
_OPENS = 8.0
_LIVE = ("fins_summary", "fins_details")
#: Tables with records on days without trading too: companies file on any day.
_ANY_DAY = ("fins_summary", "fins_details", "td_list")
#: From this day on, margin balances are daily and published on the next session; before, for Fridays.
DAILY_MARGIN = dt.date(2026, 9, 25)
_MARGIN = "markets_margin_interest"
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Sessions:
    """Days of trading: what the calendar table says where it reaches, else Monday to Friday.

    Parameters
    ----------
    divisions : day -> holiday division, "1" and "2" for trading, "3" for derivatives alone
    """

    divisions: Mapping[dt.date, str]

    def trades(self, day: dt.date, *, derivatives: bool = False) -> bool:
        """Whether there is trading in stocks, or in derivatives."""
        found = self.divisions.get(day)
        if found is None:
            return day.weekday() < 5
        return found in (("1", "2", "3") if derivatives else ("1", "2"))

    def after(self, day: dt.date) -> dt.date:
        """The next session; two weeks later if the calendar knows none."""
        return next((d for d in days(day + _DAY, day + 14 * _DAY) if self.trades(d)), day + 14 * _DAY)

    def ends_week(self, day: dt.date) -> bool:
        """Whether a weekly record can be dated on this day: a Friday, or the last session before one."""
        if day.weekday() == 4:
            return True
        return self.trades(day) and not any(
            self.trades(d) for d in days(day + _DAY, day + (4 - day.weekday()) * _DAY)
        )


def days(start: dt.date, end: dt.date) -> Iterator[dt.date]:
    """Every calendar day from start to end, both included."""
    return (start + offset * _DAY for offset in range((end - start).days + 1))


def asked_days(name: str, rhythm: str, start: dt.date, end: dt.date, sessions: Sessions) -> Iterator[dt.date]:
    """The days on which a table can have records."""
    for day in days(start, end):
        if name in _ANY_DAY:
            yield day
        elif rhythm == "derivatives":
            if sessions.trades(day, derivatives=True):
                yield day
        elif name == _MARGIN and day < DAILY_MARGIN:
            if day.weekday() < 5 and sessions.ends_week(day):
                yield day
        elif sessions.trades(day):
            yield day


def times(name: str, day: dt.date, sessions: Sessions, *, live: bool) -> tuple[dt.datetime, dt.datetime]:
    """When a day can first be asked for, and from when on it is final; Japan time."""
    first, final = HOURS.get(name, _AFTER_CLOSE)
    if live and name in _LIVE:
        first = _OPENS
    base = _published_margin(day, sessions) if name == _MARGIN else day
    midnight = dt.datetime.combine(base, dt.time(), JST)
    return midnight + dt.timedelta(hours=first), midnight + dt.timedelta(hours=final)


def _published_margin(day: dt.date, sessions: Sessions) -> dt.date:
    """Daily balances appear on the next session, weekly ones on the second session of the week after."""
    if day >= DAILY_MARGIN:
        return sessions.after(day)
    monday = day + (7 - day.weekday()) * _DAY
    return sessions.after(sessions.after(monday - _DAY))


def month_of(day: dt.date) -> str:
    """``YYYY-MM``."""
    return f"{day:%Y-%m}"


def month_span(month: str) -> tuple[dt.date, dt.date]:
    """First and last day of a month."""
    year, number = int(month[:4]), int(month[5:7])
    first = dt.date(year, number, 1)
    following = dt.date(year + number // 12, number % 12 + 1, 1)
    return first, following - _DAY


def months(start: dt.date, end: dt.date) -> list[str]:
    """The months from start to end, both included."""
    found = []
    day = start.replace(day=1)
    while day <= end:
        found.append(month_of(day))
        day = month_span(found[-1])[1] + _DAY
    return found
