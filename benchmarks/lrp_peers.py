"""The other ways to compute what `bench_lrp` measures; each takes float32 inputs and returns relevances."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray
Ways = dict[str, Callable[[Array], Array]]
EPS = 1e-3


def dense_net(seed: int = 7) -> tuple[list[Array], list[Array], list[str]]:
    """The reference MLP with random weights."""
    rng = np.random.default_rng(seed)
    sizes = [126, 64, 64, 32, 1]
    weights = [(rng.standard_normal((i, o)) / np.sqrt(i)).astype(np.float32) for i, o in pairwise(sizes)]
    biases = [(0.1 * rng.standard_normal(o)).astype(np.float32) for o in sizes[1:]]
    return weights, biases, ["tanh", "tanh", "tanh", "linear"]


def lstm_net() -> tuple[tuple[Array, Array, Array], tuple[Array, Array]]:
    """One layer of 64 units on 32 inputs, and a linear head."""
    rng = np.random.default_rng(8)
    w_x, w_h = rng.standard_normal((32, 256)) / 6, rng.standard_normal((64, 256)) / 8
    bias, head = 0.1 * rng.standard_normal(256), rng.standard_normal((64, 1)) / 8
    layer = (w_x.astype(np.float32), w_h.astype(np.float32), bias.astype(np.float32))
    return layer, (head.astype(np.float32), np.zeros(1, np.float32))


def _collect(makers: dict[str, Callable[[], Callable[[Array], Array]]]) -> tuple[Ways, dict[str, str]]:
    """The peers that are installed, and why others are not."""
    ways, missing = {}, {}
    for name, make in makers.items():
        try:
            ways[name] = make()
        except ImportError as error:
            missing[name] = str(error)
    return ways, missing


def dense_peers(net: Any, threads: int) -> tuple[Ways, dict[str, str]]:
    """captum, zennit, PyTorch by hand and compiled, JAX."""
    return _collect(
        {
            "captum": lambda: _captum(net, threads),
            "zennit": lambda: _zennit(net, threads),
            "PyTorch by hand": lambda: _torch_dense(net, threads, compiled=False),
            "PyTorch compiled": lambda: _torch_dense(net, threads, compiled=True),
            "JAX vjp form": lambda: _jax_dense(net),
        }
    )


def _torch_model(net: Any, threads: int) -> Any:
    import torch

    torch.set_num_threads(threads)
    modules: list[Any] = []
    for w, b, activation in zip(*net, strict=True):
        linear = torch.nn.Linear(*w.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.T.copy()))
            linear.bias.copy_(torch.from_numpy(b))
        modules += [linear, *([torch.nn.Tanh()] if activation == "tanh" else [])]
    return torch.nn.Sequential(*modules)


def _captum(net: Any, threads: int) -> Callable[[Array], Array]:
    import torch
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import EpsilonRule

    model = _torch_model(net, threads)
    for module in model:
        if isinstance(module, torch.nn.Linear):
            module.rule = EpsilonRule(epsilon=EPS)
    explainer = LRP(model)
    return lambda x: explainer.attribute(torch.from_numpy(x)).detach().numpy()


def _zennit(net: Any, threads: int) -> Callable[[Array], Array]:
    import torch
    from zennit.attribution import Gradient
    from zennit.composites import LayerMapComposite
    from zennit.rules import Epsilon, Pass

    model = _torch_model(net, threads)
    composite = LayerMapComposite([(torch.nn.Tanh, Pass()), (torch.nn.Linear, Epsilon(epsilon=EPS))])

    def run(x: Array) -> Array:
        with Gradient(model=model, composite=composite) as attributor:
            _, relevance = attributor(torch.from_numpy(x), lambda y: y)
        return relevance.detach().numpy()

    return run


def _torch_dense(net: Any, threads: int, *, compiled: bool) -> Callable[[Array], Array]:
    import torch

    torch.set_num_threads(threads)
    weights = [torch.from_numpy(w) for w in net[0]]
    biases = [torch.from_numpy(b) for b in net[1]]

    def explain(x: Any) -> Any:
        units, sums = [x], []
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            sums.append(torch.addmm(b, units[-1], w))
            units.append(torch.tanh(sums[-1]) if layer < len(weights) - 1 else sums[-1])
        R = units[-1]
        for w, a, z in zip(reversed(weights), reversed(units[:-1]), reversed(sums), strict=True):
            R = a * ((R / (z + torch.where(z < 0, -EPS, EPS))) @ w.T)
        return R

    function = torch.compile(explain) if compiled else explain

    def run(x: Array) -> Array:
        with torch.no_grad():
            return function(torch.from_numpy(x)).numpy()

    if compiled:
        try:
            run(np.zeros((8, weights[0].shape[0]), np.float32))
        except Exception as error:  # the compiler's own errors have no common type
            raise ImportError(f"torch.compile does not work here: {type(error).__name__}") from error
    return run


def _jax_dense(net: Any) -> Callable[[Array], Array]:
    import jax
    import jax.numpy as jnp

    weights, biases = [jnp.asarray(w) for w in net[0]], [jnp.asarray(b) for b in net[1]]

    @jax.jit
    def explain(x: jax.Array) -> jax.Array:
        units, sums = [x], []
        for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
            sums.append(units[-1] @ w + b)
            units.append(jnp.tanh(sums[-1]) if layer < len(weights) - 1 else sums[-1])
        R = units[-1]
        for w, a, z in zip(reversed(weights), reversed(units[:-1]), reversed(sums), strict=True):
            _, pull = jax.vjp(lambda u, w=w: u @ w, a)
            R = a * pull(R / (z + jnp.where(z < 0, -EPS, EPS)))[0]
        return R

    return lambda x: np.asarray(explain(x))


def lstm_peers(layer: Any, head: Any, threads: int) -> tuple[Ways, dict[str, str]]:
    """The reference form in NumPy, the batched one on threads, PyTorch by hand, JAX."""
    return _collect(
        {
            "reference NumPy": lambda: _reference_lstm(layer, head),
            "NumPy, batched, two threads": lambda: _numpy_lstm(layer, head, threads),
            "PyTorch by hand": lambda: _torch_lstm(layer, head, threads),
            "JAX": lambda: _jax_lstm(layer, head),
        }
    )


def _lstm(x: Any, layer: Any, head: Any, ops: Any) -> Any:
    """The rules on a batch, for any library with NumPy's names: list of L relevances (S, I)."""
    w_x, w_h, b = layer
    H = w_h.shape[0]
    h = c = ops.zeros((x.shape[0], H))
    seen = []
    for t in range(x.shape[1]):
        z = x[:, t] @ w_x + h @ w_h + b
        i, f, g, o = (z[:, k * H : (k + 1) * H] for k in range(4))
        kept, added = ops.sigmoid(f) * c, ops.sigmoid(i) * ops.tanh(g)
        c = kept + added
        full = c + ops.where(c < 0, -EPS, EPS)
        seen.append((kept / full, added / full / (g + ops.where(g < 0, -EPS, EPS)), h))
        h = ops.sigmoid(o) * ops.tanh(c)
    y = h @ head[0] + head[1]
    to_h = h * ((y / (y + ops.where(y < 0, -EPS, EPS))) @ head[0].T)
    to_c = ops.zeros((x.shape[0], H))
    u_x, u_h = w_x[:, 2 * H : 3 * H].T, w_h[:, 2 * H : 3 * H].T
    out = []
    for t in reversed(range(x.shape[1])):
        keep, share, before = seen[t]
        R = to_c + to_h
        given = R * share
        out.append(x[:, t] * (given @ u_x))
        to_h, to_c = before * (given @ u_h), R * keep
    return out[::-1]


class _NumPy:
    zeros = staticmethod(lambda shape: np.zeros(shape, np.float32))
    tanh, where = (
        staticmethod(np.tanh),
        staticmethod(lambda m, a, b: np.where(m, np.float32(a), np.float32(b))),
    )
    sigmoid = staticmethod(lambda z: 0.5 * np.tanh(0.5 * z) + np.float32(0.5))


def _reference_lstm(layer: Any, head: Any) -> Callable[[Array], Array]:
    """One sample and one session at a time, every share a_i W_ij written down, as in the papers."""
    w_x, w_h, b = (np.asarray(part, np.float64) for part in layer)
    w_out, b_out = (np.asarray(part, np.float64) for part in head)
    H = w_h.shape[0]
    signal = slice(2 * H, 3 * H)

    def split(inputs: Array, w: Array, z: Array, R: Array) -> Array:
        shares = inputs[:, None] * w / (z + np.where(z < 0, -EPS, EPS))
        return (shares * R).sum(axis=1)

    def one(x: Array) -> Array:
        L = len(x)
        h, c, z = np.zeros((L + 1, H)), np.zeros((L + 1, H)), np.zeros((L, 4 * H))
        kept, added = np.zeros((L, H)), np.zeros((L, H))
        for t in range(L):
            z[t] = x[t] @ w_x + h[t] @ w_h + b
            i, f, g, o = (z[t, k * H : (k + 1) * H] for k in range(4))
            kept[t], added[t] = _logistic(f) * c[t], _logistic(i) * np.tanh(g)
            c[t + 1] = kept[t] + added[t]
            h[t + 1] = _logistic(o) * np.tanh(c[t + 1])
        y = h[L] @ w_out + b_out
        R_h, R_c, R_x = split(h[L], w_out, y, y), np.zeros(H), np.zeros_like(x)
        for t in reversed(range(L)):
            R = R_c + R_h
            full = c[t + 1] + np.where(c[t + 1] < 0, -EPS, EPS)
            R_c, R_g = kept[t] / full * R, added[t] / full * R
            R_x[t] = split(x[t], w_x[:, signal], z[t, signal], R_g)
            R_h = split(h[t], w_h[:, signal], z[t, signal], R_g)
        return R_x

    return lambda x: np.stack([one(sample) for sample in x.astype(np.float64)]).astype(np.float32)


def _logistic(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def _numpy_lstm(layer: Any, head: Any, threads: int) -> Callable[[Array], Array]:
    pool = ThreadPoolExecutor(threads)

    def part(x: Array) -> Array:
        return np.stack(_lstm(x, layer, head, _NumPy), axis=1)

    return lambda x: np.concatenate(list(pool.map(part, np.array_split(x, threads))))


def _torch_lstm(layer: Any, head: Any, threads: int) -> Callable[[Array], Array]:
    import torch

    torch.set_num_threads(threads)

    class Ops:
        zeros, tanh, where, sigmoid = torch.zeros, torch.tanh, torch.where, torch.sigmoid

    own_layer, own_head = tuple(map(torch.from_numpy, layer)), tuple(map(torch.from_numpy, head))

    def run(x: Array) -> Array:
        with torch.no_grad():
            return torch.stack(_lstm(torch.from_numpy(x), own_layer, own_head, Ops), dim=1).numpy()

    return run


def _jax_lstm(layer: Any, head: Any) -> Callable[[Array], Array]:
    import jax
    import jax.numpy as jnp

    w_x, w_h, b = (jnp.asarray(a) for a in layer)
    head_w, head_b = (jnp.asarray(a) for a in head)
    H = w_h.shape[0]
    signal = slice(2 * H, 3 * H)

    def stabilised(z: jax.Array) -> jax.Array:
        return z + jnp.where(z < 0, -EPS, EPS)

    def forward(state: Any, x: jax.Array) -> Any:
        h, c = state
        i, f, g, o = jnp.split(x @ w_x + h @ w_h + b, 4, axis=1)
        kept, added = jax.nn.sigmoid(f) * c, jax.nn.sigmoid(i) * jnp.tanh(g)
        c = kept + added
        ratios = (kept / stabilised(c), added / stabilised(c) / stabilised(g))
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), (*ratios, h)

    def backward(state: Any, seen: Any) -> Any:
        to_h, to_c = state
        keep, share, before, x = seen
        R = to_c + to_h
        given = R * share
        return (before * (given @ w_h[:, signal].T), R * keep), x * (given @ w_x[:, signal].T)

    @jax.jit
    def explain(x: jax.Array) -> jax.Array:
        steps = jnp.swapaxes(x, 0, 1)
        rest = jnp.zeros((x.shape[0], H), jnp.float32)
        (h, _), seen = jax.lax.scan(forward, (rest, rest), steps, unroll=4)
        y = h @ head_w + head_b
        start = h * ((y / stabilised(y)) @ head_w.T)
        _, out = jax.lax.scan(backward, (start, rest), (*seen, steps), reverse=True, unroll=4)
        return jnp.swapaxes(out, 0, 1)

    return lambda x: np.asarray(explain(x))
