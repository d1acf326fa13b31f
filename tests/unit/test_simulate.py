"""The simulated market: a bar is a bar, prices obey the exchange, nothing in its truth looks ahead."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from jqfast.data import _tokyo, read_prices
from jqfast.data.panel import Panel
from jqfast.data.simulate import Market, SimulateConfig, Simulated, simulate, truth_of
from jqfast.types import FloatArray

SMALL = SimulateConfig(stocks=80, years=5.0, seed=11)


@pytest.fixture(scope="module")
def planted() -> Simulated:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def null() -> Simulated:
    return simulate(replace(SMALL, market="null"))


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


def _base(panel: Panel) -> FloatArray:
    """Base price of each session from the bars alone: the last raw close, times the factor of an ex-date."""
    last = np.vstack([np.full((1, panel.shape[1]), np.nan), _carried(panel["raw_close"])[:-1]])
    # A factor on a session without a trade stays in force until the next trade.
    A = panel["adjustment"]
    traded = np.isfinite(panel["raw_close"])
    at_last = np.vstack([A[:1], _carried(np.where(traded, A, np.nan))[:-1]])
    return last * A / at_last


# The exchange


def test_sessions_are_tokyo_sessions() -> None:
    days = _tokyo.sessions(dt.date(2016, 1, 1), 10.0)
    assert 243 <= len(days) / 10 <= 246
    assert not np.isin(
        days, np.array(["2019-12-31", "2020-01-02", "2021-02-23", "2022-05-03"], "M8[D]")
    ).any()
    assert np.is_busday(days).all()
    # 2021-02-11 is a Thursday; 2018-02-11 was a Sunday, so that the Monday after it was free.
    assert np.datetime64("2018-02-12") not in days
    # Three holidays from Sunday 2020-05-03 on: the Wednesday after them is the substitute.
    assert np.datetime64("2020-05-06") not in days
    assert np.datetime64("2020-05-07") in days


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


def test_rounding_keeps_order_across_price_units() -> None:
    prices = np.sort(np.exp(np.random.default_rng(0).uniform(0, 18, 20_000)))
    rounded = _tokyo.round_to_tick(prices)
    assert (np.diff(rounded) >= 0).all()
    assert (np.abs(rounded - prices) <= _tokyo.tick_size(prices) / 2 + 0.5).all()
    assert (rounded % _tokyo.tick_size(rounded) == 0).all()


# Bars


@pytest.mark.parametrize("market", ["planted", "null", "frictions"])
def test_a_bar_is_a_bar(market: Market) -> None:
    panel = simulate(replace(SMALL, market=market, years=3.0)).panel
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
    assert all(len(code) == 4 and code.isdigit() for code in panel.codes)


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
    assert (~planted.panel.is_session).sum() == 1  # the outage
    assert null.panel.is_session.all()


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


def test_prices_stay_on_the_price_unit_and_inside_the_limits(planted: Simulated) -> None:
    panel = planted.panel
    base = _base(panel)
    known = np.isfinite(base) & np.isfinite(panel["raw_close"])
    bottom, top = _tokyo.limit_band(_tokyo.round_to_tick(np.where(known, base, 100.0)))
    A = panel["adjustment"]
    high, low = np.round(panel["high"] * A, 6), np.round(panel["low"] * A, 6)
    assert (high[known] <= top[known]).all()
    assert (low[known] >= bottom[known]).all()
    touched = np.where(high >= top, 1.0, np.where(low <= bottom, -1.0, 0.0))
    np.testing.assert_array_equal(panel["limit"][known], touched[known])
    assert (panel["limit"][known] != 0).sum() > 20
    raw = panel["raw_close"][known]
    assert (raw % _tokyo.tick_size(raw) == 0).all()


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


def test_returns_look_like_returns(null: Simulated) -> None:
    r = _returns(null.panel)
    market = np.nanmean(r, axis=1)
    assert _kurtosis(r[np.isfinite(r)]) > 4
    assert 0.12 < market.std() * np.sqrt(245) < 0.30
    assert 0.012 < np.nanmean(np.nanstd(r, axis=1)) < 0.04
    scale = np.nanstd(r, axis=0)
    assert scale.max() / scale.min() > 2


def test_volatility_clusters_and_volume_follows_it(null: Simulated) -> None:
    panel = null.panel
    size = np.abs(_returns(panel))
    size = size / np.nanmean(size, axis=0)
    for lag in (1, 5, 20):
        assert _row_correlation(size[lag:], size[:-lag]) > 0.03, lag
    volume = np.log(np.where(panel["volume"] > 0, panel["turnover"], np.nan))[1:]
    volume = volume - np.nanmean(volume, axis=0)
    assert _row_correlation(size, volume) > 0.2
    assert _row_correlation(volume[1:], volume[:-1]) > 0.4


def test_part_of_the_move_comes_overnight(null: Simulated) -> None:
    panel = null.panel
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


# Truth


def _brute_force(panel: Panel, strength: dict[str, float], t: int, horizons: tuple[int, ...]) -> FloatArray:
    """Expected gains after row t for a panel of sessions only, by the definition, one stock at a time."""
    close = _carried(np.where(np.isfinite(panel["close"][: t + 1]), panel["close"][: t + 1], np.nan))
    moves = np.diff(np.log(close), axis=0)
    fresh = np.isfinite(panel["close"][1 : t + 1]) & np.isfinite(moves)
    moves = np.where(fresh, moves, 0.0)
    mean = moves.sum(axis=1, keepdims=True) / np.maximum(fresh.sum(axis=1, keepdims=True), 1)
    moves = np.where(fresh, moves - mean, 0.0)
    out = np.zeros((len(horizons), panel.shape[1]))
    for n in range(panel.shape[1]):
        path = [0.0] * 80 + moves[:, n].tolist()
        seen = len(path)
        for _ in range(max(horizons)):
            reversal, momentum = -sum(path[-5:]), sum(path[-60:-5])
            path.append(strength["reversal"] * reversal + strength["momentum"] * momentum)
        out[:, n] = [sum(path[seen : seen + h]) for h in horizons]
    return out


def test_the_expectation_is_the_definition() -> None:
    simulated = simulate(SimulateConfig(stocks=12, years=0.5, seed=9))
    panel, truth = simulated.panel, simulated.truth
    sessions = panel.is_session
    kept = {name: values[sessions] for name, values in panel.columns.items()}
    only = replace(panel, dates=panel.dates[sessions], columns=kept, listed=panel.listed[sessions])
    checked = 0
    for t in (0, 3, 30, 64, 90, 110):
        row = np.flatnonzero(sessions)[t]
        want = _brute_force(only, dict(truth.strength), t, (1, 5, 10, 20))
        listed = panel.listed[row]
        for i, h in enumerate((1, 5, 10, 20)):
            np.testing.assert_allclose(truth.expected[h][row, listed], want[i, listed], rtol=1e-9, atol=1e-15)
            checked += listed.sum()
    assert checked > 200


def test_truth_knows_no_future(planted: Simulated) -> None:
    """Computed again from the rows up to t alone, the truth of those rows has the same bits."""
    panel, truth = planted.panel, planted.truth
    for stop in (1, 7, 300, 700):
        early = truth_of(panel.rows(0, stop), truth.strength)
        for name, values in early.drivers.items():
            np.testing.assert_array_equal(values, truth.drivers[name][:stop])
        for h, values in early.expected.items():
            np.testing.assert_array_equal(values, truth.expected[h][:stop])


def test_truth_covers_exactly_the_listed(planted: Simulated) -> None:
    for values in (*planted.truth.drivers.values(), *planted.truth.expected.values()):
        np.testing.assert_array_equal(np.isfinite(values), planted.panel.listed)


def test_the_outage_repeats_the_session_before(planted: Simulated) -> None:
    row = int(np.flatnonzero(~planted.panel.is_session)[0])
    stays = planted.panel.listed[row - 1] & planted.panel.listed[row]
    for values in planted.truth.expected.values():
        np.testing.assert_array_equal(values[row, stays], values[row - 1, stays])


@pytest.mark.parametrize("market", ["null", "frictions"])
def test_nothing_is_expected_without_planted_effects(market: Market) -> None:
    simulated = simulate(SimulateConfig(stocks=10, years=0.5, market=market))
    assert set(simulated.truth.strength.values()) == {0.0}
    for values in simulated.truth.expected.values():
        assert (values[simulated.panel.listed] == 0).all()


# Mistakes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stocks": 1}, r"`stocks` must be between 2 and 8000; got 1"),
        ({"years": 0.0}, r"`years` must be between 0\.1 and 100; got 0\.0"),
        ({"sectors": 34}, r"`sectors` must be between 1 and 33; got 34"),
        ({"strength": float("nan")}, r"`strength` must be between 0 and 3; got nan"),
        ({"seed": -1}, r"`seed` must be between 0"),
        ({"market": "nul"}, r"Unknown simulated market `nul`.*`null`"),
    ],
)
def test_wrong_configs_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SimulateConfig(**options)  # type: ignore[arg-type]
