"""Selection of inputs: each method against theory or another library, on training rows and nothing else."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from learn_support import planted, small_folds

from jqfast.learn import select
from jqfast.learn.dataset import make_dataset
from jqfast.learn.select import (
    VALIDATION_SHARE,
    by_gain,
    l1_path,
    principal_components,
    prune_correlated,
    training_inputs,
)


def _market(S: int = 4000, F: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Inputs of which 0, 3 and 7 move the label; 1 is nearly 0, and 11 never moves."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((S, F))
    x[:, 1] = x[:, 0] + 0.05 * x[:, 1]
    x[:, 11] = 2.0
    y = 0.5 * x[:, 0] - 0.4 * x[:, 3] + 0.3 * x[:, 7] + rng.standard_normal(S)
    return x.astype(np.float32), y, [f"f{f}" for f in range(F)]


def test_twins_are_pruned_by_priority() -> None:
    x, _, names = _market()
    found = prune_correlated(x, names, limit=0.9)
    assert found.chosen == tuple(n for n in names if n not in ("f1", "f11"))
    assert found.why["f11"] == "it never moves in the training rows"
    assert found.why["f1"].endswith("with `f0`")
    assert found.scores[1] == pytest.approx(abs(np.corrcoef(x[:, 0], x[:, 1])[0, 1]), abs=1e-9)
    other = prune_correlated(x, names, limit=0.9, priority=np.arange(12))
    assert "f0" not in other.chosen
    assert "f1" in other.chosen
    np.testing.assert_array_equal(found.apply(x), x[:, found.kept])


def test_no_two_kept_inputs_correlate_above_the_limit() -> None:
    rng = np.random.default_rng(3)
    x = (rng.standard_normal((500, 4)) @ rng.standard_normal((4, 30))).astype(np.float32)
    found = prune_correlated(x, [str(f) for f in range(30)], limit=0.7)
    kept = np.abs(np.corrcoef(found.apply(x), rowvar=False))
    assert kept[~np.eye(len(kept), dtype=bool)].max() <= 0.7
    assert 2 <= len(found.chosen) < 30


def test_components_are_those_of_the_singular_values() -> None:
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((600, 3)) @ rng.standard_normal((3, 8)) + 5.0).astype(np.float32)
    names = [str(f) for f in range(8)]
    found = principal_components(x, names, count=3)
    centred = x.astype(float) - x.mean(axis=0, dtype=float)
    _, sizes, rows = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(found.variance, (sizes**2 / (sizes**2).sum())[:3], rtol=1e-9)
    np.testing.assert_allclose(np.abs(found.components.T), np.abs(rows[:3]), atol=1e-7)
    out = found.apply(x)
    np.testing.assert_allclose(np.cov(out, rowvar=False, bias=True), np.diag(sizes[:3] ** 2 / 600), atol=1e-6)
    largest = found.components[np.abs(found.components).argmax(axis=0), range(3)]
    assert (largest > 0).all()
    assert len(principal_components(x, names, share=0.999).variance) == 3


def test_the_path_is_optimal_at_every_penalty() -> None:
    """The conditions of Karush, Kuhn and Tucker hold to rounding, from the first penalty to the last."""
    x, y, names = _market()
    path = l1_path(x, y, names)
    assert path.coefficients.shape == (40, 12)
    np.testing.assert_array_equal(path.coefficients[0], 0.0)
    centred = x.astype(float) - x.mean(axis=0, dtype=float)
    for penalty, b in zip(path.penalties, path.coefficients, strict=True):
        pull = centred.T @ (y - y.mean() - centred @ b) / len(y)
        active = b != 0
        np.testing.assert_allclose(pull[active], penalty * np.sign(b[active]), atol=1e-7)
        assert (np.abs(pull[~active]) <= penalty + 1e-7).all()


def test_the_penalty_is_chosen_on_the_latest_rows_of_training() -> None:
    x, y, names = _market()
    path = l1_path(x, y, names)
    assert {"f3", "f7"} <= set(path.selection().chosen)
    assert "f11" not in path.selection().chosen
    # Where the latest rows say the opposite, the early ones are not to be trusted: nothing is kept.
    opposite = y.copy()
    opposite[int(len(y) * (1 - VALIDATION_SHARE)) :] *= -1
    assert l1_path(x, opposite, names).best == 0
    # Labels that are missing are no rows: the same path without them.
    holes = y.copy()
    holes[::7] = np.nan
    known = np.isfinite(holes)
    np.testing.assert_array_equal(
        l1_path(x, holes, names).coefficients, l1_path(x[known], y[known], names).coefficients
    )


def test_rows_that_are_not_trained_on_change_nothing() -> None:
    """What is fitted on some rows is applied to others as it is: later rows cannot move it."""
    x, y, names = _market()
    first, rest = x[:3000], x[3000:]
    for found in (prune_correlated(first, names), principal_components(first, names, count=4)):
        before = found.apply(rest).copy()
        found.apply(rest * 100.0)
        np.testing.assert_array_equal(found.apply(rest), before)
    spoiled = np.concatenate([first, np.full_like(rest, 1e6)])
    np.testing.assert_array_equal(
        l1_path(spoiled[:3000], y[:3000], names).coefficients, l1_path(first, y[:3000], names).coefficients
    )


def test_a_fold_hands_out_its_training_rows_and_no_others() -> None:
    """Everything outside the fold's training rows poisoned: inputs, labels and the choice keep their bits."""
    X, targets = planted()
    fold = small_folds(X)[2]
    x, y = training_inputs(make_dataset(X, targets), fold)
    assert x.shape == (len(y), 4)
    assert np.isfinite(x).all()
    outside = np.setdiff1d(np.arange(len(X.dates)), fold.train_rows)
    spoiled, wrong = X.buffer.copy(), targets.values.copy()
    spoiled[outside], wrong[:, outside] = 1e6, -1e6
    poisoned = make_dataset(replace(X, buffer=spoiled), replace(targets, values=wrong))
    again = training_inputs(poisoned, fold)
    assert again[0].tobytes() == x.tobytes()
    assert again[1].tobytes() == y.tobytes()
    assert {"f0", "f1"} <= set(l1_path(x, y, X.names).selection().chosen)


def test_gains_of_trees() -> None:
    pytest.importorskip("lightgbm", reason="LightGBM is an extra")
    x, y, names = _market()
    found = by_gain(x, y, names, keep=4)
    assert {"f3", "f7"} <= set(found.chosen)
    assert found.kept.sum() == 4
    assert "f11" in found.why
    again = by_gain(x, y, names, keep=4)
    np.testing.assert_array_equal(found.scores, again.scores)


def test_gains_without_the_extra_say_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    x, y, names = _market(200)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'jqfast\[lightgbm\]'"):
        by_gain(x, y, names, keep=4)


def test_blocks_of_rows_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, names = _market()
    whole = l1_path(x, y, names).coefficients
    monkeypatch.setattr(select, "_CHUNK", 700)
    np.testing.assert_allclose(l1_path(x, y, names).coefficients, whole, atol=1e-9)


def test_mistakes_are_explained() -> None:
    x, y, names = _market(50)
    holes = x.copy()
    holes[3, 2] = np.nan
    for function in (prune_correlated, principal_components):
        with pytest.raises(ValueError, match="`x` must be a float array"):
            function(x, names[:5])
        with pytest.raises(ValueError, match="no missing value: select among model inputs"):
            function(holes, names)
        with pytest.raises(ValueError, match="at least one row"):
            function(x[:0], names)
    with pytest.raises(ValueError, match="`limit` must be in"):
        prune_correlated(x, names, limit=0)
    with pytest.raises(ValueError, match="`count` must be from 1 to the 12"):
        principal_components(x, names, count=13)
    with pytest.raises(ValueError, match="`share` must be in"):
        principal_components(x, names, share=2)
    with pytest.raises(ValueError, match="at least 3 labels"):
        l1_path(x, y * np.nan, names)
    with pytest.raises(ValueError, match="`steps` must be 2"):
        l1_path(x, y, names, steps=1)
    with pytest.raises(ValueError, match="`keep` must be from 1"):
        by_gain(x, y, names, keep=0)
