"""A fold of a tree baseline: the same rows, seeds, checks and files as a network's, another way to fit."""

from __future__ import annotations

import numpy as np

from jqfast.features.normalize import Fitted
from jqfast.features.normalize import fit as fit_normaliser
from jqfast.learn.checkpoint import FoldModel
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset, known_share, low_coverage, sample_values
from jqfast.learn.folds import Fold
from jqfast.learn.learnable import check_learnable, fold_seeds
from jqfast.learn.models import kind_of
from jqfast.learn.models.trees import TreeConfig, fit, predict
from jqfast.learn.selection import not_selected
from jqfast.types import AnyArray


def train_trees(data: Dataset, fold: Fold, config: TrainConfig, fingerprint: str) -> FoldModel:
    """Fit the trees of one fold and predict its rows; errors as those of a network's fold.

    Inputs without enough coverage and those that are not selected are blanked, in training and prediction.
    The normaliser is fitted as for networks and stored, but not applied: trees need no scale.
    """
    model: TreeConfig = config.model  # type: ignore[assignment]  # the caller chose by kind
    train = data.index(fold.train_rows, train=True)
    x = sample_values(data, train)
    dropped = low_coverage(known_share(x), data.names, config.min_coverage)
    check_learnable(data, fold, train, dropped, config)
    unselected = not_selected(data, train, x, ~np.isin(data.names, dropped), config.select)
    dropped = (*dropped, *unselected)
    blank = np.isin(data.names, dropped)
    seed = int(fold_seeds(config.seed, fold.name)[0] >> 1)
    texts = fit(_blanked(x, blank), data.targets[train], model, seed=seed)
    rows, index = fold.predict_rows, data.index(fold.predict_rows)
    outputs = predict(texts, _blanked(data.samples[index], blank))
    scores = np.full((len(texts), len(rows), data.stocks), np.nan, dtype=np.float32)
    scores[:, np.searchsorted(rows, index // data.stocks), index % data.stocks] = outputs.T
    return FoldModel(
        name=fold.name,
        kind=kind_of(config.model),
        weights=(),
        biases=(),
        activations=(),
        fitted=fit_normaliser(x, data.norms),
        input_names=tuple(Fitted.input_names(data.names)),
        dropped=dropped,
        unselected=unselected,
        horizons=data.horizons,
        predict_rows=rows,
        scores=scores,
        history={},
        fingerprint=fingerprint,
        texts=texts,
    )


def _blanked(x: AnyArray, blank: AnyArray) -> AnyArray:
    """Inputs with some columns missing throughout."""
    return np.where(blank, np.float32(np.nan), x)
