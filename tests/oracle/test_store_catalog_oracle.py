"""Every feature of the store's tables against its independent pandas implementation, on a simulated store."""

from __future__ import annotations

import catalog_support as support
import numpy as np
import pytest
import store_catalog

import jqfast.features as features
from jqfast.data.panel import Panel

FAMILIES = ("stock_factors",)
NAMES = [name for family in FAMILIES for name in features.names(family)]
#: Share of the listed cells that must have a value on both sides, where it is not half of them.
COVERAGE = {"ret_720": 0.1, "beta_topix_1200": 0.02, "earnings_yield_z_1200": 0.02}


class Case:
    """The features of a panel and its tables."""

    def __init__(self, panel: Panel) -> None:
        self.X = features.panel(panel, NAMES, dtype="float64")
        self.tables = store_catalog.Tables(panel)
        self.rows = panel.is_session
        self.cells = int(panel.listed.sum())


@pytest.fixture(scope="module")
def case(store_panel: Panel) -> Case:
    return Case(store_panel)


@pytest.mark.parametrize("name", NAMES)
def test_feature_equals_its_oracle(case: Case, name: str) -> None:
    want, scale = store_catalog.want(name, case.tables)
    result = support.compare(case.X[name][case.rows], want, scale=scale)
    assert result.finite >= COVERAGE.get(name, 0.3) * case.cells
    assert result.worst <= 1.0
    assert np.isnan(case.X[name][~case.rows]).all()


def test_a_feature_without_an_oracle_is_reported(case: Case) -> None:
    with pytest.raises(KeyError, match="`no_such_feature` has 0 oracles"):
        store_catalog.want("no_such_feature", case.tables)
