"""How a gradient becomes an update: clip, Adam, and the learning rate of each step.

The learning rate is no part of what is compiled: it comes with every epoch as one number per step, so that
schedules and searches over rates share one compiled function, and folds of different length each run through
their whole schedule.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import optax  # type: ignore[import-untyped]

from jqfast.types import AnyArray

Schedule = Literal["constant", "linear", "cosine"]
SCHEDULES: tuple[Schedule, ...] = ("constant", "linear", "cosine")


def make_optimiser(clip_norm: float) -> optax.GradientTransformation:
    """Gradient -> the direction to step against, by Adam; the caller applies decay and learning rate.

    Parameters
    ----------
    clip_norm : gradients with a larger Euclidean norm are scaled down to it; 0 leaves them
    """
    clip = [optax.clip_by_global_norm(clip_norm)] if clip_norm else []
    return optax.chain(*clip, optax.scale_by_adam())


def rates(
    schedule: Schedule, peak: float, warmup: float, *, epoch: int, epochs: int, steps: int, most_steps: int
) -> AnyArray:
    """(most_steps,) float32 learning rate of each step of an epoch; 0 behind the fold's own ``steps``.

    Notes
    -----
    With p the share of all steps done, in (0, 1], and w the warm-up: rate = peak * min(p / w, 1) * s, where
    s falls from 1 at the end of the warm-up to 0 at the end of training: 1 - q (linear) or
    (1 + cos(pi q)) / 2 (cosine) with q = (p - w) / (1 - w).
    """
    place = epoch * steps + np.arange(steps)
    done = (place + 1) / (epochs * steps)
    rate = peak * (np.minimum(done / warmup, 1.0) if warmup else np.ones(steps))
    if schedule != "constant":
        q = np.clip((place / (epochs * steps) - warmup) / (1.0 - warmup), 0.0, 1.0)
        rate = rate * (1.0 - q if schedule == "linear" else (1.0 + np.cos(math.pi * q)) / 2)
    out = np.zeros(most_steps, dtype=np.float32)
    out[:steps] = rate
    return out
