"""The sessions of the Tokyo exchange and the instants of its decisions.

Instants are naive datetime64[s] in Japan's standard time, UTC + 9 hours, which has had no summer time since
1951. Row t of a panel is decided at ``instants(decision)[t]`` (decision 1 of the design).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_args

import numpy as np

from jqfast.data.panel import Decision
from jqfast.errors import DataGapError, unknown
from jqfast.types import AnyArray, BoolArray, DateArray, IntArray

#: The afternoon session ended at 15:00 until 2024-11-01 and ends at 15:30 from this day on.
LATER_CLOSE = np.datetime64("2024-11-05", "D")
LAST_HALF_DAY = np.datetime64("2009-01-05", "D")
#: On half days only the morning session was held; it ended at 11:00 then.
HALF_DAY_CLOSE = np.timedelta64(11, "h")
#: Before the open at 09:00 and after the refresh of the issue list at 08:00.
PREOPEN = np.timedelta64(8 * 60 + 30, "m")
EVENING = np.timedelta64(19, "h")
#: From Japan's standard time to UTC.
TO_UTC = np.timedelta64(-9, "h")


@dataclass(frozen=True, eq=False)
class Clock:
    """Sessions in ascending order, datetime64[D], and which of them were half days."""

    sessions: DateArray
    half: BoolArray | None = None

    def __post_init__(self) -> None:
        days = self.sessions
        if days.dtype != np.dtype("datetime64[D]") or not (days[1:] > days[:-1]).all():
            raise ValueError("`sessions` must be strictly ascending datetime64[D].")
        if self.half is not None and self.half.shape != days.shape:
            raise ValueError(
                f"`half` must have one flag per session; got {self.half.shape} for {days.shape}."
            )

    def __len__(self) -> int:
        return len(self.sessions)

    @cached_property
    def closes(self) -> AnyArray:
        """(T,) datetime64[s]: when the closing price of each session is known."""
        day = self.sessions.astype("datetime64[s]")
        late = np.where(self.sessions >= LATER_CLOSE, np.timedelta64(30, "m"), np.timedelta64(0, "m"))
        close = day + np.timedelta64(15, "h") + late
        return close if self.half is None else np.where(self.half, day + HALF_DAY_CLOSE, close)

    def instants(self, decision: Decision) -> AnyArray:
        """(T,) datetime64[s]: the decision time of each session.

        ``close`` at the close, ``preopen`` at 08:30, ``evening`` at 19:00.
        """
        check_decision(decision)
        if decision == "close":
            return self.closes
        day = self.sessions.astype("datetime64[s]")
        return np.asarray(day + (PREOPEN if decision == "preopen" else EVENING))

    def on_or_after(self, days: Any) -> IntArray:
        """Row of the first session on or after each day; T where there is none or the day is missing."""
        return np.searchsorted(self.sessions, np.asarray(days, "datetime64[D]"), side="left").astype(np.int64)

    def after(self, days: Any) -> IntArray:
        """Row of the first session strictly after each day; T where there is none or the day is missing."""
        return np.searchsorted(self.sessions, np.asarray(days, "datetime64[D]"), side="right").astype(
            np.int64
        )

    def decided(self, instants: AnyArray, decision: Decision, *, strictly: bool = False) -> IntArray:
        """Row of the first decision at (unless ``strictly``) or after each instant; T where there is none."""
        moments = self.instants(decision)
        wanted = np.asarray(instants, moments.dtype)
        if strictly:
            return np.searchsorted(moments, wanted, side="right").astype(np.int64)
        return np.searchsorted(moments, wanted, side="left").astype(np.int64)

    def day(self, rows: AnyArray) -> DateArray:
        """The sessions of rows, NaT outside ``0 <= row < T``."""
        rows = np.asarray(rows)
        if not len(self):
            return np.full(rows.shape, "NaT", "datetime64[D]")
        inside = (rows >= 0) & (rows < len(self))
        found = self.sessions[np.clip(rows, 0, len(self) - 1)]
        return np.where(inside, found, np.datetime64("NaT", "D"))


def half_days(sessions: DateArray) -> BoolArray:
    """(T,) bool: mornings only, by the exchange's rule until 2009: the first and the last session of a year.

    They were the first weekday from 4 January and the last one up to 30 December, whatever part of a year
    the sessions are.
    """
    year = sessions.astype("datetime64[Y]").astype("datetime64[D]")
    following = (sessions.astype("datetime64[Y]") + 1).astype("datetime64[D]")
    first = np.busday_offset(year + 3, 0, roll="forward")
    last = np.busday_offset(following - 2, 0, roll="backward")
    return np.asarray((sessions <= LAST_HALF_DAY) & ((sessions == first) | (sessions == last)))


def check_decision(decision: str) -> None:
    """Raise where ``decision`` is none of the three."""
    if decision not in get_args(Decision):
        raise unknown("value of `decision`", str(decision), get_args(Decision))


def from_divisions(days: AnyArray, divisions: AnyArray) -> Clock:
    """The clock of a trading calendar: ``HolDiv`` "1" is a session, "2" a half day; "0" and "3" are none.

    "3" is a holiday on which Osaka trades derivatives and Tokyo no shares.

    Raises
    ------
    DataGapError
        If no day is a session.
    """
    days, divisions = np.asarray(days, "datetime64[D]"), np.asarray(divisions).astype(str)
    open_ = np.isin(divisions, ("1", "2"))
    if not open_.any():
        raise DataGapError("The trading calendar has no session (`HolDiv` 1 or 2); fetch it again.")
    sessions, first = np.unique(days[open_], return_index=True)
    return Clock(sessions, (divisions[open_] == "2")[first])
