"""J-Quants V2: fetching what a store lacks. The HTTP parts come with ``pip install 'jqfast[jquants]'``."""

from __future__ import annotations

from jqfast.data.jquants.client import ClientOptions
from jqfast.data.jquants.errors import (
    BadRequestError,
    GaveUpError,
    JQuantsError,
    KeyRefusedError,
    NotInPlanError,
    OutsideWindowError,
)
from jqfast.data.jquants.report import SyncReport, TableReport
from jqfast.data.jquants.sync import SyncOptions, sync

__all__ = [
    "BadRequestError",
    "ClientOptions",
    "GaveUpError",
    "JQuantsError",
    "KeyRefusedError",
    "NotInPlanError",
    "OutsideWindowError",
    "SyncOptions",
    "SyncReport",
    "TableReport",
    "sync",
]
