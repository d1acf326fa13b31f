"""What the explanation of one stock on one day is made of.

Relevance is that of the stock minus the mean over all stocks of the date: what moved it away from the average
stock, which is what ranks it (decision 21).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from jqfast.explain.shape import Shape
from jqfast.report.inputs import Unit

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True)
class InputFacts:
    """One input of the model for one stock.

    ``raw`` is its value before normalisation, ``value`` after, ``below`` the share of the stocks of the date
    with a smaller raw value (NaN for a market-wide input, which is the same for all). ``sector`` is the mean
    relevance of the other stocks of its sector, ``shape`` how relevance goes with the value over the stocks
    of the date.
    """

    name: str
    meaning: str
    kind: str
    unit: str
    raw: float
    value: float
    below: float
    relevance: float
    sector: float
    shape: Shape


@dataclass(frozen=True)
class PeerFacts:
    """A stock of the same date: score, rank from the top, relevance of the inputs ``StockFacts.shown``."""

    code: str
    score: float
    rank: int
    relevance: tuple[float, ...]


@dataclass(frozen=True)
class StockFacts:
    """Why a stock was ranked where it was.

    Parameters
    ----------
    code, date : of the stock, ``YYYY-MM-DD``
    horizon, unit : of the forecast
    score, mean, deviation : its forecast, and mean and standard deviation over the stocks of the date
    rank, stocks : its place from the top, of how many
    residual : what biases and the stabiliser kept of it, minus their mean over the date
    kept : the sum of what they kept on the date over the sum of the forecasts, both by size
    inputs : all, the largest relevance by size first; with ``residual`` they add up to ``score - mean``
    sector : its name, empty where none is known
    peers : stocks of its sector, else its neighbours, by rank, itself among them
    shown : names of the inputs whose relevance the peers show
    model : name of the fold whose model forecast it
    members : models whose mean the forecast is
    source : where the data come from
    """

    code: str
    date: str
    horizon: int
    unit: Unit
    score: float
    mean: float
    deviation: float
    rank: int
    stocks: int
    residual: float
    kept: float
    inputs: Sequence[InputFacts]
    sector: str = ""
    peers: Sequence[PeerFacts] = ()
    shown: Sequence[str] = ()
    model: str = ""
    members: int = 1
    source: str = ""

    @property
    def gap(self) -> float:
        """The forecast minus the mean of the date: what the relevances explain."""
        return self.score - self.mean

    @property
    def deviations(self) -> float:
        """The same in standard deviations of the date."""
        return self.gap / self.deviation if self.deviation > 0 else float("nan")


def inputs_frame(facts: StockFacts) -> DataFrame:
    """The inputs by name: ``raw``, ``value``, ``below``, ``relevance``, ``sector``, ``direction``."""
    import pandas as pd

    columns = ("raw", "value", "below", "relevance", "sector")
    data: dict[str, object] = {c: np.array([getattr(i, c) for i in facts.inputs]) for c in columns}
    data["direction"] = [i.shape.direction for i in facts.inputs]
    return pd.DataFrame(data, index=pd.Index([i.name for i in facts.inputs], name="input"))
