"""What the training loop knows of a model: how to start it, how to run one sample, how to write it down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeAlias

from jqfast.errors import unknown
from jqfast.learn._jax_setup import jax
from jqfast.learn.models import linear, lstm, mlp

Kind = Literal["mlp", "lstm", "linear"]
ModelConfig: TypeAlias = mlp.MlpConfig | lstm.LstmConfig | linear.LinearConfig

#: A NamedTuple of arrays; each model has its own, the loop treats all of them as trees.
Params: TypeAlias = Any

_MODULES: dict[str, Any] = {"mlp": mlp, "lstm": lstm, "linear": linear}
_CONFIGS: dict[str, type[ModelConfig]] = {
    "mlp": mlp.MlpConfig,
    "lstm": lstm.LstmConfig,
    "linear": linear.LinearConfig,
}


@dataclass(frozen=True)
class Model:
    """A model as pure functions with its configuration bound.

    Parameters
    ----------
    kind : name of the model
    length : sessions per sample; 0 when a sample is one row of inputs
    activations : activation after each layer
    init : (key, inputs, outputs) -> params
    apply : (params, x, key or None) -> outputs (O,) of one sample
    to_layers, from_layers : params <-> (weights, biases)
    """

    kind: Kind
    length: int
    activations: tuple[str, ...]
    init: Callable[[jax.Array, int, int], Params]
    apply: Callable[[Params, jax.Array, jax.Array | None], jax.Array]
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
    match config:
        case mlp.MlpConfig():
            return "mlp"
        case lstm.LstmConfig():
            return "lstm"
        case linear.LinearConfig():
            return "linear"


def build(config: ModelConfig) -> Model:
    """The model of a configuration."""
    kind = kind_of(config)
    module = _MODULES[kind]

    def init(key: jax.Array, inputs: int, outputs: int) -> Params:
        return module.init(key, config, inputs, outputs)

    return Model(
        kind=kind,
        length=config.length if isinstance(config, lstm.LstmConfig) else 0,
        activations=module.activations(config),
        init=init,
        apply=partial(module.apply, config=config),
        to_layers=module.to_layers,
        from_layers=module.from_layers,
    )
