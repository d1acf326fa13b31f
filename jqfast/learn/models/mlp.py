"""Multilayer perceptron; the defaults are the reference network: 64-64-32 tanh, dropout 0.4, linear head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from jqfast.errors import unknown
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dense import dense
from jqfast.learn.models.dot import Dot, full
from jqfast.learn.models.dropout import dropout, threshold, units_for

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "elu": jax.nn.elu,
    "gelu": jax.nn.gelu,
    "silu": jax.nn.silu,
}


@dataclass(frozen=True)
class MlpConfig:
    """Hidden widths, their activation, and the share of hidden units dropped in training."""

    hidden: tuple[int, ...] = (64, 64, 32)
    activation: str = "tanh"
    dropout: float = 0.4

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise unknown("activation", self.activation, ACTIVATIONS)
        if any(width < 1 for width in self.hidden):
            raise ValueError(f"`hidden` widths must be integers >= 1; got {self.hidden}.")
        threshold(self.dropout)


class MlpParams(NamedTuple):
    """One dense layer per entry."""

    weights: tuple[jax.Array, ...]  # (I, H1), (H1, H2), ..., (H, O)
    biases: tuple[jax.Array, ...]  # (H1,), (H2,), ..., (O,)


def init(key: jax.Array, config: MlpConfig, inputs: int, outputs: int) -> MlpParams:
    """LeCun normal weights (variance 1 / fan-in) and zero biases."""
    widths = (inputs, *config.hidden, outputs)
    keys = jax.random.split(key, len(widths) - 1)
    pairs = list(pairwise(widths))
    weights = tuple(lecun_normal(k, i, o) for k, (i, o) in zip(keys, pairs, strict=True))
    return MlpParams(weights, tuple(jnp.zeros(o, jnp.float32) for _, o in pairs))


def apply(
    params: MlpParams, x: jax.Array, noise: jax.Array | None, *, config: MlpConfig, dot: Dot = full
) -> jax.Array:
    """The outputs (O,) of one sample x (I,); ``noise`` (W,) uint8 drives the dropout, None leaves it off."""
    return _layers(params, x, noise, config, lambda x, weight, bias: dot(x, weight) + bias)


def apply_batch(
    params: MlpParams, x: jax.Array, noise: jax.Array | None, *, config: MlpConfig, dot: Dot = full
) -> jax.Array:
    """The outputs (B, O) of samples x (B, I): :func:`apply` with gradients that are fast on a batch."""
    return _layers(params, x, noise, config, partial(dense, dot))


def _layers(
    params: MlpParams,
    x: jax.Array,
    noise: jax.Array | None,
    config: MlpConfig,
    layer: Callable[[jax.Array, jax.Array, jax.Array], jax.Array],
) -> jax.Array:
    """The network with ``layer`` (x, weight, bias) as its layers, for one sample or a batch."""
    act = ACTIVATIONS[config.activation]
    last, used = len(params.weights) - 1, 0
    for place, (weight, bias) in enumerate(zip(params.weights, params.biases, strict=True)):
        x = layer(x, weight, bias)
        if place < last:
            x = dropout(act(x), noise, rate=config.dropout, start=used)
            used += units_for(x.shape[-1], config.dropout)
    return x


def noise_units(config: MlpConfig) -> int:
    """Bytes of noise per sample."""
    return sum(units_for(width, config.dropout) for width in config.hidden)


def activations(config: MlpConfig) -> tuple[str, ...]:
    """The activation after each layer."""
    return (*(config.activation for _ in config.hidden), "linear")


def to_layers(params: MlpParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Weights and biases, first layer first."""
    return params.weights, params.biases


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> MlpParams:
    """The inverse of :func:`to_layers`."""
    return MlpParams(tuple(weights), tuple(biases))


def lecun_normal(key: jax.Array, inputs: int, outputs: int) -> jax.Array:
    """(inputs, outputs) float32 normal with variance 1 / inputs."""
    normal = jax.random.normal(key, (inputs, outputs), jnp.float32)
    return jnp.multiply(normal, jnp.float32(inputs**-0.5))
