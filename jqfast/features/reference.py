"""Every operator by its textbook formula: the oracle of the executor, slow and obviously right.

In: an expression and (T, N) columns. Out: (T, N) float64. Windows are cut out row by row and stock by stock;
sums, variances and regressions are exact (rational arithmetic) and rounded once. Nothing in the product runs
through here.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np

from jqfast.features.expr import Expr, walk
from jqfast.features.reference_date import CROSS, across
from jqfast.features.reference_window import LENGTH_MATTERS, NAN, PLACED, WINDOWED, Window
from jqfast.types import AnyArray, FloatArray


def evaluate(expr: Expr, columns: Mapping[str, AnyArray]) -> FloatArray:
    """The value of ``expr`` on every cell, as the executor stores it: NaN for NaN and Inf, +0 for -0.

    Parameters
    ----------
    expr : Expr
    columns : name -> (T, N) float64 in the order of the codes, or (T,) for market series
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
        grouped = bool(params.pop("grouped", 0))
        statistic = functools.partial(CROSS[node.op], **params)
        rows = [across(list(row), statistic, grouped) for row in zip(*args, strict=True)]
        return np.array(rows, dtype=np.float64).reshape(args[0].shape)
    if node.op in PERIODS:
        pairs = zip(args[0].T, args[1].T, strict=True)
        histories = [PERIODS[node.op](list(x), list(p), **params) for x, p in pairs]
        return np.array(histories, dtype=np.float64).reshape(args[0].shape[::-1]).T
    if node.op in RECURSIVE:
        histories = [RECURSIVE[node.op](list(x), **params) for x in args[0].T]
        return np.array(histories, dtype=np.float64).reshape(args[0].shape[::-1]).T
    if node.op in WINDOWED:
        return _rolling(args, lambda _, *x: WINDOWED[node.op](*x), **params)
    window, least = params.pop("window"), params.pop("min_periods")
    begin = {"window": window} if node.op in LENGTH_MATTERS else {}
    return _rolling(args, functools.partial(PLACED[node.op], **begin, **params), window, least)


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


def _power(x: FloatArray, y: FloatArray) -> FloatArray:
    powers: FloatArray = np.where(y == 0.5, np.sqrt(x), np.power(x, y))
    return powers


ELEMENTWISE: dict[str, Callable[..., FloatArray]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "power": _power,
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


def _since(flags: Window) -> list[float]:
    sessions, out = NAN, []
    for flag in flags:
        sessions = 0.0 if flag != 0.0 and not math.isnan(flag) else sessions + 1.0
        out.append(sessions)
    return out


def _smooth_variance(x: Window, window: int, min_periods: int) -> list[float]:
    """In 60 digits: weights (1 - a)^k a of the value k before the newest, the oldest without the factor a."""
    finite: list[Decimal] = []
    out = []
    with localcontext(Context(prec=60)):
        a = Decimal(2.0 / (window + 1))
        for value in x:
            if math.isfinite(value):
                finite.append(Decimal(value))
            out.append(_weighted_variance(finite, a) if len(finite) >= max(2, min_periods) else NAN)
    return out


def _weighted_variance(x: Sequence[Decimal], a: Decimal) -> float:
    n, keep = len(x), 1 - a
    weights = [keep ** (n - 1 - i) * (a if i else 1) if keep else Decimal(i == n - 1) for i in range(n)]
    mean = sum((w * value for w, value in zip(weights, x, strict=True)), Decimal(0))
    biased = sum((w * (value - mean) ** 2 for w, value in zip(weights, x, strict=True)), Decimal(0))
    rest = 1 - sum(w * w for w in weights)
    return float(biased / rest) if rest else NAN


def _expanding(statistic: Callable[[Window], float]) -> Callable[..., list[float]]:
    """``statistic`` of all finite values up to each row."""

    def history(x: Window, min_periods: int) -> list[float]:
        finite: list[float] = []
        out = []
        for value in x:
            if math.isfinite(value):
                finite.append(value)
            out.append(statistic(finite) if len(finite) >= min_periods else NAN)
        return out

    return history


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
    "since": _since,
    "last_valid": _last_valid,
    "ewm_var": _smooth_variance,
    **{
        f"expanding_{name}": _expanding(WINDOWED[f"ts_{name}"])
        for name in ("sum", "mean", "var", "std", "skew", "kurt", "count", "min", "max", "product")
    },
}


# -- one stock, by weeks or quarters
# ------------------------------------------------------------------------------------------------


def _by_period(statistic: Callable[[Window], float]) -> Callable[..., list[float]]:
    """``statistic`` of the values of the last periods, newest last, NaN for a period without one."""

    def history(x: Window, periods: Window, window: int, min_periods: int = 1) -> list[float]:
        values: list[float] = []
        newest, out = -math.inf, []
        for value, period in zip(x, periods, strict=True):
            if math.isfinite(period) and period > newest:
                newest = period
                values.append(NAN)
            if period == newest and math.isfinite(value):
                values[-1] = value
            last = values[-window:]
            enough = math.isfinite(period) and sum(map(math.isfinite, last)) >= min_periods
            out.append(statistic(last) if enough else NAN)
        return out

    return history


def _finite(values: Window) -> list[float]:
    return [value for value in values if math.isfinite(value)]


def _run(values: Window) -> float:
    """How many values in a row, the newest included, are neither 0 nor missing."""
    run = 0
    for value in reversed(values):
        if not math.isfinite(value) or value == 0.0:
            break
        run += 1
    return float(run) if math.isfinite(values[-1]) else NAN


def _distance(values: Window) -> float:
    finite = _finite(values)
    ages = range(len(finite) - 1, -1, -1)
    return PLACED["ts_zscore"](ages, finite) if math.isfinite(values[-1]) else NAN


def _before(x: Window, periods: Window, window: int) -> list[float]:
    oldest = _by_period(lambda values: values[0] if len(values) == window + 1 else NAN)
    return oldest(x, periods, window + 1)


PERIODS: dict[str, Callable[..., list[float]]] = {
    **{
        f"period_{name}": _by_period(lambda values, name=name: WINDOWED[f"ts_{name}"](_finite(values)))  # type: ignore[misc]
        for name in ("sum", "mean", "std")
    },
    "period_zscore": _by_period(_distance),
    "period_streak": _by_period(_run),
    "period_lag": _before,
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
