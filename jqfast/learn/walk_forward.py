"""Walk-forward: one model per fold, each predicting only rows that its training never saw.

1. Features and targets become samples on the device, once.
2. Folds whose file is complete and was made from the same data, settings and versions are read back.
3. The others train: one fold per thread on a CPU, as many as fit in one ``vmap`` on an accelerator.
4. Each fold is written as soon as it is trained, so that a killed run goes on where it stopped.
5. The predictions of all folds become one (horizons, T, N) array.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.learn._jax_setup import cpu_count, keep_compiled, on_cpu
from jqfast.learn.checkpoint import FoldModel, fold_path, resume_fold, save_fold
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset, make_dataset
from jqfast.learn.fingerprint import fingerprints
from jqfast.learn.fold_training import Job, make_job, train_fold, train_group, warm_up
from jqfast.learn.folds import Fold, rows_of
from jqfast.learn.labels import Targets
from jqfast.types import CodeArray, DateArray, Float32Array, IntArray

if TYPE_CHECKING:
    from jqfast.features import FeaturePanel

#: (folds done, folds in all, what was done); may raise to stop the run, finished folds are kept.
Progress = Callable[[int, int, str], None]

_FOLDS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Predictions:
    """Out-of-sample scores of a walk-forward.

    Parameters
    ----------
    dates, codes : axes of the panel
    horizons : sessions ahead of each score
    scores : (Hn, T, N) float32, NaN where there is no prediction
    fold_of_row : (T,) int64 index into ``folds``, -1 where no fold predicts
    folds : names of the folds
    notes : sentences for the reader of a report (dropped inputs, folds trained again)
    history : fold name -> metric -> one number per epoch
    """

    dates: DateArray
    codes: CodeArray
    horizons: tuple[int, ...]
    scores: Float32Array
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
    models_dir : folder of the fold files; without it nothing is written and nothing can be resumed
    progress : called after each fold

    Returns
    -------
    Predictions; a stock has a score where it was a member of the universe and had at least one known feature.

    Raises
    ------
    DataGapError
        When a fold has no training sample.
    ValueError
        When the shapes or names do not fit.
    """
    config = config or TrainConfig()
    _check_folds(folds, len(X.dates))
    data = make_dataset(X, targets)
    prints = fingerprints(data, folds, config)
    models, notes = _resume(folds, prints, models_dir)
    tell = progress or _silent
    tell(len(models), len(folds), f"{len(models)} folds read back" if models else "training")
    todo = [fold for fold in folds if fold.name not in models]
    if todo:
        with keep_compiled(models_dir / "compiled" if models_dir else None):
            job = make_job(data, folds, config, prints)
            with closing(_trained(job, todo, models)) as trained:  # an error in the body ends the threads too
                for model in trained:
                    if models_dir is not None:
                        save_fold(fold_path(models_dir, model.name), model)
                    models[model.name] = model
                    tell(len(models), len(folds), f"fold {model.name}")
    return _assemble(data, folds, models, (*notes, *_dropped_notes(models)))


def combine(members: Sequence[Predictions]) -> Predictions:
    """An ensemble: the mean of the members' scores, each standardised per date (decision 15).

    Members are walk-forwards over the same folds with other seeds. NaN where any member has no score.
    """
    if not members:
        raise ValueError("`members` must hold at least one walk-forward; got none.")
    first = members[0]
    if any(m.scores.shape != first.scores.shape or m.folds != first.folds for m in members):
        raise ValueError("`members` must cover the same dates, stocks, horizons and folds.")
    total = np.zeros(first.scores.shape)
    for member in members:
        total += _per_date(member.scores)
    return replace(first, scores=(total / len(members)).astype(np.float32))


def _trained(
    job: Job, todo: Sequence[Fold], models: Mapping[str, FoldModel]
) -> Generator[FoldModel, None, None]:
    """The folds as they are finished, by the way that suits the device."""
    config = job.config
    if config.warm_start:
        return _in_order(job, todo, models)
    if config.folds_at_once or not on_cpu():
        return _in_groups(job, todo, config.folds_at_once or min(_FOLDS_AT_ONCE, len(job.prints)))
    return _in_threads(job, todo, config.threads or cpu_count())


def _in_threads(job: Job, todo: Sequence[Fold], threads: int) -> Generator[FoldModel, None, None]:
    """One fold per thread: compiled code releases the GIL, and its small dots gain little from cores."""
    warm_up(job, todo[0])
    pool = ThreadPoolExecutor(threads, thread_name_prefix="fold")
    try:
        for future in as_completed([pool.submit(train_fold, job, fold) for fold in todo]):
            yield future.result()
    finally:
        job.stop.set()  # an error or Ctrl-C ends the running folds at their next epoch
        pool.shutdown(cancel_futures=True)


def _in_groups(job: Job, todo: Sequence[Fold], size: int) -> Generator[FoldModel, None, None]:
    """Groups of ``size`` folds in one ``vmap``; the last is filled up, so that a resumed run repeats it."""
    for start in range(0, len(todo), size):
        yield from train_group(job, todo[start : start + size], size)


def _in_order(
    job: Job, todo: Sequence[Fold], models: Mapping[str, FoldModel]
) -> Generator[FoldModel, None, None]:
    """One after the other, each starting from the model before it, read back or just trained."""
    names = list(job.prints)
    known = dict(models)
    for fold in todo:
        place = names.index(fold.name)
        model = train_fold(job, fold, known.get(names[place - 1]) if place else None)
        known[fold.name] = model
        yield model


def _resume(
    folds: Sequence[Fold], prints: Mapping[str, str], models_dir: Path | None
) -> tuple[dict[str, FoldModel], tuple[str, ...]]:
    """Finished folds by name, and why others on disk cannot be used."""
    models: dict[str, FoldModel] = {}
    notes: list[str] = []
    if models_dir is None:
        return models, ()
    for fold in folds:
        model, why = resume_fold(fold_path(models_dir, fold.name), prints[fold.name])
        if model is not None:
            models[fold.name] = model
        elif why:
            notes.append(why)
    return models, tuple(notes)


def _assemble(
    data: Dataset, folds: Sequence[Fold], models: Mapping[str, FoldModel], notes: tuple[str, ...]
) -> Predictions:
    """One array of scores from all folds."""
    T = len(data.dates)
    scores = np.full((len(data.horizons), T, data.stocks), np.nan, dtype=np.float32)
    for fold in folds:
        scores[:, fold.predict_rows] = models[fold.name].scores
    return Predictions(
        dates=data.dates,
        codes=data.codes,
        horizons=data.horizons,
        scores=scores,
        fold_of_row=rows_of(folds, T),
        folds=tuple(fold.name for fold in folds),
        notes=notes,
        history={fold.name: models[fold.name].history for fold in folds},
    )


def _dropped_notes(models: Mapping[str, FoldModel]) -> tuple[str, ...]:
    """One sentence per input that some folds had to drop (decision 12)."""
    counts = Counter(name for model in models.values() for name in model.dropped)
    return tuple(
        f"Input `{name}` was dropped in {count} of {len(models)} folds for lack of coverage."
        for name, count in sorted(counts.items())
    )


def _per_date(scores: Float32Array) -> Float32Array:
    """Scores with mean 0 and deviation 1 per horizon and date; 0 where all are equal."""
    known = np.isfinite(scores)
    count = np.maximum(known.sum(axis=2, keepdims=True), 1)
    mean = np.where(known, scores, 0.0).sum(axis=2, keepdims=True) / count
    centred = np.where(known, scores - mean, 0.0)
    sd = np.sqrt((centred**2).sum(axis=2, keepdims=True) / count)
    return np.where(known, centred / np.where(sd > 0, sd, 1.0), np.nan)


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
