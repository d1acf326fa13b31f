"""Selection of inputs inside a walk-forward: by training samples alone, saved, and the same in production."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learn_support import planted, small_folds

from jqfast.errors import DataGapError
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold
from jqfast.learn.config import SelectConfig, TrainConfig
from jqfast.learn.dataset import make_dataset
from jqfast.learn.models import MlpConfig, ModelConfig, RidgeConfig
from jqfast.learn.models.trees import LightgbmConfig
from jqfast.learn.predict import predict_rows
from jqfast.learn.select import prune_correlated, training_inputs
from jqfast.learn.walk_forward import run

#: The labels lean on f0 and f1; f4 repeats f0, f5 is noise as f2 and f3.
X, TARGETS = planted(F=6)
X.buffer[:, :, 4] = X.buffer[:, :, 0] + 0.01 * X.buffer[:, :, 4]
FOLDS = small_folds(X)[:2]
NET = TrainConfig(model=MlpConfig(hidden=(8,), dropout=0.0), batch=64, epochs=2, threads=1)
REPEATED = SelectConfig("correlation", limit=0.9)


def _trained(folder: Path, select: SelectConfig, x: object = X, **more: object) -> list[FoldModel]:
    run(x, TARGETS, FOLDS, replace(NET, select=select, **more), models_dir=folder)
    return [load_fold(fold_path(folder, fold.name)) for fold in FOLDS]


def test_a_repetition_is_left_out_and_said(tmp_path: Path) -> None:
    got = run(X, TARGETS, FOLDS, replace(NET, select=REPEATED), models_dir=tmp_path)
    for fold in FOLDS:
        model = load_fold(fold_path(tmp_path, fold.name))
        inputs, _ = training_inputs(make_dataset(X, TARGETS), fold)
        kept = prune_correlated(inputs, X.names, limit=0.9).kept
        assert model.unselected == model.dropped == tuple(np.array(X.names)[~kept]) == ("f4",)
        assert (model.fitted.apply(X.samples[-50:])[:, [4, 10]] == 0).all()
    assert got.notes == ("Selection left 5 inputs to a fold on average; never: f4.",)


def test_inputs_without_coverage_are_not_counted_as_left(tmp_path: Path) -> None:
    gaps = X.buffer.copy()
    gaps[:, :, X.names.index("f2")] = np.nan
    got = run(replace(X, buffer=gaps), TARGETS, FOLDS, replace(NET, select=REPEATED), models_dir=tmp_path)
    assert got.notes[0].startswith("Input `f2` was dropped in 2 of 2 folds")
    assert got.notes[1] == "Selection left 4 inputs to a fold on average; never: f4."


@pytest.mark.parametrize("method", ["l1", "gain"])
def test_what_the_labels_lean_on_stays(method: str, tmp_path: Path) -> None:
    if method == "gain":
        pytest.importorskip("lightgbm")
    models = _trained(tmp_path, SelectConfig(method, keep=3))  # type: ignore[arg-type]  # of the parameters
    for model in models:
        left = set(X.names) - set(model.dropped)
        assert "f1" in left
        assert left & {"f0", "f4"}
        assert len(left) <= (3 if method == "gain" else 5)


@pytest.mark.parametrize("method", ["correlation", "l1", "gain"])
def test_nothing_after_the_training_rows_counts(method: str, tmp_path: Path) -> None:
    """All that a fold does not train on is replaced: the choice and the weights keep their bits."""
    if method == "gain":
        pytest.importorskip("lightgbm")
    fold, select = FOLDS[0], SelectConfig(method, limit=0.9, keep=2)  # type: ignore[arg-type]  # of the parameters
    rows = np.setdiff1d(np.arange(len(X.dates)), fold.train_rows)
    buffer, values = X.buffer.copy(), TARGETS.values.copy()
    rng = np.random.default_rng(1)
    buffer[rows] = rng.standard_normal(buffer[rows].shape, dtype=np.float32)
    buffer[rows, :, 5] = buffer[rows, :, 1]  # a repetition that the training rows do not show
    values[:, rows] = 9.0 * buffer[rows, :, 2]  # and a driver that they do not know
    before = _trained(tmp_path / "a", select)[0]
    run(replace(X, buffer=buffer), replace(TARGETS, values=values), FOLDS[:1], replace(NET, select=select),
        models_dir=tmp_path / "b")  # fmt: skip
    after = load_fold(fold_path(tmp_path / "b", fold.name))
    assert before.unselected == after.unselected != ()
    for a, b in zip(before.weights, after.weights, strict=True):
        assert a.tobytes() == b.tobytes()
    assert not np.array_equal(before.scores, after.scores, equal_nan=True)


@pytest.mark.parametrize(
    "model", [MlpConfig(hidden=(8,), dropout=0.0), RidgeConfig(), LightgbmConfig(trees=5)]
)
def test_production_leaves_out_the_same(model: ModelConfig, tmp_path: Path) -> None:
    """The saved model gives its own scores, and they do not depend on what it was not to look at."""
    if isinstance(model, LightgbmConfig):
        pytest.importorskip("lightgbm")
    config = replace(NET, model=model, select=REPEATED)
    trained = _trained(tmp_path, REPEATED, model=model)[0]
    rows = trained.predict_rows
    session = np.ones(len(X.dates), np.bool_)
    told = predict_rows(trained, config, X, rows, is_session=session)
    np.testing.assert_allclose(told, trained.scores, rtol=1e-5, atol=1e-6)
    buffer = X.buffer.copy()
    buffer[:, :, 4] = 1e3
    other = predict_rows(trained, config, replace(X, buffer=buffer), rows, is_session=session)
    known = np.isfinite(told)
    assert known.sum() > 100
    np.testing.assert_array_equal(other[known], told[known])


def test_another_choice_is_another_model(tmp_path: Path) -> None:
    """A saved fold is not taken for one of another selection."""
    first = _trained(tmp_path, SelectConfig())[0]
    again = _trained(tmp_path, REPEATED)[0]
    assert first.fingerprint != again.fingerprint
    assert (first.unselected, again.unselected) == ((), ("f4",))


def test_inputs_without_coverage_are_not_judged(tmp_path: Path) -> None:
    """Where the better of two twins is hardly known, the other one stays."""
    buffer = X.buffer.copy()
    buffer[: FOLDS[0].train_rows[-1], :, 0] = np.nan
    model = _trained(tmp_path, REPEATED, replace(X, buffer=buffer))[0]
    assert model.dropped == ("f0",)
    assert model.unselected == ()


def test_labels_that_nothing_explains_leave_one_input(tmp_path: Path) -> None:
    """Of chance alone the L1 path may keep nothing; a fold still has an input."""
    values = np.random.default_rng(4).standard_normal(TARGETS.values.shape)
    noise = replace(TARGETS, values=values)
    config = replace(NET, select=SelectConfig("l1"))
    run(X, noise, FOLDS, config, models_dir=tmp_path)
    for fold in FOLDS:
        assert len(load_fold(fold_path(tmp_path, fold.name)).dropped) < len(X.names)


def test_inputs_that_never_move(tmp_path: Path) -> None:
    with pytest.raises(
        DataGapError, match=r"`learn.select.method = 'correlation'` keeps none of the 6 inputs"
    ):
        _trained(tmp_path, REPEATED, replace(X, buffer=np.ones_like(X.buffer)))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "lasso"}, "Unknown method `lasso`"),
        ({"limit": 0.0}, r"`limit` must be in \(0, 1\]"),
        ({"keep": 0}, "`keep` must be an integer >= 1"),
    ],
)
def test_options_are_checked(options: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SelectConfig(**options)  # type: ignore[arg-type]  # of the parameters
