"""Statistics across the stocks of one date by their textbook formulas; part of `jqfast.features.reference`.

In: the finite values of a date. Out: one value for each of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from jqfast.features.reference_window import NAN, mean, root, to_float, variance
from jqfast.types import FloatArray


def across(row: FloatArray, statistic: Callable[[list[float]], list[float]]) -> FloatArray:
    """``statistic`` of the finite values of a date, NaN elsewhere."""
    out = np.full(len(row), NAN)
    good = np.isfinite(row)
    if good.any():
        out[good] = statistic([float(value) for value in row[good]])
    return out


def _average_ranks(x: list[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of their places."""
    return [(1 + sum(b < a for b in x) + sum(b <= a for b in x)) / 2 for a in x]


def _scores(x: list[float]) -> list[float]:
    """z-scores with ddof 1; 0 where the deviation is below 1e-14 of the mean, NaN for a single value."""
    if len(x) < 2:
        return [NAN] * len(x)
    centre, deviation = mean(x), root(variance(x))
    if deviation <= 1e-14 * abs(centre):
        return [0.0] * len(x)
    return [to_float((Fraction(value) - centre) / Fraction(deviation)) for value in x]


CROSS: dict[str, Callable[[list[float]], list[float]]] = {
    "cs_rank": lambda x: [rank / len(x) for rank in _average_ranks(x)],
    "cs_centred_rank": lambda x: [
        (rank - 0.5 * (len(x) + 1)) / len(x) * math.sqrt(12.0) for rank in _average_ranks(x)
    ],
    "cs_zscore": _scores,
    "cs_demean": lambda x: [to_float(Fraction(value) - mean(x)) for value in x],
    "cs_mean": lambda x: [to_float(mean(x))] * len(x),
    "cs_std": lambda x: [root(variance(x)) if len(x) >= 2 else NAN] * len(x),
}
