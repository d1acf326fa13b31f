"""The report: figures and tables of a run in one self-contained HTML file, in English or Japanese."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jqfast.report.html import build, write
    from jqfast.report.inputs import ReportInput

_NAMES = {"build": "jqfast.report.html", "write": "jqfast.report.html", "ReportInput": "jqfast.report.inputs"}

__all__ = ["ReportInput", "build", "write"]


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(importlib.import_module(_NAMES[name]), name)
    raise AttributeError(f"module `jqfast.report` has no attribute `{name}`")
