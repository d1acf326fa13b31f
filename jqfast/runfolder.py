"""A run is a folder: whole files only, one writer at a time, and stages that are not repeated.

In: a path. Out: files that are either complete or absent (written under a temporary name, synced,
renamed), and ``manifest.json``, which remembers for each finished stage the key it was computed under. A
key is a hash of all the stage depends on, so a stage is reused exactly when nothing it depends on has
changed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from jqfast.errors import DataGapError
from jqfast.files import PARTIAL, holder, lock, now, unlock, write_text

_LOCK = ".lock"
_MANIFEST = "manifest.json"
_LEFTOVERS = (f".*{PARTIAL}", ".*.tmp")


def write_json(path: Path, value: object) -> None:
    """``value`` as indented JSON, whole or not at all; NaN and Inf become null, as JSON has neither."""
    write_text(path, json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def digest(*parts: object) -> str:
    """A short stable hash of values: dataclasses, mappings, sequences, text, numbers, None."""
    text = json.dumps([plain(part) for part in parts], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def file_digest(path: Path) -> str:
    """A short hash of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


class RunFolder:
    """The folder of one run, locked for this process while it is entered.

    Parameters
    ----------
    path : folder; made with its parents when absent
    whole : nothing may be left to compute: a stage that is not finished under its key is an error

    Raises
    ------
    OSError
        On entering, if the folder cannot be made or written.
    ValueError
        On entering, if another process works in the folder, or ``path`` is a file.
    """

    def __init__(self, path: Path, *, whole: bool = False) -> None:
        self.path = path
        self.whole = whole
        self._lock: IO[str] | None = None
        self.manifest: dict[str, Any] = {}

    def __enter__(self) -> RunFolder:
        if self.path.exists() and not self.path.is_dir():
            raise ValueError(f"`--out`/`--name` give `{self.path}`, which is a file; a run needs a folder.")
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(self.path / _LOCK)
        for pattern in _LEFTOVERS:
            for leftover in self.path.rglob(pattern):
                leftover.unlink()  # what a killed run was writing
        self.manifest = _read_json(self.path / _MANIFEST)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            unlock(self._lock)
            self._lock = None

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def finished(self, stage: str, key: str, *files: str) -> bool:
        """Whether the stage was finished under this very key and its files are still there."""
        entry = self.manifest.get("stages", {}).get(stage, {})
        there = entry.get("key") == key and all((self.path / name).exists() for name in files)
        if self.whole and not there:
            raise DataGapError(
                f"The {stage} of `{self.path}` are not there, or the data or the version are others now. Run "
                f"it again: jqfast run --config {self.path / 'config.toml'}"
            )
        return there

    def record(self, stage: str, key: str, seconds: float) -> None:
        """Remember that a stage is finished; call after its files are in place."""
        stages = self.manifest.setdefault("stages", {})
        stages[stage] = {"key": key, "seconds": round(seconds, 3), "finished": now()}
        self.save()

    def note(self, **facts: object) -> None:
        """Facts for the manifest's reader: versions, hashes, seed, folds."""
        self.manifest.update({name: plain(value) for name, value in facts.items()})
        self.save()

    def save(self) -> None:
        """Write the manifest."""
        write_json(self.path / _MANIFEST, self.manifest)


def _lock(path: Path) -> IO[str]:
    """An open file under this process's lock."""
    file = lock(path)
    if file is None:
        raise ValueError(
            f"Run folder `{path.parent}` is in use by {holder(path)}. Wait until that run ends, or give this "
            "one another `--name`."
        )
    return file


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file, or an empty one when the file is absent or not ours."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return value if isinstance(value, dict) else {}


def plain(value: object) -> Any:
    """``value`` in JSON's own types."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [
            plain(item) for item in (sorted(value, key=str) if isinstance(value, set | frozenset) else value)
        ]
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)
