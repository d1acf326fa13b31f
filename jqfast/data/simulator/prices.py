"""Price units, daily limits and the path of a session, as plain functions of arrays of one session.

The unit of an issue depends on its price and on whether it belongs to the TOPIX 100 or, from June 2023, the
TOPIX 500.
"""

from __future__ import annotations

import numpy as np

from jqfast.data._tokyo import limit_band, tick_size
from jqfast.types import AnyArray, BoolArray, FloatArray

__all__ = ["FINE_500_FROM", "bridge", "fine_tick", "limit_band", "to_tick"]

#: Members of the TOPIX 500 have fine units from here on, those of the TOPIX 100 had others before.
FINE_500_FROM = np.datetime64("2023-06-05", "D")
FINE_100_FROM = np.datetime64("2014-01-14", "D")

_UPTO = np.array([1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 3e7])
_FINE = np.array([0.1, 0.5, 1, 5, 10, 50, 100, 500, 1e3, 5e3, 1e4])
_UPTO_100 = np.array([5e3, 1e4, 5e4, 1e5, 5e5, 1e6, 5e6, 1e7, 5e7])
_FINE_100 = np.array([0.5, 1, 5, 10, 50, 100, 500, 1e3, 5e3, 1e4])


def fine_tick(price: FloatArray, *, early: bool) -> FloatArray:
    """Price unit of a large issue at a raw price; ``early``: before June 2023."""
    upto, unit = (_UPTO_100, _FINE_100) if early else (_UPTO, _FINE)
    return np.asarray(unit[np.searchsorted(upto, price, side="left")])


def to_tick(price: FloatArray, fine: BoolArray, *, early: bool) -> FloatArray:
    """Raw prices (..., N) moved to the nearest price unit of each issue, at least one yen."""
    tick = tick_size(price)
    if fine.any():
        tick[..., fine] = fine_tick(price[..., fine], early=early)
    # A tenth of a yen is no binary fraction: the result is rounded to the double nearest to its decimals.
    return np.maximum(np.round(np.rint(price / tick) * tick, 1), 1.0)


def bridge(
    start: FloatArray, end: FloatArray, spread: FloatArray, draws: AnyArray
) -> tuple[FloatArray, FloatArray]:
    """Highest and lowest point of a Brownian path from ``start`` to ``end``, each from its own exact law.

    ``draws`` (2, N) uniform in [0, 1).
    """
    reach = np.sqrt((end - start) ** 2 - 2.0 * spread**2 * np.log(1.0 - draws))
    high, low = (start + end + reach[0]) / 2, (start + end - reach[1]) / 2
    return np.maximum(high, np.maximum(start, end)), np.minimum(low, np.minimum(start, end))
