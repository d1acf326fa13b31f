"""A rolling mean with the limits of chance: when a RankIC has fallen further than its past lets expect."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from jqfast.types import DateArray, FloatArray


class Rolling(NamedTuple):
    """``dates`` (D,) ends of the windows, ``mean`` (D,), the limits around the mean of the whole series."""

    dates: DateArray
    mean: FloatArray
    low: float
    high: float


def rolling_mean(
    dates: DateArray, values: FloatArray, *, window: int, sigmas: float, horizon: int = 1
) -> Rolling:
    """The rolling mean of a daily series, NaN left out, and what chance allows around its overall mean.

    Parameters
    ----------
    dates, values : (T,) of the series
    window : values in the mean
    sigmas : deviations within which it counts as chance
    horizon : sessions that each value looks ahead; overlapping ones make neighbours alike, so that a window
        holds about window / horizon independent values

    Returns
    -------
    Rolling; empty with NaN limits where there are fewer than two windows
    """
    known = np.flatnonzero(np.isfinite(values))
    found = values[known].astype(np.float64)
    if len(found) < 2 * window:
        return Rolling(dates[:0], np.empty(0), float("nan"), float("nan"))
    sums = np.cumsum(np.concatenate([[0.0], found]))
    width = float(sigmas * found.std(ddof=1) * np.sqrt(max(horizon, 1) / window))
    mean = float(found.mean())
    return Rolling(
        dates[known[window - 1 :]], (sums[window:] - sums[:-window]) / window, mean - width, mean + width
    )
