"""The share basis of a company's forecasts: that of its day, or of a split that is announced and still ahead.

Results are per share of the day of disclosure, and a factor of the bars brings them to the forward basis
(decision 3). A forecast that comes out between the announcement of a split and its ex-date is usually per
share after it, and no field says so. What says so is the filing itself: forecast profit over forecast
earnings per share are the shares that the company reckons with, and where these are a multiple of the shares
it has, the multiple is the split. All of it is known on the day of the filing.
"""

from __future__ import annotations

import numpy as np

from jqfast.types import FloatArray

#: From here on two numbers of shares do not differ by buybacks and new issues alone.
_LEAST = 1.4
#: What is left of a multiple after the ratio of a split is taken out.
_ROUGH = 0.08
#: Earnings per share, in yen, whose two decimals say enough about the shares behind them.
_SOLID = 1.0


def split_ahead(profit: FloatArray, eps: FloatArray, shares: FloatArray) -> FloatArray:
    """(n,) new shares per share of a split that a forecast has in it already; 1 where there is none.

    Parameters
    ----------
    profit, eps : (n,) forecast net profit in yen and earnings per share
    shares : (n, s) numbers of shares known by then, on the basis of the day; a split must show against each

    Returns
    -------
    (n,) a multiple of a half up to 3, else a whole number; for a consolidation one over such a number
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = (profit / eps)[:, None] / shares
    ratios = np.where(np.isfinite(ratios) & (ratios > 0) & (np.abs(eps) >= _SOLID)[:, None], ratios, np.nan)
    known = np.isfinite(ratios)
    distance = np.where(known, np.abs(np.log(np.where(known, ratios, 1.0))), np.inf)
    # The number of shares that explains the forecast best: if it needs no split, there is none.
    best = np.argmin(distance, axis=1)
    ratio = np.where(known.any(axis=1), ratios[np.arange(len(ratios)), best], 1.0)
    size = np.maximum(ratio, 1.0 / ratio)
    whole = np.where(size < 3.0, np.rint(2.0 * size) / 2.0, np.rint(size))
    found = (size >= _LEAST) & (np.abs(size / np.maximum(whole, 1.0) - 1.0) <= _ROUGH)
    return np.where(found, np.where(ratio > 1.0, whole, 1.0 / np.maximum(whole, 1.0)), 1.0)
