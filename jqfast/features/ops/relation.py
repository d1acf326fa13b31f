"""Statistics of two series over a window, regressions of one on the other or on time, weighted means.

Parameters as in `jqfast.features.ops.rolling`. For two series a session counts when both values are finite.
For regressions on time the abscissa is the session's place in the window, 0 for the oldest of the w sessions
and w - 1 for today, whether or not other sessions are missing; n is the number of sessions that count.
"""

from __future__ import annotations

from jqfast.features.expr import Expr
from jqfast.features.ops.rolling import rolling


def ts_cov(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Covariance, sum (x - mx)(y - my) / (n - 1); NaN where n < 2."""
    return rolling("ts_cov", x, y, w=w, min_periods=min_periods)


def ts_corr(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Pearson correlation, in [-1, 1]; NaN where n < 2 or a series is constant in the window."""
    return rolling("ts_corr", x, y, w=w, min_periods=min_periods)


def ts_beta(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Slope of the regression of x on y, cov(x, y) / var(y); NaN where n < 2 or y is constant."""
    return rolling("ts_beta", x, y, w=w, min_periods=min_periods)


def ts_alpha(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Intercept of the regression of x on y: mean(x) - beta mean(y); NaN where `ts_beta` is."""
    return rolling("ts_alpha", x, y, w=w, min_periods=min_periods)


def ts_residual(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Today's x minus (alpha + beta y), the line of `ts_beta`; NaN where that is or today is missing."""
    return rolling("ts_residual", x, y, w=w, min_periods=min_periods)


def ts_r2(x: Expr, y: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Share of the variance of x explained by y, `ts_corr` squared, in [0, 1]; NaN where that is."""
    return rolling("ts_r2", x, y, w=w, min_periods=min_periods)


def ts_wmean(x: Expr, weights: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Mean of x weighted by another series, in the unit of x.

    Parameters
    ----------
    x, weights : Expr; weights are meant to be >= 0 (volume, turnover)
    w : int >= 1, window in sessions, today included
    min_periods : int in 1..w, sessions with both values needed; default ``w``

    Returns
    -------
    Expr, axis of the arguments, unit of ``x``. NaN while fewer than ``min_periods`` sessions have both
    (first w - 1 rows) and where the weights sum to 0.

    Notes
    -----
    sum(weights x) / sum(weights), computed as mean(x) + cov(x, weights) / mean(weights), which shares its
    pass with `ts_cov`, `ts_corr` and `ts_beta` of the same arguments.
    """
    return rolling("ts_wmean", x, weights, w=w, min_periods=min_periods)


def ts_slope(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Least-squares slope of x on time, per session; NaN where n < 2."""
    return rolling("ts_slope", x, w=w, min_periods=min_periods)


def ts_intercept(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Value of the regression line on time at the oldest session of the window; NaN where n < 2."""
    return rolling("ts_intercept", x, w=w, min_periods=min_periods)


def ts_resid(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Today's value minus the regression line on time at today; NaN where n < 2 or today is missing."""
    return rolling("ts_resid", x, w=w, min_periods=min_periods)


def ts_rsquare(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Share of the variance explained by the line on time, in [0, 1]; NaN where n < 2 or x is constant."""
    return rolling("ts_rsquare", x, w=w, min_periods=min_periods)


def ts_decay(x: Expr, w: int, min_periods: int | None = None) -> Expr:
    """Linearly decaying mean: weight w for today, w - 1 for yesterday, ... 1 for the oldest session.

    Returns
    -------
    Expr, axis and unit of ``x``. NaN while fewer than ``min_periods`` finite values are in the window (first
    w - 1 rows). A missing session leaves with its weight; the others keep theirs, and the sum is divided by
    the weights that are left.
    """
    return rolling("ts_decay", x, w=w, min_periods=min_periods)


ts_wma = ts_decay
