"""Linear models, the baselines that show what hidden layers add: by the common loop, or ridge by equations.

Ridge solves (X^T X + n penalty I) W = X^T Y over the n training samples, the bias being unpenalised and each
output using the samples whose target is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dot import Dot, full
from jqfast.learn.models.mlp import lecun_normal


@dataclass(frozen=True)
class LinearConfig:
    """A linear model has nothing to choose."""


@dataclass(frozen=True)
class RidgeConfig:
    """Weight of the squared coefficients beside the mean squared error (Hoerl and Kennard 1970)."""

    penalty: float = 1e-2

    def __post_init__(self) -> None:
        if not self.penalty >= 0:
            raise ValueError(f"`penalty` must be >= 0; got {self.penalty}.")


class LinearParams(NamedTuple):
    """One dense layer."""

    weight: jax.Array  # (I, O)
    bias: jax.Array  # (O,)


def init(
    key: jax.Array,
    config: LinearConfig | RidgeConfig,  # noqa: ARG001
    inputs: int,
    outputs: int,
) -> LinearParams:
    """LeCun normal weights and zero bias."""
    return LinearParams(lecun_normal(key, inputs, outputs), jnp.zeros(outputs, jnp.float32))


def apply(
    params: LinearParams,
    x: jax.Array,
    noise: jax.Array | None,  # noqa: ARG001
    *,
    config: LinearConfig | RidgeConfig,  # noqa: ARG001
    dot: Dot = full,
) -> jax.Array:
    """The outputs (O,) of one sample x (I,)."""
    return dot(x, params.weight) + params.bias


def noise_units(config: LinearConfig | RidgeConfig) -> int:  # noqa: ARG001
    """Bytes of noise per sample: nothing is dropped."""
    return 0


def activations(config: LinearConfig | RidgeConfig) -> tuple[str, ...]:  # noqa: ARG001
    """The activation after each layer."""
    return ("linear",)


def to_layers(params: LinearParams) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    """Weights and biases, first layer first."""
    return (params.weight,), (params.bias,)


def from_layers(weights: Sequence[jax.Array], biases: Sequence[jax.Array]) -> LinearParams:
    """The inverse of :func:`to_layers`."""
    return LinearParams(weights[0], biases[0])
