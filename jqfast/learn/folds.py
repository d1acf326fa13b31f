"""Folds: every boundary between training and prediction is drawn here and nowhere else.

A fold belongs to one decision row d, the close at which its model is trained:

1. Candidates are the sessions of the training window up to d, every ``sample_every``-th counted back from d.
2. Purge: a candidate trains only if the labels of all horizons are complete at d (decision 4). Nothing else
   purges.
3. Embargo: labels must be complete that many sessions before d, for those who want a further gap.
4. The fold predicts the sessions from d itself (its score is traded at the next open) to the row before the
   next d.

With ``scheme="split"`` there is one fold: the first ``share`` of the sessions trains, the rest is predicted.
With ``scheme="monthly"`` d is the last session of a month. A month counts as over once a later session
follows it, so that appending data moves no earlier boundary; only the very last session may still turn out
to be a decision row of its own. Features without full history (``warmup``) never train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jqfast.errors import DataGapError, unknown
from jqfast.learn.labels import month_closes
from jqfast.types import BoolArray, DateArray, IntArray

Scheme = Literal["monthly", "sessions", "split"]
Window = Literal["rolling", "expanding"]

SCHEMES: tuple[Scheme, ...] = ("monthly", "sessions", "split")

#: Sessions of an average month, for the wording of errors only.
_MONTH_SESSIONS = 20.5


@dataclass(frozen=True)
class FoldConfig:
    """How a history is cut into folds.

    Parameters
    ----------
    scheme : refit after every ``step`` months (``"monthly"``) or after every ``step`` sessions
        (``"sessions"``); ``"split"`` trains once, on the first ``share`` of the history
    step : months or sessions between two refits
    train_months : calendar months of the training window
    window : ``"rolling"`` keeps ``train_months``, ``"expanding"`` starts all windows after the warm-up
    min_train_months : months of usable history before the first fold
    sample_every : sessions between two training dates, counted back from the decision row
    embargo : sessions between the end of the last training label and the decision row
    warmup : sessions at the start whose features lack history
    validation_share : share of the training dates, the latest ones, kept aside for early stopping
    share : of the sessions that train with ``scheme="split"``; 0.7 is the customary 7 : 3
    """

    scheme: Scheme = "monthly"
    step: int = 1
    train_months: int = 36
    window: Window = "rolling"
    min_train_months: int = 36
    sample_every: int = 5
    embargo: int = 0
    warmup: int = 0
    validation_share: float = 0.0
    share: float = 0.7

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise unknown("fold scheme", str(self.scheme), SCHEMES)
        if self.window not in ("rolling", "expanding"):
            raise unknown("training window", str(self.window), ("rolling", "expanding"))
        for name in ("step", "train_months", "min_train_months", "sample_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")
        for name in ("embargo", "warmup"):
            if getattr(self, name) < 0:
                raise ValueError(f"`{name}` must be an integer >= 0; got {getattr(self, name)}.")
        if not 0.0 <= self.validation_share <= 0.5:
            raise ValueError(f"`validation_share` must be between 0 and 0.5; got {self.validation_share}.")
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"`share` must be between 0 and 1, both excluded; got {self.share}.")
        if self.window == "rolling" and self.min_train_months > self.train_months:
            raise ValueError(
                f"`min_train_months` ({self.min_train_months}) is more than `train_months` "
                f"({self.train_months}); a rolling window never holds that much. Lower it or use "
                '`window="expanding"`.'
            )


@dataclass(frozen=True, eq=False)
class Fold:
    """One model: trained at the close of ``decision_row``, used until the next one.

    ``train_rows``, ``validation_rows`` and ``predict_rows`` are ascending int64 rows of the panel.
    """

    index: int
    name: str
    decision_row: int
    train_rows: IntArray
    predict_rows: IntArray
    validation_rows: IntArray


@dataclass(frozen=True, eq=False)
class _Clock:
    """The sessions of a history: their rows, their months, and when the label of each is complete."""

    dates: DateArray
    rows: IntArray  # (S,) row of each session
    months: IntArray  # (S,) calendar month of each session, counted from 1970
    complete: IntArray  # (S,) session at which the labels of all horizons are complete, S if never


def walk_forward(
    dates: DateArray, is_session: BoolArray, end_row: IntArray, config: FoldConfig | None = None
) -> tuple[Fold, ...]:
    """The folds of a history, oldest first.

    Parameters
    ----------
    dates : (T,) datetime64[D]
    is_session : (T,) bool
    end_row : (Hn, T) int64, row at which each label is complete (``Labels.end_row``)
    config : FoldConfig, the default is monthly with 36 rolling months

    Returns
    -------
    tuple of Fold; every session from the first decision row on is predicted by exactly one fold.

    Raises
    ------
    DataGapError
        When the history is too short for one fold: how many sessions are needed, how many are there.
    """
    config = config or FoldConfig()
    clock = _make_clock(dates, is_session, end_row)
    if config.scheme == "split":
        return (_split(clock, config),)
    decisions = _decisions(clock, config)
    if not decisions:
        raise _too_short(clock, config)
    stops = [*decisions[1:], len(clock.rows)]
    folds: list[Fold] = []
    for decision, stop in zip(decisions, stops, strict=True):
        train, validation = _training_sessions(clock, decision, config)
        name = _name(clock, decision, config)
        rows = clock.rows
        folds.append(
            Fold(len(folds), name, int(rows[decision]), rows[train], rows[decision:stop], rows[validation])
        )
    empty = [fold.name for fold in folds if not len(fold.train_rows)]
    if empty:
        raise DataGapError(
            f"Fold {empty[0]} has no training date whose labels are complete: `train_months` = "
            f"{config.train_months} is shorter than the longest horizon. Raise it or lower `sample_every`."
        )
    return tuple(folds)


def chronological_split(
    dates: DateArray, is_session: BoolArray, end_row: IntArray, *, share: float = 0.7, embargo: int = 0
) -> Fold:
    """One fold: the first ``share`` of the sessions trains, the rest is predicted; purged, never shuffled.

    Raises
    ------
    DataGapError
        When either side would be empty.
    """
    config = FoldConfig(scheme="split", share=share, embargo=embargo, sample_every=1)
    return walk_forward(dates, is_session, end_row, config)[0]


def describe(fold: Fold, dates: DateArray) -> str:
    """One sentence that shows a fold's gap and why it exists."""
    first, last = dates[fold.train_rows[0]], dates[fold.train_rows[-1]]
    decision = dates[fold.decision_row]
    return (
        f"{fold.name}: trains on {len(fold.train_rows)} dates from {first} to {last}; "
        f"later labels are not complete at the close of {decision}; "
        f"predicts {len(fold.predict_rows)} sessions from {decision} to {dates[fold.predict_rows[-1]]}."
    )


def _make_clock(dates: DateArray, is_session: BoolArray, end_row: IntArray) -> _Clock:
    """Sessions, months and completion times; rows that are no session do not count."""
    if len(dates) != len(is_session) or end_row.ndim != 2 or end_row.shape[1] != len(dates):
        raise ValueError(
            f"`is_session` must have {len(dates)} rows and `end_row` shape (horizons, {len(dates)}); "
            f"got {is_session.shape} and {end_row.shape}."
        )
    rows = np.flatnonzero(is_session)
    months = dates[rows].astype("datetime64[M]").astype(np.int64)
    complete = np.searchsorted(rows, end_row[:, rows].max(axis=0)) if len(rows) else rows
    return _Clock(dates, rows, months, complete.astype(np.int64))


def _decisions(clock: _Clock, config: FoldConfig) -> list[int]:
    """Session numbers of the decision rows."""
    S = len(clock.rows)
    closes = month_closes(clock.dates[clock.rows])
    starts = np.append(0, closes + 1)  # first session of each month
    usable = starts[starts >= config.warmup] if S else starts[:0]
    if not len(usable):
        return []
    ready = clock.months[usable[0]] + config.min_train_months - 1
    if config.scheme == "monthly":
        first = closes[clock.months[closes] >= ready]
        return [int(s) for s in first[:: config.step]]
    begin = np.searchsorted(clock.months, ready, side="right") - 1
    return list(range(int(begin), S - 1, config.step)) if clock.months[-1] > ready else []


def _split(clock: _Clock, config: FoldConfig) -> Fold:
    """The one fold of a chronological split; the decision row is the last of the first ``share``."""
    S = len(clock.rows)
    decision = int(np.ceil(config.share * S)) - 1
    train, validation = _divided(clock, decision, config.warmup, config)
    if not len(train) or decision >= S - 1:
        raise DataGapError(
            f"A {config.share:.0%} split needs complete labels on both sides; there are {S} sessions."
        )
    rows = clock.rows
    name = f"split-{clock.dates[rows[decision]]}"
    return Fold(0, name, int(rows[decision]), rows[train], rows[decision:], rows[validation])


def _training_sessions(clock: _Clock, decision: int, config: FoldConfig) -> tuple[IntArray, IntArray]:
    """Session numbers that train the fold, and those kept aside for early stopping."""
    first = config.warmup
    if config.window == "rolling":
        oldest = clock.months[decision] - config.train_months + 1
        first = max(first, int(np.searchsorted(clock.months, oldest)))
    return _divided(clock, decision, first, config)


def _divided(clock: _Clock, decision: int, first: int, config: FoldConfig) -> tuple[IntArray, IntArray]:
    """Training sessions from ``first`` on, purged, and the latest of them kept aside for validation."""
    candidates = np.arange(decision, first - 1, -config.sample_every)[::-1]
    train = _purged(clock, candidates, decision - config.embargo)
    kept = round(len(train) * config.validation_share)
    if kept == 0:
        return train, train[:0]
    validation = train[len(train) - kept :]
    return _purged(clock, train[: len(train) - kept], int(validation[0])), validation


def _purged(clock: _Clock, candidates: IntArray, decision: int) -> IntArray:
    """The candidates whose labels are complete at the close of session ``decision``."""
    return candidates[clock.complete[candidates] <= decision]


def _name(clock: _Clock, decision: int, config: FoldConfig) -> str:
    """The month a monthly fold predicts, or the decision date."""
    if config.scheme == "monthly":
        return str(clock.dates[clock.rows[decision + 1]].astype("datetime64[M]"))
    return str(clock.dates[clock.rows[decision]])


def _too_short(clock: _Clock, config: FoldConfig) -> DataGapError:
    """How many sessions the first fold needs and how many there are."""
    S = len(clock.rows)
    needed = config.warmup + int(np.ceil(config.min_train_months * _MONTH_SESSIONS)) + 1
    usable = clock.rows[config.warmup :]
    span = f", {clock.dates[clock.rows[0]]} to {clock.dates[clock.rows[-1]]}" if S else ""
    months = len(np.unique(clock.months[config.warmup :])) if len(usable) else 0
    return DataGapError(
        f"The first fold needs about {needed} sessions: {config.warmup} in which features gather history, "
        f"then `min_train_months` = {config.min_train_months} whole months, then one session to predict. "
        f"There are {S} sessions{span}, {months} months of them after the history. "
        "Bring more data or lower `min_train_months`."
    )


def newer(folds: Sequence[Fold], name: str) -> tuple[Fold, ...]:
    """The folds after the one of this name."""
    places = [fold.index for fold in folds if fold.name == name]
    return tuple(fold for fold in folds if places and fold.index > places[0])


def rows_of(folds: Sequence[Fold], T: int) -> IntArray:
    """(T,) index of the fold that predicts each row, -1 where none does."""
    owner = np.full(T, -1, dtype=np.int64)
    for fold in folds:
        owner[fold.predict_rows] = fold.index
    return owner
