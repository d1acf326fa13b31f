"""What a fold was made from, as one hash: configuration, rows, their data, and the versions that computed it.

Rows are hashed one by one, so that appending sessions leaves the hash of every earlier fold alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.metadata import version

import numpy as np

from jqfast.learn._jax_setup import cpu_count, jax
from jqfast.learn.config import TrainConfig
from jqfast.learn.dataset import Dataset, sequence_rows
from jqfast.learn.folds import Fold
from jqfast.learn.models.trees import TREES
from jqfast.types import AnyArray, IntArray


def fingerprints(
    data: Dataset, folds: Sequence[Fold], config: TrainConfig, flagged: IntArray
) -> dict[str, str]:
    """Fold name -> hash of all that its model and predictions depend on; ``flagged`` features have flags."""
    T = len(data.dates)
    features = _row_hashes(data.samples.reshape(T, -1), data.usable)
    targets = _row_hashes(data.targets.reshape(T, -1), data.trainable)
    history = sequence_rows(data.is_session, max(getattr(config.model, "length", 0), 1))
    common = _common(data, config, flagged)
    prints: dict[str, str] = {}
    previous = ""
    for fold in folds:
        learnt = np.concatenate([fold.train_rows, fold.validation_rows])
        read = np.unique(history[np.concatenate([learnt, fold.predict_rows])])
        digest = hashlib.sha256(f"{common} {fold.name} {previous}".encode())
        for rows in (fold.train_rows, fold.validation_rows, fold.predict_rows):
            digest.update(f"{len(rows)} ".encode() + rows.astype(np.int64).tobytes())
        digest.update(b"".join(features[row] for row in read if row >= 0))
        digest.update(b"".join(targets[row] for row in learnt))
        prints[fold.name] = digest.hexdigest()
        previous = prints[fold.name] if config.warm_start else ""
    return prints


def _libraries(config: TrainConfig) -> tuple[str, ...]:
    """Libraries whose version can change a result."""
    trees = isinstance(config.model, TREES)
    return ("numpy", "lightgbm") if trees else ("jax", "jaxlib", "optax", "numpy")


def _row_hashes(values: AnyArray, members: AnyArray) -> list[bytes]:
    """Hash of each row of ``values`` and of who counts in it; hashing releases the GIL."""

    def one(row: int) -> bytes:
        digest = hashlib.sha256(values[row])
        digest.update(members[row])
        return digest.digest()

    with ThreadPoolExecutor(cpu_count()) as pool:
        return list(pool.map(one, range(len(values))))


def _common(data: Dataset, config: TrainConfig, flagged: IntArray) -> str:
    """What all folds of a run share, as text."""
    settings = asdict(config)
    for name in ("threads", "device", "ensemble"):
        del settings[name]  # speed only; the backend is named below; members are files of their own
    about = {
        "config": settings,
        "model": type(config.model).__name__,
        "names": data.names,
        "norms": data.norms,
        "flagged": flagged.tolist(),
        "codes": data.codes.tolist(),
        "horizons": data.horizons,
        "versions": {name: version(name) for name in _libraries(config)},
        "backend": jax.default_backend(),
    }
    return json.dumps(about, sort_keys=True)
