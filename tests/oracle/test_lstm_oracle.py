"""The LSTM against its recurrence written with NumPy in float64."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models import LstmConfig, build


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def recurrence(params: tuple[np.ndarray, ...], x: np.ndarray) -> np.ndarray:
    """Outputs of one sequence (L, I), gate by gate."""
    w_x, w_h, head, bias, head_bias = params
    H = len(w_h)
    h = c = np.zeros(H)
    for row in x:
        i, f, g, o = (
            row @ w_x[:, k : k + H] + h @ w_h[:, k : k + H] + bias[k : k + H] for k in range(0, 4 * H, H)
        )
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return h @ head + head_bias


@pytest.mark.parametrize("length", [1, 5, 20])
def test_forward_pass(length: int) -> None:
    model = build(LstmConfig(hidden=3, length=length))
    params = model.init(jax.random.key(length), 2, 1)
    x = np.random.default_rng(length).normal(size=(5, length, 2)).astype(np.float32)
    got = jax.jit(jax.vmap(lambda one: model.apply(params, one, None)))(x)
    wide = tuple(np.asarray(p, dtype=np.float64) for part in model.to_layers(params) for p in part)
    np.testing.assert_allclose(got, [recurrence(wide, one) for one in x], rtol=1e-5, atol=1e-6)


def test_gradient_against_differences() -> None:
    model = build(LstmConfig(hidden=3))
    params = model.init(jax.random.key(8), 2, 1)
    x = np.random.default_rng(3).normal(size=(6, 2)).astype(np.float32)
    gradient = jax.jit(jax.grad(lambda p: model.apply(p, jnp.asarray(x), None)[0]))(params)
    wide, slopes = (
        [np.asarray(p, dtype=np.float64) for part in model.to_layers(tree) for p in part]
        for tree in (params, gradient)
    )
    checked = 0
    for place, (array, slope) in enumerate(zip(wide, slopes, strict=True)):
        for at in np.ndindex(array.shape):
            step = np.zeros_like(array)
            step[at] = 1e-6
            up, down = (
                recurrence(tuple(array + s * step if k == place else p for k, p in enumerate(wide)), x)[0]
                for s in (1, -1)
            )
            np.testing.assert_allclose(slope[at], (up - down) / 2e-6, rtol=1e-3, atol=1e-5)
            checked += 1
    assert checked == 2 * 12 + 3 * 12 + 12 + 3 + 1
