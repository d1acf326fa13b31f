"""When a record becomes public: Tokyo hours as UTC time stamps."""

from __future__ import annotations

import datetime as dt

import numpy as np

from jqfast.types import AnyArray, CodeArray, DateArray, IntArray

_JST = np.timedelta64(9 * 60, "m")


def utc(days: AnyArray, minute: AnyArray | int) -> DateArray:
    """datetime64[us] UTC of a Tokyo ``minute`` of the day (past 1,440: the next day) on each day."""
    stamps = days.astype("datetime64[m]") + np.asarray(minute).astype("timedelta64[m]") - _JST
    return np.asarray(stamps.astype("datetime64[us]"))


def hours(minute: IntArray, *, seconds: bool) -> AnyArray:
    """Minutes of the day as "HH:MM" or "HH:MM:00"."""
    tail = ":00" if seconds else ""
    names = np.array([f"{m // 60:02d}:{m % 60:02d}{tail}" for m in range(24 * 60)])
    return np.asarray(names[minute])


def compact(days: DateArray) -> CodeArray:
    """Days as "YYYYMMDD"."""
    return np.array([text.replace("-", "") for text in days.astype(str).tolist()], "U8")


def new_york_close(days: AnyArray) -> DateArray:
    """datetime64[us] UTC of 16:00 in New York on each day."""
    years = days.astype("datetime64[Y]")
    minute = np.full(len(days), 21 * 60, np.int64)
    for year in np.unique(years):
        y = int(str(year))
        summer = _sunday(y, 3, 2), _sunday(y, 11, 1)
        minute[(days >= summer[0]) & (days < summer[1])] = 20 * 60
    stamps = days.astype("datetime64[m]") + minute.astype("timedelta64[m]")
    return np.asarray(stamps.astype("datetime64[us]"))


def _sunday(year: int, month: int, which: int) -> np.datetime64:
    """The first, second ... Sunday of a month."""
    first = dt.date(year, month, 1)
    day = first + dt.timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))
    return np.datetime64(day, "D")
