"""Data: everything from a file, a frame or the simulator to a :class:`Panel`."""

from __future__ import annotations

from jqfast.data.audit import StoreAudit, audit_store
from jqfast.data.external import Release, attach, read_external
from jqfast.data.french import read_french
from jqfast.data.jquants.report import SyncReport
from jqfast.data.jquants.sync import SyncOptions, sync
from jqfast.data.panel import PRICE_COLUMNS, Panel, PanelInfo
from jqfast.data.prices import BadRows, read_prices

# Bound here, after its module of the same name is loaded, so that `jqfast.data.simulate` is the function.
from jqfast.data.simulate import SimulateConfig, Simulated, simulate
from jqfast.data.simulator.truth import Truth, read_truth
from jqfast.data.store import Store
from jqfast.data.stored import StorePanelSource
from jqfast.data.stored import open_store as open

__all__ = [
    "PRICE_COLUMNS",
    "BadRows",
    "Panel",
    "PanelInfo",
    "Release",
    "SimulateConfig",
    "Simulated",
    "Store",
    "StoreAudit",
    "StorePanelSource",
    "SyncOptions",
    "SyncReport",
    "Truth",
    "attach",
    "audit_store",
    "open",
    "read_external",
    "read_french",
    "read_prices",
    "read_truth",
    "simulate",
    "sync",
]
