"""The perceptron and the linear model: shapes, initial values, configuration."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models import LinearConfig, MlpConfig, ModelConfig, build, default_config
from jqfast.learn.models.dense import across
from jqfast.learn.models.dot import full


def test_reference_shapes_and_initial_values() -> None:
    params = build(MlpConfig()).init(jax.random.key(0), 252, 4)
    assert [w.shape for w in params.weights] == [(252, 64), (64, 64), (64, 32), (32, 4)]
    assert all((np.asarray(b) == 0).all() for b in params.biases)
    deviation = np.asarray(params.weights[0]).std() * np.sqrt(252)
    assert abs(deviation - 1) < 5 / np.sqrt(2 * 252 * 64)


@pytest.mark.parametrize("config", [MlpConfig(hidden=(5, 3)), LinearConfig(), MlpConfig(hidden=())])
def test_layers_go_there_and_back(config: ModelConfig) -> None:
    model = build(config)
    params = model.init(jax.random.key(1), 6, 2)
    weights, biases = model.to_layers(params)
    again = model.from_layers(weights, biases)
    x = jnp.linspace(-1.0, 1.0, 6)
    apply = jax.jit(lambda params: model.apply(params, x, None))
    np.testing.assert_array_equal(apply(params), apply(again))
    assert len(model.activations) == len(weights) == len(biases)


def test_dropout_only_with_noise() -> None:
    model = build(MlpConfig())
    params = model.init(jax.random.key(0), 10, 1)
    x = jnp.ones(10)
    apply = jax.jit(lambda noise: model.apply(params, x, noise))
    draws = [np.random.default_rng(k).integers(256, size=160, dtype=np.uint8) for k in (1, 1, 2)]
    a, b, c = (apply(noise) for noise in draws)
    assert model.noise_units == 160
    plain = apply(None)
    assert a == b
    assert len({float(v[0]) for v in (plain, a, c)}) == 3


def test_mean_over_dropout_of_a_linear_layer_is_the_plain_output() -> None:
    model = build(MlpConfig(hidden=(32,), activation="relu", dropout=0.5))
    params = model.init(jax.random.key(0), 4, 1)
    noise = np.random.default_rng(5).integers(256, size=(4000, 32), dtype=np.uint8)
    x = jnp.array([1.0, -2.0, 0.5, 3.0])
    outputs = np.asarray(jax.jit(jax.vmap(lambda mine: model.apply(params, x, mine)[0]))(noise))
    plain = float(jax.jit(lambda: model.apply(params, x, None)[0])())
    assert abs(outputs.mean() - plain) < 5 * outputs.std() / np.sqrt(4000)


def test_bad_configurations() -> None:
    with pytest.raises(ValueError, match=r"Unknown activation `tahn`\. Did you mean `tanh`"):
        MlpConfig(activation="tahn")
    with pytest.raises(ValueError, match="`hidden` widths must be integers >= 1"):
        MlpConfig(hidden=(64, 0))
    with pytest.raises(ValueError, match="`dropout` must be at least 0 and below 1"):
        MlpConfig(dropout=1.0)
    with pytest.raises(ValueError, match=r"Unknown model `lstn`\. Did you mean `lstm`"):
        default_config("lstn")


@pytest.mark.parametrize("outputs", [1, 32, 64, 96])  # either operand turns
def test_the_gradient_of_a_weight_is_the_product_over_the_batch(outputs: int) -> None:
    rng = np.random.default_rng(outputs)
    x, slope = (rng.standard_normal((40, width), dtype=np.float32) for width in (5, outputs))
    got = np.asarray(jax.jit(lambda x, slope: across(full, x, slope))(x, slope))
    exact = x.astype(np.float64).T @ slope.astype(np.float64)
    bound = 40 * np.finfo(np.float32).eps * (np.abs(x).T @ np.abs(slope))
    assert got.shape == (5, outputs)
    assert (np.abs(got - exact) <= bound).all()
