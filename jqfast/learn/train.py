"""One training loop for all models: ``make_step``, ``run_epoch``, ``fit``, ``early_stop``.

The features stay on the device; an epoch receives shuffled sample numbers, and every step gathers,
normalises and learns from one batch inside a single compiled loop. Short folds run fewer steps of the same
compiled function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import optax  # type: ignore[import-untyped]

from jqfast.learn._jax_setup import jax, jnp, lax
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Scaler, Source, gather, transform
from jqfast.learn.losses import batch_loss, masked_sum
from jqfast.learn.models import Model, Params
from jqfast.learn.models.dropout import draw, spread
from jqfast.learn.models.flat import layout, matrices, pack, unpack
from jqfast.learn.optimise import make_optimiser
from jqfast.types import AnyArray, BoolArray


class TrainState(NamedTuple):
    """All that changes while a fold trains; donated to every epoch."""

    params: jax.Array  # (P,) packed
    optimiser: optax.OptState
    step: jax.Array  # () uint32
    key: jax.Array  # (2,) uint32, draws the dropout


class Metrics(NamedTuple):
    """Means over the steps of an epoch; ``param_norm`` is the value after its last step.

    ``bad`` is the first step whose loss or gradient was not finite, -1 for none.
    """

    loss: jax.Array
    grad_norm: jax.Array
    update_norm: jax.Array
    param_norm: jax.Array
    bad: jax.Array


class Turn(NamedTuple):
    """What an epoch reads: sample numbers, how many steps count, the learning rate of each step."""

    samples: jax.Array  # (most steps, B) int32, -1 for padding
    steps: jax.Array  # () int32
    rates: jax.Array  # (most steps,) float32


class Batch(NamedTuple):
    """What a step reads: sample numbers (B,) int32, -1 for padding; noise (B, U) uint8; the learning rate."""

    samples: jax.Array
    noise: jax.Array
    rate: jax.Array


Step: TypeAlias = Callable[[TrainState, Source, Scaler, Batch], tuple[TrainState, tuple[jax.Array, ...]]]
_Carry: TypeAlias = tuple[TrainState, Metrics, jax.Array, jax.Array]
Epoch: TypeAlias = Callable[[TrainState, Source, Scaler, Turn], tuple[TrainState, Metrics]]


def make_state(config: TrainConfig, params: Params, key: jax.Array) -> TrainState:
    """The state before the first step from ``params``; ``key`` (2,) uint32 draws the dropout."""
    packed = pack(params)
    return TrainState(packed, make_optimiser(config.clip_norm).init(packed), jnp.uint32(0), key)


def make_step(model: Model, config: TrainConfig) -> Step:
    """One update of the model from a batch."""
    optimiser = make_optimiser(config.clip_norm)

    def step(
        state: TrainState, source: Source, scaler: Scaler, batch: Batch
    ) -> tuple[TrainState, tuple[jax.Array, ...]]:
        like = layout(model, source.inputs.shape[1] + source.flagged.shape[0], source.targets.shape[1])
        loss, slopes = _gradient(model, config, unpack(state.params, like), (source, scaler), batch)
        gradient = pack(slopes)
        direction, moments = optimiser.update(gradient, state.optimiser)
        if config.weight_decay:
            direction = direction + config.weight_decay * matrices(like) * state.params
        new = state.params - batch.rate * direction
        norms = [jnp.sqrt(jnp.vdot(vector, vector)) for vector in (gradient, direction, new)]
        state = TrainState(new, moments, state.step + jnp.uint32(1), state.key)
        return state, (loss, norms[0], batch.rate * norms[1], norms[2])

    return step


def _gradient(
    model: Model, config: TrainConfig, params: Params, data: tuple[Source, Scaler], batch: Batch
) -> tuple[jax.Array, Params]:
    """Loss and gradient of a batch, at once or added up over sub-batches that stay in cache."""
    source, scaler = data
    samples, size = batch.samples, batch.samples.shape[0]
    target = source.targets[jnp.maximum(samples, 0)]
    weight = jnp.where((samples >= 0)[:, None], _horizon_weights(config, target.shape[1])[None, :], 0.0)

    def outputs(params: Params, samples: jax.Array, noise: jax.Array) -> jax.Array:
        x = transform(gather(source, samples, model.length), scaler, source.flagged)
        return model.apply_batch(params, x, noise if model.noise_units else None)

    if not config.sub_batch or config.sub_batch == size:

        def loss(params: Params) -> jax.Array:
            predicted = outputs(params, samples, batch.noise)
            return batch_loss(config.loss, config.correlation_share, predicted, target, weight)

        return jax.value_and_grad(loss)(params)

    total = jnp.maximum(jnp.sum(jnp.where(jnp.isfinite(target), weight, 0.0)), 1e-12)

    def part(
        carry: tuple[jax.Array, Params], piece: tuple[jax.Array, ...]
    ) -> tuple[tuple[jax.Array, Params], None]:
        samples, noise, target, weight = piece

        def loss(params: Params) -> jax.Array:
            return masked_sum(config.loss, outputs(params, samples, noise), target, weight)[0] / total

        return jax.tree.map(jnp.add, carry, jax.value_and_grad(loss)(params)), None

    count = size // config.sub_batch
    pieces = [
        a.reshape(count, config.sub_batch, *a.shape[1:]) for a in (samples, batch.noise, target, weight)
    ]
    nothing = (jnp.float32(0.0), jax.tree.map(jnp.zeros_like, params))
    added: tuple[jax.Array, Params] = lax.scan(part, nothing, tuple(pieces))[0]
    return added


def run_epoch(step: Step, units: int = 0) -> Epoch:
    """An epoch: the first ``steps`` rows of the turn's batches in order, and their mean metrics.

    Noise for the dropout of ``units`` per sample is drawn two steps ahead and spread one step ahead, and both
    are carried, so that each is computed once: fused into the dropout it would be, wherever a mask is used.
    """

    def epoch(state: TrainState, source: Source, scaler: Scaler, turn: Turn) -> tuple[TrainState, Metrics]:
        batch_size = turn.samples.shape[1]

        def words_of(step: jax.Array) -> jax.Array:
            return draw(state.key, step, batch_size, units)

        def body(i: jax.Array, carry: _Carry) -> _Carry:
            state, sums, noise, words = carry
            batch = Batch(turn.samples[i], noise, turn.rates[i])
            state, (loss, slope, moved, size) = step(state, source, scaler, batch)
            fine = jnp.isfinite(loss) & jnp.isfinite(slope)
            bad = jnp.where((sums.bad < 0) & ~fine, i, sums.bad)
            sums = Metrics(sums.loss + loss, sums.grad_norm + slope, sums.update_norm + moved, size, bad)
            return state, sums, spread(words, batch_size), words_of(state.step + jnp.uint32(1))

        zero = jnp.float32(0.0)
        nothing = Metrics(zero, zero, zero, zero, jnp.int32(-1))
        ahead = words_of(state.step + jnp.uint32(1))
        carry = (state, nothing, spread(words_of(state.step), batch_size), ahead)
        state, sums, *_ = lax.fori_loop(0, turn.steps, body, carry)
        count = jnp.maximum(turn.steps, 1).astype(jnp.float32)
        return state, sums._replace(
            loss=sums.loss / count, grad_norm=sums.grad_norm / count, update_norm=sums.update_norm / count
        )

    return epoch


def fit(
    epoch: Epoch,
    state: TrainState,
    data: tuple[Source, Scaler],
    plan: Iterable[Turn],
    *,
    validate: Callable[[jax.Array], AnyArray] | None = None,
    patience: int = 0,
) -> tuple[jax.Array, list[dict[str, AnyArray]]]:
    """Train through ``plan``, one turn per epoch; several folds at once carry a leading axis.

    Parameters
    ----------
    epoch : compiled :func:`run_epoch`, which takes the state for itself
    state : TrainState
    data : the source shared by all folds, the scaler of the fold
    plan : shuffled sample numbers, number of steps and learning rates per epoch
    validate : packed params -> validation loss, () or (folds,); without it the last parameters are
        returned, with it the best
    patience : see :func:`early_stop`

    Returns
    -------
    packed params, and per epoch the metrics as NumPy scalars (or (folds,) arrays). Training ends early when
    no fold has a finite loss any more; which ones do not, the metric ``bad`` tells.
    """
    best = jnp.copy(state.params)
    history: list[dict[str, AnyArray]] = []
    for turn in plan:
        state, metrics = epoch(state, *data, turn)
        history.append({name: np.asarray(value) for name, value in metrics._asdict().items()})
        if (history[-1]["bad"] >= 0).all():
            break
        if validate is None:
            continue
        history[-1]["validation"] = validate(state.params)
        better, stopped = early_stop([entry["validation"] for entry in history], patience)
        best = jnp.where(jax.device_put(better[..., None]), state.params, best)
        if stopped.all():
            break
    return (state.params if validate is None else best), history


def early_stop(losses: Sequence[AnyArray], patience: int) -> tuple[BoolArray, BoolArray]:
    """Whether the last epoch is the best so far, and whether training is over, per fold.

    A fold is over once ``patience`` epochs in a row brought no lower loss (never for 0); later epochs then
    no longer count, so that folds trained together stop as if trained alone.
    """
    best = np.full(np.shape(losses[0]), np.inf)
    since = np.zeros_like(best, dtype=np.int64)
    over = np.zeros_like(best, dtype=np.bool_)
    better = over
    for loss in losses:
        better = (loss < best) & ~over
        best = np.where(better, loss, best)
        since = np.where(better, 0, since + 1)
        over = over | ((since >= patience) & (patience > 0))
    return better, over


def _horizon_weights(config: TrainConfig, outputs: int) -> jax.Array:
    """(O,) weight of each horizon in the loss."""
    given = config.horizon_weights or (1.0,) * outputs
    if len(given) != outputs:
        raise ValueError(f"`horizon_weights` must have one entry per horizon, {outputs}; got {len(given)}.")
    return jnp.asarray(given, jnp.float32)


if __name__ == "__main__":
    # python -m jqfast.learn.train CONFIG: the command stands on the roof, which no room imports from
    import runpy

    runpy.run_module("jqfast.cli_train", run_name="__main__")
