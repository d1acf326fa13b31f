"""Explanation: layer-wise relevance propagation of single predictions and of whole walk-forwards."""

from __future__ import annotations

from jqfast.explain.lrp import lrp, lrp_dense, lrp_lstm
from jqfast.explain.means import lrp_means, lrp_to_parquet
from jqfast.explain.nets import DenseNet, LstmLayer, LstmNet
from jqfast.explain.result import GroupMeans, LrpResult
from jqfast.explain.rules import ACTIVATIONS, RULES, Rule
from jqfast.explain.walk_forward import DailyRelevance, Relevance, demeaned, walk_forward_relevance

__all__ = [
    "ACTIVATIONS",
    "RULES",
    "DailyRelevance",
    "DenseNet",
    "GroupMeans",
    "LrpResult",
    "LstmLayer",
    "LstmNet",
    "Relevance",
    "Rule",
    "demeaned",
    "lrp",
    "lrp_dense",
    "lrp_lstm",
    "lrp_means",
    "lrp_to_parquet",
    "walk_forward_relevance",
]
