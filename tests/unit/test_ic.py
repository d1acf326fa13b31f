"""Information coefficients, ranks and buckets: missing pairs, ties, short dates, independent horizons."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jqfast.evaluate import buckets, deciles, ic, rank_ic, rank_rows


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    scores = rng.standard_normal((40, 60))
    returns = 0.3 * scores + rng.standard_normal((40, 60))
    scores[rng.random(scores.shape) < 0.1] = np.nan
    returns[rng.random(scores.shape) < 0.1] = np.nan
    return scores, returns


def test_ranks_average_ties_and_leave_missing_out() -> None:
    ranks = rank_rows(np.array([[3.0, 1.0, np.nan, 3.0, np.inf, 2.0], [5.0] * 6]))
    np.testing.assert_array_equal(ranks[0], [3.5, 1.0, np.nan, 3.5, np.nan, 2.0])
    np.testing.assert_array_equal(ranks[1], [3.5] * 6)


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0)])
def test_ranks_of_nothing(shape: tuple[int, int]) -> None:
    assert rank_rows(np.empty(shape)).shape == shape


def test_rank_ic_is_unchanged_by_increasing_maps(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, returns = pair
    plain = rank_ic(scores, returns)
    mapped = rank_ic(np.exp(3.0 * scores), returns**3)
    np.testing.assert_array_equal(plain.per_date, mapped.per_date)
    assert np.isfinite(plain.per_date).all()


def test_ic_is_unchanged_by_scale_even_at_the_edge_of_the_range(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, returns = pair
    np.testing.assert_allclose(
        ic(scores * 1e200, returns * 1e-200).per_date, ic(scores, returns).per_date, atol=1e-12
    )


def test_perfect_and_opposite_order() -> None:
    values = np.arange(20.0)[None, :] + np.zeros((3, 1))
    assert rank_ic(values, values).mean == 1.0
    assert rank_ic(-values, values).win_rate == 0.0


def test_few_stocks_and_constants_give_no_number() -> None:
    scores = np.tile(np.arange(12.0), (3, 1))
    returns = np.tile(np.arange(12.0), (3, 1))
    returns[0, 3:] = np.nan
    scores[1] = 0.1  # not exactly representable: its mean is off by rounding
    result = rank_ic(scores, returns)
    np.testing.assert_array_equal(np.isfinite(result.per_date), [False, False, True])
    np.testing.assert_array_equal(np.isfinite(ic(scores, returns).per_date), [False, False, True])
    assert result.n_dates == 1
    assert math.isnan(result.std)
    assert math.isnan(result.t_newey_west)
    assert np.isfinite(rank_ic(scores, returns, min_stocks=3).per_date[0])


def test_summary_figures(pair: tuple[np.ndarray, np.ndarray]) -> None:
    result = rank_ic(*pair, horizon=5)
    values = result.per_date
    assert result.mean == pytest.approx(values.mean())
    assert result.ir == pytest.approx(values.mean() / values.std(ddof=1))
    assert result.ir_annual == pytest.approx(result.ir * math.sqrt(252 / 5))
    assert result.win_rate == (values > 0).mean()
    assert result.lags >= 4
    np.testing.assert_array_equal(result.stocks, (np.isfinite(pair[0]) & np.isfinite(pair[1])).sum(axis=1))


def test_shuffled_scores_have_no_ic() -> None:
    rng = np.random.default_rng(5)
    returns = rng.standard_normal((400, 50))
    result = rank_ic(rng.permuted(returns, axis=1), returns)
    assert abs(result.t_newey_west) < 3.5


def test_wrong_arguments(pair: tuple[np.ndarray, np.ndarray]) -> None:
    scores, returns = pair
    with pytest.raises(ValueError, match=r"one shape; got \(40, 60\) and \(40, 59\)"):
        ic(scores, returns[:, :-1])
    with pytest.raises(ValueError, match=r"`lags` must be at least horizon - 1 = 4"):
        rank_ic(scores, returns, horizon=5, lags=2)
    with pytest.raises(ValueError, match="`min_stocks` must be at least 2"):
        ic(scores, returns, min_stocks=1)
    with pytest.raises(ValueError, match="`periods_per_year` must be positive"):
        ic(scores, returns, periods_per_year=0.0)


def test_buckets_share_ties_and_are_even() -> None:
    scores = np.stack([np.arange(50.0), np.repeat(np.arange(5.0), 10), np.full(50, 2.0)])
    group = buckets(scores)
    np.testing.assert_array_equal(np.bincount(group[0]), [5] * 10)
    assert all(len(set(group[1][k * 10 : k * 10 + 10])) == 1 for k in range(5))
    assert set(group[2]) == {5}


def test_buckets_need_enough_scores_and_ignore_missing_ones() -> None:
    scores = np.full((2, 30), np.nan)
    scores[0, :9] = np.arange(9.0)
    scores[1, ::2] = np.arange(15.0)
    group = buckets(scores)
    assert (group[0] == -1).all()
    assert (group[1, 1::2] == -1).all()
    assert group[1].max() == 9
    with pytest.raises(ValueError, match="`n` must be at least 2"):
        buckets(scores, 1)
    with pytest.raises(ValueError, match="at least the number of buckets, 10; got 5"):
        buckets(scores, 10, min_stocks=5)


def test_deciles_by_hand() -> None:
    scores = np.tile(np.arange(20.0), (2, 1))
    returns = np.tile(np.arange(20.0) / 100, (2, 1))
    returns[1, 0] = np.nan  # leaves the mean, not the bucket
    result = deciles(scores, returns)
    np.testing.assert_allclose(result.per_date[0], np.arange(0.005, 0.2, 0.02))
    assert result.per_date[1, 0] == pytest.approx(0.01)
    assert result.per_date[1, 1] == pytest.approx(0.025)
    np.testing.assert_array_equal(result.counts[1], [1] + [2] * 9)
    np.testing.assert_allclose(result.spread, [0.18, 0.175])
    assert result.spread_mean == pytest.approx(0.1775)
