"""Sessions of an exchange, for those who want them checked against its calendar.

Without a calendar the dates of the data are the sessions. With one, dates outside it are dropped and sessions
that the data lack come in without trade. ``exchange_calendars`` is imported only when asked for.
"""

from __future__ import annotations

import warnings

import numpy as np

from jqfast.data.dense import Bars
from jqfast.errors import DataGapError, unknown
from jqfast.types import DateArray

_SHOWN = 5


def sessions(name: str, start: np.datetime64, end: np.datetime64) -> DateArray:
    """The sessions of exchange ``name`` (``"XTKS"`` is Tokyo) with start <= day <= end, as datetime64[D].

    Raises
    ------
    ValueError
        If the calendar is unknown.
    DataGapError
        If the calendar does not reach back to ``start``.
    """
    with warnings.catch_warnings():
        # The library uses pandas calls that newer pandas deprecates; its results are right.
        warnings.simplefilter("ignore")
        import exchange_calendars as xcals

        if name not in xcals.get_calendar_names():
            raise unknown("calendar", name, xcals.get_calendar_names(include_aliases=False))
        # Two weeks more, since the library refuses a span of one day or without a session.
        later = end + np.timedelta64(14, "D")
        try:
            days = xcals.get_calendar(name, start=str(start), end=str(later)).sessions
        except ValueError as error:
            raise DataGapError(
                f"`calendar` {name} does not cover {start} to {end} ({error}) Leave `calendar` out: the "
                f"dates of the data are then the sessions."
            ) from None
    found: DateArray = days.to_numpy().astype("datetime64[D]")
    return found[(found >= start) & (found <= end)]


def align(bars: Bars, name: str) -> None:
    """Put bars on the sessions of a calendar, in place; what was dropped and added is counted and noted."""
    days = sessions(name, bars.dates[0], bars.dates[-1])
    dropped, added = np.setdiff1d(bars.dates, days), np.setdiff1d(days, bars.dates)
    if len(days) == 0 or len(dropped) == len(bars.dates):
        raise DataGapError(
            f"No date of the data is a session of `calendar` {name}; leave it out or name another."
        )
    bars.counts["dates_outside_calendar"] = len(dropped)
    bars.counts["sessions_added"] = len(added)
    for what, which in (
        ("dates outside the calendar dropped", dropped),
        ("sessions without data added", added),
    ):
        if len(which):
            shown = ", ".join(map(str, which[:_SHOWN])) + (" ..." if len(which) > _SHOWN else "")
            bars.notes.append(f"Calendar {name}: {len(which)} {what} ({shown}).")
    if len(dropped) or len(added):
        _reindex(bars, days)


def _reindex(bars: Bars, days: DateArray) -> None:
    before = np.searchsorted(bars.dates, days, side="right") - 1
    same = bars.dates[np.maximum(before, 0)] == days
    for name, values in bars.fields.items():
        # A(t) holds between its rows; a factor on a dropped row has already gone into the later ones.
        moved = values[np.maximum(before, 0)]
        if name != "adjustment":
            moved[~same] = np.nan
        bars.fields[name] = moved
    for name, (values, labels) in bars.labels.items():
        moved = values[np.maximum(before, 0)]
        moved[~same] = -1
        bars.labels[name] = (moved, labels)
    bars.present = bars.present[np.maximum(before, 0)] & same[:, None]
    bars.dates = days
