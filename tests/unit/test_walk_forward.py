"""Walk-forward: a planted signal is recovered, nothing looks ahead, and what must not change a result."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learn_support import HORIZONS, end_rows, planted, small_folds

from jqfast.learn._jax_setup import jax
from jqfast.learn.checkpoint import fold_path, load_fold
from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import FoldConfig, walk_forward
from jqfast.learn.models import LinearConfig, LstmConfig, MlpConfig, ModelConfig
from jqfast.learn.walk_forward import Predictions, run

X, TARGETS = planted()
FOLDS = small_folds(X)
CONFIG = TrainConfig(
    model=MlpConfig(hidden=(8,), dropout=0.2), batch=64, epochs=4, learning_rate=1e-2, threads=1
)


class KilledError(Exception):
    """Stands for a kill after some folds."""


@pytest.fixture(scope="module")
def plain() -> Predictions:
    """The run that the others are compared with."""
    return run(X, TARGETS, FOLDS, CONFIG)


def assert_same(a: Predictions, b: Predictions) -> None:
    np.testing.assert_array_equal(a.scores, b.scores)
    assert np.isfinite(a.scores).sum() > 1000


def ic(scores: np.ndarray) -> float:
    """Correlation of the scores with the targets of the first horizon."""
    known = np.isfinite(scores[0]) & np.isfinite(TARGETS.values[0])
    return float(np.corrcoef(scores[0][known], TARGETS.values[0][known])[0, 1])


def test_scores_exist_where_a_fold_predicts_and_nowhere_else(plain: Predictions) -> None:
    predicted = plain.fold_of_row >= 0
    np.testing.assert_array_equal(np.isfinite(plain.scores).any(axis=(0, 2)), predicted)
    assert plain.scores.shape == (2, 330, 12)
    assert plain.horizons == HORIZONS
    assert plain.folds == tuple(fold.name for fold in FOLDS)
    assert np.isfinite(plain.scores[:, predicted]).all()
    assert [len(v["loss"]) for v in plain.history.values()] == [4] * len(FOLDS)


@pytest.mark.parametrize("model", [LinearConfig(), LstmConfig(hidden=6, length=3, dropout=0.0)])
def test_other_models_find_the_planted_signal_through_the_same_loop(model: ModelConfig) -> None:
    got = run(X, TARGETS, FOLDS[:2], replace(CONFIG, model=model, epochs=8))
    assert ic(got.scores) > 0.3


def test_the_perceptron_finds_the_planted_signal(plain: Predictions) -> None:
    assert ic(plain.scores) > 0.35


def test_threads_and_order_change_nothing(plain: Predictions) -> None:
    assert_same(plain, run(X, TARGETS, FOLDS, replace(CONFIG, threads=2)))
    for fold in (FOLDS[3], FOLDS[0]):
        alone = run(X, TARGETS, [fold], CONFIG)
        np.testing.assert_array_equal(alone.scores[:, fold.predict_rows], plain.scores[:, fold.predict_rows])


def test_folds_of_any_length_share_one_compiled_epoch(caplog: pytest.LogCaptureFixture) -> None:
    config = replace(CONFIG, model=MlpConfig(hidden=(5,), dropout=0.2), epochs=2)  # compiled nowhere else
    folds = [replace(fold, train_rows=fold.train_rows[7 * k :]) for k, fold in enumerate(FOLDS[:4])]
    jax.config.update("jax_log_compiles", True)  # for all threads; `jax.log_compiles` tells of one
    try:
        run(X, TARGETS, folds, config)
    finally:
        jax.config.update("jax_log_compiles", False)
    compiled = [record.getMessage() for record in caplog.records if "XLA compilation" in record.getMessage()]
    assert len([message for message in compiled if "jit(epoch)" in message]) == 1
    assert len([message for message in compiled if "jit(predict)" in message]) == 1


def test_the_seed_changes_everything(plain: Predictions) -> None:
    other = run(X, TARGETS, FOLDS[:2], replace(CONFIG, seed=1))
    rows = FOLDS[0].predict_rows
    assert (other.scores[:, rows] != plain.scores[:, rows]).all()


def test_folds_in_one_vmap_agree_with_folds_alone(plain: Predictions) -> None:
    """The accelerator's way, forced: groups of 3, the last one filled up; equal but for rounding."""
    together = run(X, TARGETS, FOLDS, replace(CONFIG, folds_at_once=3))
    assert len(FOLDS) % 3
    np.testing.assert_allclose(together.scores, plain.scores, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("together", [0, 3])
def test_a_killed_run_resumes_bit_for_bit(tmp_path: Path, together: int) -> None:
    config = replace(CONFIG, folds_at_once=together, threads=2)
    whole = run(X, TARGETS, FOLDS, config, models_dir=tmp_path / "whole")
    calls: list[tuple[int, int, str]] = []

    def kill(done: int, total: int, message: str) -> None:
        calls.append((done, total, message))
        if done == 3:
            raise KilledError

    broken = tmp_path / "broken"
    with pytest.raises(KilledError):
        run(X, TARGETS, FOLDS, config, models_dir=broken, progress=kill)
    assert [done for done, _, _ in calls] == [0, 1, 2, 3]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("fold")]
    assert len(list(broken.glob("*.safetensors"))) == 3
    calls.clear()
    resumed = run(X, TARGETS, FOLDS, config, models_dir=broken, progress=lambda *call: calls.append(call))
    assert calls[0] == (3, len(FOLDS), "3 folds read back")
    assert calls[-1][:2] == (len(FOLDS), len(FOLDS))
    assert_same(whole, resumed)
    for fold in FOLDS:
        a, b = (fold_path(folder, fold.name).read_bytes() for folder in (tmp_path / "whole", broken))
        assert a == b


def test_only_what_no_longer_matches_is_trained_again(tmp_path: Path) -> None:
    first = run(X, TARGETS, FOLDS, CONFIG, models_dir=tmp_path)
    fold_path(tmp_path, FOLDS[1].name).write_bytes(b"half")
    stamps = {fold.name: fold_path(tmp_path, fold.name).stat().st_mtime_ns for fold in FOLDS}
    again = run(X, TARGETS, FOLDS, CONFIG, models_dir=tmp_path)
    assert_same(first, again)
    changed = [
        name for name, stamp in stamps.items() if fold_path(tmp_path, name).stat().st_mtime_ns != stamp
    ]
    assert changed == [FOLDS[1].name]
    assert any("not a complete fold file" in note for note in again.notes)
    # a label of the last training row of the last fold concerns that fold alone
    values = TARGETS.values.copy()
    values[0, FOLDS[-1].train_rows[-1], 0] += 1.0
    after = run(X, replace(TARGETS, values=values), FOLDS, CONFIG, models_dir=tmp_path)
    assert len([note for note in after.notes if "other data, settings or versions" in note]) == 1
    rows = FOLDS[-1].predict_rows
    np.testing.assert_array_equal(after.scores[:, : rows[0]], first.scores[:, : rows[0]])
    assert (after.scores[:, rows] != first.scores[:, rows]).any()


def test_nothing_after_the_decision_reaches_a_fold(plain: Predictions) -> None:
    """Every feature after the fold's rows and every label not complete at its decision is poisoned."""
    fold = FOLDS[2]
    values, buffer = TARGETS.values.copy(), X.buffer.copy()
    late = end_rows(len(X.dates)) > fold.decision_row
    values[late] = 1e9
    buffer[fold.predict_rows[-1] + 1 :] = 1e9
    got = run(replace(X, buffer=buffer), replace(TARGETS, values=values), [fold], CONFIG)
    np.testing.assert_array_equal(got.scores[:, fold.predict_rows], plain.scores[:, fold.predict_rows])


def test_a_long_label_changes_nothing_before_it_is_complete() -> None:
    """Purge is by the longest horizon: the last training row has both labels complete at the decision."""
    for fold in FOLDS:
        assert end_rows(len(X.dates))[:, fold.train_rows].max() <= fold.decision_row


def test_the_file_explains_the_prediction(tmp_path: Path) -> None:
    """Weights, normaliser and activations of the file give the stored scores, with NumPy alone."""
    run(X, TARGETS, FOLDS[:1], CONFIG, models_dir=tmp_path)
    model = load_fold(fold_path(tmp_path, FOLDS[0].name))
    a = model.fitted.apply(X.samples.reshape(330, 12, 4)[model.predict_rows].reshape(-1, 4)).astype(
        np.float64
    )
    for weight, bias, activation in zip(model.weights, model.biases, model.activations, strict=True):
        a = a @ weight + bias
        a = np.tanh(a) if activation == "tanh" else a
    expected = a.reshape(len(model.predict_rows), 12, 2).transpose(2, 0, 1)
    np.testing.assert_allclose(model.scores, expected, rtol=1e-4, atol=1e-5)
    assert model.input_names[:2] == ("f0", "f1")
    assert model.input_names[4:6] == ("f0_isna", "f1_isna")
    assert model.activations == ("tanh", "linear")


def test_inputs_without_coverage_are_dropped_in_that_fold_and_named(tmp_path: Path) -> None:
    buffer = X.buffer.copy()
    buffer[: FOLDS[2].train_rows[-1], :, 3] = np.nan
    got = run(replace(X, buffer=buffer), TARGETS, FOLDS[:4], CONFIG, models_dir=tmp_path)
    assert got.notes[0].startswith("Input `f3` was dropped in")
    model = load_fold(fold_path(tmp_path, FOLDS[0].name))
    assert model.dropped == ("f3",)
    inputs = model.fitted.apply(X.samples[-20:])
    assert (inputs[:, [3, 7]] == 0).all()


def test_stocks_outside_the_universe_have_no_score() -> None:
    universe = TARGETS.universe.copy()
    universe[:, 5] = False
    buffer = X.buffer.copy()
    buffer[FOLDS[0].decision_row, 6] = np.nan
    got = run(replace(X, buffer=buffer), replace(TARGETS, universe=universe), FOLDS[:1], CONFIG)
    assert np.isnan(got.scores[:, :, 5]).all()
    assert np.isnan(got.scores[:, FOLDS[0].decision_row, 6]).all()
    assert np.isfinite(got.scores[:, FOLDS[0].decision_row + 1, 6]).all()


def test_warm_start_continues_from_the_fold_before(tmp_path: Path, plain: Predictions) -> None:
    config = replace(CONFIG, warm_start=True, epochs=1)
    whole = run(X, TARGETS, FOLDS[:4], config, models_dir=tmp_path)
    for name in (FOLDS[2].name, FOLDS[3].name):
        fold_path(tmp_path, name).unlink()
    assert_same(whole, run(X, TARGETS, FOLDS[:4], config, models_dir=tmp_path))
    cold = run(X, TARGETS, FOLDS[:4], replace(config, warm_start=False))
    losses = [[p.history[fold.name]["loss"][0] for fold in FOLDS[1:4]] for p in (whole, cold)]
    assert np.mean(losses[0]) < np.mean(losses[1])
    assert plain.folds[:4] == whole.folds


def test_early_stopping_keeps_folds_apart_from_each_other() -> None:
    T = len(X.dates)
    options = FoldConfig(train_months=6, min_train_months=6, sample_every=2, validation_share=0.2)
    folds = walk_forward(X.dates, np.ones(T, np.bool_), end_rows(T), options)[:3]
    config = replace(CONFIG, patience=1, epochs=6)
    alone = run(X, TARGETS, folds, config)
    together = run(X, TARGETS, folds, replace(config, folds_at_once=3))
    np.testing.assert_allclose(together.scores, alone.scores, rtol=1e-3, atol=1e-3)
    assert all("validation" in metrics for metrics in alone.history.values())


def test_folds_of_another_panel_are_refused() -> None:
    with pytest.raises(ValueError, match="reach row 329, the features have 300 rows"):
        run(replace(X, dates=X.dates[:300], buffer=X.buffer[:300]), TARGETS, FOLDS, CONFIG)
    with pytest.raises(ValueError, match="distinct names"):
        run(X, TARGETS, [FOLDS[0], FOLDS[0]], CONFIG)
    with pytest.raises(ValueError, match="at least one fold"):
        run(X, TARGETS, [], CONFIG)
