"""Bootstrap draws that many statistics share: the blocks are drawn once, every figure is taken from them.

A mean over a draw needs no resampled series, only how often each period was drawn; so intervals of hundreds
of means are one product of matrices. Statistics of a path (a drawdown) get the resampled series.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jqfast.evaluate.inference import Interval, block_indices, check_draws
from jqfast.types import AnyArray, FloatArray, IntArray

#: A series with fewer values gets no interval.
FEWEST = 8


@dataclass(frozen=True, eq=False)
class Draws:
    """D stationary-bootstrap draws of n periods.

    Parameters
    ----------
    index : (D, n) periods in the order drawn
    counts : (D, n) how often each period was drawn
    level : coverage of intervals
    method : words for a report
    """

    index: IntArray
    counts: FloatArray
    level: float
    method: str

    def means(self, values: AnyArray) -> FloatArray:
        """(D, K) means of the drawn periods of (n, K) values, missing ones left out."""
        present = np.isfinite(values)
        total = self.counts @ np.where(present, values, 0.0)
        number = self.counts @ present.astype(np.float64)
        return np.asarray(np.where(number > 0, total / np.where(number > 0, number, 1.0), np.nan))

    def sharpe(self, returns: AnyArray, year: float) -> FloatArray:
        """(D, K) annual Sharpe ratios of (n, K) returns without gaps."""
        n = len(returns)
        centre = returns.mean(axis=0)
        mean = self.means(returns - centre)
        square = self.means((returns - centre) ** 2)
        variance = np.maximum(square - mean**2, 0.0) * n / max(n - 1, 1)
        deviation = np.sqrt(np.where(variance > 0, variance, np.nan))
        return np.asarray((mean + centre) / deviation * math.sqrt(year))

    def interval(self, estimate: float, drawn: AnyArray, n: int | None = None) -> Interval:
        """The percentile interval of a statistic's (D,) drawn values, NaN left out and infinite ones
        among them; NaN for fewer than `FEWEST` periods."""
        size = self.index.shape[1] if n is None else n
        known = drawn[~np.isnan(drawn)]
        if size < FEWEST or len(known) == 0:
            return Interval(estimate, math.nan, math.nan, self.level, self.method)
        tail = (1.0 - self.level) / 2.0
        low, high = np.quantile(known, [tail, 1.0 - tail])
        return Interval(estimate, float(low), float(high), self.level, self.method)


def draw(n: int, *, block: float, draws: int = 1000, level: float = 0.95, seed: int = 0) -> Draws:
    """Draw blocks of periods.

    Parameters
    ----------
    n : periods
    block : mean length of a block; at least the horizon of overlapping values
    draws, level, seed : number of draws, coverage, random seed

    Raises
    ------
    ValueError
        If ``block`` is below 1, ``level`` outside (0, 1) or ``draws`` below 100.

    References
    ----------
    Politis and Romano (1994), JASA 89.
    """
    check_draws(block, level, draws)
    index = block_indices(np.random.default_rng(seed), max(n, 1), block, draws, stationary=True)[:, :n]
    flat = (index + n * np.arange(draws)[:, None]).ravel()
    counts = np.bincount(flat, minlength=draws * n).reshape(draws, n).astype(np.float64)
    return Draws(
        index, counts, level, f"stationary block bootstrap, block {block:g}, {draws} draws, seed {seed}"
    )
