"""Factor returns as one object: dates, names, returns as fractions of a period, and the risk-free rate.

``MODELS`` says which factors a model has. Everything of this room speaks of factors by these names: Mkt-RF,
SMB, HML, RMW, CMA, WML (momentum; the files also say Mom), and ME, IA, ROE of the q-model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from jqfast.errors import DataGapError, unknown
from jqfast.types import AnyArray, DateArray, FloatArray

if TYPE_CHECKING:
    from pandas import DataFrame

Frequency = Literal["daily", "monthly"]
#: Percent a year: one number, or dates and percents of which the last known before a period holds for it.
Rate: TypeAlias = float | tuple[DateArray, AnyArray]

_FIVE = ("Mkt-RF", "SMB", "HML", "RMW", "CMA")
#: Model -> its factors. FF3 and Carhart take ``SMB3``, SMB of the book-to-market sort alone, where given.
MODELS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "CAPM": ("Mkt-RF",),
        "FF3": ("Mkt-RF", "SMB", "HML"),
        "Carhart": ("Mkt-RF", "SMB", "HML", "WML"),
        "FF5": _FIVE,
        "FF6": (*_FIVE, "WML"),
        "q": ("Mkt-RF", "ME", "IA", "ROE"),
    }
)
#: Between the first or last day of a month and its first or last session lie no more days than these.
_HOLIDAYS = np.timedelta64(6, "D")
_OF_BOOK_SORT = ("FF3", "Carhart")


@dataclass(frozen=True, eq=False)
class Factors:
    """Returns of factors.

    Parameters
    ----------
    dates : (T,) datetime64[D], strictly ascending; of a month its last calendar day
    names : K factor names
    values : (T, K) float64, simple returns as fractions, NaN where unknown
    risk_free : (T,) float64, return of the safe asset over the period
    frequency : ``"daily"`` or ``"monthly"``
    source : where they come from
    notes : sentences for the reader of a table

    Raises
    ------
    ValueError
        If shapes do not fit or dates are not strictly ascending.
    """

    dates: DateArray
    names: tuple[str, ...]
    values: FloatArray
    risk_free: FloatArray
    frequency: Frequency = "daily"
    source: str = "memory"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        T = len(self.dates)
        if self.values.shape != (T, len(self.names)) or self.risk_free.shape != (T,):
            raise ValueError(
                f"`values` must be {(T, len(self.names))} and `risk_free` {(T,)} for {T} dates and "
                f"{len(self.names)} names; got {self.values.shape} and {self.risk_free.shape}."
            )
        if T > 1 and not (self.dates[1:] > self.dates[:-1]).all():
            raise ValueError("`dates` must be strictly ascending; sort them and drop duplicates first.")
        if len(set(self.names)) != len(self.names):
            raise ValueError(f"`names` must differ; got {', '.join(self.names)}.")

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self.names:
            raise unknown("factor", name, self.names)
        return np.ascontiguousarray(self.values[:, self.names.index(name)])

    def select(self, model: str | Sequence[str]) -> Factors:
        """The factors of a model of :data:`MODELS`, or those named, in that order.

        Raises
        ------
        ValueError
            An unknown model, or a factor that is not there.
        """
        wanted = self._wanted(model) if isinstance(model, str) else tuple(model)
        lost = [name for name in wanted if name not in self.names]
        if lost:
            what = f"Model `{model}`" if isinstance(model, str) else "The selection"
            raise ValueError(
                f"{what} needs the factor {', '.join(f'`{name}`' for name in lost)}; {self.source} has "
                f"{', '.join(self.names)}."
            )
        columns = [self.names.index(name) for name in wanted]
        return replace(self, names=wanted, values=np.ascontiguousarray(self.values[:, columns]))

    def _wanted(self, model: str) -> tuple[str, ...]:
        if model not in MODELS:
            raise unknown("factor model", model, MODELS)
        book = model in _OF_BOOK_SORT and "SMB3" in self.names
        return tuple("SMB3" if book and name == "SMB" else name for name in MODELS[model])

    def has(self, model: str) -> bool:
        """Whether all factors of a model are here."""
        return set(self._wanted(model)) <= set(self.names)

    def rows(self, index: AnyArray) -> Factors:
        """Some of the dates."""
        return replace(
            self, dates=self.dates[index], values=self.values[index], risk_free=self.risk_free[index]
        )

    def to_frame(self) -> DataFrame:
        """pandas frame, index date, one column per factor, and RF."""
        import pandas as pd

        frame = pd.DataFrame(
            self.values,
            columns=list(self.names),
            index=pd.DatetimeIndex(self.dates.astype("datetime64[s]"), name="date"),
        )
        frame["RF"] = self.risk_free
        return frame


@dataclass(frozen=True, eq=False)
class Portfolios:
    """Returns of portfolios: ``values`` (T, S) simple returns as fractions on ``dates`` (T,)."""

    dates: DateArray
    names: tuple[str, ...]
    values: FloatArray
    frequency: Frequency
    source: str
    notes: tuple[str, ...] = ()

    def less(self, factors: Factors) -> Portfolios:
        """Returns less the risk-free rate of ``factors``, on the dates that both have."""
        shared = common_dates([self.dates, factors.dates])
        safe = factors.risk_free[np.isin(factors.dates, shared)]
        values = self.values[np.isin(self.dates, shared)] - safe[:, None]
        return replace(self, dates=shared, values=values)


def common_dates(dates: Iterable[DateArray]) -> DateArray:
    """The dates that all have.

    Raises
    ------
    DataGapError
        If there is none; the message names the spans.
    """
    every = [np.asarray(each, "datetime64[D]") for each in dates]
    shared = every[0]
    for each in every[1:]:
        shared = np.intersect1d(shared, each)
    if not len(shared):
        spans = "; ".join(f"{d[0]} to {d[-1]}" if len(d) else "no dates" for d in every)
        raise DataGapError(f"Returns and factors must share dates; they have none in common ({spans}).")
    return shared


def month_end(dates: DateArray) -> DateArray:
    """(T,) last calendar day of the month of each date."""
    last: DateArray = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]") - 1
    return last


def compound_months(dates: DateArray, returns: FloatArray) -> tuple[DateArray, FloatArray]:
    """Returns compounded within calendar months.

    Parameters
    ----------
    dates : (T,) sessions
    returns : (T, n)

    Returns
    -------
    (last calendar day of each month, (M, n) returns, NaN where a session is NaN). The first and the last
    month are left out where the sessions begin or end more than a holiday season away from the month's ends.
    """
    months = dates.astype("datetime64[M]")
    first = np.flatnonzero(np.concatenate([[True], months[1:] != months[:-1]]))
    ends = month_end(dates[first])
    growth = np.expm1(np.add.reduceat(np.log1p(returns), first, axis=0))
    late = dates[0] - months[0].astype("datetime64[D]") > _HOLIDAYS
    early = ends[-1] - dates[-1] > _HOLIDAYS
    whole = slice(int(late), len(first) - int(early))
    return ends[whole], growth[whole]


def safe_return(dates: DateArray, rate: Rate) -> FloatArray:
    """(T,) return of a yearly rate over the calendar days since the date before; NaN on the first.

    Raises
    ------
    DataGapError
        If a series of rates begins after the first date.
    """
    days = np.full(len(dates), np.nan)
    days[1:] = np.diff(dates.astype("datetime64[D]")).astype(np.float64)
    if not isinstance(rate, tuple):
        return np.asarray(float(rate) / 100.0 * days / 365.0)
    when, values = np.asarray(rate[0], "datetime64[D]"), np.asarray(rate[1], np.float64)
    when, values = when[np.isfinite(values)], values[np.isfinite(values)]
    place = np.searchsorted(when, dates[:-1], side="right") - 1
    if (place < 0).any():
        begins = str(when[0]) if len(when) else "nowhere"
        raise DataGapError(f"`risk_free` must cover all dates from {dates[0]} on; it begins on {begins}.")
    out = np.full(len(dates), np.nan)
    out[1:] = values[place] / 100.0 * days[1:] / 365.0
    return out
