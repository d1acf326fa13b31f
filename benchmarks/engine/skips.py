"""Cells that are not compared, because packages follow different conventions there; each rule says why.

A rule takes the panel and the name of a feature and gives a (T, N) mask, or None for "compare everything".
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

import jqfast.features as f
from benchmarks.peers.base import Array
from jqfast.data.panel import Panel

Skip = Callable[[Panel, str], Array | None]


def flat(window: int, *columns: str) -> Skip:
    """Windows without spread: skewness, kurtosis and correlation are 0/0 there."""

    def rule(panel: Panel, _: str) -> Array:
        ranges = {name: f.ts_range(f.column(name), window) for name in columns}
        return np.asarray((f.panel(panel, ranges, dtype="float64").values == 0.0).any(axis=0))

    return rule


def ties(window: int, column: str, *, largest: bool) -> Skip:
    """Windows with two equal extremes: we and bottleneck report the latest of them, KunQuant the oldest."""
    return lambda panel, _: _tied(panel[column], window, largest=largest)


def first_session(panel: Panel, name: str) -> Array | None:
    """Averages equal the price on the first session; a z-score of equal values is 0 with us, else missing."""
    if not name.startswith(("ema", "macd")):
        return None
    mask = np.zeros(panel.shape, bool)
    mask[0] = True
    return mask


def alpha158(panel: Panel, name: str) -> Array | None:
    """Conventions of KunQuant's edition that are no definitions.

    Ties of extremes; `RSV` of a missing value is 10 there, as its clip does not pass NaN on; `RSQR` of
    a window that has only two sessions left, or equal closes, is rounding noise.
    """
    found = re.fullmatch(r"(IMAX|IMIN|IMXD|RSV|RSQR)(\d+)", name)
    if found is None:
        return None
    kind, w = found[1], int(found[2])
    if kind == "RSV":
        span = f.ts_range(f.high + 0.0 * f.low, w) + 0.0 * f.close
        return np.isnan(f.panel(panel, {"span": span}, dtype="float64").values[0])
    if kind == "RSQR":
        facts = {"n": f.ts_count(f.close, w, 1), "range": f.ts_range(f.close, w, 1)}
        n, spread = f.panel(panel, facts, dtype="float64").values
        return np.asarray((n < 3) | (spread == 0.0))
    top = _tied(panel["high"], w, largest=True) if kind != "IMIN" else np.zeros(panel.shape, bool)
    low = _tied(panel["low"], w, largest=False) if kind != "IMAX" else np.zeros(panel.shape, bool)
    return np.asarray(top | low)


def _tied(x: Array, window: int, *, largest: bool) -> Array:
    """True where the extreme of the window is attained twice."""
    x = np.where(np.isnan(x), -np.inf, x if largest else -x)
    out = np.zeros(x.shape, bool)
    extreme = sliding_window_view(x, window, axis=0).max(axis=2)
    count = np.zeros(extreme.shape, np.int16)
    for k in range(window):
        count += x[k : k + len(extreme)] == extreme
    out[window - 1 :] = count > 1
    return out
