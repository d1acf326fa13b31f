"""Which inputs a fold learns from, by its configuration: decided on its training samples and saved with it.

Inputs that are not chosen are treated as those without coverage: their values and flags are 0 in training,
and in every prediction of the saved model.
"""

from __future__ import annotations

import numpy as np

from jqfast.errors import DataGapError
from jqfast.features.normalize import fit
from jqfast.learn.config import SelectConfig
from jqfast.learn.dataset import Dataset
from jqfast.learn.select import by_gain, l1_path, prune_correlated
from jqfast.types import AnyArray, BoolArray, IntArray


def not_selected(
    data: Dataset, train: IntArray, x: AnyArray, known: BoolArray, config: SelectConfig
) -> tuple[str, ...]:
    """Names of the inputs that a fold goes without, besides those that are not ``known`` often enough.

    Parameters
    ----------
    train : (S,) training samples of the fold, in the order of time
    x : (S, F) their features, normalised per date
    known : (F,) which inputs have enough coverage; at least one

    Returns
    -------
    Inputs that the method leaves out; () with the method "none". Labels are those of the first horizon.

    Raises
    ------
    DataGapError
        If no input at all is worth keeping.
    ModuleNotFoundError
        For gains of trees without LightGBM.
    """
    if config.method == "none":
        return ()
    inputs = fit(x, data.norms).apply(x)[:, : len(data.names)][:, known]
    names = tuple(np.array(data.names)[known].tolist())
    kept = _kept(inputs, data.targets[train][:, 0], names, config)
    if not kept.any():
        raise DataGapError(
            f"`learn.select.method = {config.method!r}` keeps none of the {len(names)} inputs of a fold: "
            'none moves, or none says anything of the labels. Choose others, or set it to "none".'
        )
    return tuple(name for name, here in zip(names, kept, strict=True) if not here)


def _kept(x: AnyArray, y: AnyArray, names: tuple[str, ...], config: SelectConfig) -> BoolArray:
    """(F,) which inputs the method keeps."""
    if config.method == "correlation":
        return prune_correlated(x, names, limit=config.limit).kept
    if config.method == "gain":
        return by_gain(x, y, names, keep=min(config.keep, len(names))).kept
    path = l1_path(x, y, names)
    chosen = path.coefficients[path.best :] != 0.0
    some = chosen.any(axis=1)  # where no input beats the mean, the first one to enter is kept
    return np.asarray(chosen[int(some.argmax())], np.bool_)
