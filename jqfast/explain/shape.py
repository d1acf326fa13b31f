"""The shape of the relation of input values and relevances: which way it goes, and whether on one side only.

The direction is a rank correlation over stocks, below and above the reference point 0 of a normalised input
apart, so that a one-sided effect is seen as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jqfast.evaluate.ranks import rank_rows
from jqfast.types import AnyArray

Direction = Literal["rising", "falling", "rising_high", "falling_high", "rising_low", "falling_low", "mixed"]

#: A rank correlation below this size is not told.
TELLING = 0.5
#: Nor one below so many standard errors, 1 / sqrt(n - 1) where nothing is related.
ERRORS = 3.0


@dataclass(frozen=True)
class Shape:
    """Rank correlations of value and relevance: over the ``whole``, and over values below and above 0."""

    n: int
    whole: float
    low: float
    high: float
    n_low: int = 0
    n_high: int = 0

    @property
    def direction(self) -> Direction:
        """Where relevance goes with the value, as far as the numbers tell."""
        low, high = _sign(self.low, self.n_low), _sign(self.high, self.n_high)
        whole = _sign(self.whole, self.n)
        if low and low == high:
            return "rising" if low > 0 else "falling"
        if high and not low:
            return "rising_high" if high > 0 else "falling_high"
        if low and not high:
            return "rising_low" if low > 0 else "falling_low"
        if whole and not low and not high:
            return "rising" if whole > 0 else "falling"
        return "mixed"


def shape(value: AnyArray, relevance: AnyArray) -> Shape:
    """The shape of pairs (S,); those with a NaN do not count."""
    known = np.isfinite(value) & np.isfinite(relevance)
    x, r = np.asarray(value)[known], np.asarray(relevance)[known]
    low, high = x < 0, x > 0
    parts = (_spearman(x, r), _spearman(x[low], r[low]), _spearman(x[high], r[high]))
    return Shape(len(x), *parts, int(low.sum()), int(high.sum()))


def _spearman(x: AnyArray, y: AnyArray) -> float:
    """Rank correlation, ties averaged; NaN for fewer than three pairs or where one does not vary."""
    if len(x) < 3:
        return float("nan")
    a, b = rank_rows(np.stack([x, y]).astype(np.float64))
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else float("nan")


def _sign(correlation: float, n: int) -> int:
    """1 or -1 where a correlation tells something, else 0."""
    telling = abs(correlation) >= max(TELLING, ERRORS / np.sqrt(max(n - 1, 1)))
    return int(np.sign(correlation)) if telling else 0
