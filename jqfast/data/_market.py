"""The simulated trading floor: one session after another, all stocks at once.

Goes in: the fixed traits of the stocks, the schedule of their events, the rules of the market and one random
stream per purpose. Comes out: raw bars as traded. Each session:

1. draw the shocks (market, sectors, stock; volatility moves on by itself);
2. apply the splits of the day to the base price;
3. move the hidden price overnight and through the day, with the planted drift;
4. turn the path into a bar: extremes, price units, daily limits;
5. trade: volume, halts, sessions without a trade.

The hidden price is never cut: what a limit holds back is paid the next session, as on the exchange.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jqfast.data._events import Schedule
from jqfast.data._shocks import Shocks, Traits
from jqfast.data._tokyo import limit_band, round_to_tick
from jqfast.data._truth import MOMENTUM, REVERSAL, drift_from, relative_move
from jqfast.types import BoolArray, FloatArray

LOT = 100.0  # shares
_SPLIT_FROM, _MERGE_BELOW = 4000.0, 120.0  # yen of raw price
_SPLITS_PER_SESSION = 1.0 / 245

Streams = Mapping[str, np.random.Generator]


@dataclass(frozen=True, eq=False)
class Rules:
    """``frictions``: price units and daily limits hold; ``strength``: of the planted effects;
    ``growth``: log drift of every stock per session."""

    frictions: bool
    strength: Mapping[str, float]
    growth: float


@dataclass(frozen=True, eq=False)
class Bars:
    """Raw bars: ``prices`` (4, T, N) open high low close in yen as traded, NaN without a trade; ``volume``
    shares and ``turnover`` yen, 0 without a trade; ``limit`` +1, -1, 0; ``factor`` (T, N) adjustment factors
    by ex-date."""

    prices: FloatArray
    volume: FloatArray
    turnover: FloatArray
    limit: FloatArray
    factor: FloatArray


@dataclass(eq=False)
class _Floor:
    """What the market carries from session to session, each (N,)."""

    hidden: FloatArray  # log price on the forward basis
    seen: FloatArray  # log of the last traded close on that basis, NaN before the first
    base: FloatArray  # raw base price of the session
    adjustment: FloatArray  # product of the factors so far
    heat: FloatArray  # log deviation of the volume from its level
    moves: deque[FloatArray]  # C_{t-60} ... C_t of the planted effects


def trade_sessions(T: int, traits: Traits, plan: Schedule, rules: Rules, streams: Streams) -> Bars:
    """Run T sessions and return their raw bars."""
    N = len(traits.beta)
    floor = _opening(traits, rules)
    shocks = Shocks(traits, streams)
    bars = _no_bars(T, N)
    for t in range(T):
        if t == plan.outage:
            continue
        listed = (plan.first <= t) & (t <= plan.last)
        bars.factor[t] = _split(floor, listed & (plan.first < t), streams["splits"])
        path, spread, surprise = _walk(floor, shocks, plan, rules, t)
        floor.hidden = np.where(listed, path[1], floor.hidden)
        raw, limit = _bar(floor, path, spread, streams["path"], frictions=rules.frictions)
        shares = _shares(floor, traits, raw, surprise, streams["volume"])
        # In the pure null market a dear stock must not trade less often: missing prices would lean one way.
        sure = (plan.first == t) | (plan.last == t) | (not rules.frictions)
        shares = np.where(sure, np.maximum(shares, LOT), shares) * (listed & ~plan.halted[t])
        _record(bars, floor, t, raw, shares, limit)
    return bars


def _no_bars(T: int, N: int) -> Bars:
    """Bars of a market in which nothing ever trades."""
    nothing = np.zeros((3, T, N))
    return Bars(np.full((4, T, N), np.nan), nothing[0], nothing[1], nothing[2], np.ones((T, N)))


def _opening(traits: Traits, rules: Rules) -> _Floor:
    """The floor before the first session."""
    N = len(traits.price)
    base = round_to_tick(traits.price) if rules.frictions else traits.price.copy()
    nothing = np.zeros(N)
    moves = deque([nothing] * (MOMENTUM + 1), maxlen=MOMENTUM + 1)
    return _Floor(np.log(traits.price), np.full(N, np.nan), base, np.ones(N), nothing, moves)


def _split(floor: _Floor, may: BoolArray, rng: np.random.Generator) -> FloatArray:
    """The session's adjustment factors: 1/2, 1/3, 1/5 for dear stocks, 10 for very cheap ones, else 1."""
    chosen = may & (rng.uniform(size=len(may)) < _SPLITS_PER_SESSION)
    base = floor.base
    factor = np.where(base < _SPLIT_FROM, 1.0, np.where(base < 6e3, 0.5, np.where(base < 1e4, 1 / 3, 0.2)))
    factor = np.where(chosen, np.where(base < _MERGE_BELOW, 10.0, factor), 1.0)
    floor.adjustment = floor.adjustment * factor
    floor.base = base * factor
    return factor


def _walk(
    floor: _Floor, shocks: Shocks, plan: Schedule, rules: Rules, t: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Hidden log price at open and close (2, N), the day's spread (N,), the size of the move in sigmas."""
    overnight, day, spread, sigma = shocks.draw()
    calm = np.where((plan.news >= 0) & (t > plan.news), plan.calm, 1.0)
    overnight, day, spread = overnight * calm, day * calm, spread * calm
    surprise = np.abs(overnight + day) / sigma
    drift = drift_from(floor.moves[-1], floor.moves[-1 - REVERSAL], floor.moves[0], rules.strength)
    opened = floor.hidden + overnight + np.where(plan.news == t, plan.jump, 0.0)
    return np.stack([opened, opened + day + drift + rules.growth]), spread, surprise


def _bar(
    floor: _Floor, path: FloatArray, spread: FloatArray, rng: np.random.Generator, *, frictions: bool
) -> tuple[FloatArray, FloatArray]:
    """Raw open, high, low, close (4, N) and the limit flag of the session.

    The extremes are those of a Brownian bridge between open and close, each drawn from its own exact law.
    """
    start, end = path
    reach = np.sqrt((end - start) ** 2 - 2.0 * spread**2 * np.log(1.0 - rng.uniform(size=(2, len(start)))))
    high, low = (start + end + reach[0]) / 2, (start + end - reach[1]) / 2
    high, low = np.maximum(high, path.max(axis=0)), np.minimum(low, path.min(axis=0))
    raw = np.exp(np.stack([start, high, low, end])) * floor.adjustment
    if not frictions:
        return raw, np.zeros(len(start))
    bottom, top = limit_band(round_to_tick(floor.base))
    raw = np.clip(round_to_tick(raw), bottom, top)
    return raw, np.where(raw[1] >= top, 1.0, np.where(raw[2] <= bottom, -1.0, 0.0))


def _shares(
    floor: _Floor, traits: Traits, raw: FloatArray, surprise: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """Raw shares traded in whole lots: a level, a persistent deviation, and more on days of large moves."""
    floor.heat = 0.9 * floor.heat + 0.25 * rng.standard_normal(len(surprise))
    busy = 0.35 * (np.minimum(surprise, 8.0) - 0.7)
    locked = (raw[1] == raw[2]) & (busy > 0.5)  # a large move and one price all day: held at the limit
    level = traits.log_turnover + floor.heat + busy - np.log(raw[3])
    return np.asarray(np.floor(np.exp(level) * np.where(locked, 0.1, 1.0) / LOT) * LOT)


def _record(
    bars: Bars, floor: _Floor, t: int, raw: FloatArray, shares: FloatArray, limit: FloatArray
) -> None:
    """Write the session's bar and carry what the next session sees of it."""
    traded = shares > 0
    bars.prices[:, t] = np.where(traded, raw, np.nan)
    bars.volume[t] = shares
    middle = (raw[0] + raw[1] + raw[2] + 2.0 * raw[3]) / 5.0
    bars.turnover[t] = np.where(traded, np.rint(middle * shares), 0.0)
    bars.limit[t] = np.where(traded, limit, 0.0)
    seen = np.log(raw[3] / floor.adjustment)
    floor.moves.append(floor.moves[-1] + relative_move(seen, floor.seen, traded))
    floor.seen = np.where(traded, seen, floor.seen)
    floor.base = np.where(traded, raw[3], floor.base)
