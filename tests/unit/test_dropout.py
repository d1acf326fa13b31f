"""Dropout bits: known answers of Threefry, frequency, serial correlation, and what a mask does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dropout import dropout, random_bytes, threefry, threshold


def words(*values: int) -> jax.Array:
    return jnp.array(values, dtype=jnp.uint32)


@pytest.mark.parametrize(
    ("key", "counter", "answer"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_known_answers(key: tuple[int, int], counter: tuple[int, int], answer: tuple[int, int]) -> None:
    """The vectors that Salmon et al. publish with Threefry-2x32, 20 rounds."""
    got = jax.jit(threefry)(words(*key), *words(*counter))
    assert tuple(int(word) for word in got) == answer


@cache
def bytes_of(samples: int, width: int) -> np.ndarray:
    """(samples, width) bytes, one key per sample as in training."""
    rows = jnp.arange(samples, dtype=jnp.uint32)

    @jax.jit
    def draw(rows: jax.Array) -> jax.Array:
        keys = jnp.stack(threefry(words(3, 7), jnp.zeros_like(rows), rows), axis=-1)
        return jax.vmap(lambda key: random_bytes(key, 0, width))(keys)

    return np.asarray(draw(rows))


def test_bytes_are_uniform() -> None:
    counts = np.bincount(bytes_of(2000, 256).ravel(), minlength=256)
    expected = counts.sum() / 256
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert 255 - 5 * np.sqrt(510) < chi2 < 255 + 5 * np.sqrt(510)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("lag", [1, 2, 4, 8])
def test_neighbours_are_uncorrelated(axis: int, lag: int) -> None:
    """Along the units of a sample and along the samples of a batch."""
    x = np.moveaxis(bytes_of(2000, 256).astype(float), axis, 0)
    a, b = x[:-lag].ravel(), x[lag:].ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(a.size)


def test_streams_and_steps_differ() -> None:
    key = words(1, 2)
    a, b = (
        np.asarray(jax.jit(lambda s=stream: random_bytes(key, s, 4096))()).astype(float) for stream in (0, 1)
    )
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(4096)


def test_mask_drops_the_rate_and_keeps_the_mean() -> None:
    rows = jnp.arange(2000, dtype=jnp.uint32)
    keys = jnp.stack([rows, rows], axis=-1)
    out = np.asarray(jax.jit(jax.vmap(lambda key: dropout(jnp.ones(64), key, stream=0, rate=0.4)))(keys))
    rate = threshold(0.4) / 256
    assert set(np.unique(out)) == {np.float32(0.0), np.float32(1 / (1 - rate))}
    assert abs((out == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / out.size)


def test_without_a_key_or_rate_nothing_is_dropped() -> None:
    x = jnp.arange(5.0)
    assert dropout(x, None, stream=0, rate=0.4) is x
    assert dropout(x, words(1, 2), stream=0, rate=0.0) is x


def test_rate_is_checked() -> None:
    with pytest.raises(ValueError, match="`dropout` must be at least 0 and below 1; got 1"):
        threshold(1.0)
