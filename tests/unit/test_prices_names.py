"""Column names of every vendor, and which of several price sets is used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast.data import names, read_prices

VENDORS = {
    "english": "Date Code Open High Low Close Volume Turnover",
    "upper case": "DATE CODE OPEN HIGH LOW CLOSE VOLUME TURNOVER",
    "jquants v1": "Date Code Open High Low Close Volume TurnoverValue",
    "jquants v2": "Date Code O H L C Vo Va",
    "japanese": "日付 銘柄コード 始値 高値 安値 終値 出来高 売買代金",
    "japanese, other words": "年月日 証券コード 始値 高値 低値 終値 売買高 売買代金(円)",
    "japanese, short": "取引日 コード 始値 高値 安値 終値 出来高（株） 売買代金",
    "spelt out": "trading_date local-code open_price high_price low_price close_price VOL. trading.value",
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_vendor_names(vendor: str, bars: pd.DataFrame) -> None:
    new = VENDORS[vendor].split()
    assert len(new) == 8
    renamed = bars.set_axis(new, axis=1)
    panel = read_prices(renamed)
    assert panel.info.counts["turnover_approximated_cells"] == 0
    np.testing.assert_array_equal(panel["low"], read_prices(bars)["low"])
    assert not any("Unknown" in note for note in panel.info.notes)


def test_every_alias_finds_its_field() -> None:
    pairs = [(field, alias) for field, aliases in names.ALIASES.items() for alias in aliases]
    assert len(pairs) == len({alias for _, alias in pairs}), "an alias stands for two fields"
    for field, alias in pairs:
        assert names.field_of(alias.upper()) == field
        assert names.normalise(alias) == alias


def test_units_other_than_the_plain_ones_are_not_taken() -> None:
    assert names.field_of("出来高(千株)") is None
    assert names.field_of("売買代金（百万円）") is None


V1 = (
    '{"Date": "2023-03-14", "Code": "86970", "Open": 1999.0, "High": 2015.0, "Low": 1989.5, "Close": 1999.5,'
    ' "UpperLimit": "0", "LowerLimit": "0", "Volume": 2654000.0, "TurnoverValue": 5306167200.0,'
    ' "AdjustmentFactor": 1.0, "AdjustmentOpen": 9.0, "AdjustmentHigh": 9.0, "AdjustmentLow": 9.0,'
    ' "AdjustmentClose": 9.0, "AdjustmentVolume": 9.0, "MorningClose": 2000.0}'
)
V2 = (
    '{"Date": "2023-03-14", "Code": "86970", "O": 1999.0, "H": 2015.0, "L": 1989.5, "C": 1999.5,'
    ' "UL": "1", "LL": "0", "Vo": 2654000.0, "Va": 5306167200.0, "AdjFactor": 1.0,'
    ' "AdjO": 9.0, "AdjH": 9.0, "AdjL": 9.0, "AdjC": 9.0, "AdjVo": 9.0,'
    ' "MO": 1.0, "MAdjC": 2.0, "AVa": 3.0, "MUL": "0", "MktCap": 61000.0, "ExRT": null}'
)


@pytest.mark.parametrize(("record", "limit"), [(V1, 0.0), (V2, 1.0)])
def test_jquants_records_use_raw_prices_and_factor(record: str, limit: float) -> None:
    panel = read_prices(pd.DataFrame([json.loads(record)]))
    assert panel.info.price_basis == "forward"
    got = [panel[name][0, 0] for name in ("open", "high", "low", "close", "volume", "turnover", "raw_close")]
    assert got == [1999.0, 2015.0, 1989.5, 1999.5, 2654000.0, 5306167200.0, 1999.5]
    assert panel["limit"][0, 0] == limit
    assert not any("Unknown" in note for note in panel.info.notes)


def test_real_api_answer(real_data: Path) -> None:
    answer = json.loads((real_data / "jquants_samples" / "v1_daily_quotes.json").read_text())
    panel = read_prices(pd.DataFrame(answer["daily_quotes"]))
    assert (panel.codes.tolist(), panel["close"].tolist()) == (["86970"], [[1999.5]])


def adjusted(bars: pd.DataFrame) -> pd.DataFrame:
    """The bars under the vendor's adjusted names, at half the price."""
    halves = {f"Adj{short}": bars[name] / 2 for name, short in zip(names.RAW_FIELDS[:4], "OHLC", strict=True)}
    return bars[["date", "code"]].assign(**halves, AdjVo=bars["volume"] * 2)


def test_adjusted_columns_alone_are_used_as_delivered(bars: pd.DataFrame) -> None:
    panel = read_prices(adjusted(bars))
    assert panel.info.price_basis == "delivered"
    np.testing.assert_array_equal(panel["close"], read_prices(bars)["close"] / 2)
    np.testing.assert_array_equal(panel["adjustment"], np.ones((8, 3)))
    assert "raw_close" not in panel.columns


def test_adjusted_columns_win_over_raw_ones_without_a_factor(bars: pd.DataFrame) -> None:
    both = pd.concat([bars, adjusted(bars).drop(columns=["date", "code"])], axis=1)
    panel = read_prices(both)
    np.testing.assert_array_equal(panel["close"], read_prices(bars)["close"] / 2)
    assert any("prices are taken from `AdjC` as delivered" in note for note in panel.info.notes)
    raw = read_prices(both.assign(AdjFactor=1.0))
    np.testing.assert_array_equal(raw["close"], read_prices(bars)["close"])


def test_a_lone_adjusted_close_is_not_used(bars: pd.DataFrame) -> None:
    panel = read_prices(bars.assign(**{"Adj Close": 1.0}))
    np.testing.assert_array_equal(panel["close"], read_prices(bars)["close"])
    assert any("prices are taken from `close` as delivered" in note for note in panel.info.notes)
