"""Splits over the whole span: how many shares there are on any day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.simulator.market import Market
from jqfast.types import AnyArray, DateArray, FloatArray, IntArray

_SPAN = 1 << 20  # days: more than any calendar here


@dataclass(frozen=True, eq=False)
class Splits:
    """All splits, ordered by issue and ex-date: ``announced`` and ``ex`` days, ``issue``, ``factor``; ``key``
    and ``total`` for the look-up."""

    announced: DateArray
    ex: DateArray
    issue: IntArray
    factor: FloatArray
    key: IntArray
    total: FloatArray

    def adjustment(self, issue: IntArray, day: AnyArray) -> FloatArray:
        """Product of an issue's factors with ex-dates up to each day."""
        at = np.searchsorted(
            self.key, issue * _SPAN + day.astype("datetime64[D]").astype(np.int64), side="right"
        )
        start = np.searchsorted(self.key, issue * _SPAN, side="left")
        return np.asarray(np.exp(self.total[at] - self.total[start]))


def all_splits(market: Market) -> Splits:
    """The splits of a market that has run to its end."""
    dates = market.sessions.dates
    told = np.array([(a, e, i) for a, e, i, _ in market.annals.splits], np.int64).reshape(-1, 3)
    factor = np.array([f for *_, f in market.annals.splits], np.float64)
    order = np.lexsort((told[:, 1], told[:, 2]))
    told, factor = told[order], factor[order]
    ex = dates[told[:, 1]]
    key = told[:, 2] * _SPAN + ex.astype(np.int64)
    total = np.concatenate([[0.0], np.cumsum(np.log(factor))])
    return Splits(dates[told[:, 0]], ex, told[:, 2], factor, key, total)
