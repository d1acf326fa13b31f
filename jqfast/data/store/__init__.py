"""The store: every table of J-Quants as Parquet files that are whole, versioned and checked."""

from __future__ import annotations

from jqfast.data.store.store import Store
from jqfast.data.store.writer import Appended, Writer

__all__ = ["Appended", "Store", "Writer"]
