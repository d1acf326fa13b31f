"""The forward basis: prices that no later split can change (decision 3).

Raw prices and the vendor's factor of each ex-date go in, continuous prices come out. A(t) is the product of
the factors with ex-date <= t, so a price on this basis is known on its own day and never rewritten.
"""

from __future__ import annotations

import numpy as np

from jqfast.data.dense import Bars
from jqfast.data.names import ADJUSTED_FIELDS, RAW_FIELDS
from jqfast.errors import DataGapError
from jqfast.types import FloatArray

_SHOWN = 10


def to_basis(bars: Bars) -> bool:
    """Bring the bars to their basis in place; True where that is the forward one.

    With raw prices and ``adj_factor``: price / A(t), volume x A(t), turnover untouched, ``raw_close`` kept. A
    factor counts on its ex-date whether the stock traded or not. Without a factor, or with only the vendor's
    ``adj_*`` columns, prices stay as delivered and A(t) is 1. Afterwards ``fields`` has ``adjustment`` and no
    ``adj_*``.

    Raises
    ------
    DataGapError
        If a factor is not a finite number above 0.
    """
    fields = bars.fields
    factor = fields.pop("adj_factor", None)
    if ADJUSTED_FIELDS[0] in fields:
        for raw, adjusted in zip(RAW_FIELDS, ADJUSTED_FIELDS, strict=True):
            fields[raw] = fields.pop(adjusted)
        factor = None
    if factor is None:
        fields["adjustment"] = np.ones(bars.shape)
        return False
    _check_factor(bars, factor)
    bars.counts["splits"] = int(np.count_nonzero(np.nan_to_num(factor, nan=1.0) != 1.0))
    adjustment = cumulative_factor(factor)
    fields["adjustment"] = adjustment
    fields["raw_close"] = fields["close"].copy()
    for name in ("open", "high", "low", "close"):
        np.divide(fields[name], adjustment, out=fields[name])
    np.multiply(fields["volume"], adjustment, out=fields["volume"])
    return True


def cumulative_factor(factor: FloatArray) -> FloatArray:
    """A(t), the product of the factors up to and including row t.

    Parameters
    ----------
    factor : (T, N), J-Quants' ``AdjustmentFactor``: 0.5 on the ex-date of a 2-for-1 split; NaN counts as 1

    Returns
    -------
    (T, N), finite and positive
    """
    out: FloatArray = np.multiply.accumulate(np.where(np.isnan(factor), 1.0, factor), axis=0)
    return out


def _check_factor(bars: Bars, factor: FloatArray) -> None:
    wrong = np.argwhere((factor <= 0) | np.isinf(factor))
    if len(wrong):
        shown = ", ".join(f"{bars.dates[t]} {bars.codes[n]}: {factor[t, n]}" for t, n in wrong[:_SHOWN])
        raise DataGapError(
            f"`adj_factor` must be above 0 (1.0 without an event, 0.5 for a 2-for-1 split); {len(wrong)} are "
            f"not: {shown}. Without the right factor no price after it can be compared with one before."
        )
