"""Betas that move: the same regression over a window that rolls through time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.errors import DataGapError, unknown
from jqfast.factors import _ols
from jqfast.factors.models import ALPHA, aligned
from jqfast.types import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class RollingFit:
    """Regressions over windows.

    Parameters
    ----------
    codes : N series
    names : K + 1 regressors, ``alpha`` first
    ends : (W,) row of the last date of each window
    coefficients : (W, K + 1, N) float64, NaN where a window has fewer than ``min_obs`` values
    r2 : (W, N)
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    ends: IntArray
    coefficients: FloatArray
    r2: FloatArray

    def __getitem__(self, name: str) -> FloatArray:
        """(W, N) coefficients of one regressor."""
        if name not in self.names:
            raise unknown("regressor", name, self.names)
        return self.coefficients[:, self.names.index(name)]


def rolling_fit(
    excess_returns: Any, factors: Any, window: int, *, step: int = 1, min_obs: int | None = None
) -> RollingFit:
    """Rolling betas of every series: window w uses rows end - window + 1 ... end and nothing later.

    Parameters
    ----------
    excess_returns, factors : as in :func:`jqfast.factors.fit`
    window : dates of a window, more than coefficients
    step : dates between two windows, counted back from the last date
    min_obs : values that a window needs; None: two thirds of it

    Returns
    -------
    RollingFit

    Raises
    ------
    ValueError
        If ``window`` or ``step`` is out of range, or lengths do not fit.
    DataGapError
        If there are fewer dates than the window has.
    """
    y, x, codes, names = aligned(excess_returns, factors)
    K = x.shape[1] + 1
    if window <= K or step < 1:
        raise ValueError(
            f"`window` must be more than the {K} coefficients and `step` at least 1; got {window} and {step}."
        )
    if len(y) < window:
        raise DataGapError(f"`window` of {window} dates needs as many; there are {len(y)}.")
    least = max(-(-2 * window // 3) if min_obs is None else min_obs, K + 1)
    ends = np.arange(len(y) - 1, window - 2, -step)[::-1].astype(np.int64)
    out = np.full((len(ends), K, y.shape[1]), np.nan)
    r2 = np.full((len(ends), y.shape[1]), np.nan)
    full = np.column_stack([np.ones(len(x)), x])
    for w, end in enumerate(ends):
        rows = slice(end - window + 1, end + 1)
        if np.isfinite(full[rows]).all(axis=1).sum() <= K:
            continue
        found = _ols.least_squares(
            y[rows],
            _ols.make_design(full[rows], (ALPHA, *names)),
            errors="classical",
            lags=None,
            small_sample=False,
        )
        enough = found.n >= least
        out[w] = np.where(enough, found.coefficients.T, np.nan)
        share = found.rss / np.where(found.tss > 0, found.tss, np.nan)
        r2[w] = np.where(enough & np.isfinite(found.coefficients[:, 0]), 1.0 - share, np.nan)
    return RollingFit(codes, (ALPHA, *names), ends, out, r2)
