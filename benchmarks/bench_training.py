"""Claim: a fold of the reference network takes about a second when both cores train one each.

    pytest benchmarks/bench_training.py -s

One fold is 126 inputs and their 126 flags, 36 cross-sections of 1,900 stocks, 64-64-32 tanh with dropout 0.4,
batch 300, 20 epochs: 228 steps an epoch. Folds run one per thread and, for comparison, in one `vmap`. The
answer is checked by the information coefficient on a cross-section that no fold has seen. A record of each
run is appended to `benchmarks/results/training.json`; processor seconds stand beside the wall clock, because
the wall clock of a busy machine says nothing.
"""

from __future__ import annotations

import json
import os
import platform
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jqfast.features import FeaturePanel
from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Targets
from jqfast.learn.walk_forward import Predictions, run

RESULTS = Path(__file__).parent / "results" / "training.json"
FOLDS, ROWS, STOCKS, INPUTS = 4, 36, 1900, 126
WIDTHS = (64, 64, 32)
HORIZONS = (1, 5, 10, 20)
THREADS = 2
SIGNAL = 0.12
#: Processor seconds a fold may take, which is 35 GFLOP/s on each core.
CPU_SECONDS = 4.0


@pytest.fixture(scope="module")
def job() -> tuple[FeaturePanel, Targets, list[Fold]]:
    """Cross-sections with a planted linear signal, the last one to be predicted by every fold in turn."""
    rng = np.random.default_rng(7)
    T = ROWS + FOLDS
    x = rng.standard_normal((T, STOCKS, INPUTS), dtype=np.float32)
    driver = x[:, :, :8].sum(axis=2) / np.sqrt(8.0)
    values = SIGNAL * driver + np.sqrt(1 - SIGNAL**2) * rng.standard_normal((len(HORIZONS), T, STOCKS))
    x[rng.random(x.shape, dtype=np.float32) < 0.02] = np.nan
    names = tuple(f"x{i}" for i in range(INPUTS))
    codes = np.array([str(1300 + n) for n in range(STOCKS)])
    dates = np.datetime64("2010-01") + np.arange(T)
    X = FeaturePanel(
        names, dates.astype("datetime64[D]"), codes, x, "sample", dict.fromkeys(names, "cs"), True
    )
    targets = Targets(HORIZONS, "standardised", values, np.ones((T, STOCKS), np.bool_), np.ones(T, np.bool_))
    none = np.empty(0, dtype=np.int64)
    folds = [
        Fold(k, f"fold-{k}", ROWS + k, np.arange(k, ROWS + k), np.array([ROWS + k]), none)
        for k in range(FOLDS)
    ]
    return X, targets, folds


@pytest.mark.parametrize("way", ["threads", "vmap"])
def test_folds_of_the_reference_network(
    benchmark: Any, job: tuple[FeaturePanel, Targets, list[Fold]], way: str
) -> None:
    X, targets, folds = job
    config = TrainConfig(threads=THREADS, folds_at_once=FOLDS if way == "vmap" else 0)
    run(X, targets, folds, replace(config, epochs=1))  # compiles
    processor: list[float] = []

    def ours() -> Predictions:
        start = time.process_time()
        got = run(X, targets, folds, config)
        processor.append(time.process_time() - start)
        return got

    predictions = benchmark.pedantic(ours, rounds=3)
    wall = benchmark.stats.stats
    record = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "jax": version("jax"),
        "way": way,
        "threads": THREADS,
        "load_average": round(os.getloadavg()[0], 2),
        "folds": FOLDS,
        "samples": ROWS * STOCKS,
        "inputs": 2 * INPUTS,
        "median_s_per_fold": round(wall.median / FOLDS, 3),
        "spread_s_per_fold": round((wall.max - wall.min) / FOLDS, 3),
        "cpu_s_per_fold": round(float(np.median(processor)) / FOLDS, 3),
        "gflop_per_fold": round(_gflop(config), 1),
        "gflops": round(_gflop(config) * FOLDS / wall.median, 1),
        "information_coefficient": round(_coefficient(predictions, targets), 4),
    }
    benchmark.extra_info.update(record)
    _append(record)
    print("\n" + "\n".join(f"{key:>26}  {value}" for key, value in record.items()))
    assert record["information_coefficient"] > 0.75 * SIGNAL
    if way == "threads":
        assert record["cpu_s_per_fold"] <= CPU_SECONDS


def _gflop(config: TrainConfig) -> float:
    """10^9 operations of all dots of a fold; the first layer needs no gradient of its inputs."""
    first = 2 * INPUTS * WIDTHS[0]
    rest = WIDTHS[0] * WIDTHS[1] + WIDTHS[1] * WIDTHS[2] + WIDTHS[2] * len(HORIZONS)
    steps = -(-ROWS * STOCKS // config.batch) * config.epochs
    return steps * config.batch * (4 * first + 6 * rest) / 1e9


def _coefficient(predictions: Predictions, targets: Targets) -> float:
    """Mean correlation of scores and targets over horizons and predicted cross-sections."""
    pairs = [
        np.corrcoef(predictions.scores[h, row], targets.values[h, row])[0, 1]
        for h in range(len(HORIZONS))
        for row in range(ROWS, ROWS + FOLDS)
    ]
    return float(np.mean(pairs))


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.split(": ", 1)[1] for line in lines if line.startswith("model name")), platform.machine()
    )


def _append(record: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    history = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.write_text(json.dumps([*history, record], indent=1) + "\n")
