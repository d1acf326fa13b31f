"""A small attention encoder over the last L sessions of a stock, and a linear head on its last session.

x = X E + P;  x += softmax(Q K^T / sqrt d) V W_o per head on norm(x);  x += relu(norm(x) W_1 + b_1) W_2 + b_2
(Vaswani et al. 2017, normalised before each block; norm is that of Ba et al. 2016 without learnt scale). The
sequence ends at the decision, so that attention to all of it looks at nothing later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dot import Dot, full
from jqfast.learn.models.dropout import dropout, threshold, units_for
from jqfast.learn.models.mlp import lecun_normal

_EPSILON = 1e-6


@dataclass(frozen=True)
class AttentionConfig:
    """Width of the encoder, its heads and blocks, sessions per sequence, share dropped of the last state."""

    width: int = 32
    heads: int = 2
    blocks: int = 1
    length: int = 20
    dropout: float = 0.2

    def __post_init__(self) -> None:
        for name in ("width", "heads", "blocks", "length"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")
        if self.width % self.heads:
            raise ValueError(f"`width` must be a multiple of `heads`; got {self.width} and {self.heads}.")
        threshold(self.dropout)


class Block(NamedTuple):
    """One block of the encoder."""

    project: jax.Array  # (D, 3D) queries, keys, values
    out: jax.Array  # (D, D)
    up: jax.Array  # (D, 2D)
    down: jax.Array  # (2D, D)
    up_bias: jax.Array  # (2D,)
    down_bias: jax.Array  # (D,)


class AttentionParams(NamedTuple):
    """Embedding, positions, blocks, head."""

    embed: jax.Array  # (I, D)
    position: jax.Array  # (L, D)
    blocks: tuple[Block, ...]
    head: jax.Array  # (D, O)
    head_bias: jax.Array  # (O,)


def init(key: jax.Array, config: AttentionConfig, inputs: int, outputs: int) -> AttentionParams:
    """LeCun normal weights, zero biases and positions."""
    D = config.width
    first, last, *keys = jax.random.split(key, 2 + 4 * config.blocks)
    shapes = ((D, 3 * D), (D, D), (D, 2 * D), (2 * D, D))
    biases = (jnp.zeros(2 * D, jnp.float32), jnp.zeros(D, jnp.float32))
    blocks = []
    for n in range(config.blocks):
        four = [lecun_normal(k, *shape) for k, shape in zip(keys[4 * n : 4 * n + 4], shapes, strict=True)]
        blocks.append(Block(four[0], four[1], four[2], four[3], *biases))
    return AttentionParams(
        lecun_normal(first, inputs, D),
        jnp.zeros((config.length, D), jnp.float32),
        tuple(blocks),
        lecun_normal(last, D, outputs),
        jnp.zeros(outputs, jnp.float32),
    )


def apply(
    params: AttentionParams,
    x: jax.Array,
    noise: jax.Array | None,
    *,
    config: AttentionConfig,
    dot: Dot = full,
) -> jax.Array:
    """The outputs (O,) of one sequence x (L, I), oldest session first."""
    x = dot(x, params.embed) + params.position
    for block in params.blocks:
        x = x + dot(_attend(dot(_norm(x), block.project), config, dot), block.out)
        raised = jax.nn.relu(dot(_norm(x), block.up) + block.up_bias[None, :])
        x = x + dot(raised, block.down) + block.down_bias[None, :]
    state = dropout(_norm(x[-1:])[0], noise, rate=config.dropout)
    return dot(state, params.head) + params.head_bias


def _attend(projected: jax.Array, config: AttentionConfig, dot: Dot) -> jax.Array:
    """(L, D) mixed values of the queries, keys and values (L, 3D), head by head."""
    size = config.width // config.heads
    parts = [part.reshape(-1, config.heads, size) for part in jnp.split(projected, 3, axis=-1)]
    query, key, value = (jnp.swapaxes(part, 0, 1) for part in parts)  # (heads, L, size)
    share = jax.nn.softmax(dot(query, jnp.swapaxes(key, 1, 2)) * size**-0.5, axis=-1)
    mixed: jax.Array = jnp.swapaxes(dot(share, value), 0, 1)
    return mixed.reshape(projected.shape[0], config.width)


def _norm(x: jax.Array) -> jax.Array:
    """Each row with mean 0 and deviation 1."""
    centred = x - jnp.mean(x, axis=-1, keepdims=True)
    return centred / jnp.sqrt(jnp.mean(centred * centred, axis=-1, keepdims=True) + _EPSILON)


def noise_units(config: AttentionConfig) -> int:
    """Bytes of noise per sample."""
    return units_for(config.width, config.dropout)


def activations(config: AttentionConfig) -> tuple[str, ...]:
    """The kind of each layer."""
    return ("embedding", *("attention",) * config.blocks, "linear")


def to_layers(params: AttentionParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Embedding, positions, four weights per block, head; two biases per block, head bias."""
    weights = [weight for block in params.blocks for weight in block[:4]]
    biases = [bias for block in params.blocks for bias in block[4:]]
    return (params.embed, params.position, *weights, params.head), (*biases, params.head_bias)


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> AttentionParams:
    """The inverse of :func:`to_layers`."""
    blocks = tuple(
        Block(*weights[2 + 4 * n : 6 + 4 * n], *biases[2 * n : 2 * n + 2]) for n in range(len(biases) // 2)
    )
    return AttentionParams(weights[0], weights[1], blocks, weights[-1], biases[-1])
