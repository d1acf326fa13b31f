"""Relevance of walk-forwards: each row by its own fold, value and flag summed, means by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jqfast.errors import NumericError
from jqfast.explain import (
    DenseNet,
    LstmLayer,
    LstmNet,
    demeaned,
    lrp,
    lrp_dense,
    walk_forward_relevance,
)
from jqfast.features.normalize import Fitted, fit
from jqfast.features.result import FeaturePanel
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold, save_fold
from jqfast.learn.dataset import sequence_rows
from jqfast.learn.ensemble import combine
from jqfast.learn.walk_forward import Predictions

T, N, F = 40, 25, 3
DATES = np.busday_offset("2020-01-06", np.arange(T)).astype("datetime64[D]")
NAMES = ("a", "b", "c")


def model(name: str, rows: np.ndarray, X: FeaturePanel, seed: int) -> FoldModel:
    """A random net with two heads and its predictions."""
    rng = np.random.default_rng(seed)
    weights = tuple(rng.standard_normal(s).astype(np.float32) / 2 for s in ((2 * F, 5), (5, 2)))
    biases = tuple(rng.standard_normal(o).astype(np.float32) / 4 for o in (5, 2))
    fitted = fit(X.samples, ("cs", "ts", "none"))
    scores = np.full((2, len(rows), N), np.nan, dtype=np.float32)
    for i, row in enumerate(rows):
        a = np.tanh(fitted.apply(X.samples[row * N : (row + 1) * N]) @ weights[0] + biases[0])
        scores[:, i] = (a @ weights[1] + biases[1]).T
    scores[:, :, 0] = np.nan  # never a member of the universe
    names = tuple(Fitted.input_names(NAMES))
    return FoldModel(
        name, "mlp", weights, biases, ("tanh", "linear"), fitted, names, (), (1, 5), rows, scores, {}, "print"
    )


@pytest.fixture
def walked(tmp_path: Path) -> tuple[FeaturePanel, Predictions, Path]:
    """Features, two folds on file, and what they predicted from row 10 on."""
    values = np.random.default_rng(0).standard_normal((T, N, F)).astype(np.float32)
    values[np.random.default_rng(1).random(values.shape) < 0.1] = np.nan
    X = FeaturePanel(NAMES, DATES, np.array([f"{n}" for n in range(N)]), values, "sample", {})
    scores = np.full((2, T, N), np.nan, dtype=np.float32)
    owner = np.full(T, -1)
    for k, (name, rows) in enumerate({"2020-01": np.arange(10, 23), "2020-02": np.arange(23, T)}.items()):
        fold = model(name, rows, X, k)
        save_fold(fold_path(tmp_path, name), fold)
        scores[:, rows], owner[rows] = fold.scores, k
    return X, Predictions(DATES, X.codes, (1, 5), scores, owner, ("2020-01", "2020-02")), tmp_path


def test_each_row_is_explained_by_the_fold_that_predicted_it(
    walked: tuple[FeaturePanel, Predictions, Path],
) -> None:
    X, predictions, folder = walked
    result = walk_forward_relevance(X, predictions, folder, horizon=5, rows=[12, 30, 39])
    assert result.features == NAMES
    np.testing.assert_array_equal(result.dates, DATES[[12, 30, 39]])
    assert np.isnan(result.values[:, 0]).all()
    for place, (row, name) in enumerate([(12, "2020-01"), (30, "2020-02"), (39, "2020-02")]):
        fold = load_fold(fold_path(folder, name))
        inputs = fold.fitted.apply(X.samples[row * N + 1 : (row + 1) * N])
        direct = lrp_dense(
            inputs, fold.weights, fold.biases, fold.activations, output=1, return_residual=True
        )
        summed = direct.relevance[:, :F] + direct.relevance[:, F:]
        np.testing.assert_allclose(result.values[place, 1:], summed, atol=1e-6)
        np.testing.assert_allclose(result.residual_share[place, 1:], direct.residual, atol=1e-4)
        assert result.prediction is not None
        np.testing.assert_allclose(
            result.prediction[place, 1:], predictions.scores[1, row, 1:], rtol=1e-4, atol=1e-6
        )


def test_rows_default_to_the_last_predicted_session_of_each_month(
    walked: tuple[FeaturePanel, Predictions, Path],
) -> None:
    X, predictions, folder = walked
    result = walk_forward_relevance(X, predictions, folder)
    assert [str(date) for date in result.dates] == ["2020-01-31", "2020-02-28"]


def test_daily_means_are_those_of_the_whole_relevances(
    walked: tuple[FeaturePanel, Predictions, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    X, predictions, folder = walked
    monkeypatch.setattr("jqfast.explain.walk_forward._CHUNK", 3 * N + 1)  # several chunks per fold
    result = walk_forward_relevance(X, predictions, folder, rows=range(10, T))
    daily = result.daily
    assert daily is not None
    np.testing.assert_array_equal(daily.dates, DATES[10:])
    np.testing.assert_allclose(daily.mean["all"], np.nanmean(result.values, axis=1), atol=1e-5)
    np.testing.assert_allclose(daily.size, np.nanmean(np.abs(result.values), axis=1), atol=1e-5)
    score = predictions.scores[1, 10:]
    best = np.argsort(np.where(np.isfinite(score), -score, np.inf), axis=1)[:, :2]
    expected = np.take_along_axis(result.values, best[:, :, None], axis=1).mean(axis=1)
    two = daily.stocks["long"] == 2  # deciles of 24 stocks hold two or three
    assert two.sum() > 10
    np.testing.assert_allclose(daily.mean["long"][two], expected[two], atol=1e-5)
    assert (daily.stocks["all"] == 24).all()
    lost = np.abs(score - result.values.sum(axis=2))
    np.testing.assert_allclose(
        daily.residual, np.nansum(lost, axis=1) / np.nansum(np.abs(score), axis=1), atol=1e-4
    )


def test_only_the_rows_asked_for(walked: tuple[FeaturePanel, Predictions, Path]) -> None:
    X, predictions, folder = walked
    fold_path(folder, "2020-01").unlink()
    result = walk_forward_relevance(X, predictions, folder, rows=[30], daily=False)
    assert result.daily is None
    assert np.isfinite(result.values[0, 1:]).all()


def test_a_fold_that_failed_in_training_is_left_out(
    walked: tuple[FeaturePanel, Predictions, Path],
) -> None:
    X, predictions, folder = walked
    fold_path(folder, "2020-01").unlink()
    scores = predictions.scores.copy()
    scores[:, 10:23] = np.nan
    result = walk_forward_relevance(X, replace(predictions, scores=scores), folder, rows=[12, 30])
    assert np.isnan(result.values[0]).all()
    assert np.isfinite(result.values[1, 1:]).all()
    assert result.daily is not None
    np.testing.assert_array_equal(result.daily.dates, DATES[23:])


def test_demeaned_has_no_mean_left(walked: tuple[FeaturePanel, Predictions, Path]) -> None:
    X, predictions, folder = walked
    centred = demeaned(walk_forward_relevance(X, predictions, folder))
    assert np.abs(np.nanmean(centred, axis=1)).max() < 1e-6
    assert np.isnan(centred[:, 0]).all()


def test_progress_is_told(walked: tuple[FeaturePanel, Predictions, Path]) -> None:
    X, predictions, folder = walked
    told: list[tuple[int, int]] = []
    walk_forward_relevance(X, predictions, folder, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_what_cannot_be_explained(walked: tuple[FeaturePanel, Predictions, Path]) -> None:
    X, predictions, folder = walked
    with pytest.raises(ValueError, match=r"`horizon` must be one that was predicted \(1, 5\); got 10"):
        walk_forward_relevance(X, predictions, folder, horizon=10)
    other = replace(X, buffer=X.buffer + np.float32(0.5))
    with pytest.raises(NumericError, match="predicts other scores than were given"):
        walk_forward_relevance(other, predictions, folder)
    path = fold_path(folder, "2020-02")
    save_fold(path, replace(load_fold(path), kind="cnn", activations=("conv", "linear")))
    with pytest.raises(ValueError, match="LRP has no rules for the model `cnn`"):
        walk_forward_relevance(X, predictions, folder)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        walk_forward_relevance(X, predictions, folder)


def lstm_fold(name: str, rows: np.ndarray, X: FeaturePanel, history: np.ndarray) -> FoldModel:
    """A random LSTM and its predictions, sequences gathered by hand."""
    rng = np.random.default_rng(5)
    shapes = ((2 * F, 16), (4, 16), (4, 1))
    weights = tuple(rng.standard_normal(s).astype(np.float32) / 2 for s in shapes)
    biases = tuple(rng.standard_normal(o).astype(np.float32) / 4 for o in (16, 1))
    fitted = fit(X.samples, ("cs", "ts", "none"))
    scores = np.full((1, len(rows), N), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        scores[0, place] = lrp(
            LstmNet(
                [LstmLayer(weights[0], weights[1], biases[0])],
                DenseNet([weights[2]], [biases[1]], ["linear"]),
            ),
            by_hand(X, fitted, history[row]),
        ).prediction
    names = tuple(Fitted.input_names(NAMES))
    kinds = ("lstm", "linear")
    return FoldModel(name, "lstm", weights, biases, kinds, fitted, names, (), (5,), rows, scores, {}, "print")


def by_hand(X: FeaturePanel, fitted: Fitted, rows: np.ndarray) -> np.ndarray:
    """(N, L, 2F) inputs of all stocks; what is before the start is missing."""
    sessions = []
    for row in rows:
        raw = X.samples[row * N : (row + 1) * N] if row >= 0 else np.full((N, F), np.nan, np.float32)
        sessions.append(fitted.apply(raw))
    return np.stack(sessions, axis=1)


def test_sequences_are_explained_and_summed_over_their_sessions(
    walked: tuple[FeaturePanel, Predictions, Path],
) -> None:
    X, _, folder = walked
    is_session = np.ones(T, dtype=np.bool_)
    is_session[20] = False
    history = sequence_rows(is_session, 6)
    rows = np.arange(3, T)
    fold = lstm_fold("all", rows, X, history)
    save_fold(fold_path(folder, "all"), fold)
    scores = np.full((1, T, N), np.nan, dtype=np.float32)
    scores[:, rows] = fold.scores
    owner = np.where(np.arange(T) >= 3, 0, -1)
    predictions = Predictions(DATES, X.codes, (5,), scores, owner, ("all",))
    result = walk_forward_relevance(X, predictions, folder, rows=[3, 22, 39], history=history)
    for place, row in enumerate((3, 22, 39)):
        whole = lrp(fold, by_hand(X, fold.fitted, history[row])).relevance.sum(axis=1)
        np.testing.assert_allclose(result.values[place], whole[:, :F] + whole[:, F:], atol=1e-6)
    assert result.daily is not None
    assert len(result.daily.dates) == len(rows)
    with pytest.raises(ValueError, match="Fold `all` reads sequences; pass `history`"):
        walk_forward_relevance(X, predictions, folder, rows=[3])


def test_an_ensemble_is_the_mean_of_its_members_in_units_of_their_deviation(
    walked: tuple[FeaturePanel, Predictions, Path],
) -> None:
    X, first, folder = walked
    other = folder / "seed-2"
    scores = np.full_like(first.scores, np.nan)
    for k, (name, rows) in enumerate({"2020-01": np.arange(10, 23), "2020-02": np.arange(23, T)}.items()):
        fold = model(name, rows, X, 7 + k)
        save_fold(fold_path(other, name), fold)
        scores[:, rows] = fold.scores
    second = replace(first, scores=scores)
    both = walk_forward_relevance(X, combine([first, second]), [folder, other], rows=[12, 30], daily=False)
    singles = [
        walk_forward_relevance(X, one, where, rows=[12, 30], daily=False)
        for one, where in ((first, folder), (second, other))
    ]
    expected = np.zeros((2, N, F))
    for single, one in zip(singles, (first, second), strict=True):
        deviation = np.nanstd(one.scores[1, [12, 30]].astype(np.float64), axis=1)
        expected += single.values / deviation[:, None, None] / 2
    np.testing.assert_allclose(both.values[:, 1:], expected[:, 1:], rtol=1e-4, atol=1e-5)
    # It adds up to the score and what the standardising took off the whole date.
    assert both.prediction is not None
    kept = both.values.sum(axis=2) + both.residual_share * both.prediction
    left = kept - combine([first, second]).scores[1, [12, 30]]
    np.testing.assert_allclose(left[:, 1:], np.repeat(left[:, 1:2], N - 1, axis=1), atol=1e-4)
    with pytest.raises(NumericError, match="predicts other scores"):
        walk_forward_relevance(X, first, [folder, other], rows=[12], daily=False)
