"""Ranks and buckets across the stocks of each date, by the engine's own sort, some rows at a time.

Everything here works row by row, so rows are cut into blocks that stay in cache and the blocks are shared
among the threads of the process; results do not depend on either.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from jqfast.features import column, cs_centred_rank, cs_rank
from jqfast.features.execute import compiled, thread_count
from jqfast.types import AnyArray, FloatArray, IntArray

#: A correlation over fewer stocks is noise.
MIN_STOCKS = 10

#: Values of a block of rows: a handful of such arrays fits into the cache of one core.
_BLOCK = 1 << 17

_VALUES, _OTHER, _GROUPS = "values", "other", "groups"
_RANKS = {False: cs_rank(column(_VALUES)), True: cs_rank(column(_VALUES), by=column(_GROUPS))}
#: Ranks of both sides among the stocks that have both: a missing number makes the sum missing.
_PAIRED = (
    cs_centred_rank(column(_VALUES) + 0.0 * column(_OTHER)),
    cs_centred_rank(column(_OTHER) + 0.0 * column(_VALUES)),
)

R = TypeVar("R")


def over_rows(function: Callable[[slice], R], rows: int, width: int) -> list[R]:
    """``function`` of every block of rows, in order; blocks run on all threads of the process."""
    size = max(1, _BLOCK // max(width, 1))
    blocks = [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
    threads = min(thread_count(None), len(blocks))
    if threads < 2:
        return [function(block) for block in blocks]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, blocks))


def rank_rows(x: AnyArray, groups: AnyArray | None = None) -> FloatArray:
    """Ranks 1..count of the finite values of each row, ties averaged, NaN elsewhere.

    Parameters
    ----------
    x : (T, N)
    groups : (T, N) of whole numbers; ranks are then within the stocks of one group, and a stock whose group
        is negative has none

    Returns
    -------
    (T, N) float64, whole and half numbers
    """
    values = np.asarray(x)
    ranks = np.empty(values.shape)

    def block(rows: slice) -> None:
        ranks[rows] = ranks_of(values[rows], None if groups is None else groups[rows])

    over_rows(block, *values.shape)
    return ranks


def ranks_of(x: AnyArray, groups: AnyArray | None = None) -> FloatArray:
    """`rank_rows` of one block of rows, on the caller's thread."""
    from jqfast import _core

    values = np.ascontiguousarray(x, dtype=np.float64)
    ranks = np.empty(values.shape)
    if values.size == 0:
        return ranks
    plan, program = compiled((_RANKS[groups is not None],))
    columns = {_VALUES: values}
    if groups is not None:
        columns[_GROUPS] = np.where(groups < 0, np.nan, groups).astype(np.float64)
    inputs = [columns[part.name] for part in plan.inputs]
    _core.run(program, inputs, np.arange(len(values)), ranks[None], "feature", 1)
    ranks *= 2.0 * _count(ranks, groups)
    return np.multiply(np.rint(ranks, out=ranks), 0.5, out=ranks)  # a share times its count is a half number


def paired_ranks(x: AnyArray, y: AnyArray) -> FloatArray:
    """(2, R, N) ranks of both sides over the pairs of each row, centred and scaled alike, NaN elsewhere."""
    from jqfast import _core

    columns = {
        name: np.ascontiguousarray(values, dtype=np.float64) for name, values in ((_VALUES, x), (_OTHER, y))
    }
    plan, program = compiled(_PAIRED)
    ranks = np.empty((2, *x.shape))
    if x.size:
        inputs = [columns[part.name] for part in plan.inputs]
        _core.run(program, inputs, np.arange(len(x)), ranks, "feature", 1)
    return ranks


def _count(shares: FloatArray, groups: AnyArray | None) -> FloatArray:
    """Values with a share per row, (R, 1), or per row and group at the place of each stock, (R, N)."""
    present = np.isfinite(shares)
    if groups is None:
        return np.asarray(present.sum(axis=1, keepdims=True, dtype=np.float64))
    cell = cells(groups, most := int(groups.max(initial=0)) + 1)
    counts = np.bincount(cell[present], minlength=len(groups) * most)
    return np.where(present, counts[np.where(present, cell, 0)], 0.0)


def cells(groups: AnyArray, most: int) -> IntArray:
    """A number for each row and group: row x ``most`` + group."""
    cell: IntArray = np.arange(len(groups))[:, None] * most + groups
    return cell


def sums(cell: IntArray, values: AnyArray, total: int) -> FloatArray:
    """(total,) sums of the values of each cell."""
    return np.bincount(cell, values, total).astype(np.float64, copy=False)


def buckets(scores: AnyArray, n: int = 10, *, min_stocks: int | None = None) -> IntArray:
    """The bucket of each score on its date: 0 (lowest) to n - 1 (highest), -1 for none.

    Notes
    -----
    floor(n (rank - 1/2) / count) with average ranks over the finite scores of the date: equal scores share a
    bucket, and neither the order of the stocks nor missing ones matter. Dates with fewer than ``min_stocks``
    (None: ``max(MIN_STOCKS, n)``) finite scores have no buckets.
    """
    values, fewest = np.asarray(scores), fewest_stocks(n, min_stocks)
    group = np.empty(values.shape, dtype=np.int64)

    def block(rows: slice) -> None:
        group[rows] = buckets_of(values[rows], n, fewest)

    over_rows(block, *values.shape)
    return group


def fewest_stocks(n: int, min_stocks: int | None) -> int:
    """The fewest scored stocks of a date for ``n`` buckets; refuses what makes no buckets."""
    if n < 2:
        raise ValueError(f"`n` must be at least 2 buckets; got {n}.")
    fewest = max(MIN_STOCKS, n) if min_stocks is None else min_stocks
    if fewest < n:
        raise ValueError(f"`min_stocks` must be at least the number of buckets, {n}; got {fewest}.")
    return fewest


def buckets_of(scores: AnyArray, n: int, fewest: int) -> IntArray:
    """`buckets` of one block of rows, on the caller's thread."""
    return bucket_of(ranks_of(scores), n, fewest)


def bucket_of(ranks: FloatArray, n: int, fewest: int) -> IntArray:
    """The bucket of each rank of its row, -1 without one or where a row has fewer than ``fewest``."""
    present = np.isfinite(ranks)
    count = present.sum(axis=1, keepdims=True)
    valid = present & (count >= fewest)
    position = np.where(valid, (ranks - 0.5) / np.maximum(count, 1), 0.0)
    group: IntArray = np.where(valid, np.floor(n * position).astype(np.int64), -1)
    return group
