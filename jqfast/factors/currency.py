"""Dollar factors in yen, and factors of markets that close at other hours.

Kenneth French's factors outside the US are in US dollars, and his risk-free rate is the T-bill (decision 16).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from jqfast.errors import DataGapError, check_range
from jqfast.factors.table import Factors, Rate, common_dates, safe_return
from jqfast.types import AnyArray, DateArray, FloatArray


def in_yen(
    factors: Factors,
    usdjpy: tuple[DateArray, AnyArray],
    risk_free: Rate = 0.0,
    *,
    sessions: DateArray | None = None,
) -> Factors:
    """Dollar factors as a yen investor earns them.

    Parameters
    ----------
    factors : in US dollars, with the dollar risk-free rate
    usdjpy : dates (D,) and yen per dollar (D,) at their close; the last known close on or before a factor's
        date counts, if no older than ten days
    risk_free : the yen rate, declared: percent a year, one number or dates and percents (the last known one
        before a period holds for it)
    sessions : dates that count, for daily factors the sessions of Tokyo: on its holidays the files hold the
        currency's move alone, which goes to the next session

    Returns
    -------
    Factors with the yen's risk-free return, from the second date on, whose currency return has a start

    Raises
    ------
    DataGapError
        If the exchange rate does not cover the factors.

    Notes
    -----
    r = USDJPY_{t-1} / USDJPY_t - 1 is the yen's appreciation. Mkt = (1 + Mkt-RF + RF) / (1 + r) - 1, spreads
    are divided by 1 + r: a spread has no capital of its own, only its gain is exchanged.
    """
    kept = factors if sessions is None else _on_sessions(factors, sessions)
    rate = _as_of(usdjpy, kept.dates)
    inside = np.isfinite(rate[1:]) & np.isfinite(rate[:-1])
    if not inside.any():
        raise DataGapError(
            f"`usdjpy` must cover the factors, {kept.dates[0]} to {kept.dates[-1]}; it has "
            f"{usdjpy[0][0]} to {usdjpy[0][-1]}."
        )
    appreciation = np.full(len(rate), np.nan)
    appreciation[1:] = rate[:-1] / rate[1:] - 1.0
    yen = safe_return(kept.dates, risk_free)
    market = np.array([name == "Mkt-RF" for name in kept.names])
    growth = (1.0 + appreciation)[:, None]
    whole = (1.0 + kept.values + kept.risk_free[:, None]) / growth - 1.0 - yen[:, None]
    values = np.where(market, whole, kept.values / growth)
    rows = np.flatnonzero(inside) + 1
    note = f"In yen: the market exchanged at USDJPY, spreads divided by 1 + r; {_words(risk_free)}."
    out = replace(kept, values=values, risk_free=yen, notes=(*kept.notes, note))
    return out.rows(rows)


def with_neighbours(factors: Factors, *, leads: int = 1, lags: int = 1) -> Factors:
    """Every factor with its neighbours in time: ``SMB``, ``SMB(-1)``, ``SMB(+1)``.

    For daily regressions of series whose closes are not simultaneous (Dimson 1979): the sum of the
    coefficients of a factor is its beta. A lead sees the future, so this is for contemporaneous fits alone.
    """
    for name, value in (("leads", leads), ("lags", lags)):
        check_range(name, value, 0, 20)
    T = len(factors.dates)
    names, columns = list(factors.names), [factors.values]
    for shift in [*range(-1, -lags - 1, -1), *range(1, leads + 1)]:
        moved = np.full_like(factors.values, np.nan)
        if abs(shift) < T:
            source = factors.values[max(shift, 0) : T + min(shift, 0)]
            moved[max(-shift, 0) : T + min(-shift, 0)] = source
        columns.append(moved)
        names += [f"{name}({shift:+d})" for name in factors.names]
    note = f"Each factor with {leads} leads and {lags} lags."
    return replace(factors, names=tuple(names), values=np.hstack(columns), notes=(*factors.notes, note))


def _on_sessions(factors: Factors, sessions: DateArray) -> Factors:
    """Factors compounded over what lies between sessions, so that no holiday's move is lost."""
    shared = common_dates([factors.dates, sessions])
    first = np.searchsorted(factors.dates, shared[0])
    last = np.searchsorted(factors.dates, shared)  # row of each session
    start = np.concatenate([[first], last[:-1] + 1])
    growth = np.log1p(np.column_stack([factors.values, factors.risk_free]))
    total = np.vstack([np.zeros(growth.shape[1]), np.cumsum(np.nan_to_num(growth), axis=0)])
    unknown = np.vstack([np.zeros(growth.shape[1]), np.cumsum(np.isnan(growth), axis=0)])
    over = np.expm1(total[last + 1] - total[start])
    over[unknown[last + 1] - unknown[start] > 0] = np.nan
    return replace(factors, dates=shared, values=over[:, :-1], risk_free=over[:, -1])


def _as_of(series: tuple[DateArray, AnyArray], dates: DateArray) -> FloatArray:
    """(T,) last known value on or before each date, NaN where there is none of the last ten days."""
    days, values = np.asarray(series[0], "datetime64[D]"), np.asarray(series[1], np.float64)
    known = np.isfinite(values)
    days, values = days[known], values[known]
    place = np.searchsorted(days, dates, side="right") - 1
    found = place >= 0
    recent = np.zeros(len(dates), np.bool_)
    recent[found] = dates[found] - days[place[found]] <= np.timedelta64(10, "D")
    return np.where(recent, values[np.maximum(place, 0)], np.nan)


def _words(rate: Rate) -> str:
    if isinstance(rate, tuple):
        return "the risk-free rate is the declared yen series"
    return f"the risk-free rate is {rate:g} % a year, as declared"
