"""Every feature of the store's tables against its independent pandas implementation, on a simulated store."""

from __future__ import annotations

import catalog_support as support
import numpy as np
import pytest
import store_catalog
import store_catalog_events  # noqa: F401 - registers its oracles
import store_catalog_supply  # noqa: F401
from suites import STORE as NAMES

import jqfast.features as features
from jqfast.data.panel import Panel

#: Share of the listed cells that must have a value on both sides, where it is not three tenths of them.
COVERAGE = {
    "ret_720": 0.1,
    "beta_topix_1200": 0.02,
    "earnings_yield_z_1200": 0.02,
    "log_listing_age": 0.02,
    "margin_alert_long_ratio": 0.005,
    "margin_alert_short_ratio": 0.005,
    "margin_alert_ratio": 0.005,
    "margin_daily_long_ratio": 0.02,
    "margin_daily_short_ratio": 0.02,
    "margin_daily_ratio": 0.01,
}


def with_own_tables(panel: Panel) -> Panel:
    """The columns that users bring along, and three sectors, of which one is too small to stand alone."""
    rng = np.random.default_rng(5)
    T, N = panel.shape
    held = np.repeat(rng.uniform(0.5, 2.0, (-(-T // 50), N)), 50, axis=0)[:T]
    sector = np.where(np.arange(N) < 10, 0, np.where(np.arange(N) < N - 3, 1, 2)).astype(np.int16)
    return panel.with_columns(
        consensus_eps=held * np.nanmedian(panel["fs_eps"]),
        consensus_op=held * np.nanmedian(panel["fs_op"]),
        free_float=panel["fs_shares_issued"] / panel["adjustment"] * 0.4,
        boj_etf=rng.choice([0.0, 700.0, np.nan], T, p=[0.6, 0.3, 0.1]),
        news_score=np.where(panel.listed, rng.choice([0.0, 1.0, -1.0], (T, N), p=[0.8, 0.1, 0.1]), np.nan),
        sector33=np.where(panel.listed, sector, np.int16(-1)),
    )


class Case:
    """The features of a panel and its tables."""

    def __init__(self, panel: Panel) -> None:
        self.X = features.panel(panel, NAMES, dtype="float64")
        self.tables = store_catalog.Tables(panel)
        self.rows = panel.is_session
        self.cells = int(panel.listed.sum())


@pytest.fixture(scope="module")
def case(store_panel: Panel) -> Case:
    return Case(with_own_tables(store_panel))


@pytest.mark.parametrize("name", NAMES)
def test_feature_equals_its_oracle(case: Case, name: str) -> None:
    want, scale = store_catalog.want(name, case.tables)
    result = support.compare(case.X[name][case.rows], want, scale=scale)
    assert result.finite >= COVERAGE.get(name, 0.3) * case.cells
    assert result.worst <= 1.0
    assert np.isnan(case.X[name][~case.rows]).all()


def test_the_walls_hold_for_features_of_own_tables(store_panel: Panel) -> None:
    own = {"consensus_eps", "consensus_op", "free_float", "boj_etf", "news_score"}
    names = [name for name in NAMES if features.registry[name].expr.columns & own]
    report = features.audit(with_own_tables(store_panel), names, rows=[500])
    assert report, str(report)
    assert len(names) == 6


def test_a_feature_without_an_oracle_is_reported(case: Case) -> None:
    with pytest.raises(KeyError, match="`no_such_feature` has 0 oracles"):
        store_catalog.want("no_such_feature", case.tables)
