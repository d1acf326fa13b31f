"""The perceptron, its batch loss and one step of Adam against NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.losses import masked_mean
from jqfast.learn.models import MlpConfig, build

ACTIVATIONS = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0.0),
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
    "silu": lambda z: z / (1.0 + np.exp(-z)),
}


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_forward_pass(activation: str) -> None:
    model = build(MlpConfig(hidden=(7, 5), activation=activation))
    params = model.init(jax.random.key(4), 6, 3)
    x = np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32)
    a = x.astype(np.float64)
    for layer, (w, b) in enumerate(zip(params.weights, params.biases, strict=True)):
        a = a @ np.asarray(w, dtype=np.float64) + np.asarray(b, dtype=np.float64)
        a = ACTIVATIONS[activation](a) if layer < 2 else a
    got = jax.jit(jax.vmap(lambda row: model.apply(params, row, None)))(x)
    np.testing.assert_allclose(got, a, rtol=1e-5, atol=1e-6)


def test_gradient_of_a_tanh_layer_by_hand() -> None:
    """dL/dW1 = x^T ((dL/dy W2^T) (1 - h^2)) for a mean of squared errors."""
    model = build(MlpConfig(hidden=(4,), dropout=0.0))
    params = model.init(jax.random.key(9), 3, 2)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(8, 3)).astype(np.float32), rng.normal(size=(8, 2)).astype(np.float32)

    def loss(p: object) -> jax.Array:
        out = jax.vmap(model.apply, in_axes=(None, 0, None))(p, jnp.asarray(x), None)
        return masked_mean("squared", out, jnp.asarray(y), jnp.ones_like(out))

    (w1, w2), (b1, b2) = ([np.asarray(a, dtype=np.float64) for a in part] for part in params)
    h = np.tanh(x @ w1 + b1)
    error = h @ w2 + b2 - y
    back = 2 * error / error.size
    value, gradient = jax.jit(jax.value_and_grad(loss))(params)
    np.testing.assert_allclose(gradient.weights[1], h.T @ back, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(gradient.weights[0], x.T @ ((back @ w2.T) * (1 - h**2)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(value, (error**2).mean(), rtol=1e-5)


def test_masked_loss_counts_known_targets_of_real_rows_only() -> None:
    predicted = jnp.array([[1.0, 2.0], [3.0, 4.0], [9.0, 9.0]])
    target = jnp.array([[0.0, jnp.nan], [1.0, 2.0], [0.0, 0.0]])
    weight = jnp.array([[1.0, 2.0], [1.0, 2.0], [0.0, 0.0]])
    # (1 * 1 + 1 * 4 + 2 * 4) / (1 + 1 + 2)
    squared = jax.jit(lambda p, y: masked_mean("squared", p, y, weight))
    np.testing.assert_allclose(squared(predicted, target), 13 / 4, rtol=1e-6)
    # Huber of 1, 2, 2: 1, 3, 3
    np.testing.assert_allclose(
        jax.jit(lambda p: masked_mean("huber", p, target, weight))(predicted), (1 + 3 + 2 * 3) / 4, rtol=1e-6
    )
    gradient = jax.jit(jax.grad(squared))(predicted, target)
    np.testing.assert_allclose(gradient, [[0.5, 0.0], [1.0, 2.0], [0.0, 0.0]], rtol=1e-6)
    assert float(squared(predicted, jnp.full_like(target, jnp.nan))) == 0.0
