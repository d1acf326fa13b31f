"""numbagg: plain T x N arrays, compiled once by numba (not timed), its own threads over the stocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numba
import numbagg
import numpy as np

from benchmarks.peers.base import Array, Job, Mode
from benchmarks.peers.columns import operation
from jqfast.data.panel import Panel
from jqfast.features import Expr


def _move(function: Callable[..., Array]) -> Callable[..., Array]:
    def compute(*series: Array, window: int, min_periods: int) -> Array:
        return function(*series, window=window, min_count=min_periods, axis=0)

    return compute


def _beta(x: Array, y: Array, *, window: int, min_periods: int) -> Array:
    """cov / var over the sessions on which both have a value."""
    both = np.where(np.isnan(x), np.nan, y)
    slope = numbagg.move_cov(x, y, window=window, min_count=min_periods, axis=0)
    slope /= numbagg.move_var(both, window=window, min_count=min_periods, axis=0)
    return slope


def _zscore(x: Array) -> Array:
    out = x - numbagg.nanmean(x, axis=1)[:, None]
    out /= numbagg.nanstd(x, axis=1)[:, None]
    return out


TABLE: dict[str, Callable[..., Any]] = {
    "ts_sum": _move(numbagg.move_sum),
    "ts_mean": _move(numbagg.move_mean),
    "ts_std": _move(numbagg.move_std),
    "ts_var": _move(numbagg.move_var),
    "ts_cov": _move(numbagg.move_cov),
    "ts_corr": _move(numbagg.move_corr),
    "ts_beta": _beta,
    "cs_zscore": _zscore,
}


class Numbagg:
    """Its parallel target; the number of threads is numba's."""

    mode = Mode("numbagg", "numbagg")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:
        name, op, columns, params = operation(features, TABLE)
        inputs = [panel[column] for column in columns]
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        return Job(lambda: TABLE[op](*inputs, **params), lambda result: {name: result})


PEERS = (Numbagg(),)
