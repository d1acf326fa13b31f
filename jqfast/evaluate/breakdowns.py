"""Where the correlation comes from: by sector, size, state of the market and year, and how it fades.

Every part is a series per date with gaps, and gets the same figures: mean, ratio, Newey-West t over its own
dates (dates outside add nothing, and those around them do not become neighbours), and the interval of one
bootstrap of whole dates that all parts share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jqfast.evaluate.correlations import Correlations, Kind, correlations
from jqfast.evaluate.inference import newey_west
from jqfast.evaluate.ranks import MIN_STOCKS
from jqfast.evaluate.resample import Draws, draw
from jqfast.learn.labels import Unit
from jqfast.types import AnyArray, BoolArray, DateArray, FloatArray, IntArray

#: Fewest stocks of a sector or size bucket on a date; noisy there, but the mean over dates is not biased.
GROUP_STOCKS = 5

_KINDS: tuple[Kind, Kind] = ("ic", "rank_ic")


class Estimate(NamedTuple):
    """A mean over dates: Newey-West ``t``, ``ir`` (mean / deviation), and the bootstrap intervals of both."""

    mean: float
    t: float
    ir: float
    low: float
    high: float
    ir_low: float = math.nan
    ir_high: float = math.nan


@dataclass(frozen=True)
class Part:
    """The correlations of one part of the stocks or dates.

    Parameters
    ----------
    name : of the part
    n_dates : dates with a RankIC
    stocks : mean number of pairs on those dates
    win_rate : share of those dates with a RankIC above 0
    ic, rank_ic : Estimate
    win_low, win_high : bootstrap interval of the share
    """

    name: str
    n_dates: int
    stocks: float
    win_rate: float
    ic: Estimate
    rank_ic: Estimate
    win_low: float = math.nan
    win_high: float = math.nan


class Both(NamedTuple):
    """IC and RankIC per date, (T, K) each."""

    ic: Correlations
    rank_ic: Correlations


def both(
    scores: AnyArray,
    returns: AnyArray,
    *,
    groups: AnyArray | None = None,
    count: int = 1,
    min_stocks: int = MIN_STOCKS,
) -> Both:
    """IC and RankIC per date and group; arguments and errors as :func:`correlations`."""
    return Both(
        *(
            correlations(scores, returns, kind, min_stocks=min_stocks, groups=groups, count=count)
            for kind in _KINDS
        )
    )


def by_stock(
    scores: AnyArray, returns: AnyArray, groups: AnyArray, names: Sequence[str], draws: Draws, *, horizon: int
) -> tuple[Part, ...]:
    """IC and RankIC within groups of stocks.

    Parameters
    ----------
    scores, returns : (T, N)
    groups : (T, N) place of each stock's group in ``names``, as known on the date; negative for none
    names : of the groups
    draws : of T dates
    horizon : sessions of the returns

    Returns
    -------
    A Part per group, in the order of ``names``; both sides are ranked within the group.
    """
    found = both(scores, returns, groups=groups, count=len(names), min_stocks=GROUP_STOCKS)
    return parts(found, names, draws, horizon=horizon)


def by_date(
    whole: Both, labels: AnyArray, names: Sequence[str], draws: Draws, *, horizon: int
) -> tuple[Part, ...]:
    """IC and RankIC of groups of dates.

    Parameters
    ----------
    whole : correlations of all stocks, (T, 1)
    labels : (T,) place of each date's group in ``names``, negative for none
    names, draws, horizon : as :func:`by_stock`
    """
    mask = labels[:, None] == np.arange(len(names))
    split = [
        Correlations(np.where(mask, found.values, np.nan), np.where(mask, found.pairs, 0)) for found in whole
    ]
    return parts(Both(*split), names, draws, horizon=horizon)


def by_year(whole: Both, dates: DateArray, draws: Draws, *, horizon: int) -> tuple[Part, ...]:
    """IC and RankIC of each calendar year that has a date with one."""
    year = dates.astype("datetime64[Y]")
    years = np.unique(year[np.isfinite(whole.rank_ic.values[:, 0])])
    labels = np.where(np.isin(year, years), np.searchsorted(years, year), -1)
    return by_date(whole, labels, [str(y) for y in years], draws, horizon=horizon)


def decay(
    scores: AnyArray,
    returns: AnyArray,
    is_session: BoolArray,
    delays: Sequence[int],
    draws: Draws,
    *,
    horizon: int,
) -> tuple[Part, ...]:
    """How much of a score is left when its return begins some sessions later.

    Parameters
    ----------
    scores, returns : (T, N), rows in time order; ``returns`` of each row as the labels are
    is_session : (T,) bool; other rows are stepped over
    delays : sessions between the decision and the decision whose return is judged, from 0
    draws, horizon : as :func:`by_stock`

    Returns
    -------
    A Part per delay; a delay of 0 is the plain IC and RankIC.
    """
    if any(delay < 0 for delay in delays):
        raise ValueError(f"`delays` must be 0 or more sessions; got {list(delays)}.")
    rows = np.flatnonzero(is_session)
    shape = (len(scores), len(delays))
    found = Both(*(Correlations(np.full(shape, np.nan), np.zeros(shape, np.int64)) for _ in _KINDS))
    for k, delay in enumerate(delays):
        at, later = rows[: max(len(rows) - delay, 0)], rows[delay:]
        shifted = both(scores[at], returns[later])
        for whole, part in zip(found, shifted, strict=True):
            whole.values[at, k], whole.pairs[at, k] = part.values[:, 0], part.pairs[:, 0]
    return parts(found, [str(delay) for delay in delays], draws, horizon=horizon)


def parts(found: Both, names: Sequence[str], draws: Draws, *, horizon: int) -> tuple[Part, ...]:
    """The figures of each column."""
    estimates = [_estimates(kind.values, draws, horizon) for kind in found]
    present = np.isfinite(found.rank_ic.values)
    n = present.sum(axis=0)
    stocks = np.where(present, found.rank_ic.pairs, 0).sum(axis=0) / np.maximum(n, 1)
    won = np.where(present, found.rank_ic.values > 0, np.nan)
    positive = np.nansum(won, axis=0) / np.where(n > 0, n, np.nan)
    drawn = draws.means(won)
    wins = [draws.interval(positive[k], drawn[:, k], int(n[k])) for k in range(len(names))]
    return tuple(
        Part(
            name,
            int(n[k]),
            float(stocks[k]),
            float(positive[k]),
            estimates[0][k],
            estimates[1][k],
            wins[k].low,
            wins[k].high,
        )
        for k, name in enumerate(names)
    )


def _estimates(values: FloatArray, draws: Draws, horizon: int) -> list[Estimate]:
    """Of each column of (T, K) correlations."""
    drawn = draws.means(values)
    ratios = drawn / _deviations(values, drawn, draws)
    found = []
    for k, column in enumerate(values.T):
        test = newey_west(column, horizon=horizon, gaps="keep")
        known = column[np.isfinite(column)]
        deviation = float(known.std(ddof=1)) if len(known) > 1 else 0.0
        interval = draws.interval(test.mean, drawn[:, k], len(known))
        ratio = test.mean / deviation if deviation > 0 else np.nan
        ratio_interval = draws.interval(ratio, ratios[:, k], len(known))
        found.append(
            Estimate(
                test.mean,
                test.t,
                ratio,
                interval.low,
                interval.high,
                ratio_interval.low,
                ratio_interval.high,
            )
        )
    return found


def _deviations(values: FloatArray, means: FloatArray, draws: Draws) -> FloatArray:
    """(D, K) standard deviations, ddof 1, of the drawn dates of (T, K) values; NaN where they do not vary."""
    present = np.isfinite(values)
    n = np.maximum(present.sum(axis=0), 2)
    variance = (draws.means(values**2) - means**2) * n / (n - 1)
    return np.asarray(np.sqrt(np.where(variance > 1e-12 * means**2, variance, np.nan)))


def date_spacing(rows: IntArray, is_session: BoolArray) -> float:
    """Sessions from one judged date to the next, in the median: 1 for daily scores, 5 for weekly ones."""
    steps = np.diff(np.cumsum(is_session)[rows])
    return max(float(np.median(steps)), 1.0) if len(steps) else 1.0


def block_length(n: int, horizon: int, unit: Unit = "session", *, spacing: float = 1.0) -> float:
    """Mean length, in dates, of the blocks of n dates: as long as returns overlap, a month at least, and not
    below the cube root of n; ``spacing`` is the number of sessions from one date to the next."""
    month = 20 if unit == "session" else 1
    return float(max(math.ceil(max(horizon, month) / spacing), math.ceil(n ** (1 / 3))))


def date_draws(
    n: int, horizon: int, unit: Unit = "session", *, spacing: float = 1.0, draws: int = 1000, seed: int = 0
) -> Draws:
    """Draws of n dates in blocks long enough for returns over ``horizon`` sessions or months."""
    return draw(n, block=block_length(n, horizon, unit, spacing=spacing), draws=draws, seed=seed)
