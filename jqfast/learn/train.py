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
from jqfast.learn.losses import masked_mean
from jqfast.learn.models import Model, Params
from jqfast.learn.models.dropout import threefry
from jqfast.types import AnyArray, BoolArray


class TrainState(NamedTuple):
    """All that changes while a fold trains; donated to every epoch."""

    params: Params
    optimiser: optax.OptState
    step: jax.Array  # () uint32
    key: jax.Array  # (2,) uint32, draws the dropout


class Metrics(NamedTuple):
    """Means over the steps of an epoch; ``param_norm`` is the value after its last step."""

    loss: jax.Array
    grad_norm: jax.Array
    update_norm: jax.Array
    param_norm: jax.Array


Step: TypeAlias = Callable[[TrainState, Source, Scaler, jax.Array], tuple[TrainState, Metrics]]
Epoch: TypeAlias = Callable[[TrainState, Source, Scaler, jax.Array, jax.Array], tuple[TrainState, Metrics]]


def make_state(config: TrainConfig, params: Params, key: jax.Array) -> TrainState:
    """The state before the first step from ``params``; ``key`` (2,) uint32 draws the dropout."""
    return TrainState(params, optax.adam(config.learning_rate).init(params), jnp.uint32(0), key)


def make_step(model: Model, config: TrainConfig) -> Step:
    """One update of the model from the samples ``index`` (B,) int32, -1 for padding."""
    optimiser = optax.adam(config.learning_rate)

    def step(
        state: TrainState, source: Source, scaler: Scaler, index: jax.Array
    ) -> tuple[TrainState, Metrics]:
        x = transform(gather(source, index, model.length), scaler)
        target = source.targets[jnp.maximum(index, 0)]
        weight = jnp.where((index >= 0)[:, None], _horizon_weights(config, target.shape[1])[None, :], 0.0)
        keys = _sample_keys(state, index.shape[0])

        def loss_of(params: Params) -> jax.Array:
            predicted = jax.vmap(model.apply, in_axes=(None, 0, 0))(params, x, keys)
            return masked_mean(config.loss, predicted, target, weight)

        loss, gradient = jax.value_and_grad(loss_of)(state.params)
        updates, moments = optimiser.update(gradient, state.optimiser, state.params)
        params = optax.apply_updates(state.params, updates)
        norms = [_norm(tree) for tree in (gradient, updates, params)]
        return TrainState(params, moments, state.step + jnp.uint32(1), state.key), Metrics(loss, *norms)

    return step


def _norm(tree: Params) -> jax.Array:
    """Euclidean norm of all arrays of a tree; optax has moved its own from release to release."""
    return jnp.sqrt(jnp.sum(jnp.stack([jnp.vdot(leaf, leaf) for leaf in jax.tree.leaves(tree)])))


def run_epoch(step: Step) -> Epoch:
    """An epoch: the first ``steps`` rows of ``index`` (most steps, B) in order, and their mean metrics."""

    def epoch(
        state: TrainState, source: Source, scaler: Scaler, index: jax.Array, steps: jax.Array
    ) -> tuple[TrainState, Metrics]:
        def body(i: jax.Array, carry: tuple[TrainState, Metrics]) -> tuple[TrainState, Metrics]:
            state, new = step(carry[0], source, scaler, index[i])
            total = jax.tree.map(jnp.add, carry[1], new)
            return state, total._replace(param_norm=new.param_norm)

        nothing = Metrics(*(jnp.float32(0.0) for _ in Metrics._fields))
        state, total = lax.fori_loop(0, steps, body, (state, nothing))
        mean = jax.tree.map(lambda m: m / jnp.maximum(steps, 1).astype(jnp.float32), total)
        return state, mean._replace(param_norm=total.param_norm)

    return epoch


def fit(
    epoch: Epoch,
    state: TrainState,
    data: tuple[Source, Scaler],
    plan: Iterable[tuple[jax.Array, jax.Array]],
    *,
    validate: Callable[[Params], AnyArray] | None = None,
    patience: int = 0,
) -> tuple[Params, list[dict[str, AnyArray]]]:
    """Train through ``plan``, one (index, steps) pair per epoch; several folds at once carry a leading axis.

    Parameters
    ----------
    epoch : compiled :func:`run_epoch`, which takes the state for itself
    state : TrainState
    data : the source shared by all folds, the scaler of the fold
    plan : shuffled sample numbers and number of steps per epoch
    validate : params -> validation loss, () or (folds,); without it the last parameters are returned, with
        it the best
    patience : see :func:`early_stop`

    Returns
    -------
    params, and per epoch the metrics as NumPy scalars (or (folds,) arrays)
    """
    best = jax.tree.map(jnp.copy, state.params) if validate else None
    history: list[dict[str, AnyArray]] = []
    for index, steps in plan:
        state, metrics = epoch(state, *data, index, steps)
        history.append({name: np.asarray(value) for name, value in metrics._asdict().items()})
        if validate is None:
            continue
        history[-1]["validation"] = validate(state.params)
        better, stopped = early_stop([entry["validation"] for entry in history], patience)
        best = jax.tree.map(lambda new, old, b=better: jnp.where(_like(b, new), new, old), state.params, best)
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


def _like(flags: BoolArray, array: jax.Array) -> jax.Array:
    """Flags () or (folds,) with trailing axes added up to the rank of ``array``."""
    shaped: jax.Array = jax.device_put(flags.reshape(flags.shape + (1,) * (array.ndim - flags.ndim)))
    return shaped


def _horizon_weights(config: TrainConfig, outputs: int) -> jax.Array:
    """(O,) weight of each horizon in the loss."""
    given = config.horizon_weights or (1.0,) * outputs
    if len(given) != outputs:
        raise ValueError(f"`horizon_weights` must have one entry per horizon, {outputs}; got {len(given)}.")
    return jnp.asarray(given, jnp.float32)


def _sample_keys(state: TrainState, batch: int) -> jax.Array:
    """(B, 2) uint32, one key per sample of this step."""
    rows = jnp.arange(batch, dtype=jnp.uint32)
    return jnp.stack(threefry(state.key, jnp.broadcast_to(state.step, rows.shape), rows), axis=-1)
