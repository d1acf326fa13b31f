"""Capacity: the book of each size is the book with that capital, and where the profit ends."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.evaluate import CostConfig, PortfolioConfig, long_short, performance
from jqfast.evaluate.capacity import CapacityPoint, break_even, capacity
from jqfast.evaluate.portfolio import plan, prepare
from jqfast.evaluate.resample import draw

CAPITALS = (1e6, 1e9, 3e10)


@pytest.fixture(scope="module")
def curve(sim_panel: Panel) -> tuple[Panel, np.ndarray, PortfolioConfig, tuple[CapacityPoint, ...]]:
    scores = np.random.default_rng(0).standard_normal(sim_panel.shape)
    scores[~sim_panel.listed] = np.nan
    config = PortfolioConfig(buckets=5)
    ground = prepare(sim_panel, config)
    points = capacity(ground, plan(sim_panel, ground, scores, config), config, capitals=CAPITALS, draws=200)
    return sim_panel, scores, config, points


def test_each_size_is_the_book_with_that_capital(
    curve: tuple[Panel, np.ndarray, PortfolioConfig, tuple[CapacityPoint, ...]],
) -> None:
    panel, scores, config, points = curve
    for point in points:
        costs = replace(config.costs, capital=point.capital)
        book = long_short(panel, scores, replace(config, costs=costs))
        net = performance(book.returns["long_short_net"], periods_per_year=252)
        assert point.annual_net == net.annual_return
        assert point.sharpe_net == net.sharpe
        assert point.cost_annual == pytest.approx(sum(book.cost_annual.values()), rel=1e-12)
        assert point.unfilled == max(book.unfilled.values())
        drawn = draw(len(book.dates), block=20.0, draws=200)
        by_hand = np.quantile(drawn.sharpe(book.returns["long_short_net"][:, None], 252.0), [0.025, 0.975])
        assert (point.low, point.high) == pytest.approx(tuple(by_hand), abs=1e-12)


def test_size_costs(curve: tuple[Panel, np.ndarray, PortfolioConfig, tuple[CapacityPoint, ...]]) -> None:
    points = curve[3]
    assert [p.capital for p in points] == list(CAPITALS)
    assert points[0].cost_annual < points[1].cost_annual
    assert points[0].annual_net > points[1].annual_net
    assert points[0].participation < points[1].participation < points[2].participation
    assert points[0].unfilled < points[2].unfilled


def test_impact_grows_with_the_root_of_size(sim_panel: Panel) -> None:
    scores = np.random.default_rng(1).standard_normal(sim_panel.shape)
    only = CostConfig(
        commission_bps=0, spread_ticks=0, spread_floor_bps=0, borrow_fee_bps_year=0, max_participation=1.0
    )
    config = PortfolioConfig(buckets=5, costs=only)
    ground = prepare(sim_panel, config)
    small, large = capacity(
        ground, plan(sim_panel, ground, scores, config), config, capitals=(1e4, 1e6), draws=100
    )
    assert large.unfilled == pytest.approx(small.unfilled, abs=1e-12)  # the limit does not bind at either
    assert large.participation / small.participation == pytest.approx(100.0, rel=1e-9)
    assert large.cost_annual / small.cost_annual == pytest.approx(10.0, rel=1e-9)


def _points(*net: float) -> list[CapacityPoint]:
    return [CapacityPoint(10.0**k, x, x, x, x, x, 0.0, 0.0, 0.0) for k, x in enumerate(net, start=8)]


def test_break_even_by_hand() -> None:
    assert break_even(_points(0.2, 0.1, -0.1)) == pytest.approx(10**9.5, rel=1e-12)
    assert break_even(_points(0.2, 0.3, -0.1)) == pytest.approx(10**9.75, rel=1e-12)
    assert break_even(_points(0.2, 0.1)) == math.inf
    assert math.isnan(break_even(_points(-0.2, -0.3)))
    assert math.isnan(break_even([]))


def test_capitals_ascend(sim_panel: Panel) -> None:
    config = PortfolioConfig(buckets=5)
    ground = prepare(sim_panel, config)
    ordered = plan(sim_panel, ground, np.random.default_rng(0).standard_normal(sim_panel.shape), config)
    for wrong in ((1e8, 1e8), (0.0, 1e8)):
        with pytest.raises(ValueError, match="`capitals`"):
            capacity(ground, ordered, config, capitals=wrong)
