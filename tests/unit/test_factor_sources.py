"""Factors from Kenneth French's files, in yen, with neighbours; sector groups; sorts on hand-made panels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from learn_support import business_days, price_panel

from jqfast.data import read_prices
from jqfast.errors import DataGapError
from jqfast.factors import (
    GROUP_OF,
    MODELS,
    Factors,
    Portfolios,
    SortConfig,
    build,
    fit,
    groups,
    in_yen,
    read_factors,
    read_industries,
    sector_portfolios,
    with_neighbours,
)
from jqfast.factors.from_panel import _q_factors
from jqfast.factors.sorts import (
    held,
    is_big,
    momentum,
    month_ends,
    portfolio_returns,
    session_returns,
    thirds,
)
from jqfast.factors.table import compound_months

THREE = "text\n\n,Mkt-RF,SMB,HML,RF\n199001, 1.0, 2.0, 3.0, 0.5\n199002,-1.0, 0.0, 1.0, 0.5\n"
FIVE = "199001,1.0,2.2,3.0,0.1,0.2,0.5\n199002,-1.0,0.1,1.0,0.3,0.4,0.5\n199003,9,9,9,9,9,9\n"
MOMENTUM = "text\n\n,Mom\n199002, 4.0\n199003, 5.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "F-F_Research_Data_Factors.CSV").write_text(THREE)
    (tmp_path / "F-F_Research_Data_5_Factors_2x3_CSV.zip").write_text(FIVE)  # plain text is read too
    (tmp_path / "F-F_Momentum_Factor.csv").write_text(MOMENTUM)
    return tmp_path


def test_each_model_has_its_own_file(folder: Path) -> None:
    models = read_factors(folder, frequency="monthly")
    assert set(models) == MODELS_OF_FILES
    np.testing.assert_allclose(models["FF3"]["SMB"], [0.02, 0.0])
    np.testing.assert_allclose(models["FF5"]["SMB"][:2], [0.022, 0.001])
    assert models["Carhart"].dates.astype(str).tolist() == ["1990-02-28"]
    assert models["Carhart"]["WML"].tolist() == [0.04]
    assert len(models["FF6"].dates) == 2


def test_without_a_three_factor_file(folder: Path) -> None:
    (folder / "F-F_Research_Data_Factors.CSV").unlink()
    models = read_factors(folder, frequency="monthly")
    assert "SMB of FF3 and Carhart is that of the five-factor file" in models["FF3"].notes[0]
    with pytest.raises(DataGapError, match=r"holds no factors of us, daily: neither of F-F_Research"):
        read_factors(folder)
    with pytest.raises(ValueError, match="Unknown region and frequency `mars daily`"):
        read_factors(folder, region="mars")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(FileNotFoundError):
        read_factors(folder / "nowhere")
    with pytest.raises(DataGapError, match="holds no daily file of 5 industries"):
        read_industries(folder)


def test_the_real_files(real_data: Path) -> None:
    folder = real_data / "french"
    daily = read_factors(folder)
    assert daily["FF5"]["Mkt-RF"][daily["FF5"].dates == np.datetime64("2020-03-16")] == pytest.approx(-0.12)
    portfolios = read_industries(folder)
    assert portfolios.names == ("HiTec", "Manuf", "Other")
    assert read_industries(folder, every=True).names == ("Cnsmr", "Manuf", "HiTec", "Hlth", "Other")
    assert len(read_industries(folder, industries=48, frequency="monthly").names) == 48
    assert read_industries(folder, industries=10).names == ("HiTec", "Manuf", "Other")
    found = fit(portfolios.less(daily["FF3"]), daily["FF3"])
    assert found.codes == portfolios.names
    assert found.n.tolist() == [25272] * 3
    assert (found.r2 > 0.8).all()
    assert (np.abs(found["Mkt-RF"] - 1) < 0.3).all()
    assert found["HML"][0] < -0.2  # technology is growth
    assert set(read_factors(folder, region="japan", frequency="monthly")) == MODELS_OF_FILES


MODELS_OF_FILES = {"CAPM", "FF3", "Carhart", "FF5", "FF6"}
DAYS = np.array(["2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09"], "datetime64[D]")
DOLLAR = Factors(DAYS, ("Mkt-RF", "SMB"), np.array([[0.01, 0.02]] * 4), np.full(4, 0.001))


def test_yen_by_hand() -> None:
    rate = np.array([100.0, 110.0, 99.0, 99.0])
    yen = in_yen(DOLLAR, (DAYS, rate), 3.65)
    r = 100.0 / 110.0 - 1.0
    assert yen.dates.tolist() == DAYS[1:].tolist()
    assert yen["Mkt-RF"][0] == pytest.approx((1 + 0.01 + 0.001) / (1 + r) - 1 - 0.0001)
    assert yen["SMB"][0] == pytest.approx(0.02 / (1 + r))
    assert yen["SMB"][1] == pytest.approx(0.02 * 0.9)
    np.testing.assert_allclose(yen.risk_free, 0.0001)
    assert "the risk-free rate is 3.65 % a year" in yen.notes[-1]


def test_a_holiday_moves_to_the_next_session() -> None:
    rate = np.array([100.0, 110.0, 121.0, 121.0])
    yen = in_yen(DOLLAR, (DAYS, rate), (DAYS, np.zeros(4)), sessions=DAYS[[0, 2, 3]])
    assert yen.dates.tolist() == DAYS[2:].tolist()
    assert yen["SMB"][0] == pytest.approx((1.02**2 - 1) * 1.21)
    assert yen["Mkt-RF"][1] == pytest.approx(0.011)


def test_a_stranger_to_the_yen() -> None:
    with pytest.raises(DataGapError, match="`usdjpy` must cover the factors"):
        in_yen(DOLLAR, (DAYS - np.timedelta64(400, "D"), np.ones(4)))
    with pytest.raises(DataGapError, match=r"`risk_free` must cover all dates from 2020-01-06 on"):
        in_yen(DOLLAR, (DAYS, np.ones(4)), (DAYS + np.timedelta64(9, "D"), np.ones(4)))


def test_neighbours_in_time() -> None:
    values = np.arange(4.0)[:, None]
    wide = with_neighbours(Factors(DAYS, ("SMB",), values, np.zeros(4)), leads=1, lags=2)
    assert wide.names == ("SMB", "SMB(-1)", "SMB(-2)", "SMB(+1)")
    nan = np.nan
    want = [[0, nan, nan, 1], [1, 0, nan, 2], [2, 1, 0, 3], [3, 2, 1, nan]]
    assert np.array_equal(wide.values, want, equal_nan=True)


def test_every_sector_of_the_exchange_has_a_group() -> None:
    from jqfast.data._tokyo import SECTOR33

    assert set(GROUP_OF) == set(SECTOR33)
    assert {code for code, group in GROUP_OF.items() if group == "HiTec"} == {"3650", "3750", "5250"}
    assert GROUP_OF["3250"] == "Manuf"
    assert GROUP_OF["7050"] == "Other"


def test_groups_can_be_overridden() -> None:
    rows = "\n".join(
        f"2024-01-0{d},{c},1,1,1,1,1,{s}" for d in (4, 5) for c, s in (("1", "3650"), ("2", "3250"))
    )
    panel = read_prices("date,code,open,high,low,close,volume,sector33\n" + rows)
    index, names = groups(panel)
    assert [names[k] for k in index[0]] == ["HiTec", "Manuf"]
    index, names = groups(panel, {"3250": "HiTec"})
    assert names == ("HiTec",)
    assert groups(panel, {"3650": ""})[0][0].tolist() == [-1, 0]
    with pytest.raises(ValueError, match=r"sectors of the exchange, such as 3650; got 9999"):
        groups(panel, {"9999": "Manuf"})


def test_prices_without_sectors() -> None:
    with pytest.raises(DataGapError, match="no `sector33`"):
        groups(price_panel(np.full((3, 2), 100.0)))


def test_returns_over_gaps_and_delistings() -> None:
    close = np.array([[100.0, 50.0], [np.nan, 55.0], [110.0, np.nan], [121.0, np.nan]])
    listed = np.ones((4, 2), np.bool_)
    listed[2:, 1] = False
    panel = price_panel(close, listed=listed)
    returns, rows = session_returns(panel, delisting_return=-0.3)
    assert rows.tolist() == [0, 1, 2, 3]
    nan = np.nan
    np.testing.assert_allclose(returns, [[nan, nan], [0.0, 0.1], [0.1, -0.3], [0.1, nan]])


def test_portfolios_by_hand() -> None:
    returns = np.array([[0.1, 0.2, 0.3], [0.0, np.nan, 0.4]])
    weight = np.array([[1.0, 3.0, 5.0], [1.0, 1.0, 0.0]])
    label = np.array([[0, 0, 1], [0, 1, 1]])
    got = portfolio_returns(returns, weight, label, 3)
    np.testing.assert_allclose(got, [[0.175, 0.3, np.nan], [0.0, np.nan, np.nan]])


def test_q_factors_by_hand() -> None:
    """Small less big, low growth less high, high return on equity less low; each over the other two sorts."""
    size, growth, roe = np.meshgrid(np.arange(2.0), np.arange(3.0), np.arange(3.0), indexing="ij")
    cells = 0.07 * size + 0.002 * growth + 0.0003 * roe
    found = _q_factors({"q": np.stack([cells.reshape(-1), -cells.reshape(-1)])})
    np.testing.assert_allclose(found["ME"], [-0.07, 0.07])
    np.testing.assert_allclose(found["IA"], [-0.004, 0.004])
    np.testing.assert_allclose(found["ROE"], [0.0006, -0.0006])
    assert set(found) == set(MODELS["q"][1:])
    assert _q_factors({}) == {}


def test_breakpoints() -> None:
    value = np.array([50.0, 30.0, 10.0, 6.0, 4.0, np.nan])
    big, known = is_big(value, SortConfig())
    assert big.tolist() == [True, True, True, False, False, False]
    assert known.tolist() == [True] * 5 + [False]
    big, _ = is_big(value, SortConfig(breakpoints="all"))
    assert big.tolist() == [True, True, False, False, False, False]
    third = thirds(np.arange(10.0), np.ones(10, np.bool_), SortConfig())
    assert third.tolist() == [0] * 3 + [1] * 4 + [2] * 3
    assert thirds(np.array([1.0, np.nan]), np.ones(2, np.bool_), SortConfig()).tolist() == [-1, -1]
    with pytest.raises(ValueError, match="Unknown kind of breakpoints `nyse`"):
        SortConfig(breakpoints="nyse")  # type: ignore[arg-type]  # wrong on purpose


def test_formations_hold_from_the_session_after() -> None:
    dates = business_days(60)
    ends = month_ends(dates)
    assert [str(d) for d in dates[ends]] == ["2019-01-31", "2019-02-28"]
    label = held(np.array([[0], [1]]), ends, 60)
    assert label[: ends[0] + 1].max() == -1
    assert (label[ends[0] + 1 : ends[1] + 1] == 0).all()
    assert (label[ends[1] + 1 :] == 1).all()
    assert month_ends(dates, 2).tolist() == [ends[1]]


def test_momentum_skips_the_last_month() -> None:
    total = np.arange(14.0)[:, None] ** 2
    got = momentum(total, np.arange(14))
    assert np.isnan(got[:12]).all()
    assert got[12:, 0].tolist() == [11.0**2 - 0.0, 12.0**2 - 1.0]


def test_prices_alone_give_the_market_and_momentum() -> None:
    rng = np.random.default_rng(0)
    close = 100.0 * np.exp(rng.normal(0, 0.02, (420, 30)).cumsum(axis=0))
    factors = build(price_panel(close))
    assert factors.names == ("Mkt-RF", "WML")
    assert "No market values" in factors.notes[1]
    np.testing.assert_allclose(factors["Mkt-RF"], (close[1:] / close[:-1] - 1).mean(axis=1))
    with pytest.raises(ValueError, match="Model `FF3` needs the factor `SMB`"):
        factors.select("FF3")
    monthly = build(price_panel(close), frequency="monthly")
    month = business_days(420).astype("datetime64[M]")
    inside = month[1:] == np.datetime64("2019-05")
    want = np.prod(1 + factors["Mkt-RF"][inside]) - 1
    assert monthly["Mkt-RF"][monthly.dates == np.datetime64("2019-05-31")] == pytest.approx(want)


def test_sector_returns_without_market_values_are_equal_weighted() -> None:
    lines = [
        f"2024-01-0{d},{c},{p},{p},{p},{p},9,{s}"
        for d, c, p, s in (
            (4, "1", 10, "3650"),
            (4, "2", 10, "3650"),
            (4, "3", 10, "7050"),
            (5, "1", 11, "3650"),
            (5, "2", 13, "3650"),
            (5, "3", 9, "7050"),
        )
    ]
    found = sector_portfolios(
        read_prices("date,code,open,high,low,close,volume,sector33\n" + "\n".join(lines))
    )
    assert found.names == ("HiTec", "Other")
    np.testing.assert_allclose(found.values, [[0.2, -0.1]])
    assert "equal weights" in found.notes[0]


def test_months_that_the_data_do_not_cover_are_left_out() -> None:
    days = np.arange(np.datetime64("2020-01-15"), np.datetime64("2020-04-20"))
    days = days[np.is_busday(days)]
    returns = np.full((len(days), 1), 0.01)
    returns[30] = np.nan
    ends, growth = compound_months(days, returns)
    assert ends.astype(str).tolist() == ["2020-02-29", "2020-03-31"]
    assert np.isnan(growth[0, 0])
    assert growth[1, 0] == pytest.approx(1.01**22 - 1)


def test_returns_less_the_safe_rate_of_the_common_dates() -> None:
    portfolios = Portfolios(DAYS[:3], ("a",), np.full((3, 1), 0.02), "daily", "drawn")
    got = portfolios.less(DOLLAR.rows(np.arange(1, 4)))
    assert got.dates.tolist() == DAYS[1:3].tolist()
    np.testing.assert_allclose(got.values, 0.019)
