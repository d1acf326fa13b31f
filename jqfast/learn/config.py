"""How a model learns, as one frozen object that is saved with every run."""

from __future__ import annotations

from dataclasses import dataclass, field

from jqfast.errors import unknown
from jqfast.learn.losses import LOSSES, Loss
from jqfast.learn.models import MlpConfig, ModelConfig


@dataclass(frozen=True)
class TrainConfig:
    """How a model learns; the defaults are the reference hyper-parameters.

    Parameters
    ----------
    model : configuration of the model, which also names its kind
    learning_rate : of Adam
    batch : samples per step
    epochs : passes over the training samples
    seed : every fold derives its own from this and its name
    loss : ``"squared"`` or ``"huber"``
    horizon_weights : weight of each horizon in the loss; empty for equal ones
    patience : epochs without a better validation loss before stopping; 0 never stops
    min_coverage : inputs known in a smaller share of a fold's training samples are dropped in that fold
    warm_start : start each fold from the model of the fold before it instead of from scratch
    threads : folds trained at once on a CPU, 0 for one per core; results do not depend on it
    folds_at_once : folds in one ``vmap`` on an accelerator; 0 means 64, or all if fewer
    """

    model: ModelConfig = field(default_factory=MlpConfig)
    learning_rate: float = 1e-3
    batch: int = 300
    epochs: int = 20
    seed: int = 0
    loss: Loss = "squared"
    horizon_weights: tuple[float, ...] = ()
    patience: int = 0
    min_coverage: float = 0.2
    warm_start: bool = False
    threads: int = 0
    folds_at_once: int = 0

    def __post_init__(self) -> None:
        for name, least in (
            ("batch", 1),
            ("epochs", 1),
            ("patience", 0),
            ("threads", 0),
            ("folds_at_once", 0),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"`{name}` must be an integer >= {least}; got {getattr(self, name)}.")
        if not self.learning_rate > 0:
            raise ValueError(f"`learning_rate` must be above 0; got {self.learning_rate}.")
        if self.loss not in LOSSES:
            raise unknown("loss", str(self.loss), LOSSES)
        if any(not weight >= 0 for weight in self.horizon_weights):
            raise ValueError(f"`horizon_weights` must be >= 0; got {self.horizon_weights}.")
        if not 0.0 <= self.min_coverage <= 1.0:
            raise ValueError(f"`min_coverage` must be between 0 and 1; got {self.min_coverage}.")
