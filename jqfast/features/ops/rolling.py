"""Statistics of one series over a window of w sessions, today included.

Parameters of all of them: ``x`` Expr; ``w`` int >= 1 sessions; ``min_periods`` int in 1..w, the number of
finite values below which the result is NaN (default w, so that the first w - 1 rows are NaN). NaN and Inf
inside the window count as missing. Statistics of the same (x, w, min_periods) share one pass. Below, the
sums run over the n finite values of the window, m is their mean. Variances are never negative; a window of
equal values has variance 0.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, apply
from jqfast.features.ops import arguments


def rolling(op: str, *args: Expr, w: object, min_periods: object) -> Expr:
    """The rolling operator ``op`` with its window checked."""
    window = arguments.window(w)
    return apply(op, *args, window=window, min_periods=arguments.min_periods(min_periods, window))


def ts_sum(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Sum of the finite values of the window, in the unit of x."""
    return rolling("ts_sum", x, w=w, min_periods=min_periods)


def ts_mean(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Mean of the finite values of the window, in the unit of x."""
    return rolling("ts_mean", x, w=w, min_periods=min_periods)


def ts_var(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Variance, sum (x - m)^2 / (n - 1); NaN where n < 2."""
    return rolling("ts_var", x, w=w, min_periods=min_periods)


def ts_std(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Standard deviation, square root of `ts_var` (ddof 1); NaN where n < 2."""
    return rolling("ts_std", x, w=w, min_periods=min_periods)


def ts_skew(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Skewness, unbiased (adjusted Fisher-Pearson, as pandas).

    Notes
    -----
    sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5 with m_k = sum (x - m)^k / n. NaN where n < 3; 0 where all values
    of the window are equal. Joanes & Gill 1998, The Statistician 47(1), G1.
    """
    return rolling("ts_skew", x, w=w, min_periods=min_periods)


def ts_kurt(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Excess kurtosis, unbiased (as pandas).

    Notes
    -----
    (n - 1) / ((n - 2)(n - 3)) * ((n + 1) m4 / m2^2 - 3 (n - 1)) with m_k = sum (x - m)^k / n. NaN where n <
    4; -3 where all values of the window are equal. Joanes & Gill 1998, G2.
    """
    return rolling("ts_kurt", x, w=w, min_periods=min_periods)


def ts_count(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Number of finite values of the window; NaN below ``min_periods``: say 1 to count gaps."""
    return rolling("ts_count", x, w=w, min_periods=min_periods)


def ts_zscore(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Distance of today's value from its own window's mean, in standard deviations.

    Parameters
    ----------
    x : Expr, stock or market axis, any unit
    w : int >= 2, window in sessions, today included
    min_periods : int in 1..w, finite values needed; default ``w``

    Returns
    -------
    Expr, same axis, dimensionless. NaN while fewer than ``min_periods`` finite values are in the window
    (first ``w - 1`` rows), where today's value is missing, and where all values of the window are equal.

    Notes
    -----
    z_t = (x_t - m_t) / s_t with m, s over x_{t-w+1..t}, s with ddof = 1. Uses rows <= t only. Shares one
    pass with ``ts_mean`` and ``ts_std`` of the same (x, w, min_periods).
    """
    return rolling("ts_zscore", x, w=w, min_periods=min_periods)


def ts_product(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Product of the finite values of the window; for plain numbers such as 1 + return."""
    return rolling("ts_product", x, w=w, min_periods=min_periods)


def ts_min(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Smallest finite value of the window."""
    return rolling("ts_min", x, w=w, min_periods=min_periods)


def ts_max(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Largest finite value of the window."""
    return rolling("ts_max", x, w=w, min_periods=min_periods)


def ts_range(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """`ts_max` minus `ts_min`."""
    return rolling("ts_range", x, w=w, min_periods=min_periods)


def ts_argmin(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Sessions since the smallest value of the window: 0 is today, w - 1 the oldest; ties take the latest."""
    return rolling("ts_argmin", x, w=w, min_periods=min_periods)


def ts_argmax(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Sessions since the largest value of the window: 0 is today, w - 1 the oldest; ties take the latest."""
    return rolling("ts_argmax", x, w=w, min_periods=min_periods)
