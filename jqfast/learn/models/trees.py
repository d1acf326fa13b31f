"""Trees as baselines, by LightGBM (``pip install 'jqfast[lightgbm]'``): boosted, or a random forest.

They take raw features with their gaps and need no scaling. One model per horizon, written as LightGBM's own
text, so that files can be read without this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from jqfast.errors import check_range
from jqfast.types import AnyArray, Float32Array


@dataclass(frozen=True)
class LightgbmConfig:
    """Boosted trees: number, leaves of each, step size, samples per leaf, shares of features and samples."""

    trees: int = 200
    leaves: int = 31
    learning_rate: float = 0.05
    min_leaf: int = 200
    feature_share: float = 0.5
    sample_share: float = 0.8

    def __post_init__(self) -> None:
        _check(self)
        check_range("learning_rate", self.learning_rate, 1e-6, 1)


@dataclass(frozen=True)
class ForestConfig:
    """A random forest (Breiman 2001): trees, leaves, samples per leaf, shares of features and samples."""

    trees: int = 300
    leaves: int = 255
    min_leaf: int = 50
    feature_share: float = 0.33
    sample_share: float = 0.63

    def __post_init__(self) -> None:
        _check(self)


TreeConfig: TypeAlias = LightgbmConfig | ForestConfig
TREES = (LightgbmConfig, ForestConfig)


def _check(config: Any) -> None:
    for name, least in (("trees", 1), ("leaves", 2), ("min_leaf", 1)):
        if getattr(config, name) < least:
            raise ValueError(f"`{name}` must be an integer >= {least}; got {getattr(config, name)}.")
    for name in ("feature_share", "sample_share"):
        check_range(name, getattr(config, name), 0.01, 1)


def library() -> Any:
    """LightGBM, or an error that says how to get it."""
    try:
        import lightgbm
    except ImportError as error:
        raise ValueError(
            "The models `lightgbm` and `forest` need LightGBM: pip install 'jqfast[lightgbm]'."
        ) from error
    return lightgbm


def fit(x: Float32Array, y: Float32Array, config: TreeConfig, *, seed: int) -> tuple[str, ...]:
    """A model text per output, each from the samples whose target is known.

    Parameters
    ----------
    x : (S, F) float32, NaN where missing
    y : (S, O) float32, NaN where unknown
    config : TreeConfig
    seed : of the sampling; one thread and histograms by column make the result repeatable
    """
    lightgbm = library()
    texts = []
    for target in y.T:
        known = np.isfinite(target)
        data = lightgbm.Dataset(x[known], np.ascontiguousarray(target[known]), params={"verbosity": -1})
        booster = lightgbm.train(_parameters(config, seed), data, num_boost_round=config.trees)
        texts.append(booster.model_to_string())
    return tuple(texts)


def predict(texts: Sequence[str], x: AnyArray) -> Float32Array:
    """(S, O) float32 outputs of model texts."""
    lightgbm = library()
    columns = [lightgbm.Booster(model_str=text).predict(x, num_threads=1) for text in texts]
    return np.stack(columns, axis=1).astype(np.float32)


def _parameters(config: TreeConfig, seed: int) -> dict[str, Any]:
    forest = isinstance(config, ForestConfig)
    return {
        "boosting": "rf" if forest else "gbdt",
        "objective": "regression",
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf,
        "learning_rate": 0.1 if isinstance(config, ForestConfig) else config.learning_rate,
        "feature_fraction" if not forest else "feature_fraction_bynode": config.feature_share,
        "bagging_fraction": config.sample_share,
        "bagging_freq": 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
