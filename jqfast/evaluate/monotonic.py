"""Do returns rise from the lowest to the highest bucket, all the way?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jqfast.evaluate.inference import newey_west
from jqfast.evaluate.ranks import rank_rows
from jqfast.evaluate.resample import FEWEST, Draws
from jqfast.types import AnyArray, BoolArray


@dataclass(frozen=True)
class Monotonic:
    """Tests of increasing bucket returns.

    Parameters
    ----------
    smallest_step : smallest difference of mean returns between a bucket and the one below
    p : of Patton and Timmermann's test: small says that every step is up
    trend : mean over dates of the slope of bucket returns on bucket number, per bucket
    trend_t : its Newey-West t
    spearman : rank correlation of bucket number and mean return, 1 when the means rise all the way
    n_dates : dates on which every bucket has a return
    method : of the bootstrap
    spearman_low, spearman_high, step_low, step_high : bootstrap intervals of ``spearman`` and of the step
        that is the smallest
    """

    smallest_step: float
    p: float
    trend: float
    trend_t: float
    spearman: float
    n_dates: int
    method: str
    spearman_low: float = math.nan
    spearman_high: float = math.nan
    step_low: float = math.nan
    step_high: float = math.nan


def monotonic(per_date: AnyArray, draws: Draws, *, horizon: int = 1) -> Monotonic:
    """Test whether mean returns increase with the bucket.

    Parameters
    ----------
    per_date : (T, n) returns of n >= 2 buckets, lowest first; dates with a missing one are left out
    draws : of T dates
    horizon : sessions of the returns

    Returns
    -------
    Monotonic; ``p`` is NaN for fewer than 8 dates

    Notes
    -----
    With d_i the mean step from bucket i to i + 1, J = min_i d_i; the null is that some step is not up.
    p = share of draws with min_i (d*_i - d_i) > J.

    References
    ----------
    Patton and Timmermann (2010), Journal of Financial Economics 98: monotonic relation test.
    """
    values = np.asarray(per_date, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2:
        raise ValueError(f"`per_date` must be (dates, buckets) with at least 2 buckets; got {values.shape}.")
    known: BoolArray = np.asarray(np.isfinite(values).all(axis=1))
    n = int(known.sum())
    if n == 0:
        return Monotonic(math.nan, math.nan, math.nan, math.nan, math.nan, 0, draws.method)
    means = values[known].mean(axis=0)
    steps = np.diff(means)
    redrawn = draws.means(np.where(known[:, None], values, np.nan))
    drawn = np.diff(redrawn, axis=1)
    lowest = (drawn - steps).min(axis=1)
    smallest = float(steps.min())
    p = float((lowest[np.isfinite(lowest)] > smallest).mean()) if n >= FEWEST else math.nan
    number = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2.0
    slope = newey_west(values @ number / (number @ number), horizon=horizon, gaps="keep")
    place = rank_rows(means[None])[0]
    orders = [_correlation(number, ranks) for ranks in rank_rows(redrawn)]
    spearman = draws.interval(_correlation(number, place), np.array(orders), n)
    step = draws.interval(smallest, drawn[:, int(steps.argmin())], n)
    return Monotonic(
        smallest,
        p,
        slope.mean,
        slope.t,
        spearman.estimate,
        n,
        draws.method,
        spearman.low,
        spearman.high,
        step.low,
        step.high,
    )


def _correlation(a: AnyArray, b: AnyArray) -> float:
    """Pearson correlation, NaN where a side is constant."""
    x, y = a - a.mean(), b - b.mean()
    size = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / size if size > 0 else math.nan
