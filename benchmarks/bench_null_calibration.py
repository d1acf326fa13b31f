"""Claim: where nothing is to be found the pipeline rejects as seldom as chance; what was planted it finds.

    pytest benchmarks/bench_null_calibration.py -m slow -s

100 null markets of 200 stocks over 5 years in at most 15 minutes: at most 11 of 100 five-day RankICs of a
ridge and of a network trained for one epoch may be significant at 5 %. Five planted markets show that the
same two models are not simply blind, next to the oracle and to a ridge that is given the true drivers
(decisions 10 and 11). Five whole runs on null markets stay under |t| = 3.5, about four minutes each. A
record of each measurement is appended to `benchmarks/results/null_calibration.json`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import jqfast
import jqfast.features as features
from benchmarks.record import keep
from jqfast import config
from jqfast.data.panel import Panel
from jqfast.data.simulate import SimulateConfig, simulate
from jqfast.evaluate.ic import IcResult, rank_ic
from jqfast.features.normalize import fit
from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import Fold, FoldConfig, walk_forward
from jqfast.learn.labels import Labels, Targets, make_labels, make_targets
from jqfast.learn.walk_forward import run
from jqfast.oracle import ridge as drivers_ridge
from jqfast.types import AnyArray, FloatArray

SEEDS, POWER_SEEDS, RUN_SEEDS, MINUTES = 100, 5, 5, 15.0
MOST_REJECTIONS, CRITICAL = 11, 1.959964  # of 100 at 5 %: the 99 % point of the binomial
HORIZON, FOUND = 5, 3.5
PENALTY = 1.0  # per sample; about (inputs x noise) / (signal x samples)

MARKET = SimulateConfig(stocks=200, years=5.0, null="pure")
#: What the inputs of these models, all of prices and volumes, can see.
VISIBLE = ("reversal", "momentum")
FOLDS = FoldConfig(step=6, train_months=24, min_train_months=24, warmup=60)
NETWORK = TrainConfig(epochs=1)


@dataclass(frozen=True, eq=False)
class Task:
    """One market, ready to learn from."""

    panel: Panel
    labels: Labels
    targets: Targets
    folds: tuple[Fold, ...]


def make_task(panel: Panel) -> Task:
    labels = make_labels(panel)
    folds = walk_forward(panel.dates, panel.is_session, labels.end_row, FOLDS)
    return Task(panel, labels, make_targets(panel, labels), folds)


def judge(task: Task, scores: AnyArray) -> IcResult:
    """RankIC of the five-day return on the dates that the folds predict."""
    returns = task.labels.returns[task.labels.horizons.index(HORIZON)]
    predicted = np.zeros(len(returns), dtype=np.bool_)
    for fold in task.folds:
        predicted[fold.predict_rows] = True
    return rank_ic(np.where(predicted[:, None], scores, np.nan), returns, horizon=HORIZON)


def ridge(task: Task, inputs: AnyArray, norms: tuple[str, ...]) -> FloatArray:
    """Scores (T, N) of a ridge on ``inputs`` (T, N, F), refitted in every fold on its training rows alone."""
    target = task.targets.values[task.targets.horizons.index(HORIZON)]
    scores = np.full(target.shape, np.nan)
    for fold in task.folds:
        known = np.isfinite(target[fold.train_rows])
        rows = inputs[fold.train_rows][known]
        fitted = fit(rows, norms)
        x, y = fitted.apply(rows).astype(np.float64), target[fold.train_rows][known]
        gram = x.T @ x + PENALTY * len(x) * np.eye(x.shape[1])
        weights = np.linalg.solve(gram, x.T @ y)
        members = task.targets.universe[fold.predict_rows]
        block = np.full(members.shape, np.nan)
        block[members] = fitted.apply(inputs[fold.predict_rows][members]) @ weights
        scores[fold.predict_rows] = block
    return scores


def both_models(task: Task) -> dict[str, IcResult]:
    """The ridge and the one-epoch network on all features of the catalogue."""
    X = features.panel(task.panel, "all", normalize=True, layout="sample")
    norms = tuple(X.norms[name] for name in X.names)
    inputs = X.samples.reshape(*task.panel.shape, -1)
    network = run(X, task.targets, task.folds, NETWORK)
    return {
        "ridge": judge(task, ridge(task, inputs, norms)),
        "network": judge(task, network.scores[network.horizons.index(HORIZON)]),
    }


@pytest.mark.slow
def test_chance_alone_is_seldom_taken_for_skill() -> None:
    t: dict[str, list[float]] = {"ridge": [], "network": []}
    start = time.perf_counter()
    for seed in range(SEEDS):
        task = make_task(simulate(replace(MARKET, seed=1000 + seed)).panel)
        for name, result in both_models(task).items():
            t[name].append(result.t_newey_west)
    minutes = (time.perf_counter() - start) / 60
    rejected = {name: int((np.abs(values) > CRITICAL).sum()) for name, values in t.items()}
    record = {
        "claim": "null",
        "seeds": SEEDS,
        "minutes": round(minutes, 2),
        "rejected_at_5_percent": rejected,
        "mean_t": {name: round(float(np.mean(values)), 3) for name, values in t.items()},
        "deviation_of_t": {name: round(float(np.std(values)), 3) for name, values in t.items()},
        "largest_t": {name: round(float(np.abs(values).max()), 3) for name, values in t.items()},
    }
    keep("null_calibration", record)
    assert minutes <= MINUTES
    assert max(rejected.values()) <= MOST_REJECTIONS


@pytest.mark.slow
def test_what_was_planted_is_found() -> None:
    names = ("ridge", "network", "ridge on the true drivers")
    ratios: dict[str, list[float]] = {name: [] for name in names}
    visible: dict[str, list[float]] = {name: [] for name in names}
    oracles, parts, least = [], [], np.inf
    for seed in range(POWER_SEEDS):
        simulated = simulate(replace(MARKET, null=None, seed=seed))
        task, truth = make_task(simulated.panel), simulated.truth
        results = both_models(task)
        results[names[2]] = judge(
            task, drivers_ridge(list(truth.parts(HORIZON).values()), task.targets, HORIZON, task.folds)
        )
        oracles.append(judge(task, truth.expected[HORIZON]).mean)
        parts.append(judge(task, truth.seen(HORIZON, VISIBLE)).mean)
        least = min(least, *(result.t_newey_west for result in results.values()))
        for name, result in results.items():
            ratios[name].append(result.mean / oracles[-1])
            visible[name].append(result.mean / parts[-1])
    record = {
        "claim": "planted",
        "seeds": POWER_SEEDS,
        "oracle_rank_ic": [round(value, 4) for value in oracles],
        "visible_rank_ic": [round(value, 4) for value in parts],
        "share_of_oracle": {name: round(float(np.mean(values)), 3) for name, values in ratios.items()},
        "share_of_visible": {name: round(float(np.mean(values)), 3) for name, values in visible.items()},
        "smallest_t": round(float(least), 2),
    }
    keep("null_calibration", record)
    assert least > CRITICAL


@pytest.mark.slow
def test_a_whole_run_finds_nothing(tmp_path: Path) -> None:
    """The default run, reference network and all, on five null markets."""
    t = []
    for seed in range(RUN_SEEDS):
        changes = (f"simulate.seed={seed}", "simulate.null=pure", f"name=null-{seed}", f"out={tmp_path}")
        result = jqfast.run(config.read(None, changes))
        i = result.predictions.horizons.index(HORIZON)
        ic = rank_ic(result.predictions.scores[i], result.labels.returns[i], horizon=HORIZON)
        t.append(round(ic.t_newey_west, 2))
    keep("null_calibration", {"claim": "whole run, null", "seeds": RUN_SEEDS, "t": t})
    assert max(map(abs, t)) < FOUND
