"""Statistics of all values since a stock's first session, today included; cumulative sums are among them.

Parameters of all of them: ``x`` Expr; ``min_periods`` int >= 1, the number of finite values below which the
result is NaN (default 1, so that it begins with the first value). NaN and Inf count as missing: the row has
the statistic of the values before it. Statistics of the same (x, min_periods) share one pass. All earlier
rows are read, so a value depends on where the data begins. Below, n is the number of finite values so far and
m their mean.

Variance, skewness and kurtosis grow value by value (Pebay 2008, Sandia report SAND2008-6212), from the first
value and scaled, so that neither the level nor the size of the values costs digits; sums are compensated.
Values up to 1e300 are fine; a variance beyond the range of float64 is NaN, or 0 below it, while its square
root is right.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, apply
from jqfast.features.ops import arguments


def _expanding(op: str, x: Expr, min_periods: object) -> Expr:
    return apply(op, x, min_periods=arguments.min_count(min_periods))


def expanding_sum(x: Expr, min_periods: int = 1) -> Expr:
    """Sum of all finite values so far, in the unit of x."""
    return _expanding("expanding_sum", x, min_periods)


def expanding_mean(x: Expr, min_periods: int = 1) -> Expr:
    """Mean of all finite values so far, in the unit of x."""
    return _expanding("expanding_mean", x, min_periods)


def expanding_var(x: Expr, min_periods: int = 1) -> Expr:
    """Variance of all finite values so far, sum (x - m)^2 / (n - 1); NaN where n < 2."""
    return _expanding("expanding_var", x, min_periods)


def expanding_std(x: Expr, min_periods: int = 1) -> Expr:
    """Standard deviation of all finite values so far (ddof 1); NaN where n < 2."""
    return _expanding("expanding_std", x, min_periods)


def expanding_skew(x: Expr, min_periods: int = 1) -> Expr:
    """Skewness of all finite values so far, the formula of `ts_skew`; NaN where n < 3."""
    return _expanding("expanding_skew", x, min_periods)


def expanding_kurt(x: Expr, min_periods: int = 1) -> Expr:
    """Excess kurtosis of all finite values so far, the formula of `ts_kurt`; NaN where n < 4."""
    return _expanding("expanding_kurt", x, min_periods)


def expanding_count(x: Expr, min_periods: int = 1) -> Expr:
    """Number of finite values so far; NaN below ``min_periods``."""
    return _expanding("expanding_count", x, min_periods)


def expanding_min(x: Expr, min_periods: int = 1) -> Expr:
    """Smallest finite value so far."""
    return _expanding("expanding_min", x, min_periods)


def expanding_max(x: Expr, min_periods: int = 1) -> Expr:
    """Largest finite value so far."""
    return _expanding("expanding_max", x, min_periods)


def expanding_product(x: Expr, min_periods: int = 1) -> Expr:
    """Product of all finite values so far, for plain numbers such as 1 + return."""
    return _expanding("expanding_product", x, min_periods)


def cum_sum(x: Expr) -> Expr:
    """Running sum: `expanding_sum` from the first value on; a missing value adds nothing."""
    return expanding_sum(x)


def cum_product(x: Expr) -> Expr:
    """Running product: `expanding_product` from the first value on; a missing value changes nothing."""
    return expanding_product(x)


def cum_min(x: Expr) -> Expr:
    """Running minimum: `expanding_min` from the first value on."""
    return expanding_min(x)


def cum_max(x: Expr) -> Expr:
    """Running maximum: `expanding_max` from the first value on."""
    return expanding_max(x)
