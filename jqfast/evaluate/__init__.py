"""Judgement: information coefficients, deciles, portfolios after costs, and how sure one may be of them."""

from __future__ import annotations

from jqfast.evaluate.alphas import Alpha, alphas
from jqfast.evaluate.breakdowns import Part, by_date, by_stock, by_year, decay
from jqfast.evaluate.capacity import CapacityPoint, break_even, capacity
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
from jqfast.evaluate.intervals import performance_intervals
from jqfast.evaluate.metrics import METRICS
from jqfast.evaluate.monotonic import Monotonic, monotonic
from jqfast.evaluate.overfitting import Overfitting, overfitting
from jqfast.evaluate.portfolio import Portfolio, PortfolioConfig, long_short, universe_return
from jqfast.evaluate.ranks import buckets, rank_rows
from jqfast.evaluate.regimes import trend_state, volatility_state
from jqfast.evaluate.resample import Draws, draw
from jqfast.evaluate.stats import Drawdown, Performance, drawdown, monthly, performance

__all__ = [
    "METRICS",
    "Alpha",
    "CapacityPoint",
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
    "Overfitting",
    "Part",
    "Performance",
    "Portfolio",
    "PortfolioConfig",
    "SharpeTest",
    "Welch",
    "alphas",
    "block_bootstrap",
    "break_even",
    "buckets",
    "by_date",
    "by_stock",
    "by_year",
    "capacity",
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
    "overfitting",
    "performance",
    "performance_intervals",
    "rank_ic",
    "rank_rows",
    "sharpe_test",
    "tick_size",
    "trend_state",
    "universe_return",
    "volatility_state",
    "welch",
]
