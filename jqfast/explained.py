"""From relevance to what the explanation section shows: single stocks, sides, scatters, residual.

The sides are the top and the bottom decile of the forecast on each date that was explained. Market inputs
are the same for all stocks of a date and targets are relative, so relevance is read minus its date mean
(decision 21).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from jqfast.evaluate.inference import newey_west, student_reach, welch
from jqfast.evaluate.ranks import buckets
from jqfast.explain.shape import shape
from jqfast.explain.walk_forward import Relevance, demeaned
from jqfast.features.result import FeaturePanel
from jqfast.learn.walk_forward import Predictions
from jqfast.report.inputs import (
    ExplanationFacts,
    FeatureScatter,
    LegRelevance,
    MarketRelevance,
    RelevanceDeciles,
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
#: The market inputs of the study's figure 11, each under the names it can have: the market's own change, the
#: long rate, the yen, the fear index.
FOUR = (
    ("k_topix_1m", "topix_ret_20", "topix_ret_5", "topix_ret_1"),
    ("k_jgb10_1m", "k_jgb10"),
    ("k_usdjpy_1m", "usdjpy_ret_5", "usdjpy_ret_1"),
    ("k_vix_1m", "k_vix", "k_nkvi_1m"),
)
#: The representative attributes of the study's figures 8, 9 and 12.
ATTRIBUTES = (
    *("odp_revision_20", "equity_ratio", "book_to_price", "earnings_yield_forecast", "ret_20"),
    *("ret_240", "ret_720", "log_market_value", "roe_forecast", "sales_growth_forecast"),
)


class _Found(NamedTuple):
    """The explained dates: their panel rows, who was explained and the sides (R, N), relevance minus its
    date mean (R, N, F)."""

    rows: IntArray
    explained: BoolArray
    long: BoolArray
    short: BoolArray
    values: Float32Array


def explanation(
    relevance: Relevance,
    X: FeaturePanel,
    predictions: Predictions,
    *,
    horizon: int,
    epsilon: float,
    kinds: Mapping[str, str] | None = None,
    market: Sequence[str] = (),
) -> ExplanationFacts | None:
    """The explanation of the forecasts of one horizon; None when no date has enough stocks for deciles.

    Parameters
    ----------
    relevance, X, predictions : of a run
    horizon : of the forecasts that were explained
    epsilon : of the rule, to be printed
    kinds : feature -> its kind, for the sentences
    market : names of the market-wide inputs
    """
    rows = np.searchsorted(X.dates, relevance.dates)
    explained = np.asarray(np.isfinite(relevance.values).any(axis=2))
    scores = predictions.scores[predictions.horizons.index(horizon)][rows]
    group = buckets(np.where(explained, scores, np.nan), DECILES)
    centred = np.nan_to_num(demeaned(relevance), nan=0.0)
    found = _Found(rows, explained, group == DECILES - 1, group == 0, centred)
    if not found.long.any():
        return None
    order = np.argsort(-_weight(found.values, found.long | found.short), kind="stable")
    return ExplanationFacts(
        horizon=horizon,
        stocks=_stock_table(found, X, scores, order),
        legs=_legs(found, X),
        scatters=[_scatter(found, X, int(f), kinds or {}) for f in order[:SCATTERS]],
        residual=_residual(relevance, epsilon),
        demeaned=True,
        market=_market(relevance, [name for name in market if name in X.names], horizon),
        deciles=_deciles(found, X, order, market),
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
    halves = [_half_of_dates(side) for side in sides]
    dates = X.dates[found.rows]
    return LegRelevance(
        features=X.names,
        long=long.mean(axis=0),
        short=short.mean(axis=0),
        p_value=p,
        n_long=int(found.long.sum()),
        n_short=int(found.short.sum()),
        period=f"{dates[0]} – {dates[-1]}",
        long_half=halves[0],
        short_half=halves[1],
    )


def _half_of_dates(by_date: AnyArray) -> FloatArray:
    """(F,) half of the 95 % interval of the mean of (D, F) values that follow each other: what a model reads
    off a slow input one month it reads the next."""
    tests = [newey_west(series) for series in by_date.T]
    return np.array([student_reach(test.n - 1) * test.se for test in tests])


def _half_of_stocks(values: AnyArray) -> FloatArray:
    """(A,) half of the 95 % interval of the mean of (N, A) values of single stocks, missing ones left out;
    NaN for a single one."""
    n = np.isfinite(values).sum(axis=0)
    several = np.where(n > 1, n, 2)
    error = np.sqrt(np.nansum((values - np.nanmean(values, axis=0)) ** 2, axis=0) / (several - 1) / several)
    reach = np.array([student_reach(count - 1.0) for count in n])
    return np.asarray(reach * error)


def _side_means(values: AnyArray, members: BoolArray) -> FloatArray:
    """(D, F) mean over the members of each date that has some."""
    count = members.sum(axis=1)
    dates = count > 0
    sums = np.einsum("rnf,rn->rf", values[dates], members[dates].astype(np.float64))
    means: FloatArray = sums / count[dates, None]
    return means


def _scatter(found: _Found, X: FeaturePanel, f: int, kinds: Mapping[str, str]) -> FeatureScatter:
    """Figure 10: values against relevance for the stocks of both sides on all dates."""
    sides = found.long | found.short
    inputs = X.values[f][found.rows][sides]
    relevance, name = found.values[..., f][sides], X.names[f]
    # The sides are chosen by the score; how an input works is told over all explained stocks.
    everyone = found.explained
    whole = shape(X.values[f][found.rows][everyone], found.values[..., f][everyone])
    return FeatureScatter(name, inputs, relevance, found.long[sides], kinds.get(name, ""), whole)


def _market(relevance: Relevance, names: list[str], horizon: int) -> MarketRelevance | None:
    """Figure 11: long minus short of the market inputs, those of the study first, then the largest."""
    daily = relevance.daily
    if daily is None or not names or not len(daily.dates):
        return None
    place = [relevance.features.index(name) for name in names]
    by_date = (daily.mean["long"] - daily.mean["short"])[:, place]
    size = np.nan_to_num(np.nanmean(np.abs(by_date), axis=0))
    first = [next((i for i, name in enumerate(names) if name in group), -1) for group in FOUR]
    order = list(dict.fromkeys([i for i in first if i >= 0] + np.argsort(-size, kind="stable").tolist()))
    names, by_date = [names[i] for i in order], by_date[:, order]
    tests = [newey_west(series, horizon=horizon) for series in by_date.T]
    months = daily.dates.astype("datetime64[M]")
    begins = np.flatnonzero(np.append(True, months[1:] != months[:-1]))
    known = np.isfinite(by_date)
    sums = np.add.reduceat(np.where(known, by_date, 0.0), begins, axis=0)
    counts = np.add.reduceat(known.astype(np.float64), begins, axis=0)
    means = np.where(counts > 0, sums / np.maximum(counts, 1.0), np.nan)
    ends = daily.dates[np.append(begins[1:], len(months)) - 1]
    mean, t = (np.array([getattr(test, part) for test in tests]) for part in ("mean", "t"))
    return MarketRelevance(names, ends, means, mean, t)


def _deciles(
    found: _Found, X: FeaturePanel, order: IntArray, market: Sequence[str]
) -> RelevanceDeciles | None:
    """Figure 12: the date on which the market fell most, or the last one for an input by stock."""
    feature = next((name for name in FOUR[0] if name in market and name in X.names), None)
    if feature is None:
        f, place, value = int(order[0]), len(found.rows) - 1, float("nan")
    else:
        f = X.names.index(feature)
        series = np.nanmax(
            np.where(np.isfinite(X.values[f][found.rows]), X.values[f][found.rows], -np.inf), axis=1
        )
        series = np.where(np.isfinite(series) & found.long.any(axis=1), series, np.inf)
        place = int(np.argmin(series))
        value = float(series[place])
    group = buckets(np.where(found.explained[place], found.values[place, :, f], np.nan)[None], DECILES)[0]
    high, low = group == DECILES - 1, group == 0
    there = [X.names.index(name) for name in ATTRIBUTES if name in X.names and X.names.index(name) != f]
    others = [int(i) for i in order if int(i) not in (f, *there) and X.names[i] not in market]
    shown = (there + others)[:SHOWN_FEATURES] if len(there) < 3 else there
    if not high.any() or not shown:
        return None
    values = X.values[shown, found.rows[place]].astype(np.float64)
    top, bottom = (np.nanmean(values[:, side], axis=1) for side in (high, low))
    p = welch(values[:, high].T, values[:, low].T).p
    names = [X.names[i] for i in shown]
    halves = [_half_of_stocks(values[:, side].T) for side in (high, low)]
    return RelevanceDeciles(
        X.names[f], X.dates[found.rows[place]], value, names, top, bottom, p, int(high.sum()), *halves
    )


def _residual(relevance: Relevance, epsilon: float) -> Residual:
    share = np.abs(relevance.residual_share)
    share = share[np.isfinite(share)]
    if not len(share):
        return Residual(np.nan, np.nan, np.nan, epsilon=epsilon)
    median, p95, most = np.quantile(share, [0.5, 0.95, 1.0])
    return Residual(float(median), float(p95), float(most), epsilon=epsilon, n=len(share))
