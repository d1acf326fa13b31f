"""jqfast: point-in-time features, walk-forward forecasts, honest evaluation and LRP for Japanese equities.

Rooms, each importing only those to its left:
``data -> features -> learn -> factors -> evaluate -> explain -> report``; ``pipeline`` walks through all.
Submodules load on first use, so that ``import jqfast`` stays cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from jqfast import data, evaluate, explain, factors, features, learn, report
    from jqfast._core import build_info
    from jqfast.config import Config
    from jqfast.data.panel import Panel
    from jqfast.memory import keep_memory
    from jqfast.pipeline import run

_ROOMS = ("data", "features", "learn", "factors", "evaluate", "explain", "report")
_NAMES = {
    "Config": "jqfast.config",
    "Panel": "jqfast.data.panel",
    "build_info": "jqfast._core",
    "keep_memory": "jqfast.memory",
    "run": "jqfast.pipeline",
}

__all__ = [
    "Config",
    "Panel",
    "build_info",
    "data",
    "evaluate",
    "explain",
    "factors",
    "features",
    "keep_memory",
    "learn",
    "report",
    "run",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"jqfast.{name}")
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module `jqfast` has no attribute `{name}`")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
