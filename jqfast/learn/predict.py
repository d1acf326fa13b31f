"""Scores of single rows from saved models: what a daily operator needs, without training data or labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from jqfast.errors import closest
from jqfast.learn._jax_setup import jnp
from jqfast.learn.checkpoint import FoldModel
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import sequence_rows
from jqfast.learn.models import NETWORKS, build, kind_of
from jqfast.learn.models.trees import predict as predict_trees
from jqfast.types import AnyArray, BoolArray, Float32Array, IntArray

if TYPE_CHECKING:
    from jqfast.features import FeaturePanel


def predict_rows(
    model: FoldModel, config: TrainConfig, X: FeaturePanel, rows: IntArray, *, is_session: BoolArray
) -> Float32Array:
    """Scores that a saved model gives on some rows.

    Parameters
    ----------
    model : of :func:`jqfast.learn.load_fold`
    config : the run's, for the shape of the model
    X : FeaturePanel, normalised per date, with the features the model was trained on
    rows : (R,) rows of ``X``
    is_session : (T,) bool, rows that sequences of sessions go through

    Returns
    -------
    (O, R, N) float32, NaN for stocks without a single known feature

    Raises
    ------
    ValueError
        When the features are others than the model's, or the configuration is of another kind of model.
    """
    check_inputs(model, X.names)
    if kind_of(config.model) != model.kind:
        raise ValueError(
            f"The configuration describes a `{kind_of(config.model)}`, fold {model.name} holds a "
            f"`{model.kind}`; use the `config.toml` of its run folder."
        )
    T, N, F = len(X.dates), len(X.codes), len(X.names)
    samples = np.asarray(X.samples).reshape(T, N, F)
    known = np.isfinite(samples[rows]).any(axis=2)
    out = np.full((len(model.horizons), len(rows), N), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        stocks = np.flatnonzero(known[place])
        if not len(stocks):
            continue
        if model.kind in NETWORKS:
            scores = _network(model, config, _sequences(samples, row, stocks, config, is_session))
        else:
            blank = np.isin(X.names, model.dropped)
            scores = predict_trees(model.texts, np.where(blank, np.float32(np.nan), samples[row, stocks]))
        out[:, place, stocks] = scores.T
    return out


def check_inputs(model: FoldModel, names: Sequence[str]) -> None:
    """Raise ``ValueError`` unless a model was trained on these very features, in this order."""
    wanted = model.input_names[: len(model.input_names) // 2]
    if tuple(names) == wanted:
        return
    missing = [name for name in wanted if name not in names]
    extra = [name for name in names if name not in wanted]
    told = [
        f"missing: {', '.join(missing[:5])}{closest(missing[0], extra)}" if missing else "",
        f"not known to it: {', '.join(extra[:5])}" if extra else "",
        "" if missing or extra else "the same names in another order",
    ]
    raise ValueError(
        f"Fold {model.name} was trained on {len(wanted)} features, these are {len(names)} "
        f"({'; '.join(part for part in told if part)}). Use the configuration of the run, or train again."
    )


def _sequences(
    samples: AnyArray, row: int, stocks: IntArray, config: TrainConfig, is_session: BoolArray
) -> AnyArray:
    """(S, F), or (S, L, F) ending at the row, NaN before the data begin."""
    length = getattr(config.model, "length", 0)
    if not length:
        rows: AnyArray = samples[row, stocks]
        return rows
    history = sequence_rows(is_session, length)[row]
    x = samples[np.maximum(history, 0)][:, stocks].transpose(1, 0, 2)
    return np.where((history >= 0)[None, :, None], x, np.float32(np.nan))


def _network(model: FoldModel, config: TrainConfig, x: AnyArray) -> AnyArray:
    """(S, O) outputs of the network on normalised inputs."""
    net = build(config.model)
    inputs = model.fitted.apply(x.reshape(-1, x.shape[-1])).reshape(*x.shape[:-1], -1)
    params = net.from_layers(list(model.weights), list(model.biases))
    return np.asarray(net.apply_batch(params, jnp.asarray(inputs), None))
