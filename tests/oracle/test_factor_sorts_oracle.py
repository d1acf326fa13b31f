"""Factors built from a store's panel against those of the market that wrote it.

The truth knows what nobody has to find out: market values, equity and twelve months' income as of each
session, from the simulator's own arrays. Its factors are made here by a plain loop over formations and
sessions; the panel has been through the store, the publication rules and the sorts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import jqfast.data as data
from jqfast.comparison import Request, load
from jqfast.data.simulator import SimulateConfig, write
from jqfast.data.simulator.market import Market
from jqfast.factors import Factors, SortConfig, build, fit

CONFIG = SimulateConfig(stocks=90, years=3.9, seed=5)
SORT = SortConfig(breakpoints="all")
TABLES = ["fins_summary", "equities_valuation"]  # without dividends: price returns, as the truth's


@dataclass(frozen=True)
class World:
    """What is true: dates and (T, N) market value, equity, income."""

    dates: np.ndarray
    capital: np.ndarray
    equity: np.ndarray
    income: np.ndarray


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sorted")
    write(path, CONFIG)
    return path


@pytest.fixture(scope="module")
def panel(folder: Path) -> data.Panel:
    return data.open(folder).panel(universe="all", tables=TABLES)


@pytest.fixture(scope="module")
def truth() -> World:
    years = list(Market(CONFIG).years())

    def grid(field: str) -> np.ndarray:
        return np.concatenate([getattr(year, field) for year in years])

    statement = np.concatenate([year.statement for year in years], axis=1)
    known = np.where(grid("listed"), grid("capital"), np.nan)
    return World(grid("dates"), known, statement[0], statement[1])


def _spread(world: World, variable: np.ndarray, ends: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """High minus low and small minus big of a variable (T, N), formed at ``ends``, stock by stock."""
    T, N = world.capital.shape
    high_low, small_big = np.full(T, np.nan), np.full(T, np.nan)
    cells: list[list[int]] = []
    for t in range(1, T):
        if t - 1 in ends:
            size, value = world.capital[t - 1], variable[t - 1]
            listed = [n for n in range(N) if np.isfinite(size[n])]
            middle = np.median([size[n] for n in listed])
            low, high = np.quantile([value[n] for n in listed if np.isfinite(value[n])], [0.3, 0.7])
            cells = [[] for _ in range(6)]
            for n in listed:
                if np.isfinite(value[n]):
                    third = 2 if value[n] > high else 1 if value[n] > low else 0
                    cells[3 * (size[n] > middle) + third].append(n)
        if not cells:
            continue
        r = []
        for cell in cells:
            gain = weight = 0.0
            for n in cell:
                before, now = world.capital[t - 1, n], world.capital[t, n]
                if np.isfinite(before):
                    gain += now - before if np.isfinite(now) else 0.0  # delisted: the last price, then cash
                    weight += before
            r.append(gain / weight if weight else np.nan)
        high_low[t] = (r[2] + r[5] - r[0] - r[3]) / 2
        small_big[t] = np.mean(r[:3]) - np.mean(r[3:])
    return high_low, small_big


def _ends(dates: np.ndarray, month: int | None) -> list[int]:
    months = dates.astype("datetime64[M]").astype(int)
    return [
        t for t in range(len(dates) - 1) if months[t] != months[t + 1] and month in (None, months[t] % 12 + 1)
    ]


def _correlation(factors: Factors, name: str, world: World, true: np.ndarray) -> float:
    at = np.searchsorted(world.dates, factors.dates)
    assert np.array_equal(world.dates[at], factors.dates)
    both = np.isfinite(factors[name]) & np.isfinite(true[at])
    assert both.sum() > 400
    return float(np.corrcoef(factors[name][both], true[at][both])[0, 1])


@pytest.fixture(scope="module")
def built(panel: data.Panel) -> Factors:
    return build(panel, config=SORT)


def test_size_and_value(built: Factors, truth: World) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        book = np.where(truth.equity > 0, truth.equity, np.nan) / truth.capital
    value, size = _spread(truth, book, _ends(truth.dates, 6))
    assert _correlation(built, "HML", truth, value) >= 0.95
    assert _correlation(built, "SMB3", truth, size) >= 0.95


def test_profitability(built: Factors, truth: World) -> None:
    """The truth sorts by net profit, the factor by operating profit, as the original."""
    with np.errstate(invalid="ignore", divide="ignore"):
        profit = truth.income / np.where(truth.equity > 0, truth.equity, np.nan)
    true, _ = _spread(truth, profit, _ends(truth.dates, 6))
    assert _correlation(built, "RMW", truth, true) >= 0.95


def test_momentum(built: Factors, truth: World) -> None:
    ends = _ends(truth.dates, None)
    past = np.full(truth.capital.shape, np.nan)
    for k in range(12, len(ends)):
        past[ends[k]] = truth.capital[ends[k - 1]] / truth.capital[ends[k - 12]] - 1
    true, _ = _spread(truth, past, ends[12:])
    assert _correlation(built, "WML", truth, true) >= 0.95


def test_market(built: Factors, truth: World) -> None:
    before, now = truth.capital[:-1], truth.capital[1:]
    both = np.isfinite(before)
    gain = np.where(np.isfinite(now) & both, now - before, 0.0).sum(axis=1)
    true = np.concatenate([[np.nan], gain / np.where(both, before, 0.0).sum(axis=1)])
    assert _correlation(built, "Mkt-RF", truth, true) >= 0.999


def test_the_factors_explain_the_stocks(panel: data.Panel, built: Factors) -> None:
    close = panel["close"]
    with np.errstate(invalid="ignore"):
        r = close[1:] / close[:-1] - 1
    found = fit(r, built.select("FF3"))
    assert np.nanmean(found["Mkt-RF"]) == pytest.approx(1.0, abs=0.25)
    assert np.nanmedian(found.r2) > 0.1


def test_a_store_gives_all_that_the_comparison_needs(folder: Path) -> None:
    given = load(Request(store=str(folder), universe="all"))
    assert set(given.models) == {"CAPM", "FF3", "Carhart", "FF5"}
    assert given.portfolios.names == ("HiTec", "Manuf", "Other")
    five = given.models["FF5"]
    known = np.isfinite(five.values).all(axis=1)
    assert known.sum() > 400
    found = fit(given.portfolios, five.rows(known))
    assert found.n.tolist() == [known.sum()] * 3
    assert (found.r2 > 0.4).all()
    monthly = load(Request(store=str(folder), universe="all", frequency="monthly", groups=("3250=Drugs",)))
    assert "Drugs" in monthly.portfolios.names
    assert monthly.portfolios.frequency == "monthly"
    assert np.isin(monthly.portfolios.dates, monthly.models["CAPM"].dates).all()


def test_what_comes_later_changes_no_factor(panel: data.Panel, built: Factors) -> None:
    """A panel that ends earlier, in the midst of a month, gives the same factors up to its end."""
    T = 700
    early = build(panel.rows(0, T), config=SORT)
    assert early.names == built.names
    assert np.array_equal(early.dates, built.dates[: T - 1])
    np.testing.assert_array_equal(early.values, built.values[: T - 1])
    assert np.isfinite(early.select("FF6").values).all(axis=1).sum() > 50
