"""A simulated store gives every column there is, and none of them early."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jqfast.data as data
import jqfast.features as features
from jqfast.data.simulator import SimulateConfig, write
from jqfast.data.stored.documented import COLUMNS, EXTERNAL, info


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    write(folder, SimulateConfig(stocks=16, years=1.1))
    return folder


@pytest.fixture(scope="module")
def panel(path: Path) -> data.Panel:
    return data.open(path).panel(universe="all")


def test_every_documented_column_is_there_and_no_other(panel: data.Panel) -> None:
    assert {name for name in panel.columns if info(name) is None} == set()
    absent = set(COLUMNS) - set(panel.columns)
    # These come from users; the simulated ones are a part of them.
    assert {name for name in absent if COLUMNS[name].table != EXTERNAL} == set()
    assert {"spx", "usdjpy", "jgb10", "ust2", "vix", "wti"} <= set(panel.columns)


def test_every_column_has_its_axis_and_values(panel: data.Panel) -> None:
    empty = []
    for name in panel.columns:
        about = info(name)
        assert about is not None
        values = panel[name]
        assert values.shape == (panel.shape if about.axis == "stock" else panel.shape[:1]), name
        if name in panel.categories:
            assert (values[~panel.listed] == -1).all(), name
        elif about.axis == "stock" and name != "adjustment":
            assert np.isnan(values[~panel.listed]).all(), name
        if not (np.isfinite(values) & (values != -1)).any():
            empty.append(name)
    # So few stocks may all stay where they are from the start.
    assert set(empty) <= {"listing_age", "segment_age"}


@pytest.mark.parametrize("decision", ["close", "preopen", "evening"])
def test_nothing_is_early(path: Path, decision: str) -> None:
    found = data.audit_store(path, rows=[180], universe="all", decision=decision)
    assert found, str(found)
    assert found.compared > 50_000


def test_features_run_on_it(panel: data.Panel) -> None:
    close, eps = features.close, features.column("fs_eps")
    X = features.panel(panel, {"yield": eps / close, "topix": features.column("topix_close") / 1000.0})
    assert np.isfinite(X.values[0]).mean() > 0.5
    cut = panel.rows(100, 150)
    assert np.array_equal(cut["fs_eps"], panel["fs_eps"][100:150], equal_nan=True)
