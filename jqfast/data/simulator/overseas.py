"""Series from abroad and from the bond market, each with the instant at which it was known.

Goes in: the span of days and one random stream. Comes out: ``Overseas``, with New York's move before each
Tokyo session, and on request one long table (name, date, value, available_at) as the external tables of a
store have it. A vendor's stamp is a rule and never early: New York's closes at 16:15 local time, summer time
included, and Europe's with them; the yen's at 17:15 there; yields of Tokyo on the next morning at 09:30. In
truth each value is out some minutes after its close, or hours before the stamp; only proofs read that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.simulator.clock import new_york_close, utc
from jqfast.data.simulator.sessions import Sessions
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

#: name -> (first value, yearly volatility, correlation with New York's shares)
_LEVELS = {
    "SPX": (1200.0, 0.17, 1.0),
    "NASDAQ": (2500.0, 0.21, 0.9),
    "DJI": (11000.0, 0.16, 0.95),
    "DAX": (6500.0, 0.19, 0.7),
    "FTSE": (5800.0, 0.15, 0.65),
    "USDJPY": (105.0, 0.10, 0.3),
    "EURJPY": (130.0, 0.11, 0.35),
    "WTI": (75.0, 0.35, 0.3),
    "GOLD": (1400.0, 0.16, 0.0),
    "CRB": (280.0, 0.14, 0.3),
}
#: name -> (mean, daily deviation, correlation with New York's shares), in percent
_YIELDS = {
    "UST2": (1.8, 0.045, 0.2),
    "UST5": (2.1, 0.055, 0.25),
    "UST10": (2.5, 0.055, 0.25),
    "UST30": (3.1, 0.050, 0.25),
    "BUND10": (1.2, 0.045, 0.25),
    "GILT10": (2.0, 0.050, 0.25),
    "JGB2": (0.1, 0.012, 0.1),
    "JGB5": (0.2, 0.018, 0.1),
    "JGB10": (0.6, 0.022, 0.1),
    "JGB20": (1.2, 0.026, 0.1),
    "JGB30": (1.5, 0.028, 0.1),
}
_EUROPE = ("DAX", "FTSE", "BUND10", "GILT10")
#: The vendor's stamp after a close, and by how much at most the truth lies after the close, in minutes.
_STAMP, _LATEST = 15, 14
#: Frankfurt and London close at 11:30 in New York.
_EARLIER = np.timedelta64(270, "m")
_RESTS = ((1, 1), (7, 4), (12, 25))  # New York, besides weekends and Thanksgiving


@dataclass(frozen=True, eq=False)
class Overseas:
    """``days`` (D,) New York's sessions from some weeks before the span; ``series`` name -> (D,) closes;
    ``gap`` (T,) New York's move between the last Tokyo close and the session, in standard deviations;
    ``rate`` (T,) the yen's short rate in percent, and the ``close`` stamps (D,)."""

    days: DateArray
    series: dict[str, FloatArray]
    gap: FloatArray
    rate: FloatArray
    close: DateArray


def draw_overseas(sessions: Sessions, rng: np.random.Generator) -> Overseas:
    """Paths of all series; the first days lie 40 days before the first session."""
    first, last = sessions.dates[0] - np.timedelta64(40, "D"), sessions.dates[-1]
    every = np.arange(first, last + np.timedelta64(1, "D"))
    days = every[((every.astype(np.int64) + 3) % 7 < 5) & ~_closed(every)]
    D = len(days)
    tide = np.exp(_walk(rng.standard_normal(D), 0.985, 0.07))
    us = np.clip(rng.standard_t(5, size=D) * np.sqrt(0.6), -8, 8)
    series = {}
    for name, (level, vol, lean) in _LEVELS.items():
        own = np.clip(rng.standard_t(5, size=D) * np.sqrt(0.6), -8, 8)
        move = (lean * us + np.sqrt(1 - lean**2) * own) * tide * vol / np.sqrt(252)
        series[name] = np.round(level * np.exp(np.cumsum(move)), 3)
    for name, (mean, size, lean) in _YIELDS.items():
        move = lean * us + np.sqrt(1 - lean**2) * rng.standard_normal(D)
        series[name] = np.round(mean + _walk(move, 0.9985, size), 3)
    series["VIX"] = np.round(17.0 * tide * np.exp(0.05 * rng.standard_normal(D) - 0.06 * us), 2)
    close = new_york_close(days)
    return Overseas(
        days, series, _gaps(sessions, us, close), np.maximum(series["JGB2"], 0.01)[_at(days, sessions)], close
    )


def _gaps(sessions: Sessions, us: FloatArray, close: DateArray) -> FloatArray:
    """New York's moves that fell between two Tokyo closes, scaled to unit variance."""
    opens = utc(sessions.dates, 540)
    count = np.searchsorted(close, opens, side="right")
    total = np.concatenate([[0.0], np.cumsum(us)])
    before = np.append(count[0] - 1, count[:-1])
    fresh = np.maximum(count - before, 1)
    return np.asarray((total[count] - total[before]) / np.sqrt(fresh))


def _at(days: DateArray, sessions: Sessions) -> IntArray:
    """Last overseas day before each session."""
    return np.maximum(np.searchsorted(days, sessions.dates, side="left") - 1, 0)


def _walk(shocks: FloatArray, stay: float, size: float) -> FloatArray:
    """A first-order autoregression from zero."""
    out = np.empty(len(shocks))
    now = 0.0
    for t, shock in enumerate(shocks):
        now = stay * now + size * shock
        out[t] = now
    return out


def _closed(days: DateArray) -> BoolArray:
    """New York's holidays in short."""
    stamps = days.astype(object)
    fixed = np.array([(day.month, day.day) in _RESTS for day in stamps])
    thanks = np.array([day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28 for day in stamps])
    return np.asarray(fixed | thanks)


def macro_table(overseas: Overseas, sessions: Sessions, rng: np.random.Generator) -> Any:
    """(name, date, value, available_at, true_available_at) of all series, an Arrow table by name and date."""
    import pyarrow as pa

    D, columns = len(overseas.days), []
    for name in sorted(overseas.series):
        stamp, truth = _stamps(name, overseas, sessions, rng.integers(0, _LATEST + 1, size=D))
        columns.append((np.full(D, name), overseas.days, overseas.series[name], stamp, truth))
    names, dates, values, stamps, truths = (np.concatenate(each) for each in zip(*columns, strict=True))
    instant = pa.timestamp("us", tz="UTC")
    return pa.table(
        {
            "name": pa.array(names.tolist()),
            "date": pa.array(dates),
            "value": pa.array(values),
            "available_at": pa.array(stamps, instant),
            "true_available_at": pa.array(truths, instant),
        }
    )


def _stamps(name: str, overseas: Overseas, sessions: Sessions, late: IntArray) -> tuple[AnyArray, AnyArray]:
    """What the vendor says, and when each value of a series was out in truth; the truth is never later."""
    minutes, wait = late.astype("timedelta64[m]"), np.timedelta64(_STAMP, "m")
    if name.startswith("JGB"):
        # Tokyo's yields of a day are published on the next business day by 09:30.
        morning = utc(sessions.shifted(overseas.days, 1), 9 * 60 + 30)
        morning = np.maximum(morning, utc(overseas.days + np.timedelta64(1, "D"), 9 * 60 + 30))
        return morning, morning - minutes
    if name in ("USDJPY", "EURJPY"):
        close = overseas.close + np.timedelta64(60, "m")
        return close + wait, close + minutes
    earlier = _EARLIER if name in _EUROPE else np.timedelta64(0, "m")
    return overseas.close + wait, overseas.close - earlier + minutes
