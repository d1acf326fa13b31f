"""Losses and learning rates against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.losses import batch_loss, masked_correlation
from jqfast.learn.models import MlpConfig, build
from jqfast.learn.models.flat import layout, matrices, pack, unpack
from jqfast.learn.optimise import make_optimiser, rates

RNG = np.random.default_rng(4)
PREDICTED = RNG.normal(size=(40, 2)).astype(np.float32)
TARGET = (0.5 * PREDICTED + RNG.normal(size=(40, 2))).astype(np.float32)
TARGET[3, 0] = np.nan
WEIGHT = np.ones((40, 2), np.float32)
WEIGHT[35:] = 0.0  # padding


def correlations() -> list[float]:
    known = [np.isfinite(TARGET[:35, k]) for k in range(2)]
    return [float(np.corrcoef(PREDICTED[:35, k][known[k]], TARGET[:35, k][known[k]])[0, 1]) for k in range(2)]


def test_correlation_of_known_targets_of_real_rows() -> None:
    got = jax.jit(masked_correlation)(PREDICTED, TARGET, WEIGHT)
    np.testing.assert_allclose(got, np.mean(correlations()), rtol=1e-5)
    tilted = jax.jit(masked_correlation)(PREDICTED, TARGET, WEIGHT * np.float32([1.0, 3.0]))
    np.testing.assert_allclose(tilted, np.average(correlations(), weights=[1, 3]), rtol=1e-5)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_mixture_is_the_weighted_sum(share: float) -> None:
    known = np.isfinite(TARGET[:35])
    squared = ((PREDICTED[:35] - TARGET[:35])[known] ** 2).mean()
    want = (1 - share) * squared + share * (1 - np.mean(correlations()))
    got = jax.jit(lambda p: batch_loss("squared", share, p, TARGET, WEIGHT))(PREDICTED)
    np.testing.assert_allclose(got, want, rtol=1e-5)


def test_correlation_has_a_finite_slope_everywhere() -> None:
    """Equal predictions, one known target, none: 0, and no NaN on the way back."""
    for predicted, target in (
        (np.ones((5, 1)), RNG.normal(size=(5, 1))),
        (RNG.normal(size=(5, 1)), np.array([[1.0], *[[np.nan]] * 4])),
        (RNG.normal(size=(5, 1)), np.full((5, 1), np.nan)),
    ):
        known, ones = jnp.asarray(target, jnp.float32), jnp.ones((5, 1))
        value = jax.jit(jax.value_and_grad(masked_correlation))
        loss, slope = value(jnp.asarray(predicted, jnp.float32), known, ones)
        assert float(loss) == 0.0
        assert (np.asarray(slope) == 0.0).all()


def test_the_slope_of_the_correlation_is_that_of_differences() -> None:
    with jax.enable_x64(True):
        p, y, w = (jnp.asarray(a, jnp.float64) for a in (PREDICTED, TARGET, WEIGHT))
        value = jax.jit(lambda p: masked_correlation(p, y, w))
        slope = np.asarray(jax.grad(value)(p))
        way = RNG.normal(size=p.shape)
        step = 1e-6
        assert (slope * way).sum() == pytest.approx(
            float(value(p + step * way) - value(p - step * way)) / (2 * step), rel=1e-6
        )


def test_rates_by_hand() -> None:
    def all_of(schedule: str, warmup: float) -> np.ndarray:
        parts = [
            rates(schedule, 2.0, warmup, epoch=e, epochs=2, steps=4, most_steps=6)  # type: ignore[arg-type]  # a text of its values
            for e in (0, 1)
        ]
        assert all((part[4:] == 0).all() for part in parts)
        return np.concatenate([part[:4] for part in parts])

    np.testing.assert_allclose(all_of("constant", 0.0), 2.0)
    np.testing.assert_allclose(all_of("linear", 0.0), 2.0 * (1 - np.arange(8) / 8))
    np.testing.assert_allclose(all_of("cosine", 0.0), 1 + np.cos(np.pi * np.arange(8) / 8), rtol=1e-6)
    np.testing.assert_allclose(all_of("constant", 0.5), [0.5, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0])
    np.testing.assert_allclose(all_of("linear", 0.5), [0.5, 1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 0.5])


def test_updates_by_hand() -> None:
    """The first step of Adam is the sign of the gradient; clipping comes before its moments."""
    gradient = jnp.array([30.0, -40.0, 0.0])
    optimiser = make_optimiser(0.0)
    direction, _ = optimiser.update(gradient, optimiser.init(gradient))
    np.testing.assert_allclose(direction, [1.0, -1.0, 0.0], rtol=1e-5)
    clipped = make_optimiser(5.0)
    _, state = clipped.update(gradient, clipped.init(gradient))
    first = next(leaf for leaf in jax.tree.leaves(state) if leaf.shape == (3,))
    np.testing.assert_allclose(first, [0.3, -0.4, 0.0], rtol=1e-5)  # (1 - 0.9) of the gradient cut to norm 5


def test_packed_parameters_go_there_and_back() -> None:
    model = build(MlpConfig(hidden=(3,)))
    params = model.init(jax.random.key(0), 2, 1)
    like = layout(model, 2, 1)
    vector = pack(params)
    pairs = list(zip(jax.tree.leaves(unpack(vector, like)), jax.tree.leaves(params), strict=True))
    for ours, theirs in pairs:
        np.testing.assert_array_equal(ours, theirs)
    assert len(pairs) == 4
    np.testing.assert_array_equal(matrices(like), [1.0] * 6 + [1.0] * 3 + [0.0] * 3 + [0.0])
