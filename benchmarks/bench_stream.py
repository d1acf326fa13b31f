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
from benchmarks.streaming import market, timed_updates
from jqfast import features
from jqfast.data.panel import Panel

STOCKS, PAST, UPDATES, THREADS, WARM = 4000, 260, 250, 2, 5
MILLISECONDS = 10.0
PART = 30  # features of the batch that the answers are compared with at once


@pytest.mark.parametrize("normalize", [False, True], ids=["plain", "normalized"])
def test_one_session_of_the_whole_market(tmp_path: Path, normalize: bool) -> None:
    panel = market(PAST + UPDATES + WARM, STOCKS)
    stream, prime_s = _timed(
        lambda: features.stream(panel.rows(0, PAST), "all", normalize=normalize, threads=THREADS)
    )
    times, results = timed_updates(stream, panel, PAST)
    _, save_s = _timed(lambda: stream.save(tmp_path / "state"))
    _, load_s = _timed(lambda: features.load_stream(tmp_path / "state", threads=THREADS))
    warm = times[WARM:]
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
