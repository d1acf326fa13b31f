"""Cohorts: the positions opened by one decision, when they are entered and left, and what they earn per
session.

Everything here is in session rows: rows of the panel that are no session have been taken out before. A book
is a succession of cohorts; with a horizon of h sessions h of them are alive at a time, each with 1/h of the
capital.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast.evaluate.costs import CostConfig, Liquidity
from jqfast.learn.labels import Start
from jqfast.types import BoolArray, DateArray, FloatArray, IntArray

Hold = Literal["roll", "label"]
Rebalance = Literal["tranches", "monthly"]


class Schedule(NamedTuple):
    """C cohorts: rows of decision, entry and exit (``exit`` may lie beyond the data: then there is none).

    ``successor[c]`` takes over the capital of c (-1: none), ``netted`` says whether c leaves where it enters.
    """

    decision: IntArray
    entry: IntArray
    exit: IntArray
    successor: IntArray
    netted: bool
    entry_price: Start
    exit_price: Start
    fraction: float


class Prices(NamedTuple):
    """(S, N) yen: what an order fills at (NaN: it does not), and what a position is worth, never NaN once
    traded.
    """

    fill: FloatArray
    close: FloatArray
    open: FloatArray
    listed: BoolArray


@dataclass(frozen=True, eq=False)
class Leg:
    """One side of the book: P&L and costs of each cohort as fractions of the cohort's capital.

    ``gross``, ``value`` (C, K): by session after entry; ``bought``, ``sold`` (C,): value traded at entry and
    exit after netting; ``fees`` component -> (C, 2) cost at entry and exit; ``wanted``, ``filled`` (C,):
    share of the capital that was ordered and that was filled; ``stocks`` (C,) positions opened.
    """

    gross: FloatArray
    value: FloatArray
    bought: FloatArray
    sold: FloatArray
    fees: dict[str, FloatArray]
    wanted: FloatArray
    filled: FloatArray
    stocks: IntArray


def tranches(sessions: int, horizon: int, start: Start, hold: Hold) -> Schedule:
    """A cohort per session, each held ``horizon`` sessions: overlapping tranches of 1/horizon of the
    capital.
    """
    decision = np.arange(max(sessions - 1, 0))
    entry = decision + 1
    later = horizon + (start == "close" or hold == "roll")
    successor = np.where(decision + horizon < len(decision), decision + horizon, -1)
    netted = hold == "roll" or start == "close"
    exit_price: Start = start if hold == "roll" else "close"
    return Schedule(decision, entry, decision + later, successor, netted, start, exit_price, 1.0 / horizon)


def months(dates: DateArray, start: Start, hold: Hold) -> Schedule:
    """A cohort per month: decided on the last session of a month, held over the next one.

    The last month of the data counts as over only when a later session exists, so the last rows decide
    nothing.
    """
    month = dates.astype("datetime64[M]")
    decision = np.flatnonzero(month[1:] != month[:-1])
    last = np.concatenate((decision[1:], [len(dates)]))  # beyond the data: still held
    left = np.where(last < len(dates), last + (hold == "roll"), len(dates))
    successor = np.where(np.arange(len(decision)) + 1 < len(decision), np.arange(len(decision)) + 1, -1)
    exit_price: Start = start if hold == "roll" else "close"
    return Schedule(decision, decision + 1, left, successor, hold == "roll", start, exit_price, 1.0)


def run_leg(
    schedule: Schedule, chosen: BoolArray, prices: Prices, market: Liquidity, costs: CostConfig
) -> Leg:
    """What each cohort of one side earns and pays.

    Parameters
    ----------
    schedule : C cohorts
    chosen : (C, N) bool, the stocks the decision wants
    prices, market : of the session rows; orders fill only where ``prices.fill`` of the decision row is finite
    costs : CostConfig

    Returns
    -------
    Leg; weights are equal over the stocks wanted, and what is not filled stays in cash.
    """
    count = chosen.sum(axis=1)
    wanted = chosen / np.maximum(count, 1)[:, None]
    known = Liquidity(*(array[schedule.decision] for array in market))
    cost_basis = prices.fill[schedule.decision]
    weights = wanted * _fill_share(wanted * schedule.fraction, cost_basis, known, costs)
    per_share = np.where(weights > 0, weights / np.where(weights > 0, cost_basis, 1.0), 0.0)
    gross, value = _paths(schedule, per_share, weights, prices)
    bought, sold = _trades(schedule, weights, per_share, prices)
    return Leg(
        gross=gross,
        value=value,
        bought=bought.sum(axis=1),
        sold=sold.sum(axis=1),
        fees=_fees(schedule, bought, sold, known, costs),
        wanted=wanted.sum(axis=1),
        filled=weights.sum(axis=1),
        stocks=(weights > 0).sum(axis=1),
    )


def _fill_share(order: FloatArray, price: FloatArray, known: Liquidity, costs: CostConfig) -> FloatArray:
    """Share of each order (a fraction of the capital) that is filled, 0 to 1."""
    enough = np.isfinite(price) & (known.turnover >= max(costs.min_turnover, 1.0))
    limit = costs.max_participation * np.where(enough, known.turnover, 0.0)
    yen = order * costs.capital
    return np.where(enough, np.minimum(1.0, limit / np.where(yen > 0, yen, 1.0)), 0.0)


def _paths(
    schedule: Schedule, per_share: FloatArray, weights: FloatArray, prices: Prices
) -> tuple[FloatArray, FloatArray]:
    """(C, K) gain in and value after each session of a cohort, session 0 the one of its entry."""
    S = len(prices.close)
    longest = int((np.minimum(schedule.exit, S - 1) - schedule.entry).max(initial=0)) + 1
    gross, value = np.zeros((len(weights), longest)), np.zeros((len(weights), longest))
    worth = weights
    for k in range(longest):
        row = np.minimum(schedule.entry + k, S - 1)
        leaving = schedule.entry + k == schedule.exit
        alive = (schedule.entry + k <= schedule.exit) & (schedule.entry + k < S)
        last = prices.close if schedule.exit_price == "close" else prices.open
        price = np.where(leaving[:, None], last[row], prices.close[row])
        now = np.where(alive[:, None] & (weights > 0), per_share * price, worth)
        gross[:, k] = (now - worth).sum(axis=1)
        value[:, k] = np.where(alive & ~leaving, now.sum(axis=1), 0.0)
        worth = now
    return gross, value


def _trades(
    schedule: Schedule, weights: FloatArray, per_share: FloatArray, prices: Prices
) -> tuple[FloatArray, FloatArray]:
    """(C, N) value bought at entry and sold at exit; what a successor takes over at the same fill is not
    traded.
    """
    S = len(prices.close)
    row = np.minimum(schedule.exit, S - 1)
    last = prices.close if schedule.exit_price == "close" else prices.open
    # The delisted are cash already.
    leaves = (schedule.exit < S)[:, None] & (weights > 0) & prices.listed[row]
    sold = np.where(leaves, per_share * last[row], 0.0)
    bought = weights.copy()
    if schedule.netted:
        before = np.flatnonzero(schedule.successor >= 0)
        after = schedule.successor[before]
        kept = np.minimum(sold[before], weights[after])
        sold[before] -= kept
        bought[after] -= kept
    return bought, sold


def _fees(
    schedule: Schedule, bought: FloatArray, sold: FloatArray, known: Liquidity, costs: CostConfig
) -> dict[str, FloatArray]:
    """Component -> (C, 2) cost of entry and exit; liquidity as known at the decision, for both."""
    commission = costs.commission_bps * 1e-4
    liquid = known.turnover > 0
    with_yen = np.where(
        liquid, schedule.fraction * costs.capital / np.where(liquid, known.turnover, 1.0), 0.0
    )
    strain = costs.impact * np.where(np.isfinite(known.volatility), known.volatility, 0.0)
    columns: dict[str, list[FloatArray]] = {"commission": [], "spread": [], "impact": []}
    for traded in (bought, sold):
        columns["commission"].append(commission * traded.sum(axis=1))
        columns["spread"].append((known.half_spread * traded).sum(axis=1))
        columns["impact"].append((strain * np.sqrt(traded * with_yen) * traded).sum(axis=1))
    return {name: np.stack(pair, axis=1) for name, pair in columns.items()}
