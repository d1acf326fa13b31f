"""The forward basis against hand-worked numbers, the vendor's definition in pandas, and ten real splits."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast.data import Panel, read_prices
from jqfast.data.adjust import cumulative_factor

OHLC = ["open", "high", "low", "close"]


def worked_example() -> pd.DataFrame:
    """One stock: 2-for-1 on the second day, a halt with a 10-to-1 consolidation on the fourth."""
    days = ["2024-01-04", "2024-01-05", "2024-01-09", "2024-01-10", "2024-01-11"]
    close = [1000.0, 505.0, 510.0, np.nan, 5200.0]
    volume = [100.0, 300.0, 200.0, 0.0, 40.0]
    factor = [1.0, 0.5, 1.0, 10.0, 1.0]
    frame = pd.DataFrame({"date": days, "code": "1", "volume": volume, "adj_factor": factor})
    return frame.assign(**dict.fromkeys(OHLC, close))


def test_hand_worked_numbers() -> None:
    panel = read_prices(worked_example())
    assert panel["adjustment"][:, 0].tolist() == [1.0, 0.5, 0.5, 5.0, 5.0]
    np.testing.assert_array_equal(panel["close"][:, 0], [1000.0, 1010.0, 1020.0, np.nan, 1040.0])
    np.testing.assert_array_equal(panel["raw_close"][:, 0], [1000.0, 505.0, 510.0, np.nan, 5200.0])
    assert panel["volume"][:, 0].tolist() == [100.0, 150.0, 100.0, 0.0, 200.0]
    # Yen do not split: close x volume is the same on both bases.
    np.testing.assert_array_equal(panel["turnover"][:, 0], [100_000.0, 151_500.0, 102_000.0, 0.0, 208_000.0])


def test_a_later_split_changes_nothing_before_it() -> None:
    frame = worked_example()
    whole, before = read_prices(frame), read_prices(frame[:3])
    for name in ("close", "volume", "adjustment"):
        np.testing.assert_array_equal(whole[name][:3], before[name])


def test_missing_factor_is_one() -> None:
    factor = np.array([[np.nan, 0.5], [0.5, np.nan], [np.nan, 0.5]])
    assert cumulative_factor(factor).tolist() == [[1.0, 0.5], [0.5, 0.5], [0.5, 0.25]]


def vendor_adjusted(frame: pd.DataFrame) -> pd.DataFrame:
    """J-Quants' own definition: price x product of the factors over the dates after it."""
    frame = frame.sort_values(["code", "date"])
    reversed_product = frame["adj_factor"][::-1].groupby(frame["code"][::-1]).cumprod()
    later = reversed_product[::-1] / frame["adj_factor"]
    return frame.assign(vendor=frame["close"] * later)


def test_returns_equal_the_vendors_adjusted_returns(real_data: Path) -> None:
    codes = ["9984", "2914", "9432", "6501", "9433", "7203", "8306", "4755"]
    frame = pd.read_parquet(real_data / "jp_raw_daily.parquet", filters=[("code", "in", codes)])
    panel = read_prices(frame)
    ours = pd.DataFrame(panel["close"], panel.dates, panel.codes)
    vendor = vendor_adjusted(frame.astype({"close": float})).pivot(
        index="date", columns="code", values="vendor"
    )
    got, want = (wide.pct_change(fill_method=None).to_numpy() for wide in (ours, vendor))
    compared = np.isfinite(want)
    assert compared.sum() > 30_000
    np.testing.assert_array_equal(np.isfinite(got), compared)
    np.testing.assert_allclose(got[compared], want[compared], rtol=0, atol=1e-12)
    assert panel.info.price_basis == "forward"


#: Ex-dates and factors as the companies announced them: splits and consolidations from 5-for-1 to 1000-for-1.
SPLITS = [
    ("9984", "2000-04-25", 1 / 3),
    ("9984", "2005-12-28", 1 / 3),
    ("2914", "2006-03-28", 0.2),
    ("7267", "2006-06-27", 0.5),
    ("8306", "2007-10-01", 0.001),
    ("2914", "2012-06-27", 0.005),
    ("9433", "2012-09-26", 0.01),
    ("9437", "2013-09-26", 0.01),
    ("9432", "2015-06-26", 0.5),
    ("6501", "2018-09-26", 5.0),
]


@pytest.fixture(scope="module")
def raw_panel(real_data: Path) -> Panel:
    """All 200 stocks with their raw prices and factors."""
    return read_prices(real_data / "jp_raw_daily.parquet")


@pytest.mark.parametrize(("code", "day", "factor"), SPLITS)
def test_real_split_is_continuous(raw_panel: Panel, code: str, day: str, factor: float) -> None:
    t = int(np.searchsorted(raw_panel.dates, np.datetime64(day, "D")))
    n = raw_panel.codes.tolist().index(code)
    assert str(raw_panel.dates[t]) == day

    # Until 2009 a stock rested for days before a large split: compare with the last session that traded.
    before = t - 1 - int(np.isfinite(raw_panel["close"][t - 1 :: -1, n]).argmax())

    def step(name: str) -> float:
        return float(raw_panel[name][t, n] / raw_panel[name][before, n])

    assert step("adjustment") == pytest.approx(factor, rel=1e-6)
    assert abs(step("close") - 1) < 0.12
    assert abs(step("raw_close") - 1) > 0.4
    # The number of shares traded jumps with the split, on the forward basis it does not.
    around = raw_panel["volume"][t - 20 : t + 20, n]
    assert 0.2 < np.median(around[20:]) / np.median(around[:20]) < 5


def test_every_real_event_is_continuous(raw_panel: Panel) -> None:
    event = raw_panel["adjustment"][1:] != raw_panel["adjustment"][:-1]
    move = np.abs(raw_panel["close"][1:] / raw_panel["close"][:-1] - 1)[event]
    assert event.sum() == 144
    assert np.isfinite(move).sum() >= 135
    assert np.nanmax(move) < 0.2
