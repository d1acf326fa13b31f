"""From relevance to what the explanation section shows: single stocks, sides, scatters, residual.

The sides are the top and the bottom decile of the forecast on each date that was explained. Market inputs
are the same for all stocks of a date and targets are relative, so relevance is read minus its date mean
(decision 21).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jqfast.evaluate.inference import welch
from jqfast.evaluate.ranks import buckets
from jqfast.explain.walk_forward import Relevance, demeaned
from jqfast.features.result import FeaturePanel
from jqfast.learn.walk_forward import Predictions
from jqfast.report.inputs import (
    ExplanationFacts,
    FeatureScatter,
    LegRelevance,
    Residual,
    Side,
    StockRow,
    StockTable,
)
from jqfast.types import AnyArray, BoolArray, Float32Array, FloatArray, IntArray

DECILES = 10
STOCKS_PER_SIDE = 5
SHOWN_FEATURES = 10
SCATTERS = 2


class _Found(NamedTuple):
    """The explained dates: their panel rows, the sides (R, N), relevance minus its date mean (R, N, F)."""

    rows: IntArray
    long: BoolArray
    short: BoolArray
    values: Float32Array


def explanation(
    relevance: Relevance, X: FeaturePanel, predictions: Predictions, *, horizon: int, epsilon: float
) -> ExplanationFacts | None:
    """The explanation of the forecasts of one horizon; None when no date has enough stocks for deciles."""
    rows = np.searchsorted(X.dates, relevance.dates)
    explained = np.isfinite(relevance.values).any(axis=2)
    scores = predictions.scores[predictions.horizons.index(horizon)][rows]
    group = buckets(np.where(explained, scores, np.nan), DECILES)
    centred = np.nan_to_num(demeaned(relevance), nan=0.0)
    found = _Found(rows, group == DECILES - 1, group == 0, centred)
    if not found.long.any():
        return None
    order = np.argsort(-_weight(found.values, found.long | found.short), kind="stable")
    return ExplanationFacts(
        horizon=horizon,
        stocks=_stock_table(found, X, scores, order),
        legs=_legs(found, X),
        scatters=[_scatter(found, X, int(f)) for f in order[:SCATTERS]],
        residual=_residual(relevance, epsilon),
    )


def _weight(values: AnyArray, sides: BoolArray) -> FloatArray:
    """(F,) mean absolute relevance over the stocks of both sides: how much a feature moves them apart."""
    weight: FloatArray = np.abs(values[sides]).mean(axis=0)
    return weight


def _stock_table(found: _Found, X: FeaturePanel, scores: AnyArray, order: IntArray) -> StockTable:
    """Figure 8: the stocks with the most extreme forecasts on the last date that has both sides."""
    last = int(np.flatnonzero(found.long.any(axis=1) & found.short.any(axis=1))[-1])
    features = order[:SHOWN_FEATURES]
    inputs = X.values[features, found.rows[last]]
    rows = []
    sides: tuple[tuple[Side, BoolArray, float], ...] = (
        ("long", found.long, -1.0),
        ("short", found.short, 1.0),
    )
    for side, members, sign in sides:
        stocks = np.flatnonzero(members[last])
        stocks = stocks[np.argsort(sign * scores[last, stocks], kind="stable")][:STOCKS_PER_SIDE]
        for n in stocks:
            code, score = str(X.codes[n]), float(scores[last, n])
            rows.append(StockRow(side, code, score, inputs[:, n], found.values[last, n, features]))
    return StockTable(X.dates[found.rows[last]], [X.names[f] for f in features], rows)


def _legs(found: _Found, X: FeaturePanel) -> LegRelevance:
    """Figure 9; the test compares date means, as the stocks of one date are not independent."""
    sides = [_side_means(found.values, members) for members in (found.long, found.short)]
    long, short = sides
    p = welch(long, short).p
    dates = X.dates[found.rows]
    return LegRelevance(
        features=X.names,
        long=long.mean(axis=0),
        short=short.mean(axis=0),
        p_value=p,
        n_long=int(found.long.sum()),
        n_short=int(found.short.sum()),
        period=f"{dates[0]} – {dates[-1]}",
    )


def _side_means(values: AnyArray, members: BoolArray) -> FloatArray:
    """(D, F) mean over the members of each date that has some."""
    count = members.sum(axis=1)
    dates = count > 0
    sums = np.einsum("rnf,rn->rf", values[dates], members[dates].astype(np.float64))
    means: FloatArray = sums / count[dates, None]
    return means


def _scatter(found: _Found, X: FeaturePanel, f: int) -> FeatureScatter:
    """Figure 10: values against relevance for the stocks of both sides on all dates."""
    sides = found.long | found.short
    inputs = X.values[f][found.rows][sides]
    return FeatureScatter(X.names[f], inputs, found.values[..., f][sides], found.long[sides])


def _residual(relevance: Relevance, epsilon: float) -> Residual:
    share = np.abs(relevance.residual_share)
    share = share[np.isfinite(share)]
    if not len(share):
        return Residual(np.nan, np.nan, np.nan, epsilon=epsilon)
    median, p95, most = np.quantile(share, [0.5, 0.95, 1.0])
    return Residual(float(median), float(p95), float(most), epsilon=epsilon, n=len(share))
