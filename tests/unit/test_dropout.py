"""Dropout bits: known answers of Threefry, frequency, serial correlation, and what a mask does."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.models.dropout import draw, dropout, spread, threefry, threshold


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
def bytes_of(samples: int, units: int, step: int = 0) -> np.ndarray:
    """(samples, units) bytes, the noise of one step."""

    @jax.jit
    def noise(step: jax.Array) -> jax.Array:
        return spread(draw(words(3, 7), step, samples, units), samples)

    return np.asarray(noise(jnp.uint32(step)))


def test_bytes_are_uniform() -> None:
    counts = np.bincount(bytes_of(2000, 256).ravel(), minlength=256)
    expected = counts.sum() / 256
    chi2 = ((counts - expected) ** 2 / expected).sum()
    assert 255 - 5 * np.sqrt(510) < chi2 < 255 + 5 * np.sqrt(510)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("lag", [1, 2, 4, 500, 1000])
def test_neighbours_are_uncorrelated(axis: int, lag: int) -> None:
    """Along the units of a sample and along the samples of a batch, which share words 500 apart."""
    x = np.moveaxis(bytes_of(2000, 1024).astype(float), axis, 0)
    a, b = x[:-lag].ravel(), x[lag:].ravel()
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(a.size)


def test_steps_differ() -> None:
    a, b = (bytes_of(64, 64, step).ravel().astype(float) for step in (0, 1))
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / np.sqrt(a.size)


@pytest.mark.parametrize("batch", [1, 3, 4, 7])
def test_every_sample_has_noise_of_its_own(batch: int) -> None:
    noise = bytes_of(batch, 40)
    assert noise.shape == (batch, 40)
    assert noise.dtype == np.uint8
    assert len({row.tobytes() for row in noise}) == batch
    assert bytes_of(batch, 0).shape == (batch, 0)


def test_mask_drops_the_rate_and_keeps_the_mean() -> None:
    noise = jnp.asarray(bytes_of(2000, 64))
    out = np.asarray(jax.jit(jax.vmap(lambda mine: dropout(jnp.ones(64), mine, rate=0.4)))(noise))
    rate = threshold(0.4) / 256
    assert set(np.unique(out)) == {np.float32(0.0), np.float32(1 / (1 - rate))}
    assert abs((out == 0).mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / out.size)


def test_layers_use_bytes_of_their_own() -> None:
    noise = jnp.asarray(bytes_of(1, 128)[0])
    first, second = (np.asarray(dropout(jnp.ones(64), noise, rate=0.4, start=at)) for at in (0, 64))
    np.testing.assert_array_equal(first == 0, np.asarray(noise[:64]) < threshold(0.4))
    np.testing.assert_array_equal(second == 0, np.asarray(noise[64:]) < threshold(0.4))


def test_without_noise_or_rate_nothing_is_dropped() -> None:
    x = jnp.arange(5.0)
    assert dropout(x, None, rate=0.4) is x
    assert dropout(x, jnp.zeros(5, jnp.uint8), rate=0.0) is x


def test_rate_is_checked() -> None:
    with pytest.raises(ValueError, match="`dropout` must be at least 0 and below 1; got 1"):
        threshold(1.0)
