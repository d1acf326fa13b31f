"""Information coefficients and deciles: does a score order the returns that follow?

In: scores and returns, both (T, N), one row per decision date. Out: one number per date and their summary.
Each horizon is judged by its own call and drops its own missing pairs, so that adding a horizon changes no
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jqfast.evaluate.correlations import Correlations, Kind, correlations, same_shape
from jqfast.evaluate.inference import newey_west
from jqfast.evaluate.ranks import MIN_STOCKS, buckets_of, cells, fewest_stocks, over_rows
from jqfast.types import AnyArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class IcResult:
    """Correlations per date and what they amount to.

    Parameters
    ----------
    kind : ``"ic"`` (Pearson) or ``"rank_ic"`` (Spearman)
    per_date : (T,) correlation, NaN on dates with too few stocks or constant values
    stocks : (T,) number of stocks with both a score and a return
    n_dates : dates with a correlation
    mean, std : over those dates, std with ddof = 1
    ir, ir_annual : mean / std, raw and times sqrt(periods per year / horizon)
    win_rate : share of those dates with a correlation above 0
    t_newey_west, lags : t of the mean, Bartlett lags used (at least horizon - 1)
    horizon : sessions of the return
    """

    kind: Kind
    per_date: FloatArray
    stocks: IntArray
    n_dates: int
    mean: float
    std: float
    ir: float
    ir_annual: float
    win_rate: float
    t_newey_west: float
    lags: int
    horizon: int


@dataclass(frozen=True, eq=False)
class Deciles:
    """Returns by score bucket, lowest scores first.

    Parameters
    ----------
    per_date : (T, n) mean return of each bucket, NaN on dates with too few scored stocks
    counts : (T, n) stocks with a return in each bucket
    mean, std_error : (n,) mean over dates and its Newey-West standard error
    spread : (T,) top minus bottom bucket
    spread_mean, spread_t : its mean and Newey-West t
    horizon : sessions of the return
    """

    per_date: FloatArray
    counts: IntArray
    mean: FloatArray
    std_error: FloatArray
    spread: FloatArray
    spread_mean: float
    spread_t: float
    horizon: int


def ic(
    scores: AnyArray,
    returns: AnyArray,
    *,
    horizon: int = 1,
    min_stocks: int = MIN_STOCKS,
    lags: int | None = None,
    periods_per_year: float = 252.0,
) -> IcResult:
    """Pearson correlation of scores and returns on each date.

    Parameters
    ----------
    scores, returns : (T, N), any unit; a pair counts when both are finite
    horizon : sessions the returns cover; consecutive returns then overlap
    min_stocks : fewest pairs for a date to count
    lags : Newey-West lags, at least ``horizon - 1``; None chooses
    periods_per_year : rows per year

    Returns
    -------
    IcResult

    Raises
    ------
    ValueError
        If the shapes differ or an option is out of range.
    """
    found = correlations(scores, returns, "ic", min_stocks=min_stocks)
    return summary("ic", found, horizon=horizon, lags=lags, periods_per_year=periods_per_year)


def rank_ic(
    scores: AnyArray,
    returns: AnyArray,
    *,
    horizon: int = 1,
    min_stocks: int = MIN_STOCKS,
    lags: int | None = None,
    periods_per_year: float = 252.0,
) -> IcResult:
    """Spearman correlation of scores and returns on each date; the primary metric for 5-day returns.

    Parameters, returns and errors as :func:`ic`.

    Notes
    -----
    Pearson correlation of ranks over the pairs of the date, ties averaged. Unchanged by any increasing map.

    Examples
    --------
    >>> import numpy as np
    >>> r = np.arange(20.0)[None, :]
    >>> rank_ic(np.exp(r), r).mean
    1.0
    """
    found = correlations(scores, returns, "rank_ic", min_stocks=min_stocks)
    return summary("rank_ic", found, horizon=horizon, lags=lags, periods_per_year=periods_per_year)


def deciles(
    scores: AnyArray,
    returns: AnyArray,
    n: int = 10,
    *,
    horizon: int = 1,
    min_stocks: int | None = None,
    lags: int | None = None,
) -> Deciles:
    """Mean return of each score bucket per date, equally weighted.

    Parameters
    ----------
    scores, returns : (T, N)
    n : number of buckets
    horizon, lags : as :func:`ic`
    min_stocks : fewest scored stocks for a date to count; None is ``max(MIN_STOCKS, n)``

    Returns
    -------
    Deciles

    Raises
    ------
    ValueError
        If the shapes differ, ``n`` is below 2, or ``min_stocks`` is below ``n``.

    Notes
    -----
    Membership is decided by the scores alone; a missing return leaves the mean, not the bucket.
    """
    x, y = same_shape(scores, returns)
    means, counts = _bucket_means(x, y, n, fewest_stocks(n, min_stocks))
    each = [newey_west(means[:, k], lags=lags, horizon=horizon) for k in range(n)]
    spread = means[:, -1] - means[:, 0]
    whole = newey_west(spread, lags=lags, horizon=horizon)
    mean, std_error = np.array([e.mean for e in each]), np.array([e.se for e in each])
    return Deciles(means, counts, mean, std_error, spread, whole.mean, whole.t, horizon)


def _bucket_means(x: AnyArray, y: AnyArray, n: int, fewest: int) -> tuple[FloatArray, IntArray]:
    """(T, n) mean return of the buckets and the stocks with a return in them."""
    shape = (len(x), n)
    means, counts = np.empty(shape), np.empty(shape, dtype=np.int64)

    def block(rows: slice) -> None:
        inside = (group := buckets_of(x[rows], n, fewest)) >= 0
        inside &= np.isfinite(y[rows])
        cell, total = cells(group, n)[inside], len(group) * n
        number = np.bincount(cell, minlength=total)
        sums = np.bincount(cell, y[rows][inside], total)
        counts[rows] = number.reshape(-1, n)
        means[rows] = np.where(number > 0, sums / np.maximum(number, 1), np.nan).reshape(-1, n)

    over_rows(block, *x.shape)
    return means, counts


def summary(
    kind: Kind,
    found: Correlations,
    *,
    horizon: int,
    lags: int | None = None,
    periods_per_year: float = 252.0,
    group: int = 0,
) -> IcResult:
    """The result of one group's correlations per date."""
    if not periods_per_year > 0:
        raise ValueError(f"`periods_per_year` must be positive; got {periods_per_year}.")
    per_date = found.values[:, group]
    test = newey_west(per_date, lags=lags, horizon=horizon)
    values = per_date[np.isfinite(per_date)]
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    ir = test.mean / std if std > 0.0 else math.nan
    return IcResult(
        kind=kind,
        per_date=per_date,
        stocks=found.pairs[:, group],
        n_dates=len(values),
        mean=test.mean,
        std=std,
        ir=ir,
        ir_annual=ir * math.sqrt(periods_per_year / horizon),
        win_rate=float((values > 0).mean()) if len(values) else math.nan,
        t_newey_west=test.t,
        lags=test.lags,
        horizon=horizon,
    )
