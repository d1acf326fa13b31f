"""Claim: the reference walk-forward takes at most a second per fold when both cores train one each.

    pytest benchmarks/bench_training.py -s

One fold is 126 inputs, 36 cross-sections of 1,900 stocks, 64-64-32 tanh with dropout 0.4, batch 300, 20
epochs: 228 steps an epoch, 95 GFLOP. Measured in the same process: the sgemm rate of NumPy on the same
cores, and, where PyTorch is installed, eager PyTorch at its best setting, with autograd and with gradients
written by hand. All start from the same weights and see the same batches; without dropout the loss of the
first epoch must be the same to 1e-4. The answer of
the timed folds is checked by the information coefficient on cross-sections that no fold has seen. A record
of each run is appended to `benchmarks/results/training.json`.
"""

from __future__ import annotations

import importlib.util
import os
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from benchmarks.machine import extra_memory
from benchmarks.record import keep
from jqfast.features import FeaturePanel
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import batches, flagged_features, make_dataset
from jqfast.learn.fold_training import make_job, prepare, start_state
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Targets
from jqfast.learn.models import LstmConfig, MlpConfig, ModelConfig
from jqfast.learn.models.flat import unpack
from jqfast.learn.walk_forward import Predictions, run
from jqfast.memory import new_array

if TYPE_CHECKING:
    from benchmarks import torch_peer

FOLDS, ROWS, STOCKS, INPUTS, EPOCHS, BATCH = 4, 36, 1900, 126, 20, 300
WIDTHS = (64, 64, 32)
THREADS = 2
SIGNAL = 0.12
SECONDS, SHARE_OF_SGEMM, TIMES_TORCH, TIMES_BY_HAND = 1.0, 0.45, 5.0, 2.3
SAME_LOSS, TIMES_LSTM, EXTRA_MB = 1e-4, 1.2, 1000.0
TORCH = importlib.util.find_spec("torch") is not None


class Market(NamedTuple):
    X: FeaturePanel
    targets: Targets
    folds: list[Fold]


def market(stocks: int = STOCKS, rows: int = ROWS, folds: int = FOLDS) -> Market:
    """Cross-sections with a planted linear signal, the last ones to be predicted by one fold each."""
    rng = np.random.default_rng(7)
    T = rows + folds
    x = new_array((T, stocks, INPUTS), "float32")  # where features live: JAX then takes them as they are
    rng.standard_normal(dtype=np.float32, out=x)
    driver = x[:, :, :8].sum(axis=2) / np.sqrt(8.0)
    values = SIGNAL * driver + np.sqrt(1 - SIGNAL**2) * rng.standard_normal((1, T, stocks))
    names = tuple(f"x{i}" for i in range(INPUTS))
    codes = np.array([str(1300 + n) for n in range(stocks)])
    dates = (np.datetime64("2010-01") + np.arange(T)).astype("datetime64[D]")
    X = FeaturePanel(names, dates, codes, x, "sample", dict.fromkeys(names, "cs"), True)
    targets = Targets((20,), "standardised", values, np.ones((T, stocks), np.bool_), np.ones(T, np.bool_))
    none = np.empty(0, dtype=np.int64)
    cut = [
        Fold(k, f"fold-{k}", rows + k, np.arange(k, rows + k), np.array([rows + k]), none)
        for k in range(folds)
    ]
    return Market(X, targets, cut)


@pytest.fixture(scope="module")
def reference() -> Market:
    return market()


def sgemm_rate() -> float:
    """GFLOP/s of NumPy's float32 product on all threads it takes."""
    a = np.random.default_rng(0).standard_normal((2048, 2048), dtype=np.float32)
    best = 1e9
    for _ in range(6):
        start = time.perf_counter()
        _ = a @ a
        best = min(best, time.perf_counter() - start)
    return float(2 * 2048**3 / best / 1e9)


def gflop() -> float:
    """10^9 operations of all dots of a fold; the first layer needs no gradient of its inputs."""
    rest = WIDTHS[0] * WIDTHS[1] + WIDTHS[1] * WIDTHS[2] + WIDTHS[2]
    return ROWS * STOCKS * EPOCHS * (4 * INPUTS * WIDTHS[0] + 6 * rest) / 1e9


def test_folds_of_the_reference_network(reference: Market) -> None:
    X, targets, folds = reference
    config = TrainConfig(threads=THREADS, epochs=EPOCHS)
    run(X, targets, folds[:2], replace(config, epochs=1))  # compiles
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        predictions = run(X, targets, folds, config)
        seconds.append((time.perf_counter() - start) / len(folds))
    took, sgemm = float(np.median(seconds)), sgemm_rate()
    record = {
        "work": "reference MLP",
        "threads": THREADS,
        "folds": len(folds),
        "samples": ROWS * STOCKS,
        "inputs": INPUTS,
        "s_per_fold": round(took, 3),
        "spread_s": round(max(seconds) - min(seconds), 3),
        "gflop_per_fold": round(gflop(), 1),
        "gflops": round(gflop() / took, 1),
        "sgemm_gflops": round(sgemm, 1),
        "share_of_sgemm": round(gflop() / took / sgemm, 3),
        "extra_mb_of_a_run": round(extra_memory(lambda: run(X, targets, folds, replace(config, epochs=1)))),
        "information_coefficient": round(_coefficient(predictions, targets), 4),
    }
    if TORCH:
        record |= _against_torch(reference, took)
    keep("training", record, packages=("jax",))
    assert record["information_coefficient"] > 0.75 * SIGNAL
    assert took <= SECONDS
    assert gflop() / took >= SHARE_OF_SGEMM * sgemm
    if TORCH:
        assert record["times_torch"] >= TIMES_TORCH
        assert record["times_torch_by_hand"] >= TIMES_BY_HAND


def _against_torch(reference: Market, took: float) -> dict[str, Any]:
    """Seconds per fold of PyTorch at its best, by autograd and by hand, whose losses must be ours first."""
    from benchmarks import torch_peer

    start, ours = _same_start(reference)
    record: dict[str, Any] = {"torch": version("torch")}
    for kind, prefix in (("autograd", "torch"), ("by hand", "torch_by_hand")):
        theirs = torch_peer.losses(kind, start._replace(epochs=start.epochs[:1]), 0.0)[0]
        assert abs(theirs / ours - 1) < SAME_LOSS, (kind, theirs, ours)
        found = torch_peer.fold_seconds(kind, start, 0.4)
        best = min(found, key=lambda name: found[name])
        seconds = found[best] * EPOCHS / (len(start.epochs) - 1)
        record |= {
            f"{prefix}_loss_difference": float(f"{abs(theirs / ours - 1):.1e}"),
            f"{prefix}_best": best,
            f"{prefix}_s_per_fold": round(seconds, 2),
            f"times_{prefix}": round(seconds / took, 2),
        }
    return record


def _same_start(reference: Market) -> tuple[torch_peer.Start, float]:
    """What the first fold starts from, and our loss after an epoch without dropout."""
    from benchmarks import torch_peer

    X, targets, folds = reference
    data = make_dataset(X, targets)
    config = TrainConfig(model=MlpConfig(dropout=0.0), epochs=1, threads=THREADS)
    flagged = flagged_features(data, folds[0].train_rows)
    job = make_job(data, folds, config, flagged, dict.fromkeys((f.name for f in folds), ""))
    one = prepare(job, folds[0])
    params = unpack(np.asarray(start_state(job, one, None).params), job.layout)
    rng = np.random.default_rng(one.seeds[1])
    epochs = [batches(one.train, batch=BATCH, steps=job.most_steps, rng=rng) for _ in range(3)]
    x = one.fitted.apply(data.samples)[:, job.inputs]
    loss = run(X, targets, folds[:1], config).history[folds[0].name]["loss"][0]
    weights, biases = ([np.asarray(part) for part in parts] for parts in (params.weights, params.biases))
    return torch_peer.Start(weights, biases, x, data.targets, epochs), loss


@pytest.mark.parametrize("layers", [1, 2])
def test_lstm_steps(layers: int) -> None:
    """T = 60, F = 64, hidden 64, batch 1,024: samples per second on two cores, ours a fold on each."""
    length, features, stocks, steps = 60, 64, 1024, 4
    rng = np.random.default_rng(1)
    x = new_array((length + steps, stocks, features), "float32")
    rng.standard_normal(dtype=np.float32, out=x)
    values = rng.standard_normal((1, length + steps, stocks))
    names = tuple(f"x{i}" for i in range(features))
    dates = np.datetime64("2020-01-01") + np.arange(length + steps)
    codes = np.array([str(1300 + n) for n in range(stocks)])
    X = FeaturePanel(names, dates, codes, x, "sample", dict.fromkeys(names, "cs"), True)
    known = np.ones(values.shape[1:], np.bool_)
    targets = Targets((1,), "standardised", values, known, known[:, 0])
    none = np.empty(0, dtype=np.int64)
    rows = np.arange(length - 1, length - 1 + steps)
    folds = [Fold(k, f"f{k}", int(rows[-1]), rows, rows[-1:] + 1, none) for k in range(THREADS)]
    model = LstmConfig(hidden=64, length=length, layers=layers, dropout=0.0)
    config = TrainConfig(model=model, batch=1024, sub_batch=64, epochs=1, threads=THREADS)
    run(X, targets, folds, config)  # compiles
    start = time.perf_counter()
    run(X, targets, folds, config)
    short = time.perf_counter() - start
    start = time.perf_counter()
    run(X, targets, folds, replace(config, epochs=5))
    took = time.perf_counter() - start - short  # four epochs, without preparation and prediction
    rate = THREADS * 4 * steps * stocks / took
    record = {"work": f"LSTM, {layers} layers", "samples_per_s": round(rate), "sub_batch": 64}
    record |= {"allocator": allocator()}
    if TORCH:
        from benchmarks import torch_peer

        sequences = np.ascontiguousarray(x[:length].swapaxes(0, 1))
        theirs = torch_peer.lstm_rate(
            sequences, values[0, length - 1][:, None].astype(np.float32), 64, layers, 4
        )
        record |= {"torch": version("torch"), "torch_samples_per_s": round(theirs)}
        record |= {"times_torch": round(rate / theirs, 2)}
    keep("training", record, packages=("jax",))
    if TORCH:
        assert record["times_torch"] >= (TIMES_LSTM if record["allocator"] == "system" else 1.0)


@pytest.mark.parametrize(
    ("name", "model", "train_rows", "folds"),
    [
        ("MLP, 2 folds", MlpConfig(), 720, 2),
        ("MLP, 8 folds", MlpConfig(), 720, 8),
        ("LSTM, length 20", LstmConfig(hidden=64, length=20, dropout=0.0), 3, 2),
        ("LSTM, length 60", LstmConfig(hidden=64, length=60, dropout=0.0), 3, 2),
    ],
)
def test_memory_beyond_the_features(name: str, model: ModelConfig, train_rows: int, folds: int) -> None:
    """Daily training rows of three years, 1.4 million samples a fold; sequences, 1,024 to a batch."""
    X, targets, cut = market(rows=720, folds=folds)
    shorter = [replace(fold, train_rows=fold.train_rows[-train_rows:]) for fold in cut]
    config = TrainConfig(model=model, batch=1024, epochs=1, threads=THREADS)
    extra = extra_memory(lambda: run(X, targets, shorter, config))
    features = X.buffer.nbytes / 1e6
    record = {"work": f"memory: {name}", "features_mb": round(features), "extra_mb": round(extra)}
    keep("training", record, packages=("jax",))
    assert extra <= EXTRA_MB


def allocator() -> str:
    """What serves memory: the system's allocator, perhaps told to keep what is freed, or another one."""
    if os.environ.get("LD_PRELOAD"):
        return Path(os.environ["LD_PRELOAD"]).name
    return "system, keeps memory" if os.environ.get("MALLOC_TRIM_THRESHOLD_") else "system"


def _coefficient(predictions: Predictions, targets: Targets) -> float:
    """Mean correlation of scores and targets over the predicted cross-sections."""
    rows = range(ROWS, ROWS + FOLDS)
    pairs = [np.corrcoef(predictions.scores[0, row], targets.values[0, row])[0, 1] for row in rows]
    return float(np.mean(pairs))
