"""Correlations across the stocks of each date, or of each group of stocks on each date.

In: two (T, N) arrays, and whole numbers that say which group a stock belongs to on a date. Out: (T, G)
correlations and the pairs they are made of.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from jqfast.evaluate.ranks import cells, over_rows, paired_ranks, ranks_of, sums
from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

Kind = Literal["ic", "rank_ic"]

#: Deviations below this share of the values' size are rounding noise of equal values.
_CONSTANT = 1e-12


class Correlations(NamedTuple):
    """(T, G) correlations, NaN with too few pairs or constant values, and the number of pairs."""

    values: FloatArray
    pairs: IntArray


def correlations(
    scores: AnyArray,
    returns: AnyArray,
    kind: Kind,
    *,
    min_stocks: int,
    groups: AnyArray | None = None,
    count: int = 1,
) -> Correlations:
    """Pearson (``"ic"``) or Spearman (``"rank_ic"``) correlation of each date, or of its groups.

    Parameters
    ----------
    scores, returns : (T, N); a pair counts when both are finite
    min_stocks : fewest pairs for a correlation, at least 2
    groups : (T, N) whole numbers from 0 to ``count`` - 1, negative for none; ranks are within the group
    count : number of groups

    Raises
    ------
    ValueError
        If shapes differ or ``min_stocks`` is below 2.
    """
    if min_stocks < 2:
        raise ValueError(f"`min_stocks` must be at least 2 for a correlation; got {min_stocks}.")
    x, y = same_shape(scores, returns)
    result = Correlations(np.empty((len(x), count)), np.empty((len(x), count), dtype=np.int64))

    def block(rows: slice) -> None:
        if groups is None and kind == "rank_ic":
            values, pairs = _of_ranks(x[rows], y[rows], min_stocks)
            result.values[rows], result.pairs[rows] = values[:, None], pairs[:, None]
            return
        parts = _prepared(x[rows], y[rows], kind, None if groups is None else groups[rows])
        if groups is None:
            values, pairs = _by_row(*parts, min_stocks)
            result.values[rows], result.pairs[rows] = values[:, None], pairs[:, None]
        else:
            result.values[rows], result.pairs[rows] = _by_cell(*parts, groups[rows], count, min_stocks)

    over_rows(block, *x.shape)
    return result


def same_shape(scores: AnyArray, returns: AnyArray) -> tuple[AnyArray, AnyArray]:
    """Both as (T, N) arrays."""
    x, y = np.asarray(scores), np.asarray(returns)
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(
            "`scores` and `returns` must both be (dates, stocks) arrays of one shape; "
            f"got {x.shape} and {y.shape}."
        )
    return x, y


def _prepared(
    x: AnyArray, y: AnyArray, kind: Kind, groups: AnyArray | None
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """What is correlated, 0 where there is no pair, and where there is one."""
    pairs = np.isfinite(x) & np.isfinite(y)
    if groups is not None:
        pairs &= groups >= 0
    if kind == "rank_ic":
        x, y = (ranks_of(np.where(pairs, values, np.nan), groups) for values in (x, y))
    x, y = (np.where(pairs, values, 0.0).astype(np.float64, copy=False) for values in (x, y))
    return x / _largest(x), y / _largest(y), pairs


def _of_ranks(x: AnyArray, y: AnyArray, min_stocks: int) -> tuple[FloatArray, IntArray]:
    """(R,) rank correlations of rows; ranks come centred, so that one pass is enough."""
    first, second = paired_ranks(x, y)
    count = np.isfinite(first).sum(axis=1)
    for side in (first, second):
        np.copyto(side, 0.0, where=np.isnan(side))
    var_x, var_y = np.einsum("tn,tn->t", first, first), np.einsum("tn,tn->t", second, second)
    return _ratio(np.einsum("tn,tn->t", first, second), var_x, var_y, count, min_stocks), count


def _by_row(x: FloatArray, y: FloatArray, pairs: BoolArray, min_stocks: int) -> tuple[FloatArray, IntArray]:
    """(R,) correlations of rows, in two passes."""
    count = pairs.sum(axis=1)
    safe = np.maximum(count, 1)[:, None]
    x = np.where(pairs, x - x.sum(axis=1, keepdims=True) / safe, 0.0)
    y = np.where(pairs, y - y.sum(axis=1, keepdims=True) / safe, 0.0)
    var_x, var_y = np.einsum("tn,tn->t", x, x), np.einsum("tn,tn->t", y, y)
    return _ratio(np.einsum("tn,tn->t", x, y), var_x, var_y, count, min_stocks), count


def _by_cell(
    x: FloatArray, y: FloatArray, pairs: BoolArray, groups: AnyArray, count: int, min_stocks: int
) -> tuple[FloatArray, IntArray]:
    """(R, G) correlations of the groups of rows, in two passes."""
    cell, total = cells(groups, count)[pairs], len(x) * count
    x, y = x[pairs], y[pairs]
    number = np.bincount(cell, minlength=total)
    safe = np.maximum(number, 1)
    x = x - (sums(cell, x, total) / safe)[cell]
    y = y - (sums(cell, y, total) / safe)[cell]
    products = [sums(cell, values, total) for values in (x * y, x * x, y * y)]
    shape = (-1, count)
    return _ratio(products[0], products[1], products[2], number, min_stocks).reshape(shape), number.reshape(
        shape
    )


def _ratio(
    product: FloatArray, var_x: FloatArray, var_y: FloatArray, count: IntArray, min_stocks: int
) -> FloatArray:
    """Covariance over deviations, NaN where it says nothing."""
    floor = (_CONSTANT**2) * count
    valid = (count >= min_stocks) & (var_x > floor) & (var_y > floor)
    scale = np.where(valid, np.sqrt(var_x * var_y), 1.0)
    return np.where(valid, np.clip(product / scale, -1.0, 1.0), np.nan)


def _largest(x: FloatArray) -> FloatArray:
    """(R, 1) largest size of each row's values, 1 where all are 0: dividing by it keeps squares in range."""
    size = np.abs(x).max(axis=1, initial=0.0, keepdims=True)
    return np.where(size > 0.0, size, 1.0)
