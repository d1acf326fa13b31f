"""What could have been found in a simulated market: references for the scores of a run (decision 11).

In: the truth, and what the run saw and learnt from. Out: scores that are judged by the same code on the same
pairs as the run's own:

- ``oracle``: the expectation of the label given all planted drivers;
- ``oracle_visible``: the part of it that rests on drivers which the inputs can see. A driver that they cannot
  see may still show a little in others (a stock that fell has a higher book-to-price); that is not counted;
- ``drivers_ridge``: a ridge on what each driver alone would pay until the horizon, refitted in every fold as
  the models are: what can be learnt by who is told the drivers and not their strengths.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.data.panel import PRICE_COLUMNS
from jqfast.data.simulator.planted import Planted
from jqfast.features.expr import Expr
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Targets
from jqfast.types import FloatArray

#: Of the variance of an input; there are six inputs and ten thousands of samples.
_PENALTY = 1e-3

_PRICES = frozenset(PRICE_COLUMNS[:4]) | {"raw_close"}
_EQUITY = frozenset({"fs_equity", "fs_net_assets", "fs_bps", "val_bps"})
_PROFIT = frozenset({"fs_np", "fs_np_q", "fs_np_ttm", "fs_eps", "val_eps"})
_GUIDED = frozenset({"fs_np_guided", "fs_eps_guided", "fc_np", "fc_np_before", "fc_eps", "fc_eps_before"})
_SIZE = frozenset({"market_cap", "fs_shares", "fs_shares_issued", "fs_shares_average"})
_FLOW = frozenset({"flow_foreign_buy", "flow_foreign_sell"})
#: Driver -> groups of columns, of each of which the inputs need one.
_MADE_OF: Mapping[str, tuple[frozenset[str], ...]] = {
    "reversal": (_PRICES,),
    "momentum": (_PRICES,),
    "value": (_EQUITY | {"val_pbr"}, _PRICES | {"market_cap", "val_pbr"}),
    "quality": (_PROFIT | {"val_roe"}, _EQUITY | {"val_roe"}),
    "earnings": (_GUIDED,),
    "flow": (_FLOW, _SIZE),
    # Stress shows in the skew of the options' implied volatility.
    "crash": (frozenset({"opt_skew"}), _PRICES),
}


@dataclass(frozen=True, eq=False)
class References:
    """``scores`` name -> horizon -> (T, N) float64; ``drivers`` all that are planted, ``visible`` those of
    them that the inputs can see."""

    scores: Mapping[str, Mapping[int, FloatArray]]
    drivers: tuple[str, ...]
    visible: tuple[str, ...]


def references(truth: Planted, exprs: Iterable[Expr], targets: Targets, folds: Sequence[Fold]) -> References:
    """The references of a run.

    Parameters
    ----------
    truth : on the dates and stocks of the run's panel
    exprs : the run's inputs
    targets, folds : what its models learnt, and when
    """
    drivers = tuple(name for name, value in truth.strength.items() if value)
    columns = frozenset().union(*(expr.columns for expr in exprs))
    seen = tuple(name for name in drivers if all(columns & group for group in _MADE_OF[name]))
    horizons = [h for h in targets.horizons if h in truth.expected]
    scores = {
        "oracle": {h: np.asarray(truth.expected[h], np.float64) for h in horizons},
        "oracle_visible": {h: truth.seen(h, seen) for h in horizons},
        "drivers_ridge": {h: ridge(list(truth.parts(h).values()), targets, h, folds) for h in horizons},
    }
    return References(scores, drivers, seen)


def ridge(inputs: Sequence[FloatArray], targets: Targets, horizon: int, folds: Sequence[Fold]) -> FloatArray:
    """(T, N) scores of a linear model, fitted anew in every fold on its training rows alone.

    Parameters
    ----------
    inputs : (T, N) each, used in units of their deviation over the training rows
    """
    target = targets.values[targets.horizons.index(horizon)]
    scores = np.full(target.shape, np.nan)
    for fold in folds:
        known = np.isfinite(target[fold.train_rows])
        for values in inputs:
            known &= np.isfinite(values[fold.train_rows])
        x = np.stack([values[fold.train_rows][known] for values in inputs], axis=-1)
        y = target[fold.train_rows][known].astype(np.float64)
        middle, spread = x.mean(axis=0), x.std(axis=0)
        x = (x - middle) / np.where(spread > 0, spread, 1.0)
        gram = x.T @ x + _PENALTY * len(x) * np.eye(len(inputs))
        weights = np.linalg.solve(gram, x.T @ (y - y.mean())) / np.where(spread > 0, spread, 1.0)
        rows = fold.predict_rows
        block = sum((values[rows] - m) * w for values, m, w in zip(inputs, middle, weights, strict=True))
        scores[rows] = np.where(targets.universe[rows], block, np.nan)
    return scores
