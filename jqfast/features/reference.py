"""Every operator by its textbook formula: the oracle of the executor, slow and obviously right.

In: an expression and (T, N) columns. Out: (T, N) float64. Windows are cut out row by row and stock by stock;
sums, variances and regressions are exact (rational arithmetic) and rounded once. Nothing in the product runs
through here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from jqfast.features.expr import Expr, walk
from jqfast.types import AnyArray, FloatArray

Window: TypeAlias = Sequence[float]  # values of one stock, oldest first, today last
NAN = math.nan


def evaluate(expr: Expr, columns: Mapping[str, AnyArray]) -> FloatArray:
    """The value of ``expr`` on every cell, as the executor stores it: NaN for NaN and Inf, +0 for -0.

    Parameters
    ----------
    expr : Expr
    columns : name -> (T, N) float64, or (T,) for market series
    """
    shape = np.broadcast_shapes(*(_column(values).shape for values in columns.values()))
    done: dict[Expr, FloatArray] = {}
    with np.errstate(all="ignore"):
        for node in walk((expr,)):
            done[node] = np.broadcast_to(_value(node, [done[arg] for arg in node.args], columns), shape)
    result = done[expr]
    return np.where(np.isfinite(result), result, NAN) + 0.0


def _column(values: AnyArray) -> FloatArray:
    return values[:, None] if values.ndim == 1 else values


def _value(node: Expr, args: list[FloatArray], columns: Mapping[str, AnyArray]) -> FloatArray:
    params: dict[str, Any] = dict(node.params)
    if node.op == "const":
        return np.asarray(params["value"])
    if node.op == "column":
        return _column(columns[params["name"]])
    if node.op in ELEMENTWISE:
        return ELEMENTWISE[node.op](*args)
    if node.op in CROSS:
        return np.stack([_across(row, CROSS[node.op]) for row in args[0]])
    if node.op in RECURSIVE:
        histories = [RECURSIVE[node.op](list(x), **params) for x in args[0].T]
        return np.array(histories, dtype=np.float64).reshape(args[0].shape[::-1]).T
    if node.op in WINDOWED:
        return _rolling(args, lambda _, *x: WINDOWED[node.op](*x), **params)
    begin = {"window": params["window"]} if node.op == "ts_intercept" else {}
    return _rolling(args, functools.partial(PLACED[node.op], **begin), **params)


# -- one cell
# ------------------------------------------------------------------------------------------------------


def _truth(test: Callable[..., Any]) -> Callable[..., FloatArray]:
    """1.0 or 0.0 by the test, NaN where an argument is NaN."""

    def flag(*xs: FloatArray) -> FloatArray:
        missing = np.logical_or.reduce([np.isnan(x) for x in xs])
        truth: FloatArray = np.where(missing, NAN, test(*xs) * 1.0)
        return truth

    return flag


def _where(c: FloatArray, a: FloatArray, b: FloatArray) -> FloatArray:
    chosen: FloatArray = np.where(np.isnan(c), NAN, np.where(c != 0.0, a, b))
    return chosen


def _clip(x: FloatArray, lo: FloatArray, hi: FloatArray) -> FloatArray:
    limited: FloatArray = np.where(x < lo, lo, np.where(x > hi, hi, x))
    return limited


def _fill(x: FloatArray, value: FloatArray) -> FloatArray:
    filled: FloatArray = np.where(np.isnan(x), value, x)
    return filled


ELEMENTWISE: dict[str, Callable[..., FloatArray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "power": np.power,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "log": np.log,
    "exp": np.exp,
    "sign": np.sign,
    "tanh": np.tanh,
    "minimum": np.minimum,
    "maximum": np.maximum,
    "fmin": np.fmin,
    "fmax": np.fmax,
    "lt": _truth(np.less),
    "le": _truth(np.less_equal),
    "gt": _truth(np.greater),
    "ge": _truth(np.greater_equal),
    "eq": _truth(np.equal),
    "ne": _truth(np.not_equal),
    "and": _truth(np.logical_and),
    "or": _truth(np.logical_or),
    "not": _truth(np.logical_not),
    "where": _where,
    "isnan": lambda x: np.isnan(x) * 1.0,
    "fill": _fill,
    "clip": _clip,
}


# -- one stock, from its first row to its last
# ---------------------------------------------------------------------


def _lag(x: Window, window: int) -> list[float]:
    return ([NAN] * window + list(x))[: len(x)]


def _smooth(x: Window, alpha: float, min_periods: int) -> list[float]:
    mean, seen, out = NAN, 0, []
    for value in x:
        if math.isfinite(value):
            mean = value if seen == 0 else mean + alpha * (value - mean)
            seen += 1
        out.append(mean if seen >= min_periods else NAN)
    return out


def _streak(flags: Window) -> list[float]:
    run, out = 0, []
    for flag in flags:
        run = run + 1 if flag != 0.0 and not math.isnan(flag) else 0
        out.append(NAN if math.isnan(flag) else float(run))
    return out


def _last_valid(x: Window, limit: int) -> list[float]:
    out = []
    for t in range(len(x)):
        recent = [value for value in x[max(0, t - limit) : t + 1] if math.isfinite(value)]
        out.append(recent[-1] if recent else NAN)
    return out


RECURSIVE: dict[str, Callable[..., list[float]]] = {
    "lag": _lag,
    "ema": lambda x, window, min_periods: _smooth(x, 2.0 / (window + 1), min_periods),
    "wilder": lambda x, window, min_periods: _smooth(x, 1.0 / window, min_periods),
    "streak": _streak,
    "last_valid": _last_valid,
}


# -- one window
# ----------------------------------------------------------------------------------------------------


def _rolling(
    args: list[FloatArray], statistic: Callable[..., float], window: int, min_periods: int
) -> FloatArray:
    """``statistic(ages, values, ...)`` of the rows of each window on which all arguments are finite."""
    T, N = args[0].shape
    out = np.full((T, N), NAN)
    for n in range(N):
        for t in range(T):
            rows = range(max(0, t - window + 1), t + 1)
            good = [row for row in rows if all(math.isfinite(x[row, n]) for x in args)]
            if len(good) >= min_periods:
                ages = [t - row for row in good]
                out[t, n] = statistic(ages, *([float(x[row, n]) for row in good] for x in args))
    return out


def _float(value: Fraction) -> float:
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


def _total(x: Window) -> Fraction:
    numbers, q = _integers(x)
    return Fraction(sum(numbers), q)


def _mean(x: Window) -> Fraction:
    return _total(x) / len(x)


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


def _root(value: Fraction) -> float:
    """Square root of an exact number, correct to a few units in the last place whatever its size."""
    if value <= 0:
        return 0.0
    shift = (value.numerator.bit_length() - value.denominator.bit_length()) // 2
    return math.ldexp(math.sqrt(_float(value / Fraction(4) ** shift)), shift) if shift < 1020 else math.inf


def _signed_root(sign: Fraction, square: Fraction) -> float:
    return _root(square) if sign >= 0 else -_root(square)


def _variance(x: Window) -> Fraction:
    return _moment(x, 2) / (len(x) - 1)


def _var(x: Window) -> float:
    return _float(_variance(x)) if len(x) >= 2 else NAN


def _std(x: Window) -> float:
    return _root(_variance(x)) if len(x) >= 2 else NAN


def _zscore(ages: Window, x: Window) -> float:
    if len(x) < 2 or ages[-1] != 0 or _variance(x) == 0:
        return NAN
    gap = Fraction(x[-1]) - _mean(x)
    return _signed_root(gap, gap**2 / _variance(x))


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
    return _float(Fraction(n - 1, (n - 2) * (n - 3)) * ((n + 1) * m4 / m2**2 - 3 * (n - 1)))


def _latest(ages: Window, x: Window, best: float) -> float:
    """Age of the newest row that holds the extreme ``best``."""
    return min(age for age, value in zip(ages, x, strict=True) if value == best)


def _cov(x: Window, y: Window) -> float:
    return _float(_comoment(x, y) / (len(x) - 1)) if len(x) >= 2 else NAN


def _corr(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(x, 2) == 0 or _moment(y, 2) == 0:
        return NAN
    both = _comoment(x, y)
    return _signed_root(both, both**2 / (_moment(x, 2) * _moment(y, 2)))


def _beta(x: Window, y: Window) -> float:
    if len(x) < 2 or _moment(y, 2) == 0:
        return NAN
    return _float(_comoment(x, y) / _moment(y, 2))


def _line(ages: Window, x: Window) -> tuple[Fraction, Fraction]:
    """(slope per session, value at today) of the least-squares line through (-age, x)."""
    time = [-age for age in ages]
    slope = _comoment(x, time) / _moment(time, 2)
    return slope, _mean(x) - slope * _mean(time)


def _slope(ages: Window, x: Window) -> float:
    return _float(_line(ages, x)[0]) if len(x) >= 2 else NAN


def _intercept(ages: Window, x: Window, window: int) -> float:
    if len(x) < 2:
        return NAN
    slope, today = _line(ages, x)
    return _float(today - slope * (window - 1))


def _resid(ages: Window, x: Window) -> float:
    return _float(Fraction(x[-1]) - _line(ages, x)[1]) if len(x) >= 2 and ages[-1] == 0 else NAN


def _rsquare(ages: Window, x: Window) -> float:
    if len(x) < 2 or _moment(x, 2) == 0:
        return NAN
    time = [-age for age in ages]
    return _float(_comoment(x, time) ** 2 / (_moment(x, 2) * _moment(time, 2)))


WINDOWED: dict[str, Callable[..., float]] = {
    "ts_sum": lambda x: _float(_total(x)),
    "ts_mean": lambda x: _float(_mean(x)),
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
}

#: Statistics that ask how old each value is, too.
PLACED: dict[str, Callable[..., float]] = {
    "ts_zscore": _zscore,
    "ts_argmin": lambda ages, x: _latest(ages, x, min(x)),
    "ts_argmax": lambda ages, x: _latest(ages, x, max(x)),
    "ts_slope": _slope,
    "ts_intercept": _intercept,
    "ts_resid": _resid,
    "ts_rsquare": _rsquare,
}


# -- one date
# ------------------------------------------------------------------------------------------------------


def _across(row: FloatArray, statistic: Callable[[list[float]], list[float]]) -> FloatArray:
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
    mean, deviation = _mean(x), _root(_variance(x))
    if deviation <= 1e-14 * abs(mean):
        return [0.0] * len(x)
    return [_float((Fraction(value) - mean) / Fraction(deviation)) for value in x]


CROSS: dict[str, Callable[[list[float]], list[float]]] = {
    "cs_rank": lambda x: [rank / len(x) for rank in _average_ranks(x)],
    "cs_centred_rank": lambda x: [
        (rank - 0.5 * (len(x) + 1)) / len(x) * math.sqrt(12.0) for rank in _average_ranks(x)
    ],
    "cs_zscore": _scores,
    "cs_demean": lambda x: [_float(Fraction(value) - _mean(x)) for value in x],
    "cs_mean": lambda x: [_float(_mean(x))] * len(x),
    "cs_std": lambda x: [_root(_variance(x)) if len(x) >= 2 else NAN] * len(x),
}
