"""Properties of LRP on random nets: conservation, linearity, symmetry."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.explain import ACTIVATIONS, RULES, Rule, lrp_dense

sizes = st.lists(st.integers(1, 12), min_size=2, max_size=4)
seeds = st.integers(0, 2**31)


def net(widths: list[int], activation: str, seed: int) -> tuple[Any, ...]:
    """Random weights with exact zeros among them, biases, activations."""
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal(shape) / np.sqrt(shape[0]) for shape in pairwise(widths)]
    for w in weights:
        w[rng.random(w.shape) < 0.2] = 0.0
    biases = [0.3 * rng.standard_normal(o) for o in widths[1:]]
    return weights, biases, [activation] * (len(weights) - 1) + ["linear"]


def inputs(count: int, width: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed + 1)
    x = rng.standard_normal((count, width))
    x[rng.random(x.shape) < 0.3] = 0.0
    return x


@settings(deadline=None, max_examples=60)
@given(widths=sizes, seed=seeds, activation=st.sampled_from(ACTIVATIONS), name=st.sampled_from(RULES))
def test_relevance_and_residual_make_up_the_prediction(
    widths: list[int], seed: int, activation: str, name: Any
) -> None:
    call = net(widths, activation, seed)
    rule = Rule(name, low=-10.0, high=10.0)
    for bias in ("absorb", "redistribute"):
        result = lrp_dense(
            inputs(20, widths[0], seed), *call, rule=rule, bias=bias, dtype="float64", return_residual=True
        )
        whole = result.relevance.sum(axis=1) + result.residual * result.prediction
        scale = np.abs(result.relevance).sum(axis=1) + np.abs(result.prediction) + 1e-12
        assert (np.abs(whole - result.prediction) < 1e-12 * scale).all()
        assert np.isfinite(result.relevance).all()


@settings(deadline=None, max_examples=60)
@given(widths=sizes, seed=seeds, activation=st.sampled_from(ACTIVATIONS))
def test_redistribution_leaves_no_residual(widths: list[int], seed: int, activation: str) -> None:
    for rule in ("epsilon", "lrp0", "wsquare", "flat"):
        result = lrp_dense(
            inputs(10, widths[0], seed),
            *net(widths, activation, seed),
            rule=rule,
            bias="redistribute",
            dtype="float64",
            return_residual=True,
        )
        # The units' relevances can be far larger than their sum; rounding is in units of the largest.
        size = np.abs(result.relevance).max(axis=1) + np.abs(result.prediction) + 1e-12
        assert (np.abs(result.residual * result.prediction) < 1e-7 * size).all()


@settings(deadline=None, max_examples=40)
@given(widths=sizes, seed=seeds, name=st.sampled_from(RULES))
def test_permuted_inputs_and_hidden_units(widths: list[int], seed: int, name: Any) -> None:
    """Relevance follows its input; the order of hidden units is of no account."""
    weights, biases, activations = net(widths, "tanh", seed)
    x = inputs(10, widths[0], seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(widths[0])
    moved = [w.copy() for w in weights]
    moved_biases = [b.copy() for b in biases]
    moved[0] = moved[0][order]
    if len(weights) > 1:
        hidden = rng.permutation(widths[1])
        moved[0], moved_biases[0], moved[1] = moved[0][:, hidden], biases[0][hidden], moved[1][hidden]
    rule = Rule(name, low=-10.0, high=10.0)
    plain = lrp_dense(x, weights, biases, activations, rule=rule, dtype="float64")
    permuted = lrp_dense(x[:, order], moved, moved_biases, activations, rule=rule, dtype="float64")
    scale = np.abs(plain).max(axis=1, keepdims=True) + 1e-9
    assert (np.abs(permuted - plain[:, order]) < 1e-7 * scale).all()


@settings(deadline=None, max_examples=40)
@given(seed=seeds, samples=st.integers(0, 70), threads=st.integers(1, 9), name=st.sampled_from(RULES))
def test_each_sample_stands_alone(seed: int, samples: int, threads: int, name: Any) -> None:
    """Neighbours, threads and the place in a block change no bit."""
    call = net([7, 5, 2], "tanh", seed)
    x = inputs(samples, 7, seed).astype(np.float32)
    rule = Rule(name, low=-10.0, high=10.0)
    together = lrp_dense(x, *call, rule=rule, threads=threads)
    for s in range(0, samples, 13):
        np.testing.assert_array_equal(lrp_dense(x[s : s + 1], *call, rule=rule)[0], together[s])


@settings(deadline=None, max_examples=30)
@given(seed=seeds, factor=st.floats(0.1, 10.0))
def test_positive_scaling_of_the_target_scales_relevance(seed: int, factor: float) -> None:
    """With the stabiliser in units of the target, as epsilon is."""
    weights, biases, activations = net([6, 5, 1], "tanh", seed)
    x = inputs(12, 6, seed)
    last = [weights[0], weights[1] * factor]
    rules = [Rule("lrp0"), Rule("epsilon", epsilon=1e-3)]
    scaled = [Rule("lrp0"), Rule("epsilon", epsilon=1e-3 * factor)]
    plain = lrp_dense(x, weights, biases, activations, rule=rules, dtype="float64")
    other = lrp_dense(x, last, [biases[0], biases[1] * factor], activations, rule=scaled, dtype="float64")
    scale = np.abs(plain).max(axis=1, keepdims=True) + 1e-9
    assert (np.abs(other / factor - plain) < 1e-8 * scale).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_zplus_of_positive_inputs_is_not_negative(activation: str) -> None:
    weights, _, _ = net([6, 5, 1], activation, 3)
    x = np.abs(inputs(30, 6, 3))
    relevance = lrp_dense(x, weights, None, [activation, "linear"], rule="zplus", start=1.0, dtype="float64")
    assert (relevance >= 0).all()
