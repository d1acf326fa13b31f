"""Statements and forecasts as columns, worked by hand: amounts, corrections, guidance, basis dates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.stored.basis import split_ahead

DAYS = tiny.weekdays("2022-04-01", "2024-07-01")
CODE = "13010"
#: A fiscal year to March: period, its end, day of disclosure, cumulative sales, operating profit, EPS.
PAPERS = [
    ("FY", "2022-03-31", "2022-05-10", 100.0, 10.0, 40.0),
    ("1Q", "2022-06-30", "2022-08-05", 30.0, 3.0, 12.0),
    ("2Q", "2022-09-30", "2022-11-08", 64.0, 7.0, 28.0),
    ("3Q", "2022-12-31", "2023-02-07", 99.0, 12.0, 48.0),
    ("FY", "2023-03-31", "2023-05-11", 140.0, 15.0, 30.0),
    ("1Q", "2023-06-30", "2023-08-04", 40.0, 5.0, 10.0),
]


def _paper(kind: str, end: str, day: str, **cells: Any) -> dict[str, Any]:
    year = int(end[:4]) + (end[5:7] > "03")
    return {
        "DiscDate": day,
        "DiscTime": cells.pop("at", "15:00:00"),
        "Code": CODE,
        "DiscNo": cells.pop("number", day.replace("-", "") + "500000"),
        "DocType": cells.pop("document", f"{kind}FinancialStatements_Consolidated_JP"),
        "CurPerType": kind,
        "CurPerEn": end,
        "CurFYSt": f"{year - 1}-04-01",
        "CurFYEn": f"{year}-03-31",
        **{name: str(value) for name, value in cells.items()},
    }


def _revision(day: str, end: str, **cells: Any) -> dict[str, Any]:
    number = day.replace("-", "") + "700000"
    return _paper("FY", end, day, document="EarnForecastRevision", number=number, **cells)


def _papers() -> list[dict[str, Any]]:
    rows = [_paper(kind, end, day, Sales=s, OP=op, EPS=eps) for kind, end, day, s, op, eps in PAPERS]
    rows[0] |= {"NxFOP": "12", "BPS": "800", "ShOutFY": "1000", "TrShFY": "100", "CFO": "9"}
    rows[1] |= {"FOP": "12"}
    rows[2] |= {"FOP": "13"}
    rows[3] |= {"FOP": "13"}
    rows[4] |= {"NxFOP": "20", "NxFSales": "160", "ShOutFY": "2000", "TrShFY": "200"}
    rows[5] |= {"FOP": "20"}
    rows.append(_revision("2022-12-01", "2023-03-31", FOP="14"))
    rows.append(_revision("2023-03-20", "2023-03-31", FSales="141"))  # says nothing about the profit
    # A corrected second quarter, after the third is out; and a corrected year.
    rows.append(
        _paper("2Q", "2022-09-30", "2023-02-20", Sales=60.0, OP=6.0, EPS=28.0, number="20230220900000")
    )
    rows.append(
        _paper("FY", "2023-03-31", "2023-06-01", Sales=139.0, OP=15.5, EPS=30.0, number="20230601900000")
    )
    return rows


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> data.Panel:
    folder = tmp_path_factory.mktemp("store")
    price = np.where(np.datetime64("2023-04-03") <= DAYS, 500.0, 1000.0)
    tiny.make(
        folder,
        equities_bars_daily=tiny.bars(CODE, DAYS, price, d20230403=0.5),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=_papers(),
    )
    return data.open(folder).panel(universe="all")


def _on(panel: data.Panel, name: str, day: str) -> float:
    t = int(np.flatnonzero(panel.dates == np.datetime64(day))[0])
    return float(panel[name][t, 0])


def test_a_statement_acts_on_the_session_after(panel: data.Panel) -> None:
    assert np.isnan(_on(panel, "fs_sales", "2022-05-10"))
    assert _on(panel, "fs_sales", "2022-05-11") == 100.0
    assert _on(panel, "fs_age", "2022-05-11") == 0.0
    assert _on(panel, "fs_age", "2022-05-13") == 2.0
    assert _on(panel, "fs_quarter", "2022-08-08") == 1.0


def test_cumulative_amounts_become_quarters_and_twelve_months(panel: data.Panel) -> None:
    assert _on(panel, "fs_sales_q", "2022-08-08") == 30.0
    assert _on(panel, "fs_sales_q", "2022-11-09") == 64.0 - 30.0
    assert _on(panel, "fs_sales_q", "2023-05-12") == 140.0 - 99.0
    assert _on(panel, "fs_sales_ttm", "2022-05-11") == 100.0
    assert np.isnan(_on(panel, "fs_sales_ttm", "2022-08-08"))  # last year's first quarter is unknown
    assert _on(panel, "fs_sales_ttm", "2023-08-07") == 40.0 + 139.0 - 30.0
    assert _on(panel, "fs_sales_q_ya", "2023-08-07") == 30.0
    assert _on(panel, "fs_op_q_ya", "2023-08-07") == 3.0


def test_the_last_full_year_and_the_twelve_months_a_year_before(panel: data.Panel) -> None:
    days = ["2022-05-11", "2023-05-11", "2023-05-12", "2023-06-02", "2023-08-07"]
    assert [_on(panel, "fs_sales_year", day) for day in days] == [100.0, 100.0, 140.0, 139.0, 139.0]
    assert [_on(panel, "fs_op_year", day) for day in days] == [10.0, 10.0, 15.0, 15.5, 15.5]
    assert _on(panel, "fs_cfo_year", "2023-05-11") == 9.0
    assert np.isnan(_on(panel, "fs_cfo_year", "2023-05-12"))  # the new year's is not mixed with the old one's
    ends = [np.datetime64(end).astype(int) for end in ("2022-03-31", "2023-03-31")]
    assert [_on(panel, "fs_year_end", day) for day in days[1:3]] == ends
    assert _on(panel, "fs_sales_ttm_ya", "2023-05-12") == 100.0
    assert np.isnan(_on(panel, "fs_sales_ttm_ya", "2023-02-08"))


def test_sessions_since_the_first_result_of_the_period(panel: data.Panel) -> None:
    assert _on(panel, "fs_since", "2022-05-11") == 1.0
    assert (
        _on(panel, "fs_since", "2023-02-21") == 10.0
    )  # an old quarter's correction is no news of the new one
    correction = np.busday_count("2023-05-11", "2023-06-02")
    assert _on(panel, "fs_age", "2023-06-02") == 0.0
    assert _on(panel, "fs_since", "2023-06-02") == correction == 16


def test_the_next_report_is_expected_364_days_after_last_years(panel: data.Panel) -> None:
    assert np.isnan(_on(panel, "earnings_expected_in", "2022-08-08"))  # no second quarter of the year before
    for day, due in (
        ("2023-02-08", "2023-05-09"),  # after the third quarter the year's: 2022-05-10 a year ago
        ("2023-05-12", "2023-08-04"),  # after the year the first quarter's: 2022-08-05
        ("2023-06-02", "2023-08-04"),
        ("2023-08-07", "2023-11-07"),  # after the first quarter the second's: 2022-11-08
    ):
        assert _on(panel, "earnings_expected_in", day) == np.busday_count(day, due), day
    # Expected on 2023-05-09, reported on the 11th, known on the 12th: overdue, not negative.
    assert [_on(panel, "earnings_expected_in", f"2023-05-{d:02}") for d in (8, 9, 10, 11)] == [1, 0, 0, 0]


def test_market_value_is_close_times_shares_where_the_exchange_gives_none(panel: data.Panel) -> None:
    assert _on(panel, "market_value", "2022-05-11") == 1000.0 * 900.0
    assert _on(panel, "market_value", "2023-05-12") == 500.0 * 1800.0
    assert np.isnan(_on(panel, "market_value", "2022-05-10"))


def test_a_late_correction_of_an_old_period_does_not_replace_the_newer_one(panel: data.Panel) -> None:
    assert _on(panel, "fs_sales", "2023-02-20") == 99.0
    assert _on(panel, "fs_sales", "2023-02-21") == 99.0
    assert _on(panel, "fs_quarter", "2023-02-21") == 3.0


def test_a_correction_of_the_current_period_acts_from_its_own_day(panel: data.Panel) -> None:
    assert _on(panel, "fs_sales", "2023-06-01") == 140.0
    assert _on(panel, "fs_sales", "2023-06-02") == 139.0
    assert _on(panel, "fs_op_q", "2023-06-02") == 15.5 - 12.0


def test_guidance_follows_the_fiscal_year(panel: data.Panel) -> None:
    days = ["2022-05-11", "2022-08-08", "2022-11-09", "2022-12-02", "2023-02-08", "2023-05-12", "2023-08-07"]
    assert [_on(panel, "fc_op", day) for day in days] == [12.0, 12.0, 13.0, 14.0, 13.0, 20.0, 20.0]
    before = [_on(panel, "fc_op_before", day) for day in days[1:5]]
    assert before == [12.0, 12.0, 13.0, 14.0]
    assert np.isnan(_on(panel, "fc_op_before", "2023-05-12"))  # another year's guidance is no guidance before
    target = np.datetime64("2024-03-31").astype("datetime64[D]").astype(int)
    assert _on(panel, "fc_target", "2023-05-12") == target


def test_what_a_revision_leaves_out_holds(panel: data.Panel) -> None:
    assert _on(panel, "fc_op", "2023-03-22") == 13.0
    assert _on(panel, "fc_sales", "2023-03-22") == 141.0


def test_guidance_known_before_the_report(panel: data.Panel) -> None:
    assert _on(panel, "fs_op_guided", "2023-05-12") == 13.0
    assert _on(panel, "fs_op_guided", "2022-11-09") == 12.0  # the half-year report brings 13 itself
    assert _on(panel, "fs_op_guided", "2023-08-07") == 20.0


def test_per_share_items_keep_the_basis_of_their_day(panel: data.Panel) -> None:
    # 48 yen before the two-for-one split of 2023-04-03, 30 yen after it, in shares of half the size.
    assert _on(panel, "fs_eps", "2023-04-10") == 48.0
    assert _on(panel, "close", "2023-04-10") / _on(panel, "fs_eps", "2023-04-10") == 1000.0 / 48.0
    assert _on(panel, "fs_eps", "2023-05-12") == 60.0
    assert _on(panel, "close", "2023-05-12") / _on(panel, "fs_eps", "2023-05-12") == 500.0 / 30.0
    assert _on(panel, "fs_shares", "2022-05-11") == 900.0
    assert _on(panel, "fs_shares", "2023-05-12") == 900.0
    value = _on(panel, "close", "2023-05-12") * _on(panel, "fs_shares", "2023-05-12")
    assert value == 500.0 * 1800.0
    assert _on(panel, "fs_bps", "2023-07-03") == 800.0  # the last known, still on the basis of its day


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> data.Panel:
    """One share becomes two on 2023-04-03, told in February; 1,000 shares, 100 of them the company's own."""
    folder = tmp_path_factory.mktemp("split")
    price = np.where(np.datetime64("2023-04-03") <= DAYS, 500.0, 1000.0)
    shares = {"ShOutFY": 1000, "TrShFY": 100, "AvgSh": 900}
    papers = [
        _paper("2Q", "2022-09-30", "2022-11-08", EPS=28.0, FNP=90000, FEPS=100.0, FDivAnn=30.0, **shares),
        # Per share after the split, which no field says: 108,000 yen are 60 yen for each of 1,800 shares.
        _paper("3Q", "2022-12-31", "2023-02-07", EPS=48.0, FNP=108000, FEPS=60.0, FDivAnn=36.0, **shares),
        _revision("2023-03-20", "2023-03-31", FNP=99000, FEPS=55.0),
        # After the split everything is per new share, but for the dividend of the year that ended before.
        _paper("FY", "2023-03-31", "2023-05-11", EPS=57.5, BPS=400.0, DivAnn=36.0)
        | {"NxFNp": "117000", "NxFEPS": "65", "NxFDivAnn": "20", "ShOutFY": "2000", "TrShFY": "200"},
    ]
    tiny.make(
        folder,
        equities_bars_daily=tiny.bars(CODE, DAYS, price, d20230403=0.5),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=papers,
    )
    return data.open(folder).panel(universe="all")


def test_forecasts_that_have_a_split_in_them_already(split: data.Panel) -> None:
    """The price-earnings ratio of each day is that of the shares that trade on it."""
    ratios = {
        "2022-11-09": 1000.0 / 100.0,
        "2023-02-08": 1000.0 / 120.0,
        "2023-03-22": 1000.0 / 110.0,
        "2023-04-10": 500.0 / 55.0,
        "2023-05-12": 500.0 / 65.0,
    }
    for day, ratio in ratios.items():
        assert _on(split, "close", day) / _on(split, "fc_eps", day) == pytest.approx(ratio, rel=1e-12), day
    assert _on(split, "fc_eps_before", "2023-02-08") == 100.0
    assert _on(split, "fc_dividend", "2023-02-08") == 36.0  # this year's, paid on shares as they are
    assert _on(split, "fc_dividend", "2023-05-12") == 40.0


def test_the_dividend_of_a_year_is_per_share_of_its_end(split: data.Panel) -> None:
    yield_ = 36.0 / 1000.0  # the same before the split and after
    assert _on(split, "fs_dividend", "2023-05-12") / _on(split, "close", "2023-05-12") == yield_
    assert _on(split, "close", "2023-05-12") / _on(split, "fs_bps", "2023-05-12") == 500.0 / 400.0


def test_next_year_s_forecast_before_the_split(tmp_path: Path) -> None:
    """A year to January, told in March with the split of April in it: earnings and dividend both."""
    paper = _paper("FY", "2023-01-31", "2023-03-10", EPS=100.0, ShOutFY=1000, TrShFY=0, DivAnn=30.0)
    paper |= {"NxFNp": "120000", "NxFEPS": "60", "NxFDivAnn": "16"}
    tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars(CODE, DAYS, 1000.0),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=[paper],
    )
    panel = data.open(tmp_path).panel(universe="all")
    assert _on(panel, "fc_eps", "2023-03-13") == 120.0
    assert _on(panel, "fc_dividend", "2023-03-13") == 32.0
    assert _on(panel, "fs_dividend", "2023-03-13") == 30.0


@pytest.mark.parametrize(
    ("eps", "shares", "split"),
    [
        (100.0, [900.0, 900.0], 1.0),
        (50.0, [900.0, 900.0], 2.0),
        (66.67, [900.0, 900.0], 1.5),
        (10.0, [900.0, 890.0], 10.0),
        (1000.0, [900.0, 900.0], 0.1),  # a consolidation
        (50.0, [900.0, 1750.0], 1.0),  # new shares in the period explain it
        (85.0, [900.0, 900.0], 1.0),  # so do a tenth more shares
        (52.0, [900.0, np.nan], 2.0),
        (60.0, [900.0, 900.0], 1.0),  # 1.67 times: no split's ratio
        (50.0, [np.nan, np.nan], 1.0),
        (0.5, [900.0, 900.0], 1.0),  # two decimals say too little
        (-50.0, [900.0, 900.0], 1.0),  # a loss per share of a profit: nothing to go by
        (np.nan, [900.0, 900.0], 1.0),
    ],
)
def test_which_forecasts_have_a_split_in_them(eps: float, shares: list[float], split: float) -> None:
    found = split_ahead(np.array([90000.0]), np.array([eps]), np.array([shares]))
    assert found.tolist() == [split]


def test_what_a_report_leaves_out_of_the_balance_holds(panel: data.Panel) -> None:
    assert _on(panel, "fs_cfo", "2022-11-09") == 9.0
    assert np.isnan(_on(panel, "fs_odp", "2022-11-09"))


def test_preopen_knows_what_came_out_by_the_evening_before(tmp_path: Path) -> None:
    tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars(CODE, DAYS),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=_papers()[:1],
    )
    source = data.open(tmp_path)
    first = {d: source.panel(universe="all", decision=d) for d in ("close", "preopen", "evening")}
    days = {d: str(p.dates[np.isfinite(p["fs_sales"][:, 0]).argmax()]) for d, p in first.items()}
    assert days == {"close": "2022-05-11", "preopen": "2022-05-11", "evening": "2022-05-10"}


def test_a_company_alone_reports_under_other_names(tmp_path: Path) -> None:
    alone = _paper("FY", "2022-03-31", "2022-05-10", NCSales=7.0, FNCOP=2.0)
    alone["DocType"] = "FYFinancialStatements_NonConsolidated_JP"
    both = {**_paper("1Q", "2022-06-30", "2022-08-05", Sales=70.0, NCSales=1.0), "OP": ""}
    tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars(CODE, DAYS),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=[alone, both],
    )
    panel = data.open(tmp_path).panel(universe="all")
    assert _on(panel, "fs_sales", "2022-05-11") == 7.0
    assert _on(panel, "fc_op", "2022-05-11") == 2.0
    assert _on(panel, "fs_sales", "2022-08-08") == 70.0


def test_only_the_tables_asked_for(tmp_path: Path) -> None:
    tiny.make(
        tmp_path,
        equities_bars_daily=tiny.bars(CODE, DAYS),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=_papers(),
    )
    panel = data.open(tmp_path).panel(universe="all", tables=[])
    assert "fs_sales" not in panel.columns
    panel = data.open(tmp_path).panel(universe="all", tables=["fins_summary", "fins_dividend"])
    assert "fs_sales" in panel.columns
    assert "Not in the store: fins_dividend." in panel.info.notes
