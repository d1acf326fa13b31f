"""Items of statement documents by the stems of their labels, and as columns from the session after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.panel import Panel
from jqfast.data.stored.details import items

DAYS = tiny.weekdays("2023-04-03", "2023-12-01")
CODE = "13010"


def _document(kind: str, end: str, **cells: Any) -> str:
    labels = {name.replace("_", " "): str(value) for name, value in cells.items()}
    return json.dumps({"Type of current period, DEI": kind, "Current period end date, DEI": end, **labels})


def test_debt_is_the_sum_of_what_bears_interest() -> None:
    text = json.dumps(
        {
            "Total assets": "100",
            "Short-term borrowings": "3",
            "Bonds payable": "5",
            "Bonds and borrowings - NCL (IFRS)": "7",
            "Bonds and borrowings - CL (IFRS)": "1",
            "Accounts payable - trade": "11",
        }
    )
    end, debt, depreciation = items(text)
    assert end == "NaT"
    assert debt == 16.0
    assert np.isnan(depreciation)


def test_no_debt_is_zero_where_there_is_a_balance_sheet() -> None:
    assert items(_document("1Q", "2023-06-30", Total_assets=5))[1] == 0.0
    assert np.isnan(items(_document("1Q", "2023-06-30", Net_sales=5))[1])
    assert np.isnan(items("")[1])


@pytest.mark.parametrize(
    "label", ["Depreciation", "Depreciation - OpeCF", "Depreciation and amortization - OpeCF (IFRS)"]
)
def test_depreciation_is_that_of_a_full_year(label: str) -> None:
    year = json.dumps(
        {"Type of current period, DEI": "FY", "Current period end date, DEI": "2023-03-31", label: "4"}
    )
    assert items(year) == ("2023-03-31", pytest.approx(np.nan, nan_ok=True), 4.0)
    assert np.isnan(items(year.replace("FY", "2Q"))[2])


def _row(day: str, text: str) -> dict[str, Any]:
    return {"DiscDate": day, "DiscTime": "15:00:00", "Code": CODE, "DiscNo": day.replace("-", ""), "FS": text}


def test_columns_act_from_the_session_after(tmp_path: Path) -> None:
    documents = [
        _row("2023-05-10", _document("FY", "2023-03-31", Total_assets=90, Bonds_payable=20, Depreciation=6)),
        _row("2023-08-04", _document("1Q", "2023-06-30", Total_assets=90, Bonds_payable=15, Depreciation=2)),
        _row("2023-09-01", _document("FY", "2023-03-31", Total_assets=90, Bonds_payable=25, Depreciation=7)),
    ]
    tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars(CODE, DAYS),
        markets_calendar=tiny.calendar(DAYS),
        fins_details=documents,
    )
    panel = data.open(tmp_path).panel(universe="all")
    row = {str(day): t for t, day in enumerate(panel.dates)}
    debt, cost = panel["fd_debt"][:, 0], panel["fd_depreciation_year"][:, 0]
    assert np.isnan(debt[row["2023-05-10"]])
    assert (debt[row["2023-05-11"]], cost[row["2023-05-11"]]) == (20.0, 6.0)
    assert (debt[row["2023-08-07"]], cost[row["2023-08-07"]]) == (15.0, 6.0)
    # A correction of the year: its depreciation counts, its debt is older than that of the quarter.
    assert (debt[row["2023-09-04"]], cost[row["2023-09-04"]]) == (15.0, 7.0)


def test_simulated_documents_have_them(store_panel: Panel) -> None:
    """Debt there is 45 % of what is no equity."""
    debt, rest = store_panel["fd_debt"], store_panel["fs_assets"] - store_panel["fs_equity"]
    known = np.isfinite(debt) & np.isfinite(rest)
    assert known.sum() > 10_000
    assert np.median(np.abs(debt[known] / rest[known] - 0.45)) < 0.01
    cost = store_panel["fd_depreciation_year"]
    ratio = cost / store_panel["fs_sales_year"]
    assert np.nanmedian(np.abs(ratio - 0.04)) < 0.001
