"""The planted effects: what drives a simulated stock, and what its label is expected to be.

Both effects are linear in past market-relative moves of the *visible* close, so that the expectation is exact
and anyone who has the closes can compute it. With C_t the sum of a stock's moves up to session t,

    reversal_t = -(C_t - C_{t-5})            momentum_t = C_{t-5} - C_{t-60}
    drift of session t+1 = strength_r * reversal_t + strength_m * momentum_t

as a log return while the market is open, and a move is the stock's log return from its last traded close less
the mean of all stocks that traded.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jqfast.types import BoolArray, FloatArray

REVERSAL, MOMENTUM = 5, 60
#: Stocks handled at once, so that the expectation of a whole market needs no further arrays of panel size.
_BLOCK = 256


def relative_move(now: FloatArray, before: FloatArray, traded: BoolArray) -> FloatArray:
    """(N,) log moves of one session less their mean over the stocks that traded; 0 for all others."""
    known = traded & np.isfinite(before) & np.isfinite(now)
    move = np.where(known, now - np.where(known, before, 0.0), 0.0)
    mean = move.sum() / max(int(known.sum()), 1)
    return np.where(known, move - mean, 0.0)


def drift_from(
    past: FloatArray, short: FloatArray, long: FloatArray, strength: Mapping[str, float]
) -> FloatArray:
    """Drift of the next session from C_t, C_{t-5} and C_{t-60}; the one place where the formula stands."""
    return strength["reversal"] * (short - past) + strength["momentum"] * (short - long)


def cumulated_moves(close: FloatArray, is_session: BoolArray) -> FloatArray:
    """(S, N) C_t on the S real sessions of a panel, from its (T, N) closes on one price basis."""
    log_close = np.log(close[is_session])
    total = np.zeros_like(log_close)
    last = np.full(close.shape[1], np.nan)
    running = np.zeros(close.shape[1])
    for t, now in enumerate(log_close):
        traded = np.isfinite(now)
        running = running + relative_move(now, last, traded)
        last = np.where(traded, now, last)
        total[t] = running
    return total


def drivers(total: FloatArray) -> dict[str, FloatArray]:
    """name -> (S, N) value of each driver at the close of every session."""
    short, long = _lagged(total, REVERSAL), _lagged(total, MOMENTUM)
    return {"reversal": short - total, "momentum": short - long}


def expected_labels(
    total: FloatArray, horizons: tuple[int, ...], strength: Mapping[str, float]
) -> dict[int, FloatArray]:
    """horizon -> (S, N) expected log return from the next open to the close ``horizon`` sessions ahead.

    Uses rows <= t only. The expected path is iterated: each session ahead adds its drift to C before the next
    session's drift is taken from it.
    """
    out = {h: np.empty_like(total) for h in horizons}
    for start in range(0, total.shape[1], _BLOCK):
        cut = slice(start, start + _BLOCK)
        for ahead, gain in enumerate(_paths(total[:, cut], max(horizons), strength), start=1):
            if ahead in out:
                out[ahead][:, cut] = gain
    return out


def _paths(total: FloatArray, steps: int, strength: Mapping[str, float]) -> list[FloatArray]:
    """Expected gain over 1, 2 ... ``steps`` sessions for one block of stocks."""
    path = [total]
    for k in range(steps):
        short = path[k - REVERSAL] if k >= REVERSAL else _lagged(total, REVERSAL - k)
        long = path[k - MOMENTUM] if k >= MOMENTUM else _lagged(total, MOMENTUM - k)
        path.append(path[k] + drift_from(path[k], short, long, strength))
    return [ahead - total for ahead in path[1:]]


def _lagged(values: FloatArray, k: int) -> FloatArray:
    """Rows moved down by k; before the first row C is zero."""
    out = np.zeros_like(values)
    out[k:] = values[: len(values) - k] if k < len(values) else 0.0
    return out
