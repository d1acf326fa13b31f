"""Tree baselines: the same folds and files as networks, repeatable, named when the library is missing."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learn_support import planted, small_folds

from jqfast.errors import DataGapError
from jqfast.learn.checkpoint import fold_path, load_fold
from jqfast.learn.config import TrainConfig
from jqfast.learn.models import ForestConfig, LightgbmConfig
from jqfast.learn.models.trees import TreeConfig, predict
from jqfast.learn.walk_forward import run

pytest.importorskip("lightgbm")
X, TARGETS = planted()
FOLDS = small_folds(X)[:2]
MODELS: list[TreeConfig] = [
    LightgbmConfig(trees=30, leaves=8, min_leaf=10, feature_share=1.0),
    ForestConfig(trees=60, leaves=32, min_leaf=5, feature_share=0.5),
]


@pytest.mark.parametrize("model", MODELS, ids=["lightgbm", "forest"])
def test_trees_find_the_planted_signal_and_resume(tmp_path: Path, model: TreeConfig) -> None:
    config = TrainConfig(model=model, threads=2)
    got = run(X, TARGETS, FOLDS, config, models_dir=tmp_path)
    known = np.isfinite(got.scores[0]) & np.isfinite(TARGETS.values[0])
    assert np.corrcoef(got.scores[0][known], TARGETS.values[0][known])[0, 1] > 0.25
    path = fold_path(tmp_path, FOLDS[0].name)
    stamp = path.stat().st_mtime_ns
    fold_path(tmp_path, FOLDS[1].name).unlink()
    again = run(X, TARGETS, FOLDS, replace(config, threads=1), models_dir=tmp_path)
    np.testing.assert_array_equal(again.scores, got.scores)
    assert path.stat().st_mtime_ns == stamp
    model_file = load_fold(path)
    rows = FOLDS[0].predict_rows
    want = predict(model_file.texts, X.samples.reshape(330, 12, 4)[rows].reshape(-1, 4))
    np.testing.assert_array_equal(model_file.scores, want.reshape(len(rows), 12, 2).transpose(2, 0, 1))


def test_the_seed_samples_other_rows() -> None:
    config = TrainConfig(model=MODELS[0])
    one, other = (run(X, TARGETS, FOLDS[:1], replace(config, seed=seed)) for seed in (0, 1))
    rows = FOLDS[0].predict_rows
    assert (one.scores[:, rows] != other.scores[:, rows]).any()


def test_folds_are_checked_as_those_of_networks() -> None:
    with pytest.raises(DataGapError, match="`min_samples` asks for 100000"):
        run(X, TARGETS, FOLDS, TrainConfig(model=MODELS[0], min_samples=100_000))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(ValueError, match=r"need LightGBM: pip install 'jqfast\[lightgbm\]'"):
        run(X, TARGETS, FOLDS, TrainConfig(model=MODELS[0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trees": 0}, "`trees` must be an integer >= 1; got 0"),
        ({"leaves": 1}, "`leaves` must be an integer >= 2"),
        ({"feature_share": 0.0}, "`feature_share` must be between"),
    ],
)
def test_bad_options(options: dict[str, float], message: str) -> None:
    for kind in (LightgbmConfig, ForestConfig):
        with pytest.raises(ValueError, match=message):
            kind(**options)  # type: ignore[arg-type]  # passed on
