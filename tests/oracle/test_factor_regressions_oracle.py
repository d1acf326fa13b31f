"""Factor regressions against statsmodels and linearmodels: coefficients, three kinds of errors, tests."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.multivariate.multivariate_ols import _MultivariateOLS

from jqfast.factors import fama_macbeth, fit, grs, rolling_fit

GOLDEN = Path(__file__).parents[1] / "golden"
T, N, K = 400, 12, 4
#: Both solve well-conditioned systems of a few hundred rows in doubles.
CLOSE = 1e-10


@pytest.fixture(scope="module")
def market() -> tuple[np.ndarray, np.ndarray]:
    """Returns with fat tails and changing size, factors that are correlated; some values missing."""
    rng = np.random.default_rng(11)
    x = rng.normal(0, 0.01, (T, K)) @ (np.eye(K) + 0.4) + 3e-4
    size = 1.0 + np.abs(x[:, :1]) * 50
    e = rng.standard_t(4, (T, N)) * size * 0.01
    e[1:] += 0.3 * e[:-1]
    y = 1e-4 + x @ rng.normal(1, 0.5, (K, N)) + e
    y[:, 3] = np.nan  # never there
    y[:150, 4] = np.nan  # listed late
    y[rng.random(T) < 0.1, 5] = np.nan  # halts
    y[7, 6] = np.inf
    return y, x


def _theirs(y: np.ndarray, x: np.ndarray, errors: str, small: bool) -> Any:
    """statsmodels on the same dates; a missing one is a row of zeros, which adds nothing to any sum."""
    known = np.isfinite(y)
    X = np.column_stack([np.ones(len(y)), x])
    if errors == "classical":
        return sm.OLS(y[known], X[known]).fit(use_t=True)
    if errors == "white":
        return sm.OLS(y[known], X[known]).fit(cov_type="HC1" if small else "HC0", use_t=True)
    lags = int(np.floor(4 * (known.sum() / 100) ** (2 / 9)))
    found = sm.OLS(np.where(known, y, 0.0), X * known[:, None])
    return found.fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False})


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("errors", ["classical", "white", "newey-west"])
def test_coefficients_and_errors(market: tuple[np.ndarray, np.ndarray], errors: str, small: bool) -> None:
    y, x = market
    found = fit(y, x, errors=errors, small_sample=small)  # type: ignore[arg-type]  # a text of its values
    compared = 0
    for j in range(N):
        if j == 3:
            assert found.short[j]
            assert np.isnan(found.coefficients[:, j]).all()
            continue
        theirs = _theirs(y[:, j], x, errors, small)
        scale = np.abs(theirs.params).max()
        np.testing.assert_allclose(found.coefficients[:, j], theirs.params, rtol=CLOSE, atol=CLOSE * scale)
        n = np.isfinite(y[:, j]).sum()
        assert found.n[j] == n
        few = n / (n - K - 1) if small and errors == "newey-west" else 1.0  # theirs counts the zero rows
        np.testing.assert_allclose(found.covariance[j], few * theirs.cov_params(), rtol=1e-9, atol=1e-20)
        np.testing.assert_allclose(found.se[:, j], np.sqrt(few) * theirs.bse, rtol=CLOSE)
        if errors != "newey-west":
            np.testing.assert_allclose(found.p[:, j], theirs.pvalues, rtol=1e-7, atol=1e-300)
            assert found.r2[j] == pytest.approx(theirs.rsquared, rel=CLOSE)
            assert found.r2_adjusted[j] == pytest.approx(theirs.rsquared_adj, rel=CLOSE)
            assert found.sigma[j] == pytest.approx(np.sqrt(theirs.mse_resid), rel=CLOSE)
        compared += 1
    assert compared == N - 1


@pytest.mark.parametrize("lags", [0, 1, 25])
def test_given_lags_of_a_whole_series(market: tuple[np.ndarray, np.ndarray], lags: int) -> None:
    y, x = market
    found = fit(y[:, 0], x, lags=lags)
    how = {"maxlags": lags, "use_correction": True}
    theirs = sm.OLS(y[:, 0], sm.add_constant(x)).fit(cov_type="HAC", cov_kwds=how, use_t=True)
    np.testing.assert_allclose(found.se[:, 0], theirs.bse, rtol=CLOSE)
    np.testing.assert_allclose(found.p[:, 0], theirs.pvalues, rtol=1e-7)


def test_badly_scaled_and_nearly_dependent_factors(market: tuple[np.ndarray, np.ndarray]) -> None:
    y, x = market
    hard = np.column_stack([x[:, 0], x[:, 0] + 1e-5 * x[:, 1], 1e6 * x[:, 2], 5.0 + 1e-4 * x[:, 3]])
    found = fit(y[:, 0], hard, errors="classical")
    exact = _exactly(y[:, 0], np.column_stack([np.ones(T), hard]))
    columns = np.column_stack([np.ones(T), hard])
    condition = np.linalg.cond(columns / np.linalg.norm(columns, axis=0))
    assert condition > 1e4
    np.testing.assert_allclose(found.coefficients[:, 0], exact, rtol=20 * condition * np.finfo(float).eps)


def _exactly(y: np.ndarray, x: np.ndarray) -> list[float]:
    """Least squares in rational numbers: statsmodels' pseudo-inverse loses nine digits here."""
    rows = [[Fraction(v) for v in (*row, value)] for row, value in zip(x.tolist(), y.tolist(), strict=True)]
    n = x.shape[1]
    m = [[sum((row[i] * row[j] for row in rows), Fraction(0)) for j in range(n + 1)] for i in range(n)]
    for i in range(n):
        m[i] = [v / m[i][i] for v in m[i]]
        for j in range(n):
            if j != i:
                m[j] = [a - m[j][i] * b for a, b in zip(m[j], m[i], strict=True)]
    return [float(row[n]) for row in m]


def test_grs_is_the_exact_test_of_all_constants(market: tuple[np.ndarray, np.ndarray]) -> None:
    y, x = market
    some = y[:, [0, 1, 2, 5, 7]]
    found = grs(some, x)
    whole = np.isfinite(some).all(axis=1)
    model = _MultivariateOLS(some[whole], sm.add_constant(x[whole]))
    table = model.fit().mv_test([("constants", np.eye(1, K + 1))]).results["constants"]["stat"]
    row = table.loc["Wilks' lambda"]
    assert found.f == pytest.approx(float(row["F Value"]), rel=1e-9)
    assert found.p == pytest.approx(float(row["Pr > F"]), rel=1e-7)
    assert found.df == (int(row["Num DF"]), round(float(row["Den DF"])))


def test_fama_macbeth_is_a_regression_per_date(market: tuple[np.ndarray, np.ndarray]) -> None:
    y, _ = market
    rng = np.random.default_rng(2)
    exposures = rng.normal(1.0, 0.5, (T, N, 2))
    exposures[5, :4] = np.nan
    found = fama_macbeth(y, exposures, names=("a", "b"), lags=3, min_stocks=6)
    rows = []
    for t in range(T):
        known = np.isfinite(y[t]) & np.isfinite(exposures[t]).all(axis=1)
        assert found.stocks[t] == known.sum()
        theirs = sm.OLS(y[t, known], sm.add_constant(exposures[t, known])).fit()
        np.testing.assert_allclose(found.premia[t], theirs.params, rtol=1e-8, atol=1e-12)
        assert found.r2[t] == pytest.approx(theirs.rsquared, rel=1e-8, abs=1e-12)
        rows.append(theirs.params)
    how = {"maxlags": 3, "use_correction": True}
    for k, series in enumerate(np.array(rows).T):
        mean = sm.OLS(series, np.ones(T)).fit(cov_type="HAC", cov_kwds=how, use_t=True)
        assert found.mean[k] == pytest.approx(mean.params[0], rel=1e-8)
        assert found.se[k] == pytest.approx(mean.bse[0], rel=1e-8)
        assert found.p[k] == pytest.approx(mean.pvalues[0], rel=1e-6)


def test_linearmodels_agrees() -> None:
    """Alphas, betas and premia as linearmodels gives them, see `golden/make_linearmodels.py`."""
    golden = json.loads((GOLDEN / "linearmodels.json").read_text(encoding="utf-8"))
    y, x = np.array(golden["returns"]), np.array(golden["factors"])
    found = fit(y, x, errors="newey-west", lags=golden["lags"], small_sample=False)
    np.testing.assert_allclose(found.alpha, golden["alphas"], rtol=1e-8)
    np.testing.assert_allclose(found.coefficients[1:].T, golden["betas"], rtol=1e-8)
    exposures = np.array(golden["exposures"])
    cross = fama_macbeth(y, exposures, errors="newey-west", lags=golden["lags"])
    np.testing.assert_allclose(cross.mean, golden["premia"], rtol=1e-8)
    np.testing.assert_allclose(cross.se, golden["premia_se"], rtol=1e-8)


def test_rolling_windows_are_regressions_of_their_own(market: tuple[np.ndarray, np.ndarray]) -> None:
    y, x = market
    found = rolling_fit(y, x, 120, step=37)
    assert found.ends.tolist() == list(range(T - 1, 118, -37))[::-1]
    compared = 0
    for w, end in enumerate(found.ends):
        rows = slice(end - 119, end + 1)
        for j in range(N):
            known = np.isfinite(y[rows, j])
            if known.sum() < 80:
                assert np.isnan(found.coefficients[w, :, j]).all()
                continue
            theirs = sm.OLS(y[rows, j][known], sm.add_constant(x[rows][known])).fit()
            np.testing.assert_allclose(found.coefficients[w, :, j], theirs.params, rtol=1e-8, atol=1e-10)
            assert found.r2[w, j] == pytest.approx(theirs.rsquared, rel=1e-8)
            compared += 1
    assert compared > 70
