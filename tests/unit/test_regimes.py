"""States of the market: known on their day, by hand, without the rows that are no session."""

from __future__ import annotations

import numpy as np

from jqfast.evaluate.regimes import HISTORY, TREND_WINDOW, trend_state, volatility_state


def market(T: int = 700) -> np.ndarray:
    rng = np.random.default_rng(5)
    return rng.standard_normal(T) * np.where(np.arange(T) // 100 % 2, 0.03, 0.01)


def test_volatility_against_its_own_past_by_hand() -> None:
    returns = market()
    states = volatility_state(returns)
    deviation = np.array([returns[t - 19 : t + 1].std(ddof=1) for t in range(19, len(returns))])
    compared = 0
    for t in range(HISTORY - 1, len(returns)):
        past = deviation[: t - 18]
        assert states[t] == (past[-1] > np.median(past))
        compared += 1
    assert compared == 700 - HISTORY + 1
    assert (states[: HISTORY - 1] == -1).all()
    assert set(states[HISTORY:]) == {0, 1}


def test_trend_by_hand() -> None:
    returns = market()
    states = trend_state(returns)
    for t in range(TREND_WINDOW - 1, 700, 37):
        gained = np.prod(1 + returns[t - TREND_WINDOW + 1 : t + 1]) - 1
        assert states[t] == (gained > 0)
    assert (states[: TREND_WINDOW - 1] == -1).all()


def test_the_future_changes_nothing() -> None:
    returns = market()
    for state in (volatility_state, trend_state):
        np.testing.assert_array_equal(state(returns)[:500], state(returns[:500]))


def test_other_rows_are_stepped_over() -> None:
    returns = market()
    gaps = np.insert(returns, [100, 300, 301], np.nan)
    kept = np.isfinite(gaps)
    for state in (volatility_state, trend_state):
        np.testing.assert_array_equal(state(gaps)[kept], state(returns))
        assert (state(gaps)[~kept] == -1).all()


def test_short_markets_have_no_state() -> None:
    for state in (volatility_state, trend_state):
        assert (state(np.zeros(10)) == -1).all()
        assert len(state(np.zeros(0))) == 0
