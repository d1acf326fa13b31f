"""The published set of 158 features as name -> expression, from the catalogue."""

from __future__ import annotations

from jqfast.features import Expr
from jqfast.features.catalog.alpha158 import alpha158 as family


def alpha158() -> dict[str, Expr]:
    """Name -> expression of all 158."""
    return {feature.name: feature.expr for feature in family}
