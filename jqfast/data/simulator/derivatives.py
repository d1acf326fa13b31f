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
from typing import Any, NamedTuple

import numpy as np

from jqfast.data.black76 import black
from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table, digits, same
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.shocks import MARKET
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

_DELIVERED = 27 * 60
_STRIKES, _STEP = 8, 250.0  # strikes on each side; yen
_MONTHS, _QUARTERS = 4, 3  # contract months listed
_LONG_RUN = 0.18
_PREMIUM = 1.1  # implied over realised volatility
_CURVE = 0.05
_SPECIAL_FROM = np.datetime64("2016-07-19", "D")


class Product(NamedTuple):
    """A future: ``number`` in its codes, price ``unit``, ``size`` in yen per point, ``usual`` volume of the
    central month."""

    name: str
    number: int
    unit: float
    size: float
    usual: float


_FUTURES = (
    Product("TOPIXF", 1, 0.5, 10_000.0, 60_000.0),
    Product("NK225F", 2, 10.0, 1_000.0, 50_000.0),
    Product("NK225MF", 3, 5.0, 100.0, 600_000.0),
    Product("NKVIF", 4, 0.05, 10_000.0, 800.0),
)


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


@dataclass(frozen=True, eq=False)
class Grid:
    """Options of a year, each (M,): ``session`` of the year, ``nearness`` of the month (0 the nearest),
    ``call`` 0 or 1, ``strike``, ``spot``, short ``rate``, implied ``volatility``, theoretical ``price``."""

    session: IntArray
    nearness: IntArray
    call: IntArray
    strike: FloatArray
    spot: FloatArray
    rate: FloatArray
    volatility: FloatArray
    price: FloatArray


class Derivatives:
    """Carries the night session's start from year to year; ``tables`` gives a year's three tables."""

    def __init__(self, market: Market) -> None:
        self._market, self._rng = market, market.rng["options"]
        self._last = {product.name: np.nan for product in _FUTURES}

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
        spots = {"TOPIXF": topix, "NKVIF": self._volatility_index(year)}
        parts = [
            self._product(year, listed, product, spots.get(product.name, nikkei)) for product in _FUTURES
        ]
        told = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        order = np.lexsort((told["Code"], told["Date"]))
        columns: dict[str, AnyArray | Text] = {key: values[order] for key, values in told.items()}
        columns["EmMrgnTrgDiv"] = same("002", len(order))
        return arrow_table("derivatives_bars_daily_futures", columns, utc(told["Date"][order], _DELIVERED))

    def _product(
        self, year: Year, listed: Contract, product: Product, spot: FloatArray
    ) -> dict[str, AnyArray]:
        """One product's rows, session by session and contract by contract; ``spot`` (S, 4) of its index."""
        front = _front(listed, year.dates, _QUARTERS, quarterly=True)
        S, Q = front.shape
        whole, night, day = self._future_bars(year, listed.quotation[front], product, spot)
        noise = np.exp(np.array([[[0.4]], [[0.2]]]) * self._rng.standard_normal((2, S, Q)))
        volume = np.rint(product.usual * np.array([1.0, 0.08, 0.01]) * noise[0])
        interest = np.rint(6 * product.usual * np.array([1.0, 0.2, 0.05]) * noise[1])
        month = listed.month[front]
        out: dict[str, AnyArray] = {
            "Code": np.char.add(f"16{product.number}", digits(month * 100 + product.number, 6)),
            "ProdCat": np.full(S * Q, product.name),
            "Date": np.repeat(year.dates, Q),
        }
        for prefix, bars in (("", whole), ("E", night), ("A", day)):
            out.update({prefix + key: bars[..., i].ravel() for i, key in enumerate("OHLC")})
        late = np.repeat(year.dates >= _SPECIAL_FROM, Q)
        out["Vo"], out["OI"] = volume.ravel(), interest.ravel()
        out["Va"] = (volume * product.size * day[..., 3]).ravel()
        out["CM"] = month.astype("datetime64[M]").astype(str).ravel()
        out["VoOA"] = _from(late, np.rint(0.95 * volume.ravel()))
        out["LTD"] = np.where(late, listed.last[front].ravel(), np.datetime64("NaT", "D"))
        out["SQD"] = np.where(late, listed.quotation[front].ravel(), np.datetime64("NaT", "D"))
        out["Settle"] = _from(late, day[..., 3].ravel())
        out["CCMFlag"] = np.tile(np.arange(Q) == 0, S)
        return out

    def _future_bars(
        self, year: Year, quotation: DateArray, product: Product, spot: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """(S, Q, 4) bars of the trading day, its night and its day session.

        The night leads from yesterday's index to today's open; it is missing on the very first day.
        """
        rate = self._market.overseas.rate[year.rows] / 100
        carry = np.exp(rate[:, None] * (quotation - year.dates[:, None]).astype(np.float64) / 365)
        day = _on_unit(spot[:, None, :] * carry[:, :, None], product.unit)
        before = np.append(self._last[product.name], spot[:-1, 3])
        self._last[product.name] = float(spot[-1, 3])
        start, open_ = _on_unit(before[:, None] * carry, product.unit), day[..., 0]
        night = np.stack([start, np.fmax(start, open_), np.fmin(start, open_), open_], axis=-1)
        night[np.isnan(start)] = np.nan
        first = np.where(np.isnan(start), open_, start)
        high, low = np.fmax(day[..., 1], night[..., 1]), np.fmin(day[..., 2], night[..., 2])
        return np.stack([first, high, low, day[..., 3]], axis=-1), night, day

    def _options(self, year: Year, listed: Contract, nikkei: FloatArray) -> tuple[Any, Any]:
        """Puts and calls at strikes about the index, for the nearest months; twice, as the API has them."""
        grid = self._grid(year, listed, nikkei)
        s, late = grid.session, year.dates[grid.session] >= _SPECIAL_FROM
        contract = _front(listed, year.dates, _MONTHS, quarterly=False)[s, grid.nearness]
        month = listed.month[contract]
        rung = (grid.strike / _STEP).astype(np.int64) % 10**4
        code = (2 - grid.call) * 10**7 + (month % 1000) * 10**4 + rung
        none = np.datetime64("NaT", "D")
        columns: dict[str, AnyArray | Text] = {
            "Date": year.dates[s],
            "Code": digits(code, 9),
            **self._traded(grid, late),
            "CM": month.astype("datetime64[M]").astype(str),
            "Strike": grid.strike,
            "EmMrgnTrgDiv": same("002", len(s)),
            "PCDiv": Text(("1", "2"), grid.call),
            "LTD": np.where(late, listed.last[contract], none),
            "SQD": np.where(late, listed.quotation[contract], none),
            "Settle": _from(late, np.maximum(np.rint(grid.price), 1.0)),
            "Theo": _from(late, np.round(grid.price, 4)),
            "BaseVol": _from(late, np.round(100 * _level(year.tide)[s], 3)),
            "UnderPx": _from(late, grid.spot),
            "IV": _from(late, np.round(100 * grid.volatility, 4)),
            "IR": _from(late, np.round(100 * grid.rate, 4)),
        }
        more = {"ProdCat": same("NK225E", len(s)), "UndSSO": Text(("-",), np.full(len(s), -1))}
        stamps, name = utc(year.dates[s], _DELIVERED), "derivatives_bars_daily_options"
        central = {"CCMFlag": grid.nearness == 0}
        return (
            arrow_table(f"{name}_225", columns, stamps),
            arrow_table(name, {**columns, **more, **central}, stamps),
        )

    def _grid(self, year: Year, listed: Contract, nikkei: FloatArray) -> Grid:
        """Every session, month, strike and side, with its theoretical price."""
        front = _front(listed, year.dates, _MONTHS, quarterly=False)
        spot = np.round(nikkei[:, 3], 2)
        gap = np.maximum(np.round(spot * 0.02 / _STEP), 1) * _STEP
        steps = np.round(spot / gap)[:, None] + np.arange(-_STRIKES, _STRIKES + 1)
        shape = (len(spot), _MONTHS, 2 * _STRIKES + 1, 2)
        s, m, k, call = (each.ravel() for each in np.meshgrid(*map(np.arange, shape), indexing="ij"))
        strike = (steps * gap[:, None])[s, k]
        days = (listed.quotation[front] - year.dates[:, None]).astype(np.float64)[s, m]
        term, rate = np.maximum(days, 1.0) / 365, self._market.overseas.rate[year.rows][s] / 100
        future = spot[s] * np.exp(rate * term)
        skew = self._market.stress.skew[year.rows][s]
        volatility = self._surface(_level(year.tide)[s], skew, strike / future, term)
        price = black(future, strike, volatility * np.sqrt(term), call == 0) * np.exp(-rate * term)
        return Grid(s, m, call, strike, spot[s], rate, volatility, price)

    def _traded(self, grid: Grid, late: BoolArray) -> dict[str, AnyArray]:
        """Prices and sizes of what trades: near the money and soon; 0 for the rest."""
        distance = np.abs(np.log(grid.strike / grid.spot)) / (0.06 * np.sqrt(1 + grid.nearness))
        draws = self._rng.standard_normal((2, len(distance)))
        volume = np.floor(2000 * np.exp(-(distance**2) - grid.nearness + 0.5 * draws[0]))
        traded = volume > 0
        close = np.where(traded, np.maximum(np.rint(grid.price), 1.0), 0.0)
        open_ = np.where(traded, np.maximum(np.rint(grid.price * np.exp(0.1 * draws[1])), 1.0), 0.0)
        bar = {"O": open_, "H": np.maximum(open_, close), "L": np.minimum(open_, close), "C": close}
        sizes = {"Vo": volume, "OI": np.rint(5 * volume + 10), "Va": volume * close * 1000}
        sizes["VoOA"] = _from(late, volume)
        return {**bar, **{f"A{key}": values for key, values in bar.items()}, **sizes}

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
