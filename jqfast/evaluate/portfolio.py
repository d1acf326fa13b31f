"""The decile long-short portfolio: what the scores would have earned, before and after costs.

1. Each session (or month end) the stocks are cut into buckets by score; the top one is bought, the bottom one
sold. 2. Orders fill at the start of the label (next open or close), where the stock trades; the rest stays in
cash. 3. 5-day scores run in five overlapping tranches of a fifth of the capital each, monthly scores in one.
4. Positions are held at equal initial weights until the tranche's next decision fills, and valued every
session. 5. Costs by :mod:`jqfast.evaluate.costs`; a borrow fee on the short side.

The short leg is *paper* unless it is told which stocks can be borrowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, unknown
from jqfast.evaluate.cohorts import Hold, Leg, Prices, Rebalance, Schedule, months, run_leg, tranches
from jqfast.evaluate.costs import CostConfig, Liquidity, forward_fill, liquidity
from jqfast.evaluate.ranks import buckets
from jqfast.learn.labels import Start
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

_SERIES = ("long_gross", "long_net", "short_gross", "short_net", "long_short_gross", "long_short_net")


@dataclass(frozen=True)
class PortfolioConfig:
    """How scores become positions.

    Parameters
    ----------
    horizon : sessions a tranche is held, and the number of tranches
    start : fills at the next session's ``"open"`` or ``"close"``, as the labels
    rebalance : ``"tranches"`` (one of ``horizon`` tranches per session) or ``"monthly"``
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
        ):
            if value not in legal:
                raise unknown(name, str(value), legal)
        if not self.delisting_return >= -1.0:
            raise ValueError(f"`delisting_return` must be >= -1; got {self.delisting_return}.")


@dataclass(frozen=True, eq=False)
class Portfolio:
    """A simulated book, one row per session from the first fill on.

    Parameters
    ----------
    dates : (D,) sessions
    returns : series -> (D,) simple returns on the capital of one leg. ``long_*`` and ``short_*`` are the
        returns of *holding* the top and the bottom bucket (a good short leg falls; its costs raise
        ``short_net``), ``long_short_*`` is long minus short with its own compounding. Cash earns nothing
    turnover : leg -> (D,) one-way traded value / capital of the leg
    exposure : leg -> (D,) value held at the close / capital at the decision
    cost_annual : component -> mean cost per year of both legs / capital of one leg
    stocks : leg -> mean number of positions opened per decision
    unfilled : leg -> share of the ordered value that was not filled
    short_kind : ``"paper"`` (every stock can be shorted) or ``"borrowable"``
    decisions : number of decisions with positions
    config : PortfolioConfig
    """

    dates: DateArray
    returns: Mapping[str, FloatArray]
    turnover: Mapping[str, FloatArray]
    exposure: Mapping[str, FloatArray]
    cost_annual: Mapping[str, float]
    stocks: Mapping[str, float]
    unfilled: Mapping[str, float]
    short_kind: str
    decisions: int
    config: PortfolioConfig


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
    T, N = panel.shape
    for name, array in (("scores", scores), ("fillable", fillable), ("shortable", shortable)):
        if array is not None and array.shape != (T, N):
            raise ValueError(f"`{name}` must have the panel's shape {(T, N)}; got {array.shape}.")
    rows = np.flatnonzero(panel.is_session)
    schedule = _schedule(panel.dates[rows], config)
    prices = _prices(panel, rows, fillable, config)
    market = Liquidity(*(array[rows] for array in liquidity(panel, config.costs)))
    decided = np.asarray(scores)[rows[schedule.decision]]
    group = buckets(decided, config.buckets, min_stocks=config.min_stocks)
    if not (group >= 0).any():
        raise DataGapError(
            f"No date has enough scores for {config.buckets} buckets; the most is "
            f"{int(np.isfinite(decided).sum(axis=1).max(initial=0))}. Use fewer `buckets` or more stocks."
        )
    top = group == config.buckets - 1
    bottom = group == 0
    if shortable is not None:
        bottom &= shortable[rows[schedule.decision]]
    long = run_leg(schedule, top, prices, market, config.costs)
    short = run_leg(schedule, bottom, prices, market, config.costs)
    return _book(panel.dates[rows], schedule, long, short, config, paper=shortable is None)


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
        return months(dates, config.start, config.hold)
    return tranches(len(dates), config.horizon, config.start, config.hold)


def _prices(panel: Panel, rows: IntArray, fillable: BoolArray | None, config: PortfolioConfig) -> Prices:
    """Prices of the session rows: fills by decision row, and values that carry the last trade forward."""
    listed = panel.listed[rows]
    close = forward_fill(np.where(listed, panel["close"][rows], np.nan))
    before = np.vstack([np.full((1, close.shape[1]), np.nan), close[:-1]]) if len(close) else close
    opened = np.where(listed & np.isfinite(panel["open"][rows]), panel["open"][rows], before)
    payout = np.where(listed, 1.0, 1.0 + config.delisting_return)
    fill = np.full(close.shape, np.nan)
    starts = np.where(listed, panel[config.start][rows], np.nan)
    fill[:-1] = starts[1:]
    if fillable is not None:
        fill[~fillable[rows]] = np.nan
    return Prices(fill, close * payout, opened * payout, listed)


def _book(
    dates: DateArray, schedule: Schedule, long: Leg, short: Leg, config: PortfolioConfig, *, paper: bool
) -> Portfolio:
    """Both legs as one book."""
    cohort, row, step = _cells(schedule, long.gross.shape[1], len(dates))
    fee = config.costs.borrow_fee_bps_year * 1e-4 / config.sessions_per_year
    paid_long, paid_short = _paid(schedule, long), _paid(schedule, short) + fee * short.value
    gains = {
        "long_gross": long.gross,
        "long_net": long.gross - paid_long,
        "short_gross": short.gross,
        "short_net": short.gross + paid_short,
        "long_short_gross": long.gross - short.gross,
        "long_short_net": long.gross - paid_long - short.gross - paid_short,
    }
    stacked = schedule.fraction * np.stack([gains[name][cohort, step] for name in _SERIES], axis=1)
    funded = schedule.entry - (schedule.entry_price == "open")  # the close whose value is put to work
    returns = _compound(len(dates), row, funded[cohort], stacked)
    active = (long.stocks > 0) | (short.stocks > 0)
    first = int(schedule.entry[active].min()) if active.any() else 0
    legs = {"long": long, "short": short}
    turnover = {name: _turnover(schedule, leg, len(dates))[first:] for name, leg in legs.items()}
    exposure = {
        name: _by_row(row, schedule.fraction * leg.value[cohort, step], len(dates))[first:]
        for name, leg in legs.items()
    }
    years = max(len(dates) - first, 1) / config.sessions_per_year
    return Portfolio(
        dates=dates[first:],
        returns=MappingProxyType({name: returns[first:, i] for i, name in enumerate(_SERIES)}),
        turnover=MappingProxyType(turnover),
        exposure=MappingProxyType(exposure),
        cost_annual=MappingProxyType(_cost_annual(schedule, long, short, fee, years)),
        stocks={
            name: float(leg.stocks[active].mean()) if active.any() else 0.0 for name, leg in legs.items()
        },
        unfilled={
            name: 1.0 - float(leg.filled.sum() / max(leg.wanted.sum(), 1e-300)) for name, leg in legs.items()
        },
        short_kind="paper" if paper else "borrowable",
        decisions=int(active.sum()),
        config=config,
    )


def _cells(schedule: Schedule, longest: int, sessions: int) -> tuple[IntArray, IntArray, IntArray]:
    """Cohort, session row and step of every session in which a cohort is alive, ascending by row."""
    step = np.broadcast_to(np.arange(longest), (len(schedule.entry), longest))
    row = schedule.entry[:, None] + step
    alive = (row <= schedule.exit[:, None]) & (row < sessions)
    cohort, k = np.nonzero(alive)
    rows = row[cohort, k]
    order = np.argsort(rows, kind="stable")
    return cohort[order], rows[order], k[order]


def _paid(schedule: Schedule, leg: Leg) -> FloatArray:
    """(C, K) trading costs by session after entry."""
    total: FloatArray = np.stack(list(leg.fees.values())).sum(axis=0)
    cohorts, steps = leg.gross.shape
    paid = np.zeros((cohorts, steps))
    if cohorts == 0:
        return paid
    paid[:, 0] += total[:, 0]
    last = schedule.exit - schedule.entry
    leaves = np.flatnonzero(last < steps)
    paid[leaves, last[leaves]] += total[leaves, 1]
    return paid


def _compound(sessions: int, row: IntArray, funded: IntArray, gains: FloatArray) -> FloatArray:
    """(S, series) returns of books whose cohorts start with the book's value at the close ``funded``.

    A cohort entered at a close pays its entry costs in that very row, from the value of the row before.
    """
    value = np.ones((sessions, gains.shape[1]))
    bounds = np.searchsorted(row, np.arange(sessions + 1))
    for s in range(1, sessions):
        cells = slice(bounds[s], bounds[s + 1])
        value[s] = value[s - 1] + (value[np.minimum(funded[cells], s - 1)] * gains[cells]).sum(axis=0)
    returns = np.zeros(value.shape)
    returns[1:] = value[1:] / value[:-1] - 1.0
    return returns


def _turnover(schedule: Schedule, leg: Leg, sessions: int) -> FloatArray:
    """(S,) half of what is bought and sold per session, as a fraction of the leg's capital."""
    leaves = schedule.exit < sessions
    traded = _by_row(schedule.entry, leg.bought, sessions)
    traded += _by_row(schedule.exit[leaves], leg.sold[leaves], sessions)
    return 0.5 * schedule.fraction * traded


def _by_row(row: IntArray, values: FloatArray, sessions: int) -> FloatArray:
    """(S,) sums of values by session row."""
    total = np.zeros(sessions)
    np.add.at(total, row, values)
    return total


def _cost_annual(schedule: Schedule, long: Leg, short: Leg, fee: float, years: float) -> dict[str, float]:
    """Mean cost per year of both legs by component, as a fraction of the capital of one leg."""
    parts = {
        name: schedule.fraction * float(long.fees[name].sum() + short.fees[name].sum()) / years
        for name in long.fees
    }
    parts["borrow"] = schedule.fraction * fee * float(short.value.sum()) / years
    return parts
