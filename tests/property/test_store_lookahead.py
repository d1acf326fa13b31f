"""Proofs over the features of the store's tables: a row uses nothing that was published after it.

The walls of `jqfast.features.audit`: the store cut at the decision time of a row and built again (decision
8), and the experiments on the panel. Beside them, the tables themselves: one that comes a session later
changes its own columns and no others, so that the table of a column is the whole truth about its timing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jqfast.data as data
import jqfast.features as features
from jqfast.data import pit
from jqfast.data.panel import PRICE_COLUMNS, Panel
from jqfast.data.stored.documented import COLUMNS
from jqfast.features.audit import WALLS
from jqfast.features.walls import tables

#: Tables that make the axes of a panel; late, they would change its sessions, stocks and membership.
AXES = {"equities_bars_daily", "equities_master", "markets_calendar"}
WEEKLY = "markets_margin_interest"


def _of_tables(panel: Panel) -> list[str]:
    """The features that price panels do not have."""
    of_prices = set(features.names("everything", PRICE_COLUMNS))
    return [name for name in features.names("everything", panel.columns) if name not in of_prices]


def test_every_wall_holds(store_folder: Path, store_panel: Panel) -> None:
    report = features.audit(store_folder, rows=[300, 611])
    assert report, str(report)
    assert report.walls == WALLS
    assert report.features == features.names("everything", store_panel.columns)
    assert set(_of_tables(store_panel)) < set(report.features)


def test_published_formulas_break_no_wall_but_the_split(store_folder: Path) -> None:
    """Literals beside prices and volumes are part of alpha158: its module tells, the audit shows it."""
    names = features.names("alpha158")
    report = features.audit(store_folder, names, rows=[300])
    assert report.walls == WALLS
    assert {wall for walls in report.failures.values() for wall in walls} == {"split"}
    assert 0 < len(report.failures) < len(names) / 2


@pytest.mark.parametrize("decision", ["evening", "preopen"])
def test_the_store_has_no_future_at_other_decisions(
    store_folder: Path, store_panel: Panel, decision: Any
) -> None:
    report = features.audit(store_folder, _of_tables(store_panel), rows=[611], decision=decision)
    assert report, str(report)


@pytest.fixture(scope="module")
def short(store_folder: Path) -> tuple[data.StorePanelSource, Panel]:
    """A year of the store; its columns are made here, before any rule is changed."""
    source = data.open(store_folder)
    end = source.panel(universe="all").dates[260]
    panel = source.panel(universe="all", end=end)
    return source, replace(panel, columns=dict(panel.columns))


def _late_tables(panel: Panel) -> list[str]:
    return sorted(set(tables(name for name in panel.columns if name in COLUMNS)) & set(pit.RULES) - AXES)


def test_a_late_table_changes_its_own_columns_only(
    short: tuple[data.StorePanelSource, Panel], monkeypatch: pytest.MonkeyPatch
) -> None:
    source, honest = short
    rows = pit.rows
    changed: dict[str, set[str]] = {}
    for late in _late_tables(honest):

        def delayed(table: Any, *args: Any, late: str = late) -> Any:
            mine = table == late or (table is pit.WEEKLY_MARGIN and late == WEEKLY)
            return rows(table, *args) + int(mine)

        monkeypatch.setattr(pit, "rows", delayed)
        panel = source.panel(universe="all", end=honest.dates[-1])
        assert np.array_equal(panel.listed, honest.listed)
        assert list(panel.columns) == list(honest.columns)
        changed[late] = {name for name in panel.columns if panel[name].tobytes() != honest[name].tobytes()}
    for late, names in changed.items():
        own = tables(set(honest.columns) & set(COLUMNS))[late]
        assert names <= own, late
        assert 2 * len(names) >= len(own), late
    assert len(changed) >= 12
