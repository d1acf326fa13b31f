"""Regressions keep their laws, whatever the data: scale, shift, order, other series, rotation of factors."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jqfast.factors import fit
from jqfast.factors._ols import least_squares, make_design

T, N, K = 60, 5, 3


def _drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(T, K))
    y = x @ rng.normal(size=(K, N)) + rng.standard_t(4, (T, N))
    y[rng.random((T, N)) < 0.15] = np.nan
    return y, x


@given(st.integers(0, 10_000), st.floats(1e-3, 1e3), st.floats(-1.0, 1.0))
def test_scale_and_shift_of_returns(seed: int, scale: float, shift: float) -> None:
    y, x = _drawn(seed)
    one, two = fit(y, x), fit(scale * y + shift, x)
    np.testing.assert_allclose(
        two.coefficients[1:], scale * one.coefficients[1:], rtol=1e-8, atol=1e-10 * scale
    )
    np.testing.assert_allclose(two.alpha, scale * one.alpha + shift, rtol=1e-8, atol=1e-9 * max(scale, 1.0))
    np.testing.assert_allclose(two.se, scale * one.se, rtol=1e-7)
    np.testing.assert_allclose(two.r2, one.r2, rtol=1e-7, atol=1e-9)


@given(st.integers(0, 10_000), st.permutations(range(N)))
def test_series_do_not_know_each_other(seed: int, order: list[int]) -> None:
    y, x = _drawn(seed)
    whole, turned = fit(y, x), fit(y[:, order], x)
    np.testing.assert_allclose(turned.coefficients, whole.coefficients[:, order], rtol=1e-10, atol=1e-13)
    alone = fit(y[:, 2], x)
    np.testing.assert_allclose(alone.se[:, 0], whole.se[:, 2], rtol=1e-9)


@given(st.integers(0, 10_000))
def test_rotated_factors_tell_the_same(seed: int) -> None:
    y, x = _drawn(seed)
    turn = np.random.default_rng(seed + 1).normal(size=(K, K)) + 3 * np.eye(K)
    one, two = fit(y, x), fit(y, x @ turn)
    np.testing.assert_allclose(two.alpha, one.alpha, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(turn @ two.coefficients[1:], one.coefficients[1:], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(two.se[0], one.se[0], rtol=1e-6)
    np.testing.assert_allclose(two.r2, one.r2, rtol=1e-8)


@given(st.integers(0, 10_000))
def test_residuals_are_free_of_the_factors(seed: int) -> None:
    y, x = _drawn(seed)
    e = y - fit(y, x).predict(x)
    for n in range(N):
        known = np.isfinite(e[:, n])
        full = np.column_stack([np.ones(T), x])[known]
        np.testing.assert_allclose(full.T @ e[known, n], 0.0, atol=1e-10)


@given(st.integers(0, 10_000), st.integers(1, 80), st.sampled_from([1, 2, 7]))
def test_threads_and_memory_order_change_no_bit(seed: int, series: int, threads: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(T, K)), rng.normal(size=(T, series))
    y[rng.random(y.shape) < 0.3] = np.nan
    y[: rng.integers(0, 40), 0] = np.inf
    design = make_design(x, tuple("abc"))
    one = least_squares(y, design, errors="newey-west", lags=None, small_sample=True, threads=1)
    turned = np.asfortranarray(y)[::-1][::-1]
    other = least_squares(turned, design, errors="newey-west", lags=None, small_sample=True, threads=threads)
    for name, values in one._asdict().items():
        np.testing.assert_array_equal(getattr(other, name), values, err_msg=name)
