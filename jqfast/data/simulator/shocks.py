"""Random moves of a session: market, sectors, style factors and each stock's own.

Every shock is symmetric about zero given the past: volatility follows its own random path and takes no notice
of the sign of a return. The market's move overnight leans on what New York did since Tokyo's last close.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data._tokyo import SECTOR33
from jqfast.data.simulator.issues import Issues
from jqfast.types import FloatArray

MARKET = 0.0105  # standard deviation of a session's log return
_SECTOR, _SIZE, _STYLE = 0.0055, 0.0035, 0.0030
_NIGHT_MARKET, _NIGHT_COMMON, _NIGHT_OWN = 0.45, 0.35, 0.25  # share of each variance that comes overnight
_CLIP = 8.0  # standard deviations; keeps the tails fat and exp() harmless
_ABROAD = 0.7  # correlation of the overnight market move with New York


@dataclass(frozen=True, eq=False)
class Moves:
    """``night`` and ``day`` log moves, ``spread`` of the day's path, ``typical`` size of a session's move,
    each (N,); ``market`` the market's own move, ``tide`` its log volatility."""

    night: FloatArray
    day: FloatArray
    spread: FloatArray
    typical: FloatArray
    market: float
    tide: float


class Shocks:
    """The stream of shocks; ``draw`` moves volatility on by a session and returns its moves."""

    def __init__(self, issues: Issues, market: np.random.Generator, stock: np.random.Generator) -> None:
        self._issues, self._market, self._stock = issues, market, stock
        self._tide = 0.0
        self._wave = np.zeros(len(issues.beta))

    def draw(self, abroad: float) -> Moves:
        """The moves of the next session; ``abroad`` is New York's move in standard deviations."""
        issues, rng, N = self._issues, self._market, len(self._wave)
        self._tide = 0.985 * self._tide + 0.07 * float(rng.standard_normal())
        self._wave = 0.96 * self._wave + 0.10 * self._stock.standard_normal(N)
        common = float(np.exp(0.5 * self._tide))
        m = _fat(rng, 5, 2) * MARKET * common**2
        lean = _ABROAD * abroad * MARKET * common**2
        m_night = (lean + np.sqrt(1.0 - _ABROAD**2) * m[0]) * np.sqrt(_NIGHT_MARKET)
        m_day = m[1] * np.sqrt(1.0 - _NIGHT_MARKET)
        sectors = _fat(rng, 6, 2 * len(SECTOR33)).reshape(2, -1)[:, issues.sector] * (_SECTOR * common)
        factors = _fat(rng, 6, 4).reshape(2, 2) * (common * np.array([_SIZE, _STYLE]))
        style = factors[:, :1] * issues.size + factors[:, 1:] * issues.style + sectors
        own = issues.vol * (common * np.exp(self._wave))
        e = _fat(self._stock, 5, 2 * N).reshape(2, N)
        night = issues.beta * m_night + np.sqrt(_NIGHT_COMMON) * style[0] + np.sqrt(_NIGHT_OWN) * own * e[0]
        day = (
            issues.beta * m_day + np.sqrt(1 - _NIGHT_COMMON) * style[1] + np.sqrt(1 - _NIGHT_OWN) * own * e[1]
        )
        market = issues.beta * (MARKET * common**2)
        shared = (_SECTOR**2 + _SIZE**2 + _STYLE**2) * common**2
        spread = np.sqrt(
            (1 - _NIGHT_MARKET) * market**2 + (1 - _NIGHT_COMMON) * shared + (1 - _NIGHT_OWN) * own**2
        )
        typical = np.sqrt((issues.beta * MARKET) ** 2 + shared + issues.vol**2)
        return Moves(night, day, spread, typical, float(m_night + m_day), self._tide)


def _fat(rng: np.random.Generator, freedom: int, size: int) -> FloatArray:
    """Student t with unit variance, cut symmetrically far out."""
    draws: FloatArray = rng.standard_t(freedom, size=size) * np.sqrt(1.0 - 2.0 / freedom)
    return np.clip(draws, -_CLIP, _CLIP)
