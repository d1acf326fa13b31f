"""Order statistics of one series over a window of w sessions, today included.

Parameters and missing values as in `jqfast.features.ops.rolling`. Quantiles of the same (x, w, min_periods)
share one pass. Below, n is the number of finite values of the window.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, apply
from jqfast.features.ops import arguments
from jqfast.features.ops.rolling import rolling


def ts_rank(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Percentile rank of today's value within its own window, in (0, 1].

    Returns
    -------
    Expr, axis of ``x``, dimensionless. (b + (e + 1) / 2) / n with b values below today's and e equal to it,
    itself included: ties share their average rank, as pandas ``rolling(w).rank(pct=True)``. NaN where
    today's value is missing and while n < ``min_periods`` (first w - 1 rows).
    """
    return rolling("ts_rank", x, w=w, min_periods=min_periods)


def ts_quantile(x: Expr, w: int, q: float, min_periods: int | None = None) -> Expr:
    """The q-quantile of the window, in the unit of x.

    Parameters
    ----------
    x : Expr, stock or market axis, any unit
    w : int >= 1, window in sessions, today included
    q : number in [0, 1]; 0 is the smallest value, 0.5 the median, 1 the largest
    min_periods : int in 1..w, finite values needed; default ``w``

    Returns
    -------
    Expr, axis and unit of ``x``. NaN while n < ``min_periods`` (first w - 1 rows).

    Raises
    ------
    ValueError
        If ``q`` is not in [0, 1].

    Notes
    -----
    With the finite values sorted, x_(0) <= ... <= x_(n-1), linear interpolation at place (n - 1) q: type 7
    of Hyndman & Fan 1996, The American Statistician 50(4), as NumPy and pandas.
    """
    window = arguments.window(w)
    return apply(
        "ts_quantile",
        x,
        window=window,
        q=arguments.share(q, "q"),
        min_periods=arguments.min_periods(min_periods, window),
    )


def ts_median(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Median of the window, `ts_quantile` with q = 0.5; for even n the mean of the two middle values."""
    return ts_quantile(x, w, 0.5, min_periods)


def ts_mad(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Median absolute deviation of the window: the median of abs(x - median), in the unit of x.

    Notes
    -----
    Not scaled: times 1.4826 it estimates the standard deviation of normal values. Never negative, 0 where
    more than half of the values are equal. As ``scipy.stats.median_abs_deviation``.
    """
    return rolling("ts_mad", x, w=w, min_periods=min_periods)
