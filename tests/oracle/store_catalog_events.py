"""Oracles of the features of statements, forecasts, peers and reports; part of ``store_catalog``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from store_catalog import MONTH, Frame, Tables, flagged, grown, oracle
from store_catalog_supply import last_finite

_ITEM = "(?P<item>sales|op|odp|np)"
FLAGS = ("subsidiaries_changed", "standards_revised", "policies_changed", "estimates_changed", "restated")


# -- periods: the rows of a stock on which one report was the newest ---------------------------


def periods(p: Tables, code: str, name: str = "fs_period") -> Iterator[np.ndarray]:
    """Row numbers of each stretch of one period, oldest first; rows without a period belong to none."""
    values = p[name][code].to_numpy()
    begin = [t for t in range(len(values)) if np.isfinite(values[t])]
    for period in sorted(set(values[begin])):
        yield np.flatnonzero(values == period)


def by_stock(p: Tables, compute: Callable[[str], np.ndarray]) -> Frame:
    return pd.DataFrame({code: compute(code) for code in p.panel.codes}, index=p.index)


def past_values(p: Tables, x: Frame, code: str) -> Iterator[tuple[np.ndarray, list[float]]]:
    """(rows of a period, the last values of the periods before it, oldest first)."""
    done: list[float] = []
    for rows in periods(p, code):
        yield rows, list(done)
        done.append(last_finite(x[code].to_numpy()[rows]))


# -- results -----------------------------------------------------------------------------------

oracle(_ITEM + "_yoy")(lambda p, item: grown(p[f"fs_{item}_q"], p[f"fs_{item}_q_ya"]))


@oracle(_ITEM + "_sue", scale=10.0)
def unexpected(p: Tables, item: str) -> Frame:
    change = p[f"fs_{item}_q"] - p[f"fs_{item}_q_ya"]

    def one(code: str) -> np.ndarray:
        out = np.full(len(p.index), np.nan)
        for rows, before in past_values(p, change, code):
            known = np.array([value for value in before[-8:] if np.isfinite(value)])
            if len(known) >= 6:
                out[rows] = (change[code].to_numpy()[rows] - known.mean()) / known.std(ddof=1)
        return out

    return by_stock(p, one)


@oracle("(?P<item>sales|op|odp|np|eps)_surprise_company")
def against_guidance(p: Tables, item: str) -> Frame:
    surprise = grown(p[f"fs_{item}"], p[f"fs_{item}_guided"])

    def one(code: str) -> np.ndarray:
        out = np.full(len(p.index), np.nan)
        today, quarter = surprise[code].to_numpy(), p["fs_quarter"][code].to_numpy()
        for rows in periods(p, code, "fs_year_end"):
            held = np.nan
            for t in rows:
                if quarter[t] == 4 and np.isfinite(today[t]):
                    held = today[t]
                out[t] = held
        return out

    return by_stock(p, one)


@oracle("(?P<item>eps|op)_surprise")
def against_consensus(p: Tables, item: str) -> Frame:
    result = p["fs_eps"] * p["adjustment"] if item == "eps" else p["fs_op"]
    surprise = grown(result, p[f"consensus_{item}"].shift(1))

    def one(code: str) -> np.ndarray:
        out = np.full(len(p.index), np.nan)
        today = surprise[code].to_numpy()
        news = (p["fs_age"][code].to_numpy() == 0) & (p["fs_since"][code].to_numpy() <= 2)
        for rows in periods(p, code):
            for t in rows[news[rows] & np.isfinite(today[rows])]:
                out[rows[rows >= t]] = today[t]
        return out

    return by_stock(p, one)


def progress(p: Tables, item: str) -> Frame:
    year_end = p["fs_quarter"] == 4
    expected = p.forecast(item).where(~year_end, p[f"fs_{item}_guided"])
    return (p[f"fs_{item}"] / expected.where(expected > 0)).where(p["fs_quarter"].notna())


oracle(_ITEM + "_progress")(progress)


@oracle(_ITEM + "_progress_history")
def against_own_past(p: Tables, item: str) -> Frame:
    now, quarter = progress(p, item), p["fs_quarter"]

    def one(code: str) -> np.ndarray:
        out = np.full(len(p.index), np.nan)
        today, number = now[code].to_numpy(), quarter[code].to_numpy()
        quarters = [before for _, before in past_values(p, quarter, code)]
        for (rows, before), which in zip(past_values(p, now, code), quarters, strict=True):
            for t in rows:
                same = [
                    before[-4 * year]
                    for year in (1, 2, 3)
                    if len(before) >= 4 * year and which[-4 * year] == number[t]
                ]
                finite = [value for value in same if np.isfinite(value)]
                if len(finite) >= 2:
                    out[t] = today[t] - np.mean(finite)
        return out

    return by_stock(p, one)


# -- revisions ---------------------------------------------------------------------------------


def last_revision(p: Tables, item: str, size: Frame, within: int) -> tuple[Frame, Frame]:
    """(size of the last revision no older than so many sessions, its age); NaN without one."""
    moved = p[f"fc_{item}"] - p[f"fc_{item}_before"]
    news = (p["fc_age"] == 0) & moved.notna() & (moved != 0)
    row = pd.DataFrame(np.arange(len(p.index))[:, None] * np.ones(len(p.panel.codes)), p.index, p.panel.codes)
    age = row - row.where(news).ffill()
    event = size.where(news & np.isfinite(size))
    return event.ffill(limit=within).where(event.ffill(limit=within).notna()), age


def known(p: Tables, x: Frame) -> Frame:
    return x.fillna(0.0).where(p["fc_age"].notna())


@oracle(_ITEM + "_revised_(?P<way>up|down)_20")
def revised(p: Tables, item: str, way: str) -> Frame:
    moved = p[f"fc_{item}"] - p[f"fc_{item}_before"]
    news = (p["fc_age"] == 0) & (moved > 0 if way == "up" else moved < 0)
    return flagged(news.rolling(MONTH, min_periods=1).max() == 1, p["fc_age"])


@oracle(_ITEM + "_revision_size_20")
def revision_size(p: Tables, item: str) -> Frame:
    size = grown(p[f"fc_{item}"], p[f"fc_{item}_before"])
    return known(p, last_revision(p, item, size, MONTH - 1)[0])


@oracle(_ITEM + "_revision_to_market_20")
def revision_to_market(p: Tables, item: str) -> Frame:
    size = (p[f"fc_{item}"] - p[f"fc_{item}_before"]) / p.value
    return known(p, last_revision(p, item, size, MONTH - 1)[0])


@oracle(_ITEM + "_revision_fading_20")
def revision_fading(p: Tables, item: str) -> Frame:
    size = grown(p[f"fc_{item}"], p[f"fc_{item}_before"])
    last, age = last_revision(p, item, size, 6 * MONTH)
    return known(p, last * np.exp(-age / MONTH))


# -- peers -------------------------------------------------------------------------------------


Statistic = Callable[[np.ndarray], np.ndarray]


def grouped(p: Tables, x: Frame, compute: Statistic, extra: Frame | None = None) -> Frame:
    """``compute`` in each sector with at least five values, else among all stocks of the date."""
    values, out = x.to_numpy(dtype=float), np.full(x.shape, np.nan)
    groups = p.panel["sector33"][p.rows].astype(float)
    if extra is not None:
        groups = groups * 10 + extra.to_numpy()
    for t, row in enumerate(values):
        there = np.isfinite(row)
        if there.any():
            out[t, there] = compute(row[there])
        for group in np.unique(groups[t, there]):
            members = there & (groups[t] == group)
            if members.sum() >= 5:
                out[t, members] = compute(row[members])
    return pd.DataFrame(out, index=p.index, columns=p.panel.codes)


def z(x: np.ndarray) -> np.ndarray:
    deviation = x.std(ddof=1) if len(x) > 1 else np.nan
    return (x - x.mean()) / deviation if deviation > 0 else x * (0.0 if len(x) > 1 else np.nan)


def place(x: np.ndarray) -> np.ndarray:
    """(rank - 1) / (n - 1), equal values share the mean of their ranks."""
    below, equal = (x[None, :] < x[:, None]).sum(axis=1), (x[None, :] == x[:, None]).sum(axis=1)
    return (below + (equal - 1) / 2) / (len(x) - 1)


def ratio(p: Tables, name: str) -> Frame:
    if name == "sales_growth":
        return grown(p["fs_sales_ttm"], p["fs_sales_ttm_ya"])
    if name == "op_margin":
        return p["fs_op_ttm"] / p["fs_sales_ttm"].where(p["fs_sales_ttm"] > 0)
    if name == "roe":
        return p["fs_np_ttm"] / p["fs_equity"].where(p["fs_equity"] > 0)
    return p["fs_equity"] / p.value if name == "book_to_price" else p.forecast("eps") / p.price


_RATIO = "(?P<name>sales_growth|op_margin|roe|book_to_price|forecast_yield)"
oracle(_RATIO + "_sector_mean_gap")(lambda p, name: grouped(p, ratio(p, name), lambda x: x - x.mean()))
oracle(_RATIO + "_sector_median_gap")(lambda p, name: grouped(p, ratio(p, name), lambda x: x - np.median(x)))
oracle(_RATIO + "_sector_rank")(lambda p, name: grouped(p, ratio(p, name), place))
oracle("forecast_per_rank")(lambda p: grouped(p, -p.forecast("eps") / p.price, place))
oracle(_ITEM + "_progress_sector")(
    lambda p, item: grouped(p, progress(p, item), lambda x: x - x.mean(), p["fs_quarter"])
)


@oracle(_ITEM + "_growth_sector_z", scale=10.0)
def growth_z(p: Tables, item: str) -> Frame:
    return grouped(p, grown(p[f"fs_{item}_ttm"], p[f"fs_{item}_ttm_ya"]), z)


@oracle("op_yoy_sector_z", scale=10.0)
def quarter_z(p: Tables) -> Frame:
    return grouped(p, grown(p["fs_op_q"], p["fs_op_q_ya"]), z)


@oracle("op_yoy_sector_(?P<way>high|low)")
def exceptional(p: Tables, way: str) -> Frame:
    score = quarter_z(p)
    return flagged(score >= 2 if way == "high" else score <= -2, score)


# -- reports as events -------------------------------------------------------------------------


def around_report(p: Tables, value: Callable[[np.ndarray, int, int], float]) -> Frame:
    """``value(prices, day of the report, today)`` by row numbers, where the report is known."""

    def one(code: str) -> np.ndarray:
        out = np.full(len(p.index), np.nan)
        price, since = p.price[code].to_numpy(), p["fs_since"][code].to_numpy()
        for t in np.flatnonzero(np.isfinite(since)):
            day = int(t - since[t])
            if day >= 0:
                out[t] = value(price, day, t)
        return out

    return by_stock(p, one)


def drift(p: Tables, k: int) -> Frame:
    return around_report(p, lambda price, day, t: price[min(day + k, t)] / price[day] - 1)


oracle("report_drift_{k}")(drift)
oracle("report_drift_fading_20")(lambda p: drift(p, 5) * np.exp(-p["fs_since"] / MONTH))
oracle("report_age")(lambda p: p["fs_since"] / 60)
oracle("report_recency_{tau}")(lambda p, tau: np.exp(-p["fs_since"] / tau))
oracle("report_ahead")(lambda p: p["earnings_in"].fillna(p["earnings_expected_in"]) / 60)
oracle("report_ahead_by_last_year")(lambda p: p["earnings_expected_in"] / 60)
oracle("exdiv_age")(lambda p: p["dividend_ago"] / 60)
oracle("log_listing_age")(lambda p: np.log1p(p["listing_age"]))


@oracle("report_run_up_{k}")
def run_up(p: Tables, k: int) -> Frame:
    def value(price: np.ndarray, day: int, _: int) -> float:
        return price[day - 1] / price[day - 1 - k] - 1 if day - 1 - k >= 0 else np.nan

    return around_report(p, value)


@oracle("report_jump_before")
def jump_before(p: Tables) -> Frame:
    excess = p["close"] / p["close"].shift(1) - p["topix_close"] / p["topix_close"].shift(1)
    limit = 2 * excess.rolling(20, min_periods=14).std().shift(1)
    jump = flagged(excess.abs() > limit, excess, limit)

    def one(code: str) -> np.ndarray:
        out, of_day = np.full(len(p.index), np.nan), jump[code].to_numpy()
        for t, since in enumerate(p["fs_since"][code].to_numpy()):
            if since > MONTH:
                out[t] = 0.0
            elif t - since - 1 >= 0:
                out[t] = of_day[int(t - since - 1)]
        return out

    return by_stock(p, one)


def material(p: Tables) -> Frame:
    flags = sum(p[f"fs_{name}"].fillna(0.0) for name in FLAGS)
    return flags.where(p["fs_since"].notna())  # type: ignore[union-attr, return-value]


@oracle("material_change_{n}")
def material_flag(p: Tables, n: int) -> Frame:
    return flagged((material(p) > 0) & (p["fs_since"] <= n), p["fs_since"])


@oracle("material_change_ret_{k}")
def material_return(p: Tables, k: int) -> Frame:
    return drift(p, k).where(material(p) > 0, 0.0).where(p["fs_since"].notna())


@oracle("report_ahead_estimated")
def estimated(p: Tables) -> Frame:
    either = p["earnings_in"].fillna(p["earnings_expected_in"])
    return flagged(p["earnings_in"].isna(), either)
