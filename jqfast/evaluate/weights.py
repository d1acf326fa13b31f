"""From scores to orders: which stocks each side wants, and with what share of its capital.

In: the scores of C decisions. Out: the orders of the long and of the short side, listed by decision and
stock, since a decile of the stocks is all there is to keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from jqfast.evaluate.ranks import bucket_of, cells, fewest_stocks, over_rows, ranks_of, sums
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from jqfast.evaluate.portfolio import PortfolioConfig

Weighting = Literal["equal", "rank", "inverse_volatility"]
Neutral = Literal["none", "sector"]

#: A volatility below this share of the date's median counts as that share: no stock takes over the book.
_CALMEST = 0.25


class Orders(NamedTuple):
    """P orders of one side, ascending by decision and stock: ``weight`` (P,) share of the side's capital."""

    decision: IntArray
    stock: IntArray
    weight: FloatArray


class Known(NamedTuple):
    """What decisions use besides scores, each (C, N): deviation of daily returns, sector (negative: none),
    stocks that can be sold short; None where not asked for.
    """

    volatility: FloatArray
    sector: AnyArray | None = None
    shortable: BoolArray | None = None


def orders(scores: AnyArray, config: PortfolioConfig, known: Known) -> tuple[Orders, Orders]:
    """The orders of the long and the short side of C decisions.

    Notes
    -----
    ``equal``: 1 for each stock of the top (bottom) bucket; ``inverse_volatility``: one over the deviation of
    its daily returns, and none for a stock without one; ``rank``: distance of the rank from the middle, for
    all stocks of the better (worse) half. ``sector``: buckets and ranks are within sectors, each sector gets
    the same share of both sides, its share of the scored stocks; where a sector has fewer stocks than there
    are buckets its best and its worst stock stand for it. Weights of a side sum to 1.
    """
    fewest = fewest_stocks(config.buckets, config.min_stocks)

    def block(rows: slice) -> tuple[Orders, Orders]:
        part = Known(
            known.volatility[rows],
            None if known.sector is None else known.sector[rows],
            None if known.shortable is None else known.shortable[rows],
        )
        return _sides(scores[rows], config, part, fewest, rows.start)

    found = over_rows(block, *scores.shape)
    long, short = (_joined([pair[side] for pair in found]) for side in (0, 1))
    return long, short


def _joined(blocks: list[Orders]) -> Orders:
    if not blocks:
        return Orders(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    return Orders(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def _sides(
    scores: AnyArray, config: PortfolioConfig, known: Known, fewest: int, first: int
) -> tuple[Orders, Orders]:
    """Both sides of some decisions, the first of which is number ``first``."""
    values = np.where(np.isfinite(scores), scores, np.nan)
    enough = np.isfinite(values).sum(axis=1, keepdims=True) >= fewest
    values = np.where(enough, values, np.nan)
    if known.sector is not None:
        values = np.where(known.sector >= 0, values, np.nan)
    ranks = ranks_of(values, known.sector)
    middle = 0.5 * (_size(ranks, known.sector) + 1.0)
    top, bottom = _chosen(ranks, middle, config, fewest)
    if known.shortable is not None:
        bottom &= known.shortable
    size = _magnitude(ranks - middle, config.weights, known.volatility)
    sides = [np.where(side & (size > 0), size, 0.0) for side in (top, bottom)]
    share = _sector_share(ranks, sides, known.sector)
    return (
        _listed(_normalised(sides[0], known.sector, share), first),
        _listed(_normalised(sides[1], known.sector, share), first),
    )


def _chosen(
    ranks: FloatArray, middle: FloatArray, config: PortfolioConfig, fewest: int
) -> tuple[BoolArray, BoolArray]:
    """The stocks that either side wants."""
    if config.weights == "rank":
        return ranks > middle, ranks < middle
    if config.neutral == "none":
        group = bucket_of(ranks, config.buckets, fewest)
        return group == config.buckets - 1, group == 0
    count = 2.0 * middle - 1.0
    k = np.minimum(np.maximum(1.0, np.rint(count / config.buckets)), np.floor(count / 2.0))
    return ranks > count - k + 0.5, ranks < k + 0.5


def _magnitude(distance: FloatArray, weights: Weighting, volatility: FloatArray) -> FloatArray:
    """Weights before they are made to sum to 1; 0 or NaN for none."""
    if weights == "equal":
        return np.ones(distance.shape)
    if weights == "rank":
        return np.abs(distance)
    known = np.isfinite(volatility) & np.isfinite(distance)
    rows = known.any(axis=1)
    floor = np.full((len(volatility), 1), np.nan)
    floor[rows, 0] = _CALMEST * np.nanmedian(np.where(known[rows], volatility[rows], np.nan), axis=1)
    held = np.fmax(volatility, floor)
    positive = known & (held > 0)
    return np.where(positive, 1.0 / np.where(positive, held, 1.0), 0.0)


def _size(ranks: FloatArray, sector: AnyArray | None) -> FloatArray:
    """Number of ranked stocks of the row (R, 1), or of each stock's sector in it (R, N)."""
    present = np.isfinite(ranks)
    if sector is None:
        return np.asarray(present.sum(axis=1, keepdims=True, dtype=np.float64))
    return _per_sector(present.astype(np.float64), sector)


def _per_sector(values: FloatArray, sector: AnyArray) -> FloatArray:
    """(R, N) sum of the values of each stock's sector in its row; 0 without a sector."""
    count = int(sector.max(initial=0)) + 1
    place = np.where(sector >= 0, cells(sector, count), 0)
    inside = sector >= 0
    total = sums(place[inside], values[inside], len(sector) * count)
    return np.where(inside, total[place], 0.0)


def _sector_share(ranks: FloatArray, sides: list[FloatArray], sector: AnyArray | None) -> FloatArray:
    """Share of each side that the sector of a stock gets: 1 where sectors do not matter."""
    if sector is None:
        return np.ones((len(ranks), 1))
    served = np.ones(ranks.shape, dtype=np.bool_)
    for side in sides:
        served &= _per_sector(side, sector) > 0
    counted = (np.isfinite(ranks) & served).astype(np.float64)
    total = counted.sum(axis=1, keepdims=True)
    return np.where(served, _per_sector(counted, sector) / np.maximum(total, 1.0), 0.0)


def _normalised(side: FloatArray, sector: AnyArray | None, share: FloatArray) -> FloatArray:
    """Weights that sum to the share of their sector, or to 1."""
    total = side.sum(axis=1, keepdims=True) if sector is None else _per_sector(side, sector)
    positive = total > 0
    return np.asarray(np.where(positive, side / np.where(positive, total, 1.0) * share, 0.0))


def _listed(weights: FloatArray, first: int) -> Orders:
    decision, stock = np.nonzero(weights > 0)
    return Orders(decision + first, stock, weights[decision, stock])
