"""What the simulated market takes from the Tokyo exchange: sessions, price units, daily limits, sectors.

Goes in: dates or raw prices as plain arrays. Comes out: plain arrays. Nothing here is random and nothing
knows of panels. The price units and limits are the exchange's tables for issues outside the TOPIX 500, as in
force since 2014 and 2020.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from jqfast.types import DateArray, FloatArray

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

_FIXED = ((2, 11), (2, 23), (3, 20), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (9, 23), (11, 3), (11, 23))
_MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))  # (month, which Monday)


def sessions(start: dt.date, years: float) -> DateArray:
    """(T,) datetime64[D]: weekdays of ``years`` years from ``start`` without holidays, about 245 a year.

    Today's holidays are taken for every year, equinoxes as 20 March and 23 September; a holiday on a Sunday
    moves to the next free weekday, and the exchange rests from 31 December to 3 January.
    """
    first = np.datetime64(start, "D")
    days = np.arange(first, first + np.timedelta64(round(years * 365.25), "D"))
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    last_year = int(days[-1].astype(object).year) if len(days) else start.year
    closed = [day for year in range(start.year, last_year + 1) for day in _holidays(year)]
    return days[(weekday < 5) & ~np.isin(days, np.array(closed, dtype="datetime64[D]"))]


def _holidays(year: int) -> list[dt.date]:
    """The days of one year on which the exchange rests for another reason than the weekend."""
    national = {dt.date(year, month, day) for month, day in _FIXED}
    national |= {_nth_monday(year, month, which) for month, which in _MONDAYS}
    for day in sorted(national):
        moved = day
        while day.weekday() == 6 and moved in national:
            moved += dt.timedelta(days=1)
        national.add(moved)
    rest = [dt.date(year, 1, day) for day in (1, 2, 3)] + [dt.date(year, 12, 31)]
    return sorted(national) + rest


def _nth_monday(year: int, month: int, which: int) -> dt.date:
    """The first, second ... Monday of a month."""
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=-first.weekday() % 7 + 7 * (which - 1))


def tick_size(price: FloatArray) -> FloatArray:
    """Price unit in yen of raw prices of any shape."""
    return np.asarray(_TICK[np.searchsorted(_TICK_UPTO, price, side="left")])


def round_to_tick(price: FloatArray) -> FloatArray:
    """Raw prices moved to the nearest price unit, at least one yen; a higher price never ends lower."""
    tick = tick_size(price)
    return np.maximum(np.rint(price / tick) * tick, 1.0)


def limit_band(base: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest price allowed in a session whose base price is ``base``, both on the price unit."""
    width = _LIMIT[np.searchsorted(_LIMIT_BELOW, base, side="right")]
    low, high = base - width, base + width
    low_tick, high_tick = tick_size(low), tick_size(high)
    return np.maximum(np.ceil(low / low_tick) * low_tick, 1.0), np.floor(high / high_tick) * high_tick
