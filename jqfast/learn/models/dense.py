"""One dense layer over a batch with its gradient written out, and the product that such gradients need."""

from __future__ import annotations

from functools import partial

from jqfast.learn._jax_setup import jax, jnp, lax, on_cpu
from jqfast.learn.models.dot import Dot

#: Outputs of a layer that fill a tile of XLA's product on a CPU.
_TILE = 64


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def dense(dot: Dot, x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    """x W + b (B, O) of x (B, I), weight (I, O), bias (O,)."""
    return dot(x, weight) + bias[None, :]


def across(dot: Dot, x: jax.Array, slope: jax.Array) -> jax.Array:
    """x^T d (I, O), summed over the batch: the gradient of a weight from inputs x (B, I) and slopes d (B, O).

    On a CPU, XLA has a fast product only of operands that lie as they are read; those that do not it packs
    number by number. So one operand is transposed first, which is cheap. It is the slopes where they are few:
    the transposed product then fills its tiles with inputs.
    """
    if not on_cpu():
        return dot(x.T, slope)
    if slope.shape[1] < _TILE:
        return _made(dot(_made(slope.T), x)).T
    return dot(_made(x.T), slope)


def _made(x: jax.Array) -> jax.Array:
    """``x`` in memory as it is: XLA would make a transposed operand part of the product again."""
    made: jax.Array = lax.optimization_barrier(x)  # type: ignore[no-untyped-call]  # JAX has no types for it
    return made


def _forward(
    dot: Dot, x: jax.Array, weight: jax.Array, bias: jax.Array
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    """The outputs, and what the way back needs."""
    return dense(dot, x, weight, bias), (x, weight)


def _backward(
    dot: Dot, kept: tuple[jax.Array, jax.Array], slope: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Gradients of x, weight and bias from those of the outputs."""
    x, weight = kept
    return dot(slope, weight.T), across(dot, x, slope), jnp.sum(slope, axis=0)


dense.defvjp(_forward, _backward)
