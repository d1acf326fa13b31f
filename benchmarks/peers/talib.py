"""TA-Lib: one call per stock; its series must be contiguous, so each column is copied in and out.

It skips the empty cells before a listing; any later gap stays in its sums for good.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import talib

from benchmarks.peers.base import Array, Job, Mode
from benchmarks.peers.columns import block_job
from jqfast.data.panel import Panel
from jqfast.features import Expr


def _by_stock(function: Callable[..., Array]) -> Callable[..., Array]:
    """``function(*series, window)`` of 1-D arrays as a function of T x N blocks."""

    def compute(*blocks: Array, window: int, min_periods: int) -> Array:  # noqa: ARG001 - windows are always full
        series = [np.ascontiguousarray(block.T) for block in blocks]
        out = np.full(series[0].shape, np.nan)
        for n in range(len(out)):
            if not any(np.isnan(x[n]).all() for x in series):
                out[n] = function(*(x[n] for x in series), window)
        return out.T

    return compute


def _std(x: Array, w: int) -> Array:
    return talib.STDDEV(x, w) * math.sqrt(w / (w - 1.0))


TABLE: dict[str, Callable[..., Any]] = {
    "ts_sum": _by_stock(talib.SUM),
    "ts_mean": _by_stock(talib.SMA),
    "ts_std": _by_stock(_std),
    "ts_min": _by_stock(talib.MIN),
    "ts_max": _by_stock(talib.MAX),
    "ts_corr": _by_stock(talib.CORREL),
    "ts_slope": _by_stock(talib.LINEARREG_SLOPE),
    "ema": _by_stock(talib.EMA),
}


class TaLib:
    """Blocks of stocks, one per thread."""

    mode = Mode("talib", "TA-Lib")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:
        return block_job(panel, features, TABLE, threads)


PEERS = (TaLib(),)
