"""One fold, or several at once, from training rows to predictions.

1. The normaliser is fitted on the training samples of the fold and on nothing else.
2. Seeds come from (seed, fold name), so that neither order nor threads nor the presence of other folds
   matter.
3. The network trains on shuffled sample numbers, and the fold's own rows are predicted.
4. A fold whose loss stops being finite ends there, says where, and leaves the others alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from jqfast.features.normalize import Fitted, fit_columns
from jqfast.learn._jax_setup import jax, jnp
from jqfast.learn.checkpoint import FoldModel
from jqfast.learn.compiled import Compiled, compile_for, predict_samples
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import (
    Dataset,
    Scaler,
    Source,
    batches,
    column_blocks,
    count_steps,
    known_share,
    low_coverage,
    sample_values,
    to_device,
)
from jqfast.learn.devices import everywhere
from jqfast.learn.folds import Fold
from jqfast.learn.learnable import check_learnable, fold_seeds
from jqfast.learn.losses import batch_loss
from jqfast.learn.models import Params
from jqfast.learn.models.flat import layout, unpack
from jqfast.learn.models.linear import RidgeConfig
from jqfast.learn.models.ridge import solve
from jqfast.learn.optimise import rates
from jqfast.learn.selection import not_selected
from jqfast.learn.train import TrainState, Turn, fit, make_state
from jqfast.types import AnyArray, IntArray

History = Sequence[Mapping[str, AnyArray]]


class StoppedError(RuntimeError):
    """The run was ended from outside; folds in training give up at their next epoch."""


@dataclass(frozen=True, eq=False)
class Job:
    """What all folds of a run share: data, compiled functions, steps of the longest epoch, fingerprints.

    ``flagged`` (M,) are the features with a missing flag among the network's inputs.
    """

    data: Dataset
    source: Source
    flagged: IntArray
    config: TrainConfig
    compiled: Compiled
    most_steps: int
    prints: Mapping[str, str]
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def inputs(self) -> IntArray:
        """(F + M,) which of the 2F model inputs the network has: all values, and the flags of ``flagged``."""
        F = len(self.data.names)
        return np.concatenate([np.arange(F), F + self.flagged])

    @property
    def layout(self) -> Params:
        """Shapes of the network's parameters."""
        return layout(self.compiled.model, len(self.inputs), len(self.data.horizons))

    @property
    def by_date(self) -> int:
        """Stocks per date where a batch must be of one date, else 0."""
        return self.data.stocks if self.config.correlation_share else 0


class Prepared(NamedTuple):
    """All that one fold needs before its first step."""

    fold: Fold
    fitted: Fitted
    scaler: Scaler
    dropped: tuple[str, ...]
    unselected: tuple[str, ...]  # those of the dropped that were known, but not chosen
    train: IntArray  # sample numbers
    validation: IntArray
    seeds: AnyArray  # (4,) uint32: initial weights, shuffling, dropout


@dataclass(frozen=True)
class Failure:
    """A fold that ended without a model, and why."""

    name: str
    why: str


def make_job(
    data: Dataset, folds: Sequence[Fold], config: TrainConfig, flagged: IntArray, prints: Mapping[str, str]
) -> Job:
    """Bring the data to the device; all folds are padded to the longest epoch, so that nothing recompiles."""
    compiled = compile_for(config)
    source = to_device(data, compiled.model.length, flagged, everywhere())
    job = Job(data, source, flagged, config, compiled, 0, prints)
    return replace(job, most_steps=max(_steps(job, data.index(f.train_rows, train=True)) for f in folds))


def warm_up(job: Job, fold: Fold) -> None:
    """Compile before threads start, by an epoch of no steps: two of them would compile the same twice."""
    prepared = prepare(job, fold)
    turn = next(_plan(job, [prepared], stacked=False))._replace(steps=jax.device_put(np.int32(0)))
    state, _ = job.compiled.epoch(start_state(job, prepared, None), job.source, prepared.scaler, turn)
    params = unpack(np.asarray(state.params), job.layout)
    predict_samples(job.compiled, params, job.source, prepared.scaler, prepared.train[:1])


def fold_bytes(job: Job, fold: Fold) -> int:
    """Device memory that a fold takes in training, as the compiler plans it."""
    prepared = prepare(job, fold)
    state = start_state(job, prepared, None)
    turn = next(_plan(job, [prepared], stacked=False))
    lowered = job.compiled.epoch.lower(state, job.source, prepared.scaler, turn)  # type: ignore[attr-defined]  # it is jitted
    planned: int = getattr(lowered.compile().memory_analysis(), "temp_size_in_bytes", 0)
    held: int = sum(leaf.nbytes for leaf in jax.tree.leaves((state, turn)))
    return planned + 3 * held  # as given, as kept on the way, and the best so far


def train_fold(job: Job, fold: Fold, previous: FoldModel | None = None) -> FoldModel | Failure:
    """Train one fold, from scratch or from the model before it, and predict its rows."""
    prepared = prepare(job, fold)
    if isinstance(job.config.model, RidgeConfig):
        params, loss = solve(sample_inputs(job, prepared), job.data.targets[prepared.train], job.config.model)
        return _finish(job, prepared, params, [{"loss": loss}])
    packed, history = fit(
        job.compiled.epoch,
        start_state(job, prepared, previous),
        (job.source, prepared.scaler),
        _plan(job, [prepared], stacked=False),
        validate=_validation(job, [prepared], stacked=False),
        patience=job.config.patience,
    )
    return _finish(job, prepared, unpack(np.asarray(packed), job.layout), history)


def train_group(job: Job, folds: Sequence[Fold], size: int) -> Iterator[FoldModel | Failure]:
    """Train folds in one ``vmap`` of ``size``; places left over repeat the last fold and are thrown away."""
    prepared = [prepare(job, fold) for fold in folds]
    filled = prepared + prepared[-1:] * (size - len(prepared))
    packed, history = fit(
        job.compiled.epochs,
        _stack([start_state(job, one, None) for one in filled]),
        (job.source, _stack([one.scaler for one in filled])),
        _plan(job, filled, stacked=True),
        validate=_validation(job, filled, stacked=True),
        patience=job.config.patience,
    )
    vectors = np.asarray(packed)
    for place, one in enumerate(prepared):
        mine = [{name: value[place] for name, value in entry.items()} for entry in history]
        yield _finish(job, one, unpack(vectors[place], job.layout), mine)


def prepare(job: Job, fold: Fold) -> Prepared:
    """Samples, normaliser and seeds of a fold.

    Raises
    ------
    DataGapError
        When the fold has too few training samples, no input that is known often enough, or targets that are
        all the same.
    """
    data = job.data
    train = data.index(fold.train_rows, train=True)
    shares: list[AnyArray] = []
    fitted = fit_columns(_counted(column_blocks(data, train), shares), data.norms)
    dropped = low_coverage(np.concatenate(shares), data.names, job.config.min_coverage)
    check_learnable(data, fold, train, dropped, job.config)
    unselected = _unselected(job, train, dropped)
    dropped = (*dropped, *unselected)
    fitted = _without(fitted, np.isin(data.names, dropped))
    scaler = Scaler(
        *jax.device_put(tuple(np.float32(getattr(fitted, name)) for name in Scaler._fields), everywhere())
    )
    validation = data.index(fold.validation_rows, train=True)
    seeds = fold_seeds(job.config.seed, fold.name)
    return Prepared(fold, fitted, scaler, dropped, unselected, train, validation, seeds)


def _counted(blocks: Iterable[AnyArray], shares: list[AnyArray]) -> Iterator[AnyArray]:
    """The blocks as they come, and in ``shares`` how much of each of their columns is known."""
    for block in blocks:
        shares.append(known_share(block))
        yield block


def _unselected(job: Job, train: IntArray, dropped: tuple[str, ...]) -> tuple[str, ...]:
    """Known inputs that the fold goes without by choice."""
    if job.config.select.method == "none":
        return ()
    known = ~np.isin(job.data.names, dropped)
    return not_selected(job.data, train, sample_values(job.data, train), known, job.config.select)


def start_state(job: Job, prepared: Prepared, previous: FoldModel | None) -> TrainState:
    """The state before the first step: fresh weights, or those of ``previous`` for a warm start.

    Fresh weights are drawn for all 2F inputs and then cut, so that they do not depend on which have flags.
    """
    model = job.compiled.model
    if previous is None:
        key = jax.random.key(int(prepared.seeds[0] >> 1))
        layers = model.to_layers(model.init(key, 2 * len(job.data.names), len(job.data.horizons)))
        weights, biases = list(layers[0]), list(layers[1])
    else:
        weights, biases = jax.device_put((list(previous.weights), list(previous.biases)))
    weights[0] = weights[0][jax.device_put(job.inputs)]
    return make_state(job.config, model.from_layers(weights, biases), jax.device_put(prepared.seeds[2:4]))


def sample_inputs(job: Job, prepared: Prepared) -> AnyArray:
    """(S, F + M) float32 network inputs of a fold's training samples, on the host."""
    return prepared.fitted.apply(job.data.samples[prepared.train])[:, job.inputs]


def _steps(job: Job, index: IntArray) -> int:
    return count_steps(index, batch=job.config.batch, stocks=job.by_date)


def _plan(job: Job, prepared: Sequence[Prepared], *, stacked: bool) -> Iterator[Turn]:
    """What each epoch reads; stacked for groups."""
    config = job.config
    rngs = [np.random.default_rng(one.seeds[1]) for one in prepared]
    steps = np.array([_steps(job, one.train) for one in prepared], dtype=np.int32)
    for epoch in range(config.epochs):
        if job.stop.is_set():
            raise StoppedError("training was stopped")
        samples = [_shuffled(job, one, rng) for one, rng in zip(prepared, rngs, strict=True)]
        rate = [_rates(config, epoch, int(count), job.most_steps) for count in steps]
        if stacked:
            yield Turn(*jax.device_put((np.stack(samples), steps, np.stack(rate))))
        else:
            yield Turn(*jax.device_put((samples[0], steps[0], rate[0])))


def _rates(config: TrainConfig, epoch: int, steps: int, most_steps: int) -> AnyArray:
    """(most steps,) learning rates of a fold's epoch."""
    options = (config.schedule, config.learning_rate, config.warmup)
    return rates(*options, epoch=epoch, epochs=config.epochs, steps=steps, most_steps=most_steps)


def _shuffled(job: Job, prepared: Prepared, rng: np.random.Generator) -> AnyArray:
    """(most steps, batch) sample numbers of a fold's next epoch."""
    return batches(prepared.train, batch=job.config.batch, steps=job.most_steps, rng=rng, stocks=job.by_date)


def _validation(
    job: Job, prepared: Sequence[Prepared], *, stacked: bool
) -> Callable[[jax.Array], AnyArray] | None:
    """Packed parameters -> loss on the validation samples, () or (folds,); None when there are none."""
    if any(not len(one.validation) for one in prepared):
        return None
    config = job.config

    def validate(packed: jax.Array) -> AnyArray:
        losses = []
        vectors = np.asarray(packed) if stacked else np.asarray(packed)[None]
        for vector, one in zip(vectors, prepared, strict=True):
            mine = unpack(vector, job.layout)
            outputs = predict_samples(job.compiled, mine, job.source, one.scaler, one.validation)
            parts = _by_date(one.validation, job.by_date)
            each = [
                (len(part), _loss_of(config, outputs[part], job.data.targets[one.validation[part]]))
                for part in parts
            ]
            losses.append(np.average([loss for _, loss in each], weights=[count for count, _ in each]))
        return np.asarray(losses) if stacked else np.asarray(losses[0])

    return validate


def _by_date(index: IntArray, stocks: int) -> Sequence[AnyArray]:
    """Places of the samples, date by date; all together without ``stocks``."""
    if not stocks:
        return [np.arange(len(index))]
    cuts = np.flatnonzero(np.diff(index // stocks)) + 1
    return np.split(np.arange(len(index)), cuts)


def _loss_of(config: TrainConfig, outputs: AnyArray, target: AnyArray) -> float:
    """The loss of some samples, all horizons alike."""
    p, y = jax.device_put((outputs, target))
    loss = batch_loss(config.loss, config.correlation_share, p, y, jnp.ones(target.shape))
    return float(loss)


def _finish(job: Job, prepared: Prepared, params: Params, history: History) -> FoldModel | Failure:
    """Predict the rows of a fold and write everything down, or say why there is nothing to write."""
    for epoch, entry in enumerate(history):
        if entry.get("bad", -1) >= 0:
            return Failure(prepared.fold.name, _why_bad(job, prepared, epoch, int(entry["bad"])))
    data, rows = job.data, prepared.fold.predict_rows
    index = data.index(rows)
    outputs = predict_samples(job.compiled, params, job.source, prepared.scaler, index)
    scores = np.full((outputs.shape[1], len(rows), data.stocks), np.nan, dtype=np.float32)
    scores[:, np.searchsorted(rows, index // data.stocks), index % data.stocks] = outputs.T
    weights, biases = job.compiled.model.to_layers(params)
    return FoldModel(
        name=prepared.fold.name,
        kind=job.compiled.model.kind,
        weights=(_all_inputs(job, np.asarray(weights[0])), *(np.asarray(w) for w in weights[1:])),
        biases=tuple(np.asarray(b) for b in biases),
        activations=job.compiled.model.activations,
        fitted=prepared.fitted,
        input_names=tuple(Fitted.input_names(data.names)),
        dropped=prepared.dropped,
        unselected=prepared.unselected,
        horizons=data.horizons,
        predict_rows=rows,
        scores=scores,
        history={
            name: tuple(float(entry[name]) for entry in history) for name in history[0] if name != "bad"
        },
        fingerprint=job.prints[prepared.fold.name],
    )


def _why_bad(job: Job, prepared: Prepared, epoch: int, step: int) -> str:
    """Fold, epoch and step at which a loss was not finite, and the inputs and targets of that step."""
    rng = np.random.default_rng(prepared.seeds[1])
    for _ in range(epoch + 1):
        index = _shuffled(job, prepared, rng)
    samples = index[step][index[step] >= 0]
    inputs = prepared.fitted.apply(job.data.samples[samples])[:, : len(job.data.names)]
    widest = int(np.abs(inputs).max(axis=0).argmax())
    targets = job.data.targets[samples]
    return (
        f"Fold {prepared.fold.name} stopped: its loss was no longer finite at step {step} of epoch {epoch}. "
        f"In that batch `{job.data.names[widest]}` ranges widest, from {inputs[:, widest].min():.3g} to "
        f"{inputs[:, widest].max():.3g} after normalisation; targets go from {np.nanmin(targets):.3g} to "
        f"{np.nanmax(targets):.3g}. Lower `learning_rate`, set `clip_norm`, or look at that feature."
    )


def _all_inputs(job: Job, weight: AnyArray) -> AnyArray:
    """The first weight with a row for each of the 2F inputs; 0 for flags that the network did without."""
    wide = np.zeros((2 * len(job.data.names), *weight.shape[1:]), dtype=weight.dtype)
    wide[job.inputs] = weight
    return wide


def _without(fitted: Fitted, dropped: AnyArray) -> Fitted:
    """The normaliser that turns the ``dropped`` (F,) inputs and their flags into 0."""
    zero = {
        name: np.where(dropped, np.float32(0), getattr(fitted, name)) for name in ("center", "lower", "upper")
    }
    scale = np.where(dropped, np.float32(1), fitted.scale)
    return replace(fitted, scale=scale, seen=fitted.seen & ~dropped, **zero)


def _stack(trees: Sequence[Any]) -> Any:
    """One tree with a leading axis."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)
