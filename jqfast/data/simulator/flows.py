"""Weekly trading by type of investor, with the foreign flow that the market follows.

The table of a week says what a section turned over, who bought and who sold, in thousand yen. Foreigners' net
buying over the total is the flow of `stress.py` times a constant, so that a reader of the table has it
exactly; the other types take the other side. Some weeks are corrected a week later by a second record, in
all but the foreigners' share of net buying.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.sessions import week_of
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, FloatArray, IntArray

#: Net buying of foreigners over the section's sales and purchases, per unit of flow.
FLOW_UNIT = 0.004
_PUBLISHED = 16 * 60 + 30
_CORRECTIONS_FROM = np.datetime64("2023-04-03", "D")
_CORRECTED = 0.03

SECTIONS = (
    "TokyoNagoya",
    "TSE1st",
    "TSE2nd",
    "TSEMothers",
    "TSEJASDAQ",
    "TSEPrime",
    "TSEStandard",
    "TSEGrowth",
)
#: Segments (`issues.MARKETS`) that make up each section.
_OF = (tuple(range(8)), (0,), (1,), (2,), (3, 4), (5,), (6,), (7,))
#: Types under brokerage with their usual share of trading.
_TYPES = {
    "Ind": 0.22,
    "Frgn": 0.62,
    "SecCo": 0.008,
    "InvTr": 0.02,
    "BusCo": 0.012,
    "OthCo": 0.005,
    "InsCo": 0.004,
    "Bank": 0.004,
    "TrstBnk": 0.045,
    "OthFin": 0.006,
}
_PROPRIETARY = 0.1
#: How the types other than foreigners share the other side.
_COUNTER = {"Ind": 0.6, "TrstBnk": 0.2, "BusCo": 0.1, "InvTr": 0.05, "Prop": 0.05}


class Flows:
    """Gathers turnover by section and session; ``table`` at the end gives the weekly table."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._turnover: list[FloatArray] = []

    def add(self, year: Year) -> None:
        """Take in a year's turnover."""
        out = np.zeros((len(year.rows), len(SECTIONS)))
        for k, segments in enumerate(_OF):
            member = np.isin(year.segment, segments)
            out[:, k] = np.where(member, year.turnover[:, 0], 0.0).sum(axis=1)
        self._turnover.append(out)

    def table(self) -> Any:
        """``equities_investor_types``."""
        market, sessions = self._market, self._market.sessions
        turnover = np.concatenate(self._turnover)
        week = sessions.week - sessions.week[0]
        starts = np.flatnonzero(np.append(True, np.diff(week) > 0))
        ends = np.append(starts[1:], len(week)) - 1
        # The last week is complete only if the span ends with it.
        whole = week_of(sessions.at(ends + 1)) > week_of(sessions.dates[ends])
        starts, ends = starts[whole], ends[whole]
        total = np.add.reduceat(turnover, starts)[: len(starts)] if len(starts) else turnover[:0]
        flow = market.foreigners.flow[week[starts]]
        w, k = np.nonzero(total > 0)
        day = sessions.in_next_week(sessions.dates[ends], 4)[w]
        first, last = sessions.dates[starts][w], sessions.dates[ends][w]
        money = self._money(total[w, k] / 1000.0, flow[w])
        again = np.flatnonzero(
            (day >= _CORRECTIONS_FROM) & (market.rng["tables"].uniform(size=len(day)) < _CORRECTED)
        )
        later = sessions.shifted(day[again], 5)
        wrong = self._money((total[w, k] / 1000.0)[again], flow[w][again])
        money = {
            name: np.concatenate([_put(values, again, wrong[name]), values[again]])
            for name, values in money.items()
        }
        published = np.concatenate([day, later])
        # A correction reaches readers on the session after its publication date.
        known = np.concatenate([utc(day, _PUBLISHED), utc(sessions.shifted(later, 1), _PUBLISHED)])
        rows = np.concatenate([np.arange(len(day)), again])
        columns: dict[str, AnyArray | Text] = {
            "PubDate": published,
            "StDate": first[rows],
            "EnDate": last[rows],
            "Section": Text(SECTIONS, k[rows]),
            **money,
        }
        order = np.lexsort((k[rows], published))
        inside = order[published[order] <= np.datetime64(market.config.end, "D")]
        picked = {
            name: Text(c.labels, c.index[inside]) if isinstance(c, Text) else c[inside]
            for name, c in columns.items()
        }
        return arrow_table("equities_investor_types", picked, known[inside])

    def _money(self, turnover: FloatArray, flow: FloatArray) -> dict[str, FloatArray]:
        """Sell, buy, total and balance of each type for sections that turned ``turnover`` over."""
        rng, rows = self._market.rng["tables"], len(turnover)
        net = np.clip(FLOW_UNIT * flow, -0.08, 0.08) * 2 * turnover
        both: dict[str, FloatArray] = {}
        balance = {"Frgn": net, **{name: -share * net for name, share in _COUNTER.items()}}
        both["Prop"] = _PROPRIETARY * 2 * turnover
        weights = np.array(list(_TYPES.values())) * np.exp(0.1 * rng.standard_normal((rows, len(_TYPES))))
        weights = weights / weights.sum(axis=1, keepdims=True) * (1 - _PROPRIETARY)
        for i, name in enumerate(_TYPES):
            both[name] = weights[:, i] * 2 * turnover
        sides: dict[str, tuple[FloatArray, FloatArray]] = {}
        for name, amount in both.items():
            tilt = balance.get(name, np.zeros(rows))
            sides[name] = (np.rint((amount - tilt) / 2), np.rint((amount + tilt) / 2))
        sides["Brk"] = _sum(sides, tuple(_TYPES))
        sides["Tot"] = _sum(sides, ("Prop", "Brk"))
        out = {}
        for name, (sell, buy) in sides.items():
            out.update(
                {f"{name}Sell": sell, f"{name}Buy": buy, f"{name}Tot": sell + buy, f"{name}Bal": buy - sell}
            )
        return out


def _sum(
    sides: dict[str, tuple[FloatArray, FloatArray]], names: tuple[str, ...]
) -> tuple[FloatArray, FloatArray]:
    return sum(sides[n][0] for n in names), sum(sides[n][1] for n in names)  # type: ignore[return-value]


def _put(values: FloatArray, rows: IntArray, new: FloatArray) -> FloatArray:
    out = values.copy()
    out[rows] = new
    return out
