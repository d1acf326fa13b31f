"""Statistics of two series over a window, and regressions of one series on time.

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
