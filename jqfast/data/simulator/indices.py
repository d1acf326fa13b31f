"""Indices weighted by market value, chained over their members of the session before, and a Nikkei.

Members of the TOPIX are the issues of the first section, Prime since the reform; its scale, sector and style
indices are parts of it. An index moves by the members' market value today over yesterday's; a member without
a trade keeps its last price. The Nikkei is the mean price, on the basis of the first session's shares, of the
225 largest members at the start of a year.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data._tokyo import SECTOR33
from jqfast.data.simulator.bars import close_stamps
from jqfast.data.simulator.columns import Text, arrow_table
from jqfast.data.simulator.issues import FIRST_SECTION, PRIME, REFORM
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.names import SECTOR17, SECTOR17_NAMES
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, BoolArray, FloatArray

#: Scale index -> its scale categories.
_SCALES = {
    "0028": (1,),
    "0029": (2,),
    "002A": (1, 2),
    "002B": (3,),
    "002C": (1, 2, 3),
    "002D": (4, 5),
    "002E": (1, 2, 3, 4),
}
#: Segment index -> its segments, and whether it lives before or after the reform (0: both).
_SEGMENTS = {
    "0001": ((1,), -1),
    "0070": ((2, 7), 0),
    "0091": ((3, 4), -1),
    "0500": ((5,), 1),
    "0501": ((6,), 1),
    "0502": ((7,), 1),
}
_STYLES = {"8100": 1.0, "8200": -1.0}  # value, growth: by the sign of the trait; only a close
_BASE, _NIKKEI_BASE = 1000.0, 10_000.0
_SECTOR_CODES = tuple(f"{0x40 + k:04X}" for k in range(33))
_SECTOR17_CODES = tuple(f"{0x80 + k:04X}" for k in range(17))


class Indices:
    """Carries levels from year to year; ``tables`` gives a year's two tables and moves ``nikkei`` on.

    ``nikkei`` (rows of the year, 4) and ``topix`` likewise: open, high, low, close.
    """

    def __init__(self, market: Market) -> None:
        self._market = market
        N = len(market.issues.code)
        self._before = np.full(N, np.nan)
        self._segment = market.issues.segment.copy()
        self._scale = np.zeros(N, np.int64)
        self.codes = ("0000", *_SCALES, *_SEGMENTS, *_SECTOR_CODES, *_SECTOR17_CODES, *_STYLES)
        self._level = np.full(len(self.codes), _BASE)
        self._nikkei = _NIKKEI_BASE
        self._of17 = np.array([SECTOR17_NAMES.index(SECTOR17[c]) for c in SECTOR33])[market.issues.sector]
        self.topix = self.nikkei = np.empty((0, 4))

    def tables(self, year: Year) -> list[tuple[str, Any]]:
        """``indices_bars_daily`` and ``indices_bars_daily_topix`` of one year."""
        caps, live = self._values(year)
        S, K = len(year.rows), len(self.codes)
        sums = self._sums(year, caps, live)
        paths = np.empty((S, 4, K))  # open, high, low, close
        for row in range(S):
            paths[row] = self._path(sums[:, row])
            self._level = paths[row, 3]
        self._nikkei_path(year, caps)
        self.topix = paths[:, :, 0]
        stamps = close_stamps(self._market, year)
        alive = self._alive(year)
        s, k = np.nonzero(alive)
        only_close = np.array([code in _STYLES for code in self.codes])[k]
        columns: dict[str, AnyArray | Text] = {"Date": year.dates[s], "Code": Text(self.codes, k)}
        for i, name in enumerate("OHLC"):
            values = np.round(paths[:, i][s, k], 2)
            columns[name] = values if name == "C" else np.where(only_close, np.nan, values)
        whole = {"Date": year.dates, **{name: np.round(self.topix[:, i], 2) for i, name in enumerate("OHLC")}}
        return [
            ("indices_bars_daily", arrow_table("indices_bars_daily", columns, stamps[s])),
            ("indices_bars_daily_topix", arrow_table("indices_bars_daily_topix", whole, stamps)),
        ]

    def _values(self, year: Year) -> tuple[FloatArray, BoolArray]:
        """(4, S, N) market values: session before, open, noon, close; and which issues have all of them."""
        before = np.vstack([self._before, year.capital[:-1]])
        # What is listed for the first time has no value from the day before and joins the day after.
        self._before = year.capital[-1]
        shares = self._market.issues.shares
        caps = [before]
        for quote in (0, 7):  # open of the day, close of the morning
            price = year.prices[:, quote] / year.adjustment * shares
            caps.append(np.where(np.isnan(price), before, price))
        caps.append(year.capital)
        stacked = np.stack(caps)
        return stacked, np.isfinite(stacked).all(axis=0)

    def _sums(self, year: Year, caps: FloatArray, live: BoolArray) -> FloatArray:
        """(4, S, K) summed values of each index's members, as of the session before."""
        segment = np.vstack([self._segment, year.segment[:-1]])
        scale = np.vstack([self._scale, year.scale[:-1]])
        self._segment, self._scale = year.segment[-1], year.scale[-1]
        issues = self._market.issues
        money = np.where(live, caps, 0.0)
        topix = money * np.isin(segment, (FIRST_SECTION, PRIME))
        parts = [topix.sum(axis=2)[..., None]]
        parts += [(topix * np.isin(scale, which)).sum(axis=2)[..., None] for which in _SCALES.values()]
        parts += [(money * np.isin(segment, which)).sum(axis=2)[..., None] for which, _ in _SEGMENTS.values()]
        parts.append(topix @ (issues.sector[:, None] == np.arange(33)).astype(np.float64))
        parts.append(topix @ (self._of17[:, None] == np.arange(17)).astype(np.float64))
        parts.append(
            topix @ np.stack([issues.style * sign > 0 for sign in _STYLES.values()], 1).astype(np.float64)
        )
        return np.concatenate(parts, axis=2)

    def _path(self, sums: FloatArray) -> FloatArray:
        """(4, K) open, high, low, close of a session from the sums (4, K); flat where there is no member."""
        base = np.where(sums[0] > 0, sums[0], 1.0)
        points = np.where(sums[0] > 0, self._level * sums[1:] / base, self._level)
        high, low = points.max(axis=0), points.min(axis=0)
        reach = 0.25 * (high - low)
        return np.stack([points[0], high + reach, low - reach, points[2]])

    def _nikkei_path(self, year: Year, caps: FloatArray) -> None:
        """Move the Nikkei through a year."""
        shares = self._market.issues.shares
        member = np.isin(year.segment[0], (FIRST_SECTION, PRIME)) & np.isfinite(year.capital[0])
        place = np.argsort(np.argsort(-np.where(member, year.capital[0], -1.0)))
        member &= place < min(225, max(5, len(shares) // 3))
        out = np.empty((len(year.rows), 4))
        for s in range(len(year.rows)):
            there = member & np.isfinite(caps[:, s]).all(axis=0)
            prices = caps[:, s, there] / shares[there]
            total = prices.sum(axis=1)
            points = self._nikkei * (total[1:] / total[0] if total[0] > 0 else np.ones(3))
            reach = 0.25 * (points.max() - points.min())
            out[s] = points[0], points.max() + reach, points.min() - reach, points[2]
            self._nikkei = float(points[2])
        self.nikkei = out

    def _alive(self, year: Year) -> BoolArray:
        """(S, K) whether an index is published on a session."""
        after = year.dates >= REFORM
        out = np.ones((len(year.rows), len(self.codes)), np.bool_)
        for name, (_, era) in _SEGMENTS.items():
            if era:
                out[:, self.codes.index(name)] = after if era > 0 else ~after
        return out
