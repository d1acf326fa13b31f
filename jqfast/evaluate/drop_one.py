"""What a model loses without one of its inputs: RankIC and the Sharpe ratio of the decile spread.

A ridge regression stands in for the model, since it can be refitted without an input in closed form: with
the inverse P of x'x + k, leaving out input f changes the coefficients by -P[:, f] b[f] / P[f, f].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jqfast.evaluate.ic import deciles, rank_ic
from jqfast.types import AnyArray, FloatArray


class Loss(NamedTuple):
    """What dropping one input costs: the figure with all inputs minus the one without it."""

    name: str
    rank_ic: float
    sharpe: float


@dataclass(frozen=True, eq=False)
class DropOne:
    """``rank_ic`` and ``sharpe`` with all inputs, and one `Loss` per input, the dearest RankIC first."""

    rank_ic: float
    sharpe: float
    losses: tuple[Loss, ...]


@dataclass(frozen=True)
class DropOneConfig:
    """Options of `drop_one`.

    Parameters
    ----------
    horizon : sessions of the returns; the spread's Sharpe ratio uses every ``horizon``-th date
    ridge : penalty as a share of the inputs' mean variance
    buckets : quantile portfolios, top minus bottom
    sessions_per_year : to annualise with
    """

    horizon: int = 5
    ridge: float = 1e-3
    buckets: int = 10
    sessions_per_year: float = 245.0


def drop_one(
    train: tuple[AnyArray, AnyArray],
    judged: tuple[AnyArray, AnyArray],
    names: Sequence[str],
    config: DropOneConfig | None = None,
) -> DropOne:
    """Refit without each input in turn, judge on other rows.

    Parameters
    ----------
    train : (S, F) model inputs and (S,) labels of training rows, labels NaN where there is none
    judged : (T, N, F) model inputs and (T, N) returns of later dates, consecutive ones, NaN where a stock is
        not there
    names : (F,)
    config : DropOneConfig

    Returns
    -------
    DropOne; gross of costs

    Raises
    ------
    ValueError
        If shapes do not fit or no training row has a label.
    """
    options = config or DropOneConfig()
    (x, y), (later, returns) = train, judged
    _check(x, y, later, returns, names)
    known = np.isfinite(y)
    mean = x[known].mean(axis=0, dtype=np.float64)
    centred = x[known] - mean
    gram = centred.T @ centred / len(centred)
    penalty = options.ridge * float(np.trace(gram)) / len(names)
    inverse = np.linalg.inv(gram + penalty * np.eye(len(names)))
    weights = inverse @ (centred.T @ (y[known] - y[known].mean(dtype=np.float64)) / len(centred))
    there = np.isfinite(returns)
    inputs = np.where(there[:, :, None], later - mean, 0.0)
    whole = _judge(inputs @ weights, returns, options)
    losses = []
    for f, name in enumerate(names):
        without = weights - inverse[:, f] * (weights[f] / inverse[f, f])
        less = _judge(inputs @ without, returns, options)
        losses.append(Loss(name, whole[0] - less[0], whole[1] - less[1]))
    return DropOne(*whole, tuple(sorted(losses, key=lambda loss: -loss.rank_ic)))


def _judge(scores: FloatArray, returns: AnyArray, options: DropOneConfig) -> tuple[float, float]:
    """(mean RankIC, annual Sharpe ratio of the spread over dates that do not overlap)."""
    shown = np.where(np.isfinite(returns), scores, np.nan)
    correlation = rank_ic(shown, returns, horizon=options.horizon).mean
    spread = deciles(shown, returns, options.buckets, horizon=options.horizon).spread[:: options.horizon]
    spread = spread[np.isfinite(spread)]
    deviation = float(spread.std(ddof=1)) if len(spread) > 1 else 0.0
    year = math.sqrt(options.sessions_per_year / options.horizon)
    return float(correlation), float(spread.mean()) / deviation * year if deviation else math.nan


def _check(x: AnyArray, y: AnyArray, later: AnyArray, returns: AnyArray, names: Sequence[str]) -> None:
    F = len(names)
    if x.shape != (len(y), F) or later.shape != (*returns.shape, F) or returns.ndim != 2:
        raise ValueError(
            f"`train` must be (S, {F}) and (S,), `judged` (T, N, {F}) and (T, N); got {x.shape}, {y.shape}, "
            f"{later.shape} and {returns.shape}."
        )
    if not np.isfinite(y).any():
        raise ValueError("`train` must have a row with a label.")
