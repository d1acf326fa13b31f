"""Shared bootstrap draws: means and ratios from counts are those of the resampled series."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jqfast.evaluate.inference import block_bootstrap
from jqfast.evaluate.resample import Draws, draw


@pytest.fixture
def drawn() -> Draws:
    return draw(120, block=6.0, draws=200, seed=3)


def test_counts_are_of_the_index(drawn: Draws) -> None:
    assert drawn.index.shape == drawn.counts.shape == (200, 120)
    for row, counts in zip(drawn.index, drawn.counts, strict=True):
        np.testing.assert_array_equal(np.bincount(row, minlength=120), counts)


def test_means_are_those_of_the_resampled_series(drawn: Draws) -> None:
    values = np.random.default_rng(0).standard_normal((120, 3))
    values[::7, 1] = np.nan
    values[:, 2] = np.nan
    means = drawn.means(values)
    np.testing.assert_allclose(means[:, 0], values[:, 0][drawn.index].mean(axis=1), atol=1e-15)
    np.testing.assert_allclose(means[:, 1], np.nanmean(values[:, 1][drawn.index], axis=1), atol=1e-15)
    assert np.isnan(means[:, 2]).all()


def test_sharpe_ratios_are_those_of_the_resampled_series(drawn: Draws) -> None:
    returns = 0.001 + 0.01 * np.random.default_rng(1).standard_normal((120, 2))
    sample = returns[:, 1][drawn.index]
    by_hand = sample.mean(axis=1) / sample.std(axis=1, ddof=1) * math.sqrt(252)
    np.testing.assert_allclose(drawn.sharpe(returns, 252.0)[:, 1], by_hand, rtol=1e-12)


def test_the_interval_is_that_of_the_plain_bootstrap() -> None:
    x = np.random.default_rng(2).standard_normal(90)
    shared = draw(90, block=5.0, draws=500, seed=4)
    ours = shared.interval(x.mean(), shared.means(x[:, None])[:, 0])
    theirs = block_bootstrap(x, block=5.0, draws=500, seed=4)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-14)
    assert ours.method == theirs.method


def test_few_periods_have_no_interval() -> None:
    few = draw(7, block=2.0, draws=100)
    found = few.interval(0.5, few.means(np.ones((7, 1)))[:, 0])
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_no_periods_are_no_error() -> None:
    assert draw(0, block=2.0, draws=100).index.shape == (100, 0)


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="`block`"):
        draw(10, block=0.5)
    with pytest.raises(ValueError, match="`draws`"):
        draw(10, block=2.0, draws=5)
    with pytest.raises(ValueError, match="`level`"):
        draw(10, block=2.0, level=1.0)
