"""Back-test overfitting against the procedure written out in loops, on noise, and on a better trial."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from jqfast.evaluate.overfitting import overfitting


def by_loops(returns: np.ndarray, S: int) -> tuple[float, float, float]:
    """(probability, loss, slope) as the paper describes them."""
    parts = np.array_split(returns, S)
    below, losses, here, there = [], [], [], []
    for chosen in combinations(range(S), S // 2):
        inside = np.concatenate([parts[s] for s in chosen])
        outside = np.concatenate([parts[s] for s in range(S) if s not in chosen])
        first = inside.mean(axis=0) / inside.std(axis=0, ddof=1)
        second = outside.mean(axis=0) / outside.std(axis=0, ddof=1)
        best = int(first.argmax())
        share = stats.rankdata(second)[best] / (returns.shape[1] + 1)
        below.append(np.log(share / (1 - share)) <= 0)
        losses.append(second[best] < 0)
        here.append(first[best])
        there.append(second[best])
    return float(np.mean(below)), float(np.mean(losses)), float(np.polyfit(here, there, 1)[0])


@pytest.mark.parametrize(("M", "S"), [(2, 8), (5, 8), (7, 6)])
def test_figures_equal_the_loops(M: int, S: int) -> None:
    rng = np.random.default_rng(M)
    returns = 0.01 * rng.standard_normal((96, M)) + 0.004 * rng.standard_normal(M)
    found = overfitting(returns, blocks=S)
    assert found is not None
    probability, loss, slope = by_loops(returns, S)
    assert found.probability == probability
    assert found.loss == loss
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert (found.trials, found.periods, found.blocks) == (M, 96, S)


def test_noise_is_as_likely_to_be_worse_as_better() -> None:
    found = [overfitting(np.random.default_rng(seed).standard_normal((120, 20))) for seed in range(20)]
    probability = np.mean([one.probability for one in found if one is not None])
    assert 0.4 < probability < 0.65
    assert found[0] is not None
    assert (found[0].blocks, found[0].choices) == (16, 12870)


def test_a_trial_that_is_better_everywhere_is_not_overfitted() -> None:
    returns = np.random.default_rng(0).standard_normal((120, 6))
    returns[:, 4] += 1.5
    found = overfitting(returns)
    assert found is not None
    assert found.probability == 0.0
    assert found.loss == 0.0


def test_what_cannot_be_told() -> None:
    returns = np.random.default_rng(1).standard_normal((60, 3))
    assert overfitting(returns[:, :1]) is None
    assert overfitting(returns[:7]) is None
    assert overfitting(np.zeros((0, 3))) is None
    returns[:, 1] = 0.01  # never changes: no trial
    found = overfitting(returns)
    assert found is not None
    assert found.trials == 2
    returns[:3, 0] = np.nan
    found = overfitting(returns)
    assert found is not None
    assert found.periods <= 57


def test_options_are_checked() -> None:
    returns = np.ones((20, 2))
    with pytest.raises(ValueError, match="periods, trials"):
        overfitting(returns[:, 0])
    for blocks in (0, 3, 12):
        with pytest.raises(ValueError, match="`blocks`"):
            overfitting(returns, blocks=blocks)
