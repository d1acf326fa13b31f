"""Other attributions and Shapley values: sums, known answers, what is not read gets nothing."""

from __future__ import annotations

from itertools import combinations
from math import factorial

import numpy as np
import pytest

from jqfast.explain import DenseNet, LstmLayer, LstmNet, lrp
from jqfast.explain.aggregate import demean_by_date, group_inputs
from jqfast.explain.attributions import gradient_x_input, integrated_gradients, occlusion, predict_with
from jqfast.explain.shapley import others_of_the_date, shapley

RNG = np.random.default_rng(0)
NET = DenseNet(
    [RNG.standard_normal((5, 8)), RNG.standard_normal((8, 2))],
    [RNG.standard_normal(8), None],
    ["tanh", "linear"],
)
LINEAR = DenseNet([np.array([[2.0], [-1.0], [0.5]])], [np.array([3.0])], ["linear"])
LSTM = LstmNet(
    [
        LstmLayer(RNG.standard_normal((5, 24)), RNG.standard_normal((6, 24)) / 3, RNG.standard_normal(24)),
        LstmLayer(RNG.standard_normal((6, 16)), RNG.standard_normal((4, 16)) / 3, RNG.standard_normal(16)),
    ],
    DenseNet([RNG.standard_normal((4, 1))], [np.ones(1)], ["linear"]),
    "attention",
    RNG.standard_normal(4),
)
X = RNG.standard_normal((40, 5)).astype(np.float32)
SEQUENCES = RNG.standard_normal((12, 7, 5)).astype(np.float32)


@pytest.mark.parametrize(("net", "x"), [(NET, X), (LSTM, SEQUENCES)], ids=["dense", "lstm"])
def test_the_prediction_is_the_one_that_lrp_explains(net: DenseNet | LstmNet, x: np.ndarray) -> None:
    last = net.outputs - 1
    explained = lrp(net, x, output=last).prediction
    np.testing.assert_allclose(predict_with(net, output=last)(x), explained, rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(("net", "x"), [(NET, X), (LSTM, SEQUENCES)], ids=["dense", "lstm"])
def test_integrated_gradients_sum_to_the_difference(net: DenseNet | LstmNet, x: np.ndarray) -> None:
    predict = predict_with(net)
    attribution = integrated_gradients(net, x, baseline=0.3, steps=200)
    assert attribution.shape == x.shape
    gap = predict(x) - predict(np.full_like(x, 0.3))
    np.testing.assert_allclose(attribution.reshape(len(x), -1).sum(axis=1), gap, atol=2e-3)


def test_a_linear_model_has_one_answer() -> None:
    x = RNG.standard_normal((30, 3)).astype(np.float32)
    expected = x * np.array([2.0, -1.0, 0.5])
    for attribution in (gradient_x_input(LINEAR, x), integrated_gradients(LINEAR, x), occlusion(LINEAR, x)):
        np.testing.assert_allclose(attribution, expected, rtol=1e-5, atol=1e-5)


def test_occlusion_replaces_an_input_on_all_its_sessions() -> None:
    lost = occlusion(LSTM, SEQUENCES, baseline=0.5)
    without = SEQUENCES.copy()
    without[..., 2] = 0.5
    predict = predict_with(LSTM)
    assert lost.shape == (12, 5)
    np.testing.assert_allclose(lost[:, 2], predict(SEQUENCES) - predict(without), atol=1e-6)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="`output` must be 0 to 1"):
        predict_with(NET, output=2)
    with pytest.raises(ValueError, match="`steps` must be an integer >= 1"):
        integrated_gradients(NET, X, steps=0)
    with pytest.raises(ValueError, match="`draws` must be an even number"):
        shapley(predict_with(NET), X, group_inputs(list("abcde")), np.zeros(40), draws=3)


def test_inputs_by_group() -> None:
    names = ["roe", "food", "banks", "roe_isna", "odd_isna"]
    groups = group_inputs(names, {"sector": ["food", "banks"]})
    assert dict(zip(groups.names, groups.members, strict=True)) == {
        "roe": (0, 3),
        "sector": (1, 2),
        "odd_isna": (4,),  # the flag of nothing is an input like others
    }
    np.testing.assert_array_equal(groups.sum(np.arange(5.0)), [3.0, 3.0, 4.0])
    with pytest.raises(ValueError, match=r"Unknown input `fod`\. Did you mean `food`"):
        group_inputs(names, {"sector": ["fod"]})
    with pytest.raises(ValueError, match="`food` must be in one group; it is in `a` and `b`"):
        group_inputs(names, {"a": ["food"], "b": ["food"]})
    with pytest.raises(ValueError, match="`relevance` must have one value per input, 5"):
        groups.sum(np.ones(4))


def test_means_of_dates_are_taken_off() -> None:
    dates = np.array([1, 1, 2, 2, 2])
    values = np.array([[1.0, 5.0], [3.0, 5.0], [1.0, np.nan], [2.0, 0.0], [6.0, 4.0]])
    expected = [[-1.0, 0.0], [1.0, 0.0], [-2.0, np.nan], [-1.0, -2.0], [3.0, 2.0]]
    np.testing.assert_array_equal(demean_by_date(values, dates), expected)
    mixed = np.array([3, 0, 4, 1, 2])
    np.testing.assert_array_equal(demean_by_date(values[mixed], dates[mixed]), np.array(expected)[mixed])
    assert demean_by_date(values[:0], dates[:0]).shape == (0, 2)
    with pytest.raises(ValueError, match="`dates` must have one entry per sample, 5"):
        demean_by_date(values, dates[:3])


def test_another_stock_of_the_same_date() -> None:
    dates = np.array([3, 1, 3, 1, 3, 7])
    seen = set()
    for seed in range(40):
        chosen = others_of_the_date(dates, np.random.default_rng(seed))
        np.testing.assert_array_equal(dates[chosen], dates)
        assert (chosen[:5] != np.arange(5)).all()
        assert chosen[5] == 5  # alone
        seen.add(int(chosen[0]))
    assert seen == {2, 4}


def test_shapley_values_of_a_small_game() -> None:
    """Two samples on one date: each is the other's absence, so the exact value can be written down."""
    groups = group_inputs(list("abcde"), {"ab": ["a", "b"]})
    predict = predict_with(NET)
    x = X[:2]
    G = len(groups.names)

    def worth(present: tuple[int, ...]) -> np.ndarray:
        state = x[::-1].copy()
        for g in present:
            state[:, list(groups.members[g])] = x[:, list(groups.members[g])]
        return predict(state).astype(np.float64)

    exact = np.zeros((2, G))
    for g in range(G):
        rest = [k for k in range(G) if k != g]
        for size in range(G):
            weight = factorial(size) * factorial(G - size - 1) / factorial(G)
            for some in combinations(rest, size):
                exact[:, g] += weight * (worth((*some, g)) - worth(some))
    sampled = shapley(predict, x, groups, np.zeros(2), draws=400, seed=1)
    assert (np.abs(sampled.values - exact) < 5 * sampled.errors + 1e-6).all()
    np.testing.assert_allclose(sampled.values.sum(axis=1), predict(x) - predict(x[::-1]), atol=1e-5)


def test_what_is_not_read_has_no_value() -> None:
    net = DenseNet([np.array([[1.0], [0.0], [-2.0]])], None, ["linear"])
    x = RNG.standard_normal((50, 3)).astype(np.float32)
    x[:, 2] = 4.0  # the same for all stocks of the date
    values = shapley(predict_with(net), x, group_inputs(list("abc")), np.zeros(50), draws=8).values
    assert not values[:, 1:].any()
    assert values[:, 0].std() > 0.5
