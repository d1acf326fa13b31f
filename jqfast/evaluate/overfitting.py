"""The probability of back-test overfitting: is the best of several trials also good where it was not chosen?

Combinatorially symmetric cross-validation: the periods are cut into an even number of blocks; every choice of
half of them picks the trial with the best Sharpe ratio, which is then ranked on the other half.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from jqfast.evaluate.ranks import rank_rows
from jqfast.types import AnyArray, FloatArray

#: Most blocks (12,870 choices of half of them), and fewest periods of a block.
MOST_BLOCKS, BLOCK_PERIODS = 16, 4


@dataclass(frozen=True)
class Overfitting:
    """What choosing the best of the trials is worth.

    Parameters
    ----------
    probability : PBO, share of choices whose best trial ranks at or below the median elsewhere
    loss : share of choices whose best trial has a Sharpe ratio below 0 elsewhere
    slope : of the best trial's Sharpe ratio elsewhere on the one it was chosen for; below 1: degradation
    trials, periods, blocks, choices : sizes
    """

    probability: float
    loss: float
    slope: float
    trials: int
    periods: int
    blocks: int
    choices: int


def overfitting(returns: AnyArray, *, blocks: int | None = None) -> Overfitting | None:
    """The probability of back-test overfitting of a set of trials.

    Parameters
    ----------
    returns : (P, M) net returns per period of M trials; periods in which a trial has none are left out, and
        so are trials whose returns never change
    blocks : even number of blocks from 2 on; None: up to 16, each of at least 4 periods

    Returns
    -------
    Overfitting; None with fewer than two trials or too few periods for two blocks

    Raises
    ------
    ValueError
        If ``returns`` is not two-dimensional, or ``blocks`` is odd, below 2, or leaves a block fewer than 2
        periods.

    Notes
    -----
    With w the rank elsewhere of the trial chosen, ties averaged, over M + 1, PBO is the share of
    log(w / (1 - w)) <= 0. Periods that do not fill a block are left out at the start.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu (2017), Journal of Computational Finance 20(4).
    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f"`returns` must be (periods, trials); got {values.ndim} dimensions.")
    values = values[np.isfinite(values).all(axis=1)]
    varied = np.ptp(values, axis=0) > 0 if len(values) else np.zeros(values.shape[1], dtype=np.bool_)
    values = values[:, varied]
    P, M = values.shape
    S = _blocks(P, blocks)
    if M < 2 or S < 2:
        return None
    size = P // S
    parts = values[P - S * size :].reshape(S, size, M)
    half = np.array(list(combinations(range(S), S // 2)))
    chosen = np.zeros((len(half), S))
    chosen[np.arange(len(half))[:, None], half] = 1.0
    inside, outside = _sharpes(parts, chosen), _sharpes(parts, 1.0 - chosen)
    row = np.arange(len(half))
    best = inside.argmax(axis=1)
    rank = rank_rows(outside)[row, best] / (M + 1.0)
    there, here = outside[row, best], inside[row, best]
    spread = here - here.mean()
    size_of = float(spread @ spread)
    return Overfitting(
        probability=float((rank <= 0.5).mean()),
        loss=float((there < 0).mean()),
        slope=float(spread @ there) / size_of if size_of > 0 else math.nan,
        trials=M,
        periods=S * size,
        blocks=S,
        choices=len(half),
    )


def _blocks(periods: int, blocks: int | None) -> int:
    if blocks is None:
        return min(MOST_BLOCKS, periods // BLOCK_PERIODS // 2 * 2)
    if blocks < 2 or blocks % 2 or periods // blocks < 2:
        raise ValueError(
            f"`blocks` must be even, at least 2 and at most half of the {periods} periods; got {blocks}."
        )
    return blocks


def _sharpes(parts: FloatArray, chosen: FloatArray) -> FloatArray:
    """(C, M) Sharpe ratios per period over the chosen blocks."""
    n = chosen.sum(axis=1, keepdims=True) * parts.shape[1]
    centre = parts.mean(axis=(0, 1))
    total = chosen @ (parts - centre).sum(axis=1)
    square = chosen @ ((parts - centre) ** 2).sum(axis=1)
    variance = np.maximum(square - total**2 / n, 0.0) / (n - 1.0)
    deviation = np.sqrt(np.where(variance > 0, variance, np.inf))  # constant on these blocks: a ratio of 0
    return np.asarray((total / n + centre) / deviation)
