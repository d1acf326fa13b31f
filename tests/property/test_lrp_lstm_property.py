"""Properties of LRP on random LSTMs: conservation, permutation, samples that stand alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.explain import DenseNet, LstmLayer, LstmNet, lrp
from jqfast.explain.nets import POOLINGS

seeds = st.integers(0, 2**31)
widths = st.lists(st.integers(1, 9), min_size=1, max_size=3)


def random_net(inputs: int, hidden: list[int], pooling: Any, seed: int) -> LstmNet:
    rng = np.random.default_rng(seed)
    layers, below = [], inputs
    for H in hidden:
        w_x, w_h = rng.standard_normal((below, 4 * H)), rng.standard_normal((H, 4 * H)) / np.sqrt(H)
        layers.append(LstmLayer(w_x / np.sqrt(below), w_h, 0.3 * rng.standard_normal(4 * H)))
        below = H
    head = DenseNet([rng.standard_normal((below, 1))], [rng.standard_normal(1)], ["linear"])
    return LstmNet(layers, head, pooling, rng.standard_normal(below) if pooling == "attention" else None)


@settings(deadline=None, max_examples=60)
@given(
    inputs=st.integers(1, 8),
    hidden=widths,
    length=st.integers(1, 12),
    pooling=st.sampled_from(POOLINGS),
    seed=seeds,
    epsilon=st.sampled_from([1e-3, 0.1]),
)
def test_relevance_initial_and_residual_make_up_the_prediction(
    inputs: int, hidden: list[int], length: int, pooling: Any, seed: int, epsilon: float
) -> None:
    net = random_net(inputs, hidden, pooling, seed)
    x = np.random.default_rng(seed + 1).standard_normal((7, length, inputs))
    x[1] = 0.0
    for bias in ("absorb", "redistribute"):
        got = lrp(net, x, bias=bias, epsilon=epsilon, dtype="float64")
        assert got.initial is not None
        whole = got.relevance.sum(axis=(1, 2)) + got.initial + got.residual * got.prediction
        size = np.abs(got.relevance).sum(axis=(1, 2)) + np.abs(got.initial) + np.abs(got.prediction) + 1e-12
        assert (np.abs(whole - got.prediction) < 1e-11 * size).all()
        if bias == "redistribute":  # nothing is kept: the residual is rounding
            assert (np.abs(got.residual * got.prediction) < 1e-6 * size).all()


@settings(deadline=None, max_examples=40)
@given(inputs=st.integers(2, 8), hidden=widths, pooling=st.sampled_from(POOLINGS), seed=seeds)
def test_relevance_follows_its_input(inputs: int, hidden: list[int], pooling: Any, seed: int) -> None:
    net = random_net(inputs, hidden, pooling, seed)
    rng = np.random.default_rng(seed + 1)
    x = rng.standard_normal((5, 6, inputs))
    order = rng.permutation(inputs)
    first = net.layers[0]
    moved = LstmNet(
        [LstmLayer(first.w_x[order], first.w_h, first.bias), *net.layers[1:]], net.head, pooling, net.query
    )
    plain = lrp(net, x, dtype="float64").relevance
    permuted = lrp(moved, x[:, :, order], dtype="float64").relevance
    scale = np.abs(plain).max(axis=(1, 2), keepdims=True) + 1e-9
    assert (np.abs(permuted - plain[:, :, order]) < 1e-7 * scale).all()


@settings(deadline=None, max_examples=30)
@given(samples=st.integers(0, 60), threads=st.integers(1, 5), hidden=widths, seed=seeds)
def test_each_sample_stands_alone(samples: int, threads: int, hidden: list[int], seed: int) -> None:
    net = random_net(4, hidden, "last", seed)
    x = np.random.default_rng(seed).standard_normal((samples, 5, 4)).astype(np.float32)
    together = lrp(net, x, threads=threads).relevance
    for s in range(0, samples, 11):
        np.testing.assert_array_equal(lrp(net, x[s : s + 1]).relevance[0], together[s])
