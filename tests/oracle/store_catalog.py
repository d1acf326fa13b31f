"""Catalogue features of the store's tables once more, in pandas, from the definitions of the requirements.

Nothing here looks at the expressions of the catalogue. Input is the panel's columns as wide frames (sessions
x stocks); that the columns themselves are right, and not early, is the business of their own tests.
``ORACLES`` maps a feature to its implementation, with the size of what is subtracted to get it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

from jqfast.data.panel import Panel

Frame = pd.DataFrame
MONTH, YEAR = 20, 240


class Tables:
    """Columns of a panel on the rows that are sessions; a market series stands under every code."""

    def __init__(self, panel: Panel) -> None:
        self.panel, self.rows = panel, panel.is_session
        self.index = pd.DatetimeIndex(panel.dates[self.rows])
        self._kept: dict[str, Frame] = {}

    def __getitem__(self, name: str) -> Frame:
        if name not in self._kept:
            values = self.panel[name][self.rows]
            if values.ndim == 1:
                values = np.repeat(values[:, None], len(self.panel.codes), axis=1)
            self._kept[name] = pd.DataFrame(values, index=self.index, columns=self.panel.codes)
        return self._kept[name]

    @property
    def price(self) -> Frame:
        return self["close"].ffill(limit=MONTH)

    @property
    def value(self) -> Frame:
        return self["market_value"].ffill(limit=MONTH)

    @property
    def debt(self) -> Frame:
        return self["fs_assets"] - self["fs_net_assets"]

    def forecast(self, item: str) -> Frame:
        """Forecasts of years that are over do not count."""
        return self[f"fc_{item}"].mask(self["fc_target"] <= self["fs_year_end"])


Build = Callable[..., Frame]
_PATTERNS: list[tuple[re.Pattern[str], Build, float]] = []


def oracle(template: str, *, scale: float = 1.0) -> Callable[[Build], Build]:
    """Register an implementation for every name that fits the template."""
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[a-z0-9]+)", template))

    def register(function: Build) -> Build:
        _PATTERNS.append((pattern, function, scale))
        return function

    return register


def want(name: str, tables: Tables) -> tuple[np.ndarray, float]:
    """(sessions x stocks values of a feature, scale); KeyError unless exactly one implementation fits."""
    found = [(p.fullmatch(name), f, s) for p, f, s in _PATTERNS if p.fullmatch(name)]
    if len(found) != 1:
        raise KeyError(f"feature `{name}` has {len(found)} oracles in tests/oracle/store_catalog.py")
    match, function, scale = found[0]
    groups = match.groupdict() if match else {}
    params = {key: int(text) if text.isdigit() else text for key, text in groups.items()}
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing are missing
        values = function(tables, **params)
    return values.where(np.isfinite(values)).to_numpy(dtype=float), scale


def grown(now: Frame, before: Frame) -> Frame:
    return (now - before) / before.abs()


def two_thirds(w: int) -> int:
    return int(np.ceil(2 * w / 3))


def flagged(condition: Frame, *known: Frame) -> Frame:
    """1.0 or 0.0, NaN where one of the frames it depends on is NaN."""
    seen = np.logical_and.reduce([each.notna().to_numpy() for each in known])
    return condition.astype(float).where(seen)


# -- stock factors -----------------------------------------------------------------------------

oracle("{item}_growth")(lambda p, item: grown(p[f"fs_{item}_ttm"], p[f"fs_{item}_ttm_ya"]))
oracle("{item}_growth_forecast")(lambda p, item: grown(p.forecast(item), p[f"fs_{item}_year"]))
oracle("roe_forecast")(lambda p: p.forecast("np") / p["fs_equity"].where(p["fs_equity"] > 0))
oracle("dividend_yield_actual")(lambda p: p["fs_dividend"] / p.price)
oracle("dividend_yield_forecast")(lambda p: p.forecast("dividend") / p.price)
oracle("book_to_price")(lambda p: p["fs_equity"] / p.value)
oracle("earnings_yield")(lambda p: p["fs_np_ttm"] / p.value)
oracle("earnings_yield_forecast")(lambda p: p.forecast("eps") / p.price)
oracle("earnings_yield_forecast_change_20")(lambda p: (p.forecast("eps") / p.price).diff(MONTH))
oracle("sales_yield_forecast")(lambda p: p.forecast("sales") / p.value)
oracle("log_market_value")(lambda p: np.log(p.value))
oracle("log_equity")(lambda p: np.log(p["fs_equity"]))
oracle("log_sales")(lambda p: np.log(p["fs_sales_ttm"]))
oracle("ret_{k}")(lambda p, k: p.price / p.price.shift(k) - 1)
oracle("op_margin")(lambda p: p["fs_op_ttm"] / p["fs_sales_ttm"].where(p["fs_sales_ttm"] > 0))
oracle("equity_ratio")(lambda p: p["fs_equity_ratio"])
oracle("debt_to_equity")(lambda p: p.debt / p["fs_net_assets"].where(p["fs_net_assets"] > 0))
oracle("net_debt_to_market")(lambda p: (p.debt - p["fs_cash"]) / p.value)
oracle("net_debt_to_equity")(
    lambda p: (p.debt - p["fs_cash"]) / p["fs_net_assets"].where(p["fs_net_assets"] > 0)
)


@oracle("odp_revision_20")
def odp_revision(p: Tables) -> Frame:
    now, target = p.forecast("odp"), p["fc_target"]
    change = grown(now, now.shift(MONTH))
    new_year = target.ne(target.shift(MONTH)) & target.notna() & target.shift(MONTH).notna()
    return change.mask(new_year, 0.0 * now.where(now.isna(), 1.0))


@oracle("earnings_yield_z_{w}", scale=10.0)
def earnings_yield_z(p: Tables, w: int) -> Frame:
    x = p["fs_np_ttm"] / p.value
    rolling = x.rolling(w, min_periods=two_thirds(w))
    return (x - rolling.mean()) / rolling.std()


@oracle("cash_flow_yield_forecast")
def cash_flow_yield(p: Tables) -> Frame:
    return (p.forecast("np") + p["fs_cfo_year"] - p["fs_np_year"]) / p.value


@oracle("ebitda_to_ev_forecast")
def ebitda_to_ev(p: Tables) -> Frame:
    enterprise = p.value + p.debt - p["fs_cash"]
    earnings = p.forecast("op") + p["fs_cfo_year"] - p["fs_np_year"]
    return earnings / enterprise.where(enterprise > 0)


@oracle("share_turnover_20")
def share_turnover(p: Tables) -> Frame:
    return 20 * p["volume"].rolling(20, min_periods=14).mean() / p["fs_shares"]


@oracle("beta_topix_{w}")
def beta_topix(p: Tables, w: int) -> Frame:
    """cov(x, y) / var(y) of the sessions on which both are there."""
    x = p["close"] / p["close"].shift(1) - 1
    y = (p["topix_close"] / p["topix_close"].shift(1) - 1).where(x.notna())
    rolling = {"window": w, "min_periods": two_thirds(w)}
    mean = {name: each.rolling(**rolling).mean() for name, each in (("x", x), ("y", y), ("xy", x * y))}
    square = (y * y).rolling(**rolling).mean()
    return (mean["xy"] - mean["x"] * mean["y"]) / (square - mean["y"] ** 2)


@oracle("default_risk", scale=10.0)
def default_risk(p: Tables) -> Frame:
    returns = p["close"] / p["close"].shift(1) - 1
    sigma = returns.rolling(YEAR, min_periods=two_thirds(YEAR)).std() * np.sqrt(252)
    value = p.value + p.debt
    of_value = p.value / value * sigma + p.debt / value * (0.05 + 0.25 * sigma)
    drift = p.price / p.price.shift(YEAR) - 1
    return -(np.log(value / p.debt) + drift - of_value**2 / 2) / of_value


# -- from statement details --------------------------------------------------------------------

oracle("net_debt_to_market_details")(lambda p: (p["fd_debt"] - p["fs_cash"]) / p.value)
oracle("debt_to_equity_details")(lambda p: p["fd_debt"] / p["fs_net_assets"].where(p["fs_net_assets"] > 0))
oracle("cash_flow_yield_forecast_details")(lambda p: (p.forecast("np") + p["fd_depreciation_year"]) / p.value)


@oracle("ebitda_to_ev_forecast_details")
def ebitda_to_ev_details(p: Tables) -> Frame:
    enterprise = p.value + p["fd_debt"] - p["fs_cash"]
    return (p.forecast("op") + p["fd_depreciation_year"]) / enterprise.where(enterprise > 0)
