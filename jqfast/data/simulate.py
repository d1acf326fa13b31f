"""A simulated Tokyo market of prices and volumes, with effects planted in it or with none.

Goes in: a frozen ``SimulateConfig``. Comes out: ``Simulated``, a :class:`Panel` as any reader of real prices
makes it, and the truth about what drives its stocks. Steps:

1. sessions of the exchange's calendar, traits and events of the stocks, one random stream per purpose;
2. raw bars of every session (`_market.py`): price units, limits, halts, splits, news ahead of delistings;
3. the panel on the forward basis of decision 3;
4. the truth, computed from nothing but the visible closes of that panel (`_truth.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import numpy as np

from jqfast.data import _events, _market, _shocks, _tokyo, _truth
from jqfast.data.adjust import cumulative_factor
from jqfast.data.panel import Panel, PanelInfo
from jqfast.errors import check_range, unknown
from jqfast.types import AnyArray, BoolArray, CodeArray, FloatArray

Market = Literal["planted", "null", "frictions"]

#: Drift per session and unit of driver at strength 1, for an oracle's 5-day RankIC near 0.065 (decision 11).
_PLANTED = {"reversal": 0.017, "momentum": 0.0026}
_HORIZONS = (1, 5, 10, 20)
_GROWTH = 0.04 / 245
_STREAMS = ("traits", "events", "splits", "market", "stock", "vol", "path", "volume")
_NOTES = {
    "planted": "Simulated market with planted short-term reversal and momentum.",
    "null": (
        "Simulated null market: nothing in its past tells which stock will do better. Simple returns of "
        "volatile stocks are higher by half their variance, so decile returns may differ: judge by RankIC."
    ),
    "frictions": "Simulated market without planted effects but with price units, limits and delistings.",
}


@dataclass(frozen=True)
class SimulateConfig:
    """What market to simulate.

    Parameters
    ----------
    stocks : number of stocks, 2 to 8000
    years : length in calendar years, at least 0.1
    seed : the same seed and config give the same bits
    market : "planted" has reversal and momentum; "null" is symmetric given the past, with unrounded prices,
        no limits and delistings that know of nothing (decision 9); "frictions" is null but for price units,
        limits, illiquid days and delistings after news
    start : first calendar day
    sectors : number of the 33 sectors in use, 1 to 33
    strength : multiple of the planted effects, 1 for an oracle RankIC of 0.05 to 0.08 at 5 days

    Raises
    ------
    ValueError
        If a value is outside its range.
    """

    stocks: int = 300
    years: float = 8.0
    seed: int = 7
    market: Market = "planted"
    start: dt.date = dt.date(2016, 1, 4)
    sectors: int = 33
    strength: float = 1.0

    def __post_init__(self) -> None:
        if self.market not in get_args(Market):
            raise unknown("simulated market", self.market, get_args(Market))
        check_range("stocks", self.stocks, 2, 8000)
        check_range("years", self.years, 0.1, 100)
        check_range("seed", self.seed, 0, 2**63 - 1)
        check_range("sectors", self.sectors, 1, 33)
        check_range("strength", self.strength, 0, 3)


@dataclass(frozen=True, eq=False)
class Truth:
    """What drives the simulated stocks, all of it known at the close of its row.

    ``drivers`` name -> (T, N) value; ``expected`` horizon -> (T, N) expected log return from the next open to
    the close that many sessions ahead, less what all stocks share; both NaN where a stock is not listed.
    ``strength`` name -> drift per session and unit of driver, 0 in the markets without planted effects. The
    expectation of the simple return differs from that of the log return by half its variance, which moves no
    median and is left out: the score is a rank.
    """

    drivers: Mapping[str, FloatArray]
    expected: Mapping[int, FloatArray]
    strength: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated market: the panel that everybody sees and the truth behind it."""

    panel: Panel
    truth: Truth


_DEFAULT = SimulateConfig()


def simulate(config: SimulateConfig = _DEFAULT) -> Simulated:
    """A market of prices and volumes as ``config`` describes it.

    Parameters
    ----------
    config : SimulateConfig

    Returns
    -------
    Simulated
        ``panel`` with the price columns, ``limit``, ``raw_close`` and ``sector33``, prices on the forward
        basis, NaN where a stock did not trade or was not listed; ``truth`` as :class:`Truth` says.

    Notes
    -----
    Log return of stock i = growth + beta_i market + sector + own shock + planted drift, each shock Student t
    with volatility on a random path of its own, part overnight and part through the day. The drift accrues
    between open and close and depends on closes up to the session before, see `_truth.py`.
    """
    dates = _tokyo.sessions(config.start, config.years)
    T, N = len(dates), config.stocks
    seeds = np.random.SeedSequence(config.seed).spawn(len(_STREAMS))
    streams = {name: np.random.Generator(np.random.PCG64(s)) for name, s in zip(_STREAMS, seeds, strict=True)}
    frictions = config.market != "null"
    scale = config.strength if config.market == "planted" else 0.0
    strength = {name: value * scale for name, value in _PLANTED.items()}
    codes = _codes(N, streams["traits"])
    traits = _shocks.draw_traits(N, config.sectors, streams["traits"])
    plan = _events.schedule(T, N, frictions=frictions, rng=streams["events"])
    rules = _market.Rules(frictions, strength, _GROWTH if frictions else 0.0)
    bars = _market.trade_sessions(T, traits, plan, rules, streams)
    rows = np.arange(T)[:, None]
    listed = (plan.first <= rows) & (rows <= plan.last)
    info = PanelInfo(
        source=f"simulated ({config.market}, seed {config.seed})",
        price_basis="forward",
        notes=(_NOTES[config.market],),
    )
    panel = Panel(
        dates=dates,
        codes=codes,
        columns=_columns(bars, listed, traits.sector),
        listed=listed,
        categories={"sector33": _tokyo.SECTOR33},
        info=info,
    )
    return Simulated(panel, truth_of(panel, strength))


def truth_of(panel: Panel, strength: Mapping[str, float]) -> Truth:
    """The truth of a simulated panel, or of its first rows: a function of visible closes alone."""
    session = panel.is_session
    total = _truth.cumulated_moves(panel["close"], session)
    # On a date without trading nothing new is known, so its row repeats the session before.
    row = np.cumsum(session) - 1

    def spread(values: FloatArray) -> FloatArray:
        filled = values[np.maximum(row, 0)] if len(values) else np.full(panel.shape, np.nan)
        return np.where(panel.listed & (row >= 0)[:, None], filled, np.nan)

    drivers = {name: spread(values) for name, values in _truth.drivers(total).items()}
    expected = {h: spread(values) for h, values in _truth.expected_labels(total, _HORIZONS, strength).items()}
    return Truth(MappingProxyType(drivers), MappingProxyType(expected), MappingProxyType(dict(strength)))


def _columns(bars: _market.Bars, listed: BoolArray, sector: AnyArray) -> dict[str, AnyArray]:
    """Panel columns: raw bars on the forward basis, NaN before and after a listing (decision 3)."""
    A = cumulative_factor(bars.factor)
    names = ("open", "high", "low", "close")
    columns: dict[str, AnyArray] = {name: raw / A for name, raw in zip(names, bars.prices, strict=True)}
    columns["volume"] = np.where(listed, bars.volume * A, np.nan)
    columns["turnover"] = np.where(listed, bars.turnover, np.nan)
    columns["adjustment"] = A
    columns["limit"] = np.where(listed, bars.limit, np.nan)
    columns["raw_close"] = bars.prices[3].copy()
    columns["sector33"] = np.where(listed, sector, -1).astype(np.int16)
    return columns


def _codes(N: int, rng: np.random.Generator) -> CodeArray:
    """N different four-digit codes in ascending order."""
    numbers = np.sort(rng.choice(np.arange(1300, 10000), size=N, replace=False))
    return numbers.astype("U4")
