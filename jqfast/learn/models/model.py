"""What the training loop knows of a model: how to start it, how to run samples, how to write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from jqfast.errors import unknown
from jqfast.learn._jax_setup import jax
from jqfast.learn.models import attention, cnn, linear, lstm, mlp, trees
from jqfast.learn.models.dot import DOTS, Precision

Kind = Literal["mlp", "lstm", "linear", "ridge", "cnn", "attention", "lightgbm", "forest"]
ModelConfig: TypeAlias = (
    mlp.MlpConfig
    | lstm.LstmConfig
    | linear.LinearConfig
    | linear.RidgeConfig
    | cnn.CnnConfig
    | attention.AttentionConfig
    | trees.LightgbmConfig
    | trees.ForestConfig
)

#: A NamedTuple of arrays; each model has its own, the loop treats all of them as trees.
Params: TypeAlias = Any

_MODULES: dict[type[ModelConfig], Any] = {
    mlp.MlpConfig: mlp,
    lstm.LstmConfig: lstm,
    linear.LinearConfig: linear,
    linear.RidgeConfig: linear,
    cnn.CnnConfig: cnn,
    attention.AttentionConfig: attention,
}
_CONFIGS: dict[str, type[ModelConfig]] = {
    "mlp": mlp.MlpConfig,
    "lstm": lstm.LstmConfig,
    "linear": linear.LinearConfig,
    "ridge": linear.RidgeConfig,
    "cnn": cnn.CnnConfig,
    "attention": attention.AttentionConfig,
    "lightgbm": trees.LightgbmConfig,
    "forest": trees.ForestConfig,
}

#: Kinds that are networks, trained by the common loop or, for ridge, by equations.
NETWORKS: tuple[Kind, ...] = ("mlp", "lstm", "linear", "ridge", "cnn", "attention")


@dataclass(frozen=True)
class Model:
    """A model as pure functions with its configuration bound.

    Parameters
    ----------
    kind : name of the model
    length : sessions per sample; 0 when a sample is one row of inputs
    activations : activation after each layer
    init : (key, inputs, outputs) -> params
    noise_units : bytes of noise that the dropout of one sample takes
    apply : (params, x, noise or None) -> outputs (O,) of one sample
    apply_batch : (params, x with a leading axis, noise or None) -> outputs (B, O); the same numbers but for
        rounding
    to_layers, from_layers : params <-> (weights, biases); the inputs are the first axis of the first weight
    """

    kind: Kind
    length: int
    activations: tuple[str, ...]
    noise_units: int
    init: Callable[[jax.Array, int, int], Params]
    apply: Callable[[Params, jax.Array, jax.Array | None], jax.Array]
    apply_batch: Callable[[Params, jax.Array, jax.Array | None], jax.Array]
    to_layers: Callable[[Params], tuple[Sequence[jax.Array], Sequence[jax.Array]]]
    from_layers: Callable[[Sequence[Any], Sequence[Any]], Params]


def default_config(kind: str) -> ModelConfig:
    """The reference configuration of a model.

    Raises
    ------
    ValueError
        For an unknown kind.
    """
    if kind not in _CONFIGS:
        raise unknown("model", kind, _CONFIGS)
    return _CONFIGS[kind]()


def kind_of(config: ModelConfig) -> Kind:
    """The name of the model that a configuration belongs to."""
    name: Kind = next(kind for kind in get_args(Kind) if isinstance(config, _CONFIGS[kind]))
    return name


def build(config: ModelConfig, precision: Precision = "float32") -> Model:
    """The network of a configuration, with dots of the given precision."""
    module = _MODULES[type(config)]

    def init(key: jax.Array, inputs: int, outputs: int) -> Params:
        return module.init(key, config, inputs, outputs)

    apply = partial(module.apply, config=config, dot=DOTS[precision])
    batched = getattr(module, "apply_batch", None)
    return Model(
        kind=kind_of(config),
        length=getattr(config, "length", 0),
        activations=module.activations(config),
        noise_units=module.noise_units(config),
        init=init,
        apply=apply,
        apply_batch=partial(batched, config=config, dot=DOTS[precision]) if batched else _vmapped(apply),
        to_layers=module.to_layers,
        from_layers=module.from_layers,
    )


def _vmapped(
    apply: Callable[[Params, jax.Array, jax.Array | None], jax.Array],
) -> Callable[[Params, jax.Array, jax.Array | None], jax.Array]:
    """The model of one sample over a batch."""

    def apply_batch(params: Params, x: jax.Array, noise: jax.Array | None) -> jax.Array:
        axes = (None, 0, None if noise is None else 0)
        outputs: jax.Array = jax.vmap(apply, in_axes=axes)(params, x, noise)
        return outputs

    return apply_batch
