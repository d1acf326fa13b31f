"""The models of a run: that of ``[learn]``, the other members of ``[ensemble]``, and their scores as one.

1. Each model, one per member and seed, walks forward over the same folds; its files have a folder of their
   own.
2. A factor model, where one is asked for, joins with its forecast; with ``residual`` the others learn what it
   leaves.
3. The scores become one: mean, mean of ranks, or a stack. Only means are linear in the models, so that only
   they have relevances (decision 15).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jqfast import factor_member, toml
from jqfast.config import BASE, Config
from jqfast.data.panel import Panel
from jqfast.features.result import FeaturePanel
from jqfast.learn import walk_forward
from jqfast.learn.config import TrainConfig
from jqfast.learn.ensemble import combine, combine_ranks, per_date, ranks, stack_weights, stacked
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Labels, Targets, make_targets
from jqfast.learn.walk_forward import Predictions, Progress
from jqfast.runfolder import write_json
from jqfast.types import AnyArray, FloatArray

#: Models that LRP can explain.
EXPLAINED = ("mlp", "linear", "lstm")
#: Beside the fold files: the weights of a stack in each fold.
WEIGHTS = "stack.json"


class Model(NamedTuple):
    """One model of a run: its member, how it learns from one seed, the folder of its fold files."""

    member: str
    learn: TrainConfig
    folder: Path


@dataclass(frozen=True, eq=False)
class Task:
    """What all models of a run share."""

    panel: Panel
    X: FeaturePanel
    labels: Labels
    targets: Targets
    folds: Sequence[Fold]


def models(models_dir: Path, config: Config) -> tuple[Model, ...]:
    """Every model of a run, seed by seed; the first lies in ``models_dir`` itself."""
    found = []
    for name, learn in config.members().items():
        learn = replace(learn, threads=learn.threads or config.threads or 0)
        home = models_dir if name == BASE else models_dir / name
        for seed in range(learn.seed, learn.seed + learn.ensemble):
            folder = home if seed == learn.seed else home / f"seed-{seed}"
            found.append(Model(name, replace(learn, seed=seed, ensemble=1), folder))
    return tuple(found)


def folders(models_dir: Path, config: Config) -> list[Path]:
    """Where the fold files of each model lie."""
    return [model.folder for model in models(models_dir, config)]


def sequence_length(config: Config) -> int:
    """Sessions that a model of the run reads; 0 where all read one."""
    return max(_lengths(config), default=0)


def why_unexplained(config: Config) -> str:
    """Why LRP has no relevance for the scores of a run; empty where it has."""
    for learn in config.members().values():
        kind = toml.kind_of(type(learn.model))
        if kind not in EXPLAINED:
            return f"LRP has no rules for the model `{kind}`; it explains {', '.join(EXPLAINED)}."
    if config.ensemble.combine != "mean" and config.ensemble.several:
        return f"LRP explains means of models, not scores combined by `{config.ensemble.combine}`."
    if config.ensemble.factors:
        return f"LRP does not explain the forecast of {config.ensemble.factors}, a member of this ensemble."
    if len(_lengths(config)) > 1:
        return "LRP explains an ensemble whose sequences are of one length; these models differ."
    return ""


def notes(config: Config) -> tuple[str, ...]:
    """How the scores of several models are combined, in sentences; none for one model."""
    ensemble = config.ensemble
    if not ensemble.several:
        return ()
    told = [f"{name} ({toml.kind_of(type(learn.model))})" for name, learn in config.members().items()]
    told += [ensemble.factors] if ensemble.factors else []
    how = {"mean": "mean of standardised scores", "ranks": "mean of ranks", "stack": "stack"}
    left = [f"The models learn what {ensemble.factors} leaves of the returns."] if ensemble.residual else []
    return (f"Ensemble of {', '.join(told)}: {how[ensemble.combine]}.", *left)


def walk(task: Task, config: Config, models_dir: Path, progress: Progress | None = None) -> Predictions:
    """Train and predict with every model, and make one score of theirs; arguments of the training and errors
    as :func:`jqfast.learn.walk_forward.run`."""
    seen = factor_member.view(task.panel, config.ensemble.factors) if config.ensemble.factors else None
    targets = _learned(task.panel, task.labels, task.targets, config, seen)
    every = models(models_dir, config)
    walked: dict[str, list[Predictions]] = {}
    for number, model in enumerate(every):

        def tell(done: int, total: int, message: str, before: int = number) -> None:
            if progress is not None:
                progress(before * total + done, len(every) * total, message)

        found = walk_forward.run(
            task.X, targets, task.folds, model.learn, models_dir=model.folder, progress=tell
        )
        walked.setdefault(model.member, []).append(found)
    if seen:
        first = walked[BASE][0]
        scores = np.where(np.isfinite(first.scores), factor_member.forecast(task.panel, seen), np.nan)
        walked[seen.model] = [replace(first, scores=scores.astype(np.float32), notes=(), history={})]
    return _combined(task, config, walked, models_dir)


def learned(panel: Panel, labels: Labels, targets: Targets, config: Config) -> Targets:
    """What the models of a run learn: its targets, or those of what the factor model leaves."""
    seen = factor_member.view(panel, config.ensemble.factors) if config.ensemble.residual else None
    return _learned(panel, labels, targets, config, seen)


def _learned(
    panel: Panel, labels: Labels, targets: Targets, config: Config, seen: factor_member.FactorView | None
) -> Targets:
    if seen is None or not config.ensemble.residual:
        return targets
    left = factor_member.residuals(panel, labels, seen, start=config.labels.start)
    return make_targets(panel, left, kind=config.labels.target)


def _combined(
    task: Task, config: Config, walked: Mapping[str, Sequence[Predictions]], models_dir: Path
) -> Predictions:
    """One score of all; a lone model's is left as it is."""
    flat = [one for seeds in walked.values() for one in seeds]
    if len(flat) == 1:
        return flat[0]
    if config.ensemble.combine == "mean" or not config.ensemble.several:
        result = combine(flat)
    else:
        members = [combine(seeds) for seeds in walked.values()]
        if config.ensemble.combine == "ranks":
            result = combine_ranks(members)
        else:
            weights = stack_weights(members, task.labels, task.targets, task.folds)
            names = [fold.name for fold in task.folds]
            write_json(models_dir / WEIGHTS, dict(zip(names, weights.tolist(), strict=True)))
            result = stacked(members, weights, task.folds)
            note = _last_weights(
                tuple(walked), weights[-1, task.labels.horizons.index(config.portfolio.horizon)]
            )
            result = replace(result, notes=(note, *result.notes))
    return replace(result, notes=(*notes(config), *result.notes))


def _last_weights(names: Sequence[str], weights: FloatArray) -> str:
    told = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(names, weights, strict=True))
    return f"Weights of the stack in the last fold: {told}."


def today(config: Config, scores: Sequence[tuple[str, AnyArray]], models_dir: Path, fold: str) -> AnyArray:
    """One score (Hn, R, N) of those that the models of a fold and the factor model give some rows.

    Parameters
    ----------
    scores : (member, (Hn, R, N)) of every model, in the order of :func:`models`, the factor model last
    fold : whose weights a stack takes
    """
    if len(scores) == 1:
        return scores[0][1]
    flat = [per_date(one) for _, one in scores]
    if config.ensemble.combine == "mean" or not config.ensemble.several:
        return np.asarray(np.mean(flat, axis=0))
    by_member: dict[str, list[AnyArray]] = {}
    for (name, _), one in zip(scores, flat, strict=True):
        by_member.setdefault(name, []).append(one)
    each = [np.mean(seeds, axis=0) for seeds in by_member.values()]
    if config.ensemble.combine == "ranks":
        return np.asarray(np.mean([ranks(one) for one in each], axis=0))
    weights = np.array(_weights(models_dir)[fold])
    return np.asarray(np.einsum("hm,mhrn->hrn", weights, np.stack([per_date(one) for one in each])))


def can_combine(config: Config, models_dir: Path, fold: str) -> bool:
    """Whether the scores of a fold's models can be made one: a stack has its weights when all have walked."""
    return config.ensemble.combine != "stack" or fold in _weights(models_dir)


def _weights(models_dir: Path) -> dict[str, list[list[float]]]:
    """Fold -> (Hn, M) weights of a stack."""
    path = models_dir / WEIGHTS
    known: dict[str, list[list[float]]] = {}
    if path.is_file():
        known = json.loads(path.read_text(encoding="utf-8"))
    return known


def _lengths(config: Config) -> set[int]:
    """Sessions per sequence of the models that read sequences."""
    lengths = {getattr(learn.model, "length", 0) for learn in config.members().values()}
    return lengths - {0}
