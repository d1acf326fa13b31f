"""1-D convolutions along the last L sessions of a stock, looking back only, and a linear head.

h_t = act(b + sum_j x_{t - j d} W_j), j = 0 .. K-1, with dilation d = 1, 2, 4, ... layer by layer and zeros
before the sequence; the head reads the last session (the causal stack of Bai, Kolter and Koltun 2018,
without residual paths).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jqfast.errors import unknown
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dot import Dot, full
from jqfast.learn.models.dropout import dropout, threshold, units_for
from jqfast.learn.models.mlp import ACTIVATIONS, lecun_normal


@dataclass(frozen=True)
class CnnConfig:
    """Channels of each layer, sessions per kernel and per sequence, share dropped of the last state."""

    channels: tuple[int, ...] = (32, 32)
    kernel: int = 3
    length: int = 20
    activation: str = "relu"
    dropout: float = 0.2

    def __post_init__(self) -> None:
        if not self.channels or any(width < 1 for width in self.channels):
            raise ValueError(f"`channels` must be integers >= 1, at least one; got {self.channels}.")
        for name in ("kernel", "length"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be an integer >= 1; got {getattr(self, name)}.")
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        threshold(self.dropout)


class CnnParams(NamedTuple):
    """Kernels and biases of the layers, then those of the head."""

    weights: tuple[jax.Array, ...]  # (I, K, C1), (C1, K, C2), ..., (C, O)
    biases: tuple[jax.Array, ...]  # (C1,), (C2,), ..., (O,)


def init(key: jax.Array, config: CnnConfig, inputs: int, outputs: int) -> CnnParams:
    """LeCun normal weights (variance 1 / (inputs x kernel)) and zero biases."""
    widths = (inputs, *config.channels)
    keys = jax.random.split(key, len(widths))
    K = config.kernel
    kernels = tuple(
        lecun_normal(k, i * K, o).reshape(i, K, o)
        for k, i, o in zip(keys[:-1], widths[:-1], widths[1:], strict=True)
    )
    head = lecun_normal(keys[-1], widths[-1], outputs)
    return CnnParams((*kernels, head), tuple(jnp.zeros(o, jnp.float32) for o in (*config.channels, outputs)))


def apply(
    params: CnnParams, x: jax.Array, noise: jax.Array | None, *, config: CnnConfig, dot: Dot = full
) -> jax.Array:
    """The outputs (O,) of one sequence x (L, I), oldest session first."""
    act = ACTIVATIONS[config.activation]
    for place, (kernel, bias) in enumerate(zip(params.weights[:-1], params.biases[:-1], strict=True)):
        taps = [dot(_delayed(x, j * 2**place), kernel[:, j]) for j in range(kernel.shape[1])]
        x = act(jnp.sum(jnp.stack(taps), axis=0) + bias[None, :])
    state = dropout(x[-1], noise, rate=config.dropout)
    return dot(state, params.weights[-1]) + params.biases[-1]


def _delayed(x: jax.Array, sessions: int) -> jax.Array:
    """x (L, C) moved towards the present by some sessions, zeros where nothing was."""
    if sessions == 0:
        return x
    gone = jnp.zeros_like(x[:sessions])
    return jnp.concatenate([gone, x[: x.shape[0] - sessions]])


def noise_units(config: CnnConfig) -> int:
    """Bytes of noise per sample."""
    return units_for(config.channels[-1], config.dropout)


def activations(config: CnnConfig) -> tuple[str, ...]:
    """The activation after each layer."""
    return (*(config.activation for _ in config.channels), "linear")


def to_layers(params: CnnParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Kernels and head, biases."""
    return params.weights, params.biases


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> CnnParams:
    """The inverse of :func:`to_layers`."""
    return CnnParams(tuple(weights), tuple(biases))
