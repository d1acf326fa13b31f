"""Panels from a store: what each row of a panel could know of every table."""

from __future__ import annotations

from jqfast.data.stored.source import StorePanelSource, open_store

__all__ = ["StorePanelSource", "open_store"]
