"""LRP of LSTMs against an independent NumPy implementation of the reference rules, in float64."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.explain import DenseNet, LrpResult, LstmLayer, LstmNet, lrp, lrp_lstm
from jqfast.explain.nets import POOLINGS, PoolingName
from jqfast.learn._jax_setup import jax
from jqfast.learn.models import LstmConfig, build

Array = np.ndarray


def sgn(z: Array) -> Array:
    return np.where(z >= 0, 1.0, -1.0)


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def split(numerators: Array, bias: Array, R: Array, eps: float) -> Array:
    """R (S, J) over numerators (S, K, J) by the epsilon rule; the bias absorbs."""
    z = numerators.sum(axis=1) + bias
    return numerators / (z + eps * sgn(z))[:, None] * R[:, None]


def layer_forward(layer: LstmLayer, x: Array) -> dict[str, Array]:
    """Every quantity of one layer, session axis second."""
    S, L, _ = x.shape
    H = len(layer.w_h)
    h, c = np.zeros((S, L + 1, H)), np.zeros((S, L + 1, H))
    z = np.zeros((S, L, 4 * H))
    for t in range(L):
        z[:, t] = x[:, t] @ layer.w_x + h[:, t] @ layer.w_h + layer.bias
        i, f, g, o = np.split(z[:, t], 4, axis=1)
        c[:, t + 1] = sigmoid(f) * c[:, t] + sigmoid(i) * np.tanh(g)
        h[:, t + 1] = sigmoid(o) * np.tanh(c[:, t + 1])
    return {"x": x, "h": h, "c": c, "z": z}


def layer_backward(layer: LstmLayer, seen: dict[str, Array], above: Array, eps: float) -> Array:
    """Relevance (S, L, I) of the layer's inputs from that of its states (S, L, H)."""
    S, L, inputs = seen["x"].shape
    H = len(layer.w_h)
    to_h, to_c = np.zeros((S, H)), np.zeros((S, H))
    out = np.zeros((S, L, inputs))
    w = np.concatenate([layer.w_x, layer.w_h])[:, 2 * H : 3 * H]
    for t in reversed(range(L)):
        i, f, g, _ = np.split(seen["z"][:, t], 4, axis=1)
        R = to_c + to_h + above[:, t]
        parts = np.stack([sigmoid(f) * seen["c"][:, t], sigmoid(i) * np.tanh(g)], axis=1)
        to_c, to_g = np.moveaxis(split(parts, np.zeros(H), R, eps), 1, 0)
        units = np.concatenate([seen["x"][:, t], seen["h"][:, t]], axis=1)
        down = split(units[:, :, None] * w, layer.bias[2 * H : 3 * H], to_g, eps).sum(axis=2)
        out[:, t], to_h = down[:, :inputs], down[:, inputs:]
    return out


def relevance(net: LstmNet, x: Array, eps: float) -> tuple[Array, Array]:
    """Relevance (S, L, I) of output 0 and the prediction (S,)."""
    seen = []
    for layer in net.layers:
        seen.append(layer_forward(layer, x if not seen else seen[-1]["h"][:, 1:]))
    h = seen[-1]["h"][:, 1:]
    S, L, H = h.shape
    weights = np.zeros((S, L))
    if net.pooling == "attention":
        assert net.query is not None
        scores = np.exp(h @ net.query / np.sqrt(H))
        weights = scores / scores.sum(axis=1, keepdims=True)
    elif net.pooling == "mean":
        weights += 1 / L
    else:
        weights[:, -1] = 1
    pooled = (weights[:, :, None] * h).sum(axis=1)
    assert net.head.biases is not None
    w, b = net.head.weights[0][:, :1], np.asarray(net.head.biases[0])[:1]
    prediction = pooled @ w + b
    R = split(pooled[:, :, None] * w, b, prediction, eps)[:, :, 0]
    above = np.zeros_like(h)
    if net.pooling == "last":
        above[:, -1] = R
    else:
        above = split(weights[:, :, None] * h, np.zeros(H), R, eps)
    for layer, own in zip(reversed(net.layers), reversed(seen), strict=True):
        above = layer_backward(layer, own, above, eps)
    return above, prediction[:, 0]


def make(inputs: int, hidden: tuple[int, ...], pooling: PoolingName, seed: int) -> LstmNet:
    rng = np.random.default_rng(seed)
    layers = []
    for H in hidden:
        layers.append(
            LstmLayer(
                rng.standard_normal((inputs, 4 * H)) / np.sqrt(inputs),
                rng.standard_normal((H, 4 * H)) / np.sqrt(H),
                0.3 * rng.standard_normal(4 * H),
            )
        )
        inputs = H
    head = DenseNet([rng.standard_normal((inputs, 2))], [0.1 * rng.standard_normal(2)], ["linear"])
    query = rng.standard_normal(inputs) if pooling == "attention" else None
    return LstmNet(layers, head, pooling, query)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize(
    ("inputs", "hidden"), [(1, (1,)), (5, (7,)), (33, (16,)), (4, (6, 17)), (3, (5, 4, 8))]
)
def test_the_reference_rules(inputs: int, hidden: tuple[int, ...], pooling: PoolingName) -> None:
    net = make(inputs, hidden, pooling, inputs)
    x = np.random.default_rng(1).standard_normal((23, 11, inputs))
    x[0] = 0.0
    for eps in (1e-3, 0.1):
        want, prediction = relevance(net, x, eps)
        got = lrp(net, x, epsilon=eps, dtype="float64")
        scale = np.abs(want).max(axis=(1, 2)) + np.abs(prediction) + 1e-30
        assert np.abs((got.relevance - want) / scale[:, None, None]).max() < 1e-9
        np.testing.assert_allclose(got.prediction, prediction, rtol=1e-11, atol=1e-13)
        lost = prediction - want.sum(axis=(1, 2))
        np.testing.assert_allclose(got.residual * prediction, lost, atol=1e-9 * scale.max())
        assert got.initial is not None
        assert not got.initial.any()


def test_the_layout_of_the_models_that_learn_trains() -> None:
    """The same weights, the same forward pass: the prediction that is explained is the model's own."""
    model = build(LstmConfig(hidden=6, length=9))
    params = model.init(jax.random.key(1), 5, 2)
    weights, biases = model.to_layers(params)
    x = np.random.default_rng(3).standard_normal((8, 9, 5)).astype(np.float32)
    layer = (np.asarray(weights[0]), np.asarray(weights[1]), np.asarray(biases[0]))
    head = (np.asarray(weights[2]), np.asarray(biases[1]))
    got = lrp_lstm(x, [layer], head, return_residual=True, output=[0, 1])
    assert isinstance(got, LrpResult)
    want = jax.jit(jax.vmap(lambda one: model.apply(params, one, None)))(x)
    np.testing.assert_allclose(got.prediction.T, want, rtol=1e-4, atol=1e-6)
    assert got.relevance.shape == (2, 8, 9, 5)
