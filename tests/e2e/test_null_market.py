"""The pipeline finds nothing where nothing is, and finds what was planted (decisions 9 to 11).

The same pieces as a run, on markets small enough for every test run. Seeds are fixed; how often chance alone
rejects is measured in `benchmarks/bench_null_calibration.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.data.simulate import SimulateConfig, simulate
from jqfast.data.simulator.config import Null
from jqfast.evaluate.ic import IcResult, rank_ic
from jqfast.features import close, lag, turnover
from jqfast.learn.config import TrainConfig
from jqfast.learn.folds import FoldConfig, walk_forward
from jqfast.learn.labels import make_labels, make_targets
from jqfast.learn.models import MlpConfig
from jqfast.learn.walk_forward import run
from jqfast.types import FloatArray

HORIZON = 5
#: No seed of a test may be unlucky by chance alone: |t| reaches 3.5 once in 2,000 null markets.
FOUND = 3.5

SMALL = SimulateConfig(stocks=120, years=5.0, seed=21)
FOLDS = FoldConfig(step=3, train_months=24, min_train_months=24, sample_every=5, warmup=60)
LEARN = TrainConfig(model=MlpConfig(hidden=(32, 16), dropout=0.2), epochs=6, seed=1)


def _five_day_returns(panel: Panel) -> FloatArray:
    return make_labels(panel, (HORIZON,)).returns[0]


def _learned(panel: Panel) -> IcResult:
    """RankIC of a walk-forward MLP on all features, as a run computes it."""
    X = features.panel(panel, "all", normalize=True, layout="sample")
    labels = make_labels(panel)
    folds = walk_forward(panel.dates, panel.is_session, labels.end_row, FOLDS)
    predictions = run(X, make_targets(panel, labels), folds, LEARN)
    i = predictions.horizons.index(HORIZON)
    return rank_ic(predictions.scores[i], labels.returns[i], horizon=HORIZON)


def test_the_network_finds_nothing_in_the_null_market() -> None:
    result = _learned(simulate(replace(SMALL, null="pure")).panel)
    assert result.n_dates > 500
    assert abs(result.t_newey_west) < FOUND


def test_the_network_finds_what_was_planted() -> None:
    """Of the effects that prices alone show: the others are in tables that these inputs do not read.

    Twice the strength, so that the visible part is about what decision 11 asks of the whole: 120 stocks over
    five years, of which the network predicts three, could not tell less from chance.
    """
    simulated = simulate(replace(SMALL, strength=2.0))
    result = _learned(simulated.panel)
    dates = np.isfinite(result.per_date)
    returns = np.where(dates[:, None], _five_day_returns(simulated.panel), np.nan)
    visible = simulated.truth.seen(HORIZON, ("reversal", "momentum"))
    oracle = rank_ic(visible, returns, horizon=HORIZON)
    assert result.n_dates > 500
    assert result.t_newey_west > FOUND + 1.0
    assert 0.5 * oracle.mean < result.mean < oracle.mean + 3 * oracle.std / np.sqrt(result.n_dates / HORIZON)


@pytest.mark.parametrize("seed", [7, 8])
def test_the_oracle_of_the_default_market_is_as_strong_as_promised(seed: int) -> None:
    simulated = simulate(SimulateConfig(seed=seed))
    truth, labels = simulated.truth, make_labels(simulated.panel)
    returns = dict(zip(labels.horizons, labels.returns, strict=True))
    results = {h: rank_ic(truth.expected[h], r, horizon=h) for h, r in returns.items()}
    assert 0.05 < results[5].mean < 0.08
    assert results[5].t_newey_west > 8
    assert all(result.t_newey_west > FOUND + 1.0 for result in results.values())
    # The part that prices show is worth something by itself, and the whole is better.
    alone = rank_ic(truth.seen(5, ("reversal", "momentum")), returns[5], horizon=5)
    assert alone.t_newey_west > 6
    assert alone.mean < results[5].mean


@pytest.mark.parametrize("null", ["pure", "frictions"])
def test_simple_signals_find_nothing(null: Null) -> None:
    panel = simulate(replace(SMALL, null=null)).panel
    returns = _five_day_returns(panel)
    signals = {
        "reversal": -(close / lag(close, 5) - 1),
        "momentum": lag(close, 5) / lag(close, 60) - 1,
        "volatility": features.ts_std(close / lag(close, 1) - 1, 20, min_periods=14),
        "turnover": features.ts_mean(turnover, 20, min_periods=14),
    }
    X = features.panel(panel, signals)
    t = {name: rank_ic(X[name], returns, horizon=HORIZON).t_newey_west for name in signals}
    assert len(t) == 4
    assert max(abs(value) for value in t.values()) < FOUND, t
