"""One file per trained fold: weights, fitted normalisation, predictions, and what they were made from.

The file is safetensors, so that anything can read the weights; a JSON text in its header says what they
are. It is written to a temporary name and renamed, so a half-written one never has the right name; a
checksum finds the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.errors import DataGapError
from jqfast.features.normalize import Fitted
from jqfast.types import AnyArray, Float32Array, IntArray

_FORMAT = 1
_SUFFIX = ".safetensors"
_FITTED = "fitted_"


@dataclass(frozen=True, eq=False)
class FoldModel:
    """A trained fold.

    Parameters
    ----------
    name : name of the fold
    kind : name of the model
    weights, biases : as the model's ``to_layers`` gives them: per dense layer (I, O) and (O,) float32, per
        LSTM layer W_x, W_h and b
    activations : after each layer
    fitted : normalisation of the fold; ``fitted.apply(x)`` turns (S, F) features into (S, 2F) model inputs
    input_names : names of the 2F model inputs
    dropped : features without enough coverage in this fold, or not selected; their inputs are 0
    horizons : sessions ahead of each output
    predict_rows : (P,) int64 rows of the panel
    scores : (O, P, N) float32 predictions of those rows, NaN where there is none
    history : metric -> one number per epoch
    fingerprint : hash of the configuration, the data and the versions behind all this
    texts : of tree models, one per output; networks have weights instead
    unselected : those of ``dropped`` that were known often enough, but not selected
    """

    name: str
    kind: str
    weights: tuple[Float32Array, ...]
    biases: tuple[Float32Array, ...]
    activations: tuple[str, ...]
    fitted: Fitted
    input_names: tuple[str, ...]
    dropped: tuple[str, ...]
    horizons: tuple[int, ...]
    predict_rows: IntArray
    scores: Float32Array
    history: Mapping[str, tuple[float, ...]]
    fingerprint: str
    texts: tuple[str, ...] = ()
    unselected: tuple[str, ...] = ()


def fold_path(models_dir: Path, name: str) -> Path:
    """Where the fold of this name lives."""
    return models_dir / f"fold_{name}{_SUFFIX}"


def save_fold(path: Path, model: FoldModel) -> None:
    """Write a fold; a kill at any moment leaves either the old file or the new one."""
    from safetensors.numpy import save

    tensors = _tensors(model)
    about = {
        "format": _FORMAT,
        "name": model.name,
        "kind": model.kind,
        "activations": model.activations,
        "input_names": model.input_names,
        "dropped": model.dropped,
        "unselected": model.unselected,
        "horizons": model.horizons,
        "layers": len(model.weights),
        "history": {name: list(values) for name, values in model.history.items()},
        "fingerprint": model.fingerprint,
        "checksum": _checksum(tensors),
    }
    content = save(tensors, metadata={"jqfast": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load_fold(path: str | Path) -> FoldModel:
    """Read a fold.

    Raises
    ------
    FileNotFoundError
        When there is none.
    DataGapError
        When the file is cut, damaged or of another format.
    """
    about, tensors = _read(Path(path))
    if about.get("format") != _FORMAT:
        raise DataGapError(
            f"`{path}` has format {about.get('format')}; this version reads {_FORMAT}. Train it again."
        )
    if about["checksum"] != _checksum(tensors):
        raise DataGapError(
            f"`{path}` is damaged: its numbers do not match their checksum. Train the fold again."
        )
    layers = range(about["layers"])
    heads = sum(1 for name in tensors if name.startswith("bias_"))
    fitted = {name[len(_FITTED) :]: array for name, array in tensors.items() if name.startswith(_FITTED)}
    return FoldModel(
        name=about["name"],
        kind=about["kind"],
        weights=tuple(tensors[f"weight_{i}"] for i in layers),
        biases=tuple(tensors[f"bias_{i}"] for i in range(heads)),
        activations=tuple(about["activations"]),
        fitted=Fitted.from_arrays(fitted),
        input_names=tuple(about["input_names"]),
        dropped=tuple(about["dropped"]),
        unselected=tuple(about.get("unselected", ())),
        horizons=tuple(about["horizons"]),
        predict_rows=tensors["predict_rows"],
        scores=tensors["scores"],
        history={name: tuple(values) for name, values in about["history"].items()},
        fingerprint=about["fingerprint"],
        texts=tuple(
            tensors[f"text_{i}"].tobytes().decode() for i in range(len(tensors)) if f"text_{i}" in tensors
        ),
    )


def resume_fold(path: Path, fingerprint: str) -> tuple[FoldModel | None, str]:
    """The finished fold, or None and the reason why it has to be trained: empty when there is no file yet."""
    if not path.exists():
        return None, ""
    try:
        model = load_fold(path)
    except DataGapError as error:
        return None, str(error)
    if model.fingerprint != fingerprint:
        return None, f"`{path.name}` was made from other data, settings or versions and is trained again."
    return model, ""


def _tensors(model: FoldModel) -> dict[str, AnyArray]:
    """All arrays of a fold by name."""
    tensors: dict[str, AnyArray] = {f"weight_{i}": w for i, w in enumerate(model.weights)}
    tensors |= {f"bias_{i}": b for i, b in enumerate(model.biases)}
    tensors |= {f"text_{i}": np.frombuffer(t.encode(), np.uint8) for i, t in enumerate(model.texts)}
    tensors |= {f"{_FITTED}{key}": array for key, array in model.fitted.to_arrays().items()}
    tensors |= {"predict_rows": model.predict_rows, "scores": model.scores}
    return {name: np.ascontiguousarray(array) for name, array in tensors.items()}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, AnyArray]]:
    """Header text and arrays of a file, or a DataGapError that says what is wrong with it."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            about = json.loads((file.metadata() or {})["jqfast"])
            return about, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError:
        raise
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise DataGapError(
            f"`{path}` is not a complete fold file ({error}). Train the fold again."
        ) from error


def _checksum(tensors: Mapping[str, AnyArray]) -> str:
    """Hash of names, shapes and bytes of all arrays."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
