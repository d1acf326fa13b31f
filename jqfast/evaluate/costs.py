"""What trading costs: every number of the cost model, and the estimates it needs from a panel.

A trade of value Q in a stock of price P, daily turnover V and daily volatility s costs, as a fraction of Q,

    commission + max(floor, spread_ticks / 2 * tick(P) / P) + impact * s * sqrt(Q / V),

and a short position costs the borrow fee for every session it is held. All estimates use rows up to the
decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import unknown
from jqfast.evaluate.ranks import over_rows
from jqfast.types import AnyArray, FloatArray

TickTable = Literal["other", "topix500"]

# Price up to and including which a tick holds, yen (Tokyo Stock Exchange, tables in force since 2023-06-05).
_TICK_LIMITS = np.array([1e3, 3e3, 5e3, 1e4, 3e4, 5e4, 1e5, 3e5, 5e5, 1e6, 3e6, 5e6, 1e7, 3e7, 5e7])
_TICKS = {
    "other": np.array(
        [1.0, 1.0, 5.0, 10.0, 10.0, 50.0, 100.0, 100.0, 500.0, 1e3, 1e3, 5e3, 1e4, 1e4, 5e4, 1e5]
    ),
    "topix500": np.array(
        [0.1, 0.5, 1.0, 1.0, 5.0, 10.0, 10.0, 50.0, 100.0, 100.0, 500.0, 1e3, 1e3, 5e3, 1e4, 1e4]
    ),
}


@dataclass(frozen=True)
class CostConfig:
    """The numbers of the cost model.

    Parameters
    ----------
    commission_bps : per trade
    spread_ticks : quoted spread in ticks; half of it is paid per trade
    spread_floor_bps : least half spread
    impact : coefficient of volatility x sqrt(participation)
    borrow_fee_bps_year : on the value of short positions
    capital : yen per leg, for participation and impact
    max_participation : share of the daily turnover beyond which an order is not filled
    min_turnover : yen of average daily turnover below which a stock is not opened
    window : sessions of the average turnover and the volatility
    tick_table : ``"other"`` (coarse, for all stocks: the careful choice) or ``"topix500"``
    """

    commission_bps: float = 2.0
    spread_ticks: float = 1.0
    spread_floor_bps: float = 2.5
    impact: float = 0.7
    borrow_fee_bps_year: float = 115.0
    capital: float = 1e8
    max_participation: float = 0.10
    min_turnover: float = 0.0
    window: int = 20
    tick_table: TickTable = "other"

    def __post_init__(self) -> None:
        if self.tick_table not in _TICKS:
            raise unknown("tick table", str(self.tick_table), _TICKS)
        for name in (
            "commission_bps",
            "spread_ticks",
            "spread_floor_bps",
            "impact",
            "borrow_fee_bps_year",
            "min_turnover",
        ):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be 0 or more; got {getattr(self, name)}.")
        if not self.capital > 0:
            raise ValueError(f"`capital` must be positive yen; got {self.capital}.")
        if not 0 < self.max_participation <= 1:
            raise ValueError(f"`max_participation` must be in (0, 1]; got {self.max_participation}.")
        if self.window < 2:
            raise ValueError(f"`window` must be at least 2 sessions; got {self.window}.")


class Liquidity(NamedTuple):
    """What the cost model knows at each decision, each (T, N): yen a day, fraction a day, fraction of
    value.
    """

    turnover: FloatArray
    volatility: FloatArray
    half_spread: FloatArray


def tick_size(price: AnyArray, table: TickTable = "other") -> FloatArray:
    """The price step in yen at each price; NaN where the price is NaN or not positive."""
    if table not in _TICKS:
        raise unknown("tick table", str(table), _TICKS)
    p = np.asarray(price, dtype=np.float64)
    steps = _TICKS[table][np.searchsorted(_TICK_LIMITS, p, side="left").clip(max=len(_TICK_LIMITS))]
    valid = np.isfinite(p) & (p > 0)
    return np.where(valid, steps, np.nan)


def liquidity(panel: Panel, config: CostConfig) -> Liquidity:
    """Average turnover, volatility and half spread of each stock at each session of a panel.

    Returns
    -------
    Liquidity on all T rows. Turnover and volatility are NaN until half of the window is present; the half
    spread falls back to the floor where there is no price. The tick is that of the traded price:
    ``raw_close`` where the panel has it, else close x adjustment (approximate for data that arrive adjusted
    for later splits).
    """
    close, raw = panel["close"], "raw_close" in panel.columns
    traded, adjustment = panel["raw_close" if raw else "close"], None if raw else panel["adjustment"]
    turnover, listed = panel["turnover"], panel.listed
    found = Liquidity(*(np.empty(close.shape) for _ in Liquidity._fields))

    def block(stocks: slice) -> None:
        here = np.ascontiguousarray(close[:, stocks])
        change = np.full(here.shape, np.nan)
        change[1:] = here[1:] / forward_fill(here)[:-1] - 1.0
        paid = traded[:, stocks] if adjustment is None else here * adjustment[:, stocks]
        found.half_spread[:, stocks] = _half_spread(forward_fill(paid), config)
        value = np.where(listed[:, stocks], turnover[:, stocks], np.nan)
        found.turnover[:, stocks], _ = _rolling(value, config.window)
        _, found.volatility[:, stocks] = _rolling(change, config.window)

    over_rows(block, close.shape[1], close.shape[0])  # a stock knows nothing of the others
    return found


def _half_spread(price: FloatArray, config: CostConfig) -> FloatArray:
    """Half the quoted spread as a share of the price, at least the floor."""
    half = 0.5 * config.spread_ticks * tick_size(price, config.tick_table) / price
    floor = config.spread_floor_bps * 1e-4
    return np.where(np.isfinite(half), np.maximum(half, floor), floor)


def forward_fill(values: FloatArray) -> FloatArray:
    """The last finite value up to each row, per column; NaN before the first."""
    steps = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(np.isfinite(values), steps, -1), axis=0)
    filled = np.take_along_axis(values, np.maximum(last, 0), axis=0) if len(values) else values
    return np.where(last >= 0, filled, np.nan)


def _rolling(values: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Mean and deviation (ddof 1) of the last ``window`` rows; NaN with fewer than half of them present.

    Differences of cumulative sums: good to ten digits for turnover and daily returns, ample for costs.
    """
    present = np.isfinite(values)
    filled = np.where(present, values, 0.0)
    count = _window_sum(present.astype(np.float64), window)
    enough = count >= max(2, window // 2)
    safe = np.maximum(count, 1.0)
    mean = _window_sum(filled, window) / safe
    squares = np.maximum(_window_sum(filled * filled, window) - safe * mean * mean, 0.0)
    deviation = np.sqrt(squares / np.maximum(count - 1.0, 1.0))
    return np.where(enough, mean, np.nan), np.where(enough, deviation, np.nan)


def _window_sum(values: FloatArray, window: int) -> FloatArray:
    """Sums over the last ``window`` rows, fewer at the start."""
    total: FloatArray = np.cumsum(values, axis=0)
    total[window:] -= total[:-window].copy()
    return total
