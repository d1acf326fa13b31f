"""The stage of a run that measures how far its relevances may be trusted, and keeps the answer."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from jqfast import artifacts, members
from jqfast.config import Config
from jqfast.data.simulator.planted import Planted
from jqfast.errors import NumericError
from jqfast.features.result import FeaturePanel
from jqfast.formulas import declared
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold
from jqfast.learn.ensemble import member_folders, run_seeds
from jqfast.learn.folds import Fold
from jqfast.learn.labels import Targets
from jqfast.learn.walk_forward import Predictions
from jqfast.report.trust_inputs import TrustFacts, trust_of
from jqfast.runfolder import RunFolder, digest, plain, write_json
from jqfast.trust import TrustConfig, driver_groups, sample, trust
from jqfast.types import AnyArray


@dataclass(frozen=True, eq=False)
class Walked:
    """A walk-forward and what it was made of; ``truth`` of a simulated market, ``history`` of sequences."""

    X: FeaturePanel
    predictions: Predictions
    folds: Sequence[Fold]
    targets: Targets
    truth: Planted | None = None
    history: AnyArray | None = None


def measure(folder: RunFolder, config: Config, run: Walked, above: str) -> tuple[TrustFacts, bool]:
    """The facts, and whether they were there already under ``above``, the key of the predictions."""
    horizon = config.portfolio.horizon
    key = digest(above, horizon, config.explain)
    path = folder / artifacts.TRUST
    if folder.finished("trust", key, artifacts.TRUST):
        return trust_of(json.loads(path.read_text(encoding="utf-8"))), True
    start = time.perf_counter()
    options = TrustConfig(samples=config.explain.samples, epsilon=config.explain.epsilon)
    models = folder / "models"
    taken = sample(run.X, run.predictions, models, horizon=horizon, history=run.history, config=options)
    other, seed = _another_seed(folder, config, run, taken.models[-1].name)
    facts = trust(
        taken,
        run.X,
        driver_groups(declared(run.X.names, config.features.own)),
        other=other,
        seed=seed,
        truth=run.truth,
        horizon=horizon,
        config=options,
    )
    facts = replace(facts, members=len(members.models(models, config)))
    write_json(path, plain(facts))
    folder.record("trust", key, time.perf_counter() - start)
    return facts, False


def _another_seed(
    folder: RunFolder, config: Config, run: Walked, name: str
) -> tuple[FoldModel | None, int | None]:
    """The model of a fold from another seed: a member of an ensemble, else trained for this alone."""
    learn, models = config.learn, folder / "models"
    seed = learn.seed + 1
    if learn.ensemble > 1:
        return load_fold(fold_path(member_folders(models, learn)[1], name)), seed
    if not config.explain.other_seed:
        return None, None
    fold = next(fold for fold in run.folds if fold.name == name)
    member = replace(learn, seed=seed, threads=learn.threads or config.threads or 0)
    try:
        run_seeds(run.X, run.targets, [fold], member, models_dir=models / "other-seed")
    except NumericError:  # a training that fails costs a column of the table, not the run
        return None, None
    return load_fold(fold_path(models / "other-seed", name)), seed
