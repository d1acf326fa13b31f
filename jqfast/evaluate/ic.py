"""Information coefficients and deciles: does a score order the returns that follow?

In: scores and returns, both (T, N), one row per decision date. Out: one number per date and their summary.
Each horizon is judged by its own call and drops its own missing pairs, so that adding a horizon changes no
other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jqfast.evaluate.inference import newey_west
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

#: A correlation over fewer stocks is noise.
MIN_STOCKS = 10

#: Deviations below this share of the values' size are rounding noise of equal values.
_CONSTANT = 1e-12


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

    kind: Literal["ic", "rank_ic"]
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
    x, y, pairs = _pairs(scores, returns, min_stocks)
    return _summary("ic", _correlation(x, y, pairs, min_stocks), pairs, horizon, lags, periods_per_year)


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
    x, y, pairs = _pairs(scores, returns, min_stocks)
    ranks_x, ranks_y = rank_rows(np.where(pairs, x, np.nan)), rank_rows(np.where(pairs, y, np.nan))
    values = _correlation(ranks_x, ranks_y, pairs, min_stocks)
    return _summary("rank_ic", values, pairs, horizon, lags, periods_per_year)


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
    x, y = _same_shape(scores, returns)
    group = buckets(x, n, min_stocks=min_stocks)
    present = np.isfinite(y)
    T = len(x)
    means, counts = np.full((T, n), np.nan), np.zeros((T, n), dtype=np.int64)
    for k in range(n):
        inside = (group == k) & present
        counts[:, k] = inside.sum(axis=1)
        sums = np.where(inside, y, 0.0).sum(axis=1)
        means[:, k] = np.where(counts[:, k] > 0, sums / np.maximum(counts[:, k], 1), np.nan)
    each = [newey_west(means[:, k], lags=lags, horizon=horizon) for k in range(n)]
    spread = means[:, -1] - means[:, 0]
    whole = newey_west(spread, lags=lags, horizon=horizon)
    mean, std_error = np.array([e.mean for e in each]), np.array([e.se for e in each])
    return Deciles(means, counts, mean, std_error, spread, whole.mean, whole.t, horizon)


def buckets(scores: AnyArray, n: int = 10, *, min_stocks: int | None = None) -> IntArray:
    """The bucket of each score on its date: 0 (lowest) to n - 1 (highest), -1 for none.

    Notes
    -----
    floor(n (rank - 1/2) / count) with average ranks over the finite scores of the date: equal scores share a
    bucket, and neither the order of the stocks nor missing ones matter. Dates with fewer than ``min_stocks``
    (None: ``max(MIN_STOCKS, n)``) finite scores have no buckets.
    """
    if n < 2:
        raise ValueError(f"`n` must be at least 2 buckets; got {n}.")
    fewest = max(MIN_STOCKS, n) if min_stocks is None else min_stocks
    if fewest < n:
        raise ValueError(f"`min_stocks` must be at least the number of buckets, {n}; got {fewest}.")
    ranks = rank_rows(scores)
    present = np.isfinite(ranks)
    count = present.sum(axis=1, keepdims=True)
    valid = present & (count >= fewest)
    position = np.where(valid, (ranks - 0.5) / np.maximum(count, 1), 0.0)
    group: IntArray = np.where(valid, np.floor(n * position).astype(np.int64), -1)
    return group


def rank_rows(x: AnyArray) -> FloatArray:
    """Ranks 1..count of the finite values of each row, ties averaged, NaN elsewhere; shape of ``x``."""
    values = np.where(np.isfinite(x), x, np.nan).astype(np.float64)
    T, N = values.shape
    if T == 0 or N == 0:
        return values
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    steps = np.broadcast_to(np.arange(N), (T, N))
    begins = np.ones((T, N), dtype=np.bool_)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=begins[:, 1:])  # NaN stands last and equals nothing
    first = np.maximum.accumulate(np.where(begins, steps, 0), axis=1)
    ends = np.ones((T, N), dtype=np.bool_)
    ends[:, :-1] = begins[:, 1:]
    last = np.minimum.accumulate(np.where(ends, steps, N)[:, ::-1], axis=1)[:, ::-1]
    ranks = np.empty((T, N))
    np.put_along_axis(ranks, order, 0.5 * (first + last) + 1.0, axis=1)
    ranks[np.isnan(values)] = np.nan
    return ranks


def _pairs(scores: AnyArray, returns: AnyArray, min_stocks: int) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Both arrays as float64 and where both are finite."""
    if min_stocks < 2:
        raise ValueError(f"`min_stocks` must be at least 2 for a correlation; got {min_stocks}.")
    x, y = _same_shape(scores, returns)
    return x, y, np.isfinite(x) & np.isfinite(y)


def _same_shape(scores: AnyArray, returns: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Both as (T, N) float64 arrays."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(returns, dtype=np.float64)
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(
            "`scores` and `returns` must both be (dates, stocks) arrays of one shape; "
            f"got {x.shape} and {y.shape}."
        )
    return x, y


def _correlation(x: FloatArray, y: FloatArray, pairs: BoolArray, min_stocks: int) -> FloatArray:
    """(T,) Pearson correlation over the pairs of each row, in two passes."""
    count = pairs.sum(axis=1)
    safe = np.maximum(count, 1)[:, None]
    size_x, size_y = _largest(x, pairs), _largest(y, pairs)
    centred_x = np.where(pairs, x / size_x, 0.0)
    centred_y = np.where(pairs, y / size_y, 0.0)
    centred_x = np.where(pairs, centred_x - centred_x.sum(axis=1, keepdims=True) / safe, 0.0)
    centred_y = np.where(pairs, centred_y - centred_y.sum(axis=1, keepdims=True) / safe, 0.0)
    var_x = np.einsum("tn,tn->t", centred_x, centred_x)
    var_y = np.einsum("tn,tn->t", centred_y, centred_y)
    floor = (_CONSTANT**2) * count
    valid = (count >= min_stocks) & (var_x > floor) & (var_y > floor)
    scale = np.where(valid, np.sqrt(var_x) * np.sqrt(var_y), 1.0)
    value = np.einsum("tn,tn->t", centred_x, centred_y) / scale
    return np.where(valid, np.clip(value, -1.0, 1.0), np.nan)


def _largest(x: FloatArray, pairs: BoolArray) -> FloatArray:
    """(T, 1) largest size of each row's values, 1 where all are 0: dividing by it keeps squares in range."""
    size = np.abs(np.where(pairs, x, 0.0)).max(axis=1, initial=0.0, keepdims=True)
    return np.where(size > 0.0, size, 1.0)


def _summary(
    kind: Literal["ic", "rank_ic"],
    per_date: FloatArray,
    pairs: BoolArray,
    horizon: int,
    lags: int | None,
    periods_per_year: float,
) -> IcResult:
    """The result from the correlations per date."""
    if not periods_per_year > 0:
        raise ValueError(f"`periods_per_year` must be positive; got {periods_per_year}.")
    test = newey_west(per_date, lags=lags, horizon=horizon)
    values = per_date[np.isfinite(per_date)]
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    ir = test.mean / std if std > 0.0 else math.nan
    return IcResult(
        kind=kind,
        per_date=per_date,
        stocks=pairs.sum(axis=1),
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
