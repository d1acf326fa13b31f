"""Operators across stocks on one date.

Only finite values of the date count; NaN and Inf stay or become NaN. Market-wide series are refused, since
they are the same for every stock. No look-back and no warm-up. Sums are exact and rounded once, so that
adding or reordering stocks without a value changes nothing. Below, n is the number of finite values of the
date.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, apply


def cs_rank(x: Expr) -> Expr:
    """Percentile rank among the date's stocks, in (0, 1].

    Returns
    -------
    Expr, stock axis, dimensionless. rank / n with ranks 1..n ascending, ties share their average rank
    (``pandas.DataFrame.rank(axis=1, pct=True)``).
    """
    return apply("cs_rank", x)


def cs_centred_rank(x: Expr) -> Expr:
    """Rank among the date's stocks, centred on 0 with a standard deviation near 1.

    Returns
    -------
    Expr, stock axis, dimensionless, in (-sqrt 3, sqrt 3). ((rank - (n + 1) / 2) / n) sqrt 12, ties share
    their average rank: the middle stock is exactly 0 (decision 14).
    """
    return apply("cs_centred_rank", x)


def cs_zscore(x: Expr) -> Expr:
    """Distance from the date's mean in the date's standard deviations.

    Returns
    -------
    Expr, stock axis, dimensionless. (x - mean) / sd with ddof 1; 0 where all values are equal, NaN where n <
    2.
    """
    return apply("cs_zscore", x)


def cs_demean(x: Expr) -> Expr:
    """Distance from the date's mean, in the unit of x."""
    return apply("cs_demean", x)


def cs_mean(x: Expr) -> Expr:
    """Mean of the date over the stocks with a value, given to each of them; NaN for the others."""
    return apply("cs_mean", x)


def cs_std(x: Expr) -> Expr:
    """Standard deviation of the date (ddof 1), for each stock with a value; NaN where n < 2."""
    return apply("cs_std", x)
