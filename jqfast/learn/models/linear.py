"""Linear model through the same loop: the baseline that shows what the hidden layers add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.mlp import lecun_normal


@dataclass(frozen=True)
class LinearConfig:
    """A linear model has nothing to choose."""


class LinearParams(NamedTuple):
    """One dense layer."""

    weight: jax.Array  # (I, O)
    bias: jax.Array  # (O,)


def init(key: jax.Array, config: LinearConfig, inputs: int, outputs: int) -> LinearParams:  # noqa: ARG001
    """LeCun normal weights and zero bias."""
    return LinearParams(lecun_normal(key, inputs, outputs), jnp.zeros(outputs, jnp.float32))


def apply(params: LinearParams, x: jax.Array, key: jax.Array | None, *, config: LinearConfig) -> jax.Array:  # noqa: ARG001
    """The outputs (O,) of one sample x (I,)."""
    return x @ params.weight + params.bias


def activations(config: LinearConfig) -> tuple[str, ...]:  # noqa: ARG001
    """The activation after each layer."""
    return ("linear",)


def to_layers(params: LinearParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Weights and biases, first layer first."""
    return (params.weight,), (params.bias,)


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> LinearParams:
    """The inverse of :func:`to_layers`."""
    return LinearParams(weights[0], biases[0])
