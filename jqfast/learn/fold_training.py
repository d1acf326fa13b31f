"""One fold, or several at once, from training rows to predictions.

1. The normaliser is fitted on the training samples of the fold and on nothing else.
2. Seeds come from (seed, fold name), so that neither order nor threads nor the presence of other folds
   matter.
3. The network trains on shuffled sample numbers, and the fold's own rows are predicted.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from jqfast.features.normalize import Fitted
from jqfast.features.normalize import fit as fit_normaliser
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.checkpoint import FoldModel
from jqfast.learn.compiled import Compiled, compile_for, predict_samples
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset, Scaler, Source, batches, low_coverage, sample_values, to_device
from jqfast.learn.folds import Fold
from jqfast.learn.losses import masked_mean
from jqfast.learn.models import Params
from jqfast.learn.train import TrainState, fit, make_state
from jqfast.types import AnyArray, IntArray

History = Sequence[Mapping[str, AnyArray]]


class StoppedError(RuntimeError):
    """The run was ended from outside; folds in training give up at their next epoch."""


@dataclass(frozen=True, eq=False)
class Job:
    """What all folds of a run share: data, compiled functions, steps of the longest epoch, fingerprints."""

    data: Dataset
    source: Source
    config: TrainConfig
    compiled: Compiled
    most_steps: int
    prints: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)


class Prepared(NamedTuple):
    """All that one fold needs before its first step."""

    fold: Fold
    fitted: Fitted
    scaler: Scaler
    dropped: tuple[str, ...]
    train: IntArray  # sample numbers
    validation: IntArray
    seeds: AnyArray  # (4,) uint32: initial weights, shuffling, dropout


def make_job(data: Dataset, folds: Sequence[Fold], config: TrainConfig, prints: Mapping[str, str]) -> Job:
    """Bring the data to the device; all folds are padded to the longest epoch, so that nothing recompiles."""
    members = data.trainable.sum(axis=1)
    longest = max(int(members[fold.train_rows].sum()) for fold in folds)
    compiled = compile_for(config)
    source = to_device(data, compiled.model.length)
    return Job(data, source, config, compiled, -(-longest // config.batch), prints)


def warm_up(job: Job, fold: Fold) -> None:
    """Compile before threads start, by an epoch of no steps: two of them would compile the same twice."""
    prepared = prepare(job, fold)
    index = np.full((job.most_steps, job.config.batch), -1, dtype=np.int32)
    state = start_state(job, prepared, None)
    job.compiled.epoch(state, job.source, prepared.scaler, *jax.device_put((index, np.int32(0))))


def train_fold(job: Job, fold: Fold, previous: FoldModel | None = None) -> FoldModel:
    """Train one fold, from scratch or from the model before it, and predict its rows."""
    prepared = prepare(job, fold)
    params, history = fit(
        job.compiled.epoch,
        start_state(job, prepared, previous),
        (job.source, prepared.scaler),
        _plan(job, [prepared], stacked=False),
        validate=_validation(job, [prepared], stacked=False),
        patience=job.config.patience,
    )
    return _finish(job, prepared, params, history)


def train_group(job: Job, folds: Sequence[Fold], size: int) -> Iterator[FoldModel]:
    """Train folds in one ``vmap`` of ``size``; places left over repeat the last fold and are thrown away."""
    prepared = [prepare(job, fold) for fold in folds]
    filled = prepared + prepared[-1:] * (size - len(prepared))
    params, history = fit(
        job.compiled.epochs,
        _stack([start_state(job, one, None) for one in filled]),
        (job.source, _stack([one.scaler for one in filled])),
        _plan(job, filled, stacked=True),
        validate=_validation(job, filled, stacked=True),
        patience=job.config.patience,
    )
    for place, one in enumerate(prepared):
        mine = [{name: value[place] for name, value in entry.items()} for entry in history]
        yield _finish(job, one, _take(params, place), mine)


def prepare(job: Job, fold: Fold) -> Prepared:
    """Fit the normaliser and list the samples of a fold.

    Raises
    ------
    DataGapError
        When the fold has no training sample.
    """
    data = job.data
    train = data.index(fold.train_rows, train=True)
    x = sample_values(data, train)
    dropped = low_coverage(x, data.names, job.config.min_coverage)
    fitted = _without(fit_normaliser(x, data.norms), np.isin(data.names, dropped))
    scaler = Scaler(*(jax.device_put(np.float32(getattr(fitted, name))) for name in Scaler._fields))
    validation = data.index(fold.validation_rows, train=True)
    seeds = fold_seeds(job.config.seed, fold.name)
    return Prepared(fold, fitted, scaler, dropped, train, validation, seeds)


def fold_seeds(seed: int, name: str) -> AnyArray:
    """(4,) uint32 words that belong to a seed and the name of a fold."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(4)


def start_state(job: Job, prepared: Prepared, previous: FoldModel | None) -> TrainState:
    """The state before the first step: fresh weights, or those of ``previous`` for a warm start."""
    model = job.compiled.model
    if previous is None:
        key = jax.random.key(int(prepared.seeds[0] >> 1))
        params = model.init(key, 2 * len(job.data.names), len(job.data.horizons))
    else:
        params = model.from_layers(*jax.device_put((list(previous.weights), list(previous.biases))))
    return make_state(job.config, params, jax.device_put(prepared.seeds[2:4]))


def _plan(job: Job, prepared: Sequence[Prepared], *, stacked: bool) -> Iterator[tuple[jax.Array, jax.Array]]:
    """Per epoch: shuffled sample numbers (most steps, batch) and how many steps count; stacked for groups."""
    config = job.config
    rngs = [np.random.default_rng(one.seeds[1]) for one in prepared]
    steps = np.array([-(-len(one.train) // config.batch) for one in prepared], dtype=np.int32)
    for _ in range(config.epochs):
        if job.stop.is_set():
            raise StoppedError("training was stopped")
        index = np.stack(
            [
                batches(one.train, batch=config.batch, steps=job.most_steps, rng=rng)
                for one, rng in zip(prepared, rngs, strict=True)
            ]
        )
        yield jax.device_put((index, steps) if stacked else (index[0], steps[0]))


def _validation(
    job: Job, prepared: Sequence[Prepared], *, stacked: bool
) -> Callable[[Params], AnyArray] | None:
    """Parameters -> loss on the validation samples, () or (folds,); None when the folds keep none aside."""
    if any(not len(one.validation) for one in prepared):
        return None
    known = [jax.device_put(job.data.targets[one.validation]) for one in prepared]

    def validate(params: Params) -> AnyArray:
        losses = []
        for place, (one, target) in enumerate(zip(prepared, known, strict=True)):
            mine = _take(params, place) if stacked else params
            outputs = predict_samples(job.compiled, mine, job.source, one.scaler, one.validation)
            loss = masked_mean(job.config.loss, jax.device_put(outputs), target, jnp.ones_like(target))
            losses.append(np.asarray(loss))
        return np.stack(losses) if stacked else losses[0]

    return validate


def _finish(job: Job, prepared: Prepared, params: Params, history: History) -> FoldModel:
    """Predict the rows of a fold and write everything down."""
    data, rows = job.data, prepared.fold.predict_rows
    index = data.index(rows)
    outputs = predict_samples(job.compiled, params, job.source, prepared.scaler, index)
    scores = np.full((outputs.shape[1], len(rows), data.stocks), np.nan, dtype=np.float32)
    scores[:, np.searchsorted(rows, index // data.stocks), index % data.stocks] = outputs.T
    weights, biases = job.compiled.model.to_layers(params)
    return FoldModel(
        name=prepared.fold.name,
        kind=job.compiled.model.kind,
        weights=tuple(np.asarray(w) for w in weights),
        biases=tuple(np.asarray(b) for b in biases),
        activations=job.compiled.model.activations,
        fitted=prepared.fitted,
        input_names=tuple(Fitted.input_names(data.names)),
        dropped=prepared.dropped,
        horizons=data.horizons,
        predict_rows=rows,
        scores=scores,
        history={name: tuple(float(entry[name]) for entry in history) for name in history[0]},
        fingerprint=job.prints[prepared.fold.name],
    )


def _without(fitted: Fitted, dropped: AnyArray) -> Fitted:
    """The normaliser that turns the ``dropped`` (F,) inputs and their flags into 0."""
    zero = {
        name: np.where(dropped, np.float32(0), getattr(fitted, name)) for name in ("center", "lower", "upper")
    }
    scale = np.where(dropped, np.float32(1), fitted.scale)
    return replace(fitted, scale=scale, seen=fitted.seen & ~dropped, **zero)


def _stack(trees: Sequence[Params]) -> Params:
    """One tree with a leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


def _take(tree: Params, place: int) -> Params:
    """One entry of the leading axis."""
    return jax.tree.map(lambda leaf: leaf[place], tree)
