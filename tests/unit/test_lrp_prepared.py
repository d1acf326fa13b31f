"""Nets prepared once and many models in one call: the answers are those of single calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from jqfast.explain import DenseNet, LrpResult, LstmLayer, LstmNet, Rule, lrp, lrp_many, prepare

RNG = np.random.default_rng(0)


def dense(inputs: int, outputs: int = 2) -> DenseNet:
    weights = [RNG.standard_normal((inputs, 5)), RNG.standard_normal((5, outputs))]
    return DenseNet(weights, [RNG.standard_normal(5), RNG.standard_normal(outputs)], ["tanh", "linear"])


def lstm(inputs: int) -> LstmNet:
    layer = LstmLayer(
        RNG.standard_normal((inputs, 12)), RNG.standard_normal((3, 12)), RNG.standard_normal(12)
    )
    return LstmNet([layer], DenseNet([RNG.standard_normal((3, 1))], None, ["linear"]))


def assert_same(got: LrpResult, want: LrpResult) -> None:
    for name in ("relevance", "residual", "prediction", "initial"):
        mine, other = getattr(got, name), getattr(want, name)
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_array_equal(mine, other)
    assert got.rules == want.rules


@pytest.mark.parametrize(
    "how",
    [
        {"rule": "gamma", "epsilon": 0.1, "output": [1, 0], "bias": "redistribute", "dtype": "float64"},
        {"rule": Rule("zbox", low=-9.0, high=9.0), "output": 1},
        {},
    ],
)
def test_prepared_nets_answer_as_single_calls(how: dict[str, Any]) -> None:
    net, x = dense(7), RNG.standard_normal((40, 7))
    ready = prepare(net, **how)
    for part in (x, x[:3], x.reshape(5, 8, 7), x[:0]):
        assert_same(ready.lrp(part), lrp(net, part, **how))
    start = np.arange(1.0, 41.0)
    assert_same(ready.lrp(x, start=start, threads=2), lrp(net, x, start=start, **how))


def test_prepared_lstms_take_sequences_of_any_length() -> None:
    net = lstm(4)
    ready = prepare(net)
    for length in (6, 1, 6):
        x = RNG.standard_normal((9, length, 4))
        assert_same(ready.lrp(x), lrp(net, x))


def test_what_changes_later_does_not_reach_a_prepared_net() -> None:
    net, x = dense(7), RNG.standard_normal((40, 7)).astype(np.float32)
    net = DenseNet([w.astype(np.float32) for w in net.weights], None, net.activations)
    ready, before = prepare(net), lrp(net, x)
    net.weights[0][:] = 0.0
    assert_same(ready.lrp(x), before)


def test_many_models_answer_as_single_calls() -> None:
    nets = [dense(7), lstm(4), dense(3), prepare(dense(90), rule="lrp0"), dense(5)]
    xs = [RNG.standard_normal(shape) for shape in [(1500, 7), (20, 6, 4), (0, 3), (1, 90), (4, 3, 5)]]
    for threads in (1, 3):
        results = lrp_many(nets, xs, threads=threads, epsilon=0.01)
        for k, (net, x, result) in enumerate(zip(nets, xs, results, strict=True)):
            assert_same(result, nets[3].lrp(x) if k == 3 else lrp(net, x, epsilon=0.01))
    assert lrp_many([], []) == []


def test_many_models_write_where_they_are_told() -> None:
    nets, x = [dense(7), dense(7)], RNG.standard_normal((2, 30, 7)).astype(np.float32)
    out = np.empty_like(x)
    results = lrp_many(nets, x, outs=out)
    for k in range(2):
        assert results[k].relevance.base is out
        np.testing.assert_array_equal(out[k], lrp(nets[k], x[k]).relevance)


def test_missing_inputs_are_refused_in_any_model() -> None:
    nets, x = [dense(7), dense(7)], RNG.standard_normal((2, 30, 7))
    x[1, 4, 2] = np.nan
    with pytest.raises(ValueError, match=r"`x` must be finite; sample 4 has nan in input 2\."):
        lrp_many(nets, x)
    blank = lrp_many(nets, x, missing="nan")[1].relevance
    np.testing.assert_array_equal(np.isnan(blank).all(axis=1), np.arange(30) == 4)


def test_models_and_inputs_that_do_not_fit() -> None:
    x = RNG.standard_normal((2, 30, 7))
    with pytest.raises(ValueError, match="`xs` must have one array per model, 1; got 2"):
        lrp_many([dense(7)], x)
    with pytest.raises(ValueError, match="`outs` must have one array per model, 2; got 1"):
        lrp_many([dense(7), dense(7)], x, outs=[np.empty((30, 7), np.float32)])
    with pytest.raises(ValueError, match="`models` must be of one dtype"):
        lrp_many([prepare(dense(7)), prepare(dense(7), dtype="float64")], x)
    with pytest.raises(ValueError, match="`low` must not be above `high`"):
        prepare(dense(7), rule=Rule("zbox", low=2.0, high=1.0))
    with pytest.raises(ValueError, match="Unknown rule for LSTM layers `gamma`"):
        prepare(lstm(4), rule="gamma")
    with pytest.raises(ValueError, match="`output` must be 0 to 1"):
        prepare(dense(7), output=2)
