"""Hyper-parameter search on validation samples alone: grid or random, every trial on record.

A combination is trained on the first folds and judged by the loss on their validation part, the latest dates
of their training windows: nothing that a fold predicts is looked at, and the choice then holds for all dates.
Each combination counts as a trial in the ledger, so that the Sharpe ratio of the run that follows is deflated
by the search too.
"""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from jqfast import pipeline, toml
from jqfast.config import Config
from jqfast.errors import NumericError
from jqfast.features.result import FeaturePanel
from jqfast.files import write_text
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Targets
from jqfast.learn.walk_forward import run
from jqfast.ledger import enter_searched
from jqfast.members import learned
from jqfast.progress import Progress, silent
from jqfast.runfolder import RunFolder, digest, write_json

TRIALS = "search.json"
BEST = "best.toml"


@dataclass(frozen=True)
class Trial:
    """A combination and its mean validation loss, NaN where it could not be trained."""

    settings: tuple[str, ...]
    loss: float


def search(config: Config, *, progress: Progress = silent) -> tuple[Path, tuple[Trial, ...]]:
    """Try the combinations of ``config.search``; write all to ``search.json``, the best run to ``best.toml``.

    Returns
    -------
    The run folder, and the trials, best first.

    Raises
    ------
    ValueError
        Without a space, or without a validation part.
    NumericError
        When no combination could be trained.
    """
    if not config.search.space:
        raise ValueError('`search.space` is empty; give it keys and values, "learn.epochs" = ["10", "20"].')
    if not config.folds.validation_share:
        raise ValueError("A search needs `folds.validation_share` above 0: it sees nothing but that part.")
    plan = pipeline.settle(config, progress)
    with RunFolder(config.folder) as folder:
        X, _ = pipeline.begin(folder, config, plan)
        some = plan.folds[: config.search.folds]
        trials = []
        targets = learned(plan.panel, plan.labels, plan.targets, config)
        combinations = list(_combinations(config))
        for done, settings in enumerate(combinations):
            trials.append(Trial(settings, _loss(settings, config, X, targets, some)))
            progress("search", done + 1, len(combinations))
        hashes = [digest("search", replace(config, search=type(config.search)()), t.settings) for t in trials]
        enter_searched(Path(config.out), plan.data_hash, hashes)
        trials.sort(key=lambda trial: (np.isnan(trial.loss), trial.loss))
        write_json(folder / TRIALS, {"trials": trials, "folds": [fold.name for fold in some]})
        if np.isnan(trials[0].loss):
            raise NumericError("No combination of `search.space` could be trained; lower the learning rates.")
        best = replace(_with(config, trials[0].settings), search=type(config.search)())
        write_text(
            folder / BEST, toml.dumps(best, header="The best of a search; run it: jqfast run --config ...")
        )
    return config.folder, tuple(trials)


def _combinations(config: Config) -> Iterator[tuple[str, ...]]:
    """The assignments of each trial, none twice."""
    space = config.search.space
    every = itertools.product(*([f"{key}={value}" for value in values] for key, values in space.items()))
    if config.search.method == "grid":
        yield from every
        return
    rng = np.random.default_rng(config.search.seed)
    sizes = [len(values) for values in space.values()]
    total = int(np.prod(sizes))
    for number in rng.permutation(total)[: config.search.trials]:
        places = np.unravel_index(int(number), sizes)
        yield tuple(
            f"{key}={values[place]}" for (key, values), place in zip(space.items(), places, strict=True)
        )


def _with(config: Config, settings: tuple[str, ...]) -> Config:
    """The configuration with assignments laid over it, checked as those of the command line."""
    return toml.build(Config, toml.override(tomllib.loads(toml.dumps(config)), settings))


def _loss(
    settings: tuple[str, ...], config: Config, X: FeaturePanel, targets: Targets, folds: Sequence[Fold]
) -> float:
    """Mean of the folds' best validation losses; NaN where one could not be trained."""
    learn = replace(_with(config, settings).learn, ensemble=1)
    try:
        found = run(X, targets, folds, learn)
    except NumericError:
        return float("nan")
    if any("validation" not in history for history in found.history.values()):
        raise ValueError(f"A search needs models trained by epochs; {settings} gives one that is not.")
    losses = [min(history["validation"]) for history in found.history.values()]
    return float(np.mean(losses)) if len(losses) == len(folds) else float("nan")
