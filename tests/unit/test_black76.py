"""Volatilities that were planted in prices are found again, from one price and from a store of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.black76 import black, implied_deviation

DAYS = tiny.weekdays("2024-04-01", "2024-04-13")


def _textbook(future: float, strike: float, sigma: float, years: float, put: bool) -> float:
    d1 = (np.log(future / strike) + sigma**2 * years / 2) / (sigma * np.sqrt(years))
    d2 = d1 - sigma * np.sqrt(years)
    call = future * scipy.stats.norm.cdf(d1) - strike * scipy.stats.norm.cdf(d2)
    return float(call - (future - strike if put else 0.0))  # parity


def test_the_price_is_that_of_the_textbook() -> None:
    for put in (False, True):
        got = black(*(np.array([x]) for x in (100.0, 105.0, 0.2 * np.sqrt(0.5))), np.array([put]))
        np.testing.assert_allclose(got, _textbook(100.0, 105.0, 0.2, 0.5, put), rtol=1e-12)
    # Hull: a put of four months on a future of 20 at 20, sigma 25 %, costs 1.12 discounted at 9 %.
    price = black(np.array([20.0]), np.array([20.0]), np.array([0.25 * np.sqrt(1 / 3)]), np.array([True]))
    assert price[0] * np.exp(-0.09 / 3) == pytest.approx(1.12, abs=0.005)


def test_planted_deviations_are_recovered() -> None:
    rng = np.random.default_rng(0)
    n = 200
    future, strike = np.full(n, 40000.0), 40000.0 * np.exp(rng.uniform(-0.1, 0.1, n))
    planted, put = rng.uniform(0.02, 0.6, n), rng.random(n) < 0.5
    found = implied_deviation(black(future, strike, planted, put), future, strike, put)
    np.testing.assert_allclose(found, planted, rtol=1e-7)


def test_prices_that_no_volatility_gives() -> None:
    price = np.array([4.0, 0.0, 101.0, np.nan, 5.0])
    future, strike = np.array([105.0, 90.0, 100.0, 100.0, 105.0]), np.full(5, 100.0)
    found = implied_deviation(price, future, strike, np.zeros(5, bool))
    assert np.isnan(
        found
    ).all()  # below the inner value, nothing, above the future, missing, at the inner value
    assert len(implied_deviation(*(np.zeros(0) for _ in range(3)), np.zeros(0, bool))) == 0


def _option(side: str, strike: float, expiry: str, price: float) -> dict[str, Any]:
    about = {"EmMrgnTrgDiv": "002", "PCDiv": side, "SQD": expiry, "UnderPx": 40100.0, "IR": 0.5}
    return {
        "Date": "2024-04-02",
        "Code": side + expiry + str(strike),
        "Strike": strike,
        "Settle": price,
        **about,
    }


def test_a_store_of_prices_gives_the_volatility_of_30_days(tmp_path: Path) -> None:
    options = []
    for expiry, days, sigma in (("2024-04-12", 10, 0.30), ("2024-05-12", 40, 0.20)):
        years = days / 365
        for strike in (40000.0, 40500.0):
            for side in ("1", "2"):
                plain = _textbook(40050.0, strike, sigma, years, side == "1")
                options.append(_option(side, strike, expiry, plain * np.exp(-0.005 * years)))
    store = tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars("13010", DAYS),
        equities_master=tiny.issues(DAYS, "13010", "0111"),
        markets_calendar=tiny.calendar(DAYS),
        derivatives_bars_daily_options_225=options,
    )
    panel = data.open(store).panel()
    known = dict(zip(panel.dates.astype(str), panel["opt_iv_black"], strict=True))
    variance = 0.30**2 * 10 + (0.20**2 * 40 - 0.30**2 * 10) * (30 - 10) / (40 - 10)
    assert np.isnan(known["2024-04-02"])
    assert known["2024-04-03"] == pytest.approx(100 * np.sqrt(variance / 30), rel=1e-6)
    assert np.isnan(panel["opt_iv"]).all()  # the source says nothing of its own
