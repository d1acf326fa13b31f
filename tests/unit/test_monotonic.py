"""The test of increasing bucket returns: steps by hand, its own null, and what is missing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jqfast.evaluate.monotonic import monotonic
from jqfast.evaluate.resample import draw


def returns(steps: float, T: int = 400, n: int = 5, seed: int = 0) -> np.ndarray:
    return steps * np.arange(n) + np.random.default_rng(seed).standard_normal((T, n))


def test_figures_by_hand() -> None:
    values = returns(0.3)
    drawn = draw(400, block=5.0, draws=300)
    found = monotonic(values, drawn)
    means = values.mean(axis=0)
    assert found.smallest_step == pytest.approx(np.diff(means).min(), abs=1e-15)
    lowest = [(np.diff(values[index].mean(axis=0)) - np.diff(means)).min() for index in drawn.index]
    assert found.p == np.mean(np.array(lowest) > found.smallest_step)
    slopes = [np.polyfit(np.arange(5), row, 1)[0] for row in values]
    assert found.trend == pytest.approx(np.mean(slopes), abs=1e-13)
    assert found.n_dates == 400


def test_a_rise_is_found_and_a_step_down_is_not() -> None:
    drawn = draw(400, block=5.0, draws=500)
    up = monotonic(returns(0.4), drawn)
    assert up.p < 0.01
    assert up.spearman == pytest.approx(1.0, abs=1e-15)
    assert up.trend_t > 10
    broken = returns(0.4)
    broken[:, 3] -= 1.0  # the fourth bucket falls below the third
    down = monotonic(broken, drawn)
    assert down.p > 0.5
    assert down.smallest_step < 0
    assert down.trend_t > 5  # the trend alone does not see it
    assert monotonic(-returns(0.4), drawn).spearman == pytest.approx(-1.0, abs=1e-15)


def test_equal_means_are_rejected_as_often_as_said() -> None:
    p = [monotonic(returns(0.0, 120, 4, seed), draw(120, block=2.0, draws=200)).p for seed in range(200)]
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.10  # 200 draws of 5 %: 99.9 % inside


def test_dates_with_a_missing_bucket_are_left_out() -> None:
    values = returns(0.2)
    holes = values.copy()
    holes[::10, 2] = np.nan
    drawn = draw(400, block=5.0, draws=200)
    found = monotonic(holes, drawn)
    assert found.n_dates == 360
    kept = np.isfinite(holes).all(axis=1)
    assert found.smallest_step == pytest.approx(np.diff(values[kept].mean(axis=0)).min(), abs=1e-15)


def test_nothing_to_test() -> None:
    found = monotonic(np.full((30, 4), np.nan), draw(30, block=2.0, draws=100))
    assert found.n_dates == 0
    assert math.isnan(found.p)
    few = monotonic(returns(0.1, T=6), draw(6, block=2.0, draws=100))
    assert math.isnan(few.p)
    assert np.isfinite(few.smallest_step)
    with pytest.raises(ValueError, match="at least 2 buckets"):
        monotonic(np.ones((5, 1)), draw(5, block=2.0, draws=100))
