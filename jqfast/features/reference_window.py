"""Statistics of one window by their textbook formulas, exact (rational arithmetic) and rounded once.

In: the finite values of a window, oldest first, and their ages in sessions. Out: one double; NaN where the
statistic does not exist. Part of `jqfast.features.reference`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeAlias

Window: TypeAlias = Sequence[float]  # values of one stock, oldest first, today last
NAN = math.nan


def to_float(value: Fraction) -> float:
    """The nearest double; beyond the largest one it is inf."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _integers(x: Window) -> tuple[list[int], int]:
    """Integers i and a denominator q with x = i / q exactly: doubles are integers over powers of two."""
    ratios = [value.as_integer_ratio() for value in x]
    q = max(below for _, below in ratios)
    return [above * (q // below) for above, below in ratios], q


def total(x: Window) -> Fraction:
    numbers, q = _integers(x)
    return Fraction(sum(numbers), q)


def mean(x: Window) -> Fraction:
    return total(x) / len(x)


def _deviations(x: Window) -> tuple[list[int], int]:
    """Integers d and a denominator q with x - mean = d / q exactly."""
    numbers, q = _integers(x)
    n, total = len(x), sum(numbers)
    return [n * number - total for number in numbers], n * q


def _moment(x: Window, k: int) -> Fraction:
    """Sum of (x - mean)^k."""
    d, q = _deviations(x)
    return Fraction(sum(gap**k for gap in d), q**k)


def _comoment(x: Window, y: Window) -> Fraction:
    """Sum of (x - mean x)(y - mean y)."""
    (dx, qx), (dy, qy) = _deviations(x), _deviations(y)
    return Fraction(sum(a * b for a, b in zip(dx, dy, strict=True)), qx * qy)


def root(value: Fraction) -> float:
    """Square root of an exact number, correct to a few units in the last place whatever its size."""
    if value <= 0:
        return 0.0
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(to_float(value / Fraction(4) ** shift)), shift) if shift < 1020 else math.inf


def _signed_root(sign: Fraction, square: Fraction) -> float:
    return root(square) if sign >= 0 else -root(square)


def variance(x: Window) -> Fraction:
    return _moment(x, 2) / (len(x) - 1)


def _var(x: Window) -> float:
    return to_float(variance(x)) if len(x) >= 2 else NAN


def _std(x: Window) -> float:
    return root(variance(x)) if len(x) >= 2 else NAN


def _zscore(ages: Window, x: Window) -> float:
    if len(x) < 2 or ages[-1] != 0 or variance(x) == 0:
        return NAN
    gap = Fraction(x[-1]) - mean(x)
    return _signed_root(gap, gap**2 / variance(x))


def _skew(x: Window) -> float:
    n = len(x)
    if n < 3:
        return NAN
    m2, m3 = _moment(x, 2) / n, _moment(x, 3) / n
    if m2 == 0:
        return 0.0
    g1 = _signed_root(m3, m3**2 / m2**3)
    return g1 * math.sqrt(n * (n - 1)) / (n - 2)


def _kurt(x: Window) -> float:
    n = len(x)
    if n < 4:
        return NAN
    m2, m4 = _moment(x, 2) / n, _moment(x, 4) / n
    if m2 == 0:
        return -3.0
    return to_float(Fraction(n - 1, (n - 2) * (n - 3)) * ((n + 1) * m4 / m2**2 - 3 * (n - 1)))


def _latest(ages: Window, x: Window, best: float) -> float:
    """Age of the newest row that holds the extreme ``best``."""
    return min(age for age, value in zip(ages, x, strict=True) if value == best)


def _cov(x: Window, y: Window) -> float:
    return to_float(_comoment(x, y) / (len(x) - 1)) if len(x) >= 2 else NAN


def _corr(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(x, 2) == 0 or _moment(y, 2) == 0:
        return NAN
    both = _comoment(x, y)
    return _signed_root(both, both**2 / (_moment(x, 2) * _moment(y, 2)))


def _beta(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(y, 2) == 0:
        return NAN
    return to_float(_comoment(x, y) / _moment(y, 2))


def _line(ages: Window, x: Window) -> tuple[Fraction, Fraction]:
    """(slope per session, value at today) of the least-squares line through (-age, x)."""
    time = [-age for age in ages]
    slope = _comoment(x, time) / _moment(time, 2)
    return slope, mean(x) - slope * mean(time)


def _slope(ages: Window, x: Window) -> float:
    return to_float(_line(ages, x)[0]) if len(x) >= 2 else NAN


def _intercept(ages: Window, x: Window, window: int) -> float:
    if len(x) < 2:
        return NAN
    slope, today = _line(ages, x)
    return to_float(today - slope * (window - 1))


def _resid(ages: Window, x: Window) -> float:
    return to_float(Fraction(x[-1]) - _line(ages, x)[1]) if len(x) >= 2 and ages[-1] == 0 else NAN


def _rsquare(ages: Window, x: Window) -> float:
    if len(x) < 2 or _moment(x, 2) == 0:
        return NAN
    time = [-age for age in ages]
    return to_float(_comoment(x, time) ** 2 / (_moment(x, 2) * _moment(time, 2)))


def _product(x: Window) -> float:
    return to_float(math.prod((Fraction(value) for value in x), start=Fraction(1)))


def _rank_of_today(ages: Window, x: Window) -> float:
    if ages[-1] != 0:
        return NAN
    below, equal = sum(value < x[-1] for value in x), sum(value == x[-1] for value in x)
    return (below + (equal + 1) / 2) / len(x)


def interpolated(x: Sequence[Fraction], q: float) -> Fraction:
    """The q-quantile at place (n - 1) q of the sorted values (type 7 of Hyndman & Fan 1996)."""
    values, place = sorted(x), (len(x) - 1) * Fraction(q)
    low = math.floor(place)
    high = min(low + 1, len(x) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def _mad(x: Window) -> float:
    values, half = [Fraction(value) for value in x], 0.5
    median = interpolated(values, half)
    return to_float(interpolated([abs(value - median) for value in values], half))


def _alpha(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(y, 2) == 0:
        return NAN
    return to_float(mean(x) - _comoment(x, y) / _moment(y, 2) * mean(y))


def _residual(ages: Window, x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(y, 2) == 0 or ages[-1] != 0:
        return NAN
    gap_x, gap_y = Fraction(x[-1]) - mean(x), Fraction(y[-1]) - mean(y)
    return to_float(gap_x - _comoment(x, y) / _moment(y, 2) * gap_y)


def _r2(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(x, 2) == 0 or _moment(y, 2) == 0:
        return NAN
    return to_float(_comoment(x, y) ** 2 / (_moment(x, 2) * _moment(y, 2)))


def _weighted_mean(x: Window, weights: Sequence[float]) -> float:
    below = total(weights)
    above = sum((Fraction(a) * Fraction(b) for a, b in zip(x, weights, strict=True)), Fraction(0))
    return to_float(above / below) if below else NAN


def _decay(ages: Window, x: Window, window: int) -> float:
    return _weighted_mean(x, [window - age for age in ages])


WINDOWED: dict[str, Callable[..., float]] = {
    "ts_sum": lambda x: to_float(total(x)),
    "ts_mean": lambda x: to_float(mean(x)),
    "ts_var": _var,
    "ts_std": _std,
    "ts_skew": _skew,
    "ts_kurt": _kurt,
    "ts_count": lambda x: float(len(x)),
    "ts_min": min,
    "ts_max": max,
    "ts_range": lambda x: max(x) - min(x),
    "ts_cov": _cov,
    "ts_corr": _corr,
    "ts_beta": _beta,
    "ts_product": _product,
    "ts_mad": _mad,
    "ts_alpha": _alpha,
    "ts_r2": _r2,
    "ts_wmean": _weighted_mean,
}

#: Statistics that also ask how old each value is, or have parameters of their own.
PLACED: dict[str, Callable[..., float]] = {
    "ts_zscore": _zscore,
    "ts_rank": _rank_of_today,
    "ts_quantile": lambda _, x, q: to_float(interpolated([Fraction(value) for value in x], q)),
    "ts_argmin": lambda ages, x: _latest(ages, x, min(x)),
    "ts_argmax": lambda ages, x: _latest(ages, x, max(x)),
    "ts_slope": _slope,
    "ts_intercept": _intercept,
    "ts_resid": _resid,
    "ts_rsquare": _rsquare,
    "ts_residual": _residual,
    "ts_decay": _decay,
}

#: Those that ask how long the window is.
LENGTH_MATTERS = frozenset({"ts_intercept", "ts_decay"})
