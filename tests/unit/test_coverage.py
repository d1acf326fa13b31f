"""Coverage and distribution by year against pandas, and counts of what may count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.features import close, lag, quality
from jqfast.features.coverage import COLUMNS, QUANTILES


def test_against_pandas(sim_panel: Panel) -> None:
    mine = {"ret": close / lag(close, 5) - 1, "up": close > lag(close, 1)}
    table = quality(sim_panel, mine)
    frame = features.panel(sim_panel, mine, dtype="float64").to_frame()
    inside = (sim_panel.listed & sim_panel.is_session[:, None]).reshape(-1)
    frame = frame[inside]
    years = frame.index.get_level_values("date").year
    assert len(table) == 2 * len(set(years))
    for row in table:
        values = frame[row.feature][years == row.year]
        assert row.cells == len(values)
        known = values.dropna()
        assert row.coverage == pytest.approx(len(known) / len(values))
        np.testing.assert_allclose([row.mean, row.std], [known.mean(), known.std()], rtol=1e-9)
        assert row.zeros == pytest.approx((known == 0).mean())
        np.testing.assert_allclose(row.quantiles, known.quantile(QUANTILES), rtol=1e-12)


def test_a_market_series_counts_once_a_session(sim_panel: Panel) -> None:
    rows = list(quality(sim_panel, ["dow_sin"]))
    years = pd.DatetimeIndex(sim_panel.dates[sim_panel.is_session]).year
    assert [row.cells for row in rows] == [int((years == row.year).sum()) for row in rows]
    assert {row.coverage for row in rows} == {1.0}


def test_years_without_a_value_are_rows(sim_panel: Panel) -> None:
    row = quality(sim_panel.rows(0, 30), {"far": close / lag(close, 50)}).rows[0]
    assert (row.coverage, row.cells > 0) == (0.0, True)
    assert np.isnan(row.mean)
    assert row.texts()[3] == "0.0%"


def test_sets_tell_what_they_leave_out(sim_panel: Panel) -> None:
    table = quality(sim_panel, "all")
    assert {row.feature for row in table} == set(features.names("all", sim_panel.columns))
    assert any("left out" in note for note in table.notes)
    lines = str(table).splitlines()
    assert lines[0].split("\t") == list(COLUMNS)
    assert {len(line.split("\t")) for line in lines} == {len(COLUMNS)}
