"""Market, corporate actions and macro series once more, in pandas, as the requirements define them.

Nothing here looks at the expressions of the catalogue.
"""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from section_oracles import YEAR, Frame, change, flag, oracle, rolling
from store_catalog import Tables

# -- market
# ------------------------------------------------------------------------------------------------


def volatility(x: Frame) -> Frame:
    return 100 * np.sqrt(YEAR) * rolling(np.log(x / x.shift(1)), 20).std()


@oracle("{index}_ret_{k}")
def _(t: Tables, index: str, k: int) -> Frame:
    return change(t[{"topix": "topix_close", "nikkei": "opt_underlying"}.get(index, index)], k)


@oracle("topix_gap")
def _(t: Tables) -> Frame:
    return t["topix_open"] / t["topix_close"].shift(1) - 1


def basis(t: Tables, name: str) -> Frame:
    return 100 * (t[f"fut_{name}_settle"] / t[f"fut_{name}_spot"] - 1)


def basis_dev(t: Tables, name: str) -> Frame:
    return basis(t, name) - rolling(basis(t, name), 20).mean()


@oracle("basis_{name}", scale=100.0)
def _(t: Tables, name: str) -> Frame:
    return basis(t, name)


@oracle("basis_dev_{name}", scale=100.0)
def _(t: Tables, name: str) -> Frame:
    return basis_dev(t, name)


def above_fair(t: Tables, rate: Frame) -> Frame:
    years = t["fut_topix_days"] / 365
    spot = t["fut_topix_spot"]
    return 100 * (t["fut_topix_settle"] - spot * np.exp(rate / 100 * years)) / spot


@oracle("basis_rate_topix", scale=100.0)
def _(t: Tables) -> Frame:
    return above_fair(t, t["opt_rate"])


@oracle("basis_fair_topix", scale=100.0)
def _(t: Tables) -> Frame:
    return above_fair(t, t["opt_rate"] - t["topix_yield"])


@oracle("fut_volume_surge")
def _(t: Tables) -> Frame:
    return t["fut_topix_volume"] / rolling(t["fut_topix_volume"], 20).mean()


@oracle("fut_interest_20")
def _(t: Tables) -> Frame:
    return change(t["fut_topix_interest"], 20)


@oracle("fut_interest_corr_20")
def _(t: Tables) -> Frame:
    return rolling(t["fut_topix_return"], 20).corr(change(t["fut_topix_interest"], 1), pairwise=False)


def contract_move(t: Tables, k: int) -> Frame:
    return np.exp(rolling(np.log(1 + t["fut_topix_return"]), k).sum()) - 1


@oracle("fut_{way}_interest_{interest}")
def _(t: Tables, way: str, interest: str) -> Frame:
    move, positions = contract_move(t, 10), change(t["fut_topix_interest"], 10)
    signs = {"up": 1, "down": -1}
    both = (np.sign(move) == signs[way]) & (np.sign(positions) == signs[interest])
    return flag(both, move, positions)


VI = {"spot": "nikkei_vi", "fut": "fut_nkvi_settle", "atm": "opt_iv", "black": "opt_iv_black"}


@oracle("vi_{name}")
def _(t: Tables, name: str) -> Frame:
    return t[VI[name]]


@oracle("vi_dev_{name}", scale=20.0)
def _(t: Tables, name: str) -> Frame:
    return t[VI[name]] - rolling(t[VI[name]], 20).mean()


@oracle("vol_premium_{name}", scale=20.0)
def _(t: Tables, name: str) -> Frame:
    return t[VI[name]] - volatility(t["opt_underlying"])


class Regimes:
    """The conditions of section 5 of the proposal, and what they need to be known."""

    def __init__(self, t: Tables) -> None:
        topix = t["topix_close"]
        self.trend, self.hv = topix / rolling(topix, 200).mean() - 1, volatility(topix)
        self.low = rolling(self.hv, YEAR).quantile(0.2)
        self.top = rolling(self.hv, YEAR).quantile(0.95)
        self.month = change(topix, 20)
        self.bull = flag((self.trend >= 0.05) & (self.hv < 20), self.trend, self.hv)
        self.bear = flag((self.trend <= -0.05) & (self.hv >= 30), self.trend, self.hv)
        calm = (self.hv <= self.low) & (self.month.abs() <= 0.01)
        self.range = flag(calm, self.hv, self.low, self.month)
        self.high = flag(self.hv >= self.top, self.hv, self.top)


@functools.lru_cache(maxsize=2)
def regimes(t: Tables) -> Regimes:
    return Regimes(t)


@oracle("regime_{name}")
def _(t: Tables, name: str) -> Frame:
    return getattr(regimes(t), name)


@oracle("regime_high_vi")
def _(t: Tables) -> Frame:
    high, iv = regimes(t).high, t["opt_iv"]
    line = rolling(iv, 20).mean() + 2 * rolling(iv, 20).std()
    return flag((high == 1) | (iv > line), high, iv, line)


#: State -> those that come before it; bull and bear exclude each other.
BEFORE = {
    "bear": ("high",),
    "bull": ("high",),
    "range": ("high", "bear", "bull"),
    "neutral": ("high", "bear", "bull", "range"),
}


@oracle("regime_one_{name}")
def _(t: Tables, name: str) -> Frame:
    before = [getattr(regimes(t), other) for other in BEFORE[name]]
    own = [] if name == "neutral" else [getattr(regimes(t), name)]
    free = np.logical_and.reduce([(x == 0).to_numpy() for x in before] + [(x == 1).to_numpy() for x in own])
    return flag(pd.DataFrame(free, before[0].index, before[0].columns), *before, *own)


@oracle("regime_bull_agreed")
def _(t: Tables) -> Frame:
    parts = [basis_dev(t, "topix"), contract_move(t, 10), change(t["fut_topix_interest"], 10)]
    bull = regimes(t).bull
    return flag((bull == 1) & np.logical_and.reduce([x > 0 for x in parts]), bull, *parts)


@oracle("regime_bear_agreed")
def _(t: Tables) -> Frame:
    bear, dev, iv = regimes(t).bear, basis_dev(t, "topix"), t["opt_iv"]
    mean = rolling(iv, 20).mean()
    return flag((bear == 1) & (dev < 0) & (iv > mean), bear, dev, iv, mean)


@oracle("us_correction")
def _(t: Tables) -> Frame:
    top = rolling(t["spx"], YEAR).max()
    return flag(t["spx"] / top <= 0.9, t["spx"], top)


@oracle("us_corr_60")
def _(t: Tables) -> Frame:
    return rolling(change(t["topix_close"], 1), 60).corr(change(t["spx"], 1), pairwise=False)


@oracle("{kind}_beta_252")
def _(t: Tables, kind: str) -> Frame:
    q, least = {"down": (0.5, 75), "crash": (0.1, 15)}[kind]
    moved, stock = change(t["topix_close"], 1), change(t["close"], 1)
    low = moved <= rolling(moved, YEAR).quantile(q)
    x, y = moved.where(low & stock.notna()), stock.where(low)
    return rolling(y, YEAR, least).cov(x, pairwise=False) / rolling(x, YEAR, least).var()


# -- corporate actions
# ------------------------------------------------------------------------------------------------


def since(event: Frame) -> Frame:
    """Sessions since the event last was true, NaN before the first time."""
    rows = pd.DataFrame(
        np.repeat(np.arange(len(event), dtype=float)[:, None], event.shape[1], axis=1),
        index=event.index,
        columns=event.columns,
    )
    return rows - rows.where(event).ffill()


def step(t: Tables) -> Frame:
    """Shares that one became, on its ex-date."""
    return t["adjustment"].shift(1) / t["adjustment"]


@oracle("after_exdiv_{n}")
def _(t: Tables, n: int) -> Frame:
    return (t["dividend_ago"] < n).astype(float)


@oracle("div_yield_paid")
def _(t: Tables) -> Frame:
    paid = t["dividend_last_amount"].where(t["dividend_ago"] == 0, 0.0)
    known = t["dividend_ago"].notna()
    return paid.where(known).rolling(245, min_periods=1).sum() / t["close"]


@oracle("div_yield_next")
def _(t: Tables) -> Frame:
    return t["dividend_next_amount"] / t["close"]


@oracle("div_to", scale=10.0)
def _(t: Tables) -> Frame:
    return t["dividend_in"] - 1


@oracle("div_since")
def _(t: Tables) -> Frame:
    return t["dividend_ago"]


@oracle("split_month")
def _(t: Tables) -> Frame:
    told = t["split_announced"]
    return flag((told.rolling(21, min_periods=1).max() > 0), told)


@oracle("split_window")
def _(t: Tables) -> Frame:
    told, done = since(t["split_announced"] > 0), since(step(t) > 1)
    waiting = done.isna() | (done > told)
    return flag((told <= 245) & (waiting | (done <= 5)), t["split_announced"])


@oracle("split_ratio_20")
def _(t: Tables) -> Frame:
    return np.log(step(t)).rolling(20, min_periods=1).sum()


@oracle("split_flag_20")
def _(t: Tables) -> Frame:
    largest = step(t).rolling(20, min_periods=1).max()
    return flag(largest > 1, largest)


@oracle("merge_flag_20")
def _(t: Tables) -> Frame:
    smallest = step(t).rolling(20, min_periods=1).min()
    return -flag(smallest < 1, smallest)


@oracle("index_add")
def _(t: Tables) -> Frame:
    return t["added_to_index"].fillna(0.0)


@oracle("index_delete")
def _(t: Tables) -> Frame:
    return t["deleted_from_index"].fillna(0.0)


@oracle("news_score")
def _(t: Tables) -> Frame:
    return t["news_score"]


@oracle("news_fading_{n}", scale=1.0)
def _(t: Tables, n: int) -> Frame:
    return sum(np.exp(-3 * k / n) * t["news_score"].shift(k).fillna(0.0) for k in range(n))


@oracle("price_jump_60")
def _(t: Tables) -> Frame:
    r = change(t["close"], 1)
    sd = rolling(r, 60).std().shift(1)
    return flag(r.abs() > 3 * sd, r, sd)


@oracle("{half}_ret")
def _(t: Tables, half: str) -> Frame:
    return t[f"{half}_close"] / t[f"{half}_open"] - 1


@oracle("noon_gap")
def _(t: Tables) -> Frame:
    return t["afternoon_open"] / t["morning_close"] - 1


# -- macro series and dummies
# ------------------------------------------------------------------------------------------------

SERIES = {"topix": "topix_close", "nikkei": "opt_underlying", "nkvi": "opt_iv"}


@oracle("k_{name}")
def _(t: Tables, name: str) -> Frame:
    return t[SERIES.get(name, name)]


@oracle("k_{name}_1m", scale=5.0)
def _(t: Tables, name: str) -> Frame:
    x = t[SERIES.get(name, name)]
    is_yield = name.startswith(("jgb", "ust", "bund", "gilt"))
    return x - x.shift(20) if is_yield else change(x, 20)


def of_sector(t: Tables, code: int) -> Frame:
    labels = np.array([*t.panel.categories["sector33"], ""])[t.panel["sector33"][t.rows]]
    return pd.DataFrame(np.where(labels == "", np.nan, labels == f"{code:04d}"), t.index, t.panel.codes)


@oracle("k_sector_{code}")
def _(t: Tables, code: int) -> Frame:
    return of_sector(t, code)


@oracle("k_month_{m}")
def _(t: Tables, m: int) -> Frame:
    here = np.repeat((t.index.month == m)[:, None], len(t.panel.codes), axis=1)
    return pd.DataFrame(here.astype(float), t.index, t.panel.codes)


@oracle("rate_sector_{code}")
def _(t: Tables, code: int) -> Frame:
    return of_sector(t, code) * (t["jgb10"] - t["jgb10"].shift(20))


@oracle("us_2s10s", scale=5.0)
def _(t: Tables) -> Frame:
    return t["ust10"] - t["ust2"]


@oracle("fed_funds")
def _(t: Tables) -> Frame:
    return t["fed_funds"]


@oracle("fed_funds_1m", scale=5.0)
def _(t: Tables) -> Frame:
    return t["fed_funds"] - t["fed_funds"].shift(20)


@oracle("spx_overnight")
def _(t: Tables) -> Frame:
    return t["spx_overnight"]
