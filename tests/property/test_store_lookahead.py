"""Proofs over the features of the store's tables: a row uses nothing that was published after it.

The walls of `jqfast.features.walls` on the panel (cut, poison, split, permutation), and the store itself cut
at the decision time of a row and built again (decision 8).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jqfast.data as data
import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS, Panel


def _of_tables(panel: Panel) -> list[str]:
    """The features that price panels do not have."""
    of_prices = set(features.names("all", PRICE_COLUMNS))
    return [name for name in features.names("all", panel.columns) if name not in of_prices]


def test_the_walls_hold(store_panel: Panel) -> None:
    names = _of_tables(store_panel)
    report = features.audit(store_panel, names, rows=[300, 760])
    assert report, str(report)
    assert len(report.features) == len(names) >= 34


@pytest.mark.parametrize("decision", ["close", "evening", "preopen"])
def test_a_store_without_the_future_gives_the_same_rows(store_folder: Path, decision: str) -> None:
    names: list[str] = []

    def build(source: data.StorePanelSource, day: Any) -> Panel:
        panel = source.panel(universe="all", end=day, decision=decision)
        asked = names or _of_tables(panel)
        X = features.panel(panel, asked, dtype="float64")
        names[:] = X.names
        made = {f"feature_{name}": np.ascontiguousarray(X[name]) for name in X.names}
        return panel.with_columns(**made)

    build(data.open(store_folder), None)
    columns = [f"feature_{name}" for name in names]
    rows = [300, 611] if decision == "close" else [611]
    found = data.audit_store(store_folder, rows=rows, columns=columns, build=build)
    assert found, str(found)
    assert found.compared >= 612 * 20 * len(columns)
