"""Dropout from counters: the noise of a sample is a function of (key, step, sample), with no state to carry.

The bits are Threefry-2x32 with its full 20 rounds (Salmon et al. 2011), written out here because drawing
one *byte* per unit costs a quarter of the 32-bit draws of ``jax.random``, and because the stream then does
not depend on JAX's version. They are drawn for a whole batch at a time, as words of which each serves one
unit of four samples.
"""

from __future__ import annotations

import numpy as np

from jqfast.learn._jax_setup import jax, jnp

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


def draw(key: jax.Array, step: jax.Array, batch: int, units: int) -> jax.Array:
    """(batch / 4 rounded up, units) uniform uint32 of a step; :func:`spread` makes the batch's bytes of them.

    Only one word of each block is used: a loop that puts both in their places is not vectorised, and takes
    far longer than drawing twice as many blocks.
    """
    rows = -(-batch // 4)
    counter = jnp.arange(rows * units, dtype=jnp.uint32)
    return threefry(key, jnp.broadcast_to(step, counter.shape), counter)[0].reshape(rows, units)


def spread(words: jax.Array, batch: int) -> jax.Array:
    """(batch, units) uint8, the noise of each sample; the first bytes of all words are the first quarter."""
    shifts = jnp.arange(0, 32, 8, dtype=jnp.uint32)[:, None, None]
    drawn: jax.Array = ((words[None] >> shifts) & jnp.uint32(0xFF)).astype(jnp.uint8)
    return drawn.reshape(4 * words.shape[0], words.shape[1])[:batch]


def units_for(units: int, rate: float) -> int:
    """Bytes of noise that dropping ``units`` takes."""
    return units if threshold(rate) else 0


def threshold(rate: float) -> int:
    """The byte below which a unit is dropped; the rate is thereby rounded to a 256th."""
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"`dropout` must be at least 0 and below 1; got {rate}.")
    return int(np.clip(round(rate * 256), 0, 255))


def dropout(x: jax.Array, noise: jax.Array | None, *, rate: float, start: int = 0) -> jax.Array:
    """Units of ``x`` (..., H) dropped with probability ``rate``, the rest scaled up; unchanged without noise.

    ``noise`` (..., U) are the bytes of each sample, of which those from ``start`` on serve this layer.
    """
    limit = threshold(rate)
    if noise is None or limit == 0:
        return x
    keep = noise[..., start : start + x.shape[-1]] >= jnp.uint8(limit)
    return jnp.where(keep, x * jnp.asarray(256.0 / (256 - limit), x.dtype), jnp.zeros((), x.dtype))
