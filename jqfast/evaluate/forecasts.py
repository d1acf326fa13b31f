"""Point forecasts against what came: R2, RMSE, MAE with intervals, and the test of Diebold and Mariano.

In: actual values and predictions of the same periods, in time order. Out: small frozen results.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from jqfast.errors import DataGapError
from jqfast.evaluate.inference import block_bootstrap, newey_west, student_two_sided
from jqfast.types import AnyArray, FloatArray


@dataclass(frozen=True)
class Accuracy:
    """How close predictions came: ``r2`` against a reference with its interval, ``rmse`` and ``mae`` in the
    unit of the values, ``n`` periods.
    """

    r2: float
    low: float
    high: float
    rmse: float
    mae: float
    n: int
    method: str


@dataclass(frozen=True)
class DieboldMariano:
    """Do two forecasts differ in squared error? ``difference`` of the means, below 0: the first is better."""

    difference: float
    t: float
    p: float
    lags: int
    n: int


def accuracy(
    actual: AnyArray,
    predicted: AnyArray,
    reference: float,
    *,
    draws: int = 1000,
    block: float | None = None,
    seed: int = 0,
) -> Accuracy:
    """R2, RMSE and MAE of predictions, the R2 with a 95 % block-bootstrap interval.

    Parameters
    ----------
    actual, predicted : (T,) of the same periods; those where either is missing are left out
    reference : the constant that R2 is measured against, the mean of the training part
    draws, block, seed : of the stationary bootstrap, see :func:`block_bootstrap`

    Returns
    -------
    Accuracy; R2 is NaN where the actual values do not differ from the reference.

    Raises
    ------
    ValueError
        If lengths differ.
    DataGapError
        If no period has both.

    Notes
    -----
    R2 = 1 - sum (y - p)^2 / sum (y - m)^2. Whole periods are drawn, so that numerator and denominator stay
    together.
    """
    y, p = _both(actual, predicted)
    error, spread = (y - p) ** 2, (y - reference) ** 2
    whole = float(spread.sum())
    if whole == 0.0:
        return Accuracy(math.nan, math.nan, math.nan, _root(error), float(np.abs(y - p).mean()), len(y), "")

    def r2(places: FloatArray) -> FloatArray:
        index = places.astype(np.int64)
        below = spread[index].sum(axis=1)
        return np.asarray(1.0 - error[index].sum(axis=1) / np.where(below > 0, below, np.nan))

    places = np.arange(len(y), dtype=np.float64)
    interval = block_bootstrap(places, r2, draws=draws, block=block, seed=seed)
    return Accuracy(
        r2=1.0 - float(error.sum()) / whole,
        low=interval.low,
        high=interval.high,
        rmse=_root(error),
        mae=float(np.abs(y - p).mean()),
        n=len(y),
        method=interval.method,
    )


def diebold_mariano(
    actual: AnyArray, first: AnyArray, second: AnyArray, *, horizon: int = 1
) -> DieboldMariano:
    """The test of Diebold and Mariano on squared errors, with Newey-West errors.

    Parameters
    ----------
    actual, first, second : (T,) values and two predictions of them; periods with a gap in any are left out
    horizon : periods ahead; predictions further ahead overlap

    Returns
    -------
    DieboldMariano; t and p are NaN where the two never differ.

    Notes
    -----
    d_t = (y - first)^2 - (y - second)^2; t is its mean over its Newey-West error, times the small-sample
    factor sqrt((n + 1 - 2 h + h (h - 1) / n) / n), against Student's t with n - 1 degrees of freedom. Where
    one forecast nests the other the test is conservative.

    References
    ----------
    Diebold and Mariano (1995), JBES 13; Harvey, Leybourne and Newbold (1997), IJF 13.
    """
    y, a, b = (np.asarray(x, np.float64) for x in (actual, first, second))
    if not y.shape == a.shape == b.shape:
        raise ValueError(f"`first` and `second` must have the length of `actual`, {len(y)}.")
    known = np.isfinite(y) & np.isfinite(a) & np.isfinite(b)
    d = ((y - a) ** 2 - (y - b) ** 2)[known]
    found = newey_west(d, horizon=horizon)
    n = max(found.n, 1)
    factor = math.sqrt(max((n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n, 0.0))
    t = found.t * factor
    return DieboldMariano(found.mean, t, student_two_sided(t, n - 1.0), found.lags, found.n)


def _both(actual: AnyArray, predicted: AnyArray) -> tuple[FloatArray, FloatArray]:
    y, p = np.asarray(actual, np.float64), np.asarray(predicted, np.float64)
    if y.shape != p.shape or y.ndim != 1:
        raise ValueError(f"`predicted` must be one-dimensional as `actual`, {y.shape}; got {p.shape}.")
    known = np.isfinite(y) & np.isfinite(p)
    if not known.any():
        raise DataGapError("`actual` and `predicted` have no period in common.")
    return y[known], p[known]


def _root(squares: FloatArray) -> float:
    return math.sqrt(float(squares.mean()))
