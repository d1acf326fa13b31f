"""No trade, membership, turnover, limits, calendar, categories and the summary of a panel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast.data import Panel, read_prices
from jqfast.data.complete import MAX_GAP
from jqfast.data.quality import summarise
from jqfast.errors import DataGapError

OHLC = ["open", "high", "low", "close"]


@pytest.mark.parametrize("price", [0.0, np.nan])
@pytest.mark.parametrize("volume", [0.0, np.nan])
def test_no_trade_is_written_one_way(bars: pd.DataFrame, price: float, volume: float) -> None:
    bars.loc[4, OHLC] = price
    bars.loc[4, ["volume", "turnover"]] = volume
    panel = read_prices(bars)
    assert panel.codes[0] == "0130"
    assert np.isnan([panel[name][4, 0] for name in OHLC]).all()
    assert (panel["volume"][4, 0], panel["turnover"][4, 0], panel.listed[4, 0]) == (0.0, 0.0, True)
    assert summarise(panel)["no_trade_cells"] == 1


def test_zero_prices_with_volume_contradict_themselves(bars: pd.DataFrame) -> None:
    bars.loc[4, OHLC] = 0.0
    with pytest.raises(DataGapError, match="a price is not above 0"):
        read_prices(bars)


def test_missing_row_inside_is_no_trade_and_outside_is_not_listed(bars: pd.DataFrame) -> None:
    panel = read_prices(bars.drop([0, 4, 7]))
    assert panel.listed[:, 0].tolist() == [False, True, True, True, True, True, True, False]
    assert (panel["volume"][4, 0], panel["turnover"][4, 0]) == (0.0, 0.0)
    assert np.isnan(panel["close"][4, 0])
    for name in ("close", "volume", "turnover"):
        assert np.isnan(panel[name][[0, 7], 0]).all()
    assert panel.info.counts["missing_rows"] == 1
    assert any("1 rows between a stock's first and last one are missing" in note for note in panel.info.notes)


def long_bars(sessions: int) -> pd.DataFrame:
    """Two stocks at a price of 1 over many sessions."""
    days = pd.bdate_range("2020-01-06", periods=sessions)
    frame = pd.DataFrame([(d, c) for d in days for c in ("1", "2")], columns=["date", "code"])
    return frame.assign(open=1.0, high=1.0, low=1.0, close=1.0, volume=100.0)


@pytest.mark.parametrize(("gap", "listed"), [(MAX_GAP, True), (MAX_GAP + 1, False)])
def test_stock_away_for_long_was_not_listed_meanwhile(gap: int, listed: bool) -> None:
    frame = long_bars(MAX_GAP + 20)
    panel = read_prices(frame.drop(frame.index[frame["code"] == "2"][5 : 5 + gap]))
    assert panel.listed[5 : 5 + gap, 1].tolist() == [listed] * gap
    assert panel.listed[:5, 1].all()
    assert panel.listed[5 + gap :, 1].all()


def test_turnover_is_filled_where_it_is_missing(bars: pd.DataFrame) -> None:
    bars.loc[4, "turnover"] = np.nan
    panel = read_prices(bars)
    assert panel["turnover"][4, 0] == bars.loc[4, "close"] * bars.loc[4, "volume"]
    assert panel["turnover"][3, 0] == bars.loc[3, "turnover"]
    assert panel.info.counts["turnover_approximated_cells"] == 1
    without = read_prices(bars.drop(columns="turnover"))
    assert without.info.counts["turnover_approximated_cells"] == 22
    assert any("Turnover of 22 of 22 traded cells is close x volume" in note for note in without.info.notes)


def test_limit_from_flags(bars: pd.DataFrame) -> None:
    upper, lower = ["0"] * 22, ["0"] * 22
    upper[3], lower[4], upper[5], lower[5] = "1", "1", "1", "1"
    panel = read_prices(bars.assign(UL=upper, LL=lower))
    assert panel["limit"][:8, 0].tolist() == [0.0, 0.0, 0.0, 1.0, -1.0, 1.0, 0.0, 0.0]
    assert not np.signbit(panel["limit"][0, 0])
    assert np.isnan(panel["limit"][0, 1])  # not listed yet
    np.testing.assert_array_equal(read_prices(bars.assign(limit=1))["limit"][:, 0], np.ones(8))


def test_limit_prices_are_no_flags(bars: pd.DataFrame) -> None:
    panel = read_prices(bars.assign(upper_limit=1300.0, lower_limit=700.0))
    assert "limit" not in panel.columns
    assert any("limit columns hold other values than flags" in note for note in panel.info.notes)


def test_survivors_only(bars: pd.DataFrame) -> None:
    panel = read_prices(bars)
    assert panel.info.survivors_only
    assert any("survivors only" in note for note in panel.info.notes)
    frame = long_bars(30)
    assert not read_prices(frame.drop(frame.index[frame["code"] == "2"][15:])).info.survivors_only


def test_calendar_drops_and_adds_dates(bars: pd.DataFrame) -> None:
    # 2024-01-08 was a holiday in Tokyo; 2024-01-05 is taken out of the data.
    panel = read_prices(bars[bars["date"] != "2024-01-05"], calendar="XTKS")
    assert panel.dates.astype(str).tolist()[:3] == ["2024-01-04", "2024-01-05", "2024-01-09"]
    assert panel.listed[1].tolist() == [True, False, True]
    assert panel["volume"][1].tolist()[::2] == [0.0, 0.0]
    assert (panel.info.counts["dates_outside_calendar"], panel.info.counts["sessions_added"]) == (1, 1)
    assert any("1 dates outside the calendar dropped (2024-01-08)" in note for note in panel.info.notes)
    assert any("1 sessions without data added (2024-01-05)" in note for note in panel.info.notes)


def test_calendar_keeps_the_factor_of_a_dropped_date(bars: pd.DataFrame) -> None:
    factor = np.where(bars["date"] == "2024-01-08", 0.5, 1.0)
    panel = read_prices(bars.assign(adj_factor=factor), calendar="XTKS")
    assert panel["adjustment"][:, 0].tolist() == [1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.5]


def test_calendar_errors(bars: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match=r"Unknown calendar `XTK`\. Did you mean `XTKS`\?"):
        read_prices(bars, calendar="XTK")
    with pytest.raises(DataGapError, match="`calendar` XTKS does not cover 1984"):
        read_prices(bars.assign(date=bars["date"] - pd.DateOffset(years=40)), calendar="XTKS")
    with pytest.raises(DataGapError, match="No date of the data is a session"):
        read_prices(bars[bars["date"] == "2024-01-08"], calendar="XTKS")


def test_sectors_from_mapping_frame_and_file(bars: pd.DataFrame, tmp_path: Path) -> None:
    listing = pd.DataFrame({"Date": "2024-01-04", "Code": ["72030", "01300", "9999"], "Sector33Code": [3700,
    50, 1],
                            "MarketCode": ["0111", "0111", "0112"], "CompanyName": "x"})  # fmt: skip
    listing.to_csv(tmp_path / "listing.csv", index=False)
    # A number in a text file has lost its zeros for good only where a program read it as a number.
    text = listing.assign(Sector33Code=["3700", "0050", "0001"])
    text.to_csv(tmp_path / "text.csv", index=False)
    for sectors in (listing, text, tmp_path / "text.csv", {"7203": "3700", "0130": 50}):
        panel = read_prices(bars, sectors=sectors)
        labels = panel.categories["sector33"]
        names = [labels[k] if k >= 0 else "" for k in panel["sector33"][3]]
        assert names == ["0050", "", "3700"]
        assert panel["sector33"].dtype == np.int16
    assert read_prices(bars, sectors=listing).categories["market"] == ("0111", "0112")
    with pytest.raises(
        ValueError, match=r"`sectors` must know codes of the prices; it knows none of 0130, 285A, 7203"
    ):
        read_prices(bars, sectors={"1": "50"})
    with pytest.raises(ValueError, match="`sector33` is missing"):
        read_prices(bars, sectors=listing[["Code"]])


def test_category_column_of_the_bars_is_carried_forward(bars: pd.DataFrame) -> None:
    sector = np.where(bars["date"] < "2024-01-09", "0050", "3700").astype(object)
    sector[4] = None
    panel = read_prices(bars.assign(sector33=sector).drop([6]))
    assert panel.categories["sector33"] == ("0050", "3700")
    assert panel["sector33"][:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1]
    assert panel["sector33"][:, 1].tolist() == [-1, -1, 0, 1, 1, 1, 1, 1]


def test_summary_names_dates_that_are_no_session() -> None:
    frame = long_bars(30)
    frame.loc[frame["date"] == frame["date"][20], [*OHLC, "volume"]] = 0.0
    panel = read_prices(frame)
    facts = summarise(panel)
    assert facts["not_session_dates"] == [str(panel.dates[10])]
    assert (facts["rows"], facts["stocks"], facts["sessions"]) == (60, 2, 29)
    assert facts["no_trade_cells"] == 2
    assert facts["no_trade_share"] == pytest.approx(2 / 60)
    assert (facts["listed_later"], facts["delisted"], facts["splits"]) == (0, 0, 0)


def test_summary_counts_moves_that_look_like_splits() -> None:
    frame = long_bars(30)
    frame.loc[frame["date"] >= frame["date"][20], OHLC] = 0.5
    assert summarise(read_prices(frame))["large_moves"] == 2
    factor = np.where(frame["date"] == frame["date"][20], 0.5, 1.0)
    facts = summarise(read_prices(frame.assign(adj_factor=factor)))
    assert (facts["large_moves"], facts["splits"], facts["price_basis"]) == (0, 2, "forward")


def test_summary_of_a_panel_that_was_not_read(sim_panel: Panel) -> None:
    facts = summarise(sim_panel)
    assert facts["stocks"] == sim_panel.shape[1]
    assert facts["rows"] == sim_panel.listed.sum()
    assert "bad_rows" not in facts
