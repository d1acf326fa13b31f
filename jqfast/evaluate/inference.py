"""Inference: how sure one may be of a mean, a ratio or a difference.

In: plain series, one value per period, NaN where there is none. Out: small frozen results that carry the
choices made (lags, block length, number of draws), so that a report can print them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from jqfast.errors import unknown
from jqfast.types import AnyArray, FloatArray, IntArray

Block = Literal["stationary", "moving"]
Gaps = Literal["close", "keep"]
Statistic = Callable[[FloatArray], FloatArray]

_NORMAL = NormalDist()
_EULER = 0.5772156649015329


@dataclass(frozen=True)
class NeweyWest:
    """A mean with its overlap-aware standard error: ``t = mean / se``, ``lags`` Bartlett lags, ``n``
    values.
    """

    mean: float
    se: float
    t: float
    lags: int
    n: int


@dataclass(frozen=True)
class Interval:
    """An interval of a bootstrap: the estimate, its bounds, and how they were drawn."""

    estimate: float
    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Welch:
    """Welch's two-sample test: ``t``, degrees of freedom and the two-sided ``p``, arrays of the tested
    shape.
    """

    t: FloatArray
    df: FloatArray
    p: FloatArray


@dataclass(frozen=True)
class SharpeTest:
    """How likely the true Sharpe ratio is above ``threshold`` (per period).

    ``name`` is ``"deflated"`` when the threshold allows for ``trials`` configurations tried,
    ``"probabilistic"`` when fewer than two are known and the threshold is 0.
    """

    name: Literal["probabilistic", "deflated"]
    probability: float
    sharpe: float
    threshold: float
    trials: int


def newey_west(x: AnyArray, *, lags: int | None = None, horizon: int = 1, gaps: Gaps = "close") -> NeweyWest:
    """The mean of a series with a standard error that allows for autocorrelation.

    Parameters
    ----------
    x : (T,) numbers, NaN where there is none
    lags : Bartlett lags; None takes the larger of ``3 (horizon - 1)`` and
        floor(4 (n / 100)^(2/9))
    horizon : periods over which the values overlap
    gaps : ``"close"`` leaves NaN values out, and their neighbours become adjacent; ``"keep"`` keeps the
        distance, as it should be where the values of a part of the dates are asked for

    Returns
    -------
    NeweyWest; ``se`` and ``t`` are NaN for fewer than 2 values or a constant series.

    Raises
    ------
    ValueError
        If ``lags`` is negative or below ``horizon - 1``, ``horizon`` is below 1, or ``gaps`` is unknown.

    Notes
    -----
    se^2 = (g_0 + 2 sum_{k<=L} (1 - k / (L+1)) g_k) / n with g_k = sum_t e_t e_{t-k} / n.

    References
    ----------
    Newey and West (1987), Econometrica 55; the rule for the lags from Newey and West (1994).
    """
    if gaps not in ("close", "keep"):
        raise unknown("treatment of gaps", str(gaps), ("close", "keep"))
    values = _finite(x)
    n = len(values)
    used = _lags(n, lags, horizon)
    if n < 2:
        return NeweyWest(float(values.mean()) if n else math.nan, math.nan, math.nan, used, n)
    mean = float(values.mean())
    whole = np.asarray(x, dtype=np.float64)
    e = values - mean if gaps == "close" else np.where(np.isfinite(whole), whole - mean, 0.0)
    used = min(used, n - 1)
    long_run = float(e @ e) / n
    for k in range(1, used + 1):
        long_run += 2.0 * (1.0 - k / (used + 1.0)) * float(e[k:] @ e[:-k]) / n
    constant = float(np.abs(e).max()) <= 1e-14 * abs(mean)
    se = math.nan if constant or long_run <= 0.0 else math.sqrt(long_run / n)
    return NeweyWest(mean, se, mean / se, used, n)


def check_draws(block: float | None, level: float, draws: int) -> None:
    """Refuse what no bootstrap can be drawn with.

    Raises
    ------
    ValueError
        If ``block`` is below 1, ``level`` outside (0, 1) or ``draws`` below 100.
    """
    if not 0.0 < level < 1.0 or draws < 100:
        raise ValueError(f"`level` must be in (0, 1) and `draws` at least 100; got {level} and {draws}.")
    if block is not None and block < 1.0:
        raise ValueError(f"`block` must be at least 1 period; got {block}.")


def block_bootstrap(
    x: AnyArray,
    statistic: Statistic | None = None,
    *,
    kind: Block = "stationary",
    block: float | None = None,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """A percentile interval of a statistic of an autocorrelated series.

    Parameters
    ----------
    x : (T,) numbers; NaN values are left out
    statistic : maps (draws, n) resampled series to (draws,) values; None is the mean
    kind : ``"stationary"`` (random block lengths, mean ``block``) or ``"moving"`` (fixed, wrapped at the end)
    block : length in periods; None is max(2, n^(1/3)); give at least the horizon for overlapping values
    draws, level, seed : number of resamples, coverage, random seed

    Returns
    -------
    Interval; bounds are NaN for fewer than 8 values.

    Raises
    ------
    ValueError
        If ``block`` is below 1, ``level`` outside (0, 1) or ``draws`` below 100.

    References
    ----------
    Politis and Romano (1994), JASA 89; Kuensch (1989), Annals of Statistics 17.
    """
    if kind not in ("stationary", "moving"):
        raise unknown("bootstrap", str(kind), ("stationary", "moving"))
    check_draws(block, level, draws)
    function = statistic if statistic is not None else _row_means
    values = _finite(x)
    n = len(values)
    size = block if block is not None else max(2.0, round(n ** (1.0 / 3.0)))
    method = f"{kind} block bootstrap, block {size:g}, {draws} draws, seed {seed}"
    estimate = float(function(values[None, :])[0]) if n else math.nan
    if n < 8:
        return Interval(estimate, math.nan, math.nan, level, method)
    index = block_indices(np.random.default_rng(seed), n, size, draws, stationary=kind == "stationary")
    drawn = np.asarray(function(values[index]), dtype=np.float64)
    tail = (1.0 - level) / 2.0
    low, high = np.nanquantile(drawn, [tail, 1.0 - tail])
    return Interval(estimate, float(low), float(high), level, method)


def welch(a: AnyArray, b: AnyArray) -> Welch:
    """Do two samples differ in their mean? Welch's t per column.

    Parameters
    ----------
    a, b : (Sa, ...) and (Sb, ...) samples along axis 0, NaN left out

    Returns
    -------
    Welch of shape (...); NaN where a side has fewer than 2 values or neither varies.

    Notes
    -----
    Samples are taken as independent. Daily cross-sections overlap: test means per non-overlapping date.

    References
    ----------
    Welch (1947), Biometrika 34.
    """
    (mean_a, var_a, n_a), (mean_b, var_b, n_b) = _moments(a), _moments(b)
    share_a, share_b = var_a / n_a, var_b / n_b
    both = share_a + share_b
    valid = (n_a >= 2) & (n_b >= 2) & (both > 0)
    safe = np.where(valid, both, 1.0)
    t = np.where(valid, (mean_a - mean_b) / np.sqrt(safe), np.nan)
    spread = share_a**2 / np.maximum(n_a - 1, 1) + share_b**2 / np.maximum(n_b - 1, 1)
    df = np.where(valid, safe**2 / np.where(valid, spread, 1.0), np.nan)
    p = np.array([student_two_sided(x, d) for x, d in zip(t.ravel(), df.ravel(), strict=True)])
    return Welch(t, df, p.reshape(t.shape))


def sharpe_test(returns: AnyArray, trials: Sequence[float] = ()) -> SharpeTest:
    """The probability that a Sharpe ratio is real, given the shape of the returns and the trials made.

    Parameters
    ----------
    returns : (P,) non-overlapping net returns per period
    trials : per-period Sharpe ratios of all configurations tried on these data, this one included; NaN for
        those that were judged otherwise, as in a search on validation losses

    Returns
    -------
    SharpeTest; ``probability`` is NaN for fewer than 3 periods or constant returns.

    Notes
    -----
    Phi((SR - SR*) sqrt(P-1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2)). With N >= 2 trials of variance V,
    SR* = sqrt(V) ((1 - c) Phi^-1(1 - 1/N) + c Phi^-1(1 - 1/(N e))), c Euler's constant; else SR* = 0. With
    fewer than 2 known ratios among the N, V is 1 / (P - 1), the variance of ratios that are worth nothing.

    References
    ----------
    Bailey and Lopez de Prado (2012), J. Risk 15; (2014), J. Portfolio Management 40.
    """
    values = _finite(returns)
    tried = _finite(np.asarray(trials, dtype=np.float64))
    n, count = len(values), max(len(trials), len(tried))
    spread = float(tried.std(ddof=1)) if len(tried) >= 2 else 1.0 / math.sqrt(max(n - 1, 1))
    threshold = expected_best_sharpe(count, spread) if count >= 2 else 0.0
    name: Literal["probabilistic", "deflated"] = "deflated" if count >= 2 else "probabilistic"
    sd = float(values.std(ddof=1)) if n >= 3 else 0.0
    if sd <= 1e-14 * float(np.abs(values).max(initial=0.0)) or n < 3:
        return SharpeTest(name, math.nan, math.nan, threshold, count)
    sharpe = float(values.mean()) / sd
    z = (values - values.mean()) / values.std()
    skew, kurtosis = float((z**3).mean()), float((z**4).mean())
    probability = sharpe_probability(sharpe, n, skew=skew, kurtosis=kurtosis, threshold=threshold)
    return SharpeTest(name, probability, sharpe, threshold, count)


def sharpe_probability(
    sharpe: float, n: int, *, skew: float = 0.0, kurtosis: float = 3.0, threshold: float = 0.0
) -> float:
    """Probability that the true Sharpe ratio per period is above the threshold, given that of ``n`` returns
    with this skew and (not excess) kurtosis; formula and sources as :func:`sharpe_test`."""
    shape = 1.0 - skew * sharpe + (kurtosis - 1.0) / 4.0 * sharpe**2
    return _NORMAL.cdf((sharpe - threshold) * math.sqrt(n - 1.0) / math.sqrt(max(shape, 1e-12)))


def expected_best_sharpe(n: int, spread: float) -> float:
    """The Sharpe ratio that the best of ``n`` >= 2 worthless trials of this deviation is expected to show."""
    first, second = _NORMAL.inv_cdf(1.0 - 1.0 / n), _NORMAL.inv_cdf(1.0 - 1.0 / (n * math.e))
    return spread * ((1.0 - _EULER) * first + _EULER * second)


def student_two_sided(t: float, df: float) -> float:
    """P(|T| > |t|) of Student's t, the regularised incomplete beta function I_{df/(df+t^2)}(df/2, 1/2)."""
    if not (math.isfinite(t) and math.isfinite(df) and df > 0):
        return math.nan
    a, b, x, rest = df / 2.0, 0.5, df / (df + t * t), t * t / (df + t * t)  # 1 - x would lose digits
    if rest == 0.0:
        return 1.0
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    front = math.exp(scale + a * math.log(x) + b * math.log(rest))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, rest) / b


def student_reach(df: float, level: float = 0.95) -> float:
    """Standard errors on each side of a mean that its interval takes: the t with P(|T| > t) = 1 - level, by
    bisection of :func:`student_two_sided`; NaN below one degree of freedom."""
    if not (math.isfinite(df) and df >= 1.0):
        return math.nan
    low, high = 0.0, 1.0
    while student_two_sided(high, df) > 1.0 - level:
        low, high = high, 2.0 * high
    for _ in range(60):  # past the digits of a float
        middle = (low + high) / 2.0
        low, high = (middle, high) if student_two_sided(middle, df) > 1.0 - level else (low, middle)
    return high


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0) or tiny)
    value = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d or tiny)
            c = 1.0 + term / c or tiny
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return value


def _lags(n: int, lags: int | None, horizon: int) -> int:
    """The number of lags to use; checks the caller's."""
    if horizon < 1:
        raise ValueError(f"`horizon` must be at least 1 period; got {horizon}.")
    if lags is None:
        # Bartlett weights fade from lag 1 on: with horizon - 1 lags the overlap itself would count for half,
        # and a market without any effect would be "significant" too often.
        return max(3 * (horizon - 1), math.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)) if n else 0)
    if lags < horizon - 1:
        raise ValueError(
            f"`lags` must be at least horizon - 1 = {horizon - 1}, as returns over {horizon} periods "
            f"overlap; got {lags}."
        )
    return lags


def block_indices(
    rng: np.random.Generator, n: int, block: float, draws: int, *, stationary: bool
) -> IntArray:
    """(draws, n) positions: runs of consecutive values, wrapped at the end of the series."""
    steps = np.arange(n)
    if stationary:
        fresh = rng.random((draws, n)) < 1.0 / block
    else:
        fresh = np.broadcast_to(steps % max(1, round(block)) == 0, (draws, n)).copy()
    fresh[:, 0] = True
    start = rng.integers(0, n, size=(draws, n))
    begun = np.maximum.accumulate(np.where(fresh, steps, 0), axis=1)
    position: IntArray = (np.take_along_axis(start, begun, axis=1) + steps - begun) % n
    return position


def _moments(x: AnyArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, variance (ddof 1) and number of the finite values along axis 0; 1 stands for a count of 0."""
    values = np.asarray(x, dtype=np.float64)
    present = np.isfinite(values)
    n = present.sum(axis=0).astype(np.float64)
    count = np.maximum(n, 1.0)
    mean = np.where(present, values, 0.0).sum(axis=0) / count
    squares = np.where(present, values - mean, 0.0) ** 2
    return mean, squares.sum(axis=0) / np.maximum(n - 1.0, 1.0), count


def _row_means(values: FloatArray) -> FloatArray:
    """The default statistic."""
    means: FloatArray = values.mean(axis=1)
    return means


def _finite(x: AnyArray) -> FloatArray:
    """The finite values of a series as float64."""
    values = np.asarray(x, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"A series must be 1-dimensional; got {values.ndim} dimensions.")
    kept: FloatArray = values[np.isfinite(values)]
    return kept
