"""Intervals of performance figures are quantiles of the figures of the resampled series."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.evaluate import performance
from jqfast.evaluate.intervals import FIGURES, fall_interval, growth_interval, performance_intervals
from jqfast.evaluate.resample import draw


def test_intervals_are_those_of_the_figures_of_each_draw() -> None:
    returns = 0.0005 + 0.01 * np.random.default_rng(0).standard_t(4, 160)
    drawn = draw(160, block=8.0, draws=120, seed=1)
    whole = performance(returns, periods_per_year=252)
    found = performance_intervals(returns, whole, drawn)
    each = [performance(returns[index], periods_per_year=252) for index in drawn.index]
    assert set(found) == set(FIGURES)
    for name, interval in found.items():
        values = np.array([getattr(figures, name) for figures in each])
        low, high = np.quantile(values, [0.025, 0.975])
        assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-10)
        assert interval.estimate == getattr(whole, name)
        assert interval.low < interval.high


def test_single_intervals_are_those_of_the_whole_table() -> None:
    returns = 0.0005 + 0.01 * np.random.default_rng(2).standard_t(4, 130)
    drawn, whole = draw(130, block=6.0, draws=110), performance(returns, periods_per_year=252)
    found = performance_intervals(returns, whole, drawn)
    for name, one in (("annual_return", growth_interval), ("max_drawdown", fall_interval)):
        alone = one(returns, whole, drawn)
        assert (alone.low, alone.high) == pytest.approx((found[name].low, found[name].high), rel=1e-10)
        assert alone.estimate == getattr(whole, name)


def test_a_total_loss_is_a_return_of_minus_one() -> None:
    returns = np.full(40, 0.01)
    returns[20:30] = -1.0
    found = growth_interval(
        returns, performance(returns, periods_per_year=12), draw(40, block=4.0, draws=100)
    )
    assert found.low == -1.0


def test_a_short_series_has_no_intervals() -> None:
    returns = np.array([0.01, 0.02])
    found = performance_intervals(
        returns, performance(returns, periods_per_year=12), draw(2, block=1.0, draws=100)
    )
    assert all(np.isnan(interval.low) for interval in found.values())
    none = np.zeros(0)
    found = performance_intervals(none, performance(none, periods_per_year=12), draw(0, block=1.0, draws=100))
    assert all(np.isnan(interval.high) for interval in found.values())


def test_draws_must_be_of_the_same_periods() -> None:
    returns = np.full(30, 0.01)
    with pytest.raises(ValueError, match="`draws`"):
        performance_intervals(
            returns, performance(returns, periods_per_year=12), draw(29, block=2.0, draws=100)
        )
