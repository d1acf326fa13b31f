"""Explanation: layer-wise relevance propagation of single predictions and of whole walk-forwards."""

from __future__ import annotations

from jqfast.explain.lrp import LrpResult, lrp_dense
from jqfast.explain.rules import ACTIVATIONS, RULES, Rule
from jqfast.explain.walk_forward import DailyRelevance, Relevance, demeaned, walk_forward_relevance

__all__ = [
    "ACTIVATIONS",
    "RULES",
    "DailyRelevance",
    "LrpResult",
    "Relevance",
    "Rule",
    "demeaned",
    "lrp_dense",
    "walk_forward_relevance",
]
