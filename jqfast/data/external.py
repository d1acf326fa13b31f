"""Tables from outside J-Quants, joined by the time at which they were known and by nothing else.

Currencies, yields, indices, commodities, central bank days, consensus, free float: any table with a date, and
either a column that says when each row was available or a declared rule (decision 2: the last value whose
time stamp lies before the decision time of a row). Sessions are never counted across exchanges.

1. `read_external` turns a table into series of (day, time known in UTC, value);
2. `attach` adds them to a panel as columns, each with its age in calendar days.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from jqfast.data import pit
from jqfast.data.asof import Events, Grid, asof
from jqfast.data.clock import TO_UTC, Clock, half_days
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, closest, unknown
from jqfast.types import AnyArray, DateArray, FloatArray

TOKYO = "Asia/Tokyo"


@dataclass(frozen=True)
class Release:
    """When the value of a day or month is out.

    Parameters
    ----------
    zone : name of a time zone, summer time included
    time : "HH:MM" there
    days : calendar days after the day of the value
    business_days : weekdays after it; in Tokyo, sessions of the exchange
    month : the value is of a month, and days count from its last day
    bar : prices of the Tokyo exchange: known at its close of that session
    """

    zone: str = TOKYO
    time: str = "15:00"
    days: int = 0
    business_days: int = 0
    month: bool = False
    bar: bool = False

    def __post_init__(self) -> None:
        if self.zone not in zoneinfo.available_timezones():
            raise unknown("time zone", self.zone, zoneinfo.available_timezones())
        if pit.seconds_of(np.array([self.time]))[0] < 0:
            raise ValueError(f"`time` must be HH:MM; got {self.time!r}.")
        if self.days < 0 or self.business_days < 0:
            raise ValueError(
                "`days` and `business_days` must be 0 or more, nothing is known before its day; got "
                f"{self.days} and {self.business_days}."
            )


#: Declared rules by name. Overseas closes are at the exchange's own hour, so that summer time is in them.
RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        "tokyo_close": Release(bar=True),
        "new_york_close": Release("America/New_York", "16:00"),
        "vix_close": Release("America/New_York", "16:15"),
        "fx_close": Release("America/New_York", "17:00"),
        "oil_settlement": Release("America/New_York", "14:30"),
        "london_close": Release("Europe/London", "16:30"),
        "shanghai_close": Release("Asia/Shanghai", "15:00"),
        # H.15 of the Federal Reserve: the next business day in the afternoon.
        "treasury_yields": Release("America/New_York", "16:15", business_days=1),
        # Ministry of Finance: the morning of the next business day.
        "jgb_yields": Release(TOKYO, "09:30", business_days=1),
        # The Energy Information Administration gives spot prices of a week in the next one.
        "oil_spot": Release("America/New_York", "13:00", days=8),
        "month_end": Release(TOKYO, "24:00", month=True),
    }
)


@dataclass(frozen=True, eq=False)
class Series:
    """One series: the day of each value, when it was known (UTC, datetime64[s]), and the value.

    Several rows of one day are versions of it, each counting from its own time. ``codes`` names the stock of
    each row where the series is one of stocks; None makes it market-wide.
    """

    name: str
    days: DateArray
    known: AnyArray
    values: FloatArray
    codes: AnyArray | None = None
    bar: bool = False


def read_external(
    source: Any,
    columns: Mapping[str, str],
    *,
    release: str | Release | None = None,
    available_at: str | None = None,
    date: str = "date",
    code: str | None = None,
    where: Mapping[str, str] | None = None,
) -> tuple[Series, ...]:
    """The series of a dated table.

    Parameters
    ----------
    source : path of a Parquet or CSV file, or a frame
    columns : name in the panel -> column of the table
    release : a declared rule or its name; for a table without `available_at`
    available_at : column with the time at which each row was known; time stamps with a zone, or text or
        naive ones in UTC
    date : column with the day of the value
    code : column with stock codes, for a series of stocks
    where : column -> text, the rows to use, as in ``{"symbol": "SPX"}``

    Raises
    ------
    ValueError
        A column that is not there, neither or both of `release` and `available_at`, a value known before
        its day.
    DataGapError
        No row, or a row whose time or date is missing.
    """
    from jqfast.data.parse import dates as parse_dates
    from jqfast.data.parse import numbers
    from jqfast.data.sources import Table, open_source

    table = open_source(source, every=True)
    if not isinstance(table, Table):
        raise ValueError("`source` must be one table.")
    wanted = [date, *columns.values(), *(where or {}), *(name for name in (available_at, code) if name)]
    for name in wanted:
        if name not in table.names:
            raise ValueError(f"`{table.label}` has no column `{name}`.{closest(name, table.names)}")
    keep = _kept(table, where or {})
    days = parse_dates(table.fetch(date), date)[keep]
    if not len(days):
        raise DataGapError(f"`{table.label}` has no row with {dict(where or {})}.")
    known, bar = _known(table, days, keep, release, available_at)
    codes = None if code is None else _texts(table.fetch(code))[keep]
    return tuple(
        Series(name, days, known, numbers(table.fetch(column), column, null_text=True)[0][keep], codes, bar)
        for name, column in columns.items()
    )


def known_at(days: DateArray, release: Release, clock: Clock | None = None) -> AnyArray:
    """The instant at which the values of days are out, UTC, datetime64[s].

    Parameters
    ----------
    clock : sessions of Tokyo, for rules that count them; without, and before its first one, weekdays count
    """
    if release.month:
        days = (days.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    out = days + np.timedelta64(release.days, "D")
    if release.business_days:
        weekdays = np.busday_offset(out, release.business_days, roll="backward").astype("datetime64[D]")
        if release.zone == TOKYO and clock is not None and len(clock):
            sessions = clock.day(clock.after(out) + release.business_days - 1)
            weekdays = np.where(out >= clock.sessions[0], sessions, weekdays)
        out = weekdays
    second = np.timedelta64(int(pit.seconds_of(np.array([release.time]))[0]), "s")
    return _utc(out, second, release.zone)


def attach(panel: Panel, series: Sequence[Series], *, max_days: int | None = None, age: bool = True) -> Panel:
    """The panel with a column per series: what was last known before the decision time of each row.

    Parameters
    ----------
    series : of :func:`read_external`
    max_days : a value whose day is longer ago, in calendar days, is missing; None keeps it
    age : add ``{name}_age``, the calendar days from the day of the value to the session

    Returns
    -------
    Panel; market-wide series are (T,), those of stocks (T, N), NaN where nothing was known

    Raises
    ------
    ValueError
        If the panel has a column of that name.
    """
    clock = Clock(panel.dates, half_days(panel.dates))
    added: dict[str, AnyArray] = {}
    for one in series:
        if one.name in panel.columns or one.name in added:
            raise ValueError(f"`{one.name}` is a column of the panel already; give the series another name.")
        values, ages = _joined(panel, clock, one)
        if max_days is not None:
            values = np.where(ages <= max_days, values, np.nan)
            ages = np.where(ages <= max_days, ages, np.nan)
        added[one.name] = values
        if age:
            added[f"{one.name}_age"] = ages
    return panel.with_columns(**added)


def _joined(panel: Panel, clock: Clock, one: Series) -> tuple[FloatArray, FloatArray]:
    """(values, ages in days) on the axes of the panel."""
    T, N = panel.shape
    decision = panel.info.decision
    if one.bar:
        row = pit.rows("equities_bars_daily", {"Date": one.days}, clock, decision)
    else:
        row = clock.decided(one.known - TO_UTC, decision, strictly=True)
    stock, keep = _stocks(panel, one)
    keep &= np.isfinite(one.values) & (row < T)
    day = one.days.astype("datetime64[D]").astype(np.int64)
    values = np.stack([one.values, day.astype(np.float64)], axis=1)
    events = Events(("value", "day"), values, stock, row, order=day, since=row, record=True).take(keep)
    events = events.take(np.argsort(one.known[keep], kind="stable")).by_row()
    both = asof(events, Grid(T, 1 if one.codes is None else N))
    ages = clock.sessions.astype(np.int64)[:, None] - both[1]
    return (both[0, :, 0], ages[:, 0]) if one.codes is None else (both[0], ages)


def _stocks(panel: Panel, one: Series) -> tuple[AnyArray, AnyArray]:
    """(column of the panel, whether there is one) per row; four characters find their code of five."""
    if one.codes is None:
        return np.zeros(len(one.days), np.int64), np.ones(len(one.days), bool)
    place = {str(code): n for n, code in enumerate(panel.codes)}
    text, index = np.unique(one.codes, return_inverse=True)
    stock = np.array([place.get(str(c), place.get(f"{c}0", -1)) for c in text], np.int64)[index]
    return np.maximum(stock, 0), stock >= 0


def _known(
    table: Any, days: DateArray, keep: AnyArray, release: str | Release | None, available_at: str | None
) -> tuple[AnyArray, bool]:
    if (release is None) == (available_at is None):
        raise ValueError(
            "Say when the values were known: either `available_at`, a column of the table, or `release`, one "
            f"of {', '.join(RELEASES)} or a Release."
        )
    if available_at is not None:
        known = _stamps(table.fetch(available_at), available_at)[keep]
        early = known < days.astype("datetime64[s]") - np.timedelta64(14, "h")  # no zone is further east
        if early.any():
            first = int(np.flatnonzero(early)[0])
            raise ValueError(
                f"`{available_at}` must not lie before the day of the value; {known[first]} (UTC) is before "
                f"{days[first]}, and {int(early.sum())} rows are like it."
            )
        return known, False
    the = _release(release)
    return known_at(days, the, _tokyo_clock(days, the)), the.bar


def _release(release: str | Release | None) -> Release:
    if isinstance(release, Release):
        return release
    if release not in RELEASES:
        raise unknown("release", str(release), RELEASES)
    return RELEASES[str(release)]


def _tokyo_clock(days: DateArray, release: Release) -> Clock | None:
    if release.zone != TOKYO or not release.business_days:
        return None
    from jqfast.data.calendar import sessions

    first = max(days.min(), np.datetime64("2000-01-01"))  # before, weekdays are near enough
    return Clock(sessions("XTKS", first, days.max() + np.timedelta64(30, "D")))


def _utc(days: DateArray, second: Any, zone: str) -> AnyArray:
    """UTC of an hour of the day in a zone; the offset is looked up once per day."""
    each, place = np.unique(days, return_inverse=True)
    hour = int(second.astype(np.int64)) // 3600 % 24
    info = zoneinfo.ZoneInfo(zone)
    offsets = np.zeros(len(each), "timedelta64[s]")
    for i, day in enumerate(each):
        if not np.isnat(day):
            date: dt.date = day.astype(object)
            shift = dt.datetime(date.year, date.month, date.day, hour, tzinfo=info).utcoffset()
            offsets[i] = np.timedelta64(int(shift.total_seconds()) if shift else 0, "s")
    return np.asarray((each.astype("datetime64[s]") + second - offsets)[place])


def _stamps(cells: Any, name: str) -> AnyArray:
    import pandas as pd

    from jqfast.data.parse import to_arrow

    text = to_arrow(cells).to_pandas()
    stamps = pd.to_datetime(text, utc=True)
    if stamps.isna().any():
        raise DataGapError(
            f"`{name}` must say for each row when it was known; {int(stamps.isna().sum())} do not."
        )
    return np.asarray(stamps.dt.tz_convert(None).to_numpy(), "datetime64[s]")


def _texts(cells: Any) -> AnyArray:
    from jqfast.data.parse import to_arrow

    return np.array(["" if cell is None else str(cell) for cell in to_arrow(cells).to_pylist()])


def _kept(table: Any, where: Mapping[str, str]) -> AnyArray:
    keep = np.ones(table.rows, bool)
    for name, text in where.items():
        keep &= _texts(table.fetch(name)) == text
    return keep
