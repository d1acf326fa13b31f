"""What the simulated market holds: the year that it hands out, what it carries, what is bound to happen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from jqfast.data.simulator import effects
from jqfast.data.simulator.companies import Results
from jqfast.data.simulator.filings import Filings
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Year:
    """What happened in the sessions ``rows`` (S,) of one calendar year; raw prices, NaN without a trade.

    ``prices`` (S, 12, N), ``volume`` and ``turnover`` (S, 3, N), ``limit`` (S, 6, N) as ``Bar`` has them;
    ``factor`` (S, N) of the day and ``adjustment`` (S, N) their product; ``capital`` (S, N) market value in
    yen at the last price; ``listed`` (S, N); ``segment``, ``scale`` (S, N) codes; ``market`` (S,) the
    market's own move and ``tide`` (S,) its log volatility; ``statement`` (3, S, N) equity, income of four
    quarters and forecast of net profit as known at the close; ``drivers`` (S, 7, N) and ``expected`` (S, 4,
    N); ``outlook`` (S, 4) the flow that is expected to add up over each horizon.
    """

    rows: IntArray
    dates: DateArray
    prices: FloatArray
    volume: FloatArray
    turnover: FloatArray
    limit: BoolArray
    factor: FloatArray
    adjustment: FloatArray
    capital: FloatArray
    listed: BoolArray
    segment: AnyArray
    scale: AnyArray
    market: FloatArray
    tide: FloatArray
    statement: FloatArray
    drivers: AnyArray
    expected: AnyArray
    outlook: FloatArray


def new_year(rows: IntArray, dates: DateArray, N: int) -> Year:
    """A year in which nothing has happened yet."""
    S = len(rows)
    return Year(
        rows=rows,
        dates=dates,
        prices=np.full((S, 12, N), np.nan),
        volume=np.zeros((S, 3, N)),
        turnover=np.zeros((S, 3, N)),
        limit=np.zeros((S, 6, N), np.bool_),
        factor=np.ones((S, N)),
        adjustment=np.ones((S, N)),
        capital=np.full((S, N), np.nan),
        listed=np.zeros((S, N), np.bool_),
        segment=np.zeros((S, N), np.int8),
        scale=np.zeros((S, N), np.int8),
        market=np.zeros(S),
        tide=np.zeros(S),
        statement=np.full((3, S, N), np.nan),
        drivers=np.full((S, len(effects.DRIVERS), N), np.nan, np.float32),
        expected=np.full((S, len(effects.HORIZONS), N), np.nan, np.float32),
        outlook=np.zeros((S, len(effects.HORIZONS))),
    )


@dataclass(frozen=True, eq=False)
class Document:
    """What a published document does at a row: ``issue`` (M,) with its new ``equity`` and ``income`` (NaN: no
    change), the ``forecast`` of net profit and the ``surprise`` it tells."""

    issue: IntArray
    equity: FloatArray
    income: FloatArray
    forecast: FloatArray
    surprise: FloatArray


@dataclass(eq=False)
class Floor:
    """What the market carries from session to session, each (N,)."""

    hidden: FloatArray  # log price on the forward basis
    base: FloatArray  # raw base price of the session
    adjustment: FloatArray  # product of the factors so far
    drift: FloatArray  # of the next session
    segment: IntArray
    scale: IntArray


@dataclass(eq=False)
class Agenda:
    """What is bound to happen, by row."""

    night: dict[int, list[tuple[IntArray, FloatArray]]] = field(default_factory=lambda: defaultdict(list))
    day: dict[int, list[tuple[IntArray, FloatArray]]] = field(default_factory=lambda: defaultdict(list))
    documents: dict[int, list[Document]] = field(default_factory=lambda: defaultdict(list))
    splits: dict[int, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))


@dataclass(eq=False)
class Annals:
    """What is told of the whole span at its end: ``results`` batches with their ``filings``; ``splits`` (row
    of announcement, row of ex-date, issue, factor)."""

    results: list[Results] = field(default_factory=list)
    filings: list[Filings] = field(default_factory=list)
    splits: list[tuple[int, int, int, float]] = field(default_factory=list)
