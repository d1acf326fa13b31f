"""What every fold owes its model whatever that is: something to learn from, and seeds of its own."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from jqfast.errors import DataGapError
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset
from jqfast.learn.folds import Fold
from jqfast.types import AnyArray, IntArray


def check_learnable(
    data: Dataset, fold: Fold, train: IntArray, dropped: Sequence[str], config: TrainConfig
) -> None:
    """Raise ``DataGapError`` for a fold that has nothing to learn from, or nothing to learn."""
    if len(train) < config.min_samples:
        raise DataGapError(
            f"Fold {fold.name} has {len(train)} training samples on {len(fold.train_rows)} dates; "
            f"`min_samples` asks for {config.min_samples}. Lengthen `train_months`, lower `sample_every`, or "
            "bring more stocks."
        )
    if len(dropped) == len(data.names):
        raise DataGapError(
            f"Fold {fold.name} has no input: all {len(dropped)} features are known in less than "
            f"{config.min_coverage:.0%} of its training samples (`min_coverage`). Their history may begin "
            "later; raise `warmup` or choose others."
        )
    for horizon, column in zip(data.horizons, data.targets[train].T, strict=True):
        known = column[np.isfinite(column)]
        if len(known) and known.min() == known.max():
            raise DataGapError(
                f"Fold {fold.name} has nothing to learn: the target of horizon {horizon} is {known[0]:g} in "
                f"all {len(known)} training samples. Do the prices ever move?"
            )


def fold_seeds(seed: int, name: str) -> AnyArray:
    """(4,) uint32 words that belong to a seed and the name of a fold."""
    return np.random.SeedSequence([seed, zlib.crc32(name.encode())]).generate_state(4)
