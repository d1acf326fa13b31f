"""Claim: one session of 4,000 stocks with the whole price catalogue in at most 10 ms, 99 of 100 times.

    pytest benchmarks/bench_stream.py -s

250 warm updates through `Stream.update` on 2 threads, arrays in and arrays out, checked bit for bit against
one batch over all dates. Loading the state is measured beside it (decision 33). A
record of each run is appended to `benchmarks/results/stream.json`.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.record import keep
from jqfast import features
from jqfast.data.panel import Panel

STOCKS, PAST, UPDATES, THREADS, WARM = 4000, 260, 250, 2, 5
MILLISECONDS = 10.0
PART = 30  # features of the batch that the answers are compared with at once


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


@pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normalized"])
def test_one_session_of_the_whole_market(tmp_path: Path, normalize: bool) -> None:
    panel = market(PAST + UPDATES + WARM, STOCKS)
    stream, prime_s = _timed(
        lambda: features.stream(panel.rows(0, PAST), "all", normalize=normalize, threads=THREADS)
    )
    rows = [
        {**{name: values[t] for name, values in panel.columns.items()}, "listed": panel.listed[t]}
        for t in range(PAST, panel.shape[0])
    ]
    times, results = [], []
    for t, row in zip(range(PAST, panel.shape[0]), rows, strict=True):
        start = time.perf_counter()
        result = stream.update(panel.dates[t], row)
        times.append((time.perf_counter() - start) * 1e3)
        results.append(result.values)
    _, save_s = _timed(lambda: stream.save(tmp_path / "state"))
    _, load_s = _timed(lambda: features.load_stream(tmp_path / "state", threads=THREADS))
    warm = np.array(times[WARM:])
    record = {
        "threads": THREADS,
        "stocks": STOCKS,
        "features": len(stream.names),
        "normalized": normalize,
        "updates": len(warm),
        "p50_ms": round(float(np.percentile(warm, 50)), 2),
        "p99_ms": round(float(np.percentile(warm, 99)), 2),
        "max_ms": round(float(warm.max()), 2),
        "state_mb": round(stream.state_bytes / 1e6, 1),
        "file_mb": round((tmp_path / "state").stat().st_size / 1e6, 1),
        "past_s": round(prime_s, 2),
        "save_s": round(save_s, 2),
        "load_s": round(load_s, 2),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    _compare(panel, results, normalize)
    keep("stream", record)
    assert record["p99_ms"] <= MILLISECONDS


def _timed(work):  # type: ignore[no-untyped-def]
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _compare(panel: Panel, results: list[np.ndarray], normalize: bool) -> None:
    """Every update has the bits of the batch."""
    names = features.names("all", panel.columns)
    compared = 0
    for first in range(0, len(names), PART):
        some = names[first : first + PART]
        want = features.panel(panel, some, normalize=normalize, threads=THREADS).values
        for t, values in enumerate(results, start=PAST):
            got = values[first : first + len(some)]
            assert np.array_equal(got.view(np.int32), np.ascontiguousarray(want[:, t]).view(np.int32)), t
            compared += got.size
    assert compared == len(names) * len(results) * STOCKS
