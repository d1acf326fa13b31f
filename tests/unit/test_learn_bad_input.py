"""What training is given and cannot use: each mistake ends with one sentence that says what and where."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learn_support import end_rows, planted, small_folds

from jqfast.errors import DataGapError, NumericError
from jqfast.learn import devices, fold_training, walk_forward
from jqfast.learn.checkpoint import fold_path, load_fold
from jqfast.learn.config import TrainConfig
from jqfast.learn.models import LinearConfig, MlpConfig
from jqfast.learn.walk_forward import run

X, TARGETS = planted(T=250)
FOLDS = small_folds(X)
CONFIG = TrainConfig(model=MlpConfig(hidden=(4,), dropout=0.0), batch=64, epochs=2, threads=1)


def poisoned(fold: int) -> object:
    """Targets with one that is infinitely far off, on a row that only this fold and later ones train on."""
    values = TARGETS.values.copy()
    new = np.setdiff1d(FOLDS[fold].train_rows, FOLDS[fold - 1].train_rows)
    values[0, new[-1], 3] = 1e38
    return replace(TARGETS, values=values)


def test_too_few_samples() -> None:
    with pytest.raises(DataGapError, match=r"Fold \S+ has \d+ training samples on \d+ dates; `min_samples`"):
        run(X, TARGETS, FOLDS, replace(CONFIG, min_samples=10_000))


def test_constant_targets() -> None:
    values = np.where(np.isfinite(TARGETS.values), 0.5, np.nan)
    values[1] = TARGETS.values[1]
    with pytest.raises(DataGapError, match=r"target of horizon 1 is 0\.5 in all \d+ training samples"):
        run(X, replace(TARGETS, values=values), FOLDS, CONFIG)


def test_all_inputs_missing_too_often() -> None:
    with pytest.raises(
        DataGapError, match=r"has no input: all 4 features are known in less than 100% of its"
    ):
        run(X, TARGETS, FOLDS, replace(CONFIG, min_coverage=1.0))


def test_nothing_known_at_all() -> None:
    buffer = np.full_like(X.buffer, np.nan)
    with pytest.raises(DataGapError, match="has no training sample"):
        run(replace(X, buffer=buffer), TARGETS, FOLDS, CONFIG)


@pytest.mark.parametrize("together", [0, 2])
def test_a_loss_that_explodes_ends_its_fold_alone(tmp_path: Path, together: int) -> None:
    """The others keep their numbers; the note has fold, step and the range of the widest feature."""
    last = FOLDS[-1]
    folds = [FOLDS[0], last]
    config = replace(CONFIG, folds_at_once=together)
    plain = run(X, TARGETS, folds, config)
    got = run(X, poisoned(len(FOLDS) - 1), folds, config, models_dir=tmp_path)
    note = next(note for note in got.notes if "no longer finite" in note)
    assert note.startswith(f"Fold {last.name} stopped: its loss was no longer finite at step ")
    assert "of epoch 0. In that batch `f" in note
    assert "after normalisation; targets go from" in note
    assert np.isnan(got.scores[:, last.predict_rows]).all()
    rows = FOLDS[0].predict_rows
    np.testing.assert_array_equal(got.scores[:, rows], plain.scores[:, rows])
    assert fold_path(tmp_path, FOLDS[0].name).exists()
    assert not fold_path(tmp_path, last.name).exists()


def test_when_every_fold_explodes_there_is_no_result() -> None:
    values = np.where(np.isfinite(TARGETS.values), TARGETS.values * 1e30, np.nan)
    with pytest.raises(NumericError, match=r"No fold could be trained\. Fold \S+ stopped"):
        run(X, replace(TARGETS, values=values), FOLDS[:2], CONFIG)


def test_the_next_fold_of_a_warm_start_goes_on_from_the_last_good_model() -> None:
    targets = poisoned(2)
    config = replace(CONFIG, warm_start=True)
    got = run(X, targets, FOLDS[:3], config)
    assert np.isfinite(got.scores[0, FOLDS[1].predict_rows]).any()
    assert np.isnan(got.scores[:, FOLDS[2].predict_rows]).all()


def test_a_gpu_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="`device` asks for a GPU, but JAX finds only: cpu"):
        run(X, TARGETS, FOLDS, replace(CONFIG, device="gpu"))
    assert np.isfinite(run(X, TARGETS, FOLDS[:1], replace(CONFIG, device="cpu")).scores).any()


def test_out_of_memory_goes_on_with_fewer_folds_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(X, TARGETS, FOLDS[:4], replace(CONFIG, folds_at_once=1))
    asked: list[int] = []
    real = fold_training.train_group

    def small(job: object, folds: object, size: int) -> object:
        asked.append(size)
        if size > 1:
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 8 bytes.")
        return real(job, folds, size)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(walk_forward, "train_group", small)
    got = run(X, TARGETS, FOLDS[:4], replace(CONFIG, folds_at_once=4), models_dir=tmp_path)
    assert asked == [4, 2, 1, 1, 1, 1]
    assert [note for note in got.notes if "at once" in note] == [
        "4 folds at once did not fit into memory; went on with 2.",
        "2 folds at once did not fit into memory; went on with 1.",
    ]
    np.testing.assert_array_equal(got.scores, whole.scores)
    asked.clear()
    fold_path(tmp_path, FOLDS[2].name).unlink()
    again = run(X, TARGETS, FOLDS[:4], replace(CONFIG, folds_at_once=4), models_dir=tmp_path)
    assert asked == [1], "a resumed run takes as many at once as the one before"
    np.testing.assert_array_equal(again.scores, whole.scores)


def test_other_errors_of_the_device_are_not_taken_for_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("INTERNAL: the device fell off the bus")

    monkeypatch.setattr(walk_forward, "train_group", broken)
    with pytest.raises(RuntimeError, match="fell off"):
        run(X, TARGETS, FOLDS, replace(CONFIG, folds_at_once=4))


def test_folds_that_fit_follow_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Accelerator:
        def memory_stats(self) -> dict[str, int]:
            return {"bytes_limit": 1000, "bytes_in_use": 500}

    monkeypatch.setattr(devices.jax, "devices", lambda: [Accelerator()])
    assert devices.folds_that_fit(100, 168) == 4
    assert devices.folds_that_fit(100, 3) == 3
    assert devices.folds_that_fit(10_000, 168) == 1


def test_a_damaged_checkpoint_is_trained_again_and_named(tmp_path: Path) -> None:
    config = replace(CONFIG, model=LinearConfig())
    first = run(X, TARGETS, FOLDS[:2], config, models_dir=tmp_path)
    path = fold_path(tmp_path, FOLDS[0].name)
    content = bytearray(path.read_bytes())
    content[-9] ^= 4
    path.write_bytes(content)
    with pytest.raises(DataGapError, match="do not match their checksum"):
        load_fold(path)
    again = run(X, TARGETS, FOLDS[:2], config, models_dir=tmp_path)
    assert any("do not match their checksum" in note for note in again.notes)
    np.testing.assert_array_equal(again.scores, first.scores)


def test_embargo_and_labels_leave_no_row() -> None:
    assert end_rows(250).shape == (2, 250)
    with pytest.raises(DataGapError, match="has no training date whose labels are complete"):
        small_folds(X, embargo=200)
