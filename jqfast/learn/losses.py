"""Losses of one batch: predictions and targets (B, O), NaN targets and padded rows do not count."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from jqfast.learn._jax_setup import jax, jnp

Loss = Literal["squared", "huber"]

#: A variance below this is that of equal predictions: they have no correlation with anything.
_NO_SPREAD = 1e-12


def squared(error: jax.Array) -> jax.Array:
    """Squared error."""
    return error * error


def huber(error: jax.Array) -> jax.Array:
    """Quadratic within one deviation, linear beyond (Huber 1964, threshold 1 as targets have deviation 1)."""
    size = jnp.abs(error)
    return jnp.where(size <= 1.0, error * error, 2.0 * size - 1.0)


LOSSES: dict[str, Callable[[jax.Array], jax.Array]] = {"squared": squared, "huber": huber}


def batch_loss(
    loss: Loss, share: float, predicted: jax.Array, target: jax.Array, weight: jax.Array
) -> jax.Array:
    """The loss of a batch: ``(1 - share) * mean loss + share * (1 - correlation)``.

    Parameters
    ----------
    loss : name of the pointwise loss
    share : of the correlation, between 0 and 1; above 0 the batch must hold samples of one date
    predicted, target : (B, O) float32
    weight : (B, O) float32, 0 for padded rows; a target that is NaN counts as 0 whatever its weight
    """
    if share == 0.0:
        return masked_mean(loss, predicted, target, weight)
    gap = 1.0 - masked_correlation(predicted, target, weight)
    return gap if share == 1.0 else (1.0 - share) * masked_mean(loss, predicted, target, weight) + share * gap


def masked_mean(loss: Loss, predicted: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Mean loss over known targets; arguments as :func:`batch_loss`.

    Notes
    -----
    NaN is replaced before the loss is taken: a NaN multiplied by zero would still be a NaN gradient.
    """
    total, weights = masked_sum(loss, predicted, target, weight)
    return total / jnp.maximum(weights, 1e-12)


def masked_sum(
    loss: Loss, predicted: jax.Array, target: jax.Array, weight: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Weighted sum of the losses over known targets, and the sum of their weights."""
    known, weight = _known(target, weight)
    error = jnp.where(known, predicted - jnp.where(known, target, 0.0), 0.0)
    return jnp.sum(LOSSES[loss](error) * weight), jnp.sum(weight)


def masked_correlation(predicted: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Pearson correlation of predictions and known targets per output, averaged by the outputs' weights.

    Of a batch that holds samples of one date it is that date's information coefficient. 0 where predictions
    or targets are all equal, whose gradient is 0 too.
    """
    known, weight = _known(target, weight)
    total = jnp.maximum(jnp.sum(weight, axis=0, keepdims=True), 1e-12)
    share = weight / total

    def centred(x: jax.Array) -> jax.Array:
        x = jnp.where(known, x, 0.0)
        return x - jnp.sum(share * x, axis=0, keepdims=True)

    p, y = centred(predicted), centred(target)
    cross, own, other = (jnp.sum(share * product, axis=0) for product in (p * y, p * p, y * y))
    spread = (own > _NO_SPREAD) & (other > _NO_SPREAD)
    size = jnp.sqrt(jnp.where(spread, own * other, 1.0))
    each = jnp.where(spread, cross / size, 0.0)
    outputs = jnp.max(weight, axis=0)
    return jnp.sum(each * outputs) / jnp.maximum(jnp.sum(outputs), 1e-12)


def _known(target: jax.Array, weight: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Which targets are known, and the weights with those of unknown ones set to 0."""
    known = jnp.isfinite(target)
    return known, jnp.where(known, weight, 0.0)
