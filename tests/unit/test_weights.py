"""Orders of both sides: weights by hand, what they sum to, sectors, and stocks that cannot be sold short."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from evaluate_support import panel_of

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.evaluate import CostConfig, PortfolioConfig, buckets, long_short
from jqfast.evaluate.costs import liquidity
from jqfast.evaluate.weights import Known, Orders, orders
from jqfast.learn.labels import make_labels


def config(**changes: Any) -> PortfolioConfig:
    return PortfolioConfig(**({"buckets": 4, "min_stocks": 4} | changes))


def dense(found: Orders, shape: tuple[int, int]) -> np.ndarray:
    weights = np.zeros(shape)
    weights[found.decision, found.stock] = found.weight
    return weights


def market(C: int = 30, N: int = 40, seed: int = 0) -> tuple[np.ndarray, Known]:
    rng = np.random.default_rng(seed)
    scores = np.round(rng.standard_normal((C, N)), 1)
    scores[rng.random((C, N)) < 0.2] = np.nan
    volatility = rng.uniform(0.005, 0.05, (C, N))
    volatility[rng.random((C, N)) < 0.1] = np.nan
    return scores, Known(volatility, sector=rng.integers(-1, 5, (C, N)))


def test_equal_weights_are_the_outer_buckets() -> None:
    scores, known = market()
    group = buckets(scores, 4)
    for found, bucket in zip(orders(scores, config(), known._replace(sector=None)), (3, 0), strict=True):
        inside = group == bucket
        np.testing.assert_array_equal(dense(found, scores.shape), inside / inside.sum(axis=1, keepdims=True))


def test_inverse_volatility_by_hand() -> None:
    scores = np.arange(8.0)[None]
    volatility = np.array([[0.01, 0.02, 0.1, 0.1, 0.1, 0.1, 0.04, 1e-9]])
    long, short = orders(scores, config(weights="inverse_volatility"), Known(volatility))
    np.testing.assert_array_equal(long.stock, [6, 7])
    calm = 0.25 * np.median(volatility)  # what counts in the place of 1e-9
    np.testing.assert_allclose(
        long.weight, np.array([1 / 0.04, 1 / calm]) / (1 / 0.04 + 1 / calm), rtol=1e-14
    )
    first, second = 1 / max(0.01, calm), 1 / max(0.02, calm)
    np.testing.assert_allclose(short.weight, np.array([first, second]) / (first + second), rtol=1e-14)


def test_a_stock_without_a_volatility_gets_no_inverse_of_it() -> None:
    scores, known = market()
    long, short = orders(scores, config(weights="inverse_volatility"), known._replace(sector=None))
    for found in (long, short):
        assert np.isfinite(known.volatility[found.decision, found.stock]).all()
        assert len(found.stock) > 100


def test_rank_weights_by_hand() -> None:
    long, short = orders(
        np.array([[3.0, 1.0, 2.0, 2.0, 9.0, np.nan]]), config(weights="rank"), Known(np.ones((1, 6)))
    )
    np.testing.assert_array_equal(long.stock, [0, 4])
    np.testing.assert_allclose(long.weight, [1 / 3, 2 / 3], rtol=1e-15)
    np.testing.assert_array_equal(short.stock, [1, 2, 3])
    np.testing.assert_allclose(short.weight, [2 / 3, 1 / 6, 1 / 6], rtol=1e-15)


@pytest.mark.parametrize("weights", ["equal", "rank", "inverse_volatility"])
@pytest.mark.parametrize("neutral", ["none", "sector"])
def test_each_side_uses_its_capital_once_and_no_stock_twice(weights: Any, neutral: Any) -> None:
    scores, known = market()
    known = known if neutral == "sector" else known._replace(sector=None)
    long, short = orders(scores, config(weights=weights, neutral=neutral), known)
    first, second = dense(long, scores.shape), dense(short, scores.shape)
    np.testing.assert_allclose(first.sum(axis=1), 1.0, atol=1e-14)
    np.testing.assert_allclose(second.sum(axis=1), 1.0, atol=1e-14)
    assert not ((first > 0) & (second > 0)).any()
    assert np.isfinite(scores[(first > 0) | (second > 0)]).all()
    key = long.decision * scores.shape[1] + long.stock
    assert (np.diff(key) > 0).all()


@pytest.mark.parametrize("weights", ["equal", "rank", "inverse_volatility"])
def test_sectors_have_the_same_share_of_both_sides(weights: Any) -> None:
    scores, known = market()
    assert known.sector is not None
    sides = orders(scores, config(weights=weights, neutral="sector"), known)
    long, short = (dense(found, scores.shape) for found in sides)
    compared = 0
    for t in range(len(scores)):
        counted = {g: np.isfinite(scores[t, known.sector[t] == g]).sum() for g in range(5)}
        served = [g for g in range(5) if long[t, known.sector[t] == g].sum() > 0]
        for g in served:
            inside = known.sector[t] == g
            share = counted[g] / sum(counted[s] for s in served)
            assert long[t, inside].sum() == pytest.approx(share, abs=1e-14)
            assert short[t, inside].sum() == pytest.approx(share, abs=1e-14)
            compared += 1
        assert not long[t, known.sector[t] < 0].any()
    assert compared > 100


def test_a_small_sector_sends_its_best_and_its_worst() -> None:
    scores = np.array([[1.0, 2.0, 5.0, 3.0, 4.0, 6.0]])
    sector = np.array([[0, 0, 1, 1, 1, 2]])  # a sector of one stock has no two sides
    long, short = orders(scores, config(neutral="sector"), Known(np.ones((1, 6)), sector))
    np.testing.assert_array_equal(long.stock, [1, 2])
    np.testing.assert_array_equal(short.stock, [0, 3])
    np.testing.assert_allclose(long.weight, [2 / 5, 3 / 5], rtol=1e-15)
    np.testing.assert_allclose(short.weight, [2 / 5, 3 / 5], rtol=1e-15)


def test_only_stocks_that_can_be_borrowed_are_sold() -> None:
    scores, known = market()
    allowed = np.random.default_rng(1).random(scores.shape) < 0.5
    long, short = orders(scores, config(), known._replace(sector=None, shortable=allowed))
    assert allowed[short.decision, short.stock].all()
    assert not allowed[long.decision, long.stock].all()
    np.testing.assert_allclose(dense(short, scores.shape).sum(axis=1), 1.0, atol=1e-14)


def test_too_few_scores_order_nothing() -> None:
    scores = np.full((3, 6), np.nan)
    scores[1, :3] = 1.0, 2.0, 3.0
    for found in orders(scores, config(), Known(np.ones((3, 6)))):
        assert len(found.stock) == 0
    empty = orders(np.zeros((0, 6)), config(), Known(np.zeros((0, 6))))
    assert all(len(found.stock) == 0 for found in empty)


def test_sectors_must_be_known() -> None:
    panel = panel_of(np.full((30, 8), 100.0))
    with pytest.raises(DataGapError, match="`neutral` is `sector`"):
        long_short(panel, np.tile(np.arange(8.0), (30, 1)), config(neutral="sector"))


@pytest.mark.parametrize("weights", ["equal", "rank", "inverse_volatility"])
@pytest.mark.parametrize("neutral", ["none", "sector"])
def test_one_decision_earns_its_weights(sim_panel: Panel, weights: Any, neutral: Any) -> None:
    """Stock by stock from the fill to the first chance to leave, through halts, limits and delistings."""
    free = CostConfig(capital=1.0, max_participation=1.0)
    settings = PortfolioConfig(weights=weights, neutral=neutral, buckets=5, horizon=5, costs=free)
    rng = np.random.default_rng(3)
    fillable = make_labels(sim_panel, (5,)).fillable & (rng.random(sim_panel.shape) < 0.97)
    scores = rng.standard_normal(sim_panel.shape)
    scores[~sim_panel.listed] = np.nan
    rows = np.flatnonzero(sim_panel.is_session)
    turnover, volatility, _ = liquidity(sim_panel, free)
    sector = sim_panel["sector33"] if neutral == "sector" else None
    compared, waited = 0, 0
    for place in range(30, len(rows) - 40, 23):
        row = rows[place]
        alone = np.full(scores.shape, np.nan)
        alone[row] = scores[row]
        book = long_short(sim_panel, alone, settings, fillable=fillable)
        known = Known(volatility[row : row + 1], None if sector is None else sector[row : row + 1])
        order, _ = orders(alone[row : row + 1], settings, known)
        gain = 0.0
        for stock, weight in zip(order.stock, order.weight, strict=True):
            if not turnover[row, stock] >= 1.0:
                continue
            change, late = _trip(sim_panel, fillable, rows, place, int(stock))
            gain += weight * change
            waited += late
        value = np.prod(1.0 + book.returns["long_gross"])
        assert value - 1.0 == pytest.approx(gain / 5, abs=1e-13)
        compared += 1
    assert compared > 20
    assert waited > 5


def _trip(panel: Panel, fillable: np.ndarray, rows: np.ndarray, place: int, n: int) -> tuple[float, int]:
    """Return of one stock bought after row ``place`` and left five sessions later or when it can be, and
    whether it had to wait."""
    if not fillable[rows[place], n] or not np.isfinite(panel["open"][rows[place + 1], n]):
        return 0.0, 0
    entry = panel["open"][rows[place + 1], n]
    late = 0
    while late < 20:
        leave = place + 6 + late
        if not panel.listed[rows[leave], n]:
            break
        if fillable[rows[leave - 1], n]:
            return panel["open"][rows[leave], n] / entry - 1.0, int(late > 0)
        late += 1
    closes = panel["close"][rows[: place + 6 + late], n]
    opened = panel["open"][rows[place + 6 + late], n]
    listed = panel.listed[rows[place + 6 + late], n]
    last = opened if listed and np.isfinite(opened) else closes[np.isfinite(closes)][-1]
    return last / entry - 1.0, int(late > 0)
