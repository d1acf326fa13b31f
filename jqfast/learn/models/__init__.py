"""Models as pure functions: ``init(key, config) -> params`` and ``apply(params, x, noise)`` of one sample."""

from jqfast.learn.models.attention import AttentionConfig
from jqfast.learn.models.cnn import CnnConfig
from jqfast.learn.models.linear import LinearConfig, RidgeConfig
from jqfast.learn.models.lstm import LstmConfig
from jqfast.learn.models.mlp import MlpConfig
from jqfast.learn.models.model import (
    NETWORKS,
    Kind,
    Model,
    ModelConfig,
    Params,
    build,
    default_config,
    kind_of,
)
from jqfast.learn.models.trees import ForestConfig, LightgbmConfig

__all__ = [
    "NETWORKS",
    "AttentionConfig",
    "CnnConfig",
    "ForestConfig",
    "Kind",
    "LightgbmConfig",
    "LinearConfig",
    "LstmConfig",
    "MlpConfig",
    "Model",
    "ModelConfig",
    "Params",
    "RidgeConfig",
    "build",
    "default_config",
    "kind_of",
]
