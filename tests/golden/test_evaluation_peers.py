"""Judgement of real prices against the figures of alphalens and empyrical, see `make_evaluation_peers.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from jqfast.data import read_prices
from jqfast.evaluate import deciles, newey_west, performance, rank_ic

PEERS: dict[str, Any] = json.loads((Path(__file__).parent / "evaluation_peers.json").read_text())
HORIZON, QUANTILES = 5, 5


@pytest.fixture(scope="module")
def judged(real_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dates, scores and returns of the slice that the peers judged."""
    frame = pd.read_parquet(real_data / "jp_daily.parquet")
    start, end, step = PEERS["slice"]
    codes = sorted(frame["code"].unique())[::step]
    day = pd.to_datetime(frame["date"])
    panel = read_prices(frame[frame["code"].isin(codes) & day.between(start, end)])
    rows = np.flatnonzero(panel.is_session)
    close = panel["close"][rows]
    scores, returns = np.full(close.shape, np.nan), np.full(close.shape, np.nan)
    scores[HORIZON:] = -(close[HORIZON:] / close[:-HORIZON] - 1)
    returns[:-HORIZON] = close[HORIZON:] / close[:-HORIZON] - 1
    pair = np.isfinite(scores) & np.isfinite(returns)
    return panel.dates[rows], np.where(pair, scores, np.nan), returns


def test_rank_ic_equals_alphalens(judged: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    dates, scores, returns = judged
    found = rank_ic(scores, returns, horizon=HORIZON)
    known = np.isfinite(found.per_date)
    assert known.sum() == PEERS["dates"] > 200
    assert [str(dates[known][0]), str(dates[known][-1])] == PEERS["first_and_last"]
    assert found.stocks[known].sum() == PEERS["pairs"]
    np.testing.assert_allclose(found.per_date[known], PEERS["rank_ic"], atol=1e-13)


def test_quantile_returns_equal_alphalens(judged: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    _, scores, returns = judged
    found = deciles(scores, returns, QUANTILES, horizon=HORIZON)
    known = np.isfinite(found.spread)
    np.testing.assert_allclose(found.spread[known] / HORIZON, PEERS["spread"], atol=1e-15)
    np.testing.assert_allclose(found.mean, PEERS["quantile_means"], atol=1e-15)


def test_performance_equals_empyrical() -> None:
    figures = performance(np.array(PEERS["spread"]), periods_per_year=252)
    for ours, theirs in (
        ("annual_return", "annual_return"),
        ("annual_risk", "annual_volatility"),
        ("sharpe", "sharpe"),
        ("sortino", "sortino"),
        ("max_drawdown", "max_drawdown"),
        ("total_return", "total_return"),
    ):
        assert getattr(figures, ours) == pytest.approx(PEERS[theirs], rel=1e-11), ours


def test_t_without_lags_equals_scipy(judged: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Student's t divides by n - 1 where Newey and West divide by n."""
    _, scores, returns = judged
    values = rank_ic(scores, returns, horizon=1).per_date
    n = int(np.isfinite(values).sum())
    assert newey_west(values, lags=0).t * np.sqrt((n - 1) / n) == pytest.approx(PEERS["ic_mean_t"], rel=1e-11)
    assert stats.ttest_1samp(PEERS["rank_ic"], 0.0).statistic == pytest.approx(PEERS["ic_mean_t"], rel=1e-12)
