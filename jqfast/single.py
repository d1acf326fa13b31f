"""Why a stock was ranked where it was on a day of a finished run: the facts behind ``jqfast explain``.

1. read the run: features, predictions, the models that made them
2. explain all stocks of the date by the very model that predicted them, an ensemble by all its members
3. take the mean of the date off every relevance (decision 21): what is left ranks the stock
4. compute the inputs' values before normalisation, and what sector and neighbours got
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jqfast import members
from jqfast.data.codes import place_of
from jqfast.errors import DataGapError
from jqfast.explain.shape import shape
from jqfast.explain.walk_forward import Relevance, demeaned, walk_forward_relevance
from jqfast.features.declare import Feature
from jqfast.features.describe import worded
from jqfast.finished import Finished, open_run, values_on
from jqfast.formulas import declared
from jqfast.learn.dataset import sequence_rows
from jqfast.report.stock_inputs import InputFacts, PeerFacts, StockFacts
from jqfast.types import AnyArray, FloatArray, IntArray

#: Peers shown besides the stock, and inputs whose relevance is shown for them.
PEERS, SHOWN = 8, 6


class _Day(NamedTuple):
    """One date of a run: what every stock got. ``relevance`` is minus the mean of the date."""

    row: int
    scores: FloatArray  # (N,) NaN where there was no forecast
    relevance: FloatArray  # (N, F)
    residual: FloatArray  # (N,) minus the mean of the date
    kept: float
    raw: FloatArray  # (F, N)
    inputs: Mapping[str, Feature]


def explain_stock(
    folder: str | Path, *, code: str, date: Any, horizon: int | None = None, threads: int | None = None
) -> StockFacts:
    """Why a stock was ranked where it was.

    Parameters
    ----------
    folder : of a finished run
    code : of the stock; four characters find their code of five
    date : a session that the run forecast, ``YYYY-MM-DD``
    horizon : one of the run's; None for the traded one
    threads : None for those of the run's configuration

    Returns
    -------
    StockFacts; ``jqfast.report.stock.sentences`` and ``page`` put it into words

    Raises
    ------
    FileNotFoundError, DataGapError
        If there is no finished run, its data are gone, or the stock has no forecast on that date.
    ValueError
        If code, date or horizon is none of the run's (the message names the closest), or LRP has no rules for
        the model.
    """
    run = open_run(folder)
    if why_not := members.why_unexplained(run.config):
        raise ValueError(why_not)
    chosen = run.config.portfolio.horizon if horizon is None else horizon
    row, stock = _row(run, date), place_of(run.X.codes, code)
    day = _day(run, row, chosen, threads or run.config.threads)
    if not np.isfinite(day.scores[stock]):
        raise DataGapError(
            f"`{run.X.codes[stock]}` has no forecast on {run.X.dates[row]}: it was not in the universe, or "
            "none of its features was known."
        )
    return _facts(run, day, stock, chosen)


def _row(run: Finished, date: Any) -> int:
    """The row of a forecast session."""
    try:
        day = np.datetime64(date, "D")
    except ValueError:
        raise ValueError(f"`date` must be a date such as 2024-05-10; got {date!r}.") from None
    known = run.X.dates[run.predictions.fold_of_row >= 0]
    place = int(np.searchsorted(known, day))
    if place == len(known) or known[place] != day:
        near = ", ".join(str(each) for each in known[max(0, place - 1) : place + 1])
        raise ValueError(
            f"`date` must be a session that the run forecast, {known[0]} to {known[-1]}; got {day}. "
            f"Near: {near}."
        )
    return int(np.searchsorted(run.X.dates, day))


def _day(run: Finished, row: int, horizon: int, threads: int | None) -> _Day:
    """Relevance and values of all stocks of one date."""
    length = members.sequence_length(run.config)
    is_session = run.panel.is_session[: len(run.X.dates)]
    relevance = walk_forward_relevance(
        run.X,
        run.predictions,
        members.folders(run.folder / "models", run.config),
        horizon=horizon,
        rows=[row],
        epsilon=run.config.explain.epsilon,
        daily=False,
        history=sequence_rows(is_session, length) if length else None,
        threads=threads,
    )
    scores = run.predictions.scores[run.predictions.horizons.index(horizon), row].astype(np.float64)
    lost, kept = _lost(relevance)
    centred = demeaned(relevance)[0].astype(np.float64)
    return _Day(
        row,
        scores,
        centred,
        lost - np.nanmean(lost),
        kept,
        _raw(run, row),
        declared(run.X.names, run.config.features.own),
    )


def _lost(relevance: Relevance) -> tuple[FloatArray, float]:
    """(N,) what biases and stabiliser kept of each forecast, and their share of the forecasts, by size."""
    prediction = np.asarray(relevance.prediction)[0].astype(np.float64)
    lost = prediction - relevance.values[0].sum(axis=1, dtype=np.float64)
    begun = float(np.nansum(np.abs(prediction)))
    return lost, float(np.nansum(np.abs(lost))) / begun if begun > 0 else float("nan")


def _raw(run: Finished, row: int) -> FloatArray:
    """(F, N) values before normalisation on one date."""
    inputs = declared(run.X.names, run.config.features.own)
    return values_on(run.panel, inputs, row, threads=run.config.threads)[:, run.stocks]


def _facts(run: Finished, day: _Day, stock: int, horizon: int) -> StockFacts:
    known = np.isfinite(day.scores)
    order = np.flatnonzero(known)[np.argsort(-day.scores[known], kind="stable")]
    rank = {int(n): place + 1 for place, n in enumerate(order)}
    sector, mates = _sector(run, day.row, stock)
    mates = mates[known[mates]]
    largest = np.argsort(-np.abs(day.relevance[stock]), kind="stable")
    top = largest[:SHOWN]
    peers = [
        PeerFacts(
            str(run.X.codes[n]), float(day.scores[n]), rank[int(n)], tuple(day.relevance[n, top].tolist())
        )
        for n in _peers(order, mates, stock)
    ]
    return StockFacts(
        code=str(run.X.codes[stock]),
        date=str(run.X.dates[day.row]),
        horizon=horizon,
        unit=run.config.labels.unit,
        score=float(day.scores[stock]),
        mean=float(day.scores[known].mean()),
        deviation=float(day.scores[known].std()),
        rank=rank[stock],
        stocks=len(order),
        residual=float(day.residual[stock]),
        kept=day.kept,
        inputs=[_input(run, day, stock, int(f), mates) for f in largest],
        sector=sector,
        peers=peers,
        shown=[run.X.names[f] for f in top],
        model=run.predictions.folds[run.predictions.fold_of_row[day.row]],
        members=len(members.models(run.folder / "models", run.config)),
        source=run.panel.info.source,
    )


def _input(run: Finished, day: _Day, stock: int, f: int, mates: IntArray) -> InputFacts:
    name = run.X.names[f]
    feature = day.inputs[name]
    raw = day.raw[f]
    others = mates[mates != stock]
    values = run.X.values[f, day.row]
    return InputFacts(
        name=name,
        meaning=worded(feature),
        kind=feature.kind,
        unit=feature.unit,
        raw=float(raw[stock]),
        value=float(values[stock]),
        below=_below(raw, stock),
        relevance=float(day.relevance[stock, f]),
        sector=float(day.relevance[others, f].mean()) if len(others) else float("nan"),
        shape=shape(values, day.relevance[:, f]),
    )


def _below(raw: AnyArray, stock: int) -> float:
    """Share of the other stocks with a smaller value, ties half; NaN where none or all have the same."""
    others = np.delete(raw, stock)
    others = others[np.isfinite(others)]
    if not np.isfinite(raw[stock]) or not len(others) or (others == raw[stock]).all():
        return float("nan")
    return float((others < raw[stock]).mean() + (others == raw[stock]).mean() / 2)


def _sector(run: Finished, row: int, stock: int) -> tuple[str, IntArray]:
    """Name of the stock's sector on the date and all its stocks; empty where none is known."""
    if "sector33" not in run.panel.categories:
        return "", np.empty(0, dtype=np.int64)
    sectors = run.panel["sector33"][row, run.stocks]
    if sectors[stock] < 0:
        return "", np.empty(0, dtype=np.int64)
    mates: IntArray = np.flatnonzero(sectors == sectors[stock])
    return str(run.panel.categories["sector33"][sectors[stock]]), mates


def _peers(order: IntArray, mates: IntArray, stock: int) -> IntArray:
    """The stocks nearest by rank among those of the sector, or among all where it has no others; by rank."""
    among = order[np.isin(order, mates)] if len(mates) > 1 else order
    place = int(np.flatnonzero(among == stock)[0])
    first = max(0, min(place - PEERS // 2, len(among) - PEERS - 1))
    return among[first : first + PEERS + 1]
