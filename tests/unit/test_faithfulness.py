"""Faithfulness: honest relevance passes, random and shuffled controls do not, and the table says so."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.explain import DenseNet, LstmLayer, LstmNet, lrp
from jqfast.explain.aggregate import group_inputs
from jqfast.explain.attributions import predict_with
from jqfast.explain.faithfulness import (
    Evidence,
    another_stock,
    faithfulness_table,
    perturbation_curves,
    recovery,
    recovery_error,
    sensitivity_n,
    shuffled,
    stability,
)
from jqfast.explain.shapley import shapley

RNG = np.random.default_rng(0)
DATES = np.repeat(np.arange(12), 50)
X = RNG.standard_normal((600, 6)).astype(np.float32)
X[:, 5] = RNG.standard_normal(12).astype(np.float32)[DATES]  # the same for all stocks of a date
WEIGHT = np.array([[1.0], [-0.8], [0.6], [0.3], [0.0], [0.5]])
NET = DenseNet([WEIGHT], [np.array([0.2])], ["linear"])
GROUPS = group_inputs(list("abcdef"))
RELEVANCE = lrp(NET, X, epsilon=1e-6).relevance
NOISE = RNG.standard_normal(RELEVANCE.shape)


def test_the_order_of_relevance_moves_the_prediction_most() -> None:
    predict, absent = predict_with(NET), another_stock(X, DATES)
    honest = perturbation_curves(predict, X, RELEVANCE, GROUPS, absent)
    chance = perturbation_curves(predict, X, NOISE, GROUPS, absent)
    assert honest.area > 20 * honest.error
    assert abs(chance.area) < 4 * chance.error
    assert len(honest.falling) == 7
    assert honest.falling[0] == honest.rising[0] == 0
    assert honest.falling[1:-1].max() < honest.random[1:-1].min()
    assert honest.rising[1:-1].min() > honest.random[1:-1].max()
    np.testing.assert_allclose(honest.falling[-1], honest.rising[-1], atol=1e-6)  # all are gone
    np.testing.assert_allclose(honest.falling[-1], (predict(absent) - predict(X)).mean(), atol=1e-6)
    zero = perturbation_curves(predict, X, RELEVANCE, GROUPS, 0.0)
    np.testing.assert_allclose(zero.falling[-1], (0.2 - predict(X)).mean(), atol=1e-6)


def test_relevance_of_a_linear_model_adds_up() -> None:
    predict = predict_with(NET)
    for n in (1, 2, 4):
        right, error = sensitivity_n(predict, X, RELEVANCE, GROUPS, 0.0, n=n)
        assert right > 0.999
        assert error < 1e-3
        chance, error = sensitivity_n(predict, X, NOISE, GROUPS, 0.0, n=n)
        assert abs(chance) < min(0.1, 4 * error)
    assert np.isnan(sensitivity_n(predict, X, RELEVANCE, GROUPS, 0.0, n=6)).all()  # one set: nothing varies
    with pytest.raises(ValueError, match="`n` must be 1 to 6"):
        sensitivity_n(predict, X, RELEVANCE, GROUPS, 0.0, n=7)


def test_curves_have_the_errors_of_their_means() -> None:
    predict = predict_with(NET)
    absent = another_stock(X, DATES, seed=1)
    found = perturbation_curves(predict, X, RELEVANCE, GROUPS, absent)
    last = predict(absent) - predict(X)
    assert found.falling_error[0] == found.rising_error[0] == 0
    assert found.falling_error[-1] == pytest.approx(last.std(ddof=1) / np.sqrt(len(X)), rel=1e-4)
    assert found.rising_error[-1] == pytest.approx(found.falling_error[-1], rel=1e-4)


def test_the_error_of_recovery_is_that_of_a_rank_correlation() -> None:
    """Of normal values in large samples: Bonett and Wright (2000), Psychometrika 65."""
    rng = np.random.default_rng(5)
    left = rng.standard_normal((400, 2))
    right = left + rng.standard_normal((400, 2)) * [1.0, 0.1]
    error = recovery_error(left, right, np.zeros(400, np.int64), draws=300)
    r = recovery(left, right, np.zeros(400, np.int64))
    np.testing.assert_allclose(error, (1 - r**2) * np.sqrt((1 + r**2 / 2) / 397), rtol=0.25)


def test_recovery_is_by_rank_within_the_dates() -> None:
    shifted = np.exp(RELEVANCE) + 100.0 * DATES[:, None]
    found = recovery(RELEVANCE, RELEVANCE + 100.0 * DATES[:, None], DATES)
    np.testing.assert_allclose(found[:4], 1.0)
    assert np.isnan(found[4])  # never read
    assert (recovery(RELEVANCE, shifted, DATES)[:4] > 0.9).all()
    assert (np.abs(recovery(RELEVANCE, NOISE, DATES)[:4]) < 0.15).all()


def test_seeds_that_agree_are_stable() -> None:
    near = [RELEVANCE + 0.1 * RNG.standard_normal(RELEVANCE.shape) for _ in range(3)]
    assert (stability(near, DATES)[:3] > 0.9).all()
    with pytest.raises(ValueError, match="at least two seeds; got 1"):
        stability(near[:1], DATES)


def test_a_shuffled_net_has_the_same_numbers_elsewhere() -> None:
    net = DenseNet([RNG.standard_normal((6, 5)), RNG.standard_normal((5, 1))], None, ["tanh", "linear"])
    mixed = shuffled(net, seed=1)
    assert isinstance(mixed, DenseNet)
    for old, new in zip(net.weights, mixed.weights, strict=True):
        np.testing.assert_array_equal(np.sort(old, axis=None), np.sort(new, axis=None))
        assert (old != new).any()
    layer = LstmLayer(RNG.standard_normal((3, 8)), RNG.standard_normal((2, 8)), RNG.standard_normal(8))
    lstm = shuffled(LstmNet([layer], DenseNet([np.ones((2, 1))], None, ["linear"])))
    assert isinstance(lstm, LstmNet)
    np.testing.assert_array_equal(np.sort(layer.w_x, axis=None), np.sort(lstm.layers[0].w_x, axis=None))


def test_the_table_trusts_what_is_right_and_nothing_else() -> None:
    predict, absent = predict_with(NET), another_stock(X, DATES)
    own = shapley(predict, X, GROUPS, DATES, draws=8).values
    truth = X * WEIGHT[:, 0]
    curves = perturbation_curves(predict, X, RELEVANCE, GROUPS, absent)
    spoilt = RELEVANCE.copy()
    spoilt[:, 1] = NOISE[:, 1]
    table = faithfulness_table(Evidence(spoilt, own, NOISE, curves, truth), GROUPS, DATES)
    assert list(table.index) == ["a", "b", "c", "d", "e", "f", "(order)"]
    assert table.loc["a", "verdict"] == table.loc["c", "verdict"] == "recovered"
    assert table.loc["b", "verdict"] == "not recovered"
    assert table.loc["e", "verdict"] == "too small to judge"
    assert table.loc["f", "verdict"] == "too small to judge"  # ranks no stock
    assert table.loc["a", "model_truth"] > 0.8
    assert table.loc["(order)", "verdict"] == "better than chance"
    leaking = faithfulness_table(Evidence(RELEVANCE, own, RELEVANCE, curves), GROUPS, DATES)
    assert leaking.loc["a", "verdict"] == "recovered, but the shuffled model too"
    assert "lrp_truth" not in leaking
    weights = np.array([0.05, 0.9, 0.05, 0.0, 0.0, 0.0])
    judged = faithfulness_table(Evidence(RELEVANCE, own, NOISE, curves, truth, weights), GROUPS, DATES)
    assert judged.index[0] == "b"
    assert judged.loc["a", "verdict"] == "too small to judge"
