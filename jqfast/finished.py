"""A finished run read back from its folder: configuration, data, features and predictions, nothing trained.

The data are those the configuration names. They may have grown since the run; what the run saw of them must
still be there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jqfast import artifacts
from jqfast.config import Config, read
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.features import api
from jqfast.features.declare import Feature
from jqfast.features.result import FeaturePanel
from jqfast.learn.checkpoint import fold_path, load_fold
from jqfast.learn.labels import target_names
from jqfast.learn.walk_forward import Predictions
from jqfast.load import load
from jqfast.types import FloatArray, IntArray

#: Features computed at a time for their values on one date.
_BLOCK = 16


@dataclass(frozen=True, eq=False)
class Finished:
    """A run: ``X`` and ``predictions`` are of the same dates and stocks; ``panel`` holds the data of today.

    The dates of the run are the first of the panel; ``stocks`` (N,) are the places of its codes there.
    """

    config: Config
    folder: Path
    panel: Panel
    X: FeaturePanel
    predictions: Predictions
    stocks: IntArray


def settings(folder: Path) -> Config:
    """The configuration of a run folder, wherever the folder lies now.

    Raises
    ------
    FileNotFoundError
        If it is no run folder.
    """
    if not (folder / "config.toml").is_file():
        raise FileNotFoundError(2, "No run folder (it has no config.toml)", str(folder))
    named = folder if folder.name not in ("", "..") else folder.resolve()  # "." has no name
    return replace(read(folder / "config.toml"), out=str(named.parent), name=named.name)


def open_run(folder: str | Path) -> Finished:
    """Read a finished run.

    Raises
    ------
    FileNotFoundError
        If it is no run folder.
    DataGapError
        If the run is not finished, or its data are no longer there as they were.
    """
    place = Path(folder)
    config = settings(place)
    for name in (artifacts.INDEX, artifacts.PREDICTIONS):
        if not (place / name).is_file():
            raise DataGapError(
                f"`{place}` is not finished: it has no `{name}`. Finish it: jqfast run --config "
                f"{place / 'config.toml'}"
            )
    X = _features(place)
    panel = load(config).panel
    return Finished(config, place, panel, X, _predictions(place, config, X), _stocks(panel, X))


def _features(folder: Path) -> FeaturePanel:
    """Normalised features, mapped from their file."""
    index = json.loads((folder / artifacts.INDEX).read_text(encoding="utf-8"))
    dates = np.array(index["date"], dtype="datetime64[D]")
    codes = np.array(index["code"], dtype=np.str_)
    names = tuple(index["feature"])
    values = artifacts.read_samples(folder, (len(dates), len(codes), len(names)))
    return FeaturePanel(names, dates, codes, values, "sample", index["normalisation"], index["normalised"])


def _predictions(folder: Path, config: Config, X: FeaturePanel) -> Predictions:
    """Scores from their table; which fold gave them from the files of the folds."""
    targets = target_names(config.labels.horizons, config.labels.unit)
    names = [name.replace("target", "score") for name in targets]
    scores = artifacts.read_scores(folder / artifacts.PREDICTIONS, X.dates, X.codes, names)
    folds = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["folds"]
    owner = np.full(len(X.dates), -1)
    for k, name in enumerate(folds):
        path = fold_path(folder / "models", name)
        if path.exists():  # a fold that failed in training has none, and no scores
            owner[load_fold(path).predict_rows] = k
    return Predictions(X.dates, X.codes, config.labels.horizons, scores, owner, tuple(folds))


def _stocks(panel: Panel, X: FeaturePanel) -> IntArray:
    """Places in the panel of the stocks of the run."""
    place = {code: n for n, code in enumerate(panel.codes.tolist())}
    gone = [code for code in X.codes.tolist() if code not in place]
    if gone or not np.array_equal(panel.dates[: len(X.dates)], X.dates):
        what = f"the stocks {', '.join(gone[:3])}" if gone else "all its dates"
        raise DataGapError(
            f"The data no longer hold {what} of this run ({len(X.codes)} stocks, {X.dates[0]} to "
            f"{X.dates[-1]}). Run it again."
        )
    stocks: IntArray = np.array([place[code] for code in X.codes.tolist()], dtype=np.int64)
    return stocks


def values_on(
    panel: Panel, inputs: Mapping[str, Feature], row: int, *, threads: int | None = None
) -> FloatArray:
    """(F, N) values of features before normalisation on one date, some at a time for the sake of memory."""
    part, names = panel.rows(0, row + 1), list(inputs)
    values = np.empty((len(names), len(panel.codes)))
    for first in range(0, len(names), _BLOCK):
        some = names[first : first + _BLOCK]
        found = api.panel(part, {name: inputs[name] for name in some}, threads=threads)
        values[first : first + len(some)] = found.values[:, row]
    return values
