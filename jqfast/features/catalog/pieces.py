"""Series that several catalogue features are made of; none of them is a feature by itself.

Expressions are interned, so that a piece used by twenty features is computed once. Every window states how
many of its sessions must be there: two thirds, rounded up, so that a halt does not blank a stock for a
quarter (decision 24).
"""

from __future__ import annotations

from jqfast.features.columns import close, high, low, open_, volume
from jqfast.features.declare import two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    abs_,
    diff,
    fmax,
    lag,
    log,
    maximum,
    period_mean,
    period_std,
    period_sum,
    period_zscore,
    ts_mean,
    ts_std,
)

#: Sessions by which the seed annualises (Q-25; the Tokyo calendar has about 245).
PERIODS_PER_YEAR = 252

#: The windows every rolling family offers beside the ones its requirement names.
WINDOWS = (5, 10, 20, 60, 120)


def ret(k: int) -> Expr:
    """Simple return over k sessions, C_t / C_{t-k} - 1."""
    return close / lag(close, k) - 1


def mean(x: Expr, w: int) -> Expr:
    """Rolling mean over the sessions of the window that have a value."""
    return ts_mean(x, w, two_thirds(w))


def std(x: Expr, w: int) -> Expr:
    """Rolling standard deviation, ddof 1, over the sessions of the window that have a value."""
    return ts_std(x, w, two_thirds(w))


def log_ret() -> Expr:
    """ln(C_t / C_{t-1})."""
    return log(close / lag(close, 1))


def hv_log(w: int) -> Expr:
    """Daily historical volatility: deviation of log returns."""
    return std(log_ret(), w)


def true_range() -> Expr:
    """Largest of H-L, |H-C_{t-1}|, |L-C_{t-1}|; H-L where there is no previous close."""
    before = lag(close, 1)
    return fmax(high - low, fmax(abs_(high - before), abs_(low - before)))


def atr(w: int) -> Expr:
    """Simple mean of the true range, yen."""
    return mean(true_range(), w)


def gain() -> Expr:
    """Rise of the close since the session before, never negative, yen."""
    return maximum(diff(close, 1), 0)


def loss() -> Expr:
    """Fall of the close since the session before, never negative, yen."""
    return maximum(-diff(close, 1), 0)


def gap() -> Expr:
    """Overnight return O_t / C_{t-1} - 1."""
    return open_ / lag(close, 1) - 1


def intraday() -> Expr:
    """Intraday return C_t / O_t - 1."""
    return close / open_ - 1


def volume_ratio(w: int) -> Expr:
    """Today's volume against the mean of the w sessions before it, today left out."""
    return volume / lag(mean(volume, w), 1)


def weekly_sum(x: Expr, week: Expr, n: int) -> Expr:
    """Sum of the last n weeks, two thirds of which must be there."""
    return period_sum(x, week, n, two_thirds(n))


def weekly_mean(x: Expr, week: Expr, n: int) -> Expr:
    """Mean of the last n weeks, two thirds of which must be there."""
    return period_mean(x, week, n, two_thirds(n))


def weekly_std(x: Expr, week: Expr, n: int) -> Expr:
    """Standard deviation of the last n weeks, two thirds of which must be there."""
    return period_std(x, week, n, two_thirds(n))


def weekly_zscore(x: Expr, week: Expr, n: int) -> Expr:
    """The newest week in deviations from the mean of the last n, two thirds of which must be there."""
    return period_zscore(x, week, n, two_thirds(n))
