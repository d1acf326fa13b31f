"""Features: a small language of formulas, a catalogue written in it, and a fast way to run both on a panel.

The language (leaves and operators) is exported here; ``panel`` computes, ``names`` and ``describe`` tell what
there is, ``audit`` proves that a feature does not look ahead. ``stream`` goes on from day to day with the
same bits, ``write`` puts what does not fit into memory into a file.
"""

from jqfast.features import ops
from jqfast.features.api import FeaturePanel, describe, names, panel
from jqfast.features.audit import AuditReport, audit
from jqfast.features.cell import explain
from jqfast.features.columns import (
    adjustment,
    close,
    column,
    dow,
    dow_cos,
    dow_sin,
    high,
    low,
    open_,
    turnover,
    volume,
)
from jqfast.features.coverage import quality
from jqfast.features.declare import Family, Feature, registry, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.normaliser import Normaliser
from jqfast.features.ops import *  # noqa: F403  # the operators are listed once, there
from jqfast.features.result import FeatureRow
from jqfast.features.stream import Stream, load_stream, stream
from jqfast.features.write import write

__all__ = [
    "AuditReport",
    "Expr",
    "Family",
    "Feature",
    "FeaturePanel",
    "FeatureRow",
    "Normaliser",
    "Stream",
    "adjustment",
    "audit",
    "close",
    "column",
    "describe",
    "dow",
    "dow_cos",
    "dow_sin",
    "explain",
    "high",
    "load_stream",
    "low",
    "names",
    "open_",
    "panel",
    "quality",
    "registry",
    "stream",
    "turnover",
    "two_thirds",
    "volume",
    "write",
]
__all__ += ops.__all__
