"""LSTM layers over the last L sessions of a stock, pooled, and a linear head. Gate order i, f, g, o.

z = x_t W_x + h W_h + b;  i, f, o = sigmoid, g = tanh;  c = f c + i g;  h = o tanh(c)
(Hochreiter and Schmidhuber 1997; forget bias 1 as Jozefowicz et al. 2015). The next layer reads the hidden
states of the one below. Pooling takes the last state, or sum a_t h_t with a = softmax(h_t q / sqrt H).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from jqfast.errors import check_range, unknown
from jqfast.learn._jax_setup import jax, jnp, lax
from jqfast.learn.models.dot import Dot, full
from jqfast.learn.models.dropout import dropout, threshold, units_for
from jqfast.learn.models.mlp import lecun_normal
from jqfast.learn.models.recurrent import layer

Pooling = Literal["last", "attention"]


@dataclass(frozen=True)
class LstmConfig:
    """Hidden units, sessions per sequence, layers, pooling.

    ``dropout`` is the share dropped in training of the pooled units, and of the units between layers.
    """

    hidden: int = 64
    length: int = 20
    dropout: float = 0.2
    layers: int = 1
    pooling: Pooling = "last"

    def __post_init__(self) -> None:
        for name in ("hidden", "length"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")
        check_range("layers", self.layers, 1, 3)
        if self.pooling not in ("last", "attention"):
            raise unknown("pooling", str(self.pooling), ("last", "attention"))
        threshold(self.dropout)


class LstmLayer(NamedTuple):
    """One recurrent layer."""

    w_x: jax.Array  # (I, 4H)
    w_h: jax.Array  # (H, 4H)
    bias: jax.Array  # (4H,)


class LstmParams(NamedTuple):
    """The recurrent layers, lowest first, the query of the attention (empty without), the head."""

    layers: tuple[LstmLayer, ...]
    query: tuple[jax.Array, ...]  # of (H, 1)
    head: jax.Array  # (H, O)
    head_bias: jax.Array  # (O,)


def init(key: jax.Array, config: LstmConfig, inputs: int, outputs: int) -> LstmParams:
    """LeCun normal weights, zero biases except 1 at the forget gate, so that a fresh cell remembers."""
    H = config.hidden
    keys = jax.random.split(key, 2 * config.layers + 2)
    bias = jnp.zeros(4 * H, jnp.float32).at[H : 2 * H].set(1.0)
    widths = (inputs, *(H,) * (config.layers - 1))
    layers = tuple(
        LstmLayer(lecun_normal(keys[2 * n], width, 4 * H), lecun_normal(keys[2 * n + 1], H, 4 * H), bias)
        for n, width in enumerate(widths)
    )
    query = (lecun_normal(keys[-2], H, 1),) if config.pooling == "attention" else ()
    return LstmParams(layers, query, lecun_normal(keys[-1], H, outputs), jnp.zeros(outputs, jnp.float32))


def cell(
    params: LstmLayer, state: tuple[jax.Array, jax.Array], x: jax.Array, dot: Dot
) -> tuple[jax.Array, jax.Array]:
    """The state (h, c) after one session x (I,)."""
    h, c = state
    i, f, g, o = jnp.split(dot(x, params.w_x) + dot(h, params.w_h) + params.bias, 4)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def apply(
    params: LstmParams, x: jax.Array, noise: jax.Array | None, *, config: LstmConfig, dot: Dot = full
) -> jax.Array:
    """The outputs (O,) of one sequence x (L, I), oldest session first."""
    for place, weights in enumerate(params.layers):
        x = x if place == 0 else _between(x, noise, place, config)

        def session(
            state: tuple[jax.Array, jax.Array], x_t: jax.Array, weights: LstmLayer = weights
        ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
            state = cell(weights, state, x_t, dot)
            return state, state[0]

        rest = jnp.zeros(config.hidden, weights.w_h.dtype)
        _, x = lax.scan(session, (rest, rest), x)
    return _pooled(params, x, noise, config, dot)


def apply_batch(
    params: LstmParams, x: jax.Array, noise: jax.Array | None, *, config: LstmConfig, dot: Dot = full
) -> jax.Array:
    """The outputs (B, O) of sequences x (B, L, I): :func:`apply` in the order that is fast on a batch."""
    h = jnp.swapaxes(x, 0, 1)
    for place, weights in enumerate(params.layers):
        if place and noise is not None and config.dropout:
            h = jax.vmap(lambda one, mine, n=place: _between(one, mine, n, config), (1, 0), 1)(h, noise)
        h = layer(dot, h, *weights)
    if config.pooling == "last":
        h = h[-1:]

    def outputs(states: jax.Array, mine: jax.Array | None) -> jax.Array:
        return _pooled(params, states, mine, config, dot)

    batch: jax.Array = jax.vmap(outputs, in_axes=(1, None if noise is None else 0))(h, noise)
    return batch


def _between(h: jax.Array, noise: jax.Array | None, place: int, config: LstmConfig) -> jax.Array:
    """Dropout of the states (L, H) that layer ``place`` reads, drawn anew for every session."""
    start = units_for(config.hidden, config.dropout) + (place - 1) * _between_units(config)
    return dropout(h.reshape(-1), noise, rate=config.dropout, start=start).reshape(h.shape)


def _pooled(
    params: LstmParams, h: jax.Array, noise: jax.Array | None, config: LstmConfig, dot: Dot
) -> jax.Array:
    """The outputs (O,) from the states (L, H) of the last layer."""
    state = h[-1]
    if params.query:
        scores = dot(h, params.query[0])[:, 0] * config.hidden**-0.5
        state = dot(jax.nn.softmax(scores), h)
    return dot(dropout(state, noise, rate=config.dropout), params.head) + params.head_bias


def noise_units(config: LstmConfig) -> int:
    """Bytes of noise per sample: those of the pooled state, then those of the states between layers."""
    return units_for(config.hidden, config.dropout) + (config.layers - 1) * _between_units(config)


def _between_units(config: LstmConfig) -> int:
    return units_for(config.length * config.hidden, config.dropout)


def activations(config: LstmConfig) -> tuple[str, ...]:
    """The activation after each layer."""
    pooling = ("attention",) if config.pooling == "attention" else ()
    return (*("lstm",) * config.layers, *pooling, "linear")


def to_layers(params: LstmParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Weights W_x, W_h of each layer, query if any, head; biases of each layer, head bias."""
    recurrent = [weight for one in params.layers for weight in (one.w_x, one.w_h)]
    return (*recurrent, *params.query, params.head), (*(one.bias for one in params.layers), params.head_bias)


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> LstmParams:
    """The inverse of :func:`to_layers`."""
    count = len(biases) - 1
    layers = tuple(LstmLayer(weights[2 * n], weights[2 * n + 1], biases[n]) for n in range(count))
    return LstmParams(layers, tuple(weights[2 * count : -1]), weights[-1], biases[-1])
