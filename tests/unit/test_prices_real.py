"""The real files: nothing contradicts itself, known days are right, numbers land where pandas puts them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast.data import Panel, read_prices
from jqfast.data.quality import summarise

#: File -> rows, stocks, dates, dates that are no session, cells without a trade.
FILES = {
    "jp_daily": (2_233_856, 950, 2445, ["2020-10-01"], 1164),
    "jp_etf_reit_daily": (169_251, 73, 2445, ["2020-10-01"], 3682),
    # 644 of its rows are missing days that the data lack for most stocks.
    "jp_raw_daily": (920_119 + 644, 200, 4635, ["2017-11-14"], 644),
}


@pytest.fixture(scope="module")
def panels(real_data: Path) -> dict[str, Panel]:
    """Every real file of prices as a panel, read with contradictions as errors."""
    return {name: read_prices(real_data / f"{name}.parquet") for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_summary(name: str, panels: dict[str, Panel]) -> None:
    rows, stocks, dates, none, no_trade = FILES[name]
    facts = summarise(panels[name])
    assert panels[name].shape == (dates, stocks)
    assert (facts["rows"], facts["not_session_dates"], facts["no_trade_cells"]) == (rows, none, no_trade)
    assert (facts["bad_rows"], facts["survivors_only"]) == (0, True)


#: Mean return over all stocks.
KNOWN_DAYS = {"2016-06-24": -0.068, "2020-03-13": -0.055, "2024-08-05": -0.112, "2024-08-06": 0.087}


@pytest.mark.parametrize(("day", "mean_return"), KNOWN_DAYS.items())
def test_known_days(panels: dict[str, Panel], day: str, mean_return: float) -> None:
    panel = panels["jp_daily"]
    t = int(np.searchsorted(panel.dates, np.datetime64(day, "D")))
    close = panel["close"]
    assert np.nanmean(close[t] / close[t - 1] - 1) == pytest.approx(mean_return, abs=1e-3)


def test_relisted_stock_is_not_listed_while_it_was_away(panels: dict[str, Panel]) -> None:
    panel = panels["jp_daily"]
    listed = panel.listed[:, panel.codes.tolist().index("8303")]
    leaves, returns = np.flatnonzero(listed[:-1] & ~listed[1:]), np.flatnonzero(~listed[:-1] & listed[1:]) + 1
    assert (len(leaves), str(panel.dates[leaves[0]])) == (1, "2023-09-27")
    assert (str(panel.dates[returns[-1]]), returns[-1] - leaves[0]) == ("2025-12-17", 543)


def test_cells_equal_a_pandas_pivot(real_data: Path, real_panel: Panel) -> None:
    frame = pd.read_parquet(
        real_data / "jp_daily.parquet", filters=[("code", "in", real_panel.codes.tolist())]
    )
    assert real_panel.shape == (2445, 60)
    for name in ("open", "high", "low", "close", "volume", "limit"):
        wide = frame.pivot(index="date", columns="code", values=name).astype(float)
        assert wide.columns.tolist() == real_panel.codes.tolist()
        np.testing.assert_array_equal(real_panel[name], wide.to_numpy())
    given = frame.pivot(index="date", columns="code", values="turnover").astype(float).to_numpy()
    known = np.isfinite(given)
    assert known.sum() > 70_000
    np.testing.assert_array_equal(real_panel["turnover"][known], given[known])


def test_sectors_of_the_real_list(real_data: Path, real_panel: Panel) -> None:
    frame = pd.DataFrame(real_panel["close"], real_panel.dates, real_panel.codes)
    wide = dict.fromkeys(["open", "high", "low", "close"], frame) | {"volume": frame}
    panel = read_prices(wide, sectors=real_data / "jquants_listed_info_2023-03-14.csv")
    assert (panel["sector33"][0] >= 0).sum() >= 57
    assert set(panel.categories) == {"sector33", "sector17", "market"}
    assert "3650" in panel.categories["sector33"]


def test_calendar_of_the_real_file(real_data: Path) -> None:
    frame = pd.read_parquet(real_data / "jp_daily.parquet", filters=[("code", "in", ["7203", "285A"])])
    panel = read_prices(frame, calendar="XTKS")
    assert panel.shape == (2444, 2)
    assert panel.info.counts["dates_outside_calendar"] == 1
    assert np.datetime64("2020-10-01") not in panel.dates
