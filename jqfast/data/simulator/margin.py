"""Margin balances: weekly, daily from 2026-09-25, and daily for issues under alert.

Balances are shares of the issue that wander about the issue's own level: buyers on margin add when the price
falls, sellers when it rises. Raw share counts, not adjusted for splits. Long and short are sums of their
negotiable and standardised parts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data.simulator.bars import margin_class
from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.sessions import week_of
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, BoolArray, FloatArray

#: First balance day of the daily table.
DAILY_FROM = np.datetime64("2026-09-25", "D")
_SHORTEST_WEEK = 3  # sessions; shorter weeks have no weekly record
_PUBLISHED = 16 * 60 + 30
_ALERT_MOVE, _ALERT_CHANCE, _ALERT_LENGTH = 0.25, 0.0003, 40.0
_REASONS = ("Restricted", "DailyPublication", "Monitoring", "RestrictedByJSF", "PrecautionByJSF")


class Margin:
    """Carries balances and alerts from year to year; ``tables`` gives a year's two tables."""

    def __init__(self, market: Market) -> None:
        N = len(market.issues.code)
        self._market, self._rng = market, market.rng["margin"]
        self._level = np.log(0.012) + 0.6 * self._rng.standard_normal((2, N)) - np.array([[0.0], [1.2]])
        self._log = self._level.copy()
        self._part = np.clip(0.3 + 0.15 * self._rng.standard_normal((2, N)), 0.02, 0.9)  # negotiable
        self._last = np.full(N, np.nan)
        self._recent = np.zeros(N)
        self._alert = np.zeros(N, np.int64)  # sessions left
        self._before = np.full((4, N), np.nan)  # the balances published the day before

    def tables(self, year: Year) -> list[tuple[str, Any]]:
        """``markets_margin_interest`` and ``markets_margin_alert`` of the balances of one year."""
        loan = margin_class(self._market, year.rows) == 1
        balances = np.empty((len(year.rows), 4, year.listed.shape[1]))  # long and short: negotiable, standard
        alert = np.zeros(year.listed.shape, np.bool_)
        change = np.full(balances.shape, np.nan)
        for s in range(len(year.rows)):
            self._step(year.capital[s])
            balances[s] = self._shares(year.adjustment[s], loan[s])
            alert[s] = (self._alert > 0) & year.listed[s]
            change[s] = balances[s] - self._before
            self._before = np.where(alert[s], balances[s], np.nan)
        return [
            ("markets_margin_interest", self._interest(year, balances, loan)),
            ("markets_margin_alert", self._alerts(year, balances, change, alert)),
        ]

    def _step(self, capital: FloatArray) -> None:
        """Move balances on by a session with the returns of the day."""
        rng = self._rng
        now = np.log(capital)
        move = np.nan_to_num(now - self._last)
        self._last = np.where(np.isfinite(now), now, self._last)
        self._recent = 0.8 * self._recent + move
        pull = np.stack([-0.8 * move, 1.2 * move])
        shock = np.array([[0.025], [0.05]]) * rng.standard_normal(self._log.shape)
        self._log = self._log + 0.01 * (self._level - self._log) + pull + shock
        draws, length = rng.uniform(size=len(now)), rng.exponential(_ALERT_LENGTH, size=len(now))
        starts = (self._alert == 0) & ((np.abs(self._recent) > _ALERT_MOVE) | (draws < _ALERT_CHANCE))
        self._alert = np.where(starts, np.ceil(length).astype(np.int64), np.maximum(self._alert - 1, 0))

    def _shares(self, adjustment: FloatArray, loan: BoolArray) -> FloatArray:
        """(4, N) raw shares in hundreds: long negotiable, long standard, short negotiable, short standard."""
        total = np.minimum(np.exp(self._log), 0.3) * (self._market.issues.shares / adjustment)
        total[1] *= np.where(loan, 1.0, 0.05)
        parts = np.stack([self._part[0], 1 - self._part[0], self._part[1], (1 - self._part[1]) * loan])
        return np.asarray(np.rint(np.repeat(total, 2, axis=0) * parts / 100) * 100)

    def _interest(self, year: Year, balances: FloatArray, loan: BoolArray) -> Any:
        sessions = self._market.sessions
        week = week_of(sessions.all)
        mine = week_of(year.dates)
        length = np.searchsorted(week, mine, side="right") - np.searchsorted(week, mine, side="left")
        last = np.isin(year.dates, sessions.all[np.searchsorted(week, mine, side="right") - 1])
        daily = year.dates >= DAILY_FROM
        chosen = daily | (last & (length >= _SHORTEST_WEEK))
        s, n = np.nonzero(year.listed & chosen[:, None])
        weekly = sessions.in_next_week(year.dates, 2)
        published = np.where(daily, sessions.shifted(year.dates, 1), weekly)
        both = balances[s, :, n].T
        long, short = both[0] + both[1], both[2] + both[3]
        volumes = {
            "ShrtVol": short,
            "LongVol": long,
            "ShrtNegVol": both[2],
            "LongNegVol": both[0],
            "ShrtStdVol": both[3],
            "LongStdVol": both[1],
        }
        shares = self._market.issues.shares[n] / year.adjustment[s, n]
        price = np.where(daily[s], year.capital[s, n] / shares, np.nan)
        columns: dict[str, AnyArray | Text] = {
            "PubDate": np.where(daily, published, np.datetime64("NaT", "D"))[s],
            "Date": year.dates[s],
            "Code": Text(self._market.issues.code, n),
            "IssType": Text(("1", "2"), loan[s, n].astype(np.int8)),
            **volumes,
            **{f"{name[:-3]}Val": np.rint(volume * price) for name, volume in volumes.items()},
        }
        return arrow_table("markets_margin_interest", columns, utc(published, _PUBLISHED)[s])

    def _alerts(self, year: Year, balances: FloatArray, change: FloatArray, alert: BoolArray) -> Any:
        s, n = np.nonzero(alert)
        now, step = balances[s, :, n].T, change[s, :, n].T
        shares = self._market.issues.shares[n] / year.adjustment[s, n]
        long, short = now[0] + now[1], now[2] + now[3]
        published = self._market.sessions.shifted(year.dates, 1)
        columns: dict[str, AnyArray | Text] = {
            "PubDate": published[s],
            "Code": Text(self._market.issues.code, n),
            "AppDate": year.dates[s],
            "PubReason": Text((_reason(),), np.zeros(len(s), np.int8)),
            "ShrtOut": short,
            "ShrtOutChg": step[2] + step[3],
            "ShrtOutRatio": np.round(100 * short / shares, 1),
            "LongOut": long,
            "LongOutChg": step[0] + step[1],
            "LongOutRatio": np.round(100 * long / shares, 1),
            "SLRatio": np.round(100 * short / np.maximum(long, 100), 1),
            "ShrtNegOut": now[2],
            "ShrtNegOutChg": step[2],
            "ShrtStdOut": now[3],
            "ShrtStdOutChg": step[3],
            "LongNegOut": now[0],
            "LongNegOutChg": step[0],
            "LongStdOut": now[1],
            "LongStdOutChg": step[1],
            "TSEMrgnRegCls": Text(("002",), np.zeros(len(s), np.int8)),
        }
        return arrow_table("markets_margin_alert", columns, utc(published, _PUBLISHED)[s])


def _reason() -> str:
    flags = {name: "1" if name == "DailyPublication" else "0" for name in _REASONS}
    return (
        "{"
        + ", ".join(f'"{k}": "{v}"' for k, v in sorted({**flags, "UnclearOrSecOnAlert": "0"}.items()))
        + "}"
    )
