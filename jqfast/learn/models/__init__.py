"""Models as pure functions: ``init(key, config) -> params`` and ``apply(params, x, key)`` of one sample."""

from jqfast.learn.models.linear import LinearConfig
from jqfast.learn.models.lstm import LstmConfig
from jqfast.learn.models.mlp import MlpConfig
from jqfast.learn.models.model import Kind, Model, ModelConfig, Params, build, default_config

__all__ = [
    "Kind",
    "LinearConfig",
    "LstmConfig",
    "MlpConfig",
    "Model",
    "ModelConfig",
    "Params",
    "build",
    "default_config",
]
