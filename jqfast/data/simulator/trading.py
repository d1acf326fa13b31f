"""One session of trading: from the hidden paths of all stocks to their raw bars.

Goes in: the hidden log prices at the open, at noon and at the close, and what the floor carries over from the
session before. Comes out: a ``Bar``, morning and afternoon beside the day. The hidden price is never cut:
what a limit holds back is paid the next session, as on the exchange.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.simulator.prices import bridge, limit_band, to_tick
from jqfast.types import BoolArray, FloatArray

LOT = 100.0  # shares
_MORNING = 0.45  # share of the day's volume


@dataclass(frozen=True, eq=False)
class Rules:
    """Of one session: ``frictions`` price units and limits hold, ``early`` the units from before June 2023,
    ``fine`` (N,) issues with fine units, ``half`` a morning only."""

    frictions: bool
    early: bool
    fine: BoolArray
    half: bool


@dataclass(frozen=True, eq=False)
class Path:
    """Hidden log prices of a session on the forward basis, each (N,), and the ``spread`` of the day."""

    open: FloatArray
    close: FloatArray
    spread: FloatArray


@dataclass(frozen=True, eq=False)
class Bar:
    """Raw bars of one session: ``prices`` (12, N) O H L C of the day, the morning and the afternoon, NaN
    without a trade; ``volume`` (3, N) shares and ``turnover`` (3, N) yen of the same, 0 without a trade;
    ``limit`` (6, N) bool touched up and down of the same; ``traded`` (N,)."""

    prices: FloatArray
    volume: FloatArray
    turnover: FloatArray
    limit: BoolArray
    traded: BoolArray


def quotes(
    path: Path, adjustment: FloatArray, base: FloatArray, rules: Rules, rng: np.random.Generator
) -> FloatArray:
    """(8, N) raw O H L C of the morning and the afternoon, on price units and within the limits."""
    N = len(path.open)
    draws = rng.uniform(size=(4, N))
    if rules.half:
        high, low = bridge(path.open, path.close, path.spread, draws[:2])
        morning = (path.open, high, low, path.close)
        logs = np.stack([*morning, *([path.close] * 4)])
    else:
        part = path.spread / np.sqrt(2.0)
        noon = (path.open + path.close) / 2 + part / np.sqrt(2.0) * rng.standard_normal(N)
        high, low = bridge(path.open, noon, part, draws[:2])
        later_high, later_low = bridge(noon, path.close, part, draws[2:])
        logs = np.stack([path.open, high, low, noon, noon, later_high, later_low, path.close])
    raw = np.exp(logs) * adjustment
    if not rules.frictions:
        return raw
    raw = to_tick(raw, rules.fine, early=rules.early)
    bottom, top = limit_band(base)
    return np.clip(raw, bottom, top)


def trade(
    raw: FloatArray, shares: FloatArray, base: FloatArray, rules: Rules, rng: np.random.Generator
) -> Bar:
    """The session's bars from its quotes and the shares that change hands."""
    traded = shares > 0
    early = (
        np.floor(shares * np.clip(_MORNING + 0.1 * rng.standard_normal(len(shares)), 0.1, 0.9) / LOT) * LOT
    )
    early = shares if rules.half else early
    late = shares - early
    m, a = raw[:4].copy(), raw[4:].copy()
    m[:, early == 0], a[:, late == 0] = np.nan, np.nan
    # A stock that trades in one half alone has that half's prices all day.
    day = np.stack([np.where(early > 0, m[0], a[0]), np.fmax(m[1], a[1]), np.fmin(m[2], a[2]), a[3]])
    day[3] = np.where(late > 0, a[3], m[3])
    volume = np.stack([shares, early, late])
    money = np.stack([np.zeros_like(shares), early * _typical(m), late * _typical(a)])
    money = np.where(volume > 0, np.rint(money), 0.0)
    money[0] = money[1] + money[2]
    prices = np.concatenate([day, m, a])
    if rules.frictions:
        bottom, top = limit_band(base)
        highs, lows = prices[[1, 5, 9]], prices[[2, 6, 10]]
        limit = np.concatenate([highs >= top, lows <= bottom])
    else:
        limit = np.zeros((6, len(shares)), dtype=np.bool_)
    return Bar(prices, volume, money, limit, traded)


def _typical(half: FloatArray) -> FloatArray:
    """Average price of half a session, between its extremes."""
    return np.asarray((half[0] + half[1] + half[2] + 2.0 * half[3]) / 5.0)


class Volume:
    """Shares traded: a level per stock, a persistent deviation, and more on days of large moves."""

    def __init__(self, log_turnover: FloatArray, rng: np.random.Generator) -> None:
        self._level, self._rng = log_turnover, rng
        self._heat = np.zeros(len(log_turnover))

    def draw(self, raw: FloatArray, surprise: FloatArray, drift: FloatArray) -> FloatArray:
        """Whole lots for quotes (8, N); ``surprise`` is the size of the move in typical moves, ``drift`` how
        far the stock's value has come since the start, in logs."""
        self._heat = 0.9 * self._heat + 0.25 * self._rng.standard_normal(len(surprise))
        busy = 0.35 * (np.minimum(surprise, 8.0) - 0.7)
        locked = (np.max(raw, axis=0) == np.min(raw, axis=0)) & (busy > 0.5)
        level = self._level + drift + self._heat + busy - np.log(raw[7])
        return np.asarray(np.floor(np.exp(level) * np.where(locked, 0.1, 1.0) / LOT) * LOT)
