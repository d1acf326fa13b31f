"""Statistics across the stocks of one date by their textbook formulas; part of `jqfast.features.reference`.

In: the values of the stocks that have all of them, in the order of their codes. Out: one value for each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from statistics import NormalDist

import numpy as np

from jqfast.features.reference_window import NAN, interpolated, mean, root, to_float, variance
from jqfast.types import FloatArray

Statistic = Callable[..., list[float]]


def across(rows: Sequence[FloatArray], statistic: Statistic, grouped: bool) -> FloatArray:
    """``statistic`` of the stocks of a date on which every row is finite, NaN elsewhere.

    The last row of a ``grouped`` statistic is the group of each stock.
    """
    out = np.full(len(rows[0]), NAN)
    good = np.isfinite(np.stack(rows)).all(axis=0)
    groups = rows[-1] if grouped else np.zeros(len(out))
    for group in np.unique(groups[good]):
        members = np.flatnonzero(good & (groups == group))
        values = rows[:-1] if grouped else rows
        out[members] = statistic(*([float(value) for value in row[members]] for row in values))
    return out


def _average_ranks(x: list[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of their places."""
    return [(1 + sum(b < a for b in x) + sum(b <= a for b in x)) / 2 for a in x]


def _dense_ranks(x: list[float]) -> list[float]:
    distinct = sorted(set(x))
    return [(distinct.index(a) + 1) / len(distinct) for a in x]


def _first_ranks(x: list[float]) -> list[float]:
    """Equal values in the order in which the stocks stand."""
    places = sorted(range(len(x)), key=lambda i: (x[i], i))
    return [(places.index(i) + 1) / len(x) for i in range(len(x))]


def _scores(x: list[float]) -> list[float]:
    """z-scores with ddof 1; 0 where the deviation is below 1e-14 of the mean, NaN for a single value."""
    if len(x) < 2:
        return [NAN] * len(x)
    centre, deviation = mean(x), root(variance(x))
    if deviation <= 1e-14 * abs(centre):
        return [0.0] * len(x)
    return [to_float((Fraction(value) - centre) / Fraction(deviation)) for value in x]


def _scaled(x: list[float]) -> list[float]:
    size = sum(abs(Fraction(value)) for value in x)
    return [to_float(Fraction(value) / size) if size else NAN for value in x]


def _buckets(x: list[float], count: int) -> list[float]:
    return [float((2 * rank - 1) * count // (2 * len(x))) for rank in _average_ranks(x)]


def _winsorized(x: list[float], low: float, high: float) -> list[float]:
    exact = [Fraction(value) for value in x]
    below, above = (to_float(interpolated(exact, q)) for q in (low, high))
    return [min(max(value, below), above) for value in x]


def _normal_score(p: float) -> float:
    """The standard normal quantile: the library's approximation and a Newton step on the error function."""
    if p > 0.5:
        return -_normal_score(1.0 - p)  # exact: 1 - p loses nothing above one half
    z = NormalDist().inv_cdf(p)
    density = math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi)
    return z - (math.erfc(-z / math.sqrt(2.0)) / 2.0 - p) / density


def _inner(x: list[Fraction], y: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def _centred(x: list[float]) -> list[Fraction]:
    return [Fraction(value) - mean(x) for value in x]


def _without(x: list[Fraction], direction: list[Fraction]) -> list[Fraction]:
    share = _inner(x, direction) / _inner(direction, direction)
    return [a - share * b for a, b in zip(x, direction, strict=True)]


def _neutral(x: list[float], *exposures: list[float]) -> list[float]:
    """Gram-Schmidt: from x and from each exposure the part along those before it is taken out."""
    rest, directions = _centred(x), list[list[Fraction]]()
    for exposure in exposures:
        own = whole = _centred(exposure)
        for direction in directions:
            own = _without(own, direction)
        if _inner(own, own) > Fraction(1e-12) * _inner(whole, whole):
            directions.append(own)
            rest = _without(rest, own)
    return [to_float(value) for value in rest]


CROSS: dict[str, Statistic] = {
    "cs_rank": lambda x: [rank / len(x) for rank in _average_ranks(x)],
    "cs_rank_min": lambda x: [(1 + sum(b < a for b in x)) / len(x) for a in x],
    "cs_rank_dense": _dense_ranks,
    "cs_rank_first": _first_ranks,
    "cs_centred_rank": lambda x: [
        (rank - 0.5 * (len(x) + 1)) / len(x) * math.sqrt(12.0) for rank in _average_ranks(x)
    ],
    "cs_zscore": _scores,
    "cs_demean": lambda x: [to_float(Fraction(value) - mean(x)) for value in x],
    "cs_mean": lambda x: [to_float(mean(x))] * len(x),
    "cs_std": lambda x: [root(variance(x)) if len(x) >= 2 else NAN] * len(x),
    "cs_scale": _scaled,
    "cs_normal": lambda x: [_normal_score((rank - 0.5) / len(x)) for rank in _average_ranks(x)],
    "cs_bucket": _buckets,
    "cs_winsorize": _winsorized,
    "cs_neutralize": _neutral,
}
