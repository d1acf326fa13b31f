"""A market to stream, and the milliseconds of each of its updates."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import Stream


def market(T: int, N: int) -> Panel:
    """Random walks with gaps, stocks that are listed late and stocks that leave."""
    rng = np.random.default_rng(7)
    close = 1000 * np.exp(np.cumsum(0.02 * rng.standard_normal((T, N)), axis=0))
    spread = 1 + 0.01 * rng.random((T, N))
    volume = rng.integers(1, 1000, (T, N)) * 100.0
    prices = {"open": close / spread, "high": close * 1.01, "low": close / 1.02, "close": close}
    silent = rng.random((T, N)) < 0.01
    first, last = rng.integers(-4 * T, T, N), rng.integers(0, 5 * T, N)
    listed = (first <= np.arange(T)[:, None]) & (np.arange(T)[:, None] <= last)
    columns = {name: np.where(silent | ~listed, np.nan, values) for name, values in prices.items()}
    columns["volume"] = np.where(listed, np.where(silent, 0.0, volume), np.nan)
    columns["turnover"] = columns["volume"] * np.where(silent, 0.0, close)
    columns["adjustment"] = np.where(listed, 1.0, np.nan)
    dates = np.datetime64("2020-01-01") + np.arange(T)
    return Panel(dates, np.array([f"{10000 + n}" for n in range(N)]), columns, listed)


def row(panel: Panel, t: int) -> dict[str, Any]:
    """What comes on a date, as `Stream.update` takes it."""
    return {**{name: values[t] for name, values in panel.columns.items()}, "listed": panel.listed[t]}


def timed_updates(stream: Stream, panel: Panel, start: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """(milliseconds, values (F, N)) of each date from ``start`` on; rows are cut before the clock."""
    rows = [row(panel, t) for t in range(start, panel.shape[0])]
    times, results = [], []
    for t, today in enumerate(rows, start=start):
        begin = time.perf_counter()
        result = stream.update(panel.dates[t], today)
        times.append((time.perf_counter() - begin) * 1e3)
        results.append(result.values)
    return np.array(times), results


def worst_of_updates(stocks: int, threads: int, *, past: int, updates: int, warm: int) -> tuple[float, int]:
    """(99th percentile in ms, features) of the whole price catalogue, after ``warm`` updates."""
    panel = market(past + warm + updates, stocks)
    stream = features.stream(panel.rows(0, past), "everything", threads=threads)
    times, _ = timed_updates(stream, panel, past)
    return float(np.percentile(times[warm:], 99)), len(stream.names)
