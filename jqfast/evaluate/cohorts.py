"""Cohorts: the positions opened by one decision, when they are entered and left, and what they earn per
session.

Everything here is in session rows: rows of the panel that are no session have been taken out before. A book
is a succession of cohorts; with a horizon of h sessions and a decision every k of them, h / k are alive at a
time, each with k / h of the capital.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from jqfast.evaluate.costs import CostConfig, Liquidity
from jqfast.evaluate.ranks import sums
from jqfast.evaluate.weights import Orders
from jqfast.learn.labels import Start
from jqfast.types import BoolArray, DateArray, FloatArray, IntArray

Hold = Literal["roll", "label"]
Rebalance = Literal["tranches", "monthly"]

#: Sessions that an exit waits for a trade; then the position counts as left at its last price.
PATIENCE = 20


class Schedule(NamedTuple):
    """C cohorts: rows of decision, entry and exit (``exit`` may lie beyond the data: then there is none).

    ``successor[c]`` takes over the capital of c (-1: none), ``netted`` says whether c leaves where it enters,
    ``patience`` for how many sessions an exit that cannot trade waits.
    """

    decision: IntArray
    entry: IntArray
    exit: IntArray
    successor: IntArray
    netted: bool
    entry_price: Start
    exit_price: Start
    fraction: float
    patience: int


class Prices(NamedTuple):
    """(S, N) yen: what an order fills at (NaN: it does not), and what a position is worth, never NaN once
    traded; ``leave`` (S, N) is the first row from each on at which a position can be left.
    """

    fill: FloatArray
    close: FloatArray
    open: FloatArray
    listed: BoolArray
    leave: IntArray


@dataclass(frozen=True, eq=False)
class Leg:
    """One side of the book: P&L and costs of each cohort as fractions of the cohort's capital.

    ``gross``, ``value`` (C, K): by session after entry; ``bought``, ``sold`` (C,): value traded at entry and
    exit after netting; ``fees`` component -> (C, 2) cost at entry and exit; ``wanted``, ``filled`` (C,):
    share of the capital that was ordered and that was filled; ``stocks`` (C,) positions opened;
    ``participation`` mean share of a stock's daily turnover that an entry took, weighted by value.
    """

    gross: FloatArray
    value: FloatArray
    bought: FloatArray
    sold: FloatArray
    fees: dict[str, FloatArray]
    wanted: FloatArray
    filled: FloatArray
    stocks: IntArray
    participation: float


class _Held(NamedTuple):
    """P positions: their cohort, stock, filled weight, shares per unit of capital, and row of exit."""

    cohort: IntArray
    stock: IntArray
    weight: FloatArray
    shares: FloatArray
    exit: IntArray


def tranches(sessions: int, horizon: int, start: Start, hold: Hold, every: int = 1) -> Schedule:
    """A cohort per ``every`` sessions, each held ``horizon`` sessions: overlapping tranches of
    every/horizon of the capital.
    """
    decision = np.arange(0, max(sessions - 1, 0), every)
    later = horizon + (start == "close" or hold == "roll")
    netted = hold == "roll" or start == "close"
    return Schedule(
        decision=decision,
        entry=decision + 1,
        exit=decision + later,
        successor=_successors(len(decision), horizon // every),
        netted=netted,
        entry_price=start,
        exit_price=start if hold == "roll" else "close",
        fraction=every / horizon,
        patience=PATIENCE if hold == "roll" else 0,
    )


def months(dates: DateArray, start: Start, hold: Hold, held: int = 1) -> Schedule:
    """A cohort per month: decided on the last session of a month, held over the next ``held`` ones.

    The last month of the data counts as over only when a later session exists, so the last rows decide
    nothing.
    """
    month = dates.astype("datetime64[M]")
    decision = np.flatnonzero(month[1:] != month[:-1])
    beyond = np.full(min(held, len(decision)), len(dates))  # beyond the data: still held
    last = np.concatenate((decision[held:], beyond))
    return Schedule(
        decision=decision,
        entry=decision + 1,
        exit=np.where(last < len(dates), last + (hold == "roll"), len(dates)),
        successor=_successors(len(decision), held),
        netted=hold == "roll",
        entry_price=start,
        exit_price=start if hold == "roll" else "close",
        fraction=1.0 / held,
        patience=PATIENCE if hold == "roll" else 0,
    )


def _successors(cohorts: int, distance: int) -> IntArray:
    """The cohort that takes over from each, -1 where there is none."""
    later = np.arange(cohorts) + distance
    return np.where(later < cohorts, later, -1)


def run_leg(schedule: Schedule, orders: Orders, prices: Prices, market: Liquidity, costs: CostConfig) -> Leg:
    """What each cohort of one side earns and pays.

    Parameters
    ----------
    schedule : C cohorts
    orders : what the decisions of the cohorts want
    prices, market : of the session rows; orders fill only where ``prices.fill`` of the decision row is finite
    costs : CostConfig

    Returns
    -------
    Leg; what is not filled stays in cash
    """
    C = len(schedule.decision)
    row = schedule.decision[orders.decision]
    price = prices.fill[row, orders.stock]
    turnover = market.turnover[row, orders.stock]
    weight = orders.weight * _fill_share(orders.weight * schedule.fraction, price, turnover, costs)
    kept = np.flatnonzero(weight > 0)
    cohort, stock, row, weight = orders.decision[kept], orders.stock[kept], row[kept], weight[kept]
    held = _Held(cohort, stock, weight, weight / price[kept], _exits(schedule, cohort, stock, prices))
    known = Liquidity(*(array[row, stock] for array in market))
    gross, value = _paths(schedule, held, prices)
    bought, sold = _trades(schedule, held, prices)
    yen = schedule.fraction * costs.capital * weight
    return Leg(
        gross=gross,
        value=value,
        bought=sums(cohort, bought, C),
        sold=sums(cohort, sold, C),
        fees=_fees(schedule, cohort, (bought, sold), known, costs),
        wanted=sums(orders.decision, orders.weight, C),
        filled=sums(cohort, weight, C),
        stocks=np.bincount(cohort, minlength=C),
        participation=float(weight @ (yen / known.turnover) / weight.sum()) if len(weight) else 0.0,
    )


def _fill_share(order: FloatArray, price: FloatArray, turnover: FloatArray, costs: CostConfig) -> FloatArray:
    """Share of each order (a fraction of the capital) that is filled, 0 to 1."""
    enough = np.isfinite(price) & (turnover >= max(costs.min_turnover, 1.0))
    limit = costs.max_participation * np.where(enough, turnover, 0.0)
    yen = order * costs.capital
    return np.where(enough, np.minimum(1.0, limit / np.where(yen > 0, yen, 1.0)), 0.0)


def _exits(schedule: Schedule, cohort: IntArray, stock: IntArray, prices: Prices) -> IntArray:
    """Row at which each position is left: that of its cohort, later where it cannot trade there."""
    planned = schedule.exit[cohort]
    S = len(prices.close)
    if schedule.patience == 0 or S == 0:
        return planned
    possible = prices.leave[np.minimum(planned, S - 1), stock]
    late = np.minimum(possible, planned + schedule.patience)
    return np.where(planned < S, late, planned)


def _paths(schedule: Schedule, held: _Held, prices: Prices) -> tuple[FloatArray, FloatArray]:
    """(C, K) gain in and value after each session of a cohort, session 0 the one of its entry."""
    S, C = len(prices.close), len(schedule.decision)
    longest = int((np.minimum(schedule.exit, S - 1) - schedule.entry).max(initial=0)) + 1 + schedule.patience
    gross, value = np.zeros((C, longest)), np.zeros((C, longest))
    last = prices.close if schedule.exit_price == "close" else prices.open
    entry = schedule.entry[held.cohort]
    worth, alive = held.weight.copy(), np.arange(len(held.weight))
    for k in range(longest):
        row = entry[alive] + k
        inside = (row <= held.exit[alive]) & (row < S)
        alive, row = alive[inside], row[inside]
        if len(alive) == 0:
            break
        stock, cohort, leaving = held.stock[alive], held.cohort[alive], row == held.exit[alive]
        price = prices.close[row, stock]
        price[leaving] = last[row[leaving], stock[leaving]]
        now = held.shares[alive] * price
        gross[:, k] = sums(cohort, now - worth[alive], C)
        value[:, k] = sums(cohort, np.where(leaving, 0.0, now), C)
        worth[alive] = now
    return gross, value


def _trades(schedule: Schedule, held: _Held, prices: Prices) -> tuple[FloatArray, FloatArray]:
    """(P,) value bought at entry and sold at exit; what a successor takes over at the same fill is not
    traded.
    """
    S, N = prices.close.shape
    row = np.minimum(held.exit, S - 1)
    last = prices.close if schedule.exit_price == "close" else prices.open
    # The delisted are cash already.
    leaves = (held.exit < S) & prices.listed[row, held.stock]
    sold = np.where(leaves, held.shares * last[row, held.stock], 0.0)
    bought = held.weight.copy()
    if schedule.netted and len(held.cohort):
        key = held.cohort * N + held.stock  # ascending
        heir = schedule.successor[held.cohort]
        wanted = heir * N + held.stock
        at = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        before = np.flatnonzero((heir >= 0) & (key[at] == wanted))
        after = at[before]
        taken = np.minimum(sold[before], held.weight[after])
        sold[before] -= taken
        bought[after] -= taken
    return bought, sold


def _fees(
    schedule: Schedule,
    cohort: IntArray,
    trades: tuple[FloatArray, FloatArray],
    known: Liquidity,
    costs: CostConfig,
) -> dict[str, FloatArray]:
    """Component -> (C, 2) cost of entry and exit; liquidity as known at the decision, for both."""
    C = len(schedule.decision)
    commission = costs.commission_bps * 1e-4
    with_yen = schedule.fraction * costs.capital / known.turnover  # positive: nothing fills without turnover
    strain = costs.impact * np.where(np.isfinite(known.volatility), known.volatility, 0.0)
    columns: dict[str, list[FloatArray]] = {"commission": [], "spread": [], "impact": []}
    for traded in trades:
        columns["commission"].append(sums(cohort, commission * traded, C))
        columns["spread"].append(sums(cohort, known.half_spread * traded, C))
        columns["impact"].append(sums(cohort, strain * np.sqrt(traded * with_yen) * traded, C))
    return {name: np.stack(pair, axis=1) for name, pair in columns.items()}
