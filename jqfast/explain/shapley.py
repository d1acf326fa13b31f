"""Sampled Shapley values of groups of inputs: what a model owes to each, the measure LRP is held against.

A group is absent when its inputs are those of another stock of the same date, so that a market-wide input is
never absent and what is compared is what ranks stocks (decision 22).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jqfast.explain.aggregate import InputGroups
from jqfast.explain.attributions import Predict
from jqfast.types import AnyArray, FloatArray, IntArray


class Shapley(NamedTuple):
    """(S, G) values and their standard errors over the draws."""

    values: FloatArray
    errors: FloatArray


def others_of_the_date(dates: AnyArray, rng: np.random.Generator) -> IntArray:
    """For each sample another one of its date, uniformly; itself where it is alone."""
    _, date, size = np.unique(dates, return_inverse=True, return_counts=True)
    order = np.argsort(date, kind="stable")
    first = np.cumsum(size) - size
    rank = np.empty(len(date), dtype=np.int64)
    rank[order] = np.arange(len(date)) - first[date[order]]
    step = 1 + (rng.random(len(date)) * (size[date] - 1)).astype(np.int64)
    chosen: IntArray = order[first[date] + (rank + step) % size[date]]
    return chosen


def shapley(
    predict: Predict, x: AnyArray, groups: InputGroups, dates: AnyArray, *, draws: int = 32, seed: int = 0
) -> Shapley:
    """Shapley values of the groups by walks over random orders (Castro et al. 2009).

    Parameters
    ----------
    predict : inputs (S, ...) -> predictions (S,)
    x : (S, I) or (S, L, I) model inputs
    groups : of the I inputs
    dates : (S,) the date of each sample
    draws : walks, an even number: each order is also walked backwards with the same absent sample, which
        takes most of the noise of the order away
    seed : of the orders and of the absent samples

    Returns
    -------
    Shapley. Per walk the values sum to the prediction minus that of the absent sample; a group that the model
    does not read gets exactly 0.
    """
    if draws < 2 or draws % 2:
        raise ValueError(f"`draws` must be an even number >= 2; got {draws}.")
    values = np.asarray(x)
    rng = np.random.default_rng(seed)
    total, squares = np.zeros((2, len(values), len(groups.names)))
    for _ in range(draws // 2):
        absent = values[others_of_the_date(dates, rng)]
        order = rng.permutation(len(groups.names))
        pair = (
            _walk(predict, values, absent, groups, order),
            _walk(predict, values, absent, groups, order[::-1]),
        )
        mean = (pair[0] + pair[1]) / 2
        total += mean
        squares += mean**2
    pairs = draws // 2
    mean = total / pairs
    variance = np.maximum(squares / pairs - mean**2, 0.0) / max(pairs - 1, 1)
    return Shapley(mean, np.sqrt(variance))


def _walk(
    predict: Predict, x: AnyArray, absent: AnyArray, groups: InputGroups, order: IntArray
) -> FloatArray:
    """What each group adds (S, G) when the groups come in one after the other."""
    added = np.zeros((len(x), len(groups.names)))
    state = absent.copy()
    before = np.asarray(predict(state), dtype=np.float64)
    for g in order:
        own = list(groups.members[g])
        state[..., own] = x[..., own]
        after = np.asarray(predict(state), dtype=np.float64)
        added[:, g] = after - before
        before = after
    return added
