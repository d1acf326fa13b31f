"""Panels that benchmarks measure on, from a seed alone.

*medium* is the panel all engine figures refer to: 2,500 sessions x 2,000 stocks, prices on a 0.1 tick, 10.6 %
of the cells empty because of staggered listings and delistings and another 0.1 % because a stock had no
bar on a day. An empty cell is NaN in every column, so that all packages start from the same gaps.
"""

from __future__ import annotations

import numpy as np

from jqfast.data.panel import Panel, PanelInfo

UNLISTED, MISSING = 0.106, 0.001
LATE, GONE = 0.25, 0.15  # shares of the stocks that are listed late, that are delisted
TICK, SECTORS = 0.1, 33


def medium(sessions: int = 2_500, stocks: int = 2_000, *, seed: int = 7) -> Panel:
    """The panel of the engine's figures; other sizes have the same shape and the same share of gaps.

    Parameters
    ----------
    sessions, stocks : int, T and N
    seed : int, of the only random generator used

    Returns
    -------
    Panel with open, high, low, close, volume, turnover, adjustment (T, N) and `sector` (T, N) float64, 0 to
    32, constant for a stock.
    """
    rng = np.random.default_rng(seed)
    listed = _membership(rng, sessions, stocks)
    traded = listed & (rng.random((sessions, stocks)) >= MISSING)
    prices = _prices(rng, sessions, stocks)
    volume = np.round(np.exp(rng.normal(11.0, 1.2, stocks) + rng.normal(0.0, 0.6, (sessions, stocks))))
    columns = {**prices, "volume": np.maximum(volume, 1.0)}
    columns["turnover"] = columns["volume"] * (prices["high"] + prices["low"] + prices["close"]) / 3.0
    for values in columns.values():
        values[~traded] = np.nan
    columns["adjustment"] = np.ones((sessions, stocks))
    columns["sector"] = np.broadcast_to(
        rng.integers(0, SECTORS, stocks).astype(float), (sessions, stocks)
    ).copy()
    dates = np.busday_offset("2010-01-04", np.arange(sessions), roll="forward").astype("datetime64[D]")
    codes = np.array([f"{1000 + n:04d}0" for n in range(stocks)])
    return Panel(dates, codes, columns, listed, info=PanelInfo(source="benchmark"))


def _membership(rng: np.random.Generator, T: int, N: int) -> np.ndarray:
    """(T, N) bool: the share UNLISTED of the cells lies before a listing or after a delisting."""
    late = np.where(rng.random(N) < LATE, rng.random(N), 0.0)
    gone = np.where(rng.random(N) < GONE, rng.random(N), 0.0)
    scale = UNLISTED / max((late + gone).mean(), UNLISTED)  # no stock loses more than its whole history
    first = np.round(late * scale * T)
    last = T - np.round(gone * scale * T)
    day = np.arange(T)[:, None]
    return (day >= first) & (day < last)


def _prices(rng: np.random.Generator, T: int, N: int) -> dict[str, np.ndarray]:
    """Open, high, low and close of a walk with a market factor, on the tick."""
    market = rng.normal(0.0002, 0.008, (T, 1))
    steps = market + rng.normal(0.0, 0.018, (T, N))
    close = 1_000.0 * np.exp(rng.normal(0.0, 0.8, N) + np.cumsum(steps, axis=0) * 0.8)
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.006, (T, N)))
    reach = np.abs(rng.normal(0.0, 0.008, (2, T, N)))
    high = np.maximum(open_, close) * (1.0 + reach[0])
    low = np.minimum(open_, close) * (1.0 - reach[1])
    raw = {"open": open_, "high": high, "low": low, "close": close}
    return {name: np.maximum(np.round(values / TICK), 1.0) * TICK for name, values in raw.items()}
