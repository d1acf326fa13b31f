"""All tables of a market: those of a year as the years go by, those of the whole span at the end.

Goes in: a market and its years in order. Comes out: (name of the table, Arrow table), in the types of
:mod:`jqfast.data.tables` with ``true_available_at`` beside. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from jqfast.data.simulator import corporate, extras, statements
from jqfast.data.simulator.bars import bars_table, master_table, morning_table
from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.derivatives import Derivatives
from jqfast.data.simulator.flows import Flows
from jqfast.data.simulator.indices import Indices
from jqfast.data.simulator.margin import Margin
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.shorts import Shorts
from jqfast.data.simulator.splits import all_splits
from jqfast.data.simulator.state import Year
from jqfast.data.tables import TRUE_AVAILABLE_AT

Named = Iterator[tuple[str, Any]]


class Tables:
    """Makes the tables of a market; ``year`` must see each year once and in order, ``whole`` comes last."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._margin, self._shorts, self._flows = Margin(market), Shorts(market), Flows(market)
        self._indices, self._derivatives = Indices(market), Derivatives(market)

    def year(self, year: Year) -> Named:
        """What one year holds, and is public by the morning after the span's last day."""
        for name, rows in self._year(year):
            yield name, self._public(rows)

    def whole(self) -> Named:
        """What is told of the whole span: calendar, flows, documents and notices."""
        for name, rows in self._whole():
            yield name, self._public(rows)

    def _public(self, rows: Any) -> Any:
        """Rows without those that are published after the span, such as the last week's balances."""
        import pyarrow as pa
        import pyarrow.compute as pc

        last = np.datetime64(self._market.config.end, "D") + np.timedelta64(1, "D")
        limit = pa.scalar(utc(np.array([last]), 9 * 60)[0].astype(object), pa.timestamp("us", tz="UTC"))
        known = rows[TRUE_AVAILABLE_AT]
        latest = pc.max(known)
        return (
            rows.filter(pc.less_equal(known, limit))
            if latest.is_valid and latest.as_py() > limit.as_py()
            else rows
        )

    def _year(self, year: Year) -> Named:
        market = self._market
        yield "equities_bars_daily", bars_table(market, year)
        if year.rows[-1] == len(market.sessions.dates) - 1:
            yield "equities_bars_daily_am", morning_table(market, year)
        yield "equities_master", master_table(market, year)
        yield "equities_valuation", extras.valuation_table(market, year)
        yield "markets_breakdown", extras.breakdown_table(market, year)
        yield from self._margin.tables(year)
        yield from self._shorts.tables(year)
        yield from self._indices.tables(year)
        yield from self._derivatives.tables(year, self._indices.topix, self._indices.nikkei)
        self._flows.add(year)

    def _whole(self) -> Named:
        market = self._market
        splits, papers = all_splits(market), statements.all_papers(market)
        yield "markets_calendar", extras.calendar_table(market)
        yield "equities_investor_types", self._flows.table()
        yield "fins_summary", statements.summary_table(market, papers, splits)
        yield "fins_details", statements.details_table(market, papers)
        yield "fins_dividend", corporate.dividend_table(market, papers, splits)
        yield "fins_earnings_date", corporate.earnings_date_table(market)
        yield "equities_earnings_calendar", corporate.earnings_calendar_table(market, papers)
        yield "td_list", corporate.disclosure_table(market, papers, splits)
        yield "edinet_major_shareholders", extras.holders_table(market, papers)
