"""The leaves of the language: the columns every price panel has, and calendar series of its dates.

`open_`, `high`, `low`, `close` are yen per share and `volume` shares, both on the forward split basis;
`turnover` is yen; `adjustment` is A(t), the product of the split factors up to t (decision 3). `dow`,
`dow_sin`, `dow_cos`, `month` are market-wide and come from the dates alone. A category (`sector33`) groups
stocks in ``by=``; anywhere else it is its label as a number, 3650 for "3650".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias, cast

import numpy as np

from jqfast.data.stored.documented import info as documented
from jqfast.features.expr import Expr, leaf
from jqfast.types import CodeArray, DateArray, FloatArray

Unit: TypeAlias = Literal["price", "shares", "yen", "split", "raw_price", "raw_shares", "none"]

_UNITS: dict[str, Unit] = {
    "open": "price",
    "high": "price",
    "low": "price",
    "close": "price",
    "volume": "shares",
    "turnover": "yen",
    "adjustment": "split",
    "raw_close": "raw_price",
    "limit": "none",
}


def _weekday(dates: DateArray) -> FloatArray:
    days = dates.astype("datetime64[D]").astype(np.int64)
    return ((days + 3) % 7).astype(np.float64)  # day 0 of the epoch was a Thursday; Monday is 0


def _month(dates: DateArray) -> FloatArray:
    return (dates.astype("datetime64[M]").astype(np.int64) % 12 + 1).astype(np.float64)


def _year_left(dates: DateArray) -> FloatArray:
    """Sessions after each date until the last one of its year, 30 December at the latest.

    In December; the birthday of the Emperor was on the 23rd from 1989 to 2018, on a Sunday the Monday after
    was free. Other months have more holidays, which are not taken off.
    """
    days = dates.astype("datetime64[D]")
    years = days.astype("datetime64[Y]")
    birthdays = np.array([f"{year}-12-23" for year in range(1989, 2019)], "datetime64[D]")
    free = np.where((birthdays.astype(np.int64) + 3) % 7 == 6, birthdays + 1, birthdays)
    new_year = (years + 1).astype("datetime64[D]")
    return np.busday_count(days + 1, new_year - 1, holidays=free).astype(np.float64)


#: Market-wide series computed from the panel's dates. The week has five sessions, so the period is 5
#: (T-DOWSIN).
CALENDAR: dict[str, Callable[[DateArray], FloatArray]] = {
    "dow": _weekday,
    "month": _month,
    "year_left": _year_left,
    "dow_sin": lambda dates: np.sin(2.0 * math.pi * _weekday(dates) / 5.0),
    "dow_cos": lambda dates: np.cos(2.0 * math.pi * _weekday(dates) / 5.0),
}


#: Series of the stocks computed from the panel's codes, the same on every date.
CODES: dict[str, Callable[[CodeArray], FloatArray]] = {
    "code_order": lambda codes: np.argsort(np.argsort(codes, kind="stable")).astype(np.float64),
}


def unit_of(name: str) -> Unit:
    """The unit of a column of price panels or of panels from a store; a plain number for any other."""
    if name in _UNITS:
        return _UNITS[name]
    about = documented(name)
    return cast(Unit, about.unit) if about is not None and about.unit != "category" else "none"


def column(name: str, *, unit: Unit | None = None, market: bool | None = None) -> Expr:
    """The panel column ``name``.

    Parameters
    ----------
    name : str, a column of the panel the expression will be run on
    unit : unit of the values; known for the columns of prices and stores, else a plain number unless said
    market : True for a ``(T,)`` series that is the same for every stock; None: as the columns of stores are
        known to be, else False

    Returns
    -------
    Expr, stock axis (``(T, N)``), or market axis (``(T,)``). NaN where the panel has NaN; no warm-up.

    Raises
    ------
    ValueError
        If ``unit`` is not one of the known units.
    """
    if not isinstance(name, str) or not name:
        raise TypeError(f"`name` must be the name of a panel column; got {name!r}.")
    if name in CALENDAR:
        return leaf(name, axis="market", unit="none")
    chosen = unit_of(name) if unit is None else unit
    if chosen not in Unit.__args__:  # type: ignore[attr-defined]
        raise ValueError(f"`unit` must be one of {', '.join(Unit.__args__)}; got {chosen!r}.")  # type: ignore[attr-defined]
    if market is None:
        about = documented(name)
        market = about is not None and about.axis == "market"
    return leaf(name, axis="market" if market else "stock", unit=chosen)


open_ = column("open")
high = column("high")
low = column("low")
close = column("close")
volume = column("volume")
turnover = column("turnover")
adjustment = column("adjustment")
dow = column("dow")
dow_sin = column("dow_sin")
dow_cos = column("dow_cos")
