"""What kind of market a decision was made in, from what was known on its day."""

from __future__ import annotations

from bisect import bisect_left, insort

import numpy as np

from jqfast.types import AnyArray, FloatArray, IntArray

#: Sessions of the volatility and of the trend, and fewest sessions of history before a state is known.
VOLATILITY_WINDOW, TREND_WINDOW, HISTORY = 20, 120, 250

CALM, TURBULENT = 0, 1
FALLING, RISING = 0, 1


def volatility_state(market: AnyArray) -> IntArray:
    """Was the market's volatility above the middle of all it had been?

    Parameters
    ----------
    market : (T,) market return of each row, NaN for rows that are no session

    Returns
    -------
    (T,) int: 1 where the deviation of the last 20 sessions is above its median of all days up to that row,
    0 where it is not, -1 before 250 sessions of history
    """
    returns, rows = _sessions(market)
    deviation = _windows(returns, VOLATILITY_WINDOW).std(axis=1, ddof=1)
    states = np.full(len(returns), -1)
    past: list[float] = []
    for k, value in enumerate(deviation):
        insort(past, float(value))
        at = k + VOLATILITY_WINDOW - 1
        if at + 1 >= HISTORY:
            states[at] = TURBULENT if bisect_left(past, value) >= len(past) / 2 else CALM
    return _spread(states, rows, len(market))


def trend_state(market: AnyArray) -> IntArray:
    """Had the market risen?

    Returns
    -------
    (T,) int: 1 where the compounded return of the last 120 sessions is above 0, 0 where it is not, -1 before
    there are as many
    """
    returns, rows = _sessions(market)
    states = np.full(len(returns), -1)
    gained = np.log1p(_windows(returns, TREND_WINDOW)).sum(axis=1)
    states[TREND_WINDOW - 1 :] = np.where(gained > 0, RISING, FALLING)
    return _spread(states, rows, len(market))


def _sessions(market: AnyArray) -> tuple[FloatArray, IntArray]:
    values = np.asarray(market, dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(values))
    return values[rows], rows


def _windows(values: FloatArray, width: int) -> FloatArray:
    """(S - width + 1, width) windows, none where the series is shorter."""
    if len(values) < width:
        return np.empty((0, width))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, width))


def _spread(states: IntArray, rows: IntArray, length: int) -> IntArray:
    """States of sessions at their rows."""
    result = np.full(length, -1)
    result[rows] = states
    return result
