"""The compiled functions of a configuration: an epoch of one fold or of several at once, and prediction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from jqfast.learn._jax_setup import jax
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Scaler, Source, blocks, gather, transform
from jqfast.learn.devices import over_devices
from jqfast.learn.models import Model, Params, build
from jqfast.learn.train import Epoch, make_step, run_epoch
from jqfast.types import Float32Array, IntArray

Predict: TypeAlias = Callable[[Params, Source, Scaler, jax.Array], jax.Array]

#: Samples per call of the compiled prediction, and sessions per call where samples are sequences.
_BLOCK = 4096
_SESSIONS = 16_384


@dataclass(frozen=True)
class Compiled:
    """``epoch`` trains one fold, ``epochs`` several with a leading axis; both consume the state."""

    model: Model
    epoch: Epoch
    epochs: Epoch
    predict: Predict


def compile_for(config: TrainConfig) -> Compiled:
    """The compiled functions of a configuration, shared by all configurations that compute the same."""
    same = TrainConfig(
        model=config.model,
        batch=config.batch,
        sub_batch=config.sub_batch,
        loss=config.loss,
        correlation_share=config.correlation_share,
        horizon_weights=config.horizon_weights,
        weight_decay=config.weight_decay,
        clip_norm=config.clip_norm,
        precision=config.precision,
    )
    return _compile(same)


@lru_cache(maxsize=8)
def _compile(config: TrainConfig) -> Compiled:
    model = build(config.model, config.precision)
    epoch = run_epoch(make_step(model, config), model.noise_units)

    def predict(params: Params, source: Source, scaler: Scaler, index: jax.Array) -> jax.Array:
        x = transform(gather(source, index, model.length), scaler, source.flagged)
        return model.apply_batch(params, x, None)

    together = over_devices(jax.vmap(epoch, in_axes=(0, None, 0, 0)))
    return Compiled(
        model, jax.jit(epoch, donate_argnums=0), jax.jit(together, donate_argnums=0), jax.jit(predict)
    )


def predict_samples(
    compiled: Compiled, params: Params, source: Source, scaler: Scaler, index: IntArray
) -> Float32Array:
    """(S, O) float32 outputs of the samples ``index`` (S,)."""
    size = max(_SESSIONS // compiled.model.length, 1) if compiled.model.length else _BLOCK
    out = np.empty((len(index), source.targets.shape[1]), dtype=np.float32)
    for number, block in enumerate(blocks(index, size)):
        part = out[number * size : (number + 1) * size]
        part[:] = np.asarray(compiled.predict(params, source, scaler, jax.device_put(block)))[: len(part)]
    return out
