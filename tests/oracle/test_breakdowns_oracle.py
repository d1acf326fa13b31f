"""Breakdowns against scipy and statsmodels, part by part, with ties, holes, small groups and gaps."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from jqfast.data.panel import Panel
from jqfast.evaluate.breakdowns import Part, both, by_date, by_stock, by_year, date_draws, decay
from jqfast.evaluate.inference import newey_west
from jqfast.evaluate.ranks import rank_rows
from jqfast.learn.labels import make_labels


def dirty(T: int, N: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores with ties, returns with fat tails and holes, and groups of very different size."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.standard_normal((T, N)), 1)
    returns = 0.2 * scores + rng.standard_t(3, scores.shape)
    scores[rng.random(scores.shape) < 0.1] = np.nan
    returns[rng.random(scores.shape) < 0.1] = np.nan
    groups = np.minimum(rng.geometric(0.4, (T, N)) - 1, 4) - (rng.random((T, N)) < 0.05) * 9
    return scores, returns, groups


def by_scipy(x: np.ndarray, y: np.ndarray, fewest: int, *, ranks: bool) -> float:
    pair = np.isfinite(x) & np.isfinite(y)
    if pair.sum() < fewest or np.ptp(x[pair]) == 0:
        return float("nan")
    test = stats.spearmanr if ranks else stats.pearsonr
    return float(test(x[pair], y[pair]).statistic)


def check(part: Part, ic: np.ndarray, ranks: np.ndarray) -> None:
    for found, values in ((part.ic, ic), (part.rank_ic, ranks)):
        known = values[np.isfinite(values)]
        assert found.mean == pytest.approx(known.mean(), abs=1e-13)
        assert found.ir == pytest.approx(known.mean() / known.std(ddof=1), rel=1e-9)
        assert found.low < found.mean < found.high
    assert part.n_dates == np.isfinite(ranks).sum()
    assert part.win_rate == pytest.approx((ranks[np.isfinite(ranks)] > 0).mean(), abs=1e-15)


def test_groups_of_stocks_equal_scipy() -> None:
    scores, returns, groups = dirty(60, 70, 0)
    names = ["a", "b", "c", "d", "e"]
    found = by_stock(scores, returns, groups, names, date_draws(60, 1, draws=200), horizon=1)
    compared = 0
    for k, part in enumerate(found):
        ic, ranks = (
            np.array(
                [
                    by_scipy(x[g == k], y[g == k], 5, ranks=kind)
                    for x, y, g in zip(scores, returns, groups, strict=True)
                ]
            )
            for kind in (False, True)
        )
        check(part, ic, ranks)
        assert part.name == names[k]
        compared += part.n_dates
    assert compared > 150


def test_ranks_within_groups_equal_scipy() -> None:
    scores, _, groups = dirty(20, 50, 1)
    found = rank_rows(scores, groups)
    compared = 0
    for t in range(20):
        for g in range(-9, 5):
            inside = (groups[t] == g) & np.isfinite(scores[t])
            if g < 0:
                assert np.isnan(found[t, groups[t] == g]).all()
                continue
            np.testing.assert_array_equal(found[t, inside], stats.rankdata(scores[t, inside]))
            compared += int(inside.sum())
    assert compared > 800


def test_dates_of_a_state_by_hand() -> None:
    scores, returns, _ = dirty(300, 30, 2)
    whole = both(scores, returns)
    states = np.arange(300) // 25 % 3 - 1
    found = by_date(whole, states, ["low", "high"], date_draws(300, 5, draws=200), horizon=5)
    for k, part in enumerate(found):
        inside = states == k
        check(part, whole.ic.values[inside, 0], whole.rank_ic.values[inside, 0])
        assert part.stocks == pytest.approx(whole.rank_ic.pairs[inside].mean(), rel=1e-12)


@pytest.mark.parametrize("lags", [0, 3, 12])
def test_newey_west_with_gaps_equals_the_regression_on_a_dummy(lags: int) -> None:
    x = np.convolve(np.random.default_rng(3).standard_normal(400), np.ones(4), "valid") + 0.2
    inside = np.random.default_rng(4).random(len(x)) < 0.4
    fit = sm.OLS(np.where(inside, x, 0.0), inside.astype(float)).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False, "kernel": "bartlett"}
    )
    found = newey_west(np.where(inside, x, np.nan), lags=lags, gaps="keep")
    assert found.mean == pytest.approx(float(fit.params[0]), rel=1e-12)
    assert found.se == pytest.approx(float(fit.bse[0]), rel=1e-10)
    assert found.n == inside.sum()


def test_years_are_those_with_a_correlation() -> None:
    scores, returns, _ = dirty(600, 20, 5)
    scores[:100] = np.nan
    dates = np.busday_offset("2018-09-03", np.arange(600)).astype("datetime64[D]")
    whole = both(scores, returns)
    found = by_year(whole, dates, date_draws(600, 1, draws=200), horizon=1)
    assert [part.name for part in found] == ["2019", "2020"]
    year = dates.astype("datetime64[Y]").astype(str)
    for part in found:
        check(part, whole.ic.values[year == part.name, 0], whole.rank_ic.values[year == part.name, 0])
    assert sum(part.n_dates for part in found) == np.isfinite(whole.rank_ic.values).sum()


def test_decay_on_real_prices_equals_scipy(real_panel: Panel) -> None:
    panel = real_panel.rows(1050, 1200)  # with the outage of 2020-10-01, which is no session
    returns = make_labels(panel, (5,)).returns[0]
    close = panel["close"]
    scores = np.full(close.shape, np.nan)
    scores[5:] = -(close[5:] / close[:-5] - 1)
    session = panel.is_session
    assert not session.all()
    found = decay(scores, returns, session, (0, 1, 7), date_draws(len(scores), 5, draws=200), horizon=5)
    rows = np.flatnonzero(session)
    for part, delay in zip(found, (0, 1, 7), strict=True):
        ic, ranks = (
            np.array(
                [
                    by_scipy(scores[rows[i]], returns[rows[i + delay]], 10, ranks=kind)
                    for i in range(len(rows) - delay)
                ]
            )
            for kind in (False, True)
        )
        check(part, ic, ranks)
        assert part.n_dates > 100


def test_delays_look_forward_only() -> None:
    scores, returns, _ = dirty(30, 20, 6)
    with pytest.raises(ValueError, match="`delays`"):
        decay(scores, returns, np.ones(30, bool), (-1,), date_draws(30, 1, draws=200), horizon=1)
