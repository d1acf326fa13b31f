"""How a model learns, as one frozen object that is saved with every run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from jqfast.errors import check_range, unknown
from jqfast.learn.losses import LOSSES, Loss
from jqfast.learn.models import MlpConfig, ModelConfig
from jqfast.learn.models.dot import PRECISIONS, Precision
from jqfast.learn.optimise import SCHEDULES, Schedule

Device = Literal["auto", "cpu", "gpu"]
DEVICES: tuple[Device, ...] = ("auto", "cpu", "gpu")

Method = Literal["none", "correlation", "l1", "gain"]
METHODS: tuple[Method, ...] = ("none", "correlation", "l1", "gain")

_LEAST = {
    "batch": 1,
    "sub_batch": 0,
    "epochs": 1,
    "ensemble": 1,
    "patience": 0,
    "min_samples": 1,
    "threads": 0,
}


@dataclass(frozen=True)
class SelectConfig:
    """Which of the features each fold learns from, decided on its training samples alone.

    Parameters
    ----------
    method : ``"none"`` takes all; ``"correlation"`` drops inputs that nearly repeat one before them, in the
        order of the features; ``"l1"`` keeps those with a weight at the best L1 penalty; ``"gain"`` those
        from which LightGBM's trees gain most
    limit : of ``"correlation"``: largest absolute correlation of two inputs that are kept
    keep : of ``"gain"``: inputs to keep at most
    """

    method: Method = "none"
    limit: float = 0.95
    keep: int = 50

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise unknown("method", str(self.method), METHODS)
        if not 0.0 < self.limit <= 1.0:
            raise ValueError(f"`limit` must be in (0, 1]; got {self.limit}.")
        if self.keep < 1:
            raise ValueError(f"`keep` must be an integer >= 1; got {self.keep}.")


@dataclass(frozen=True)
class TrainConfig:
    """How a model learns; the defaults are the reference hyper-parameters.

    Parameters
    ----------
    model : configuration of the model, which also names its kind
    learning_rate : of Adam; the highest one where there is a schedule
    schedule : ``"constant"``, or ``"linear"`` or ``"cosine"`` down to 0 at the end of training
    warmup : share of the steps in which the learning rate rises from 0
    weight_decay : decoupled, of weights and not of biases
    clip_norm : largest norm of a gradient, longer ones are scaled down; 0 leaves them
    batch : samples per step
    sub_batch : samples whose gradients are taken at a time and added up, so that long sequences stay in
        cache; 0 takes the batch at once; the result is the same but for rounding
    epochs : passes over the training samples
    seed : every fold derives its own from this and its name
    ensemble : models per fold, of the seeds ``seed``, ``seed + 1``, ...; standardised scores are averaged
    loss : ``"squared"`` or ``"huber"``
    correlation_share : 0 for the loss alone, 1 for 1 - the per-date correlation alone, a mixture between;
        above 0 each batch holds samples of one date
    horizon_weights : weight of each horizon in the loss; empty for equal ones
    patience : epochs without a better validation loss before stopping; 0 never stops
    min_coverage : inputs known in a smaller share of a fold's training samples are dropped in that fold
    min_samples : fewest training samples of a fold
    select : which of the features each fold learns from
    warm_start : start each fold from the model of the fold before it instead of from scratch
    precision : of the dots, ``"float32"`` or ``"bfloat16"`` (operands rounded, for tensor cores)
    device : ``"auto"``, or ``"cpu"`` or ``"gpu"`` to insist
    threads : folds trained at once on a CPU, 0 for one per core; results do not depend on it
    folds_at_once : folds in one ``vmap`` on an accelerator; 0 for as many as its memory allows
    """

    model: ModelConfig = field(default_factory=MlpConfig)
    learning_rate: float = 1e-3
    schedule: Schedule = "constant"
    warmup: float = 0.0
    weight_decay: float = 0.0
    clip_norm: float = 0.0
    batch: int = 300
    sub_batch: int = 0
    epochs: int = 20
    seed: int = 0
    ensemble: int = 1
    loss: Loss = "squared"
    correlation_share: float = 0.0
    horizon_weights: tuple[float, ...] = ()
    patience: int = 0
    min_coverage: float = 0.2
    min_samples: int = 50
    warm_start: bool = False
    precision: Precision = "float32"
    device: Device = "auto"
    threads: int = 0
    folds_at_once: int = 0
    select: SelectConfig = field(default_factory=SelectConfig)

    def __post_init__(self) -> None:
        for name, least in (*_LEAST.items(), ("folds_at_once", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"`{name}` must be an integer >= {least}; got {getattr(self, name)}.")
        if not self.learning_rate > 0:
            raise ValueError(f"`learning_rate` must be above 0; got {self.learning_rate}.")
        for name in ("weight_decay", "clip_norm"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be >= 0; got {getattr(self, name)}.")
        for kind, given, legal in (
            ("loss", self.loss, LOSSES),
            ("schedule", self.schedule, SCHEDULES),
            ("precision", self.precision, PRECISIONS),
            ("device", self.device, DEVICES),
        ):
            if given not in legal:
                raise unknown(kind, str(given), legal)
        if any(not weight >= 0 for weight in self.horizon_weights):
            raise ValueError(f"`horizon_weights` must be >= 0; got {self.horizon_weights}.")
        for name in ("min_coverage", "correlation_share"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("warmup", self.warmup, 0, 0.5)
        if self.sub_batch and self.batch % self.sub_batch:
            raise ValueError(f"`sub_batch` must divide `batch` ({self.batch}); got {self.sub_batch}.")
        if self.sub_batch and self.correlation_share:
            raise ValueError(
                "`sub_batch` takes gradients piece by piece, but a correlation needs its whole batch; "
                "set it to 0."
            )
