"""A factor model as a member: forecasts from betas known then, residuals over the sessions of a label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.factor_member import STEP, WINDOW, FactorView, forecast, residuals, view
from jqfast.learn.labels import Start, make_labels

S, N = 420, 8


def _panel(close: np.ndarray) -> Panel:
    days = np.busday_offset("2015-01-05", np.arange(S), roll="forward").astype("datetime64[D]")
    columns = dict.fromkeys(("open", "high", "low", "close"), close)
    codes = np.array([f"{1300 + n}" for n in range(N)])
    return Panel(days, codes, {**columns, "volume": np.full((S, N), 1e3)}, np.ones((S, N), np.bool_))


def _returns(seed: int = 1) -> np.ndarray:
    """Returns of stocks with betas 0.3 ... 1.7 and no noise of their own."""
    market = np.random.default_rng(seed).normal(0.002, 0.01, S)
    return market[:, None] * np.linspace(0.3, 1.7, N)


def _close(returns: np.ndarray) -> np.ndarray:
    return 1000.0 * np.cumprod(1.0 + returns, axis=0)


def test_a_stock_is_expected_to_earn_its_beta_times_the_mean() -> None:
    panel = _panel(_close(_returns()))
    seen = view(panel, "CAPM")
    expected = forecast(panel, seen)
    assert np.isnan(expected[: WINDOW - 1]).all()
    row = S - 3
    market = _returns()[1 : row + 1].mean(axis=1)
    np.testing.assert_allclose(expected[row], np.linspace(0.3, 1.7, N) * market.mean(), rtol=1e-6)


def test_no_forecast_sees_what_comes_after_it() -> None:
    returns = _returns()
    row = S - 40
    later = returns.copy()
    later[row + 1 :] = np.random.default_rng(5).normal(0, 0.05, later[row + 1 :].shape)
    before, after = (forecast(p, view(p, "CAPM")) for p in (_panel(_close(returns)), _panel(_close(later))))
    shorter = _panel(_close(returns)).rows(0, row + 1)
    np.testing.assert_array_equal(before[: row + 1], after[: row + 1])
    np.testing.assert_array_equal(before[: row + 1], forecast(shorter, view(shorter, "CAPM")))
    assert (before[row + 1 + STEP :] != after[row + 1 + STEP :]).all()


@pytest.mark.parametrize("start", ["open", "close"])
def test_residuals_of_one_session_are_what_the_market_does_not_explain(start: Start) -> None:
    own = np.random.default_rng(2).normal(0, 0.001, (S, N))
    returns = _returns() + own - own.mean(axis=1, keepdims=True)
    panel = _panel(_close(returns))
    # Opens at the close of the session before: the label's first session is a whole one.
    opens = np.vstack([panel["close"][:1], panel["close"][:-1]])
    panel = replace(panel, columns={**panel.columns, "open": opens})
    labels = make_labels(panel, (1, 3), start=start)
    seen = view(panel, "CAPM")
    left = residuals(panel, labels, seen, start=start)
    rows = np.arange(WINDOW + STEP, S - 5)
    betas = seen.betas[seen.newest[rows], 0]
    first = rows + 1 + (start == "close")
    market = returns.mean(axis=1)
    np.testing.assert_allclose(
        left.returns[0, rows], labels.returns[0, rows] - betas * market[first][:, None], rtol=1e-9, atol=1e-12
    )
    three = sum(market[first + k] for k in range(3))
    np.testing.assert_allclose(
        left.returns[1, rows], labels.returns[1, rows] - betas * three[:, None], rtol=1e-9, atol=1e-12
    )
    assert np.isnan(left.returns[:, : WINDOW - 1]).all()
    np.testing.assert_array_equal(left.end_row, labels.end_row)


def test_the_mean_of_factors_is_over_the_sessions_on_which_all_are_known() -> None:
    seen = FactorView(
        "FF3",
        rows=np.arange(4),
        factors=np.array([[0.9, np.nan], [0.9, np.nan], [0.01, 0.02], [0.03, 0.04]]),
        betas=np.array([[[1.0] * N, [2.0] * N]]),
        newest=np.zeros(4, np.int64),
    )
    expected = forecast(_panel(_close(_returns())).rows(0, 4), seen)
    np.testing.assert_allclose(expected[:, 0], [0.0, 0.0, 0.01 + 2 * 0.02, 0.02 + 2 * 0.03])


def test_a_stock_without_betas_is_an_average_one() -> None:
    returns = _returns()
    panel = _panel(_close(returns))
    listed = np.ones((S, N), np.bool_)
    listed[: S - 30, 2] = False
    columns = {name: np.where(listed, values, np.nan) for name, values in panel.columns.items()}
    panel = replace(panel, columns=columns, listed=listed)
    expected = forecast(panel, view(panel, "CAPM"))[-1]
    assert expected[2] == pytest.approx(np.delete(expected, 2).mean())


def test_what_a_factor_model_needs() -> None:
    with pytest.raises(DataGapError, match="asks for FF5, but these data give only Mkt-RF"):
        view(_panel(_close(_returns())), "FF5")
    panel = _panel(_close(_returns()))
    with pytest.raises(DataGapError, match=f"needs {WINDOW} sessions on which CAPM is known; there are 99"):
        view(panel.rows(0, 100), "CAPM")
