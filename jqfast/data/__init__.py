"""Data: everything from a file, a frame or the simulator to a :class:`Panel`."""

from __future__ import annotations

from jqfast.data.panel import PRICE_COLUMNS, Panel, PanelInfo
from jqfast.data.prices import BadRows, read_prices

__all__ = ["PRICE_COLUMNS", "BadRows", "Panel", "PanelInfo", "read_prices"]
