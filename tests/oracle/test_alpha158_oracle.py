"""The published set of 158 features, under its names, against pandas."""

from __future__ import annotations

import re
from dataclasses import replace

import alpha158_catalog
import catalog_support as support
import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel

NAMES = features.names("alpha158")
STOCKS = 6
#: Of the real prices a stretch with the outage of 2020-10-01 in it.
ROWS = {"sim_panel": (0, 330), "real_panel": (1000, 1330)}


@pytest.fixture(scope="module", params=ROWS)
def panel(request: pytest.FixtureRequest) -> Panel:
    """Few stocks over some windows of 60 sessions: pandas takes every window in its hands."""
    cut: Panel = request.getfixturevalue(request.param).rows(*ROWS[request.param])
    most = np.sort(np.argsort(-np.isfinite(cut["close"]).sum(axis=0), kind="stable")[:STOCKS])
    columns = {name: np.ascontiguousarray(x[:, most]) for name, x in cut.columns.items() if x.ndim == 2}
    return replace(
        cut, codes=cut.codes[most], columns=columns, listed=np.ascontiguousarray(cut.listed[:, most])
    )


def test_each_feature_equals_its_published_formula(panel: Panel) -> None:
    X = features.panel(panel, "alpha158", dtype="float64")
    assert X.names == NAMES
    rows = panel.is_session
    prices = alpha158_catalog.Prices(support.wide_frames(panel))
    compared = 0
    for name in NAMES:
        found = re.fullmatch(r"([A-Z]+\d??)(5|10|20|30|60)", name)
        values = (
            alpha158_catalog.rolling(found[1], int(found[2]), prices)
            if found
            else alpha158_catalog.today(name, prices)
        )
        want = values.where(np.isfinite(values)).to_numpy()
        try:
            # A squared distance from a line loses half its digits where the line is nearly met.
            result = support.compare(X[name][rows], want, scale=1.0, k=2.0**20)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None
        assert result.worst <= 1.0, name
        compared += result.finite
    assert compared > 0.6 * X.values.size
