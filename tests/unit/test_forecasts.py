"""R2 with its interval and the test of Diebold and Mariano, by hand and by statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from jqfast.errors import DataGapError
from jqfast.evaluate.forecasts import accuracy, diebold_mariano


def test_accuracy_by_hand() -> None:
    y, p = np.array([1.0, 3.0, np.nan, 5.0]), np.array([2.0, 3.0, 9.0, 4.0])
    got = accuracy(y, p, 2.0)
    assert got.n == 3
    assert got.r2 == pytest.approx(1 - 2 / 11)
    assert got.rmse == pytest.approx(np.sqrt(2 / 3))
    assert got.mae == pytest.approx(2 / 3)


def test_the_interval_holds_the_estimate_and_narrows() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=4000)
    y = x + rng.normal(size=4000)
    few, many = accuracy(y[:200], x[:200], 0.0), accuracy(y, x, 0.0)
    assert few.low < few.r2 < few.high
    assert many.high - many.low < 0.5 * (few.high - few.low)
    assert many.low < 0.5 < many.high
    assert "stationary block bootstrap" in many.method


def test_a_prediction_of_the_reference_has_no_r2_to_gain() -> None:
    y = np.random.default_rng(1).normal(size=50)
    got = accuracy(y, np.full(50, y.mean()), float(y.mean()))
    assert (got.r2, got.low, got.high) == (0.0, 0.0, 0.0)
    assert np.isnan(accuracy(np.ones(5), np.zeros(5), 1.0).r2)


def test_diebold_mariano_is_a_mean_with_newey_west_errors() -> None:
    rng = np.random.default_rng(2)
    y = rng.normal(size=300)
    a, b = y + rng.normal(0, 1.0, 300), y + rng.normal(0, 1.2, 300)
    got = diebold_mariano(y, a, b)
    d = (y - a) ** 2 - (y - b) ** 2
    how = {"maxlags": got.lags, "use_correction": False}
    theirs = sm.OLS(d, np.ones(300)).fit(cov_type="HAC", cov_kwds=how)
    assert got.t == pytest.approx(theirs.tvalues[0] * np.sqrt(299 / 300), rel=1e-9)
    assert got.difference < 0
    assert got.p < 0.05
    swapped = diebold_mariano(y, b, a)
    assert swapped.t == pytest.approx(-got.t)
    assert swapped.p == pytest.approx(got.p)


def test_equal_forecasts_cannot_be_told_apart() -> None:
    y = np.arange(20.0)
    assert np.isnan(diebold_mariano(y, y + 1, y + 1).t)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="`predicted` must be one-dimensional as `actual`"):
        accuracy(np.ones(3), np.ones(4), 0.0)
    with pytest.raises(DataGapError, match="no period in common"):
        accuracy(np.array([1.0, np.nan]), np.array([np.nan, 1.0]), 0.0)
    with pytest.raises(ValueError, match="must have the length of `actual`, 3"):
        diebold_mariano(np.ones(3), np.ones(3), np.ones(4))
