"""Relevance of walk-forward predictions: each date explained by the very model that predicted it.

1. Each fold's file gives the net and the fitted normalisation it predicted with; an ensemble has one a seed.
2. The rows it predicted are explained in chunks of some tens of megabytes.
3. The relevance of a feature is that of its value plus that of its `_isna` flag; of a sequence, summed over
   its sessions.
4. Kept are whole relevances on the dates asked for, and means by score bucket on every date.

An ensemble's score is the mean of its members' scores standardised per date, so its relevance is the mean of
the members' relevances over the deviations of their scores (decision 15); it sums to the score plus what the
standardising took off, which is the same for all stocks of a date.

A market-wide input has one value but many relevances on a date; with targets standardised per date it is read
as relevance minus its date mean (:func:`demeaned`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jqfast.errors import NumericError
from jqfast.evaluate.ranks import buckets
from jqfast.explain.aggregate import demean_by_date
from jqfast.explain.lrp import lrp
from jqfast.explain.nets import LstmNet, net_of
from jqfast.explain.rules import RuleLike
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold
from jqfast.types import AnyArray, CodeArray, DateArray, Float32Array, FloatArray, IntArray

if TYPE_CHECKING:
    from jqfast.features.result import FeaturePanel
    from jqfast.learn.walk_forward import Predictions

Progress = Callable[[int, int], None]

#: Samples explained at a time; inputs and relevance of a chunk are then a few tens of megabytes.
_CHUNK = 32_768

#: Largest gap between the prediction on file and the one recomputed here, relative to the scores' size.
_SAME_MODEL = 1e-3

SIDES = ("long", "short", "all")
_BUCKETS = 10


@dataclass(frozen=True, eq=False)
class DailyRelevance:
    """Relevance on each predicted date, averaged over stocks.

    Parameters
    ----------
    dates : (D,)
    mean : ``"long"`` (top score decile), ``"short"`` (bottom), ``"all"`` -> (D, F) float64, NaN without
        stocks
    size : (D, F) mean of the relevance's size over all stocks
    stocks : the same sides -> (D,) numbers of stocks
    residual : (D,) sum of what biases and stabilisers kept / sum of predictions, both by size
    """

    dates: DateArray
    mean: dict[str, FloatArray]
    size: FloatArray
    stocks: dict[str, IntArray]
    residual: FloatArray


@dataclass(frozen=True, eq=False)
class Relevance:
    """Relevance of walk-forward predictions.

    Parameters
    ----------
    dates : (R,) the dates kept whole
    codes : (N,)
    features : F names
    values : (R, N, F) float32, NaN where there was no prediction
    residual_share : (R, N) float32, share of the prediction that biases and stabilisers kept
    prediction : (R, N) float32, what was explained; None when read back from a table without it
    daily : DailyRelevance of all predicted dates; None when it was not asked for
    """

    dates: DateArray
    codes: CodeArray
    features: tuple[str, ...]
    values: Float32Array
    residual_share: Float32Array
    prediction: Float32Array | None = None
    daily: DailyRelevance | None = None


def walk_forward_relevance(
    X: FeaturePanel,
    predictions: Predictions,
    models_dir: Path | Sequence[Path],
    *,
    horizon: int = 5,
    rows: Sequence[int] | AnyArray | None = None,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    daily: bool = True,
    history: AnyArray | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Relevance:
    """Explain the predictions of a walk-forward.

    Parameters
    ----------
    X : FeaturePanel the models were trained on
    predictions : what they predicted
    models_dir : folder of their fold files; of an ensemble, that of each member
    horizon : sessions ahead of the score to explain
    rows : rows of the panel whose relevances are kept whole; None keeps the last predicted session of each
        month
    rule, epsilon, threads : as :func:`jqfast.explain.lrp_dense`
    daily : also explain all other predicted rows, for the means by date
    history : (T, L) rows of the sequence that ends at each row, -1 before the start, as
        :func:`jqfast.learn.dataset.sequence_rows` gives it; for models that read sequences
    progress : called with (folds done, folds in all)

    Returns
    -------
    Relevance

    Raises
    ------
    ValueError
        If the horizon was not predicted, LRP has no rules for a model, or its sequences are not given.
    NumericError
        If a model does not give the predictions it is to explain: the features are others than it was trained
        on.
    """
    if horizon not in predictions.horizons:
        legal = ", ".join(map(str, predictions.horizons))
        raise ValueError(f"`horizon` must be one that was predicted ({legal}); got {horizon}.")
    output = predictions.horizons.index(horizon)
    scores = predictions.scores[output]
    kept = month_ends(predictions) if rows is None else np.unique(np.asarray(rows, dtype=np.int64))
    collected = _Collected(X, scores, kept, daily=daily)
    how = _How(output, rule, epsilon, threads, history)
    wanted = predictions.fold_of_row >= 0
    if not daily:
        wanted &= np.isin(np.arange(len(wanted)), kept)
    folders = [models_dir] if isinstance(models_dir, Path) else list(models_dir)
    folds = np.unique(predictions.fold_of_row[wanted])
    for done, fold in enumerate(folds):
        name = predictions.folds[fold]
        own = np.flatnonzero(wanted & (predictions.fold_of_row == fold))
        chunks = list(_chunks(own, scores, how))
        # A fold that failed in training left neither scores nor a file.
        members = [load_fold(fold_path(folder, name)) for folder in folders if chunks]
        for chunk in chunks:
            relevance, predicted, scored = _explain_all(members, X, chunk, how)
            _check_same(scored, scores, chunk, name)
            collected.add(chunk, relevance, predicted)
        if progress is not None:
            progress(done + 1, len(folds))
    return collected.result()


def month_ends(predictions: Predictions) -> IntArray:
    """The last predicted row of each calendar month."""
    rows: IntArray = np.flatnonzero(predictions.fold_of_row >= 0)
    month = predictions.dates[rows].astype("datetime64[M]")
    return rows[np.append(month[1:] != month[:-1], True)] if len(rows) else rows


def demeaned(relevance: Relevance) -> Float32Array:
    """(R, N, F) relevance minus its mean over the stocks of the date: how market-wide inputs are read."""
    R, N, F = relevance.values.shape
    flat = demean_by_date(relevance.values.reshape(R * N, F), np.repeat(np.arange(R), N))
    centred: Float32Array = flat.reshape(R, N, F).astype(np.float32)
    return centred


class _Cells(NamedTuple):
    """Some stocks on some dates: panel row and stock of each sample."""

    row: IntArray
    stock: IntArray


class _How(NamedTuple):
    """Which output is explained, and by which rule."""

    output: int
    rule: RuleLike
    epsilon: float
    threads: int | None
    history: AnyArray | None


class _Collected:
    """What is kept while the folds go by."""

    def __init__(self, X: FeaturePanel, scores: Float32Array, kept: IntArray, *, daily: bool) -> None:
        T, N = scores.shape
        F = len(X.names)
        self._X, self._kept, self._daily = X, kept, daily
        self.values = np.full((len(kept), N, F), np.nan, dtype=np.float32)
        self.residual = np.full((len(kept), N), np.nan, dtype=np.float32)
        self.prediction = np.full((len(kept), N), np.nan, dtype=np.float32)
        self._place = np.full(T, -1)
        self._place[kept] = np.arange(len(kept))
        if daily:
            group = buckets(scores, _BUCKETS)
            self._member = {"long": group == _BUCKETS - 1, "short": group == 0}
            self._sum = {side: np.zeros((T, F)) for side in SIDES}
            self._count = {side: np.zeros(T, dtype=np.int64) for side in SIDES}
            self._size = np.zeros((T, F))
            self._lost, self._begun = np.zeros(T), np.zeros(T)

    def add(self, cells: _Cells, relevance: Float32Array, predicted: Float32Array) -> None:
        """Take in the relevance (S, F) and the predictions (S,) of some samples."""
        lost = predicted - relevance.sum(axis=1, dtype=np.float64)
        whole = self._place[cells.row] >= 0
        at = (self._place[cells.row[whole]], cells.stock[whole])
        self.values[at] = relevance[whole]
        self.prediction[at] = predicted[whole]
        begun = predicted[whole]
        self.residual[at] = np.where(begun != 0, lost[whole] / np.where(begun != 0, begun, 1.0), 0.0)
        if self._daily:
            self._add_daily(cells, relevance, lost, predicted)

    def _add_daily(
        self, cells: _Cells, relevance: Float32Array, lost: FloatArray, predicted: Float32Array
    ) -> None:
        """Sums by date; samples come sorted by row."""
        rows, first = np.unique(cells.row, return_index=True)
        everyone = np.ones(len(cells.row), dtype=np.bool_)
        for side in SIDES:
            member = everyone if side == "all" else self._member[side][cells.row, cells.stock]
            picked = relevance if side == "all" else np.where(member[:, None], relevance, np.float32(0.0))
            self._sum[side][rows] += np.add.reduceat(picked, first, axis=0)
            self._count[side][rows] += np.add.reduceat(member.astype(np.int64), first)
        self._size[rows] += np.add.reduceat(np.abs(relevance), first, axis=0)
        self._lost[rows] += np.add.reduceat(np.abs(lost), first)
        self._begun[rows] += np.add.reduceat(np.abs(predicted), first)

    def result(self) -> Relevance:
        """Everything as one object."""
        X = self._X
        return Relevance(
            dates=X.dates[self._kept],
            codes=X.codes,
            features=tuple(X.names),
            values=self.values,
            residual_share=self.residual,
            prediction=self.prediction,
            daily=self._daily_result() if self._daily else None,
        )

    def _daily_result(self) -> DailyRelevance:
        """Means from the sums, on the dates that were predicted."""
        rows = np.flatnonzero(self._count["all"] > 0)
        begun = self._begun[rows]
        return DailyRelevance(
            dates=self._X.dates[rows],
            mean={side: _mean(self._sum[side][rows], self._count[side][rows]) for side in SIDES},
            size=_mean(self._size[rows], self._count["all"][rows]),
            stocks={side: self._count[side][rows] for side in SIDES},
            residual=np.where(begun > 0, self._lost[rows] / np.where(begun > 0, begun, 1.0), 0.0),
        )


def _chunks(rows: IntArray, scores: Float32Array, how: _How) -> Iterator[_Cells]:
    """The predicted stocks of some rows, whole rows at a time."""
    sessions = 1 if how.history is None else how.history.shape[1]
    per_chunk = max(1, _CHUNK // max(scores.shape[1] * sessions, 1))
    for start in range(0, len(rows), per_chunk):
        some = rows[start : start + per_chunk]
        place, stock = np.nonzero(np.isfinite(scores[some]))
        if len(place):
            yield _Cells(some[place], stock)


def _explain_all(
    members: Sequence[FoldModel], X: FeaturePanel, cells: _Cells, how: _How
) -> tuple[Float32Array, Float32Array, Float32Array]:
    """Relevance (S, F) and what it adds up to (S,), and the score (S,), of a model or an ensemble."""
    if len(members) == 1:
        relevance, predicted = _explain(members[0], X, cells, how)
        return relevance, predicted, predicted
    _, date, size = np.unique(cells.row, return_inverse=True, return_counts=True)
    total = np.zeros((len(date), len(X.names)))
    begun, scored = np.zeros((2, len(date)))
    for member in members:
        relevance, predicted = _explain(member, X, cells, how)
        mean = (np.bincount(date, predicted) / size)[date]
        sd = np.sqrt(np.bincount(date, (predicted - mean) ** 2) / size)[date]
        sd = np.where(sd > 0, sd, 1.0)
        total += relevance / sd[:, None]
        begun += predicted / sd
        scored += (predicted - mean) / sd
    M = len(members)
    narrow = np.float32
    return (total / M).astype(narrow), (begun / M).astype(narrow), (scored / M).astype(narrow)


def _explain(
    model: FoldModel, X: FeaturePanel, cells: _Cells, how: _How
) -> tuple[Float32Array, Float32Array]:
    """Relevance (S, F), value and flag of a feature summed, and prediction (S,) of some samples."""
    F = len(X.names)
    result = lrp(
        model,
        model_inputs(model, X, cells.row, cells.stock, how.history),
        rule=how.rule,
        epsilon=how.epsilon,
        output=how.output,
        threads=how.threads,
        names=model.input_names,
    )
    by_input = result.relevance.sum(axis=1) if result.relevance.ndim == 3 else result.relevance
    return by_input[:, :F] + by_input[:, F:], result.prediction


def model_inputs(
    model: FoldModel, X: FeaturePanel, row: IntArray, stock: IntArray, history: AnyArray | None = None
) -> Float32Array:
    """What a model reads of some stocks on some rows: (S, 2F), or (S, L, 2F) of sequences.

    Sessions before the start are missing, as in training; ``history`` as :func:`walk_forward_relevance`.
    """
    if not isinstance(net_of(model), LstmNet):
        return model.fitted.apply(X.samples[row * len(X.codes) + stock])
    if history is None:
        raise ValueError(
            f"Fold `{model.name}` reads sequences; pass `history`, the rows of the sequence of each row."
        )
    rows = history[row]
    raw = X.samples[np.maximum(rows, 0) * len(X.codes) + stock[:, None]]
    raw[rows < 0] = np.nan
    S, L, F = raw.shape
    return model.fitted.apply(raw.reshape(S * L, F)).reshape(S, L, 2 * F)


def _check_same(predicted: Float32Array, scores: Float32Array, cells: _Cells, fold: str) -> None:
    """Raise unless the fold's model gives the predictions that are to be explained."""
    given = scores[cells.row, cells.stock]
    gap = float(np.abs(predicted - given).max())
    if not gap <= _SAME_MODEL * max(float(np.abs(given).max()), 1e-6):
        raise NumericError(
            f"Fold `{fold}` predicts other scores than were given (largest gap {gap:.3g}). "
            "Use the features and the fold files that the predictions were made from."
        )


def _mean(total: FloatArray, count: IntArray) -> FloatArray:
    """Sums (D, F) over counts (D,), NaN where the count is 0."""
    mean: FloatArray = np.where(count[:, None] > 0, total / np.maximum(count, 1)[:, None], np.nan)
    return mean
