"""The references of a simulated market: what inputs can see, and a ridge that learns as the models do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqfast.data.simulate import SimulateConfig, Simulated, simulate
from jqfast.data.stored.documented import COLUMNS
from jqfast.evaluate.ic import rank_ic
from jqfast.features import close, lag
from jqfast.features.columns import column
from jqfast.features.expr import Expr
from jqfast.learn.folds import Fold, FoldConfig, walk_forward
from jqfast.learn.labels import Labels, Targets, make_labels, make_targets
from jqfast.oracle import _MADE_OF, references, ridge

CONFIG = SimulateConfig(stocks=60, years=4.0, seed=2)


@pytest.fixture(scope="module")
def market() -> Simulated:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def task(market: Simulated) -> tuple[Labels, Targets, tuple[Fold, ...]]:
    labels = make_labels(market.panel)
    folds = walk_forward(
        market.panel.dates,
        market.panel.is_session,
        labels.end_row,
        FoldConfig(step=3, train_months=18, min_train_months=18),
    )
    return labels, make_targets(market.panel, labels), folds


@pytest.mark.parametrize(
    ("exprs", "visible"),
    [
        ((close / lag(close, 5),), ("reversal", "momentum")),
        ((column("fs_equity") / column("market_cap"),), ("value",)),
        (
            (column("fs_bps") * 2.0, close / lag(close, 1)),
            ("reversal", "momentum", "value"),
        ),
        ((column("fs_np_ttm") / column("fs_equity"),), ("quality",)),
        ((column("fc_np") / column("fc_np_before"),), ("earnings",)),
        ((column("flow_foreign_buy"),), ()),
        ((column("flow_foreign_buy"), column("market_cap")), ("flow",)),
    ],
)
def test_what_inputs_can_see(
    exprs: tuple[Expr, ...],
    visible: tuple[str, ...],
    market: Simulated,
    task: tuple[Labels, Targets, tuple[Fold, ...]],
) -> None:
    _, targets, folds = task
    known = references(market.truth, exprs, targets, folds[:1])
    assert known.visible == visible
    assert len(known.drivers) == 7
    np.testing.assert_array_equal(known.scores["oracle_visible"][5], market.truth.seen(5, visible))


def test_columns_of_drivers_are_columns_of_stores() -> None:
    named = frozenset().union(*(group for groups in _MADE_OF.values() for group in groups))
    assert len(named) > 15
    assert named - set(COLUMNS) == {"opt_skew"}  # a user's own column: stores have the volatility alone


def test_the_ridge_comes_near_the_oracle(
    market: Simulated, task: tuple[Labels, Targets, tuple[Fold, ...]]
) -> None:
    labels, targets, folds = task
    scores = references(market.truth, (close / lag(close, 5),), targets, folds).scores
    returns = labels.returns[labels.horizons.index(5)]
    predicted = np.isfinite(scores["drivers_ridge"][5])
    assert predicted.sum() > 10_000
    found = {
        name: rank_ic(np.where(predicted, by_horizon[5], np.nan), returns, horizon=5).mean
        for name, by_horizon in scores.items()
    }
    assert found["drivers_ridge"] > 0.6 * found["oracle"]
    assert found["oracle"] > 0.03


def test_the_ridge_learns_from_its_training_rows_alone(
    market: Simulated, task: tuple[Labels, Targets, tuple[Fold, ...]]
) -> None:
    """Targets after the decision of a fold, changed to nonsense, change nothing that it predicts."""
    _, targets, folds = task
    inputs = list(market.truth.parts(5).values())
    whole = ridge(inputs, targets, 5, folds)
    for fold in (folds[0], folds[-1]):
        values = targets.values.copy()
        values[:, fold.decision_row :] *= -1e3
        again = ridge(inputs, replace(targets, values=values), 5, [fold])
        np.testing.assert_array_equal(again[fold.predict_rows], whole[fold.predict_rows])
        outside = np.setdiff1d(np.arange(len(again)), fold.predict_rows)
        assert np.isnan(again[outside]).all()


def test_one_input_of_no_use_is_no_trouble(
    market: Simulated, task: tuple[Labels, Targets, tuple[Fold, ...]]
) -> None:
    _, targets, folds = task
    part = market.truth.parts(5)["value"]
    alone = ridge([part], targets, 5, folds[:1])
    flat = ridge([part, np.zeros_like(part)], targets, 5, folds[:1])
    np.testing.assert_allclose(flat, alone, rtol=1e-9)
