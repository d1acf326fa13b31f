"""Performance figures of a series of returns; each one prints its definition.

In: simple returns per period. Out: :class:`Performance`; the definitions stand in
:data:`jqfast.evaluate.METRICS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jqfast.types import AnyArray, DateArray, FloatArray


@dataclass(frozen=True)
class Drawdown:
    """The deepest fall: ``depth`` <= 0, and the periods of the peak (-1: the start), the trough and the
    recovery.

    ``recovery`` is the first period at or above the peak again, None while there is none. ``*_date`` are the
    dates of those periods where dates were given.
    """

    depth: float
    peak: int
    trough: int
    recovery: int | None
    peak_date: np.datetime64 | None = None
    trough_date: np.datetime64 | None = None
    recovery_date: np.datetime64 | None = None


@dataclass(frozen=True)
class Performance:
    """The figures of one return series; definitions in :data:`jqfast.evaluate.METRICS`."""

    annual_return: float
    annual_risk: float
    return_risk: float
    sharpe: float
    max_drawdown: float
    win_rate: float
    total_return: float
    drawdown: Drawdown
    periods: int
    periods_per_year: float
    sortino: float
    recovery: float
    under_water: float


def performance(
    returns: AnyArray,
    *,
    periods_per_year: float,
    risk_free: float = 0.0,
    dates: DateArray | None = None,
) -> Performance:
    """The figures of figure 7 for one series.

    Parameters
    ----------
    returns : (P,) simple returns per period; NaN periods are left out
    periods_per_year : 252 for sessions, 12 for months; there is no default, as a wrong one is silent
    risk_free : annual rate, subtracted in ``sharpe`` only
    dates : (P,) end of each period, for the dates of the drawdown

    Returns
    -------
    Performance; figures are NaN where they need more periods than there are (risk needs 2).

    Raises
    ------
    ValueError
        If a return is below -1, the lengths differ, or ``periods_per_year`` is not positive.

    Examples
    --------
    >>> round(performance([0.1, -0.5, 0.2], periods_per_year=3).annual_return, 4)
    -0.34
    """
    if not periods_per_year > 0:
        raise ValueError(f"`periods_per_year` must be positive; got {periods_per_year}.")
    values, kept = _clean(returns)
    if dates is not None and len(dates) != len(kept):
        raise ValueError(f"`dates` must have one entry per return; got {len(dates)} for {len(kept)}.")
    n = len(values)
    risk = _deviation(values) * math.sqrt(periods_per_year)
    growth = float(np.prod(1.0 + values))
    annual = growth ** (periods_per_year / n) - 1.0 if n else math.nan
    excess = (float(values.mean()) * periods_per_year - risk_free) if n else math.nan
    fall = drawdown(values, dates=None if dates is None else dates[kept])
    return Performance(
        annual_return=annual,
        annual_risk=risk,
        return_risk=annual / risk if risk > 0 else math.nan,
        sharpe=excess / risk if risk > 0 else math.nan,
        max_drawdown=fall.depth,
        win_rate=float((values > 0).mean()) if n else math.nan,
        total_return=growth - 1.0 if n else math.nan,
        drawdown=fall,
        periods=n,
        periods_per_year=periods_per_year,
        sortino=excess / below
        if (below := _shortfall(values, risk_free, periods_per_year)) > 0
        else math.nan,
        recovery=_recovery(values) / periods_per_year,
        under_water=_under_water(values) / periods_per_year,
    )


def drawdown(returns: AnyArray, *, dates: DateArray | None = None) -> Drawdown:
    """The deepest fall of the compounded value from its highest point, the starting value 1 included."""
    values, kept = _clean(returns)
    if len(values) == 0:
        return Drawdown(math.nan, -1, -1, None)
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + values)))
    highest = np.maximum.accumulate(wealth)
    depth = wealth / np.where(highest > 0, highest, 1.0) - 1.0
    trough = int(depth.argmin())
    peak = int(wealth[: trough + 1].argmax())
    after = np.flatnonzero(wealth[trough:] >= wealth[peak])
    recovery = trough + int(after[0]) if len(after) else None
    position = np.flatnonzero(kept)

    def period(k: int) -> int:  # wealth[0] is the start, wealth[k] the end of the k-th present period
        return int(position[k - 1]) if k else -1

    def date(k: int | None) -> np.datetime64 | None:
        return dates[period(k)] if dates is not None and k else None

    return Drawdown(
        depth=float(depth[trough]),
        peak=period(peak),
        trough=period(trough),
        recovery=None if recovery is None else period(recovery),
        peak_date=date(peak),
        trough_date=date(trough),
        recovery_date=date(recovery),
    )


def monthly(dates: DateArray, returns: AnyArray) -> tuple[DateArray, FloatArray]:
    """Returns compounded within calendar months.

    Returns
    -------
    (last date of each month in ``dates``, (M,) return of the month); NaN days count as 0, a month of NaN is
    NaN.
    """
    values = np.asarray(returns, dtype=np.float64)
    if len(dates) != len(values):
        raise ValueError(f"`dates` must have one entry per return; got {len(dates)} for {len(values)}.")
    if len(values) == 0:
        return dates, values
    month = dates.astype("datetime64[M]")
    first = np.flatnonzero(np.concatenate(([True], month[1:] != month[:-1])))
    last = np.concatenate((first[1:], [len(values)])) - 1
    growth = np.multiply.reduceat(1.0 + np.nan_to_num(values, nan=0.0), first)
    present = np.add.reduceat(np.isfinite(values).astype(np.int64), first)
    return dates[last], np.where(present > 0, growth - 1.0, np.nan)


def _shortfall(values: FloatArray, risk_free: float, year: float) -> float:
    """Root mean square of what falls short of the risk-free rate, per year; 0 without periods."""
    if len(values) == 0:
        return 0.0
    short = np.minimum(values - risk_free / year, 0.0)
    return math.sqrt(float(np.mean(short**2)) * year)


def _recovery(values: FloatArray) -> float:
    """Periods from the peak before the deepest fall until that value was reached again; NaN while it was not,
    0 where nothing fell."""
    fall = drawdown(values)
    if not fall.depth < 0:
        return 0.0 if fall.depth == 0 else math.nan
    return math.nan if fall.recovery is None else float(fall.recovery - fall.peak)


def _under_water(values: FloatArray) -> float:
    """Most periods in a row below an earlier value, the one at the start included; NaN without periods."""
    if len(values) == 0:
        return math.nan
    wealth = np.concatenate(([1.0], np.cumprod(1.0 + values)))
    high = np.flatnonzero(wealth >= np.maximum.accumulate(wealth))
    return float((np.diff(np.append(high, len(wealth))) - 1).max())


def _deviation(values: FloatArray) -> float:
    """Standard deviation with ddof 1; 0 for a constant, NaN for fewer than two values."""
    if len(values) < 2:
        return math.nan
    deviation = float(values.std(ddof=1))
    return 0.0 if deviation <= 1e-15 * float(np.abs(values).max()) else deviation


def _clean(returns: AnyArray) -> tuple[FloatArray, AnyArray]:
    """The present returns, and a mask of where they stand."""
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"`returns` must be 1-dimensional; got {values.ndim} dimensions.")
    kept = ~np.isnan(values)
    if (values[kept] < -1.0).any():
        raise ValueError(
            f"`returns` must be fractions of at least -1 (-100 %); got {values[kept].min():.6g}. "
            "Divide percentages by 100."
        )
    return values[kept], kept
