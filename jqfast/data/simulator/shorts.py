"""Short selling: by sector and day, and reports of positions of half a percent and more."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data._tokyo import SECTOR33
from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.sessions import OUTAGE
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, FloatArray

_RATIO_PUBLISHED, _REPORT_PUBLISHED = 16 * 60 + 30, 17 * 60 + 30
_SELLERS = tuple(
    f"Kaku Capital {name}" for name in ["Alpha", "Beta", "Gamma", "Delta", "Kappa", "Omega", "Sigma", "Theta"]
)
_ADDRESSES = ("London", "New York", "Hong Kong", "Singapore", "Tokyo")
_REPORTED, _STEP = 0.005, 0.001  # a position is reported from here on, and at each further step
_DELAY = 2  # sessions from the position to its disclosure


def sector_sales(market: Market, year: Year) -> FloatArray:
    """(S, 33) turnover of the listed issues by sector, in yen."""
    out = np.zeros((len(year.rows), len(SECTOR33)))
    for k in range(len(SECTOR33)):
        out[:, k] = year.turnover[:, 0, market.issues.sector == k].sum(axis=1)
    return out


class Shorts:
    """Carries ratios and positions from year to year; ``tables`` gives a year's two tables."""

    def __init__(self, market: Market) -> None:
        N = len(market.issues.code)
        self._market, self._rng = market, market.rng["shorts"]
        self._ratio = np.zeros(len(SECTOR33))
        slots = max(4, N // 2)  # each a seller's position in one issue
        self._issue = np.sort(self._rng.choice(N, size=slots, replace=True))
        # A seller reports one position per issue.
        self._seller = np.arange(slots) % len(_SELLERS)
        self._issue = np.unique(self._issue * len(_SELLERS) + self._seller)
        self._issue, self._seller = self._issue // len(_SELLERS), self._issue % len(_SELLERS)
        self._level = np.log(0.0035) + 0.4 * self._rng.standard_normal(len(self._issue))
        self._log = self._level - 1.0
        self._told = np.zeros(len(self._issue))
        self._told_day = np.full(len(self._issue), np.datetime64("NaT", "D"))

    def tables(self, year: Year) -> list[tuple[str, Any]]:
        """``markets_short_ratio`` and ``markets_short_sale_report`` of one year."""
        return [
            ("markets_short_ratio", self._ratios(year)),
            ("markets_short_sale_report", self._reports(year)),
        ]

    def _ratios(self, year: Year) -> Any:
        """Shares of the sectors' turnover that were sold short; no rows for the day of the outage."""
        sales = sector_sales(self._market, year)
        S, K = sales.shape
        share = np.empty((S, K))
        for row in range(S):
            self._ratio = 0.95 * self._ratio + 0.06 * self._rng.standard_normal(K) - 1.5 * year.market[row]
            share[row] = 1.0 / (1.0 + np.exp(0.4 - self._ratio))
        free = np.clip(0.2 + 0.03 * self._rng.standard_normal((S, K)), 0.05, 0.5)
        short = np.rint(sales * share)
        without = np.rint(short * free)
        s, k = np.nonzero((year.dates != OUTAGE)[:, None] & np.ones((S, K), np.bool_))
        columns: dict[str, AnyArray | Text] = {
            "Date": year.dates[s],
            "S33": Text(SECTOR33, k),
            "SellExShortVa": (sales - short)[s, k],
            "ShrtWithResVa": (short - without)[s, k],
            "ShrtNoResVa": without[s, k],
        }
        return arrow_table("markets_short_ratio", columns, utc(year.dates, _RATIO_PUBLISHED)[s])

    def _reports(self, year: Year) -> Any:
        """Positions that passed a step of a tenth of a percent, or fell below half a percent."""
        parts: list[dict[str, AnyArray]] = []
        for s, day in enumerate(year.dates):
            shock = 0.06 * self._rng.standard_normal(len(self._log))
            self._log = self._log + 0.01 * (self._level - self._log) + shock
            position = np.minimum(np.exp(self._log), 0.15)
            held = np.floor(position / _STEP + 1e-9)
            before = np.floor(self._told / _STEP + 1e-9)
            big, was = position >= _REPORTED, self._told >= _REPORTED
            report = year.listed[s, self._issue] & ((big & (~was | (held != before))) | (was & ~big))
            at = np.flatnonzero(report)
            shares = self._market.issues.shares[self._issue[at]] / year.adjustment[s, self._issue[at]]
            parts.append(
                {
                    "slot": at,
                    "calc": np.full(len(at), day),
                    "ratio": np.round(position[at], 4),
                    "shares": np.rint(position[at] * shares / 100) * 100,
                    "previous": np.where(np.isnat(self._told_day[at]), np.nan, np.round(self._told[at], 4)),
                    "previous_day": self._told_day[at],
                }
            )
            self._told[at], self._told_day[at] = position[at], day
        told = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return self._report_table(told)

    def _report_table(self, told: dict[str, AnyArray]) -> Any:
        day = self._market.sessions.shifted(told["calc"], _DELAY)
        seller, rows = self._seller[told["slot"]], len(day)
        none = np.full(rows, -1)
        columns: dict[str, AnyArray | Text] = {
            "DiscDate": day,
            "CalcDate": told["calc"],
            "Code": Text(self._market.issues.code, self._issue[told["slot"]]),
            "SSName": Text(_SELLERS, seller),
            "SSAddr": Text(_ADDRESSES, seller % len(_ADDRESSES)),
            **{name: Text(("",), none) for name in ("DICName", "DICAddr", "FundName", "Notes")},
            "ShrtPosToSO": told["ratio"],
            "ShrtPosShares": told["shares"],
            "ShrtPosUnits": told["shares"] / 100,
            "PrevRptDate": told["previous_day"],
            "PrevRptRatio": told["previous"],
        }
        return arrow_table("markets_short_sale_report", columns, utc(day, _REPORT_PUBLISHED))
