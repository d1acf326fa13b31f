"""How much capital a book carries before costs eat it: the same orders with ever more yen behind them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from jqfast.evaluate.intervals import growth_interval
from jqfast.evaluate.portfolio import Plan, PortfolioConfig, Prepared, trade
from jqfast.evaluate.resample import Draws, draw
from jqfast.evaluate.stats import performance

#: Yen per leg at which a book is priced.
CAPITALS = (1e7, 1e8, 3e8, 1e9, 3e9, 1e10, 3e10, 1e11)


@dataclass(frozen=True)
class CapacityPoint:
    """The long-short book at one size.

    Parameters
    ----------
    capital : yen per leg
    annual_gross, annual_net : compounded returns a year; gross falls where orders stay unfilled
    sharpe_net, low, high : annual Sharpe ratio after costs and its bootstrap interval
    cost_annual : costs a year, as a fraction of the capital of a leg
    participation : mean share of a stock's daily turnover that an entry takes, weighted by value
    unfilled : share of the ordered value that the limit of participation leaves unfilled, the worse leg
    net_low, net_high, gross_low, gross_high : bootstrap intervals of ``annual_net`` and ``annual_gross``
    """

    capital: float
    annual_gross: float
    annual_net: float
    sharpe_net: float
    low: float
    high: float
    cost_annual: float
    participation: float
    unfilled: float
    net_low: float = math.nan
    net_high: float = math.nan
    gross_low: float = math.nan
    gross_high: float = math.nan


def capacity(
    prepared: Prepared,
    ordered: Plan,
    config: PortfolioConfig,
    *,
    capitals: Sequence[float] = CAPITALS,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[CapacityPoint, ...]:
    """Trade the same orders at several sizes.

    Parameters
    ----------
    prepared, ordered, config : a book without its capital, see :func:`jqfast.evaluate.portfolio.prepare`
    capitals : yen per leg, ascending
    draws, seed : of the bootstrap that all sizes share

    Returns
    -------
    A point per capital

    Notes
    -----
    Impact is impact x volatility x sqrt(order / daily turnover); orders beyond ``max_participation`` of the
    daily turnover stay in cash.
    """
    if any(b <= a for a, b in pairwise(capitals)) or not all(c > 0 for c in capitals):
        raise ValueError(f"`capitals` must be positive yen, ascending; got {list(capitals)}.")
    shared: Draws | None = None
    points = []
    for capital in capitals:
        sized = replace(config, costs=replace(config.costs, capital=capital))
        book = trade(prepared, ordered, sized)
        net, year = book.returns["long_short_net"], config.sessions_per_year
        if shared is None or shared.index.shape[1] != len(net):
            shared = draw(len(net), block=20.0, draws=draws, seed=seed)
        figures = performance(net, periods_per_year=year)
        interval = shared.interval(figures.sharpe, shared.sharpe(net[:, None], year)[:, 0])
        growth = growth_interval(net, figures, shared)
        gross = book.returns["long_short_gross"]
        before_costs = performance(gross, periods_per_year=year)
        growth_gross = growth_interval(gross, before_costs, shared)
        points.append(
            CapacityPoint(
                capital=capital,
                annual_gross=before_costs.annual_return,
                annual_net=figures.annual_return,
                sharpe_net=figures.sharpe,
                low=interval.low,
                high=interval.high,
                cost_annual=float(sum(book.cost_annual.values())),
                participation=max(book.participation.values()),
                unfilled=max(book.unfilled.values()),
                net_low=growth.low,
                net_high=growth.high,
                gross_low=growth_gross.low,
                gross_high=growth_gross.high,
            )
        )
    return tuple(points)


def break_even(points: Sequence[CapacityPoint], figure: str = "annual_net") -> float:
    """Yen per leg beyond which the net return (or another ``figure`` of the points) is no longer positive.

    Interpolated in the logarithm of the capital between the last size with a profit and the next; NaN where
    no size earns anything, infinity where the largest still does.
    """
    net = np.array([getattr(point, figure) for point in points])
    if len(net) == 0 or not (net > 0).any():
        return math.nan
    last = int(np.flatnonzero(net > 0)[-1])
    if last == len(net) - 1:
        return math.inf
    share = net[last] / (net[last] - net[last + 1])
    low, high = math.log(points[last].capital), math.log(points[last + 1].capital)
    return math.exp(low + share * (high - low))
