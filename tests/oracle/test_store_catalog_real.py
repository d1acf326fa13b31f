"""Features of real reports and splits: against pandas on the files alone, and all against their oracles."""

from __future__ import annotations

from pathlib import Path

import catalog_support as support
import market_catalog  # noqa: F401 - registers its oracles
import numpy as np
import pandas as pd
import pytest
import real_store
import section_oracles
import store_catalog
import store_catalog_events  # noqa: F401 - registers its oracles
import store_catalog_supply  # noqa: F401 - registers its oracles
import suites
import tiny_store

import jqfast.data as data
import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.features.declare import registry

CODES = ("2914", "4502", "6501", "7203", "8306", "9432", "6758")
NAMES = (
    "report_age",
    "report_drift_1",
    "report_drift_5",
    "report_run_up_5",
    "dividend_yield_forecast",
    "ret_240",
)


class Case:
    """The features on a store of the real files, and the files as frames."""

    def __init__(self, folder: Path, store: Path) -> None:
        bars = real_store.adjusted_bars(folder, CODES)
        papers = real_store.statements(folder)
        self.papers = papers[papers["Code"].isin({f"{code}0" for code in CODES})]
        tiny_store.make(store, equities_bars_daily=bars, fins_summary=self.papers)
        self.panel = data.open(store).panel(universe="all")
        X = features.panel(self.panel, list(NAMES), dtype="float64")
        days = pd.DatetimeIndex(self.panel.dates)
        self.X = {name: pd.DataFrame(X[name], days, self.panel.codes) for name in NAMES}
        self.bars = bars.assign(Date=pd.to_datetime(bars["Date"])).pivot(
            index="Date", columns="Code", values="C"
        )

    def reports(self, code: str) -> pd.DatetimeIndex:
        """Days of results, ascending."""
        rows = self.papers[(self.papers["Code"] == code) & self.papers["NP"].notna()]
        return pd.DatetimeIndex(pd.to_datetime(rows["DiscDate"])).unique().sort_values()


@pytest.fixture(scope="module")
def case(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    return Case(real_data, tmp_path_factory.mktemp("real"))


@pytest.mark.parametrize("code", [f"{code}0" for code in CODES])
def test_reactions_to_real_reports(case: Case, code: str) -> None:
    days = case.X["report_age"].index
    price = case.bars[code].reindex(days).ffill(limit=20).to_numpy()
    checked = 0
    for report, following in zip(case.reports(code), [*case.reports(code)[1:], days[-1]], strict=True):
        day = int(days.searchsorted(report, side="right")) - 1  # the last session up to the disclosure
        end = int(days.searchsorted(following, side="right"))  # the next report is known after its day
        for t in range(day + 1, min(end, len(days))):
            assert case.X["report_age"][code].iloc[t] == (t - day) / 60
            for k in (1, 5):
                want = price[min(day + k, t)] / price[day] - 1
                assert case.X[f"report_drift_{k}"][code].iloc[t] == pytest.approx(want, abs=1e-12)
            want = price[day - 1] / price[day - 6] - 1
            assert case.X["report_run_up_5"][code].iloc[t] == pytest.approx(want, abs=1e-12)
            checked += 1
    assert checked > 400
    first = case.reports(code)[0]
    assert case.X["report_age"][code][:first].isna().all()


def test_forecast_yields_and_long_returns(case: Case) -> None:
    days = case.X["ret_240"].index
    price = case.bars.reindex(days).ffill(limit=20)
    traded = price[case.panel.is_session]  # without the outage of 2020-10-01
    want = (traded / traded.shift(240) - 1)[case.panel.codes]
    np.testing.assert_allclose(case.X["ret_240"][case.panel.is_session], want, atol=1e-12)
    papers = case.papers[case.papers["FDivAnn"].notna()].sort_values(["DiscDate", "DiscTime", "DiscNo"])
    checked = 0
    for code, rows in papers.groupby("Code"):
        told = pd.Series(rows["FDivAnn"].to_numpy(), pd.to_datetime(rows["DiscDate"]))
        told = told[~told.index.duplicated(keep="last")]
        place = days.searchsorted(told.index, side="right")
        known = pd.Series(np.nan, days)
        for t, value in zip(place, told, strict=True):
            if t < len(days):
                known.iloc[t] = value
        want = known.ffill() / price[code]
        got = case.X["dividend_yield_forecast"][code]
        np.testing.assert_allclose(got.to_numpy(), want.to_numpy(), rtol=1e-12)
        checked += int(want.notna().sum())
    assert checked > 5000


def _compared(panel: Panel) -> set[str]:
    """The features of the store's tables that have values here, each of which equals its oracle."""
    there = [
        name
        for name in features.names("everything", panel.columns)
        if name in suites.STORE or registry[name].family == "corporate"
    ]
    X = features.panel(panel, there, dtype="float64")
    tables, rows = store_catalog.Tables(panel), panel.is_session
    names = {name for name in there if np.isfinite(X[name]).any()}
    for name in names:
        oracles = store_catalog if name in suites.STORE else section_oracles
        want, scale = oracles.want(name, tables)
        try:
            result = support.compare(X[name][rows], want, scale=scale)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        assert result.worst <= 1.0, name
    return names


def test_all_features_of_real_statements_equal_their_oracles(case: Case) -> None:
    """The files have profits, earnings and book values a share and dividends, and no more."""
    names = _compared(case.panel)
    assert len(names) >= 35
    assert {"np_revised_up_20", "report_drift_20", "material_change_10", "ret_720"} <= names


def test_all_features_of_real_splits_equal_their_oracles(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = tmp_path_factory.mktemp("splits")
    tiny_store.make(store, equities_bars_daily=real_store.bars(real_data, start="2012-01-01"))
    panel = data.open(store).panel(universe="all")
    names = _compared(panel)
    assert {"split_ratio_20", "split_flag_20", "merge_flag_20", "price_jump_60"} <= names
    X = features.panel(panel, ["split_flag_20", "merge_flag_20"], dtype="float64")
    assert np.nansum(X["split_flag_20"]) > 0  # Japan Tobacco 2012, NTT 2015
    assert np.nansum(X["merge_flag_20"]) < 0  # Hitachi 2018
