"""Do the factors price the assets? The test of Gibbons, Ross and Shanken, premia of Fama and MacBeth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.errors import DataGapError
from jqfast.factors import _ols
from jqfast.factors._ols import Errors
from jqfast.factors.models import ALPHA, aligned, fit
from jqfast.types import AnyArray, FloatArray, IntArray


@dataclass(frozen=True)
class Grs:
    """All alphas are zero? ``f`` with ``df`` degrees of freedom, its ``p``; ``dates`` used; the mean absolute
    alpha and mean R2 of the N regressions beside it.
    """

    f: float
    p: float
    df: tuple[int, int]
    dates: int
    mean_abs_alpha: float
    mean_r2: float


def grs(excess_returns: Any, factors: Any) -> Grs:
    """The test of Gibbons, Ross and Shanken that N alphas are zero together.

    Parameters
    ----------
    excess_returns : (T, N) as in :func:`fit`; dates with a missing value are left out for all
    factors : (T, K) traded factors, as in :func:`fit`

    Returns
    -------
    Grs; exact in finite samples under normal residuals.

    Raises
    ------
    DataGapError
        Fewer complete dates than N + K + 1.
    ValueError
        Singular factors, or assets of which one is a combination of others.

    Notes
    -----
    F = (T - N - K) / N x a' S^-1 a / (1 + m' W^-1 m), N and T - N - K degrees of freedom, a the alphas, S and
    W the covariances of residuals and factors with T in the denominator, m the factor means.

    References
    ----------
    Gibbons, Ross and Shanken (1989), Econometrica 57.
    """
    from scipy.special import fdtrc

    y, x, codes, names = aligned(excess_returns, factors)
    complete = np.isfinite(y).all(axis=1) & np.isfinite(x).all(axis=1)
    y, x = y[complete], x[complete]
    (T, N), K = y.shape, x.shape[1]
    if T <= N + K:
        raise DataGapError(
            f"`excess_returns` must have more than N + K = {N + K} dates on which all {N} series and {K} "
            f"factors are known; got {T}. Take fewer series or drop those with gaps."
        )
    found = fit(y, x, errors="classical")
    residuals = y - found.predict(x)
    S = residuals.T @ residuals / T
    deviation = np.sqrt(np.diag(S))
    scaled = S / np.outer(deviation, deviation)
    if (deviation == 0).any() or np.linalg.eigvalsh(scaled)[0] < 1e-12:
        raise ValueError(
            f"`excess_returns` must not be combinations of each other or of the factors {', '.join(names)}; "
            f"the residuals of {', '.join(codes[:5])}{' ...' if N > 5 else ''} are singular."
        )
    mean = x.mean(axis=0)
    W = np.atleast_2d(np.cov(x.T, ddof=0))
    a = found.alpha / deviation
    price = float(a @ np.linalg.solve(scaled, a)) / (1.0 + float(mean @ np.linalg.solve(W, mean)))
    f = (T - N - K) / N * price
    return Grs(
        f=f,
        p=float(fdtrc(N, T - N - K, f)),
        df=(N, T - N - K),
        dates=T,
        mean_abs_alpha=float(np.abs(found.alpha).mean()),
        mean_r2=float(found.r2.mean()),
    )


@dataclass(frozen=True, eq=False)
class FamaMacBeth:
    """Premia of exposures: one cross-sectional regression per date, then their means.

    Parameters
    ----------
    names : K + 1 regressors, ``alpha`` first
    premia : (T, K + 1) coefficients of each date, NaN where a date has too few stocks
    stocks : (T,) stocks of each date
    r2 : (T,) of each date
    mean, se, t, p : (K + 1,) over dates
    errors : kind of standard errors
    """

    names: tuple[str, ...]
    premia: FloatArray
    stocks: IntArray
    r2: FloatArray
    mean: FloatArray
    se: FloatArray
    t: FloatArray
    p: FloatArray
    errors: str


def fama_macbeth(
    returns: AnyArray,
    exposures: AnyArray,
    *,
    names: tuple[str, ...] = (),
    errors: Errors = "newey-west",
    lags: int | None = None,
    min_stocks: int | None = None,
) -> FamaMacBeth:
    """Mean premia of exposures by the two steps of Fama and MacBeth.

    Parameters
    ----------
    returns : (T, N) returns of each date, NaN where there is none
    exposures : (T, N, K), known before the return of their row; or (N, K) for the same on all dates
    names : K names of the exposures
    errors, lags : of the means over dates, as in :func:`fit`
    min_stocks : stocks that a date needs; None: 3 more than coefficients

    Returns
    -------
    FamaMacBeth

    Raises
    ------
    ValueError
        If shapes do not fit.
    DataGapError
        If fewer than 5 dates have a regression.

    Notes
    -----
    r_t = X_t g_t + e_t on each date; g is the mean of g_t, its error that of a mean of autocorrelated values.
    A date on which two exposures cannot be told apart has no regression.

    References
    ----------
    Fama and MacBeth (1973), Journal of Political Economy 81.
    """
    y, x = np.asarray(returns, np.float64), np.asarray(exposures, np.float64)
    if x.ndim == 2:
        x = np.broadcast_to(x, (len(y), *x.shape))
    if y.ndim != 2 or x.ndim != 3 or x.shape[:2] != y.shape:
        raise ValueError(
            f"`exposures` must be (T, N, K) or (N, K) for `returns` (T, N); got {np.shape(exposures)} and "
            f"{np.shape(returns)}."
        )
    labels = names or tuple(f"factor{k}" for k in range(1, x.shape[2] + 1))
    if len(labels) != x.shape[2]:
        raise ValueError(f"`names` must have one name per exposure, {x.shape[2]}; got {len(labels)}.")
    least = x.shape[2] + 4 if min_stocks is None else max(min_stocks, x.shape[2] + 2)
    premia, stocks, r2 = _cross_sections(y, x, least)
    known = np.isfinite(premia[:, 0])
    if known.sum() < 5:
        raise DataGapError(
            f"`returns` must have at least 5 dates with {least} stocks whose exposures are known and can be "
            f"told apart; got {known.sum()} of {len(y)}."
        )
    ones = np.ones((len(y), 1))
    means = _ols.least_squares(
        premia, _ols.make_design(ones, (ALPHA,)), errors=errors, lags=lags, small_sample=True
    )
    return _tested(means, premia, stocks, r2, (ALPHA, *labels), errors)


def _tested(
    means: _ols.Moments,
    premia: FloatArray,
    stocks: IntArray,
    r2: FloatArray,
    names: tuple[str, ...],
    errors: str,
) -> FamaMacBeth:
    """The means with their tests."""
    from scipy.special import stdtr

    mean, se = means.coefficients[:, 0], np.sqrt(means.covariance[:, 0, 0])
    t = mean / np.where(se > 0, se, np.nan)
    p = 2.0 * stdtr(means.n - 1.0, -np.abs(t))
    return FamaMacBeth(names, premia, stocks, r2, mean, se, t, p, errors)


def _cross_sections(y: FloatArray, x: FloatArray, least: int) -> tuple[FloatArray, IntArray, FloatArray]:
    """Coefficients (T, K + 1), stocks (T,) and R2 (T,) of one regression per date, all dates at once."""
    known = np.isfinite(y) & np.isfinite(x).all(axis=2)
    n = known.sum(axis=1)
    enough = n >= least
    count = np.maximum(n, 1)[:, None]
    # About the mean of the date and in its deviations, the normal equations lose no digits.
    x = np.where(known[:, :, None], x, 0.0)
    centre = x.sum(axis=1) / count
    x = np.where(known[:, :, None], x - centre[:, None, :], 0.0)
    scale = np.sqrt((x**2).sum(axis=1) / count)
    x = x / np.where(scale > 0, scale, 1.0)[:, None, :]
    level = np.where(known, y, 0.0).sum(axis=1) / count[:, 0]
    dev = np.where(known, y - level[:, None], 0.0)
    gram = x.transpose(0, 2, 1) @ x / count[:, :, None]
    told_apart = enough & (np.linalg.eigvalsh(gram)[:, 0] > 1e-10)
    safe = np.where(told_apart[:, None, None], gram, np.eye(x.shape[2]))
    slope = np.linalg.solve(safe, x.transpose(0, 2, 1) @ dev[:, :, None] / count[:, :, None])
    rss = ((dev[:, :, None] - x @ slope) ** 2).sum(axis=(1, 2))
    tss = (dev**2).sum(axis=1)
    b = slope[:, :, 0] / np.where(scale > 0, scale, 1.0)
    out = np.column_stack([level - (b * centre).sum(axis=1), b])
    r2 = 1.0 - rss / np.where(tss > 0, tss, np.nan)
    return np.where(told_apart[:, None], out, np.nan), n, np.where(told_apart, r2, np.nan)
