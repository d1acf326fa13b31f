"""Small panels for the tests of the judgement."""

from __future__ import annotations

import numpy as np

from jqfast.data.panel import Panel


def panel_of(close: np.ndarray, open_: np.ndarray | None = None, **columns: np.ndarray) -> Panel:
    """A panel of sessions from 2020-01-06 on with ample turnover; not listed where ``volume`` is NaN."""
    T, N = close.shape
    start = close if open_ is None else open_
    ones = np.ones((T, N))
    base = {
        "open": start,
        "high": np.fmax(start, close),
        "low": np.fmin(start, close),
        "close": close,
        "volume": ones,
        "turnover": ones * 1e15,
        "adjustment": ones,
    }
    base |= columns
    dates = np.busday_offset("2020-01-06", np.arange(T)).astype("datetime64[D]")
    codes = np.array([f"{1000 + n}" for n in range(N)])
    return Panel(dates, codes, base, ~np.isnan(base["volume"]))


def walk(T: int, N: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random (close, open) of T sessions and N stocks."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0.0, 0.01, (2 * T, N)).cumsum(axis=0)
    prices = 1000.0 * np.exp(steps)
    return prices[1::2], prices[0::2]
