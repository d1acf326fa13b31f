"""Standard errors, bootstraps and Sharpe tests: known answers, few values, wrong options."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jqfast.evaluate import block_bootstrap, newey_west, sharpe_test, welch
from jqfast.evaluate.inference import expected_best_sharpe, sharpe_probability, student_two_sided


def test_newey_west_without_lags_is_the_textbook_error() -> None:
    x = np.random.default_rng(0).standard_normal(200)
    result = newey_west(x, lags=0)
    assert result.se == pytest.approx(x.std() / math.sqrt(200))
    assert result.t == pytest.approx(x.mean() / result.se)


def test_overlap_widens_the_error() -> None:
    daily = np.random.default_rng(1).standard_normal(2000)
    overlapping = np.convolve(daily, np.ones(20), "valid")
    naive, aware = newey_west(overlapping, lags=0), newey_west(overlapping, horizon=20)
    assert aware.lags >= 19
    assert 3.0 < aware.se / naive.se < 5.0


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 2.0, 2.0], [np.nan, 0.1]])
def test_too_little_for_an_error(values: list[float]) -> None:
    result = newey_west(np.array(values))
    assert math.isnan(result.se)
    assert math.isnan(result.t)


def test_missing_values_are_left_out() -> None:
    x = np.random.default_rng(2).standard_normal(50)
    gaps = np.insert(x, [3, 10, 10], np.nan)
    assert newey_west(gaps, lags=2) == newey_west(x, lags=2)


def test_wrong_lags_and_series() -> None:
    with pytest.raises(ValueError, match="`horizon` must be at least 1"):
        newey_west(np.ones(5), horizon=0)
    with pytest.raises(ValueError, match="1-dimensional; got 2"):
        newey_west(np.ones((5, 2)))


@pytest.mark.parametrize("kind", ["stationary", "moving"])
def test_bootstrap_covers_the_mean_and_repeats(kind: str) -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(60):
        x = rng.standard_normal(120)
        interval = block_bootstrap(x, kind=kind, block=3, draws=300, seed=4)  # type: ignore[arg-type]  # a text of its values
        inside += interval.low <= 0.0 <= interval.high
    assert 50 <= inside <= 60
    assert block_bootstrap(x, kind=kind, seed=1) == block_bootstrap(x, kind=kind, seed=1)  # type: ignore[arg-type]  # a text of its values
    assert block_bootstrap(x, seed=1) != block_bootstrap(x, seed=2)


def test_blocks_widen_the_interval_of_a_persistent_series() -> None:
    x = np.convolve(np.random.default_rng(5).standard_normal(600), np.ones(20) / 20, "valid")
    single, blocks = block_bootstrap(x, block=1), block_bootstrap(x, block=40)
    assert blocks.high - blocks.low > 2.0 * (single.high - single.low)


def test_moving_blocks_are_runs_of_neighbours() -> None:
    x = np.arange(30.0)
    seen = []

    def statistic(drawn: np.ndarray) -> np.ndarray:
        seen.append(drawn)
        return drawn.mean(axis=1)

    block_bootstrap(x, statistic, kind="moving", block=5, draws=100)
    steps = np.diff(seen[-1].reshape(100, 6, 5), axis=2) % 30
    assert (steps == 1).all()


def test_bootstrap_options() -> None:
    assert math.isnan(block_bootstrap(np.arange(5.0)).low)
    with pytest.raises(ValueError, match="Did you mean `moving`"):
        block_bootstrap(np.ones(20), kind="movin")  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(ValueError, match="`block` must be at least 1"):
        block_bootstrap(np.ones(20), block=0.5)
    with pytest.raises(ValueError, match="`level` must be in"):
        block_bootstrap(np.ones(20), level=95)


def test_welch_has_the_shape_of_the_columns_and_nan_for_no_variance() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal((30, 2, 3)), rng.standard_normal((20, 2, 3)) + 5.0
    a[:, 0, 0], b[:, 0, 0] = 1.0, 1.0
    result = welch(a, b)
    assert result.p.shape == (2, 3)
    assert math.isnan(result.p[0, 0])
    assert (result.p.ravel()[1:] < 0.01).all()
    assert (result.t.ravel()[1:] < 0).all()


def test_student_limits() -> None:
    assert student_two_sided(0.0, 5.0) == 1.0
    assert student_two_sided(1e6, 5.0) < 1e-20
    assert math.isnan(student_two_sided(math.nan, 5.0))


def test_sharpe_test_by_hand() -> None:
    r = np.tile([0.03, -0.01], 30)  # mean 0.01, symmetric, kurtosis 1
    result = sharpe_test(r)
    sharpe = 0.01 / r.std(ddof=1)
    z = sharpe * math.sqrt(59)
    assert result.name == "probabilistic"
    assert result.probability == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)))


def test_more_trials_deflate_more() -> None:
    r = np.random.default_rng(7).normal(0.01, 0.05, 120)
    sharpe = r.mean() / r.std(ddof=1)
    trials = np.random.default_rng(8).normal(0.0, 0.1, 100)
    few, many = sharpe_test(r, [sharpe, *trials[:4]]), sharpe_test(r, [sharpe, *trials])
    assert few.name == "deflated"
    assert many.trials == 101
    assert many.probability < few.probability < sharpe_test(r, [sharpe]).probability
    # The expected maximum of 100 normal draws is 2.508 deviations.
    assert expected_best_sharpe(100, 1.0) == pytest.approx(2.508, abs=0.03)
    unknown = sharpe_test(r, [sharpe, *[math.nan] * 99])
    assert (unknown.name, unknown.trials) == ("deflated", 100)
    assert unknown.threshold == pytest.approx(expected_best_sharpe(100, 1.0) / math.sqrt(len(r) - 1))


def test_sharpe_test_of_too_little() -> None:
    assert math.isnan(sharpe_test([0.01, 0.02]).probability)
    assert math.isnan(sharpe_test([0.01] * 10).probability)


@pytest.mark.parametrize(
    ("trials", "skew", "kurtosis", "printed"),
    [(100, -3.0, 10.0, 0.9004), (46, -3.0, 10.0, 0.9505), (88, 0.0, 3.0, 0.9505)],
)
def test_deflated_sharpe_equals_the_numbers_printed_in_its_paper(
    trials: int, skew: float, kurtosis: float, printed: float
) -> None:
    """The example of Bailey and Lopez de Prado (2014): 2.5 a year on 1,250 days, variance of the trials 1/2
    a year."""
    best = expected_best_sharpe(trials, math.sqrt(0.5 / 250))
    if trials == 100:
        assert round(best, 4) == 0.1132
    found = sharpe_probability(2.5 / math.sqrt(250), 1250, skew=skew, kurtosis=kurtosis, threshold=best)
    assert round(found, 4) == printed
