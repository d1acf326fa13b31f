"""What a factor model of the panel says of every stock: its forecast, and what it leaves of the labels.

1. Factors are built from the panel as they were known (`jqfast.factors.build`).
2. Betas of a stock on session t come from the returns of the year that ends on t, renewed every week.
3. Forecast: b E[F] with E[F] the mean of all sessions up to t. Residual: the label less b times what the
   factors earned over the label's own sessions.

Only the residuals look ahead, as labels do; they are complete when their labels are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.factors import build, rolling_fit, sorts
from jqfast.learn.labels import Labels, Start
from jqfast.types import FloatArray, IntArray

#: Sessions of the regressions, and between two of them.
WINDOW, STEP = 250, 5


@dataclass(frozen=True, eq=False)
class FactorView:
    """Betas and factors on the S sessions of a panel.

    Parameters
    ----------
    rows : (S,) rows of the sessions
    factors : (S, K) returns of the factors, NaN where unknown
    betas : (W, K, N), NaN of a stock with too short a history
    newest : (S,) the regression that was known on a session, -1 before the first
    """

    model: str
    rows: IntArray
    factors: FloatArray
    betas: FloatArray
    newest: IntArray


def view(panel: Panel, model: str) -> FactorView:
    """The factor model ``model`` on a panel.

    Raises
    ------
    DataGapError
        If the panel lacks what the factors are made of, or is shorter than a regression.
    """
    built = build(panel, config=sorts.by_size(panel))
    if not built.has(model):
        raise DataGapError(
            f"`ensemble.factors` asks for {model}, but these data give only {', '.join(built.names)}. "
            "Factors beyond the market need market values and accounts, as a store has them."
        )
    chosen = built.select(model)
    returns, rows = sorts.session_returns(panel)
    # Factors begin with the second session.
    values = np.full((len(rows), len(chosen.names)), np.nan)
    values[1:] = chosen.values
    known = np.flatnonzero(np.isfinite(values).all(axis=1))
    if len(known) < WINDOW:
        raise DataGapError(
            f"`ensemble.factors` needs {WINDOW} sessions on which {model} is known; there are {len(known)}."
        )
    first = int(known[0])
    # Weeks are counted from the first session on, so that data to come move no regression.
    last = len(rows) - (len(rows) - first - WINDOW) % STEP
    found = rolling_fit(returns[first:last], values[first:last], WINDOW, step=STEP)
    ends = found.ends + first
    newest = np.searchsorted(ends, np.arange(len(rows)), side="right") - 1
    return FactorView(model, rows, values, found.coefficients[:, 1:], newest)


def forecast(panel: Panel, seen: FactorView) -> FloatArray:
    """(T, N) expected return of a session; a stock without betas is expected to earn what the others do on
    average, and NaN stands where no stock has any."""
    known = np.isfinite(seen.factors).all(axis=1, keepdims=True)
    mean = np.cumsum(np.where(known, seen.factors, 0.0), axis=0) / np.maximum(np.cumsum(known, axis=0), 1)
    out = np.full(panel.shape, np.nan)
    expected = _times(seen, mean)
    has = np.isfinite(expected)
    level = np.where(has, expected, 0.0).sum(axis=1) / np.maximum(has.sum(axis=1), 1)
    level = np.where(has.any(axis=1), level, np.nan)
    out[seen.rows] = np.where(has, expected, level[:, None])
    return out


def residuals(panel: Panel, labels: Labels, seen: FactorView, *, start: Start) -> Labels:
    """Labels of what the factor model leaves over; NaN for stocks without betas.

    A label that starts at an open is charged with the factors' whole first session, from the close before.
    """
    S = len(seen.rows)
    place = np.full(panel.shape[0] + 1, S)
    place[seen.rows] = np.arange(S)
    known = np.isfinite(seen.factors).all(axis=1)
    total = np.vstack([np.zeros(seen.factors.shape[1]), np.nancumsum(seen.factors, axis=0)])
    gaps = np.append(0, np.cumsum(~known))
    first = np.arange(S) + 1 + (start == "close")  # sessions first ... end earn the label
    returns = labels.returns.copy()
    for h, ends in enumerate(labels.end_row):
        end = place[ends[seen.rows]]
        whole = np.flatnonzero(end < S)
        earned = np.full((S, total.shape[1]), np.nan)
        earned[whole] = total[end[whole] + 1] - total[first[whole]]
        earned[whole[gaps[end[whole] + 1] > gaps[first[whole]]]] = np.nan
        returns[h, seen.rows] -= _times(seen, earned)
    return replace(labels, returns=returns)


def _times(seen: FactorView, factors: FloatArray) -> FloatArray:
    """(S, N) betas known on each session times ``factors`` (S, K) of it."""
    out = np.full((len(seen.rows), seen.betas.shape[2]), np.nan)
    for w in range(len(seen.betas)):
        of = seen.newest == w
        out[of] = factors[of] @ seen.betas[w]
    return out
