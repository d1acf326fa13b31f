"""A simulated market in memory: its bars as a panel, and the truth behind them.

Goes in: a configuration. Comes out: :class:`Simulated`, the price columns that a store of the same market
gives (``simulator.write`` and ``open``), without any of its tables, in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.data._tokyo import SECTOR33
from jqfast.data.panel import Panel, PanelInfo
from jqfast.data.simulator.config import SimulateConfig
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.planted import Planted, planted_in
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, BoolArray, CodeArray, IntArray

__all__ = ["SimulateConfig", "Simulated", "simulate"]


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated market: the panel that everybody sees and the truth behind it."""

    panel: Panel
    truth: Planted


def simulate(config: SimulateConfig | None = None) -> Simulated:
    """A market of prices and volumes as ``config`` describes it; its other tables are not made.

    Parameters
    ----------
    config : SimulateConfig; the default has 300 issues over 8 years and planted effects

    Returns
    -------
    Simulated
        ``panel`` with the price columns, ``limit``, ``raw_close`` and ``sector33``, prices on the forward
        basis, NaN where a stock did not trade or was not listed; ``truth`` on the same dates and stocks.
    """
    config = config or SimulateConfig()
    market = Market(config)
    years = tuple(market.years())
    listed = _joined(years, "listed")
    panel = Panel(
        dates=market.sessions.dates,
        codes=_labels(market.issues.code),
        columns=_columns(years, listed, market.issues.sector),
        listed=listed,
        categories={"sector33": SECTOR33},
        info=PanelInfo(source=config.source, price_basis="forward", notes=(config.note,)),
    )
    return Simulated(panel, planted_in(years, market.strength))


def _joined(years: Sequence[Year], name: str) -> AnyArray:
    return np.concatenate([getattr(year, name) for year in years])


def _columns(years: Sequence[Year], listed: BoolArray, sector: IntArray) -> dict[str, AnyArray]:
    """Panel columns: raw bars on the forward basis, NaN before and after a listing (decision 3)."""
    A, raw = _joined(years, "adjustment"), np.concatenate([year.prices[:, :4] for year in years])
    columns: dict[str, AnyArray] = {
        name: raw[:, k] / A for k, name in enumerate(("open", "high", "low", "close"))
    }
    volume, turnover = (
        np.concatenate([getattr(year, name)[:, 0] for year in years]) for name in ("volume", "turnover")
    )
    flags = _joined(years, "limit")
    limit = np.where(flags[:, 0], 1.0, np.where(flags[:, 3], -1.0, 0.0))
    columns["volume"] = np.where(listed, volume * A, np.nan)
    columns["turnover"] = np.where(listed, turnover, np.nan)
    columns["adjustment"] = A
    columns["limit"] = np.where(listed, limit, np.nan)
    columns["raw_close"] = raw[:, 3].copy()
    columns["sector33"] = np.where(listed, sector, -1).astype(np.int16)
    return columns


def _labels(codes: CodeArray) -> CodeArray:
    """Names of the columns: a code that is given again, to the next in order, becomes ``CODE.2``."""
    number = np.arange(len(codes)) - np.searchsorted(codes, codes, side="left") + 1
    return np.array([str(c) if k == 1 else f"{c}.{k}" for c, k in zip(codes, number, strict=True)], np.str_)
