"""Random moves of the simulated market: fixed traits of the stocks, and the shocks of each session.

Every shock is symmetric about zero given the past: volatility follows its own random path and takes no notice
of the sign of a return, so that without a planted drift no function of the past tells the sign of the next
move.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jqfast.types import FloatArray, IntArray

_MARKET, _SECTOR = 0.0105, 0.0065  # standard deviation of a session's log return
_NIGHT = np.array([0.45, 0.35, 0.25])  # share of each one's variance that comes overnight; the third: stock
_CLIP = 8.0  # standard deviations; keeps the tails fat and exp() harmless


@dataclass(frozen=True, eq=False)
class Traits:
    """What never changes about the stocks, each (N,): market ``beta``, ``sector`` number, ``vol`` the typical
    standard deviation of the stock's own session return, first raw ``price`` in yen, ``log_turnover`` of
    the typical session's turnover in yen."""

    beta: FloatArray
    sector: IntArray
    vol: FloatArray
    price: FloatArray
    log_turnover: FloatArray


def draw_traits(N: int, sectors: int, rng: np.random.Generator) -> Traits:
    """Traits of N stocks with the spread seen in Tokyo: large stocks are calmer."""
    size = np.clip(rng.standard_normal(N), -2.5, 2.5)
    vol = 0.017 * np.exp(0.30 * rng.standard_normal(N) - 0.12 * size)
    return Traits(
        beta=np.clip(1.0 + 0.3 * rng.standard_normal(N), 0.2, 2.0),
        sector=rng.integers(0, sectors, size=N),
        vol=np.clip(vol, 0.006, 0.05),
        price=np.clip(1500.0 * np.exp(0.8 * rng.standard_normal(N)), 130.0, 30000.0),
        log_turnover=np.log(2.5e8) + 1.6 * size,
    )


class Shocks:
    """The stream of session shocks; ``draw`` moves volatility on by a session and returns its moves."""

    def __init__(self, traits: Traits, streams: Mapping[str, np.random.Generator]) -> None:
        self._traits = traits
        self._market, self._stock, self._vol = streams["market"], streams["stock"], streams["vol"]
        self._sectors = int(traits.sector.max(initial=0)) + 1
        self._tide = 0.0  # log volatility of the whole market
        self._wave = np.zeros(len(traits.beta))  # log volatility of each stock beside it

    def draw(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Overnight move, day move, spread of the day's path, typical size of a session's move, each (N,)."""
        traits = self._traits
        self._tide = 0.985 * self._tide + 0.07 * float(self._vol.standard_normal())
        self._wave = 0.96 * self._wave + 0.10 * self._vol.standard_normal(len(traits.beta))
        common = np.exp(0.5 * self._tide)
        market = traits.beta * (_MARKET * common**2)
        sector = _SECTOR * common
        stock = traits.vol * (common * np.exp(self._wave))
        m = _fat(self._market, 5, 2)
        s = _fat(self._market, 6, 2 * self._sectors).reshape(2, -1)[:, traits.sector]
        e = _fat(self._stock, 5, 2 * len(stock)).reshape(2, -1)
        night, day = np.sqrt(_NIGHT), np.sqrt(1.0 - _NIGHT)
        over = night[0] * market * m[0] + night[1] * sector * s[0] + night[2] * stock * e[0]
        inside = day[0] * market * m[1] + day[1] * sector * s[1] + day[2] * stock * e[1]
        spread = np.sqrt((day[0] * market) ** 2 + (day[1] * sector) ** 2 + (day[2] * stock) ** 2)
        typical = np.sqrt((traits.beta * _MARKET) ** 2 + _SECTOR**2 + traits.vol**2)
        return over, inside, spread, typical


def _fat(rng: np.random.Generator, freedom: int, size: int) -> FloatArray:
    """Student t with unit variance, cut symmetrically far out."""
    draws: FloatArray = rng.standard_t(freedom, size=size) * np.sqrt(1.0 - 2.0 / freedom)
    return np.clip(draws, -_CLIP, _CLIP)
