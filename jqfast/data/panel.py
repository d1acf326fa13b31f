"""The panel: what was known at the decision time of each session, as plain T x N arrays.

Everything above ``jqfast.data`` reads panels and nothing else. Stock columns are ``(T, N)`` float64, C order,
one row per session; market columns ``(T,)`` float64; category columns ``(T, N)`` int16 with -1 for missing.
Missing numbers are NaN. A stock that did not trade has NaN prices and volume 0, and its session stays.
Columns may be made on access (``jqfast.data.lazy``); nobody who reads them notices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jqfast.data.lazy import Columns, Deferred
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray

if TYPE_CHECKING:
    from jqfast.data.prices import BadRows

Decision = Literal["close", "preopen", "evening"]

#: Stock columns every price panel has, in this order. Prices are yen per share on the forward basis, volume
#: is shares on the same basis, turnover is yen, `adjustment` is A(t) of decision 3 (1.0 when never split).
PRICE_COLUMNS = ("open", "high", "low", "close", "volume", "turnover", "adjustment")


@dataclass(frozen=True)
class PanelInfo:
    """Where a panel comes from and what was done to it; printed by the report.

    ``price_basis`` is ``"forward"`` (rebuilt from raw prices and factors) or ``"delivered"`` (the data
    arrived already adjusted, so that levels carry later splits). ``notes`` are sentences for the reader of a
    report, ``counts`` the numbers behind them (``bad_rows``, ``missing_rows``,
    ``turnover_approximated_cells``, ...).
    """

    source: str = "memory"
    decision: Decision = "close"
    price_basis: Literal["forward", "delivered"] = "delivered"
    returns: Literal["price", "total"] = "price"
    survivors_only: bool = False
    notes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, eq=False)
class Panel:
    """A frozen panel of T sessions and N stocks.

    Parameters
    ----------
    dates : (T,) datetime64[D], strictly ascending
    codes : (N,) str, unique
    columns : name -> (T, N) float64, (T,) float64 or (T, N) int16 array, or a ``Deferred`` of such
    listed : (T, N) bool, membership of the day
    categories : name of a category column -> the label of each non-negative code
    session_share : a date on which a smaller share of the listed stocks traded is no session (decision 24)

    Raises
    ------
    ValueError
        If a shape, dtype or order is wrong; the message names the column.
    """

    dates: DateArray
    codes: CodeArray
    columns: Mapping[str, AnyArray]
    listed: BoolArray
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    info: PanelInfo = field(default_factory=PanelInfo)
    session_share: float = 0.05

    def __post_init__(self) -> None:
        _check_axes(self.dates, self.codes)
        shape = (len(self.dates), len(self.codes))
        _check_array("listed", self.listed, shape, np.bool_)
        columns = self.columns if isinstance(self.columns, Columns) else Columns(self.columns)
        for name, values in columns.held().items():
            dtype = np.int16 if name in self.categories else np.float64
            _check_array(name, values, shape if values.ndim != 1 else shape[:1], dtype)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "categories", MappingProxyType(dict(self.categories)))

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return len(self.dates), len(self.codes)

    @cached_property
    def is_session(self) -> BoolArray:
        """(T,) bool: False on dates on which too few listed stocks traded to count as a session."""
        traded = np.isfinite(self.columns["close"]) & self.listed
        members = self.listed.sum(axis=1)
        enough: BoolArray = traded.sum(axis=1) >= np.maximum(1.0, self.session_share * members)
        return enough

    def __getitem__(self, name: str) -> AnyArray:
        return self.columns[name]

    def __repr__(self) -> str:
        T, N = self.shape
        span = f"{self.dates[0]} to {self.dates[-1]}" if T else "no dates"
        return f"Panel({T} sessions x {N} stocks, {span}, columns: {', '.join(self.columns)})"

    def rows(self, start: int, stop: int) -> Panel:
        """The panel cut to sessions ``start <= t < stop`` (views, no copies)."""
        low, high, _ = slice(start, stop).indices(len(self.dates))
        cut = Columns(self.columns).rows(low, max(low, high))
        return replace(self, dates=self.dates[start:stop], columns=cut, listed=self.listed[start:stop])

    def with_columns(self, **columns: AnyArray | Deferred) -> Panel:
        """The panel with columns added or replaced."""
        return replace(self, columns=Columns({**Columns(self.columns).held(), **columns}))

    @classmethod
    def from_frame(cls, frame: Any, *, bad: BadRows = "error") -> Panel:
        """The panel of a long or wide frame of daily prices; see :func:`jqfast.data.read_prices`."""
        from jqfast.data.prices import read_prices

        return read_prices(frame, bad=bad)


def _check_axes(dates: DateArray, codes: CodeArray) -> None:
    if dates.ndim != 1 or dates.dtype != np.dtype("datetime64[D]"):
        raise ValueError(f"`dates` must be a 1-D datetime64[D] array; got {dates.ndim}-D {dates.dtype}.")
    if len(dates) > 1 and not (dates[1:] > dates[:-1]).all():
        raise ValueError("`dates` must be strictly ascending; sort them and drop duplicates first.")
    if codes.ndim != 1 or codes.dtype.kind != "U":
        raise ValueError(f"`codes` must be a 1-D array of strings; got {codes.ndim}-D {codes.dtype}.")
    if len(np.unique(codes)) != len(codes):
        raise ValueError("`codes` must be unique; a code stands more than once.")


def _check_array(name: str, values: AnyArray | Deferred, shape: tuple[int, ...], dtype: Any) -> None:
    if values.shape != shape or values.dtype != dtype:
        want = f"{shape} {np.dtype(dtype)}"
        raise ValueError(f"Column `{name}` must be {want}; got {values.shape} {values.dtype}.")
