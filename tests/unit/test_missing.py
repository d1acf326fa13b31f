"""What a formula says about missing values is what the engine does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS, Panel
from jqfast.features import (
    Expr,
    close,
    column,
    cs_zscore,
    ema,
    fill,
    fmax,
    high,
    isnan,
    lag,
    log,
    low,
    open_,
    registry,
    sqrt,
    ts_mean,
    ts_zscore,
    turnover,
    volume,
    where,
)
from jqfast.features.missing import missing_when, needed

#: What panels of prices have the columns for.
NAMES = features.names("everything", PRICE_COLUMNS)

CASES: list[tuple[Expr, set[tuple[int, str]]]] = [
    (close / lag(open_, 1), {(0, "close"), (1, "open")}),
    (lag(close / lag(open_, 2), 3) / volume, {(3, "close"), (5, "open"), (0, "volume")}),
    (close / ts_mean(close, 5, 3), {(0, "close")}),
    (ts_mean(lag(close, 1), 5, 3) / lag(close, 2), {(2, "close")}),
    (ts_zscore(close, 5, 3), {(0, "close")}),
    (close / ema(open_, 5), {(0, "close")}),
    (fill(close / open_, 0.0), set()),
    (isnan(close) * volume / volume, {(0, "volume")}),
    (fmax(close, open_) / high, {(0, "high")}),
    (where(volume > 0, close / open_, low / high), {(0, "volume")}),
    (cs_zscore(turnover), {(0, "turnover")}),
]


@pytest.mark.parametrize(("expr", "values"), CASES, ids=str)
def test_single_values_that_have_to_be_there(expr: Expr, values: set[tuple[int, str]]) -> None:
    assert needed(expr) == values


@pytest.mark.parametrize("name", NAMES)
def test_without_what_is_needed_there_is_no_value(sim_panel: Panel, name: str) -> None:
    """Each needed value taken away from all stocks but one empties the row for them; before, it is full."""
    panel = replace(sim_panel.rows(0, 200), session_share=0.0)  # every date stays a session
    row = 180
    trading = np.isfinite(panel["close"]).all(axis=0)
    others = np.arange(len(trading)) != int(np.flatnonzero(trading)[0])
    expr = registry[name].expr
    honest = features.panel(panel, {name: expr}).values[0, row]
    assert np.isfinite(honest[others]).any()
    for ago, column_name in needed(expr):
        gone = panel[column_name].copy()
        gone[row - ago, others] = np.nan
        values = features.panel(panel.with_columns(**{column_name: gone}), {name: expr}).values[0, row]
        assert np.isnan(values[others]).all(), (ago, column_name)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_row_is_the_first_that_can_have_a_value(sim_panel: Panel, name: str) -> None:
    feature = registry[name]
    start = sim_panel.listed[0] & np.isfinite(sim_panel["close"][0])
    values = features.panel(sim_panel.rows(0, 400), {name: feature.expr}).values[0][:, start]
    assert np.isnan(values[: feature.first_row]).all()
    assert np.isfinite(values[feature.first_row :]).any()


def test_reasons_in_words() -> None:
    expr = sqrt(log(close / lag(close, 20))) * ts_mean(volume, 10, 7) / volume
    assert missing_when(expr) == (
        "in the first 20 sessions of a listing",
        "where close or volume is missing today",
        "where close is missing 20 sessions before",
        "with fewer than 7 of 10 sessions",
        "a divisor of 0, the log of 0 or less or the root of a negative number counts as missing",
    )
    assert missing_when(lag(close, 1) / close)[0] == "in the first session of a listing"
    assert missing_when(fill(close / close, 1.0)) == ("a divisor of 0 counts as missing",)
    assert "of the panel" in missing_when(lag(column("topix_close"), 3))[0]
    assert missing_when(features.dow_sin) == ()
