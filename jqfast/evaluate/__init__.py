"""Judgement: information coefficients, deciles, portfolios after costs, and how sure one may be of them."""

from __future__ import annotations

from jqfast.evaluate.costs import CostConfig, tick_size
from jqfast.evaluate.drop_one import DropOne, DropOneConfig, drop_one
from jqfast.evaluate.ic import Deciles, IcResult, buckets, deciles, ic, rank_ic, rank_rows
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
from jqfast.evaluate.portfolio import Portfolio, PortfolioConfig, long_short, universe_return
from jqfast.evaluate.stats import METRICS, Drawdown, Performance, drawdown, monthly, performance

__all__ = [
    "METRICS",
    "CostConfig",
    "Deciles",
    "Drawdown",
    "DropOne",
    "DropOneConfig",
    "IcResult",
    "Interval",
    "NeweyWest",
    "Performance",
    "Portfolio",
    "PortfolioConfig",
    "SharpeTest",
    "Welch",
    "block_bootstrap",
    "buckets",
    "deciles",
    "drawdown",
    "drop_one",
    "ic",
    "long_short",
    "monthly",
    "newey_west",
    "performance",
    "rank_ic",
    "rank_rows",
    "sharpe_test",
    "tick_size",
    "universe_return",
    "welch",
]
