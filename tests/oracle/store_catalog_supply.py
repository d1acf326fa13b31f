"""Oracles of the features of demand and supply; part of ``store_catalog``."""

from __future__ import annotations

import numpy as np
import pandas as pd
from store_catalog import MONTH, Frame, Tables, flagged, oracle, two_thirds

SIDES = {"long": ("long",), "short": ("short",), "total": ("long", "short")}


def balance(p: Tables, side: str) -> Frame:
    return sum(p[f"margin_{each}"] for each in SIDES[side])  # type: ignore[return-value]


def measure(p: Tables, name: str) -> Frame:
    """A measure of short selling."""
    return p["short_ratio" if name == "short_ratio_market" else name]


oracle("margin_(?P<side>long|short)_ratio")(lambda p, side: balance(p, side) / p["fs_shares"])
oracle("margin_daily_ratio")(
    lambda p: p["margin_daily_long"] / p["margin_daily_short"].where(p["margin_daily_short"] > 0)
)
oracle("margin_ratio")(lambda p: p["margin_long"] / p["margin_short"].where(p["margin_short"] > 0))
oracle("margin_no_short")(lambda p: flagged(p["margin_short"] == 0, p["margin_short"]))
oracle("margin_{side}_growth_20")(lambda p, side: balance(p, side) / balance(p, side).shift(MONTH) - 1)
oracle("margin_alert_{side}_ratio")(lambda p, side: p[f"alert_{side}"] / p["fs_shares"])
oracle("margin_alert_ratio")(lambda p: p["alert_long"] / p["alert_short"].where(p["alert_short"] > 0))
oracle("margin_daily_{side}_ratio")(lambda p, side: p[f"margin_daily_{side}"] / p["fs_shares"])
oracle("margin_alert")(lambda p: flagged(p["alert_long"].notna(), p.price))
oracle("short_ratio_(?P<who>sector|market)")(lambda p, who: measure(p, f"short_ratio_{who}"))
oracle("short_position")(lambda p: np.log1p(100 * measure(p, "short_position")))
oracle("year_end")(lambda p: _year_end(p))
oracle("listed_within_{n}")(lambda p, n: flagged(p["listing_age"] <= n, p.price))
oracle("segment_changed_{n}")(lambda p, n: flagged(p["segment_age"] < n, p.price))
oracle("boj_etf_return")(lambda p: _purchases(p, 0.0))
oracle("boj_etf_return_last")(lambda p: _purchases(p, np.nan).ffill(limit=240))


@oracle("margin_{side}_surge_26", scale=10.0)
def surge(p: Tables, side: str) -> Frame:
    """Stock by stock: a week's last change to shares, and where today's stands among those of 26 weeks."""
    whole, columns = balance(p, side), {}
    for code in p.panel.codes:
        week, shares = p["margin_date"][code].to_numpy(), p["fs_shares"][code].to_numpy()
        x = whole[code].to_numpy()
        out = np.full(len(x), np.nan)
        of_week: list[float] = []
        before = np.nan
        for one in np.unique(week[np.isfinite(week)]):
            rows = np.flatnonzero(week == one)
            today = (last_finite(x[rows]) - before) / shares[rows]
            for t, change in zip(rows, today, strict=True):
                values = np.array([each for each in [*of_week[-25:], change] if np.isfinite(each)])
                if np.isfinite(change) and len(values) >= 18 and values.std() > 0:
                    out[t] = (change - values.mean()) / values.std(ddof=1)
            of_week.append(last_finite(today))
            before = last_finite(x[rows])
        columns[code] = out
    return pd.DataFrame(columns, index=p.index)


def last_finite(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if len(finite) else np.nan


@oracle("short_ratio_(?P<who>sector|market)_mean_20")
def month_of_ratio(p: Tables, who: str) -> Frame:
    return measure(p, f"short_ratio_{who}").rolling(MONTH, min_periods=14).mean()


@oracle("short_position_float")
def to_float(p: Tables) -> Frame:
    issued = p["fs_shares_issued"] / p["adjustment"]  # on the basis of the day, as the free float is
    return np.log1p(100 * measure(p, "short_position") * issued / p["free_float"])


_MEASURE = "(?P<name>short_ratio_sector|short_ratio_market|short_position)"


@oracle(_MEASURE + "_highest_{w}")
def highest(p: Tables, name: str, w: int) -> Frame:
    x = measure(p, name)
    rolling = x.rolling(w, min_periods=two_thirds(w))
    return flagged((x == rolling.max()) & (rolling.max() > rolling.min()), x, rolling.max())


@oracle(_MEASURE + "_change_20")
def change_of_short(p: Tables, name: str) -> Frame:
    return measure(p, name).diff(MONTH)


@oracle(_MEASURE + "_slope_20")
def slope_of_short(p: Tables, name: str) -> Frame:
    """Least squares on the session's number, sessions without a value left out."""

    def slope(window: np.ndarray) -> float:
        there = np.isfinite(window)
        return float(np.polyfit(np.flatnonzero(there), window[there], 1)[0])

    return measure(p, name).rolling(MONTH, min_periods=14).apply(slope, raw=True)


@oracle("short_position_x_ret_20")
def short_times_return(p: Tables) -> Frame:
    return measure(p, "short_position") * (p["close"] / p["close"].shift(MONTH) - 1)


@oracle("short_squeeze")
def squeeze(p: Tables) -> Frame:
    top = highest(p, "short_position", 240)
    news = p["news_score"].rolling(5, min_periods=1).max()
    return flagged((top == 1) & (news > 0), top, news)


def _year_end(p: Tables) -> Frame:
    """The last five sessions of a year that is over; in the last year five weekdays to 30 December."""
    flag = pd.DataFrame(0.0, p.index, p.panel.codes)
    for year, days in p.index.to_series().groupby(p.index.year):
        final = days[-5:] if year < p.index[-1].year else pd.bdate_range(end=f"{year}-12-30", periods=5)
        flag.loc[p.index.intersection(final)] = 1.0
    return flag


def _purchases(p: Tables, otherwise: float) -> Frame:
    topix = p["topix_close"] / p["topix_close"].shift(1) - 1
    bought = p["boj_etf"]
    value = topix.shift(1).where(bought > 0, otherwise)
    return value.where(bought.notna())
