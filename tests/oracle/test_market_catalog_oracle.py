"""Features of flows, market, corporate actions and macro series against pandas, on a simulated store.

Series that no table of the source has (they come from the user) are made up here, so that every feature has
values to compare.
"""

from __future__ import annotations

import catalog_support as support
import flow_catalog  # noqa: F401 - registers its oracles
import market_catalog
import numpy as np
import pytest
import section_oracles
import store_catalog
from suites import HALVES
from suites import SECTIONS as NAMES

import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.data.stored.documented import COLUMNS, EXTERNAL
from jqfast.features.declare import registry

#: Features whose window is long or whose event is rare, and the share of cells that must be there.
COVERAGE = {"div_yield_next": 0.1, "div_to": 0.1}


@pytest.fixture(scope="module")
def panel(store_panel: Panel) -> Panel:
    """The store's panel, and a random walk for each series that only users have."""
    rng = np.random.default_rng(5)
    T, N = store_panel.shape
    added = {}
    for name, about in COLUMNS.items():
        if about.table != EXTERNAL or name in store_panel.columns:
            continue
        if about.axis == "stock":
            added[name] = np.where(rng.random((T, N)) < 0.1, (rng.random((T, N)) < 0.5) * 1.0, np.nan)
        else:
            added[name] = 10.0 * np.exp(np.cumsum(0.02 * rng.standard_normal(T)))
    return store_panel.with_columns(**added)


class Case:
    def __init__(self, panel: Panel) -> None:
        self.X = features.panel(panel, [*NAMES, *HALVES], dtype="float64")
        self.tables = store_catalog.Tables(panel)
        self.rows = panel.is_session


@pytest.fixture(scope="module")
def case(panel: Panel) -> Case:
    return Case(panel)


@pytest.mark.parametrize("name", [*NAMES, *HALVES])
def test_feature_equals_its_oracle(case: Case, name: str) -> None:
    want, scale = section_oracles.want(name, case.tables)
    got = case.X[name][case.rows]
    undecided = None
    if name.startswith(("fut_up", "fut_down")) or name == "regime_bull_agreed":
        # A contract that closes where it was ten sessions ago has moved by the rounding of its ratios.
        undecided = np.abs(market_catalog.contract_move(case.tables, 10).to_numpy()) < 1e-12
        assert undecided.mean() < 0.02
    result = support.compare(got, want, scale=scale, undecided=undecided)
    assert result.finite >= COVERAGE.get(name, 0.3) * got.size
    assert result.worst <= 1.0
    assert np.isnan(case.X[name][~case.rows]).all()


def test_flags_are_flags_and_some_of_them_fly(case: Case) -> None:
    flags = [name for name in NAMES if registry[name].norm == "flag"]
    assert len(flags) > 60
    for name in flags:
        values = case.X[name][np.isfinite(case.X[name])]
        assert set(np.unique(values)) <= ({-1.0, 0.0} if name == "merge_flag_20" else {0.0, 1.0}), name
    flying = {name for name in flags if np.nansum(np.abs(case.X[name])) > 0}
    assert {"regime_high", "regime_one_neutral", "split_month", "flow_turn_foreign"} <= flying


def test_one_regime_of_five_holds_wherever_all_are_known(case: Case) -> None:
    states = [case.X[f"regime_one_{name}"] for name in ("bear", "bull", "range", "neutral")]
    known = np.logical_and.reduce([np.isfinite(x) for x in (*states, case.X["regime_high"])])
    total = np.sum([x[known] for x in (*states, case.X["regime_high"])], axis=0)
    assert known.any()
    np.testing.assert_array_equal(total, 1.0)


def test_dummies_of_a_stock_and_of_a_date_sum_to_one(case: Case, panel: Panel) -> None:
    sectors = np.sum([case.X[name] for name in NAMES if name.startswith("k_sector_")], axis=0)
    listed = panel.listed & panel.is_session[:, None]
    np.testing.assert_array_equal(sectors[listed], 1.0)
    months = np.sum([case.X[name] for name in NAMES if name.startswith("k_month_")], axis=0)
    np.testing.assert_array_equal(months[panel.is_session], 1.0)


def test_a_feature_without_an_oracle_is_reported(case: Case) -> None:
    with pytest.raises(KeyError, match="`no_such_feature` has no oracle"):
        section_oracles.want("no_such_feature", case.tables)
