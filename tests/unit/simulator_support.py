"""Small simulated markets with all their tables, made once per test run and never written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from jqfast.data.simulator.config import Null, SimulateConfig
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.state import Year
from jqfast.data.simulator.tables import Tables
from jqfast.types import AnyArray, FloatArray

#: Long enough for the outage, the reform, the later close and the daily margin table.
SMALL = SimulateConfig(stocks=90, years=6.3, seed=5)


@dataclass(frozen=True, eq=False)
class World:
    """A market that has run, with its years and its tables."""

    market: Market
    years: tuple[Year, ...]
    arrow: dict[str, Any]

    def frame(self, name: str) -> pd.DataFrame:
        """A table as a frame, days as datetime64[D] where pandas has them."""
        return self.arrow[name].to_pandas(date_as_object=False)

    def grid(self, field: str) -> AnyArray:
        """(T, N) of a field of the years."""
        return np.concatenate([getattr(year, field) for year in self.years])


@cache
def world(null: Null | None = None) -> World:
    """The small market of one kind."""
    return build(SimulateConfig(stocks=SMALL.stocks, years=SMALL.years, seed=SMALL.seed, null=null))


def build(config: SimulateConfig) -> World:
    """A market, run to its end."""
    market = Market(config)
    tables = Tables(market)
    parts: dict[str, list[Any]] = {}
    years = []
    for year in market.years():
        years.append(year)
        for name, rows in tables.year(year):
            parts.setdefault(name, []).append(rows)
    for name, rows in tables.whole():
        parts[name] = [rows]
    return World(market, tuple(years), {name: pa.concat_tables(p) for name, p in parts.items()})


def forward(there: World) -> tuple[FloatArray, FloatArray]:
    """(T, N) log open and log close on the forward basis; the close is carried over days without a trade."""
    opened = np.log(there.grid("prices")[:, 0] / there.grid("adjustment"))
    return opened, np.log(there.grid("capital") / there.market.issues.shares)


def rank_correlations(score: AnyArray, label: AnyArray) -> FloatArray:
    """Rank correlation of each row, NaN where fewer than ten stocks have both or the score is flat."""
    out = np.full(len(score), np.nan)
    for t, (x, y) in enumerate(zip(score, label, strict=True)):
        known = np.isfinite(x) & np.isfinite(y)
        if known.sum() >= 10 and np.ptp(x[known]) > 0:
            ranks = [pd.Series(v[known]).rank().to_numpy() for v in (x, y)]
            out[t] = np.corrcoef(*ranks)[0, 1]
    return out
