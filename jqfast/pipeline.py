"""The whole corridor, from prices to a report, as one function that reads top to bottom.

1. panel     choose the features; read the prices, open the store, or write and open a simulated market
2. plan      make labels and folds; a mistake is refused before anything is written to the run's folder
3. features  compute them: ``features/``
4. models    train one per fold, predict the sessions after it: ``models/``, ``predictions.parquet``
5. judge     IC, deciles, portfolio before and after costs: ``metrics.json``
6. explain   LRP of every forecast: ``relevance.parquet`` (month ends), ``relevance_daily.parquet`` (means)
7. trust     how far the relevances may be trusted, on a sample: ``trust.json``
8. report    ``report.html``

Stages 3, 4, 6 and 7 have keys, hashes of all they depend on, and are read back when finished under the same
key.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import jqfast
from jqfast import artifacts, assemble, members, report, toml
from jqfast.config import Config, read
from jqfast.data.panel import Panel
from jqfast.data.simulator.planted import Planted
from jqfast.explain.walk_forward import Relevance, walk_forward_relevance
from jqfast.features import api, sets
from jqfast.features.api import FeaturePanel, Request
from jqfast.features.declare import Feature, registry
from jqfast.features.normalize import per_date
from jqfast.features.passes import compile_plan
from jqfast.files import write_text
from jqfast.formulas import own_features
from jqfast.judge import Judgement, judge
from jqfast.learn import folds as fold_arithmetic
from jqfast.learn.dataset import sequence_rows
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Labels, Targets, make_labels, make_targets
from jqfast.learn.walk_forward import Predictions
from jqfast.ledger import enter
from jqfast.load import STAGE, Loaded, load, steps
from jqfast.oracle import References, references
from jqfast.progress import Progress, silent
from jqfast.provenance import facts
from jqfast.report.trust_inputs import TrustFacts
from jqfast.runfolder import RunFolder, digest, plain, write_json
from jqfast.trust_stage import Walked, measure
from jqfast.types import AnyArray, Float32Array

_HEADER = "The complete configuration of this run.\nRepeat it: jqfast run --config <this file>"


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is settled before the first file is written."""

    panel: Panel
    data_hash: str
    features: dict[str, str | Feature]
    request: Request
    labels: Labels
    targets: Targets
    folds: tuple[Fold, ...]
    references: References | None
    truth: Planted | None


@dataclass(frozen=True, eq=False)
class RunResult:
    """What a run leaves in memory; its folder holds the same.

    ``references`` is None where no truth is known. ``relevance`` is None for models without LRP, and
    ``why_unexplained`` says so; ``trust`` is None with it. ``metrics`` are the
    contents of ``metrics.json``, ``seconds`` the time of each stage. ``complete`` tells that everything but
    the report was there already.
    """

    config: Config
    folder: Path
    panel: Panel
    features: FeaturePanel
    labels: Labels
    folds: tuple[Fold, ...]
    predictions: Predictions
    judgement: Judgement
    references: References | None
    relevance: Relevance | None
    why_unexplained: str
    trust: TrustFacts | None
    metrics: dict[str, Any]
    seconds: dict[str, float]
    complete: bool

    @property
    def report(self) -> Path:
        """The report's path."""
        return self.folder / "report.html"


@dataclass
class _Clock:
    """Times the stages and tells the caller."""

    progress: Progress
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str, steps: int = 1) -> Iterator[None]:
        self.progress(name, 0, steps)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.progress(name, steps, steps)


def run(config: Config | None = None, *, progress: Progress = silent, whole: bool = False) -> RunResult:
    """Run the pipeline, or continue it where an earlier run in the same folder stopped.

    Parameters
    ----------
    config : Config; without one the shipped default, the simulated market
    progress : called with (stage, done, total)
    whole : judge and report what the folder holds; a stage that would have to be computed is an error

    Returns
    -------
    RunResult

    Raises
    ------
    DataGapError
        With ``whole``, when a stage is not there, or was made from other data.
    ValueError, TypeError, OSError
        For whatever the user can mend: data, names, options, the folder. Nothing is left half-written.
    """
    config = config or read()
    clock = _Clock(progress)
    _check_names(config)
    with clock.stage(STAGE, steps(config)):
        loaded = load(config, progress)
    with clock.stage("plan"):
        plan = _plan(config, loaded)
    with RunFolder(config.folder, whole=whole) as folder:
        _describe_run(folder, config, plan)
        with clock.stage("features"):
            X, above, kept_features = _features(folder, config, plan)
        with clock.stage("models", len(plan.folds)):
            predictions, above, kept_scores = _predictions(folder, config, plan, X, above, progress)
        with clock.stage("judge"):
            known = plan.references.scores if plan.references else None
            judgement = judge(plan.panel, plan.labels, predictions, config.portfolio, references=known)
        with clock.stage("explain", len(plan.folds)):
            made = _Made(plan, X, predictions, above)
            relevance, why_not, kept_relevance = _relevance(folder, config, made, progress)
        with clock.stage("trust"):
            trusted, kept_trust = _trust(folder, config, made, explained=relevance is not None)
        with clock.stage("report"):
            trials = enter(
                Path(config.out), plan.data_hash, above, judgement.monthly_sharpe, judgement.monthly_returns
            )
            result = RunResult(
                config=config,
                folder=folder.path,
                panel=plan.panel,
                features=X,
                labels=plan.labels,
                folds=tuple(fold for fold in plan.folds if len(fold.predict_rows)),
                predictions=predictions,
                judgement=judgement,
                references=plan.references,
                relevance=relevance,
                why_unexplained=why_not,
                metrics={
                    **judgement.metrics,
                    "trials": judgement.trial_metrics(trials),
                    "planted": _planted_metrics(plan.references),
                    "explanation": _explanation_metrics(relevance),
                    "trust": plain(trusted),
                },
                seconds=clock.seconds,
                trust=trusted,
                complete=kept_features and kept_scores and kept_relevance and kept_trust,
            )
            write_json(folder / "metrics.json", result.metrics)
            report.write(folder / "report.html", assemble.report_input(result, folder.manifest, trials))
        folder.note(seconds={name: round(value, 3) for name, value in clock.seconds.items()})
    return result


def train(config: Config, *, progress: Progress = silent) -> tuple[Path, Predictions]:
    """The stages up to the models, in the folder of the run, which :func:`run` then goes on from.

    Returns
    -------
    The run folder and the predictions; arguments and errors as :func:`run`.
    """
    plan = settle(config, progress)
    with RunFolder(config.folder) as folder:
        X, above = begin(folder, config, plan)
        predictions, _, _ = _predictions(folder, config, plan, X, above, progress)
    return config.folder, predictions


def settle(config: Config, progress: Progress) -> Plan:
    """All that is decided before a file is written; what can be refused is refused here."""
    _check_names(config)
    return _plan(config, load(config, progress))


def begin(folder: RunFolder, config: Config, plan: Plan) -> tuple[FeaturePanel, str]:
    """The features of a run in its entered folder, and their key."""
    _describe_run(folder, config, plan)
    X, above, _ = _features(folder, config, plan)
    return X, above


def labels_and_folds(config: Config, panel: Panel) -> tuple[Labels, tuple[Fold, ...]]:
    """What is to be forecast, and the rows that each model trains on and forecasts."""
    options = config.labels
    labels = make_labels(
        panel,
        options.horizons,
        start=options.start,
        unit=options.unit,
        delisting_return=options.delisting_return,
    )
    folds = fold_arithmetic.walk_forward(panel.dates, panel.is_session, labels.end_row, config.folds)
    return labels, folds


def _plan(config: Config, loaded: Loaded) -> Plan:
    """Features, labels and folds, and what could be found; everything that can be refused is refused here."""
    panel = loaded.panel
    chosen, left_out = choose_features(config, panel.columns)
    request = api.resolve(chosen)._replace(notes=left_out)
    labels, folds = labels_and_folds(config, panel)
    targets = make_targets(panel, labels, kind=config.labels.target)
    judged = loaded.truth if config.labels.unit == "session" else None  # the truth is told by sessions
    known = references(judged, request.exprs, targets, folds) if judged else None
    return Plan(panel, loaded.data_hash, chosen, request, labels, targets, folds, known, judged)


def _check_names(config: Config) -> None:
    """Refuse features that no panel can have, before a market is simulated for them."""
    known = sets.sets()
    named = [entry for entry in config.features.use if entry not in known]
    wanted: dict[str, str | Feature] = {**{name: name for name in named}, **own_features(config.features.own)}
    if wanted:
        api.resolve(wanted)


def choose_features(
    config: Config, columns: Collection[str]
) -> tuple[dict[str, str | Feature], tuple[str, ...]]:
    """(name -> catalogue name or own feature, sets spelt out, nothing twice; what sets had to leave out).

    A set stands for its features whose columns are among the panel's ``columns``, without levels
    (``Close_lag_1``): yen of different stocks do not compare, and on prices that arrive adjusted a level
    carries later splits. A level that is named is used.
    """
    known = sets.sets()
    chosen: dict[str, str | Feature] = {}
    left_out: dict[str, None] = {}
    for entry in config.features.use:
        there, notes = sets.split(known.get(entry, ()), columns)
        left_out.update(dict.fromkeys(notes))
        members = [name for name in there if not registry.features[name].level]
        chosen.update({name: name for name in (members if entry in known else (entry,))})
    return chosen | own_features(config.features.own), tuple(left_out)


def _describe_run(folder: RunFolder, config: Config, plan: Plan) -> None:
    """``config.toml`` and the facts of the manifest."""
    write_text(folder / "config.toml", toml.dumps(config, header=_HEADER))
    folder.note(
        **facts(),
        data={"source": plan.panel.info.source, "hash": plan.data_hash, "shape": plan.panel.shape},
        seeds={"learn": config.learn.seed, "simulate": config.simulate.seed},
        threads=config.threads,
        features=len(plan.request.names),
        folds=[fold.name for fold in plan.folds],
    )


def _features(folder: RunFolder, config: Config, plan: Plan) -> tuple[FeaturePanel, str, bool]:
    """Normalised features in the sample layout, their key, and whether they were there already."""
    request = plan.request
    exprs = [per_date(expr, norm) for expr, norm in zip(request.exprs, request.norms, strict=True)]
    key = digest(plan.data_hash, compile_plan(exprs).text, request.names, request.norms, jqfast.__version__)
    norms = dict(zip(request.names, request.norms, strict=True))
    if folder.finished("features", key, artifacts.SAMPLES, artifacts.INDEX):
        panel = plan.panel
        values = artifacts.read_samples(folder.path, (*panel.shape, len(request.names)))
        kept = FeaturePanel(
            request.names, panel.dates, panel.codes, values, "sample", norms, True, request.notes
        )
        return kept, key, True
    start = time.perf_counter()
    X = api.panel(plan.panel, plan.features, normalize=True, layout="sample", threads=config.threads)
    X = replace(X, notes=request.notes)
    artifacts.write_samples(folder.path, X)
    folder.record("features", key, time.perf_counter() - start)
    return X, key, False


def _predictions(
    folder: RunFolder, config: Config, plan: Plan, X: FeaturePanel, above: str, progress: Progress
) -> tuple[Predictions, str, bool]:
    """Out-of-sample scores, their key, and whether they were there already."""
    learn = replace(config.learn, threads=0)
    key = digest(above, config.labels, config.folds, learn, config.ensemble)
    names = [name.replace("target", "score") for name in plan.labels.names]
    path = folder / artifacts.PREDICTIONS
    if folder.finished("predictions", key, artifacts.PREDICTIONS):
        scores = artifacts.read_scores(path, X.dates, X.codes, names)
        return _restored(plan, X, scores, folder.manifest), key, True
    start = time.perf_counter()
    predictions = members.walk(
        members.Task(plan.panel, X, plan.labels, plan.targets, plan.folds),
        config,
        folder / "models",
        lambda done, total, _: progress("models", done, total),
    )
    artifacts.write_scores(path, X.dates, X.codes, predictions.scores, names)
    folder.note(notes=predictions.notes)
    folder.record("predictions", key, time.perf_counter() - start)
    return predictions, key, False


def _restored(plan: Plan, X: FeaturePanel, scores: Float32Array, manifest: dict[str, Any]) -> Predictions:
    """Predictions as they were, from their table."""
    rows = fold_arithmetic.rows_of(plan.folds, len(X.dates))
    names = tuple(fold.name for fold in plan.folds)
    notes = tuple(manifest.get("notes", ()))
    return Predictions(X.dates, X.codes, plan.labels.horizons, scores, rows, names, notes)


class _Made(NamedTuple):
    """What the explanation needs of the stages above it, and their key."""

    plan: Plan
    X: FeaturePanel
    predictions: Predictions
    above: str


def _relevance(
    folder: RunFolder, config: Config, made: _Made, progress: Progress
) -> tuple[Relevance | None, str, bool]:
    """Relevance of the traded forecasts or why there is none, and whether it was there already."""
    if why_not := members.why_unexplained(config):
        return None, why_not, True
    horizon = config.portfolio.horizon
    key = digest(made.above, horizon, config.explain.epsilon)
    if folder.finished("relevance", key, artifacts.RELEVANCE, artifacts.RELEVANCE_DAILY):
        return artifacts.read_relevance(folder.path, made.X.codes, made.X.names), "", True
    start = time.perf_counter()
    relevance = walk_forward_relevance(
        made.X,
        made.predictions,
        members.folders(folder / "models", config),
        horizon=horizon,
        epsilon=config.explain.epsilon,
        history=_history(config, made.plan),
        threads=config.threads,
        progress=lambda done, total: progress("explain", done, total),
    )
    artifacts.write_relevance(folder.path, relevance)
    folder.record("relevance", key, time.perf_counter() - start)
    return relevance, "", False


def _trust(
    folder: RunFolder, config: Config, made: _Made, *, explained: bool
) -> tuple[TrustFacts | None, bool]:
    """How far the relevances may be trusted, and whether that was there already."""
    if not explained or not config.explain.samples:
        return None, True
    plan = made.plan
    run = Walked(made.X, made.predictions, plan.folds, plan.targets, plan.truth, _history(config, plan))
    return measure(folder, config, run, made.above)


def _planted_metrics(known: References | None) -> dict[str, Any] | None:
    """What drives a simulated market, and which of it the inputs can see."""
    return None if known is None else {"drivers": known.drivers, "visible": known.visible}


def _history(config: Config, plan: Plan) -> AnyArray | None:
    """The rows of each row's sequence, for models that read sequences."""
    length = members.sequence_length(config)
    return sequence_rows(plan.targets.is_session, length) if length else None


def _explanation_metrics(relevance: Relevance | None) -> dict[str, Any] | None:
    """Size of the explanation and of what it leaves with biases and epsilon."""
    if relevance is None or relevance.daily is None:
        return None
    share = np.abs(relevance.residual_share[np.isfinite(relevance.residual_share)])
    return {
        "dates": len(relevance.daily.dates),
        "forecasts": int(relevance.daily.stocks["all"].sum()),
        "residual_by_date_median": float(np.median(relevance.daily.residual)),
        "residual_share_median": float(np.median(share)),
        "residual_share_p95": float(np.quantile(share, 0.95)),
    }
