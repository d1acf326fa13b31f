"""Factors from a panel: 2x3 sorts, value weights, accounts as they were known, delistings by rule.

``build`` gives the market and, as far as the panel allows, SMB, HML, RMW, CMA, WML and those of the q-model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError, unknown
from jqfast.factors import sorts
from jqfast.factors.sorts import SortConfig
from jqfast.factors.table import Factors, Frequency, Rate, compound_months, safe_return
from jqfast.types import DateArray, FloatArray, IntArray

#: Factor -> sorting variable, and whether high minus low (else low minus high).
_SPREADS = {"HML": ("book", True), "RMW": ("profit", True), "CMA": ("growth", False), "WML": ("past", True)}
_SMALL, _BIG = slice(0, 3), slice(3, 6)


@dataclass(frozen=True, eq=False)
class _Market:
    """Returns, weights and variables on the S sessions of a panel."""

    dates: DateArray
    returns: FloatArray  # (S, N)
    value: FloatArray  # (S, N) at the close of the session
    before: FloatArray  # (S, N) at the close of the session before
    config: SortConfig


def build(
    panel: Panel,
    *,
    config: SortConfig | None = None,
    frequency: Frequency = "daily",
    risk_free: Rate = 0.0,
) -> Factors:
    """The factors that a panel allows.

    Parameters
    ----------
    panel : Panel; market values are its column ``market_value``, which panels from a store have
    config : how portfolios are formed
    frequency : ``"monthly"`` compounds every portfolio within the month before differences are taken
    risk_free : percent a year, one number or (dates, percents)

    Returns
    -------
    Factors, from the second session on, NaN before the first formation that a factor needs and while one of
    its portfolios is empty (of small markets one of the 18 of the q-model often is). Without market values
    there are the market and WML of equal weights alone, and the notes say so.

    Raises
    ------
    DataGapError
        A panel of fewer than two sessions or without returns.

    Notes
    -----
    HML = (SH + BH) / 2 - (SL + BL) / 2 with S, B small and big, H and L the high and low thirds of book to
    market; RMW by operating profit to equity; CMA low minus high growth of assets; WML by the return of the
    months -12 to -2, formed at every month end. SMB is the mean over the three sorts of accounts of small
    minus big, SMB3 that of book to market. ME, IA, ROE from 2x3x3 portfolios by size, growth of assets and
    quarterly return on equity (monthly).

    References
    ----------
    Fama and French (1993, 2015), Journal of Financial Economics 33, 116; Carhart (1997), Journal of Finance
    52; Hou, Xue and Zhang (2015), Review of Financial Studies 28.
    """
    if frequency not in ("daily", "monthly"):
        raise unknown("frequency", str(frequency), ("daily", "monthly"))
    config = config or SortConfig()
    returns, rows = sorts.session_returns(panel, delisting_return=config.delisting_return)
    if len(rows) < 2 or not np.isfinite(returns).any():
        raise DataGapError(f"Factors need returns; the panel has {len(rows)} sessions.")
    value = sorts.market_value(panel)
    notes = [f"Factors built from {panel.info.source}: {_kind(panel)} returns."]
    if value is None:
        notes.append("No market values: the market and WML have equal weights, and there is no SMB or HML.")
        value = np.where(panel.listed, 1.0, np.nan)
        variables: dict[str, FloatArray] = {}
    else:
        variables, lost = sorts.accounts(panel, rows, config)
        notes += lost
    value = value[rows]
    before = np.vstack([np.full((1, value.shape[1]), np.nan), value[:-1]])
    market = _Market(panel.dates[rows], returns, value, before, config)
    portfolios = {"market": _all(market), **_sorted(market, variables)}
    return _factors(portfolios, market.dates, frequency, risk_free, tuple(notes), panel.info.source)


def _kind(panel: Panel) -> str:
    return "total" if sorts.pays_dividends(panel) else "price"


def _all(market: _Market) -> FloatArray:
    everyone = np.zeros(market.returns.shape, np.int64)
    return sorts.portfolio_returns(market.returns, market.before, everyone, 1)


def _sorted(market: _Market, variables: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Sort -> (S, P) returns of its portfolios."""
    S = len(market.dates)
    yearly = sorts.month_ends(market.dates, market.config.month)
    monthly = sorts.month_ends(market.dates)
    out = {}
    third: dict[str, IntArray] = {}
    for name, values in variables.items():
        ends = monthly if name == "roe" else yearly
        third[name] = sorts.held(_thirds(market, values[ends], ends), ends, S)
    past = sorts.momentum(sorts.log_wealth(market.returns), monthly)
    size = {"year": _sizes(market, yearly), "month": _sizes(market, monthly)}
    third["past"] = sorts.held(_thirds(market, past, monthly), monthly, S)
    for name, label in third.items():
        if name == "roe":
            continue
        big = size["month" if name == "past" else "year"]
        out[name] = _cells(market, big, label)
    if {"growth", "roe"} <= set(third):
        joint = np.where((third["growth"] >= 0) & (third["roe"] >= 0), 3 * third["growth"] + third["roe"], -1)
        out["q"] = _cells(market, size["year"], joint, 9)
    return out


def _sizes(market: _Market, ends: IntArray) -> IntArray:
    """(S, N) 0 small, 1 big, -1 unknown."""
    labels = np.full((len(ends), market.value.shape[1]), -1, np.int64)
    for k, end in enumerate(ends):
        big, known = sorts.is_big(market.value[end], market.config)
        labels[k] = np.where(known, big, -1)
    return sorts.held(labels, ends, len(market.dates))


def _thirds(market: _Market, values: FloatArray, ends: IntArray) -> IntArray:
    labels = np.full(values.shape, -1, np.int64)
    for k, end in enumerate(ends):
        big, known = sorts.is_big(market.value[end], market.config)
        labels[k] = sorts.thirds(np.where(known, values[k], np.nan), big, market.config)
    return labels


def _cells(market: _Market, big: IntArray, label: IntArray, width: int = 3) -> FloatArray:
    """(S, 2 width) returns of small low ... small high, big low ... big high."""
    cell = np.where((big >= 0) & (label >= 0), big * width + label, -1)
    return sorts.portfolio_returns(market.returns, market.before, cell, 2 * width)


def _factors(
    portfolios: dict[str, FloatArray],
    dates: DateArray,
    frequency: Frequency,
    rate: Rate,
    notes: tuple[str, ...],
    source: str,
) -> Factors:
    """Differences of portfolios, over sessions or months."""
    if frequency == "monthly":
        months = {name: compound_months(dates, returns) for name, returns in portfolios.items()}
        dates = months["market"][0]
        portfolios = {name: returns for name, (_, returns) in months.items()}
    safe = safe_return(dates, rate)
    columns = {"Mkt-RF": portfolios["market"][:, 0] - safe}
    small: dict[str, FloatArray] = {}
    for factor, (name, high) in _SPREADS.items():
        if name not in portfolios or (factor == "WML" and not np.isfinite(portfolios[name]).any()):
            continue
        cells = portfolios[name]
        spread = (cells[:, 2] + cells[:, 5] - cells[:, 0] - cells[:, 3]) / 2.0
        columns[factor] = spread if high else -spread
        small[name] = cells[:, _SMALL].mean(axis=1) - cells[:, _BIG].mean(axis=1)
    if "book" in small:
        columns["SMB3"] = small["book"]
    if {"book", "profit", "growth"} <= set(small):
        columns["SMB"] = (small["book"] + small["profit"] + small["growth"]) / 3.0
    elif "book" in small:
        columns["SMB"] = small["book"]
    columns |= _q_factors(portfolios)
    names = tuple(columns)
    values = np.column_stack([columns[name] for name in names])
    return Factors(dates, names, values, safe, frequency, source, notes).rows(np.arange(1, len(dates)))


def _q_factors(portfolios: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """ME, IA and ROE of the 18 portfolios: size, then growth, then return on equity."""
    if "q" not in portfolios:
        return {}
    cube = portfolios["q"].reshape(-1, 2, 3, 3)
    return {
        "ME": cube[:, 0].mean(axis=(1, 2)) - cube[:, 1].mean(axis=(1, 2)),
        "IA": cube[:, :, 0].mean(axis=(1, 2)) - cube[:, :, 2].mean(axis=(1, 2)),
        "ROE": cube[:, :, :, 2].mean(axis=(1, 2)) - cube[:, :, :, 0].mean(axis=(1, 2)),
    }
