"""The judgement against scipy, statsmodels and a book kept stock by stock in plain loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from jqfast.data.panel import Panel
from jqfast.evaluate import (
    CostConfig,
    PortfolioConfig,
    buckets,
    ic,
    long_short,
    newey_west,
    rank_ic,
    rank_rows,
    sharpe_test,
    welch,
)
from jqfast.evaluate.costs import liquidity
from jqfast.evaluate.inference import student_reach, student_two_sided
from jqfast.learn.labels import make_labels


def dirty(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores with ties and returns with fat tails, both with holes."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.standard_normal((50, 80)), 1)
    returns = 0.2 * scores + rng.standard_t(3, scores.shape)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    returns[rng.random(scores.shape) < 0.2] = np.nan
    scores[7] = np.nan
    return scores, returns


@pytest.mark.parametrize("seed", [0, 1])
def test_correlations_equal_scipy(seed: int) -> None:
    scores, returns = dirty(seed)
    pearson, spearman = ic(scores, returns).per_date, rank_ic(scores, returns).per_date
    compared = 0
    for t, (x, y) in enumerate(zip(scores, returns, strict=True)):
        both = np.isfinite(x) & np.isfinite(y)
        if both.sum() < 10:
            assert np.isnan(pearson[t])
            continue
        assert pearson[t] == pytest.approx(stats.pearsonr(x[both], y[both]).statistic, abs=1e-13)
        assert spearman[t] == pytest.approx(stats.spearmanr(x[both], y[both]).statistic, abs=1e-13)
        compared += 1
    assert compared == 49


def test_ranks_equal_scipy() -> None:
    scores, _ = dirty(2)
    np.testing.assert_array_equal(rank_rows(scores), stats.rankdata(scores, axis=1, nan_policy="omit"))


@pytest.mark.parametrize("lags", [0, 1, 4, 19])
def test_newey_west_equals_statsmodels(lags: int) -> None:
    x = np.convolve(np.random.default_rng(3).standard_normal(300), np.ones(5), "valid") + 0.3
    fit = sm.OLS(x, np.ones(len(x))).fit(
        cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False, "kernel": "bartlett"}
    )
    result = newey_west(x, lags=lags)
    assert result.t == pytest.approx(float(fit.tvalues[0]), rel=1e-10)
    assert result.se == pytest.approx(float(fit.bse[0]), rel=1e-10)


def test_welch_equals_scipy() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.standard_normal((40, 6)) * 2 + 0.5, rng.standard_normal((23, 6))
    a[rng.random(a.shape) < 0.1] = np.nan
    ours = welch(a, b)
    theirs = stats.ttest_ind(a, b, axis=0, equal_var=False, nan_policy="omit")
    np.testing.assert_allclose(ours.t, np.asarray(theirs.statistic), rtol=1e-12)
    np.testing.assert_allclose(ours.df, np.asarray(theirs.df), rtol=1e-12)
    np.testing.assert_allclose(ours.p, np.asarray(theirs.pvalue), rtol=1e-10)


@pytest.mark.parametrize("df", [1.0, 2.5, 10.0, 137.2, 5e4])
def test_student_equals_scipy(df: float) -> None:
    for t in (-40.0, -3.0, -0.7, 1e-6, 0.2, 1.96, 8.0):
        assert student_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-9)
    for level in (0.5, 0.95, 0.99):
        assert student_reach(df, level) == pytest.approx(stats.t.ppf((1 + level) / 2, df), rel=1e-9)
    assert math.isnan(student_reach(0.0))


def test_probabilistic_sharpe_equals_its_formula_with_scipy_moments() -> None:
    r = np.random.default_rng(5).standard_t(5, 240) * 0.02 + 0.004
    sharpe = r.mean() / r.std(ddof=1)
    skew, kurt = stats.skew(r), stats.kurtosis(r, fisher=False)
    z = sharpe * math.sqrt(239) / math.sqrt(1 - skew * sharpe + (kurt - 1) / 4 * sharpe**2)
    assert sharpe_test(r).probability == pytest.approx(stats.norm.cdf(z), rel=1e-10)


class Book:
    """One leg, kept position by position: cash, shares, and the value at each close."""

    def __init__(self, panel: Panel, scores: np.ndarray, settings: PortfolioConfig, bucket: int) -> None:
        self.rows = np.flatnonzero(panel.is_session)
        self.open, self.close = panel["open"][self.rows], panel["close"][self.rows].copy()
        self.listed = panel.listed[self.rows]
        for t in range(1, len(self.close)):
            missing = ~np.isfinite(self.close[t])
            self.close[t, missing] = self.close[t - 1, missing]
        self.market = [array[self.rows] for array in liquidity(panel, settings.costs)]
        self.group = buckets(scores[self.rows], settings.buckets, min_stocks=settings.min_stocks)
        self.settings, self.bucket = settings, bucket

    def rate(self, value: float, t: int, n: int) -> float:
        """Cost per unit of a trade of ``value`` (fraction of capital) in stock n, decided in row t."""
        costs, (turnover, volatility, half) = self.settings.costs, self.market
        fraction = value / self.settings.horizon
        strain = 0.0 if np.isnan(volatility[t, n]) else volatility[t, n]
        impact = costs.impact * strain * math.sqrt(fraction * costs.capital / turnover[t, n])
        return float(costs.commission_bps * 1e-4 + half[t, n] + impact)

    def returns(self, *, net: bool) -> np.ndarray:
        """Daily returns of label-to-label holding from the open, without netting."""
        S, h = len(self.rows), self.settings.horizon
        value = np.ones(S)
        gains = np.zeros(S)
        for s in range(1, S):
            for t in range(max(0, s - h), s):
                gains[s] += value[t] / h * self.cohort(t, s, net=net)
            value[s] = value[s - 1] + gains[s]
        return np.concatenate(([0.0], value[1:] / value[:-1] - 1))

    def cohort(self, t: int, s: int, *, net: bool) -> float:
        """What the cohort decided in row t earns in row s, per unit of its capital."""
        chosen = np.flatnonzero(self.group[t] == self.bucket)
        total = 0.0
        for n in chosen:
            entry = self.open[t + 1, n] if self.listed[t + 1, n] else np.nan
            weight = 1.0 / len(chosen)
            turnover = self.market[0][t, n]
            if not np.isfinite(entry) or not turnover >= 1.0:
                continue
            order = weight / self.settings.horizon * self.settings.costs.capital
            weight *= min(1.0, self.settings.costs.max_participation * turnover / order)
            before = entry if s == t + 1 else self.close[s - 1, n]
            total += weight * (self.close[s, n] - before) / entry
            if net and s == t + 1:
                total -= weight * self.rate(weight, t, n)
            if net and s == t + self.settings.horizon and self.listed[s, n]:
                sold = weight * self.close[s, n] / entry
                total -= sold * self.rate(sold, t, n)
        return total


def check_book(panel: Panel, scores: np.ndarray, settings: PortfolioConfig) -> int:
    """Compare the long leg with the book kept in loops; returns how many sessions were compared."""
    result = long_short(panel, scores, settings)
    book = Book(panel, scores, settings, settings.buckets - 1)
    sessions = panel.dates[book.rows]
    first = int(np.searchsorted(sessions, result.dates[0]))
    for name, net in (("long_gross", False), ("long_net", True)):
        by_hand = book.returns(net=net)
        assert not by_hand[:first].any()
        np.testing.assert_allclose(result.returns[name], by_hand[first:], atol=1e-12)
    return len(sessions) - first


def noise(panel: Panel, seed: int) -> np.ndarray:
    """Random scores of the listed stocks."""
    scores = np.random.default_rng(seed).standard_normal(panel.shape)
    scores[~panel.listed] = np.nan
    return scores


def test_book_equals_the_loops_on_the_simulated_market(sim_panel: Panel) -> None:
    costs = CostConfig(capital=5e9, max_participation=0.02)
    settings = PortfolioConfig(hold="label", buckets=5, horizon=3, costs=costs)
    assert check_book(sim_panel, noise(sim_panel, 0), settings) > 600


def test_book_equals_the_loops_on_real_prices(real_panel: Panel) -> None:
    cut = real_panel.rows(1050, 1350)  # with the outage of 2020-10-01
    settings = PortfolioConfig(hold="label", buckets=5, horizon=5)
    assert check_book(cut, noise(cut, 1), settings) > 280


@pytest.mark.parametrize("start", ["open", "close"])
def test_one_decision_earns_the_mean_label(sim_panel: Panel, start: Any) -> None:
    """Halts, limits and delistings included: what the model is trained on is what the book earns."""
    wide = CostConfig(capital=1.0, max_participation=1.0)
    settings = PortfolioConfig(hold="label", buckets=5, horizon=5, start=start, costs=wide)
    labels = make_labels(sim_panel, (5,), start=start)
    scores = noise(sim_panel, 2)
    turnover = liquidity(sim_panel, wide).turnover
    compared = 0
    for row in np.flatnonzero(sim_panel.is_session)[30:-10:29]:
        alone = np.full(scores.shape, np.nan)
        alone[row] = scores[row]
        book = long_short(sim_panel, alone, settings, fillable=labels.fillable)
        top = buckets(alone, 5)[row] == 4
        filled = top & labels.fillable[row] & (turnover[row] >= 1.0)
        gain = labels.returns[0, row, filled].sum() / top.sum()
        value = np.prod(1.0 + book.returns["long_gross"])
        assert value - 1.0 == pytest.approx(gain / 5, abs=1e-13)
        compared += 1
    assert compared > 20
