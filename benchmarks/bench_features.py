"""Claim: all catalogue features of the real panel in at most 3 s and 3 GB, 30 times as fast as pandas.

    JQFAST_REAL_DATA=path/to/data pytest benchmarks/bench_features.py -s

Ours and the peer run in the same process on the same panel. The peer is wide pandas: one rolling call per
statistic, shared series computed once (`tests/oracle/pandas_catalog.py`); it is spared the conversion to
float32 and the dates that are no sessions. Our result is freed before it is computed again, so that all but
the first write into memory that has been kept (`jqfast.memory`); the time with memory fresh from the system,
which clears it page by page, is recorded beside it. Answers are compared cell by cell. Where they differ by
more than 1e-6 the cell is computed a third time, with two-pass deviations: pandas' sliding variance is not
sound there, and ours must be. A record of each run is appended to `benchmarks/results/features.json`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jqfast
import jqfast.features as features
from benchmarks.record import keep
from jqfast.data import read_prices
from jqfast.data.panel import Panel
from jqfast.memory import USUAL_LIMIT

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "oracle"))

import catalog_support  # noqa: E402 - found through the path above
import pandas_catalog  # noqa: E402

SECONDS, GIGABYTES, TIMES_PANDAS = 3.0, 3.0, 30.0
THREADS = 2
RELATIVE, ABSOLUTE = 1e-6, 1e-9


@pytest.fixture(scope="module")
def prices() -> Path:
    path = Path(os.environ.get("JQFAST_REAL_DATA", "")) / "jp_daily.parquet"
    if not path.is_file():
        pytest.skip("JQFAST_REAL_DATA does not name a folder with jp_daily.parquet")
    return path.resolve()


@pytest.fixture(scope="module")
def panel(prices: Path) -> Panel:
    return read_prices(prices)


def test_all_features_of_the_real_panel(benchmark: Any, prices: Path, panel: Panel) -> None:
    ours = partial(features.panel, panel, "everything", dtype="float32", threads=THREADS)
    X = benchmark.pedantic(ours, rounds=5, warmup_rounds=1)
    start = time.process_time()
    ours()
    cpu_s = time.process_time() - start
    fresh_s = _median_on_fresh_memory(ours)
    pandas_s, unsound = time_and_compare(panel, X)
    normal_s = _median(lambda: features.panel(panel, "everything", normalize=True, threads=THREADS), rounds=3)
    record = {
        "threads": THREADS,
        "sessions": panel.shape[0],
        "stocks": panel.shape[1],
        "features": len(X.names),
        "median_s": round(benchmark.stats.stats.median, 4),
        "spread_s": round(benchmark.stats.stats.max - benchmark.stats.stats.min, 4),
        "cpu_s": round(cpu_s, 3),
        "fresh_memory_median_s": round(fresh_s, 4),
        "normalized_median_s": round(normal_s, 4),
        "peak_gb": round(peak_memory(prices), 3),
        "pandas_s": round(pandas_s, 3),
        "times_pandas": round(pandas_s / benchmark.stats.stats.median, 1),
        "cells_where_pandas_is_unsound": unsound,
    }
    benchmark.extra_info.update(record)
    keep("features", record, packages=("pandas",))
    assert record["median_s"] <= SECONDS
    assert record["peak_gb"] <= GIGABYTES
    assert record["times_pandas"] >= TIMES_PANDAS


def time_and_compare(panel: Panel, X: features.FeaturePanel) -> tuple[float, int]:
    """Seconds pandas needs for all features, and the number of cells in which it is not sound."""
    rows = np.flatnonzero(panel.is_session)
    frames = catalog_support.wide_frames(panel)
    peer = pandas_catalog.Wide(frames, exact=False)
    seconds, unsound = 0.0, 0
    for name in X.names:
        oracle = pandas_catalog.oracle_for(name)
        start = time.perf_counter()
        want = oracle.values(peer)
        seconds += time.perf_counter() - start
        ours = X.values[X.names.index(name)][rows]
        wrong = _differs(ours, want.to_numpy(), oracle.scale) & ~_undecided(oracle, peer)
        if wrong.any():
            unsound += int(wrong.sum())
            _decide(name, ours, wrong, frames)
    return seconds, unsound


def _differs(ours: np.ndarray, want: np.ndarray, scale: float) -> np.ndarray:
    gaps = np.isnan(ours) != np.isnan(want)
    with np.errstate(invalid="ignore"):
        return gaps | (np.abs(ours - want) > RELATIVE * np.abs(want) + ABSOLUTE * scale)


def _undecided(oracle: pandas_catalog.Oracle, wide: pandas_catalog.Wide) -> np.ndarray:
    """Flags whose threshold lies within rounding; nothing for other features."""
    if oracle.margin is None:
        return np.zeros((1, 1), bool)
    return np.abs(oracle.margin(wide).to_numpy()) < 1e-9


def _decide(name: str, ours: np.ndarray, wrong: np.ndarray, frames: dict[str, Any]) -> None:
    """Where pandas and we differ, the two-pass answer must be ours."""
    stocks = np.flatnonzero(wrong.any(axis=0))
    exact = pandas_catalog.Wide({key: frame.iloc[:, stocks] for key, frame in frames.items()})
    oracle = pandas_catalog.oracle_for(name)
    still = _differs(ours[:, stocks], oracle.values(exact).to_numpy(), oracle.scale)
    still &= wrong[:, stocks] & ~_undecided(oracle, exact)
    assert not still.any(), f"{name}: {still.sum()} cells differ from the two-pass answer too"


def _median_on_fresh_memory(run: Callable[[], object]) -> float:
    """Seconds of a run whose result is written to memory that the system has yet to clear."""
    jqfast.keep_memory(0)
    try:
        return _median(run, rounds=3)
    finally:
        jqfast.keep_memory(USUAL_LIMIT)


_PEAK = """
import sys
import jqfast.features as features
from jqfast.data import read_prices
panel = read_prices(sys.argv[1])
features.panel(panel.rows(0, 50), "all")
open("/proc/self/clear_refs", "w").write("5")
X = features.panel(panel, "everything", dtype="float32", threads=int(sys.argv[2]))
line = next(l for l in open("/proc/self/status") if l.startswith("VmHWM"))
print(int(line.split()[1]) / 2**20)
"""


def peak_memory(prices: Path) -> float:
    """Peak resident GiB of a fresh process from panel to float32 array, the panel itself included."""
    run = subprocess.run(
        [sys.executable, "-c", _PEAK, str(prices), str(THREADS)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


def _median(run: Callable[[], object], *, rounds: int) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
