"""What predicts a sector's excess return, all from the same dates: factor models, a ridge, an LSTM.

Two columns, never mixed. ``fit``: the prediction of date t sees the factors of t. ``forecast``: it sees data
up to t - 1. Every function takes the whole history and the split, fits inside the first part alone, and
returns predictions for all dates; what is before the split is in-sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast.factors.models import fit
from jqfast.types import FloatArray, IntArray

Column = Literal["fit", "forecast"]

#: Ridge penalties tried, as multiples of the number of dates.
_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)


class Split(NamedTuple):
    """Dates 0 ... train - 1 fit, of them select ... train - 1 choose settings; the rest is judged once."""

    select: int
    train: int
    total: int


@dataclass(frozen=True)
class Trial:
    """One setting of an LSTM: units, learning rate of Adam."""

    hidden: int
    learning_rate: float


@dataclass(frozen=True)
class LstmOptions:
    """How the LSTM is chosen and trained.

    Parameters
    ----------
    length : dates of a sequence
    trials : settings that are tried; the best on the choosing part is trained again on all of the first part
    epochs, patience : most epochs, and epochs without a better loss before a trial stops
    batch : samples per step
    dropout : of the last state
    seed : of weights and shuffling
    """

    length: int = 20
    trials: tuple[Trial, ...] = (Trial(16, 3e-3), Trial(32, 3e-3))
    epochs: int = 40
    patience: int = 6
    batch: int = 300
    dropout: float = 0.0
    seed: int = 0


class Chosen(NamedTuple):
    """Predictions (T,) and the setting in words."""

    predicted: FloatArray
    setting: str


def by_factors(y: FloatArray, factors: FloatArray, split: Split) -> FloatArray:
    """``fit``: a + b F_t, the regression fitted on the first part."""
    found = fit(y[: split.train], factors[: split.train], errors="classical")
    return found.predict(factors)[:, 0]


def by_expected_factors(y: FloatArray, factors: FloatArray, split: Split, expected: FloatArray) -> FloatArray:
    """``forecast``: a + b E[F_t], the expectation made of data up to t - 1 (decision 18)."""
    found = fit(y[: split.train], factors[: split.train], errors="classical")
    return found.predict(expected)[:, 0]


def expanding_mean(factors: FloatArray) -> FloatArray:
    """(T, K) mean of the rows before each row, NaN on the first."""
    out = np.full_like(factors, np.nan)
    count = np.arange(1, len(factors))[:, None]
    out[1:] = np.cumsum(factors[:-1], axis=0) / count
    return out


def autoregression(factors: FloatArray, split: Split) -> FloatArray:
    """(T, K) of row t: c + phi F_{t-1} of every factor, c and phi from the first part; NaN on the first."""
    out = np.full_like(factors, np.nan)
    before, now = factors[: split.train - 1], factors[1 : split.train]
    centre, level = before.mean(axis=0), now.mean(axis=0)
    spread = ((before - centre) ** 2).sum(axis=0)
    phi = ((before - centre) * (now - level)).sum(axis=0) / np.where(spread > 0, spread, 1.0)
    out[1:] = level + phi * (factors[:-1] - centre)
    return out


def sequences(inputs: FloatArray, length: int, column: Column) -> FloatArray:
    """(T, length x I) inputs of a prediction of each date, oldest first: up to t, or up to t - 1; NaN where
    the history is too short."""
    T, width = inputs.shape
    out = np.full((T, length, width), np.nan)
    last = np.arange(T) - (column == "forecast")
    rows = last[:, None] - length + 1 + np.arange(length)
    whole = rows[:, 0] >= 0
    out[whole] = inputs[rows[whole]]
    return out.reshape(T, length * width)


def by_linear(y: FloatArray, inputs: FloatArray, split: Split, length: int, column: Column) -> Chosen:
    """Ridge on the LSTM's own inputs; the penalty is chosen as the LSTM's settings are."""
    x = sequences(inputs, length, column)
    known = np.asarray(np.isfinite(x).all(axis=1))
    early = np.flatnonzero(known[: split.select])
    late = np.arange(split.select, split.train)
    losses = []
    for penalty in _PENALTIES:
        guess = _ridge(x, y, early, penalty)
        losses.append(float(((y[late] - guess[late]) ** 2).mean()))
    best = _PENALTIES[int(np.argmin(losses))]
    whole = np.flatnonzero(known[: split.train])
    return Chosen(_ridge(x, y, whole, best), f"penalty {best:g} x dates")


def _ridge(x: FloatArray, y: FloatArray, rows: IntArray, penalty: float) -> FloatArray:
    """(T,) predictions of a ridge regression of standardised inputs, fitted on ``rows``."""
    centre, scale = x[rows].mean(axis=0), x[rows].std(axis=0)
    z = (x - centre) / np.where(scale > 0, scale, 1.0)
    level = y[rows].mean()
    gram = z[rows].T @ z[rows] + penalty * len(rows) * np.eye(x.shape[1])
    return np.asarray(level + z @ np.linalg.solve(gram, z[rows].T @ (y[rows] - level)))


def by_lstm(y: FloatArray, inputs: FloatArray, split: Split, column: Column, options: LstmOptions) -> Chosen:
    """An LSTM over the last ``length`` dates of the inputs.

    1. Every trial trains before ``split.select`` and is measured from there to ``split.train`` each epoch.
    2. The best trial and its best number of epochs are trained again on everything before ``split.train``.
    """
    ahead = int(column == "forecast")
    # Row t of the samples predicts date t + ahead.
    scale = inputs[: split.select].std(axis=0)
    x = inputs / np.where(scale > 0, scale, 1.0)
    level, spread = float(y[: split.select].mean()), float(y[: split.select].std()) or 1.0
    target = np.full(len(y), np.nan)
    target[: len(y) - ahead] = (y[ahead:] - level) / spread
    first = options.length - 1
    early = np.arange(first, split.select - ahead, dtype=np.int64)
    late = np.arange(split.select - ahead, split.train - ahead, dtype=np.int64)
    best: tuple[float, int, Trial] | None = None
    for trial in options.trials:
        losses = _train(x, target, (early, late), trial, options, options.epochs)[1]
        epoch = int(np.nanargmin(losses))
        if best is None or losses[epoch] < best[0]:
            best = (losses[epoch], epoch + 1, trial)
    if best is None:
        raise ValueError("`trials` must hold at least one setting of the LSTM; got none.")
    _, epochs, trial = best
    whole = np.arange(first, split.train - ahead, dtype=np.int64)
    scores, _ = _train(x, target, (whole, whole[:0]), trial, options, epochs)
    predicted = np.full(len(y), np.nan)
    predicted[ahead:] = level + spread * scores[: len(y) - ahead]
    predicted[: first + ahead] = np.nan
    setting = f"{trial.hidden} units, rate {trial.learning_rate:g}, {epochs} epochs"
    return Chosen(predicted, setting)


def _train(
    x: FloatArray,
    target: FloatArray,
    rows: tuple[IntArray, IntArray],
    trial: Trial,
    options: LstmOptions,
    epochs: int,
) -> tuple[FloatArray, Sequence[float]]:
    """Scores (T,) of one training through the room of learning, and its validation losses per epoch."""
    from jqfast.features import FeaturePanel
    from jqfast.learn import Fold, LstmConfig, Targets, TrainConfig, run

    T = len(x)
    names = tuple(f"x{k}" for k in range(x.shape[1]))
    dates = np.datetime64("2000-01-01") + np.arange(T)
    buffer = x[:, None, :].astype(np.float32)
    X = FeaturePanel(names, dates, np.array(["0"]), buffer, "sample", dict.fromkeys(names, "unit"), True)
    everyone, session = np.ones((T, 1), np.bool_), np.ones(T, np.bool_)
    targets = Targets((1,), "raw", target[None, :, None], everyone, session)
    train, validation = rows
    fold = Fold(0, "split", int(train[-1]), train, np.arange(T), validation)
    config = TrainConfig(
        model=LstmConfig(hidden=trial.hidden, length=options.length, dropout=options.dropout),
        learning_rate=trial.learning_rate,
        batch=options.batch,
        epochs=epochs,
        seed=options.seed,
        patience=options.patience if len(validation) else 0,
        threads=1,
    )
    found = run(X, targets, [fold], config)
    return found.scores[0, :, 0].astype(np.float64), found.history["split"].get("validation", ())
