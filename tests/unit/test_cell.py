"""One cell explained: the last step is the feature's value, and what each step looked at is what it read."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import PRICE_COLUMNS, Panel
from jqfast.features import close, cs_mean, cs_rank, ema, explain, lag, ts_mean, ts_sum, volume

NAMES = features.names("everything", PRICE_COLUMNS)


@pytest.fixture(scope="module")
def panel(sim_panel: Panel) -> Panel:
    return sim_panel.rows(0, 400)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_is_the_value(panel: Panel, name: str) -> None:
    """Bit for bit, early in the panel, in its middle and at its end."""
    values = features.panel(panel, [name], dtype="float64").values[0]
    for t in (3, 150, 399):
        told = explain(panel, name, code=str(panel.codes[7]), date=panel.dates[t])
        assert np.float64(told.value).tobytes() == values[t, 7].tobytes() or (
            math.isnan(told.value) and np.isnan(values[t, 7])
        )
        assert told.steps[-1].value is told.value


def test_features_of_tables_too(store_panel: Panel) -> None:
    names = [name for name in features.names("everything", store_panel.columns) if name not in NAMES]
    values = features.panel(store_panel, names, dtype="float64").values[:, 700, 3]
    for name, want in zip(names, values, strict=True):
        told = explain(store_panel, name, code=str(store_panel.codes[3]), date=store_panel.dates[700])
        np.testing.assert_equal(told.value, want, name)
    assert len(names) > 30


def test_steps_by_hand(panel: Panel) -> None:
    t = 200
    n = int(np.flatnonzero(np.isfinite(panel["close"][t - 6 : t + 1]).all(axis=0))[2])
    expr = close / ts_mean(lag(close, 1), 5, 4) - 1
    told = explain(panel, expr, code=str(panel.codes[n]), date=str(panel.dates[t]))
    assert [step.text for step in told.steps] == [
        "close",
        "lag(#1, 1)",
        "ts_mean(#2, 5, min_periods=4)",
        "#1 / #3",
        "#4 - 1",
    ]
    past = panel["close"][t - 5 : t, n]
    by_hand = [panel["close"][t, n], past[-1], past.mean(), panel["close"][t, n] / past.mean()]
    np.testing.assert_allclose([step.value for step in told.steps[:4]], by_hand, rtol=1e-14)
    assert told.steps[1].seen == f"of {panel.dates[t - 1]}"
    low, high = f"{past.min():.6g}", f"{past.max():.6g}"
    assert told.steps[2].seen == f"{panel.dates[t - 4]} to {panel.dates[t]}: 5 values from {low} to {high}"
    text = str(told)
    assert text.splitlines()[0].startswith(f"{expr} of {panel.codes[n]} on {panel.dates[t]}: ")
    assert "close: known at the close of the session" in text


def test_recursions_see_everything_and_cross_sections_the_date(panel: Panel) -> None:
    told = explain(panel, ema(volume, 5) / volume, code=str(panel.codes[0]), date=panel.dates[300])
    assert f"{panel.dates[0]} to {panel.dates[300]}" in told.steps[1].seen
    sector = np.ascontiguousarray(np.broadcast_to(np.arange(40) % 4, panel.shape)).astype(np.int16)
    columns = {**panel.columns, "sector33": sector}
    grouped = replace(panel, columns=columns, categories={"sector33": ("A", "B", "C", "D")})
    ret = close / lag(close, 5) - 1
    for expr, want in (
        (cs_rank(ret), f"{np.isfinite(panel['close'][[295, 300]]).all(axis=0).sum()} stocks, mean"),
        (cs_mean(ret, by="sector33"), "group C: "),
        (cs_mean(ret, by=features.cs_bucket(volume, 2)), "group 1: "),
    ):
        code = str(panel.codes[np.flatnonzero(sector[0] == 2)[np.nanargmax(panel["volume"][300][2::4])]])
        told = explain(grouped, expr, code=code, date=panel.dates[300])
        assert want in told.steps[-1].seen, str(told)


def test_a_missing_value_says_why(panel: Panel) -> None:
    told = explain(panel, "ret_5", code=str(panel.codes[0]), date=panel.dates[2])
    assert "ret_5 of" in str(told)
    assert ": missing" in str(told)
    assert "before the panel begins" in str(told)
    assert "A value is missing in the first 5 sessions of a listing" in str(told)


def test_codes_of_four_characters(panel: Panel) -> None:
    longer = replace(panel, codes=np.array([f"{code}0" for code in panel.codes]))
    told = explain(longer, "rsi", code=str(panel.codes[4]), date=panel.dates[100])
    assert told.code == longer.codes[4]


def test_mistakes_are_explained(panel: Panel) -> None:
    code, date = str(panel.codes[0]), panel.dates[10]
    with pytest.raises(ValueError, match="Unknown feature `rsii`"):
        explain(panel, "rsii", code=code, date=date)
    with pytest.raises(ValueError, match="Unknown code `XX`"):
        explain(panel, "rsi", code="XX", date=date)
    saturday = panel.dates[10] + (5 - (panel.dates[10].astype(int) + 3) % 7)
    with pytest.raises(ValueError, match=r"`date` must be a session of the panel, .* Near: "):
        explain(panel, ts_sum(close, 3), code=code, date=saturday)
