"""When companies disclose: days, hours, forecast revisions ahead of results, filings repeated with a
correction.

Goes in: a batch of closed quarters. Comes out: ``Filings``, one entry per document, with the day, the minute,
the session in which the price reacts and the row at which a reader of the evening before may know it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from jqfast.data.simulator.companies import Results
from jqfast.data.simulator.sessions import LATE_CLOSE, Sessions
from jqfast.types import AnyArray, DateArray, FloatArray, IntArray

RESULT, REVISION, CORRECTION = 0, 1, 2
_EARLY = 0.35  # of the changed forecasts are announced before the results
_CORRECTED = 0.008
_HOLIDAY = 0.002  # of the results come on a day without trading
_MINUTES = np.array([690, 720, 780, 810, 840, 870, 900, 915, 930, 960, 990, 1020, 1065, 1110])
_WHEN_OLD = np.array([0.03, 0.03, 0.05, 0.03, 0.07, 0.04, 0.40, 0.08, 0.10, 0.10, 0.04, 0.02, 0.007, 0.003])
_WHEN_NEW = np.array([0.03, 0.04, 0.05, 0.03, 0.06, 0.04, 0.09, 0.01, 0.42, 0.14, 0.05, 0.03, 0.007, 0.003])


@dataclass(frozen=True, eq=False)
class Filings:
    """Documents of one batch: ``kind`` RESULT, REVISION or CORRECTION; ``entry`` the row of the batch it is
    about; ``day`` and ``minute`` (JST) of disclosure; ``changed`` what a correction multiplies net profit by;
    ``early`` whether the forecast of the result was announced before it."""

    kind: IntArray
    entry: IntArray
    day: DateArray
    minute: IntArray
    changed: FloatArray
    early: AnyArray

    def take(self, rows: AnyArray) -> Filings:
        """The entries in ``rows``."""
        return Filings(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def joined(parts: list[Filings]) -> Filings:
    """All batches as one; ``entry`` must count through already."""
    return Filings(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Filings)})


class Secretary:
    """Gives each company its habits and each batch its dates."""

    def __init__(self, sessions: Sessions, N: int, rng: np.random.Generator) -> None:
        self._sessions, self._rng = sessions, rng
        self._lag = np.clip(np.rint(rng.normal(38, 5, size=N)), 25, 45)
        self._habit = rng.uniform(size=N)

    def planned(self, issue: IntArray, quarter: IntArray, end: DateArray) -> DateArray:
        """The session on which a company means to disclose a quarter, by its habits alone."""
        lag = self._lag[issue] + np.where(quarter == 4, 6, 0)
        return self._on_session(end + lag.astype("timedelta64[D]"))

    def file(self, results: Results, planned: DateArray) -> Filings:
        """The documents of a batch whose results are planned for ``planned``."""
        rng, M = self._rng, len(results.issue)
        late = np.where(rng.uniform(size=M) < 0.06, rng.integers(1, 5, size=M), 0)
        day = self._on_session(planned + late.astype("timedelta64[D]"))
        saturday = day + (5 - (day.astype(np.int64) + 3) % 7).astype("timedelta64[D]")
        day = np.where(rng.uniform(size=M) < _HOLIDAY, saturday, day)
        entry = np.arange(M)
        early = results.revised & (rng.uniform(size=M) < _EARLY)
        ahead = self._on_session(day - rng.integers(4, 15, size=M).astype("timedelta64[D]"))
        ahead = np.minimum(ahead, day - np.timedelta64(1, "D"))
        again = rng.uniform(size=M) < _CORRECTED
        later = self._on_session(day + rng.integers(5, 40, size=M).astype("timedelta64[D]"))
        kind = np.concatenate(
            [np.full(M, RESULT), np.full(early.sum(), REVISION), np.full(again.sum(), CORRECTION)]
        )
        days = np.concatenate([day, ahead[early], later[again]])
        entries = np.concatenate([entry, entry[early], entry[again]])
        changed = np.where(kind == CORRECTION, 1.0 - rng.uniform(0.005, 0.05, size=len(kind)), 1.0)
        minute = self._minutes(days, self._habit[results.issue[entries]])
        return Filings(kind, entries, days, minute, changed, early[entries])

    def _minutes(self, days: DateArray, habit: FloatArray) -> IntArray:
        """Minute of the day: most companies keep to their hour."""
        stray = self._rng.uniform(size=len(habit))
        draw = np.where(stray < 0.25, self._rng.uniform(size=len(habit)), habit)
        old = _MINUTES[np.minimum(np.searchsorted(np.cumsum(_WHEN_OLD), draw), 13)]
        new = _MINUTES[np.minimum(np.searchsorted(np.cumsum(_WHEN_NEW), draw), 13)]
        return np.where(days >= LATE_CLOSE, new, old).astype(np.int64)

    def _on_session(self, days: AnyArray) -> DateArray:
        """The first session on or after each day."""
        return self._sessions.shifted(days, 0)


def reaction(filings: Filings, sessions: Sessions) -> tuple[IntArray, AnyArray]:
    """Row of the session in which prices answer a document, and whether they do so before its open.

    A document of the trading hours moves the same session, a later one the gap of the next.
    """
    row = sessions.row_from(filings.day)
    at = np.clip(row, 0, len(sessions.dates) - 1)
    on_session = sessions.at(row) == filings.day
    same = on_session & (filings.minute < sessions.close_minute[at])
    return np.where(on_session & ~same, row + 1, row), ~same
