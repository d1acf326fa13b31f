"""Both legs as one book: what the cohorts of the long and the short side amount to per session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from jqfast.evaluate.cohorts import Leg, Schedule
from jqfast.types import DateArray, FloatArray, IntArray

if TYPE_CHECKING:
    from jqfast.evaluate.portfolio import PortfolioConfig

_SERIES = ("long_gross", "long_net", "short_gross", "short_net", "long_short_gross", "long_short_net")


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
    participation : leg -> mean share of a stock's daily turnover that an entry took, weighted by value
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
    participation: Mapping[str, float]
    config: PortfolioConfig


def book(
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
        participation={name: leg.participation for name, leg in legs.items()},
        config=config,
    )


def _cells(schedule: Schedule, longest: int, sessions: int) -> tuple[IntArray, IntArray, IntArray]:
    """Cohort, session row and step of every session in which a cohort is alive, ascending by row."""
    step = np.broadcast_to(np.arange(longest), (len(schedule.entry), longest))
    row = schedule.entry[:, None] + step
    alive = (row <= schedule.exit[:, None] + schedule.patience) & (row < sessions)
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
