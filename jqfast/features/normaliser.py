"""What a fold has fitted, with the names it belongs to, as a file: in production the same as in training.

The file is one JSON text with numbers as hexadecimal floats, so that every bit comes back; a checksum finds
what was cut or changed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.errors import DataGapError
from jqfast.features.normalize import Fitted
from jqfast.features.result import FeaturePanel, FeatureRow
from jqfast.files import write_text
from jqfast.types import AnyArray, Float32Array

_FORMAT = 1
_SEEN = "seen"


@dataclass(frozen=True, eq=False)
class Normaliser:
    """The way from features to model inputs.

    Parameters
    ----------
    names : F names of features, in order
    treatments : F treatments as text, see `jqfast.features.treatment`
    fitted : of the training rows of one fold
    """

    names: tuple[str, ...]
    treatments: tuple[str, ...]
    fitted: Fitted

    def __post_init__(self) -> None:
        if not len(self.names) == len(self.treatments) == len(self.fitted.center):
            raise ValueError(
                f"`names`, `treatments` and `fitted` must be of as many features; got {len(self.names)}, "
                f"{len(self.treatments)} and {len(self.fitted.center)}."
            )

    def inputs(self, X: FeaturePanel | FeatureRow) -> Float32Array:
        """Model inputs of a panel of features or of one day's row.

        Parameters
        ----------
        X : computed with ``normalize=True``, with the features of ``names`` in their order

        Returns
        -------
        (S, 2F) float32, S = T x N or N: values, then ``_isna`` flags; never NaN

        Raises
        ------
        ValueError
            If the features are others, or their per-date transforms are missing or were declared otherwise.
        """
        if X.names != self.names:
            other = next((n for n, m in zip(X.names, self.names, strict=False) if n != m), "their number")
            raise ValueError(
                f"`X` must have the features that were fitted, in order; they differ: `{other}`."
            )
        if not X.normalized:
            raise ValueError("`X` must hold per-date transforms; compute it with `normalize=True`.")
        changed = [n for n, how in zip(self.names, self.treatments, strict=True) if X.norms[n] != how]
        if changed:
            raise ValueError(f"`{changed[0]}` is declared otherwise than when it was fitted. Fit again.")
        samples = X.samples if isinstance(X, FeaturePanel) else X.values.T
        return self.fitted.apply(np.ascontiguousarray(samples, dtype=np.float32))

    def save(self, path: str | Path) -> None:
        """Write the file, whole or not at all."""
        arrays = {name: _written(values) for name, values in self.fitted.to_arrays().items()}
        content = {"format": _FORMAT, "names": self.names, "treatments": self.treatments, "fitted": arrays}
        text = json.dumps({**content, "checksum": _checksum(content)}, ensure_ascii=False, indent=1)
        write_text(Path(path), text)

    @classmethod
    def load(cls, path: str | Path) -> Normaliser:
        """Read what `save` wrote.

        Raises
        ------
        DataGapError
            If the file is cut, changed or of another format.
        """
        try:
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if content.pop("checksum") != _checksum(content) or content["format"] != _FORMAT:
                raise ValueError("its checksum or its format is not the one expected")
            arrays = {name: _read(name, values) for name, values in content["fitted"].items()}
            return cls(tuple(content["names"]), tuple(content["treatments"]), Fitted.from_arrays(arrays))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataGapError(f"`{path}` is no whole normaliser: {error}. Save it again.") from error


def _written(values: AnyArray) -> list[Any]:
    return [float(value).hex() if values.dtype.kind == "f" else bool(value) for value in values]


def _read(name: str, values: list[Any]) -> AnyArray:
    if name == _SEEN:
        return np.array(values, dtype=np.bool_)
    return np.array([float.fromhex(value) for value in values], dtype=np.float32)


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
