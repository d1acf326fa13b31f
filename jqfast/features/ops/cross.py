"""Operators across stocks on one date, or across the stocks of each stock's own group.

Only finite values of the date count; NaN and Inf stay or become NaN. Market-wide series are refused, since
they are the same for every stock. No look-back and no warm-up. Sums are exact and rounded once, so that
adding or reordering stocks without a value changes nothing. Below, n is the number of finite values of the
date.

``by`` of all of them: the name of a panel column ("sector33"), a column or any other expression without a
unit (a `cs_bucket`): everything is computed within each group of stocks that have the same value on the date,
n is the size of the group, and a stock without a group has NaN.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from jqfast.errors import unknown
from jqfast.features.columns import column
from jqfast.features.expr import Expr, apply
from jqfast.features.operators import Param
from jqfast.features.ops import arguments

Groups: TypeAlias = Expr | str | None
RankMethod: TypeAlias = Literal["average", "min", "dense", "first"]

_RANKS = {"average": "cs_rank", "min": "cs_rank_min", "dense": "cs_rank_dense", "first": "cs_rank_first"}

#: Most exposures of `cs_neutralize` the executor takes.
MAX_EXPOSURES = 8


def _across(op: str, *args: Expr, by: Groups, **params: Param) -> Expr:
    """``op`` over all stocks, or within the groups of ``by``."""
    if by is None:
        return apply(op, *args, **params)
    if not isinstance(by, Expr | str):
        raise TypeError(f"`by` must be an expression or the name of a column; got {type(by).__name__}.")
    return apply(op, *args, column(by) if isinstance(by, str) else by, **params, grouped=1)


def cs_rank(x: Expr, *, method: RankMethod = "average", by: Groups = None) -> Expr:
    """Percentile rank among the date's stocks, in (0, 1].

    Parameters
    ----------
    x : Expr, stock axis, any unit that splits leave alone
    method : what equal values get: the "average" of their ranks, the "min" of them, the number of the
        distinct value ("dense"), or ranks in the order of the codes ("first")
    by : groups, see above

    Returns
    -------
    Expr, stock axis, dimensionless. rank / n with ranks 1..n ascending; for "dense" the number of the
    distinct value over the number of distinct values.

    Raises
    ------
    ValueError
        If there is no such method.

    Notes
    -----
    As ``pandas.DataFrame.rank(axis=1, pct=True, method=method)`` with columns sorted by code.
    """
    if method not in _RANKS:
        raise unknown("method", str(method), _RANKS)
    return _across(_RANKS[method], x, by=by)


def cs_centred_rank(x: Expr, *, by: Groups = None) -> Expr:
    """Rank among the date's stocks, centred on 0 with a standard deviation near 1.

    Returns
    -------
    Expr, stock axis, dimensionless, in (-sqrt 3, sqrt 3). ((rank - (n + 1) / 2) / n) sqrt 12, ties share
    their average rank: the middle stock is exactly 0 (decision 14).
    """
    return _across("cs_centred_rank", x, by=by)


def cs_zscore(x: Expr, *, by: Groups = None) -> Expr:
    """Distance from the date's mean in the date's standard deviations.

    Returns
    -------
    Expr, stock axis, dimensionless. (x - mean) / sd with ddof 1; 0 where all values are equal, NaN where n <
    2.
    """
    return _across("cs_zscore", x, by=by)


def cs_demean(x: Expr, *, by: Groups = None) -> Expr:
    """Distance from the date's mean, in the unit of x."""
    return _across("cs_demean", x, by=by)


def cs_mean(x: Expr, *, by: Groups = None) -> Expr:
    """Mean of the date over the stocks with a value, given to each of them; NaN for the others."""
    return _across("cs_mean", x, by=by)


def cs_std(x: Expr, *, by: Groups = None) -> Expr:
    """Standard deviation of the date (ddof 1), for each stock with a value; NaN where n < 2."""
    return _across("cs_std", x, by=by)


def cs_scale(x: Expr, *, by: Groups = None) -> Expr:
    """Share of the date's sum of absolute values: x / sum(abs(x)), signed; NaN where the sum is 0.

    Notes
    -----
    The absolute values of the result sum to 1: weights of a portfolio without leverage.
    """
    return _across("cs_scale", x, by=by)


def cs_normal(x: Expr, *, by: Groups = None) -> Expr:
    """Normal score of the rank among the date's stocks.

    Returns
    -------
    Expr, stock axis, dimensionless. The standard normal quantile of (rank - 1/2) / n, ties share their
    average rank; symmetric, the middle stock is 0.

    Notes
    -----
    The quantile is within 0.88 ulp of the exact one of the float64 (rank - 1/2) / n.
    """
    return _across("cs_normal", x, by=by)


def cs_bucket(x: Expr, count: int = 10, *, by: Groups = None) -> Expr:
    """Number of the quantile bucket of the date, 0 for the lowest values, count - 1 for the highest.

    Parameters
    ----------
    x : Expr, stock axis
    count : int from 2, number of buckets
    by : groups, see above

    Returns
    -------
    Expr, stock axis, whole numbers 0..count - 1. floor(count (rank - 1/2) / n) with the average rank: equal
    values share a bucket, and without ties bucket sizes differ by at most 1.
    """
    return _across("cs_bucket", x, by=by, count=arguments.buckets(count))


def cs_winsorize(x: Expr, low: float = 0.01, high: float = 0.99, *, by: Groups = None) -> Expr:
    """x limited to two quantiles of its own date, in the unit of x.

    Parameters
    ----------
    x : Expr, stock axis
    low, high : numbers in [0, 1], low <= high
    by : groups, see above

    Returns
    -------
    Expr, stock axis. min(max(x, q_low), q_high) with quantiles by linear interpolation at place (n - 1) q of
    the sorted values (as `ts_quantile`, NumPy).

    Raises
    ------
    ValueError
        If a quantile is not in [0, 1], or ``low > high``.
    """
    below, above = arguments.share(low, "low"), arguments.share(high, "high")
    if below > above:
        raise ValueError(f"`low` must not be above `high`; got low={below:g}, high={above:g}.")
    return _across("cs_winsorize", x, by=by, low=below, high=above)


def cs_neutralize(x: Expr, *exposures: Expr, by: Groups = None) -> Expr:
    """What is left of x after least squares on a constant and the exposures, date by date.

    Parameters
    ----------
    x : Expr, stock axis
    exposures : 1 to 8 Expr, stock axis, any units
    by : groups, see above; each has a regression of its own

    Returns
    -------
    Expr, stock axis, in the unit of x, mean 0 and uncorrelated with each exposure over the date's stocks. NaN
    where x or an exposure is missing: such stocks are left out of the date's regression.

    Raises
    ------
    ValueError
        If there are no exposures, or more than 8.

    Notes
    -----
    x - a - sum b_k e_k with a, b by normal equations of centred columns (Cholesky, one round of refinement).
    An exposure that depends on those before it (less than 1e-12 of its variance is its own) gets no
    coefficient. With no more stocks than coefficients the residuals are 0 up to rounding. To be neutral to
    sectors and to size: ``cs_neutralize(x, log(size), by="sector33")``, or `cs_demean` for sectors alone.
    """
    if not 1 <= len(exposures) <= MAX_EXPOSURES:
        raise ValueError(
            f"`exposures` must be 1 to {MAX_EXPOSURES} expressions; got {len(exposures)}. Without exposures "
            "use `cs_demean`."
        )
    return _across("cs_neutralize", x, *exposures, by=by)
