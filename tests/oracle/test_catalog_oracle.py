"""Every catalogue feature against its independent pandas implementation, on real and simulated prices."""

from __future__ import annotations

import catalog_support as support
import numpy as np
import pandas_catalog
import pytest
from suites import PRICES as NAMES

import jqfast.features as features
from jqfast.data.panel import Panel


class Case:
    """One panel, its features and its frames."""

    def __init__(self, panel: Panel) -> None:
        self.rows = panel.is_session
        self.X = features.panel(panel, NAMES, dtype="float64")
        self.wide = pandas_catalog.Wide(support.wide_frames(panel))
        self.cells = int(np.isfinite(panel["close"][self.rows]).sum())


@pytest.fixture(scope="module")
def real_case(real_panel: Panel) -> Case:
    return Case(real_panel)


@pytest.fixture(scope="module")
def sim_case(sim_panel: Panel) -> Case:
    return Case(sim_panel)


def _check(case: Case, name: str) -> None:
    oracle = pandas_catalog.oracle_for(name)
    values = case.X.values[case.X.names.index(name)]
    want = oracle.values(case.wide).to_numpy()
    undecided = None
    if oracle.margin is not None:
        undecided = ~np.isnan(want) & (np.abs(oracle.margin(case.wide).to_numpy()) < 1e-9)
        assert undecided.mean() < 0.02
    result = support.compare(values[case.rows], want, scale=oracle.scale, undecided=undecided)
    # 250 sessions of 2,400 are the longest warm-up; features that need a traded day lose the idle ones.
    assert result.finite > 0.55 * case.cells
    assert result.worst <= 1.0
    assert np.isnan(values[~case.rows]).all()


@pytest.mark.parametrize("name", NAMES)
def test_feature_equals_its_pandas_oracle_on_real_prices(real_case: Case, name: str) -> None:
    _check(real_case, name)


@pytest.mark.parametrize("name", NAMES)
def test_feature_equals_its_pandas_oracle_on_simulated_prices(sim_case: Case, name: str) -> None:
    _check(sim_case, name)


def test_the_catalogue_has_at_least_ninety_columns() -> None:
    assert len(NAMES) >= 90
    assert len(set(NAMES)) == len(NAMES)


def test_a_feature_without_an_oracle_is_reported() -> None:
    with pytest.raises(KeyError, match="no_such_feature"):
        pandas_catalog.oracle_for("no_such_feature")


def test_the_comparison_sees_one_wrong_cell_and_one_missing_cell() -> None:
    want = np.arange(1.0, 13.0).reshape(4, 3)
    wrong, missing = want.copy(), want.copy()
    wrong[2, 1] *= 1 + 1e-9
    missing[0, 2] = np.nan
    assert support.compare(want, want).worst == 0.0
    assert support.compare(wrong, want).worst > 1.0
    with pytest.raises(AssertionError, match="row 0, stock 2"):
        support.compare(missing, want)
