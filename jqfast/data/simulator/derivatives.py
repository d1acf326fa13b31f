"""Futures on the TOPIX, the Nikkei and its volatility, and options on the Nikkei.

All prices of a contract come from one surface: the futures price is the index carried at the short rate, an
option's theoretical price is Black's formula (1976) on it with the implied volatility of its strike, so that
put less call is the discounted strike less the futures price. The surface's level follows the market's own
volatility; its skew is what shows the hidden stress (`stress.py`). The volatility index is the surface at a
month, wings included. Delivered in the night after the session.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table, digits
from jqfast.data.simulator.market import Market, Year
from jqfast.data.simulator.shocks import MARKET
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

_DELIVERED = 27 * 60
_STRIKES, _STEP = 8, 250.0  # strikes on each side; yen
_MONTHS, _QUARTERS = 4, 3  # contract months listed
_LONG_RUN = 0.18
_PREMIUM = 1.1  # implied over realised volatility
_CURVE = 0.05
_SPECIAL_FROM = np.datetime64("2016-07-19", "D")
#: Product -> (number in the code, price unit, multiplier, usual volume of the central month)
_FUTURES = {
    "TOPIXF": (1, 0.5, 10_000.0, 60_000.0),
    "NK225F": (2, 10.0, 1_000.0, 50_000.0),
    "NK225MF": (3, 5.0, 100.0, 600_000.0),
    "NKVIF": (4, 0.05, 10_000.0, 800.0),
}


@dataclass(frozen=True, eq=False)
class Contract:
    """Contract months from 1970-01 (M,) with their last trading day and their special quotation."""

    month: IntArray
    last: DateArray
    quotation: DateArray


def contracts(market: Market, year: Year) -> Contract:
    """All contract months that can trade in a year: special quotation on the second Friday, or the session
    before it."""
    first = int(year.dates[0].astype("datetime64[M]").astype(np.int64))
    month = np.arange(first, first + 12 + 3 * _QUARTERS + 1)
    day = month.astype("datetime64[M]").astype("datetime64[D]")
    friday = day + ((4 - (day.astype(np.int64) + 3)) % 7 + 7).astype("timedelta64[D]")
    row = market.sessions.row_after(friday) - 1
    return Contract(month, market.sessions.at(row - 1), market.sessions.at(row))


def _front(contract: Contract, dates: DateArray, count: int, *, quarterly: bool) -> IntArray:
    """(S, count) the nearest contracts of each session that still trade on it."""
    usable = np.flatnonzero(contract.month % 3 == 2) if quarterly else np.arange(len(contract.month))
    first = np.searchsorted(contract.last[usable], dates, side="left")
    return np.asarray(usable[first[:, None] + np.arange(count)])


class Derivatives:
    """Carries the night session's start from year to year; ``tables`` gives a year's three tables."""

    def __init__(self, market: Market) -> None:
        self._market, self._rng = market, market.rng["options"]
        self._last = dict.fromkeys(_FUTURES, np.nan)

    def tables(self, year: Year, topix: FloatArray, nikkei: FloatArray) -> list[tuple[str, Any]]:
        """Futures, options, and options on the Nikkei, from the indices' (S, 4) open, high, low, close."""
        listed = contracts(self._market, year)
        on225, all_ = self._options(year, listed, nikkei)
        return [
            ("derivatives_bars_daily_futures", self._futures(year, listed, topix, nikkei)),
            ("derivatives_bars_daily_options_225", on225),
            ("derivatives_bars_daily_options", all_),
        ]

    def _volatility_index(self, year: Year) -> FloatArray:
        """(S, 4) open, high, low, close in percent: the surface at a month, a little out of the money."""
        skew = self._market.stress.skew[year.rows]
        month = np.full(len(skew), 1 / 12)
        now = 100 * self._surface(_level(year.tide), skew, np.full(len(skew), 0.95), month)
        before = np.append(self._last["NKVIF"], now[:-1])
        start = np.where(np.isnan(before), now, before)
        return np.stack([start, np.maximum(start, now) + 0.2, np.minimum(start, now) - 0.2, now], axis=1)

    def _futures(self, year: Year, listed: Contract, topix: FloatArray, nikkei: FloatArray) -> Any:
        front = _front(listed, year.dates, _QUARTERS, quarterly=True)
        parts: list[dict[str, AnyArray]] = []
        spots = {"TOPIXF": topix, "NKVIF": self._volatility_index(year)}
        for name, (number, unit, size, usual) in _FUTURES.items():
            spot = spots.get(name, nikkei)
            parts.append(self._product(year, listed, front, (name, number, unit, size, usual), spot))
        told = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        order = np.lexsort((told["Code"], told["Date"]))
        columns: dict[str, AnyArray | Text] = {key: values[order] for key, values in told.items()}
        rows = len(order)
        columns["EmMrgnTrgDiv"] = Text(("002",), np.zeros(rows, np.int8))
        return arrow_table("derivatives_bars_daily_futures", columns, utc(told["Date"][order], _DELIVERED))

    def _product(
        self,
        year: Year,
        listed: Contract,
        front: IntArray,
        product: tuple[str, int, float, float, float],
        spot: FloatArray,
    ) -> dict[str, AnyArray]:
        """One product's rows, session by session and contract by contract."""
        name, number, unit, size, usual = product
        S, Q = front.shape
        rate = self._market.overseas.rate[year.rows] / 100
        term = (listed.quotation[front] - year.dates[:, None]).astype(np.float64) / 365
        carry = np.exp(rate[:, None] * term)
        day = _on_unit(spot[:, None, :] * carry[:, :, None], unit)  # (S, Q, 4)
        before = np.append(self._last[name], spot[:-1, 3])
        self._last[name] = float(spot[-1, 3])
        start = _on_unit(before[:, None] * carry, unit)
        night = np.stack(
            [start, np.fmax(start, day[..., 0]), np.fmin(start, day[..., 0]), day[..., 0]], axis=-1
        )
        whole = np.stack(
            [
                np.where(np.isnan(start), day[..., 0], start),
                np.fmax(day[..., 1], night[..., 1]),
                np.fmin(day[..., 2], night[..., 2]),
                day[..., 3],
            ],
            axis=-1,
        )
        volume = usual * np.array([1.0, 0.08, 0.01]) * np.exp(0.4 * self._rng.standard_normal((S, Q)))
        volume = np.rint(volume)
        interest = np.rint(
            6 * usual * np.array([1.0, 0.2, 0.05]) * np.exp(0.2 * self._rng.standard_normal((S, Q)))
        )
        month = listed.month[front]
        out: dict[str, AnyArray] = {
            "Code": np.char.add(f"16{number}", digits(month * 100 + number, 6)),
            "ProdCat": np.full(S * Q, name),
            "Date": np.repeat(year.dates, Q),
        }
        for prefix, bars in (("", whole), ("E", night), ("A", day)):
            out.update({prefix + key: bars[..., i].ravel() for i, key in enumerate("OHLC")})
        late = np.repeat(year.dates >= _SPECIAL_FROM, Q)
        out["Vo"], out["OI"] = volume.ravel(), interest.ravel()
        out["Va"] = (volume * size * day[..., 3]).ravel()
        out["CM"] = month.astype("datetime64[M]").astype(str).ravel()
        out["VoOA"] = np.where(late, np.rint(0.95 * volume.ravel()), np.nan)
        out["LTD"] = np.where(late, listed.last[front].ravel(), np.datetime64("NaT", "D"))
        out["SQD"] = np.where(late, listed.quotation[front].ravel(), np.datetime64("NaT", "D"))
        out["Settle"] = np.where(late, day[..., 3].ravel(), np.nan)
        out["CCMFlag"] = np.tile(np.arange(Q) == 0, S)
        return out

    def _options(self, year: Year, listed: Contract, nikkei: FloatArray) -> tuple[Any, Any]:
        """Puts and calls at strikes about the index, for the nearest months."""
        front = _front(listed, year.dates, _MONTHS, quarterly=False)
        S = len(year.rows)
        spot = np.round(nikkei[:, 3], 2)
        gap = np.maximum(np.round(spot * 0.02 / _STEP), 1) * _STEP
        strike = np.round(spot / gap)[:, None] * gap[:, None] + gap[:, None] * np.arange(
            -_STRIKES, _STRIKES + 1
        )
        shape = (S, _MONTHS, 2 * _STRIKES + 1, 2)
        grid = [g.ravel() for g in np.meshgrid(*map(np.arange, shape), indexing="ij")]
        s, m, k, call = grid
        put = call == 0
        K, F0 = strike[s, k], spot[s]
        term = np.maximum(
            (listed.quotation[front] - year.dates[:, None]).astype(np.float64)[s, m] / 365, 1 / 365
        )
        rate = self._market.overseas.rate[year.rows][s] / 100
        future = F0 * np.exp(rate * term)
        level = _level(year.tide)
        volatility = self._surface(level[s], self._market.stress.skew[year.rows][s], K / future, term)
        price = black(future, K, volatility * np.sqrt(term), put) * np.exp(-rate * term)
        distance = np.abs(np.log(K / F0)) / (0.06 * np.sqrt(1 + m))
        volume = np.floor(2000 * np.exp(-(distance**2) - m + 0.5 * self._rng.standard_normal(len(s))))
        traded = volume > 0
        close = np.where(traded, np.maximum(np.rint(price), 1.0), 0.0)
        open_ = np.where(
            traded, np.maximum(np.rint(price * np.exp(0.1 * self._rng.standard_normal(len(s)))), 1.0), 0.0
        )
        late = year.dates[s] >= _SPECIAL_FROM
        month = listed.month[front][s, m]
        code = (1 + put) * 10**7 + (month % 1000) * 10**4 + (K / _STEP).astype(np.int64) % 10**4
        columns: dict[str, AnyArray | Text] = {
            "Date": year.dates[s],
            "Code": digits(code, 9),
        }
        for prefix in ("", "A"):
            columns[f"{prefix}O"], columns[f"{prefix}C"] = open_, close
            columns[f"{prefix}H"], columns[f"{prefix}L"] = np.maximum(open_, close), np.minimum(open_, close)
        columns |= {"Vo": volume, "OI": np.rint(5 * volume + 10), "Va": volume * close * 1000}
        columns |= {"CM": month.astype("datetime64[M]").astype(str), "Strike": K, "VoOA": _from(late, volume)}
        columns["EmMrgnTrgDiv"] = Text(("002",), np.zeros(len(s), np.int8))
        columns["PCDiv"] = Text(("1", "2"), call)
        columns["LTD"] = np.where(late, listed.last[front][s, m], np.datetime64("NaT", "D"))
        columns["SQD"] = np.where(late, listed.quotation[front][s, m], np.datetime64("NaT", "D"))
        columns["Settle"] = _from(late, np.maximum(np.rint(price), 1.0))
        columns["Theo"] = _from(late, np.round(price, 4))
        columns["BaseVol"] = _from(late, np.round(100 * level[s], 3))
        columns["UnderPx"] = _from(late, F0)
        columns["IV"] = _from(late, np.round(100 * volatility, 4))
        columns["IR"] = _from(late, np.round(100 * rate, 4))
        stamps = utc(year.dates[s], _DELIVERED)
        more: dict[str, AnyArray | Text] = {
            **columns,
            "ProdCat": Text(("NK225E",), np.zeros(len(s), np.int8)),
            "UndSSO": Text(("-",), np.full(len(s), -1)),
            "CCMFlag": m == 0,
        }
        return (
            arrow_table("derivatives_bars_daily_options_225", columns, stamps),
            arrow_table("derivatives_bars_daily_options", more, stamps),
        )

    @staticmethod
    def _surface(level: FloatArray, skew: FloatArray, moneyness: FloatArray, term: FloatArray) -> FloatArray:
        """Implied volatility: level falls back to normal with the term, skew and curve in standard moves."""
        near = 1.0 / (1.0 + 2.0 * term)
        at = level * near + _LONG_RUN * (1.0 - near)
        x = np.clip(np.log(moneyness) / (_LONG_RUN * np.sqrt(np.maximum(term, 1 / 24))), -3.0, 3.0)
        return np.asarray(at * np.maximum(1.0 - skew * x + _CURVE * x**2, 0.2))


def _on_unit(price: FloatArray, unit: float) -> FloatArray:
    """The nearest multiple of a price unit, as the double nearest to its decimals."""
    return np.asarray(np.round(np.round(price / unit) * unit, 2))


def _level(tide: FloatArray) -> FloatArray:
    """Yearly volatility that the options imply at the money, for the next days."""
    return np.asarray(MARKET * np.exp(tide) * math.sqrt(245) * _PREMIUM)


def _from(late: BoolArray, values: FloatArray) -> FloatArray:
    """Columns that the exchange publishes from July 2016 on."""
    return np.where(late, values, np.nan)


def black(future: FloatArray, strike: FloatArray, deviation: FloatArray, put: BoolArray) -> FloatArray:
    """Undiscounted price of a European option on a future; Black, J. Financial Economics 3 (1976).

    c = F N(d1) - K N(d2), d1 = log(F / K) / s + s / 2, d2 = d1 - s with ``deviation`` s = sigma sqrt(T).
    """
    d1 = np.log(future / strike) / deviation + deviation / 2
    sign = np.where(put, -1.0, 1.0)
    return np.asarray(sign * (future * _normal(sign * d1) - strike * _normal(sign * (d1 - deviation))))


def _normal(x: FloatArray) -> FloatArray:
    """Distribution function of the standard normal."""
    return np.array([0.5 * math.erfc(-v / math.sqrt(2.0)) for v in x.tolist()])
