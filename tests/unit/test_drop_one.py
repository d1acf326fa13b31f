"""Inputs left out one by one: the shortcut equals refitting, and what matters is found to matter."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.evaluate import DropOneConfig, deciles, drop_one, rank_ic

F = 6
NAMES = [f"f{f}" for f in range(F)]


def _data(seed: int = 0) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Input 2 moves the label much, 4 a little; 5 is 2 with noise."""
    rng = np.random.default_rng(seed)

    def inputs(*shape: int) -> np.ndarray:
        x = rng.standard_normal((*shape, F))
        x[..., 5] = x[..., 2] + 0.5 * x[..., 5]
        return x

    def labels(x: np.ndarray) -> np.ndarray:
        return 0.3 * x[..., 2] + 0.1 * x[..., 4] + rng.standard_normal(x.shape[:-1])

    x, later = inputs(3000), inputs(60, 80)
    returns = labels(later)
    returns[::9, ::5] = np.nan
    return (x.astype(np.float32), labels(x)), (later.astype(np.float32), returns)


def _ridge(x: np.ndarray, y: np.ndarray, penalty: float) -> np.ndarray:
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred / len(x) + penalty * np.eye(x.shape[1])
    return np.linalg.solve(gram, centred.T @ (y - y.mean()) / len(x))


def test_leaving_out_is_refitting() -> None:
    (x, y), (later, returns) = train, judged = _data()
    config = DropOneConfig(horizon=5, ridge=0.01, buckets=5)
    found = drop_one(train, judged, NAMES, config)
    x64 = x.astype(float)
    penalty = 0.01 * np.trace(np.cov(x64, rowvar=False, bias=True)) / F

    def judge(members: list[int]) -> tuple[float, float]:
        scores = later[..., members].astype(float) @ _ridge(x64[:, members], y, penalty)
        scores = np.where(np.isfinite(returns), scores, np.nan)
        spread = deciles(scores, returns, 5, horizon=5).spread[::5]
        return rank_ic(scores, returns, horizon=5).mean, spread.mean() / spread.std(ddof=1) * np.sqrt(245 / 5)

    whole = judge(list(range(F)))
    np.testing.assert_allclose((found.rank_ic, found.sharpe), whole, rtol=1e-6)
    assert len(found.losses) == F
    for loss in found.losses:
        less = judge([f for f in range(F) if NAMES[f] != loss.name])
        np.testing.assert_allclose((loss.rank_ic, loss.sharpe), np.subtract(whole, less), atol=1e-6)


def test_the_driver_is_the_dearest() -> None:
    train, judged = _data()
    losses = drop_one(train, judged, NAMES, DropOneConfig(horizon=1)).losses
    assert losses[0].name == "f2"
    assert losses[0].rank_ic > 0.02
    assert all(abs(loss.rank_ic) < 0.01 for loss in losses if loss.name in ("f0", "f1", "f3"))


def test_rows_without_a_label_do_not_train() -> None:
    (x, y), judged = _data()
    holes = y.copy()
    holes[::3] = np.nan
    known = np.isfinite(holes)
    found, want = drop_one((x, holes), judged, NAMES), drop_one((x[known], y[known]), judged, NAMES)
    assert found.losses == want.losses


def test_mistakes_are_explained() -> None:
    (x, y), judged = _data()
    with pytest.raises(ValueError, match="`train` must be"):
        drop_one((x, y[:-1]), judged, NAMES)
    with pytest.raises(ValueError, match="a row with a label"):
        drop_one((x, y * np.nan), judged, NAMES)
