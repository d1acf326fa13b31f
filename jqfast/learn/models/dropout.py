"""Dropout from counters: the mask of a unit is a function of (key, layer, unit), with no state to carry.

The bits are Threefry-2x32 with its full 20 rounds (Salmon et al. 2011), written out here because drawing
one *byte* per unit costs a quarter of the 32-bit draws of ``jax.random``, and because the stream then does
not depend on JAX's version.
"""

from __future__ import annotations

import numpy as np

from jqfast.learn._jax_setup import jax, jnp, lax

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA
_ROUNDS = 20


def threefry(key: jax.Array, high: jax.Array, low: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Two uint32 words per counter: Threefry-2x32-20 of ``(high, low)`` under ``key`` (2,) uint32."""
    schedule = (key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(_PARITY))
    a, b = high + schedule[0], low + schedule[1]
    for group in range(_ROUNDS // 4):
        for rotation in _ROTATIONS[group % 2]:
            a = a + b
            b = a ^ ((b << jnp.uint32(rotation)) | (b >> jnp.uint32(32 - rotation)))
        a = a + schedule[(group + 1) % 3]
        b = b + schedule[(group + 2) % 3] + jnp.uint32(group + 1)
    return a, b


def random_bytes(key: jax.Array, stream: int, n: int) -> jax.Array:
    """(n,) uniform uint8 of a stream of ``key``."""
    blocks = jnp.arange(-(-n // 8), dtype=jnp.uint32)
    high, low = threefry(key, jnp.full_like(blocks, stream), blocks)
    words = jnp.stack([high, low], axis=-1)
    return lax.bitcast_convert_type(words, jnp.uint8).reshape(-1)[:n]


def threshold(rate: float) -> int:
    """The byte below which a unit is dropped; the rate is thereby rounded to a 256th."""
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"`dropout` must be at least 0 and below 1; got {rate}.")
    return int(np.clip(round(rate * 256), 0, 255))


def dropout(x: jax.Array, key: jax.Array | None, *, stream: int, rate: float) -> jax.Array:
    """Units of ``x`` (H,) dropped with probability ``rate``, the rest scaled up; unchanged without a key."""
    limit = threshold(rate)
    if key is None or limit == 0:
        return x
    keep = random_bytes(key, stream, x.shape[0]) >= jnp.uint8(limit)
    return jnp.where(keep, x * jnp.float32(256.0 / (256 - limit)), jnp.float32(0.0))
