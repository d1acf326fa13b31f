"""The decile long-short portfolio: what the scores would have earned, before and after costs.

1. Each session (or month end) the stocks are cut into buckets by score; the top one is bought, the bottom one
sold, with the weights of :mod:`jqfast.evaluate.weights`. 2. Orders fill at the start of the label (next open
or close), where the stock trades; the rest stays in cash. 3. 5-day scores run in five overlapping tranches of
a fifth of the capital each, monthly scores in one. 4. Positions are held at their initial weights until the
tranche's next decision fills, and valued every session; where a stock is halted or locked at its limit then,
the exit waits for its next trade. 5. Costs by :mod:`jqfast.evaluate.costs`; a borrow fee on the short side.

The short leg is *paper* unless it is told which stocks can be borrowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, unknown
from jqfast.evaluate.book import Portfolio as Portfolio
from jqfast.evaluate.book import book
from jqfast.evaluate.cohorts import Hold, Prices, Rebalance, Schedule, months, run_leg, tranches
from jqfast.evaluate.costs import CostConfig, Liquidity, forward_fill, liquidity
from jqfast.evaluate.groups import sectors
from jqfast.evaluate.ranks import over_rows
from jqfast.evaluate.weights import Known, Neutral, Orders, Weighting, orders
from jqfast.learn.labels import Start
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray


@dataclass(frozen=True)
class PortfolioConfig:
    """How scores become positions.

    Parameters
    ----------
    horizon : sessions a position is held
    every : sessions between decisions; ``horizon / every`` overlapping tranches share the capital
    start : fills at the next session's ``"open"`` or ``"close"``, as the labels
    rebalance : ``"tranches"`` (by sessions, as above) or ``"monthly"`` (decided at month ends)
    hold_months : months that a monthly decision is held; as many tranches overlap
    weights : ``"equal"``, ``"inverse_volatility"`` (within the bucket) or ``"rank"`` (all stocks, by the
        distance of their rank from the middle)
    neutral : ``"sector"`` gives each sector the same share of both sides, ``"none"`` does not look at them
    hold : ``"roll"`` keeps what the next decision wants as well and trades the difference at its fill;
        ``"label"`` leaves at the label's end (close of session t + horizon) and buys everything again
    buckets : number of score buckets; 10 gives deciles
    min_stocks : fewest scored stocks for a decision; None is max(10, buckets)
    delisting_return : booked after the last price of a delisted stock
    sessions_per_year : for fees and annual figures
    costs : CostConfig
    """

    horizon: int = 5
    start: Start = "open"
    rebalance: Rebalance = "tranches"
    hold: Hold = "roll"
    every: int = 1
    hold_months: int = 1
    weights: Weighting = "equal"
    neutral: Neutral = "none"
    buckets: int = 10
    min_stocks: int | None = None
    delisting_return: float = 0.0
    sessions_per_year: float = 252.0
    costs: CostConfig = field(default_factory=CostConfig)

    def __post_init__(self) -> None:
        if self.horizon < 1:
            raise ValueError(f"`horizon` must be at least 1 session; got {self.horizon}.")
        for name, value, legal in (
            ("start", self.start, ("open", "close")),
            ("rebalance", self.rebalance, ("tranches", "monthly")),
            ("hold", self.hold, ("roll", "label")),
            ("weights", self.weights, ("equal", "rank", "inverse_volatility")),
            ("neutral", self.neutral, ("none", "sector")),
        ):
            if value not in legal:
                raise unknown(name, str(value), legal)
        if self.every < 1 or self.horizon % self.every:
            raise ValueError(
                f"`every` must divide `horizon`, {self.horizon} sessions, so that tranches fill the capital; "
                f"got {self.every}."
            )
        if self.hold_months < 1:
            raise ValueError(f"`hold_months` must be at least 1; got {self.hold_months}.")
        if not self.delisting_return >= -1.0:
            raise ValueError(f"`delisting_return` must be >= -1; got {self.delisting_return}.")


def long_short(
    panel: Panel,
    scores: AnyArray,
    config: PortfolioConfig | None = None,
    *,
    fillable: BoolArray | None = None,
    shortable: BoolArray | None = None,
) -> Portfolio:
    """Simulate the long-short portfolio of a panel of scores.

    Parameters
    ----------
    panel : Panel
    scores : (T, N) score known at the decision of each row, NaN for none
    config : PortfolioConfig
    fillable : (T, N) bool, an order decided in row t fills at the next start (``Labels.fillable``); None: it
        fills wherever there is a start price
    shortable : (T, N) bool, stocks that can be borrowed; None leaves the short leg unrestricted: ``"paper"``

    Returns
    -------
    Portfolio

    Raises
    ------
    ValueError
        If a shape does not fit the panel.
    DataGapError
        If no row has enough scores to form the buckets.
    """
    config = config or PortfolioConfig()
    prepared = prepare(panel, config, fillable=fillable)
    return trade(prepared, plan(panel, prepared, scores, config, shortable=shortable), config)


class Prepared(NamedTuple):
    """What books of one panel and start share: session dates and rows, prices and liquidity at them."""

    dates: DateArray
    rows: IntArray
    prices: Prices
    market: Liquidity


class Plan(NamedTuple):
    """Who decides when, and what both sides order; ``paper``: every stock can be sold short."""

    schedule: Schedule
    long: Orders
    short: Orders
    paper: bool


def prepare(panel: Panel, config: PortfolioConfig, *, fillable: BoolArray | None = None) -> Prepared:
    """The ground on which several books are kept; arguments as :func:`long_short`."""
    _check_shapes(panel, fillable=fillable)
    rows = np.flatnonzero(panel.is_session)
    market = Liquidity(*(array[rows] for array in liquidity(panel, config.costs)))
    return Prepared(panel.dates[rows], rows, _prices(panel, rows, fillable, config), market)


def plan(
    panel: Panel,
    prepared: Prepared,
    scores: AnyArray,
    config: PortfolioConfig,
    *,
    shortable: BoolArray | None = None,
) -> Plan:
    """What the scores order, whatever the capital; arguments and errors as :func:`long_short`."""
    _check_shapes(panel, scores=scores, shortable=shortable)
    schedule = _schedule(prepared.dates, config)
    rows = prepared.rows[schedule.decision]
    decided = np.asarray(scores)[rows]
    known = Known(
        volatility=prepared.market.volatility[schedule.decision],
        sector=_sectors(panel, rows, decided)[rows] if config.neutral == "sector" else None,
        shortable=None if shortable is None else shortable[rows],
    )
    long, short = orders(decided, config, known)
    if len(long.stock) == len(short.stock) == 0:
        raise DataGapError(
            f"No date has enough scores for {config.buckets} buckets; the most is "
            f"{int(np.isfinite(decided).sum(axis=1).max(initial=0))}. Use fewer `buckets` or more stocks."
        )
    return Plan(schedule, long, short, shortable is None)


def trade(prepared: Prepared, ordered: Plan, config: PortfolioConfig) -> Portfolio:
    """The book of a plan, with the costs and the capital of the configuration."""
    long, short = (
        run_leg(ordered.schedule, side, prepared.prices, prepared.market, config.costs)
        for side in (ordered.long, ordered.short)
    )
    return book(prepared.dates, ordered.schedule, long, short, config, paper=ordered.paper)


def _sectors(panel: Panel, rows: IntArray, decided: AnyArray) -> AnyArray:
    """(T, N) sectors, the classification chosen at the first decision that has a score."""
    scored = rows[np.isfinite(decided).any(axis=1)]
    found = sectors(panel, panel.listed, int(scored[0]) if len(scored) else 0)
    if found is None:
        raise DataGapError(
            "`neutral` is `sector`, and the panel has no `sector33` or `sector17`; read the prices with a "
            "list of issues (`sectors`)."
        )
    return found.labels


def _check_shapes(panel: Panel, **arrays: AnyArray | None) -> None:
    for name, array in arrays.items():
        if array is not None and array.shape != panel.shape:
            raise ValueError(f"`{name}` must have the panel's shape {panel.shape}; got {array.shape}.")


def universe_return(panel: Panel, members: BoolArray) -> FloatArray:
    """Equally weighted close-to-close return of the members of the row before; (T,), NaN where there are
    none.

    A benchmark without costs for panels that carry no index. Rows that are no session are NaN; stocks without
    a trade count with their last price.
    """
    rows = np.flatnonzero(panel.is_session)
    close = forward_fill(panel["close"])[rows]
    held = members[rows][:-1] & np.isfinite(close[:-1])
    change = np.where(held, close[1:] / np.where(held, close[:-1], 1.0) - 1.0, 0.0)
    count = held.sum(axis=1)
    result = np.full(panel.shape[0], np.nan)
    result[rows[1:]] = np.where(count > 0, change.sum(axis=1) / np.maximum(count, 1), np.nan)
    return result


def _schedule(dates: DateArray, config: PortfolioConfig) -> Schedule:
    """The cohorts of a configuration."""
    if config.rebalance == "monthly":
        return months(dates, config.start, config.hold, config.hold_months)
    return tranches(len(dates), config.horizon, config.start, config.hold, config.every)


def _prices(panel: Panel, rows: IntArray, fillable: BoolArray | None, config: PortfolioConfig) -> Prices:
    """Prices of the session rows: fills by decision row, and values that carry the last trade forward."""
    shape = (len(rows), panel.shape[1])
    found = Prices(
        fill=np.empty(shape),
        close=np.empty(shape),
        open=np.empty(shape),
        listed=np.empty(shape, dtype=np.bool_),
        leave=np.empty(shape, dtype=np.int64),
    )
    columns = {name: panel[name] for name in {"open", "close", config.start}}

    def block(stocks: slice) -> None:
        part = {name: column[rows, stocks] for name, column in columns.items()}
        can = None if fillable is None else fillable[rows, stocks]
        for whole, made in zip(found, _prices_of(part, panel.listed[rows, stocks], can, config), strict=True):
            whole[:, stocks] = made

    over_rows(block, panel.shape[1], max(len(rows), 1))  # a stock knows nothing of the others
    return found


def _prices_of(
    columns: dict[str, FloatArray], listed: BoolArray, fillable: BoolArray | None, config: PortfolioConfig
) -> Prices:
    """`_prices` of some stocks."""
    close = forward_fill(np.where(listed, columns["close"], np.nan))
    before = np.vstack([np.full((1, close.shape[1]), np.nan), close[:-1]]) if len(close) else close
    opened = np.where(listed & np.isfinite(columns["open"]), columns["open"], before)
    payout = np.where(listed, 1.0, 1.0 + config.delisting_return)
    fill = np.full(close.shape, np.nan)
    starts = np.where(listed, columns[config.start], np.nan)
    fill[:-1] = starts[1:]
    if fillable is not None:
        fill[~fillable] = np.nan
    return Prices(fill, close * payout, opened * payout, listed, _first_exits(fill, listed))


def _first_exits(fill: FloatArray, listed: BoolArray) -> IntArray:
    """(S, N) first row from each on at which a position can be left: at a fill, or delisted; S for none."""
    S = len(fill)
    possible = ~listed
    possible[1:] |= np.isfinite(fill[:-1])
    row = np.where(possible, np.arange(S)[:, None], S)
    first: IntArray = np.minimum.accumulate(row[::-1], axis=0)[::-1]
    return first
