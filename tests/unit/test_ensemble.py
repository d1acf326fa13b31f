"""Ensembles: means, ranks, stacks, seeds and their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from learn_support import end_rows, planted, small_folds

from jqfast.learn.config import TrainConfig
from jqfast.learn.ensemble import combine, combine_ranks, per_date, run_seeds, stack, stack_weights
from jqfast.learn.folds import rows_of
from jqfast.learn.labels import Labels
from jqfast.learn.models import LinearConfig
from jqfast.learn.walk_forward import Predictions, run

X, TARGETS = planted()
FOLDS = small_folds(X)
T, N = 330, 12
RNG = np.random.default_rng(9)


def made(scores: np.ndarray) -> Predictions:
    """Scores (T, N) of both horizons as if a walk-forward had made them."""
    owner = rows_of(FOLDS, T)
    both = np.where((owner >= 0)[None, :, None], np.stack([scores, scores]), np.nan).astype(np.float32)
    return Predictions(X.dates, X.codes, (1, 5), both, owner, tuple(fold.name for fold in FOLDS))


def labels() -> Labels:
    members = np.ones((T, N), np.bool_)
    return Labels((1, 5), ("target_1d", "target_5d"), TARGETS.values, end_rows(T), members, members[None])


def noise() -> np.ndarray:
    return RNG.normal(size=(T, N))


def test_the_mean_of_standardised_scores() -> None:
    one, other = made(noise()), made(100 + 50 * noise())
    row = FOLDS[0].decision_row
    got = combine([one, other]).scores[0, row]
    a, b = (m.scores[0, row].astype(np.float64) for m in (one, other))
    want = ((a - a.mean()) / a.std() + (b - b.mean()) / b.std()) / 2
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    weighted = combine([one, other], (3, 1)).scores[0, row]
    np.testing.assert_allclose(
        weighted,
        0.75 * per_date(one.scores)[0, row] + 0.25 * per_date(other.scores)[0, row],
        rtol=1e-5,
        atol=1e-6,
    )
    same = made(np.ones((T, N)))
    assert (combine([same]).scores[0, row] == 0).all()


def test_the_mean_of_ranks() -> None:
    scores = np.tile(np.arange(N, dtype=float), (T, 1))
    scores[:, 1] = 0.0  # ties with the first
    got = combine_ranks([made(scores), made(1e6 * scores)]).scores[0, FOLDS[0].decision_row]
    np.testing.assert_allclose(got, (np.array([0.5, 0.5, *range(2, N)]) + 0.5) / N - 0.5, rtol=1e-6)


def test_a_stack_learns_who_is_right_and_only_from_the_past() -> None:
    good = made(np.nan_to_num(TARGETS.values[0]) + 0.5 * noise())
    bad, opposite = made(noise()), made(-np.nan_to_num(TARGETS.values[0]))
    members = [good, bad, opposite]
    got = stack(members, labels(), TARGETS, FOLDS)
    first, last = FOLDS[0].predict_rows, FOLDS[-1].predict_rows
    np.testing.assert_allclose(got.scores[:, first], combine(members).scores[:, first], rtol=1e-5, atol=1e-6)
    close = np.corrcoef(got.scores[0, last].ravel(), per_date(good.scores)[0, last].ravel())[0, 1]
    assert close > 0.99
    values = TARGETS.values.copy()
    fold = FOLDS[6]
    values[end_rows(T) > fold.decision_row] = 1e6
    weights = stack_weights(members, labels(), TARGETS, FOLDS)
    np.testing.assert_allclose(weights.sum(axis=2), 1.0)
    assert (weights[-1, :, 0] > 0.9).all()
    after = stack(members, labels(), replace(TARGETS, values=values), FOLDS)
    rows = fold.predict_rows
    np.testing.assert_array_equal(after.scores[:, rows], got.scores[:, rows])


def test_seeds_have_files_of_their_own_and_are_averaged(tmp_path: Path) -> None:
    config = TrainConfig(model=LinearConfig(), batch=64, epochs=1, threads=1, seed=4, ensemble=2)
    folds = FOLDS[:2]
    calls: list[tuple[int, int]] = []
    got = run_seeds(
        X,
        TARGETS,
        folds,
        config,
        models_dir=tmp_path,
        progress=lambda done, total, _: calls.append((done, total)),
    )
    assert calls[-1] == (4, 4)
    each = [run(X, TARGETS, folds, replace(config, seed=seed, ensemble=1)) for seed in (4, 5)]
    np.testing.assert_array_equal(got.scores, combine(each).scores)
    assert (
        len(list(tmp_path.glob("*.safetensors")))
        == len(list((tmp_path / "seed-5").glob("*.safetensors")))
        == 2
    )


def test_members_must_fit() -> None:
    with pytest.raises(ValueError, match="at least one walk-forward"):
        combine([])
    with pytest.raises(ValueError, match="same dates, stocks, horizons and folds"):
        combine_ranks([made(noise()), replace(made(noise()), folds=("other",))])
    with pytest.raises(ValueError, match="`weights` must be 1 numbers >= 0"):
        combine([made(noise())], (-1.0,))
