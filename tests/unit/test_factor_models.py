"""Factor models: shapes, dates, missing values, and every mistake with its message."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from jqfast.errors import DataGapError
from jqfast.factors import MODELS, Factors, fama_macbeth, fit, grs, rolling_fit

T = 60
DAYS = np.datetime64("2020-01-01") + np.arange(T)


@pytest.fixture
def x() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (T, 5))


@pytest.fixture
def factors(x: np.ndarray) -> Factors:
    return Factors(DAYS, MODELS["FF5"], x, np.full(T, 1e-4))


def test_a_series_made_of_factors_is_found(factors: Factors) -> None:
    beta = np.array([1.0, -0.5, 0.25, 0.0, 2.0])
    r = 0.001 + factors.values @ beta
    found = fit(r, factors)
    assert found.names == ("alpha", *MODELS["FF5"])
    np.testing.assert_allclose(found.coefficients[:, 0], [0.001, *beta], atol=1e-14)
    assert found.r2[0] == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(found.predict(factors)[:, 0], r, atol=1e-15)
    assert found["SMB"][0] == pytest.approx(-0.5)
    assert found.errors == "newey-west, n-dependent lags"
    assert fit(r, factors, lags=4).errors == "newey-west, 4 lags"


def test_common_dates_of_frames_and_factors(factors: Factors) -> None:
    rng = np.random.default_rng(1)
    days = DAYS[10:50] + np.timedelta64(5, "D")
    frame = pd.DataFrame(rng.normal(size=(40, 2)), index=days.astype("datetime64[s]"), columns=["A", "B"])
    found = fit(frame, factors)
    assert found.codes == ("A", "B")
    assert found.n.tolist() == [40, 40]
    whole = fit(frame.to_numpy(), factors.values[15:55])
    assert np.array_equal(found.coefficients, whole.coefficients)
    table = found.to_frame()
    assert list(table.index) == ["A", "B"]
    assert table.loc["A", "t(SMB)"] == found.t[2, 0]


def test_a_frame_is_read_by_its_columns(factors: Factors) -> None:
    r = factors.values @ np.arange(1.0, 6.0)
    series = pd.Series(r, index=DAYS.astype("datetime64[s]"))
    found = fit(series, factors.to_frame().drop(columns="RF"))
    np.testing.assert_allclose(found["CMA"], 5.0)


def test_dates_before_a_listing_and_missing_factors_do_not_count(x: np.ndarray) -> None:
    rng = np.random.default_rng(3)
    y = rng.normal(size=(T, 3))
    holes = y.copy()
    holes[:20, 1] = np.nan
    gaps = x.copy()
    gaps[40:] = np.nan
    found = fit(holes, gaps)
    assert found.n.tolist() == [40, 20, 40]
    np.testing.assert_allclose(found.se[:, 0], fit(y[:40], x[:40]).se[:, 0], rtol=1e-10)
    np.testing.assert_allclose(found.se[:, 1], fit(y[20:40], x[20:40]).se[:, 1], rtol=1e-10)


def test_a_constant_series_has_no_r2_and_a_short_one_nothing(x: np.ndarray) -> None:
    y = np.random.default_rng(3).normal(size=(T, 3))
    y[:, 1] = 0.25
    y[8:, 2] = np.nan
    found = fit(y, x)
    assert found.short.tolist() == [False, False, True]
    assert np.isnan(found.r2[1:]).all()
    assert np.isnan(found.coefficients[:, 2]).all()
    assert found.alpha[1] == pytest.approx(0.25)
    assert found.n.tolist() == [T, T, 8]


def test_a_series_that_cannot_tell_two_factors_apart_is_nan(x: np.ndarray) -> None:
    two = x[:, :2].copy()
    two[:20, 1] = 0.0
    y = np.random.default_rng(3).normal(size=(T, 2))
    y[20:, 1] = np.nan
    found = fit(y, two)
    assert np.isfinite(found.coefficients[:, 0]).all()
    assert np.isnan(found.coefficients[:, 1]).all()
    assert not found.short.any()


def test_mistakes(factors: Factors, x: np.ndarray) -> None:
    y = np.random.default_rng(5).normal(size=(T, 3))
    with pytest.raises(ValueError, match="Unknown factor model `FF4`"):
        factors.select("FF4")
    with pytest.raises(ValueError, match=r"Model `Carhart` needs the factor `WML`; memory has Mkt-RF, SMB"):
        factors.select("Carhart")
    with pytest.raises(ValueError, match=r"`factors` are singular: `factor6` is a combination"):
        fit(y, np.column_stack([x, x[:, 0] - 2 * x[:, 3]]))
    with pytest.raises(ValueError, match=r"singular: `factor2`"):
        fit(y, np.column_stack([x[:, 0], np.ones(T)]))
    with pytest.raises(ValueError, match=r"same number of dates; got 59 and 60\. Give both with dates"):
        fit(y[1:], x)
    late = pd.DataFrame(y, index=(DAYS + np.timedelta64(900, "D")).astype("datetime64[s]"))
    with pytest.raises(DataGapError, match=r"none in common \(2022-06-19 to .*; 2020-01-01 to 2020-02-29\)"):
        fit(late, factors)
    with pytest.raises(ValueError, match="strictly ascending dates"):
        fit(late.iloc[::-1], factors)
    with pytest.raises(ValueError, match="Unknown kind of errors `hac`"):
        fit(y, x, errors="hac")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="`lags` must be an integer >= 0; got -1"):
        fit(y, x, lags=-1)
    with pytest.raises(ValueError, match="Unknown value of `short` `drop`"):
        fit(y, x, short="drop")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="more dates with all values than regressors; got 6 dates for 6"):
        fit(y[:6], x[:6])
    with pytest.raises(ValueError, match="one more axis; got 3 axes"):
        fit(y[:, :, None], x)
    with pytest.raises(ValueError, match="Unknown regressor `XYZ`"):
        fit(y, x)["XYZ"]
    with pytest.raises(ValueError, match="must have 5 columns"):
        fit(y, x).predict(x[:, :3])


def test_too_few_values(x: np.ndarray) -> None:
    y = np.random.default_rng(5).normal(size=(T, 3))
    y[8:, 1] = np.nan
    with pytest.raises(ValueError, match=r"at least 9 values per series .* 1 of 3 have fewer: series2 \(8\)"):
        fit(y, x, short="error")
    with pytest.raises(DataGapError, match=r"at least 9 values per series .* 1 of 1 have fewer"):
        fit(y[:, 1], x)


def test_factors_are_checked() -> None:
    with pytest.raises(ValueError, match=r"`values` must be \(60, 2\)"):
        Factors(DAYS, ("a", "b"), np.zeros((T, 1)), np.zeros(T))
    with pytest.raises(ValueError, match="strictly ascending"):
        Factors(DAYS[::-1], ("a",), np.zeros((T, 1)), np.zeros(T))
    with pytest.raises(ValueError, match="`names` must differ"):
        Factors(DAYS, ("a", "a"), np.zeros((T, 2)), np.zeros(T))


def test_the_size_factor_of_the_book_sort_is_preferred() -> None:
    names = ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "SMB3", "WML")
    table = Factors(DAYS, names, np.tile(np.arange(7.0), (T, 1)), np.zeros(T))
    assert table.select("FF3").names == ("Mkt-RF", "SMB3", "HML")
    assert table.select("Carhart").values[0].tolist() == [0.0, 5.0, 2.0, 6.0]
    assert table.select("FF5").names == MODELS["FF5"]
    assert table.has("FF6")
    assert not table.has("q")


def test_grs_and_its_mistakes(x: np.ndarray) -> None:
    rng = np.random.default_rng(8)
    noise = rng.normal(0, 0.01, (T, 4))
    fair = grs(x @ np.ones((5, 4)) + noise, x)
    assert fair.p > 0.01
    assert fair.df == (4, T - 4 - 5)
    assert grs(x @ np.ones((5, 4)) + noise + 0.02, x).p < 1e-6
    with pytest.raises(DataGapError, match="more than N \\+ K = 9 dates on which all 4 series"):
        grs(noise[:9], x[:9])
    with pytest.raises(ValueError, match="must not be combinations"):
        grs(np.column_stack([noise, noise[:, 0] - noise[:, 1]]), x)


def test_fama_macbeth_and_rolling_mistakes(x: np.ndarray) -> None:
    y = np.random.default_rng(5).normal(size=(T, 12))
    beta = np.random.default_rng(6).normal(size=(12, 2))
    assert fama_macbeth(y, beta).names == ("alpha", "factor1", "factor2")
    with pytest.raises(ValueError, match=r"`exposures` must be \(T, N, K\) or \(N, K\)"):
        fama_macbeth(y, beta[:5])
    with pytest.raises(ValueError, match="one name per exposure, 2; got 1"):
        fama_macbeth(y, beta, names=("a",))
    with pytest.raises(DataGapError, match="at least 5 dates with 6 stocks"):
        fama_macbeth(y, np.column_stack([beta[:, 0], beta[:, 0]]))
    with pytest.raises(ValueError, match="`window` must be more than the 6 coefficients"):
        rolling_fit(y, x, 6)
    with pytest.raises(DataGapError, match="`window` of 61 dates"):
        rolling_fit(y, x, 61)


def test_a_planted_premium_is_found() -> None:
    rng = np.random.default_rng(9)
    beta = rng.normal(1, 0.5, (300, 80, 2))
    premia = rng.normal([0.01, 0.0], 0.02, (300, 2))
    y = 0.002 + (beta * premia[:, None, :]).sum(axis=2) + rng.normal(0, 0.05, (300, 80))
    found = fama_macbeth(y, beta)
    np.testing.assert_allclose(found.premia[:, 1:].mean(axis=0), premia.mean(axis=0), atol=0.003)
    assert found.t[1] > 5
    assert abs(found.t[2]) < 3
