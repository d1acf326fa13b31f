"""The cost model's inputs: ticks, liquidity known at the decision, options out of range."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.evaluate.costs import CostConfig, liquidity, tick_size


@pytest.mark.parametrize(
    ("price", "other", "fine"),
    [
        (500.0, 1, 0.1),
        (1000.0, 1, 0.1),
        (1000.5, 1, 0.5),
        (3000.0, 1, 0.5),
        (3001.0, 5, 1),
        (7000.0, 10, 1),
        (30_000.0, 10, 5),
        (30_010.0, 50, 10),
        (200_000.0, 100, 50),
        (4_000_000.0, 5000, 1000),
        (6e7, 100_000, 10_000),
    ],
)
def test_ticks_of_the_exchange(price: float, other: float, fine: float) -> None:
    assert tick_size(np.array([price]))[0] == other
    assert tick_size(np.array([price]), "topix500")[0] == fine


def test_no_tick_without_a_price() -> None:
    assert np.isnan(tick_size(np.array([np.nan, 0.0, -5.0]))).all()


def _panel(T: int = 60, N: int = 4, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    close = np.round(1500 * np.exp(np.cumsum(rng.normal(0, 0.02, (T, N)), axis=0)))
    ones = np.ones((T, N))
    columns = {
        "open": close,
        "high": close,
        "low": close,
        "close": close,
        "volume": ones * 1e5,
        "turnover": rng.uniform(1e8, 2e8, (T, N)),
        "adjustment": ones,
    }
    dates = np.arange("2020-01-01", T, dtype="datetime64[D]")
    codes = np.array([str(1000 + n) for n in range(N)])
    return Panel(dates, codes, columns, np.ones((T, N), dtype=bool))


def test_estimates_by_hand_and_from_the_past_only() -> None:
    panel = _panel()
    market = liquidity(panel, CostConfig(spread_ticks=2.0))
    change = panel["close"][1:] / panel["close"][:-1] - 1
    np.testing.assert_allclose(market.turnover[40], panel["turnover"][21:41].mean(axis=0))
    np.testing.assert_allclose(market.volatility[40], change[20:40].std(axis=0, ddof=1))
    np.testing.assert_allclose(market.half_spread[40], np.maximum(1 / panel["close"][40], 2.5e-4))
    assert np.isnan(market.turnover[8]).all()
    early = liquidity(panel.rows(0, 41), CostConfig(spread_ticks=2.0))
    for whole, cut in zip(market, early, strict=True):
        np.testing.assert_array_equal(whole[:41], cut)


def test_the_tick_is_that_of_the_traded_price() -> None:
    panel = _panel()
    split = panel.with_columns(
        adjustment=np.full(panel.shape, 0.1)
    )  # price on file is ten times the traded one
    close = panel["close"][-1] * 0.1
    expected = np.maximum(0.5 / close, 2.5e-4)
    np.testing.assert_allclose(liquidity(split, CostConfig()).half_spread[-1], expected)


@pytest.mark.parametrize(
    ("option", "value", "match"),
    [
        ("commission_bps", -1.0, "`commission_bps` must be 0 or more"),
        ("capital", 0.0, "`capital` must be positive"),
        ("max_participation", 1.5, r"`max_participation` must be in \(0, 1\]"),
        ("window", 1, "`window` must be at least 2"),
        ("tick_table", "topix50", "Did you mean `topix500`"),
        ("impact", float("nan"), "`impact` must be 0 or more"),
    ],
)
def test_options_out_of_range(option: str, value: object, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        CostConfig(**{option: value})  # type: ignore[arg-type]
