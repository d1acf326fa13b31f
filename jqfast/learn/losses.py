"""Losses of one batch: predictions and targets (B, O), NaN targets and padded rows do not count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from jqfast.learn._jax_setup import jax, jnp

Loss = Literal["squared", "huber"]


def squared(error: jax.Array) -> jax.Array:
    """Squared error."""
    return error * error


def huber(error: jax.Array) -> jax.Array:
    """Quadratic within one deviation, linear beyond (Huber 1964, threshold 1 as targets have deviation 1)."""
    size = jnp.abs(error)
    return jnp.where(size <= 1.0, error * error, 2.0 * size - 1.0)


LOSSES: dict[str, Callable[[jax.Array], jax.Array]] = {"squared": squared, "huber": huber}


def masked_mean(loss: Loss, predicted: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean loss over known targets.

    Parameters
    ----------
    loss : name of the loss
    predicted, target : (B, O) float32
    weight : (B, O) float32, 0 for padded rows; a target that is NaN counts as 0 whatever its weight

    Notes
    -----
    NaN is replaced before the loss is taken: a NaN multiplied by zero would still be a NaN gradient.
    """
    known = jnp.isfinite(target)
    error = jnp.where(known, predicted - jnp.where(known, target, 0.0), 0.0)
    weight = jnp.where(known, weight, 0.0)
    return jnp.sum(LOSSES[loss](error) * weight) / jnp.maximum(jnp.sum(weight), 1e-12)
