"""Other attributions to hold LRP against, in JAX: gradient x input, integrated gradients, occlusion.

All take a trained fold or a net, and the inputs as the model sees them, (S, I) or (S, L, I), and return an
attribution of the same shape for one output.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast.explain.nets import DenseNet, Explainable, LstmNet, net_of
from jqfast.types import AnyArray

if TYPE_CHECKING:
    import jax

Predict = Callable[[AnyArray], AnyArray]

#: Samples that go through a compiled function together.
_BATCH = 4096


def predict_with(model: Explainable, *, output: int = 0) -> Predict:
    """The model as a function of inputs (S, ...) to predictions (S,), compiled once."""
    import jax

    return _batched(jax.jit(jax.vmap(_one(model, output))))


def gradient_x_input(model: Explainable, x: AnyArray, *, output: int = 0) -> AnyArray:
    """Slope of the prediction along each input times the input; LRP-0 of a net of ReLUs without biases."""
    import jax

    slope = jax.grad(_one(model, output))
    product: AnyArray = _batched(jax.jit(jax.vmap(lambda row: row * slope(row))))(x)
    return product


def integrated_gradients(
    model: Explainable, x: AnyArray, *, baseline: AnyArray | float = 0.0, steps: int = 64, output: int = 0
) -> AnyArray:
    """Mean slope on the way from the baseline to the input, times that way (Sundararajan et al. 2017).

    ``baseline`` is one number or one per input; 0 is the reference of normalised inputs (decision 14). The
    attributions sum to the prediction minus that of the baseline, up to the rule of midpoints of ``steps``.
    """
    if steps < 1:
        raise ValueError(f"`steps` must be an integer >= 1; got {steps}.")
    import jax
    import jax.numpy as jnp

    slope = jax.grad(_one(model, output))
    start = jnp.asarray(baseline, jnp.float32)

    def one(row: jax.Array) -> jax.Array:
        way = row - jnp.broadcast_to(start, row.shape)

        def add(total: jax.Array, k: jax.Array) -> tuple[jax.Array, None]:
            share = (k.astype(jnp.float32) + jnp.float32(0.5)) / jnp.float32(steps)
            return total + slope(row - way * (jnp.float32(1.0) - share)), None

        total, _ = jax.lax.scan(add, jnp.zeros_like(row), jnp.arange(steps))
        mean: jax.Array = way * total / jnp.float32(steps)
        return mean

    attribution: AnyArray = _batched(jax.jit(jax.vmap(one)))(x)
    return attribution


def occlusion(
    model: Explainable, x: AnyArray, *, baseline: AnyArray | float = 0.0, output: int = 0
) -> AnyArray:
    """What the prediction loses when one input, on all its sessions, is replaced by the baseline.

    Returns (S, I), of sequences too.
    """
    predict = predict_with(model, output=output)
    values = np.asarray(x, dtype=np.float32)
    whole = predict(values)
    lost = np.empty((len(values), values.shape[-1]), dtype=np.float32)
    level = np.broadcast_to(np.asarray(baseline, dtype=np.float32), values.shape[-1:])
    without = values.copy()
    for i in range(values.shape[-1]):
        without[..., i] = level[i]
        lost[:, i] = whole - predict(without)
        without[..., i] = values[..., i]
    return lost


def _one(model: Explainable, output: int) -> Callable[[Any], Any]:
    """One sample (I,) or (L, I) to the chosen output."""
    net = net_of(model)
    if not 0 <= output < net.outputs:
        raise ValueError(f"`output` must be 0 to {net.outputs - 1}, an output of the model; got {output}.")
    run = _dense(net) if isinstance(net, DenseNet) else _lstm(net)
    return lambda row: run(row)[output]


def _dense(net: DenseNet) -> Callable[[Any], Any]:
    import jax
    import jax.numpy as jnp

    functions: dict[str, Callable[[Any], Any]] = {
        "linear": lambda z: z,
        "tanh": jnp.tanh,
        "relu": jax.nn.relu,
        "sigmoid": jax.nn.sigmoid,
        "elu": jax.nn.elu,
        "gelu": lambda z: jax.nn.gelu(z, approximate=False),
        "gelu_tanh": jax.nn.gelu,
        "silu": jax.nn.silu,
    }
    checked = net.checked(np.dtype(np.float32))
    biases: Any = checked.biases
    layers = [
        (jnp.asarray(w), jnp.asarray(b), functions[name])
        for w, b, name in zip(checked.weights, biases, checked.activations, strict=True)
    ]

    def run(a: Any) -> Any:
        for w, b, act in layers:
            a = act(a @ w + b)
        return a

    return run


def _lstm(net: LstmNet) -> Callable[[Any], Any]:
    import jax
    import jax.numpy as jnp

    checked = net.checked(np.dtype(np.float32))
    head = _dense(checked.head)
    stack = [tuple(jnp.asarray(part) for part in layer) for layer in checked.layers]

    def run(x: Any) -> Any:
        for w_x, w_h, bias in stack:

            def session(state: Any, row: Any, w_x: Any = w_x, w_h: Any = w_h, bias: Any = bias) -> Any:
                h, c = state
                i, f, g, o = jnp.split(row @ w_x + h @ w_h + bias, 4)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            rest = jnp.zeros(w_h.shape[0], jnp.float32)
            _, x = jax.lax.scan(session, (rest, rest), x)
        return head(_pooled(checked, x))

    return run


def _pooled(net: LstmNet, h: Any) -> Any:
    import jax
    import jax.numpy as jnp

    if net.pooling == "last":
        return h[-1]
    if net.pooling == "mean":
        return h.mean(axis=0)
    query = jnp.asarray(net.query)
    return jax.nn.softmax(h @ query * jnp.float32(len(query) ** -0.5)) @ h


def _batched(function: Any) -> Predict:
    """In batches of few shapes, so that little is compiled twice: powers of two up to the largest."""

    def run(x: AnyArray) -> AnyArray:
        values = np.ascontiguousarray(x, dtype=np.float32)
        size = min(_BATCH, 1 << max(len(values) - 1, 0).bit_length())
        parts = []
        for first in range(0, len(values), size):
            part = values[first : first + size]
            full = np.zeros((size, *values.shape[1:]), np.float32)
            full[: len(part)] = part
            parts.append(np.asarray(function(full))[: len(part)])
        return np.concatenate(parts) if parts else np.asarray(function(values))

    return run
