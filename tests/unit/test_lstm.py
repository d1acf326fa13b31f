"""The LSTM: shapes, initial values, configuration."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models import LstmConfig, build


def test_shapes_and_forget_bias() -> None:
    model = build(LstmConfig(hidden=8, length=5))
    params = model.init(jax.random.key(0), 6, 4)
    weights, biases = model.to_layers(params)
    assert [w.shape for w in weights] == [(6, 32), (8, 32), (8, 4)]
    assert [b.shape for b in biases] == [(32,), (4,)]
    np.testing.assert_array_equal(biases[0], np.repeat([0.0, 1.0, 0.0, 0.0], 8))
    assert model.length == 5
    assert jax.eval_shape(lambda: model.apply(params, jnp.ones((5, 6)), None)).shape == (4,)


def test_layers_go_there_and_back() -> None:
    model = build(LstmConfig(hidden=3))
    params = model.init(jax.random.key(1), 2, 2)
    again = model.from_layers(*model.to_layers(params))
    pairs = list(zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True))
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)
    assert len(pairs) == 5


def test_the_order_of_sessions_matters() -> None:
    model = build(LstmConfig(hidden=3))
    params = model.init(jax.random.key(1), 2, 2)
    x = np.random.default_rng(3).normal(size=(7, 2)).astype(np.float32)
    apply = jax.jit(lambda x: model.apply(params, x, None))
    assert np.abs(np.asarray(apply(x)) - np.asarray(apply(x[::-1].copy()))).max() > 1e-4


@pytest.mark.parametrize("name", ["hidden", "length"])
def test_bad_configurations(name: str) -> None:
    with pytest.raises(ValueError, match=f"`{name}` must be an integer >= 1; got 0"):
        LstmConfig(**{name: 0})
