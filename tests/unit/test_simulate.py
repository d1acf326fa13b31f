"""The simulated market in memory: a bar is a bar, its statistics are a market's, its truth its store's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast import data
from jqfast.data import _tokyo, read_prices
from jqfast.data.panel import Panel
from jqfast.data.simulate import SimulateConfig, Simulated, simulate
from jqfast.data.simulator import effects, write
from jqfast.data.simulator.config import Null
from jqfast.data.simulator.planted import planted_on
from jqfast.types import FloatArray

#: Long enough for the outage of October 2020.
SMALL = SimulateConfig(stocks=80, years=6.3, seed=11)


@pytest.fixture(scope="module")
def planted() -> Simulated:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def null() -> Simulated:
    return simulate(replace(SMALL, null="pure"))


def _returns(panel: Panel) -> FloatArray:
    """(T - 1, N) close-to-close log returns, NaN where either day had no trade."""
    return np.diff(np.log(panel["close"]), axis=0)


def _carried(values: FloatArray) -> FloatArray:
    """Last finite value so far, per column."""
    rows = np.where(np.isfinite(values), np.arange(len(values))[:, None], 0)
    return np.take_along_axis(values, np.maximum.accumulate(rows, axis=0), axis=0)


def _factor(panel: Panel) -> FloatArray:
    A = panel["adjustment"]
    return A / np.vstack([np.ones((1, A.shape[1])), A[:-1]])


# The exchange


@pytest.mark.parametrize(
    ("base", "low", "high"),
    [
        (20.0, 1, 50),
        (99.0, 69, 129),
        (100.0, 50, 150),
        (999.0, 849, 1149),
        (1000.0, 700, 1300),
        (2999.0, 2499, 3495),  # 3,499 is no price: above 3,000 the unit is 5 yen
        (5000.0, 4000, 6000),
        (29990.0, 24990, 34950),
        (1_000_000.0, 700_000, 1_300_000),
        (60_000_000.0, 50_000_000, 70_000_000),
    ],
)
def test_limits_of_the_exchange(base: float, low: float, high: float) -> None:
    bottom, top = _tokyo.limit_band(np.array([base]))
    assert (bottom[0], top[0]) == (low, high)


# Bars


@pytest.mark.parametrize("null", [None, "pure", "frictions"])
def test_a_bar_is_a_bar(null: Null | None) -> None:
    panel = simulate(replace(SMALL, null=null, years=3.0)).panel
    o, h, low, c = (panel[name] for name in ("open", "high", "low", "close"))
    traded = np.isfinite(c)
    for prices in (o, h, low):
        assert (np.isfinite(prices) == traded).all()
    assert traded.sum() > 40_000
    for inner in (o, c):
        assert (low[traded] <= inner[traded]).all()
        assert (inner[traded] <= h[traded]).all()
    assert (low[traded] > 0).all()
    assert (panel["volume"][traded] > 0).all()
    tolerance = 1.0 + 1e-9 * panel["turnover"][traded]  # turnover is whole yen
    assert (panel["turnover"][traded] >= low[traded] * panel["volume"][traded] - tolerance).all()
    assert (panel["turnover"][traded] <= h[traded] * panel["volume"][traded] + tolerance).all()


def test_columns_and_description(planted: Simulated) -> None:
    panel = planted.panel
    assert {"open", "high", "low", "close", "volume", "turnover", "adjustment"} <= set(panel.columns)
    assert {"limit", "raw_close", "sector33"} <= set(panel.columns)
    assert panel.info.price_basis == "forward"
    assert not panel.info.survivors_only
    assert panel.categories["sector33"] == _tokyo.SECTOR33
    assert len(set(_tokyo.SECTOR33)) == 33
    sector = panel["sector33"]
    assert (sector[~panel.listed] == -1).all()
    assert set(np.unique(sector[panel.listed])) <= set(range(33))
    assert all(len(code.partition(".")[0]) == 5 for code in panel.codes)
    assert sum(code.endswith(".2") for code in panel.codes) == 1


def test_listed_from_first_to_last_trade(planted: Simulated) -> None:
    panel = planted.panel
    changes = np.abs(np.diff(panel.listed.astype(int), axis=0)).sum(axis=0)
    assert (changes <= 2).all()
    assert (changes > 0).sum() >= 10
    first, last = panel.listed.argmax(axis=0), len(panel.dates) - 1 - panel.listed[::-1].argmax(axis=0)
    late, gone = first > 0, last < len(panel.dates) - 1
    assert late.any()
    assert gone.any()
    stocks = np.arange(panel.shape[1])
    assert np.isfinite(panel["close"][first, stocks]).all()
    assert np.isfinite(panel["close"][last, stocks][gone]).all()
    for name in ("open", "close", "volume", "turnover", "limit", "raw_close"):
        assert np.isnan(panel[name][~panel.listed]).all(), name


def test_sessions_without_a_trade_stay(planted: Simulated, null: Simulated) -> None:
    for simulated in (planted, null):
        panel = simulated.panel
        idle = panel.listed & np.isnan(panel["close"])
        assert 0.0005 < idle.sum() / panel.listed.sum() < 0.02
        for name in ("volume", "turnover", "limit"):
            assert (panel[name][idle] == 0).all(), name
        assert (~panel.is_session).sum() == 1  # the outage


def test_splits_leave_the_forward_price_alone(planted: Simulated) -> None:
    panel = planted.panel
    factor = _factor(panel)
    rows, stocks = np.nonzero(factor != 1.0)
    assert len(rows) >= 5
    assert set(np.round(1 / factor[rows, stocks], 9)) <= {2.0, 3.0, 5.0, 0.1}
    np.testing.assert_allclose(panel["close"] * panel["adjustment"], panel["raw_close"], rtol=1e-14)
    raw, forward = _carried(panel["raw_close"]), _carried(panel["close"])
    for row, stock in zip(rows, stocks, strict=True):
        assert abs(np.log(forward[row, stock] / forward[row - 1, stock])) < 0.45
        moved = raw[row, stock] / raw[row - 1, stock]
        if np.isfinite(panel["close"][row, stock]):
            assert abs(np.log(moved / factor[row, stock])) < 0.45


def test_the_reader_rebuilds_the_panel_from_raw_bars(planted: Simulated) -> None:
    """As traded prices with adjustment factors, read like a vendor's file, give the simulated panel again."""
    panel = planted.panel
    rows, stocks = np.nonzero(panel.listed)
    A = panel["adjustment"]
    raw = {name: np.round(panel[name] * A, 3)[rows, stocks] for name in ("open", "high", "low", "close")}
    raw["volume"] = np.round(panel["volume"] / A)[rows, stocks]
    raw |= {name: panel[name][rows, stocks] for name in ("turnover", "limit")}
    raw["adj_factor"] = _factor(panel)[rows, stocks]
    keys = {"date": panel.dates[rows].astype("M8[s]"), "code": panel.codes[stocks]}
    read = read_prices(pd.DataFrame({**keys, **raw}))
    assert read.info.price_basis == "forward"
    np.testing.assert_array_equal(read.dates, panel.dates)
    np.testing.assert_array_equal(read.codes, panel.codes)
    np.testing.assert_array_equal(read.listed, panel.listed)
    for name in ("open", "high", "low", "close", "volume", "turnover", "limit", "raw_close"):
        np.testing.assert_allclose(read[name], panel[name], rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(read.is_session, panel.is_session)


def test_the_null_market_has_no_frictions(null: Simulated) -> None:
    panel = null.panel
    assert (panel["limit"][panel.listed] == 0).all()
    raw = panel["raw_close"][np.isfinite(panel["raw_close"])]
    assert (raw != np.rint(raw)).mean() > 0.99


def test_news_comes_before_a_delisting(planted: Simulated, null: Simulated) -> None:
    def largest_late_move(panel: Panel) -> FloatArray:
        last = len(panel.dates) - 1 - panel.listed[::-1].argmax(axis=0)
        gone = np.flatnonzero(last < len(panel.dates) - 1)
        close = _carried(panel["close"])
        moves = [np.log(close[last[n], n] / close[last[n] - 45, n]) for n in gone]
        return np.abs(np.array(moves))

    assert np.median(largest_late_move(planted.panel)) > 0.15
    assert np.median(largest_late_move(null.panel)) < 0.15


# Statistics


def _kurtosis(x: FloatArray) -> float:
    x = x - x.mean()
    return float((x**4).mean() / (x**2).mean() ** 2)


def _row_correlation(a: FloatArray, b: FloatArray) -> float:
    both = np.isfinite(a) & np.isfinite(b)
    return float(np.corrcoef(a[both], b[both])[0, 1])


def _after_the_outage(simulated: Simulated) -> Panel:
    panel = simulated.panel
    return panel.rows(int(np.flatnonzero(~panel.is_session)[0]) + 1, len(panel.dates))


def test_returns_look_like_returns(null: Simulated) -> None:
    r = _returns(_after_the_outage(null))
    market = np.nanmean(r, axis=1)
    assert _kurtosis(r[np.isfinite(r)]) > 4
    assert 0.12 < market.std() * np.sqrt(245) < 0.30
    assert 0.012 < np.nanmean(np.nanstd(r, axis=1)) < 0.04
    scale = np.nanstd(r, axis=0)
    assert scale.max() / scale.min() > 2


def test_volatility_clusters_and_volume_follows_it(null: Simulated) -> None:
    panel = _after_the_outage(null)
    size = np.abs(_returns(panel))
    size = size / np.nanmean(size, axis=0)
    for lag in (1, 5, 20):
        assert _row_correlation(size[lag:], size[:-lag]) > 0.03, lag
    volume = np.log(np.where(panel["volume"] > 0, panel["turnover"], np.nan))[1:]
    volume = volume - np.nanmean(volume, axis=0)
    assert _row_correlation(size, volume) > 0.2
    assert _row_correlation(volume[1:], volume[:-1]) > 0.4


def test_part_of_the_move_comes_overnight(null: Simulated) -> None:
    panel = _after_the_outage(null)
    night = np.log(panel["open"][1:] / panel["close"][:-1])
    day = np.log(panel["close"] / panel["open"])[1:]
    share = np.nanvar(night) / (np.nanvar(night) + np.nanvar(day))
    assert 0.2 < share < 0.5
    spread = np.log(panel["high"] / panel["low"])[1:]
    assert 1.2 < np.nanmean(spread) / np.nanmean(np.abs(day)) < 3.0


# Seeds


def test_same_seed_same_bits_other_seed_other_market() -> None:
    config = SimulateConfig(stocks=20, years=1.0, seed=3)
    one, two, other = simulate(config), simulate(config), simulate(replace(config, seed=4))
    for name, values in one.panel.columns.items():
        np.testing.assert_array_equal(values, two.panel[name], strict=True)
    assert (one.panel.codes == two.panel.codes).all()
    assert not np.array_equal(one.panel["close"], other.panel["close"], equal_nan=True)


def test_planting_changes_the_drift_and_not_the_shocks() -> None:
    config = SimulateConfig(stocks=40, years=1.0, seed=5)
    with_drift, without = simulate(config).panel, simulate(replace(config, strength=0.0)).panel
    first = with_drift.listed[0]
    np.testing.assert_array_equal(with_drift["close"][0, first], without["close"][0, first])
    assert _row_correlation(_returns(with_drift), _returns(without)) > 0.98
    assert not np.array_equal(with_drift["close"], without["close"], equal_nan=True)


# Truth and store


CONFIG = SimulateConfig(stocks=30, years=2.5, seed=11)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same market as a store."""
    path = tmp_path_factory.mktemp("simulate") / "store"
    write(path, CONFIG)
    return path


def test_the_store_of_the_market_gives_the_same_panel(stored: Path) -> None:
    """Bars, members, sectors; a code that was given again is two stocks in both."""
    panel, there = simulate(CONFIG).panel, data.open(stored).panel(universe="all")
    assert panel.codes.tolist() == there.codes.tolist()
    assert any(code.endswith(".2") for code in panel.codes)
    np.testing.assert_array_equal(panel.dates, there.dates)
    np.testing.assert_array_equal(panel.listed, there.listed)
    for name in ("open", "high", "low", "close", "raw_close", "adjustment", "volume", "turnover", "limit"):
        np.testing.assert_allclose(panel[name], there[name], rtol=1e-14, err_msg=name)
    ours, theirs = (np.array([*each.categories["sector33"], ""])[each["sector33"]] for each in (panel, there))
    np.testing.assert_array_equal(ours, theirs)


def test_the_truth_of_the_store_is_brought_onto_its_panel(stored: Path) -> None:
    truth, read = simulate(CONFIG).truth, data.read_truth(stored)
    panel = data.open(stored).panel(universe="all")
    whole = planted_on(panel, read)
    for name in effects.DRIVERS:
        np.testing.assert_array_equal(whole.drivers[name], truth.drivers[name], err_msg=name)
    for h in effects.HORIZONS:
        np.testing.assert_array_equal(whole.expected[h], truth.expected[h])
        np.testing.assert_array_equal(whole.flow[h], truth.flow[h])
    # A part of the market and of its time: the same cells, NaN where a stock is no member.
    part = data.open(stored).panel(start="2025-06-02", end="2026-05-29", universe="standard")
    cut = planted_on(part, read)
    rows = np.searchsorted(panel.dates, part.dates)
    columns = np.searchsorted(panel.codes, part.codes)
    assert 0 < len(columns) < panel.shape[1]
    there = np.where(part.listed, whole.expected[5][rows][:, columns], np.nan)
    np.testing.assert_array_equal(cut.expected[5], there)


def test_the_parts_of_the_expectation(planted: Simulated) -> None:
    """Each driver's part by the definition, from its own value and what is known of its future."""
    truth, strength = planted.truth, effects.STRENGTH
    for h in effects.HORIZONS:
        parts = truth.parts(h)
        assert set(parts) == {"reversal+momentum", "value", "quality", "earnings", "flow", "crash"}
        np.testing.assert_allclose(sum(parts.values()), truth.expected[h], rtol=1e-5, atol=1e-9)
        ahead = np.arange(h)
        fading = {"value": 1.0 + 0 * ahead, "quality": 1.0 + 0 * ahead}
        fading |= {"earnings": np.exp(-ahead / 25.0), "crash": (1 - 1 / 180 - 1 / 45) ** ahead}
        for name, path in fading.items():
            want = strength[name] * path.sum() * truth.drivers[name]
            np.testing.assert_allclose(parts[name], want, rtol=1e-5, atol=1e-12, err_msg=name)
    now = {name: strength[name] * truth.drivers[name].astype(float) for name in effects.DRIVERS}
    parts = truth.parts(1)
    np.testing.assert_allclose(parts["flow"], now["flow"], rtol=1e-5, atol=1e-12)
    both = now["reversal"] + now["momentum"]
    np.testing.assert_allclose(parts["reversal+momentum"], both, rtol=1e-3, atol=1e-8)


def test_the_flow_s_part_is_the_size_times_what_is_expected_of_it(planted: Simulated) -> None:
    truth = planted.truth
    known = np.abs(truth.flow[1]) > 0.05
    size = truth.drivers["flow"][known] / truth.flow[1][known, None]
    want = effects.STRENGTH["flow"] * size * truth.flow[20][known, None]
    np.testing.assert_allclose(truth.parts(20)["flow"][known], want, rtol=1e-4, atol=1e-9)
    assert known.sum() > 500


def test_what_some_drivers_tell(planted: Simulated) -> None:
    truth = planted.truth
    parts = truth.parts(5)
    np.testing.assert_allclose(truth.seen(5, effects.DRIVERS), truth.expected[5], rtol=1e-5, atol=1e-9)
    np.testing.assert_array_equal(truth.seen(5, ("reversal", "momentum")), parts["reversal+momentum"])
    np.testing.assert_array_equal(truth.seen(5, ("value", "flow")), parts["value"] + parts["flow"])
    nothing = truth.seen(5, ())
    assert (nothing[planted.panel.listed] == 0).all()
    assert np.isnan(nothing[~planted.panel.listed]).all()


def test_truth_covers_exactly_the_listed(planted: Simulated) -> None:
    for values in (*planted.truth.drivers.values(), *planted.truth.expected.values()):
        np.testing.assert_array_equal(np.isfinite(values), planted.panel.listed)


@pytest.mark.parametrize("null", ["pure", "frictions"])
def test_nothing_is_expected_without_planted_effects(null: Null) -> None:
    simulated = simulate(SimulateConfig(stocks=10, years=0.5, null=null))
    assert not simulated.truth.anything
    for values in simulated.truth.expected.values():
        assert (values[simulated.panel.listed] == 0).all()


def test_sectors_of_a_small_market() -> None:
    panel = simulate(SimulateConfig(stocks=24, years=0.5, sectors=4)).panel
    assert set(np.unique(panel["sector33"][panel.listed])) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="`sectors` must be between 1 and 33; got 34"):
        SimulateConfig(sectors=34)
