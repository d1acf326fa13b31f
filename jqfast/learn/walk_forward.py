"""Walk-forward: one model per fold, each predicting only rows that its training never saw.

1. Features and targets become samples on the device, once.
2. Folds whose file is complete and was made from the same data, settings and versions are read back.
3. The others train: one fold per thread on a CPU, as many as fit in one ``vmap`` on an accelerator, spread
   over all accelerators there are.
4. Each fold is written as soon as it is trained, so that a killed run goes on where it stopped.
5. The predictions of all folds become one (horizons, T, N) array.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.errors import NumericError
from jqfast.files import write_text
from jqfast.learn._jax_setup import cpu_count, on_cpu
from jqfast.learn.checkpoint import FoldModel, fold_path, resume_fold, save_fold
from jqfast.learn.compile_cache import Keep, keep_compiled
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset, flagged_features, make_dataset
from jqfast.learn.devices import check_device, device_count, folds_that_fit, out_of_memory
from jqfast.learn.fingerprint import fingerprints
from jqfast.learn.fold_training import Failure, Job, fold_bytes, make_job, train_fold, train_group, warm_up
from jqfast.learn.folds import Fold, rows_of
from jqfast.learn.labels import Targets
from jqfast.learn.models import RidgeConfig
from jqfast.learn.models.trees import TREES, library
from jqfast.learn.tree_training import train_trees
from jqfast.types import AnyArray, CodeArray, DateArray, IntArray

if TYPE_CHECKING:
    from jqfast.features import FeaturePanel

#: (folds done, folds in all, what was done); may raise to stop the run, finished folds are kept.
Progress = Callable[[int, int, str], None]

#: Beside the fold files: how many folds were trained at once.
_AT_ONCE = "folds_at_once"

#: Inputs named in a sentence.
_SHOWN = 10

#: A trained fold, one that failed, or a sentence for the reader of a report.
_Outcome = FoldModel | Failure | str


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-sample scores of a walk-forward.

    Parameters
    ----------
    dates, codes : axes of the panel
    horizons : sessions ahead of each score
    scores : (Hn, T, N) float32, NaN where there is no prediction; float64 of scores made elsewhere
    fold_of_row : (T,) int64 index into ``folds``, -1 where no fold predicts
    folds : names of the folds
    notes : sentences for the reader of a report (dropped inputs, folds trained again or without a model)
    history : fold name -> metric -> one number per epoch
    """

    dates: DateArray
    codes: CodeArray
    horizons: tuple[int, ...]
    scores: AnyArray
    fold_of_row: IntArray
    folds: tuple[str, ...]
    notes: tuple[str, ...] = ()
    history: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)


def run(
    X: FeaturePanel,
    targets: Targets,
    folds: Sequence[Fold],
    config: TrainConfig | None = None,
    *,
    models_dir: Path | None = None,
    progress: Progress | None = None,
) -> Predictions:
    """Train every fold and predict its rows.

    Parameters
    ----------
    X : FeaturePanel, normalised per date, best in the sample layout
    targets : Targets of the same panel
    folds : from :func:`jqfast.learn.folds.walk_forward`
    config : TrainConfig, the default is the reference MLP
    models_dir : folder of the fold files; without it no model is written and nothing can be resumed
    progress : called after each fold

    Returns
    -------
    Predictions; a stock has a score where it was a member of the universe and had at least one known feature.
    A fold whose loss stops being finite has no scores and is named in the notes.

    Raises
    ------
    DataGapError
        When a fold has nothing to learn from.
    NumericError
        When no fold could be trained.
    ValueError
        When the shapes or names do not fit, or the device is not there.
    """
    config = config or TrainConfig()
    check_device(config.device)
    _check_folds(folds, len(X.dates))
    data = make_dataset(X, targets)
    flagged = flagged_features(data, np.unique(np.concatenate([fold.train_rows for fold in folds])))
    prints = fingerprints(data, folds, config, flagged)
    models, notes = _resume(folds, prints, models_dir)
    tell = progress or _silent
    tell(len(models), len(folds), f"{len(models)} folds read back" if models else "training")
    todo = [fold for fold in folds if fold.name not in models]
    if todo:
        with keep_compiled() as keep:
            if isinstance(config.model, TREES):
                outcomes = _trees(data, todo, config, prints)
            else:
                job = make_job(data, folds, config, flagged, prints)
                outcomes = _trained(job, todo, models, models_dir, keep)
            with closing(outcomes) as trained:  # an error in the body ends the threads too
                for outcome in trained:
                    if isinstance(outcome, FoldModel):
                        if models_dir is not None:
                            save_fold(fold_path(models_dir, outcome.name), outcome)
                        models[outcome.name] = outcome
                        tell(len(models), len(folds), f"fold {outcome.name}")
                    else:
                        notes.append(outcome.why if isinstance(outcome, Failure) else outcome)
    if not models:
        raise NumericError(f"No fold could be trained. {notes[-1]}")
    return _assemble(data, folds, models, (*notes, *_dropped_notes(models)))


def _trained(
    job: Job, todo: Sequence[Fold], models: Mapping[str, FoldModel], models_dir: Path | None, keep: Keep
) -> Generator[_Outcome, None, None]:
    """The folds as they are finished, by the way that suits the device."""
    config = job.config
    if config.warm_start:
        return _in_order(job, todo, models, keep)
    alone = on_cpu() and device_count() == 1 and not config.folds_at_once
    if alone or isinstance(config.model, RidgeConfig):
        return _in_threads(job, todo, config.threads or cpu_count(), keep)
    return _in_groups(job, todo, models_dir / _AT_ONCE if models_dir else None, keep)


def _trees(
    data: Dataset, todo: Sequence[Fold], config: TrainConfig, prints: Mapping[str, str]
) -> Generator[_Outcome, None, None]:
    """Tree models, one fold per thread; LightGBM releases the GIL."""
    library()
    with ThreadPoolExecutor(config.threads or cpu_count(), thread_name_prefix="fold") as pool:
        try:
            jobs = [pool.submit(train_trees, data, fold, config, prints[fold.name]) for fold in todo]
            for future in as_completed(jobs):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _in_threads(job: Job, todo: Sequence[Fold], threads: int, keep: Keep) -> Generator[_Outcome, None, None]:
    """One fold per thread: compiled code releases the GIL, and its small dots gain little from cores."""
    if not isinstance(job.config.model, RidgeConfig):
        warm_up(job, todo[0])
        keep()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="fold")
    try:
        for future in as_completed([pool.submit(train_fold, job, fold) for fold in todo]):
            yield future.result()
    finally:
        job.stop.set()  # an error or Ctrl-C ends the running folds at their next epoch
        pool.shutdown(cancel_futures=True)


def _in_groups(
    job: Job, todo: Sequence[Fold], remembered: Path | None, keep: Keep
) -> Generator[_Outcome, None, None]:
    """Groups of folds in one ``vmap``; the last is filled up, so that a resumed run repeats it.

    Folds that do not fit into memory after all are tried again, half as many at once. How many it was is
    remembered: the last bits of a result depend on it, and a resumed run is to have the same (decision 34).
    """
    size = _remembered(remembered) or job.config.folds_at_once
    size = size or folds_that_fit(fold_bytes(job, todo[0]), len(job.prints))
    devices = device_count()
    size = -(-size // devices) * devices
    start = 0
    while start < len(todo):
        try:
            yield from list(train_group(job, todo[start : start + size], size))
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or size <= devices:
                raise
            fewer = max(size // 2 // devices, 1) * devices
            yield f"{size} folds at once did not fit into memory; went on with {fewer}."
            size = fewer
            continue
        if remembered is not None:
            write_text(remembered, f"{size}\n")
        keep()
        start += size


def _remembered(path: Path | None) -> int:
    """Folds at once of the run that is resumed, 0 where there is none."""
    try:
        return int(path.read_text(encoding="ascii")) if path else 0
    except (OSError, ValueError):
        return 0


def _in_order(
    job: Job, todo: Sequence[Fold], models: Mapping[str, FoldModel], keep: Keep
) -> Generator[_Outcome, None, None]:
    """One after the other, each starting from the model before it, read back or just trained."""
    names = list(job.prints)
    known = dict(models)
    for fold in todo:
        place = names.index(fold.name)
        outcome = train_fold(job, fold, known.get(names[place - 1]) if place else None)
        if isinstance(outcome, FoldModel):
            known[fold.name] = outcome
        keep()
        yield outcome


def _resume(
    folds: Sequence[Fold], prints: Mapping[str, str], models_dir: Path | None
) -> tuple[dict[str, FoldModel], list[str]]:
    """Finished folds by name, and why others on disk cannot be used."""
    models: dict[str, FoldModel] = {}
    notes: list[str] = []
    if models_dir is None:
        return models, notes
    for fold in folds:
        model, why = resume_fold(fold_path(models_dir, fold.name), prints[fold.name])
        if model is not None:
            models[fold.name] = model
        elif why:
            notes.append(why)
    return models, notes


def _assemble(
    data: Dataset, folds: Sequence[Fold], models: Mapping[str, FoldModel], notes: tuple[str, ...]
) -> Predictions:
    """One array of scores from all folds."""
    T = len(data.dates)
    scores = np.full((len(data.horizons), T, data.stocks), np.nan, dtype=np.float32)
    for fold in folds:
        if fold.name in models:
            scores[:, fold.predict_rows] = models[fold.name].scores
    return Predictions(
        dates=data.dates,
        codes=data.codes,
        horizons=data.horizons,
        scores=scores,
        fold_of_row=rows_of(folds, T),
        folds=tuple(fold.name for fold in folds),
        notes=notes,
        history={fold.name: models[fold.name].history for fold in folds if fold.name in models},
    )


def _dropped_notes(models: Mapping[str, FoldModel]) -> tuple[str, ...]:
    """One sentence per input that some folds had to drop (decision 12), one on those that were not chosen."""
    counts = Counter(
        name for model in models.values() for name in model.dropped if name not in model.unselected
    )
    uncovered = tuple(
        f"Input `{name}` was dropped in {count} of {len(models)} folds for lack of coverage."
        for name, count in sorted(counts.items())
    )
    left_out = Counter(name for model in models.values() for name in model.unselected)
    if not left_out:
        return uncovered
    never = sorted(name for name, count in left_out.items() if count == len(models))
    shown = f"; never: {', '.join(never[:_SHOWN])}{', ...' if len(never) > _SHOWN else ''}" if never else ""
    kept = np.mean([len(model.input_names) // 2 - len(model.dropped) for model in models.values()])
    return (*uncovered, f"Selection left {kept:.0f} inputs to a fold on average{shown}.")


def _silent(done: int, total: int, message: str) -> None:
    """No progress."""


def _check_folds(folds: Sequence[Fold], T: int) -> None:
    """Distinct names and rows inside the data."""
    if not folds:
        raise ValueError("`folds` must hold at least one fold; got none.")
    if len({fold.name for fold in folds}) != len(folds):
        raise ValueError("`folds` must have distinct names; a name stands more than once.")
    last = max(int(fold.predict_rows[-1]) for fold in folds)
    if last >= T:
        raise ValueError(
            f"`folds` reach row {last}, the features have {T} rows; make both from the same panel."
        )
