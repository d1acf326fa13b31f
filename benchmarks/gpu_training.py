"""Folds per second of the reference network and of an LSTM on whatever JAX finds, many folds in one `vmap`.

    python -m benchmarks.gpu_training [--model mlp|lstm] [--folds 168] [--stocks 1900] [--epochs 20]

Runs unchanged on a CPU, one GPU or several. The data go to the device once; `--at-once` says how many folds
share a `vmap`, 0 as many as memory allows (on a CPU: none, one per thread). Each precision is timed and its
information coefficient printed, which is the accuracy that bfloat16 costs. A record is appended to
`benchmarks/results/gpu_training.json`.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.bench_training import market
from benchmarks.record import keep
from jqfast.learn.config import TrainConfig
from jqfast.learn.devices import describe
from jqfast.learn.models import LstmConfig, MlpConfig
from jqfast.learn.models.dot import PRECISIONS
from jqfast.learn.walk_forward import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", choices=("mlp", "lstm"), default="mlp")
    for name, default in (("folds", 168), ("stocks", 1900), ("rows", 36), ("epochs", 20), ("at-once", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    X, targets, folds = market(args.stocks, args.rows, args.folds)
    model = MlpConfig() if args.model == "mlp" else LstmConfig(hidden=64, length=20)
    records = []
    for precision in PRECISIONS:
        config = TrainConfig(model=model, epochs=args.epochs, precision=precision, folds_at_once=args.at_once)
        start = time.perf_counter()
        got = run(X, targets, folds, config)
        first = time.perf_counter() - start
        start = time.perf_counter()
        got = run(X, targets, folds, config)
        took = time.perf_counter() - start
        scores = [
            np.corrcoef(got.scores[0, row], targets.values[0, row])[0, 1]
            for row in (int(fold.predict_rows[0]) for fold in folds)
        ]
        records.append(
            {
                "device": describe(),
                **vars(args),
                "precision": precision,
                "first_run_s": round(first, 2),
                "s_per_fold": round(took / len(folds), 4),
                "information_coefficient": round(float(np.mean(scores)), 4),
                "notes": list(got.notes),
            }
        )
    keep("gpu_training", *records, packages=("jax",))


if __name__ == "__main__":
    main()
