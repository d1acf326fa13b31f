"""What the simulated market takes from the Tokyo exchange: price units, daily limits, sectors.

Goes in: raw prices as plain arrays. Comes out: plain arrays. Nothing here is random and nothing knows of
panels. The price units and limits are the exchange's tables for issues outside the TOPIX 500, as in
force since 2014 and 2020.
"""

from __future__ import annotations

import numpy as np

from jqfast.types import FloatArray

#: The codes of the 33 sectors of the exchange, in its order.
SECTOR33 = (
    *("0050", "1050", "2050", "3050", "3100", "3150", "3200", "3250", "3300", "3350", "3400"),
    *("3450", "3500", "3550", "3600", "3650", "3700", "3750", "3800", "4050", "5050", "5100"),
    *("5150", "5200", "5250", "6050", "6100", "7050", "7100", "7150", "7200", "8050", "9050"),
)

#: Up to and including `_TICK_UPTO[i]` yen a price is a multiple of `_TICK[i]`.
_TICK_UPTO = np.array([3e3, 5e3, 3e4, 5e4, 3e5, 5e5, 3e6, 5e6, 3e7, 5e7])
_TICK = np.array([1.0, 5, 10, 50, 100, 500, 1e3, 5e3, 1e4, 5e4, 1e5])

#: Below `_LIMIT_BELOW[i]` yen of base price a session's price stays within `_LIMIT[i]` yen of it.
_LIMIT_BELOW = np.array(
    [100, 200, 500, 700]
    + [x * scale for scale in (1e3, 1e4, 1e5, 1e6) for x in (1, 1.5, 2, 3, 5, 7)]
    + [1e7, 1.5e7, 2e7, 3e7, 5e7]
)
_LIMIT = np.array(
    [30, 50, 80, 100]
    + [x * scale for scale in (1e2, 1e3, 1e4, 1e5) for x in (1.5, 3, 4, 5, 7, 10)]
    + [1.5e6, 3e6, 4e6, 5e6, 7e6, 1e7]
)


def tick_size(price: FloatArray) -> FloatArray:
    """Price unit in yen of raw prices of any shape."""
    return np.asarray(_TICK[np.searchsorted(_TICK_UPTO, price, side="left")])


def limit_band(base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest price allowed in a session whose base price is ``base``, both on the price unit."""
    width = _LIMIT[np.searchsorted(_LIMIT_BELOW, base, side="right")]
    low, high = base - width, base + width
    low_tick, high_tick = tick_size(low), tick_size(high)
    return np.maximum(np.ceil(low / low_tick) * low_tick, 1.0), np.floor(high / high_tick) * high_tick
