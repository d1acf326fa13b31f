"""The daily life of a finished run: today's scores from its saved models, its health, and whether to retrain.

Everything reads the run folder's own ``config.toml``; the data are those the configuration names, as they are
today. Nothing here trains: ``retrain`` is the run itself, which adds the folds that have become due.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast import artifacts, factor_member, finished, members, pipeline
from jqfast.config import Config
from jqfast.data.panel import Panel
from jqfast.data.simulator import is_simulated
from jqfast.errors import DataGapError
from jqfast.evaluate.ic import rank_ic
from jqfast.evaluate.rolling import rolling_mean
from jqfast.features import api
from jqfast.features.result import FeaturePanel
from jqfast.files import write_text
from jqfast.formulas import declared
from jqfast.learn import folds as fold_arithmetic
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold
from jqfast.learn.drift import Drift, drift
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Labels, universe
from jqfast.learn.predict import check_inputs, predict_rows
from jqfast.load import load
from jqfast.runfolder import write_json
from jqfast.types import Float32Array, FloatArray, IntArray

if TYPE_CHECKING:
    from jqfast.data.jquants import SyncReport

PREDICTIONS_TODAY = "today.csv"
FEATURES_TODAY = "today_features.csv"
HEALTH = "health.json"


@dataclass(frozen=True, eq=False)
class Today:
    """Scores (O, N) of the last session, the model that gave them, and whether a newer one is due."""

    date: np.datetime64
    codes: tuple[str, ...]
    names: tuple[str, ...]
    scores: Float32Array
    fold: str
    due: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Health:
    """What to look at: drift of the inputs, the rolling RankIC with its limits, sentences, and what is due.

    ``dates`` (D,) and ``rolling`` (D,) are the mean RankIC over the window; ``limits`` the lowest and highest
    that chance allows around the mean of the whole walk-forward.
    """

    drift: Drift
    dates: Any
    rolling: FloatArray
    limits: tuple[float, float]
    warnings: tuple[str, ...]
    due: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Now:
    """A run folder and the data of today."""

    config: Config
    folder: Path
    panel: Panel
    X: FeaturePanel
    labels: Labels
    folds: tuple[Fold, ...]
    models: tuple[FoldModel, ...]  # of the newest fold there is, in the order of the run's models

    @property
    def due(self) -> tuple[str, ...]:
        """Folds whose decision row has come and that have no model."""
        there = fold_arithmetic.newer(self.folds, self.models[0].name)
        return tuple(fold.name for fold in there)


def predict(folder: Path) -> Today:
    """Today's scores of a run's newest model, also written to ``today.csv``.

    Parameters
    ----------
    folder : of a finished run

    Returns
    -------
    Today; scores are NaN for stocks outside the universe of the day. Those of an ensemble are combined as in
    the run, a stack by the weights of the newest fold.

    Raises
    ------
    DataGapError, FileNotFoundError
        When the folder has no model.
    ValueError
        When the features are others than the model's.
    """
    return _predict(_read(folder))


def _predict(now: _Now) -> Today:
    row = int(np.flatnonzero(now.panel.is_session)[-1])
    places = members.models(now.folder / "models", now.config)
    each = [
        (
            place.member,
            predict_rows(model, place.learn, now.X, np.array([row]), is_session=now.panel.is_session),
        )
        for place, model in zip(places, now.models, strict=True)
    ]
    if name := now.config.ensemble.factors:
        expected = factor_member.forecast(now.panel, factor_member.view(now.panel, name))[row]
        each.append((name, np.where(np.isfinite(each[0][1]), expected, np.nan)))
    # Scores are standardised and ranked among the stocks of the day, as in the run.
    inside = universe(now.panel)[row]
    each = [(name, np.where(inside, one, np.nan)) for name, one in each]
    combined = members.today(now.config, each, now.folder / "models", now.models[0].name)
    scores = combined[:, 0].astype(np.float32)
    names = tuple(name.replace("target", "score") for name in now.labels.names)
    today = Today(
        now.panel.dates[row], tuple(now.panel.codes.tolist()), names, scores, now.models[0].name, now.due
    )
    _write_today(now.folder / PREDICTIONS_TODAY, today)
    return today


@dataclass(frozen=True, eq=False)
class Updated:
    """Today's scores and the run's health; ``synced`` is what was fetched before, None where nothing was."""

    today: Today
    health: Health
    synced: SyncReport | None


def update(folder: Path, *, sync: bool = True, progress: Any = None) -> Updated:
    """The daily round of a finished run: fetch what is new, score today's row, look at the run's health.

    Parameters
    ----------
    folder : of a finished run
    sync : fetch from J-Quants first, where the run's data are a store of it; prices of one's own and
        simulated markets are taken as they are
    progress : called with (table, done, total) while fetching

    Returns
    -------
    Updated; it writes ``today.csv``, ``today_features.csv`` (values before normalisation), ``health.json``

    Raises
    ------
    As :func:`predict`; those of :func:`jqfast.data.jquants.sync`.
    """
    config = finished.settings(folder)
    store, synced = config.data.store, None
    if sync and store and not is_simulated(store):
        from jqfast.data.jquants import sync as fetch

        synced = fetch(store, progress=progress)
    now = _read(folder)
    today = _predict(now)
    _write_features(now, today)
    return Updated(today, _health(now), synced)


def _write_features(now: _Now, today: Today) -> None:
    """Today's features of the scored stocks, before normalisation."""
    row = int(np.searchsorted(now.panel.dates, today.date))
    inputs = declared(now.X.names, now.config.features.own)
    values = finished.values_on(now.panel, inputs, row, threads=now.config.threads)
    scored = np.flatnonzero(np.isfinite(today.scores).any(axis=0))
    lines = [",".join(["date", "code", *inputs])]
    for n in scored:
        numbers = ["" if x != x else f"{x:.7g}" for x in values[:, n]]
        lines.append(",".join([str(today.date), today.codes[n], *numbers]))
    write_text(now.folder / FEATURES_TODAY, "\n".join(lines) + "\n")


def health(folder: Path) -> Health:
    """The health of a run, also written to ``health.json``; arguments and errors as :func:`predict`."""
    return _health(_read(folder))


def _health(now: _Now) -> Health:
    limits = now.config.production
    trained = now.X.values[:, _rows_of(now)].reshape(len(now.X.names), -1).T
    recent = np.flatnonzero(now.panel.is_session)[-limits.window :]
    found = drift(trained, now.X.values[:, recent].reshape(len(now.X.names), -1).T, now.X.names)
    warnings = found.suspects(stability=limits.stability, coverage=limits.coverage_drop)
    dates, rolling, band = _rolling_ic(now)
    if len(rolling) and rolling[-1] < band[0]:
        unit = now.config.labels.unit
        warnings.append(
            f"The mean RankIC of the last {limits.ic_window} scored {unit}s is {rolling[-1]:.3f}, below its "
            f"limit {band[0]:.3f}."
        )
    result = Health(found, dates, rolling, band, tuple(warnings), now.due)
    write_json(now.folder / HEALTH, health_facts(result))
    return result


def retrain(folder: Path, *, force: bool = False, progress: Any = None) -> tuple[str, ...]:
    """Train what has become due, and judge and report anew; the names of the folds that were due.

    Parameters
    ----------
    folder : of a finished run
    force : run even when nothing is due, as after a drift
    progress : as :func:`jqfast.pipeline.run`
    """
    now = _read(folder)
    if now.due or force:
        options = {} if progress is None else {"progress": progress}
        pipeline.run(now.config, **options)
    return now.due


def _read(folder: Path) -> _Now:
    """Configuration, today's data and the newest models of a run."""
    config = finished.settings(folder)
    panel = load(config).panel
    labels, folds = pipeline.labels_and_folds(config, panel)
    models = _newest(folder / "models", folds, config)
    chosen, _ = pipeline.choose_features(config, panel.columns)
    X = api.panel(panel, chosen, normalize=True, layout="sample", threads=config.threads)
    check_inputs(models[0], X.names)
    return _Now(config, folder, panel, X, labels, folds, models)


def _newest(models_dir: Path, folds: tuple[Fold, ...], config: Config) -> tuple[FoldModel, ...]:
    """The models of the newest fold that is whole on disk."""
    seeds = members.folders(models_dir, config)
    for fold in reversed(folds):
        paths = [fold_path(place, fold.name) for place in seeds]
        if all(path.exists() for path in paths) and members.can_combine(config, models_dir, fold.name):
            return tuple(load_fold(path) for path in paths)
    raise DataGapError(
        f"`{models_dir}` has no model for any of the {len(folds)} folds of these data; run it first."
    )


def _rows_of(now: _Now) -> IntArray:
    """Rows on which the newest model was trained."""
    return next(fold.train_rows for fold in now.folds if fold.name == now.models[0].name)


def _rolling_ic(now: _Now) -> tuple[Any, FloatArray, tuple[float, float]]:
    """Dates, rolling mean of the traded horizon's RankIC, limits of chance around its overall mean."""
    config = now.config
    horizon, window = config.portfolio.horizon, config.production.ic_window
    names = [name.replace("target", "score") for name in now.labels.names]
    scores = artifacts.read_scores(
        now.folder / artifacts.PREDICTIONS, now.panel.dates, now.panel.codes, names
    )
    place = now.labels.horizons.index(horizon)
    found = rank_ic(scores[place], now.labels.returns[place], horizon=horizon)
    rolled = rolling_mean(
        now.panel.dates,
        found.per_date,
        window=window,
        sigmas=config.production.sigmas,
        horizon=horizon,
    )
    return rolled.dates, rolled.mean, (rolled.low, rolled.high)


def _write_today(path: Path, today: Today) -> None:
    known = np.isfinite(today.scores).any(axis=0)
    lines = [",".join(["date", "code", *today.names])]
    for n in np.flatnonzero(known):
        values = [f"{value:.6g}" for value in today.scores[:, n]]
        lines.append(",".join([str(today.date), today.codes[n], *values]))
    write_text(path, "\n".join(lines) + "\n")


def health_facts(result: Health) -> Mapping[str, Any]:
    """What ``health.json`` holds."""
    parts = (result.drift.coverage_before, result.drift.coverage_now, result.drift.stability)
    return {
        "warnings": result.warnings,
        "due": result.due,
        "rank_ic": {
            "last": float(result.rolling[-1]) if len(result.rolling) else None,
            "limits": result.limits,
            "dates": np.asarray(result.dates).astype(str).tolist(),
            "rolling": result.rolling,
        },
        "inputs": {
            name: {"coverage_training": a, "coverage_now": b, "stability": c}
            for name, a, b, c in zip(result.drift.names, *parts, strict=True)
        },
    }
