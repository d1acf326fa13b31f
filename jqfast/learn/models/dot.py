"""The dots of all models, in float32 or with operands rounded to bfloat16."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from jqfast.learn._jax_setup import jax, jnp

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
Dot: TypeAlias = Callable[[jax.Array, jax.Array], jax.Array]


def full(x: jax.Array, w: jax.Array) -> jax.Array:
    """x @ w."""
    return x @ w


def rounded(x: jax.Array, w: jax.Array) -> jax.Array:
    """x @ w of operands rounded to bfloat16, so that tensor cores take it; gradients are rounded alike."""
    product: jax.Array = x.astype(jnp.bfloat16) @ w.astype(jnp.bfloat16)
    return product.astype(w.dtype)


DOTS: dict[Precision, Dot] = {"float32": full, "bfloat16": rounded}
