"""Where a run comes from: versions, commit, machine, data; the facts of ``manifest.json``."""

from __future__ import annotations

import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import jqfast

_PACKAGES = ("numpy", "pandas", "pyarrow", "jax", "jaxlib", "optax", "matplotlib", "safetensors")


def facts() -> dict[str, Any]:
    """Versions, commit, compiled core and machine of this process."""
    from jqfast._core import build_info

    return {
        "versions": {
            "jqfast": jqfast.__version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in _PACKAGES},
        },
        "git": commit(),
        "core": dict(build_info()),
        "platform": platform.platform(),
    }


def commit() -> str | None:
    """The commit of the source this package runs from, with ``+`` when files differ; None for a wheel."""
    folder = Path(jqfast.__file__).resolve().parent
    tracked = _git(folder, "ls-files", "--error-unmatch", "__init__.py")
    head = _git(folder, "rev-parse", "HEAD") if tracked else None
    if not head:
        return None
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    """What git prints, None where there is no git or no repository."""
    try:
        result = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return result.stdout.strip() if result.returncode == 0 else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
