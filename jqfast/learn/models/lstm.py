"""One LSTM layer over the last L sessions of a stock, a linear head on its last state. Gate order i, f, g, o.

z = x_t W_x + h W_h + b;  i, f, o = sigmoid, g = tanh;  c = f c + i g;  h = o tanh(c)
(Hochreiter and Schmidhuber 1997; forget bias 1 as Jozefowicz et al. 2015).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jqfast.learn._jax_setup import jax, jnp, lax
from jqfast.learn.models.dropout import dropout, threshold
from jqfast.learn.models.mlp import lecun_normal

#: Steps of the scan written out per iteration, so that the small dots are not dwarfed by the loop.
_UNROLL = 4


@dataclass(frozen=True)
class LstmConfig:
    """Hidden units, sessions per sequence, and the share of the last state's units dropped in training."""

    hidden: int = 64
    length: int = 20
    dropout: float = 0.2

    def __post_init__(self) -> None:
        for name in ("hidden", "length"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")
        threshold(self.dropout)


class LstmParams(NamedTuple):
    """The recurrent layer and its head."""

    w_x: jax.Array  # (I, 4H)
    w_h: jax.Array  # (H, 4H)
    bias: jax.Array  # (4H,)
    head: jax.Array  # (H, O)
    head_bias: jax.Array  # (O,)


def init(key: jax.Array, config: LstmConfig, inputs: int, outputs: int) -> LstmParams:
    """LeCun normal weights, zero biases except 1 at the forget gate, so that a fresh cell remembers."""
    H = config.hidden
    keys = jax.random.split(key, 3)
    bias = jnp.zeros(4 * H, jnp.float32).at[H : 2 * H].set(1.0)
    return LstmParams(
        lecun_normal(keys[0], inputs, 4 * H),
        lecun_normal(keys[1], H, 4 * H),
        bias,
        lecun_normal(keys[2], H, outputs),
        jnp.zeros(outputs, jnp.float32),
    )


def apply(params: LstmParams, x: jax.Array, key: jax.Array | None, *, config: LstmConfig) -> jax.Array:
    """The outputs (O,) of one sequence x (L, I), oldest session first."""
    projected = x @ params.w_x + params.bias[None, :]

    def cell(carry: tuple[jax.Array, jax.Array], z_x: jax.Array) -> tuple[tuple[jax.Array, jax.Array], None]:
        h, c = carry
        i, f, g, o = jnp.split(z_x + h @ params.w_h, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    rest = jnp.zeros(config.hidden, jnp.float32)
    (h, _), _ = lax.scan(cell, (rest, rest), projected, unroll=_UNROLL)
    return dropout(h, key, stream=0, rate=config.dropout) @ params.head + params.head_bias


def activations(config: LstmConfig) -> tuple[str, ...]:  # noqa: ARG001
    """The activation after each layer."""
    return ("lstm", "linear")


def to_layers(params: LstmParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Weights W_x, W_h, head and biases b, head bias."""
    return (params.w_x, params.w_h, params.head), (params.bias, params.head_bias)


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> LstmParams:
    """The inverse of :func:`to_layers`."""
    return LstmParams(weights[0], weights[1], biases[0], weights[2], biases[1])
