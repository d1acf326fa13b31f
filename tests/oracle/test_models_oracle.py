"""Every model: its gradient against differences in float64, its batch against one sample at a time.

The equations themselves are held against PyTorch (`test_torch_oracle.py`) and, for convolution and attention,
against loops written here.
"""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models import (
    NETWORKS,
    AttentionConfig,
    CnnConfig,
    LstmConfig,
    MlpConfig,
    ModelConfig,
    build,
)
from jqfast.learn.models import default_config as default

I, O, L = 3, 2, 7  # noqa: E741 - the letters of the field
SMALL: dict[str, ModelConfig] = {
    "mlp": MlpConfig(hidden=(4, 3), dropout=0.0),
    "lstm": LstmConfig(hidden=3, length=L, dropout=0.0, layers=2, pooling="attention"),
    "cnn": CnnConfig(channels=(4, 3), kernel=3, length=L, activation="tanh", dropout=0.0),
    "attention": AttentionConfig(width=4, heads=2, blocks=2, length=L, dropout=0.0),
    "linear": default("linear"),
    "ridge": default("ridge"),
}


def sample(config: ModelConfig, *lead: int) -> np.ndarray:
    length = getattr(config, "length", 0)
    shape = (*lead, length, I) if length else (*lead, I)
    return np.random.default_rng(3).normal(size=shape)


def test_every_model_is_here() -> None:
    assert set(SMALL) == set(NETWORKS)


@pytest.mark.parametrize("kind", SMALL)
def test_gradient_against_differences(kind: str) -> None:
    """Along random directions: (f(p + s d) - f(p - s d)) / 2 s is the slope times d but for s^2 terms."""
    config, rng = SMALL[kind], np.random.default_rng(5)
    model = build(config)
    step = 1e-5
    with jax.enable_x64(True):
        params = jax.tree.map(lambda p: jnp.asarray(p, jnp.float64), model.init(jax.random.key(8), I, O))
        x = jnp.asarray(sample(config))
        value = jax.jit(lambda p: jnp.sum(jnp.sin(model.apply(p, x, None))))
        slope = jax.grad(value)(params)
        for _ in range(5):
            way = jax.tree.map(lambda p: rng.normal(size=p.shape), params)
            up, down = (value(jax.tree.map(lambda p, d, s=s: p + s * d, params, way)) for s in (step, -step))
            inner = sum(jax.tree.leaves(jax.tree.map(lambda g, d: float(jnp.vdot(g, d)), slope, way)))
            assert inner == pytest.approx(float(up - down) / (2 * step), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("kind", SMALL)
def test_a_batch_is_its_samples(kind: str, dropout: float) -> None:
    """Outputs and gradients, with the same dropout: each sample has noise of its own."""
    config = SMALL[kind]
    config = type(config)(**{**config.__dict__, "dropout": dropout} if hasattr(config, "dropout") else {})
    model = build(config)
    params = model.init(jax.random.key(2), I, O)
    x = jnp.asarray(sample(config, 5), jnp.float32)
    size = (5, model.noise_units)
    noise = jnp.asarray(np.random.default_rng(1).integers(256, size=size, dtype=np.uint8))
    each = jax.vmap(model.apply, in_axes=(None, 0, 0))
    for ours, theirs in zip(
        *(
            jax.tree.leaves(
                jax.jit(jax.value_and_grad(lambda p, f=f: jnp.sum(jnp.sin(f(p, x, noise)))))(params)
            )
            for f in (model.apply_batch, each)
        ),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        jax.jit(model.apply_batch)(params, x, noise), jax.jit(each)(params, x, noise), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("kind", SMALL)
def test_layers_go_there_and_back(kind: str) -> None:
    model = build(SMALL[kind])
    params = model.init(jax.random.key(1), I, O)
    weights, biases = model.to_layers(params)
    pairs = list(
        zip(jax.tree.leaves(params), jax.tree.leaves(model.from_layers(weights, biases)), strict=True)
    )
    for a, b in pairs:
        np.testing.assert_array_equal(a, b)
    assert len(pairs) == len(weights) + len(biases)
    assert weights[0].shape[0] == I, "the inputs come first in the first weight"


def test_convolution_by_loops() -> None:
    config = CnnConfig(channels=(4, 3), kernel=2, length=L, activation="tanh", dropout=0.0)
    model = build(config)
    params = model.init(jax.random.key(4), I, O)
    x = sample(config)
    h = x
    for place, (kernel, bias) in enumerate(zip(params.weights[:-1], params.biases[:-1], strict=True)):
        kernel, far = np.asarray(kernel, np.float64), 2**place
        z = np.tile(np.asarray(bias, np.float64), (L, 1))
        for t in range(L):
            for j in range(2):
                if t - j * far >= 0:
                    z[t] += h[t - j * far] @ kernel[:, j]
        h = np.tanh(z)
    want = h[-1] @ np.asarray(params.weights[-1], np.float64)
    got = jax.jit(model.apply)(params, jnp.asarray(x, jnp.float32), None)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_attention_by_loops() -> None:
    config = AttentionConfig(width=4, heads=2, blocks=1, length=L, dropout=0.0)
    model = build(config)
    rng = np.random.default_rng(0)
    params = jax.tree.map(
        lambda p: p + 0.1 * rng.normal(size=p.shape).astype(np.float32), model.init(jax.random.key(4), I, O)
    )
    wide = jax.tree.map(lambda p: np.asarray(p, np.float64), params)
    block = wide.blocks[0]

    def norm(v: np.ndarray) -> np.ndarray:
        return (v - v.mean()) / np.sqrt(v.var() + 1e-6)

    x = sample(config) @ wide.embed + wide.position
    query, key, value = np.split(np.stack([norm(row) for row in x]) @ block.project, 3, axis=1)
    mixed = np.zeros((L, 4))
    for head in (slice(0, 2), slice(2, 4)):
        for t in range(L):
            size = np.exp([query[t, head] @ key[s, head] / np.sqrt(2) for s in range(L)])
            mixed[t, head] = sum(size[s] * value[s, head] for s in range(L)) / size.sum()
    x = x + mixed @ block.out
    last = x[-1] + np.maximum(norm(x[-1]) @ block.up + block.up_bias, 0) @ block.down + block.down_bias
    want = norm(last) @ wide.head + wide.head_bias
    got = jax.jit(model.apply)(params, jnp.asarray(sample(config), jnp.float32), None)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


def test_attention_pooling_weighs_all_sessions() -> None:
    """A query of zeros weighs them alike: the head then reads their mean."""
    config = LstmConfig(hidden=3, length=L, dropout=0.0, pooling="attention")
    model, plain = build(config), build(LstmConfig(hidden=3, length=L, dropout=0.0))
    params = model.init(jax.random.key(3), I, O)
    x = jnp.asarray(sample(config), jnp.float32)
    params = params._replace(query=(jnp.zeros((3, 1)),))
    upto = [plain.apply(params._replace(query=()), x[: t + 1], None) for t in range(L)]
    np.testing.assert_allclose(model.apply(params, x, None), np.mean(upto, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["mlp", "lstm", "cnn", "attention"])
def test_bfloat16_rounds_and_does_no_more(kind: str) -> None:
    """Eight bits of mantissa: outputs differ by a few parts in 256, and they do differ."""
    full, rounded = (build(SMALL[kind], precision) for precision in ("float32", "bfloat16"))
    params = full.init(jax.random.key(6), I, O)
    x = jnp.asarray(sample(SMALL[kind], 20), jnp.float32)
    a, b = (np.asarray(jax.jit(model.apply_batch)(params, x, None)) for model in (full, rounded))
    assert a.dtype == b.dtype == np.float32
    assert 0 < np.abs(a - b).max() < 16 / 256 * np.abs(a).max()
