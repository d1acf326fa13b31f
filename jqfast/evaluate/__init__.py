"""Judgement: information coefficients, deciles, portfolios after costs, and how sure one may be of them."""

from __future__ import annotations

from jqfast.evaluate.breakdowns import Part, by_date, by_stock, by_year, decay
from jqfast.evaluate.costs import CostConfig, tick_size
from jqfast.evaluate.drop_one import DropOne, DropOneConfig, drop_one
from jqfast.evaluate.ic import Deciles, IcResult, deciles, ic, rank_ic
from jqfast.evaluate.inference import (
    Interval,
    NeweyWest,
    SharpeTest,
    Welch,
    block_bootstrap,
    newey_west,
    sharpe_test,
    welch,
)
from jqfast.evaluate.metrics import METRICS
from jqfast.evaluate.monotonic import Monotonic, monotonic
from jqfast.evaluate.portfolio import Portfolio, PortfolioConfig, long_short, universe_return
from jqfast.evaluate.ranks import buckets, rank_rows
from jqfast.evaluate.regimes import trend_state, volatility_state
from jqfast.evaluate.resample import Draws, draw
from jqfast.evaluate.stats import Drawdown, Performance, drawdown, monthly, performance

__all__ = [
    "METRICS",
    "CostConfig",
    "Deciles",
    "Drawdown",
    "Draws",
    "DropOne",
    "DropOneConfig",
    "IcResult",
    "Interval",
    "Monotonic",
    "NeweyWest",
    "Part",
    "Performance",
    "Portfolio",
    "PortfolioConfig",
    "SharpeTest",
    "Welch",
    "block_bootstrap",
    "buckets",
    "by_date",
    "by_stock",
    "by_year",
    "decay",
    "deciles",
    "draw",
    "drawdown",
    "drop_one",
    "ic",
    "long_short",
    "monotonic",
    "monthly",
    "newey_west",
    "performance",
    "rank_ic",
    "rank_rows",
    "sharpe_test",
    "tick_size",
    "trend_state",
    "universe_return",
    "volatility_state",
    "welch",
]
