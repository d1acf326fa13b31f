"""What a portfolio earns beyond known factors: alpha and betas with Newey-West errors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.factors import MODELS, Factors, fit
from jqfast.types import BoolArray, DateArray, FloatArray

#: Models asked for, in this order; what the factors of a panel do not allow is left out.
WANTED = ("CAPM", "FF3", "Carhart", "FF5", "FF6")

#: The model of a panel without market values: the market and momentum, both of equal weights.
MARKET_WML = ("Mkt-RF", "WML")


@dataclass(frozen=True)
class Alpha:
    """A portfolio's regression on the factors of a model.

    Parameters
    ----------
    leg, model : which portfolio, which factors
    alpha, se : per year (the constant times periods per year) and its Newey-West error
    t, p, low, high : of the alpha; 95 % interval of Student's t
    betas : factor -> (beta, its t)
    r2, n : share of the variance explained, periods
    errors : kind of errors, with lags
    """

    leg: str
    model: str
    alpha: float
    se: float
    t: float
    p: float
    low: float
    high: float
    betas: Mapping[str, tuple[float, float]]
    r2: float
    n: int
    errors: str


def alphas(
    dates: DateArray,
    returns: Mapping[str, FloatArray],
    factors: Factors,
    *,
    periods_per_year: float,
    funded: Sequence[str] = (),
) -> tuple[Alpha, ...]:
    """Regress each portfolio on each model that the factors allow.

    Parameters
    ----------
    dates : (D,) ends of the periods
    returns : portfolio -> (D,) simple returns
    factors : of the same kind of returns (total or price) and frequency, see :func:`jqfast.factors.build`
    periods_per_year : to annualise alphas
    funded : portfolios that are paid for, from whose returns the risk-free rate is taken; a long-short
        portfolio pays for itself

    Returns
    -------
    An Alpha per portfolio and model, on the dates that both sides have; none where there are too few
    """
    place = {date: i for i, date in enumerate(factors.dates.astype("datetime64[D]").tolist())}
    at = [(i, place[day]) for i, day in enumerate(dates.astype("datetime64[D]").tolist()) if day in place]
    rows, theirs = (np.array([pair[side] for pair in at], dtype=np.int64) for side in (0, 1))
    found = []
    for name, names in _models(factors).items():
        x = factors.values[theirs][:, [factors.names.index(factor) for factor in names]]
        known: BoolArray = np.asarray(np.isfinite(x).all(axis=1))
        if known.sum() < len(names) + 3:
            continue
        safe = factors.risk_free[theirs]
        for leg, series in returns.items():
            y = series[rows] - (safe if leg in funded else 0.0)
            found.append(_alpha(leg, name, y[known], x[known], names, periods_per_year))
    return tuple(found)


def _models(factors: Factors) -> dict[str, tuple[str, ...]]:
    """The models whose factors are there, those of a panel without market values under a name of its own."""
    there = set(factors.names)
    models = {name: MODELS[name] for name in WANTED if set(MODELS[name]) <= there}
    if len(models) < 2 and set(MARKET_WML) <= there:
        models["market + WML"] = MARKET_WML
    return models


def _alpha(leg: str, model: str, y: FloatArray, x: FloatArray, names: Sequence[str], year: float) -> Alpha:
    from scipy import stats

    result = fit(y, x)
    n = int(result.n[0])
    alpha, se = year * float(result.coefficients[0, 0]), year * float(result.se[0, 0])
    width = se * float(stats.t.ppf(0.975, n - len(names) - 1)) if math.isfinite(se) else math.nan
    betas = {
        name: (float(result.coefficients[k + 1, 0]), float(result.t[k + 1, 0]))
        for k, name in enumerate(names)
    }
    return Alpha(
        leg=leg,
        model=model,
        alpha=alpha,
        se=se,
        t=float(result.t[0, 0]),
        p=float(result.p[0, 0]),
        low=alpha - width,
        high=alpha + width,
        betas=betas,
        r2=float(result.r2[0]),
        n=n,
        errors=result.errors,
    )
