"""Learning: labels, folds, models, one training loop, walk-forward predictions and their files.

``labels`` and ``folds`` need NumPy alone; what trains is loaded on first use, and JAX with it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from jqfast.learn.folds import Fold, FoldConfig, chronological_split
from jqfast.learn.labels import Labels, Targets, make_labels, make_targets, standardise, universe

if TYPE_CHECKING:
    from jqfast.learn.checkpoint import FoldModel, load_fold
    from jqfast.learn.config import TrainConfig
    from jqfast.learn.ensemble import combine, combine_ranks, run_seeds, stack
    from jqfast.learn.models import LinearConfig, LstmConfig, MlpConfig, default_config
    from jqfast.learn.walk_forward import Predictions, run

_LAZY = {
    "FoldModel": "checkpoint",
    "LinearConfig": "models",
    "LstmConfig": "models",
    "MlpConfig": "models",
    "Predictions": "walk_forward",
    "TrainConfig": "config",
    "combine": "ensemble",
    "combine_ranks": "ensemble",
    "default_config": "models",
    "load_fold": "checkpoint",
    "run": "walk_forward",
    "run_seeds": "ensemble",
    "stack": "ensemble",
}

__all__ = [
    "Fold",
    "FoldConfig",
    "FoldModel",
    "Labels",
    "LinearConfig",
    "LstmConfig",
    "MlpConfig",
    "Predictions",
    "Targets",
    "TrainConfig",
    "chronological_split",
    "combine",
    "combine_ranks",
    "default_config",
    "load_fold",
    "make_labels",
    "make_targets",
    "run",
    "run_seeds",
    "stack",
    "standardise",
    "universe",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module `jqfast.learn` has no attribute `{name}`")
    return getattr(importlib.import_module(f"jqfast.learn.{_LAZY[name]}"), name)
