"""Explanation: layer-wise relevance propagation, other attributions, and how far they may be trusted."""

from __future__ import annotations

from jqfast.explain.aggregate import InputGroups, demean_by_date, group_inputs
from jqfast.explain.attributions import gradient_x_input, integrated_gradients, occlusion, predict_with
from jqfast.explain.faithfulness import (
    Curves,
    Evidence,
    another_stock,
    faithfulness_table,
    perturbation_curves,
    recovery,
    recovery_error,
    sensitivity_n,
    shuffled,
    stability,
)
from jqfast.explain.lrp import lrp, lrp_dense, lrp_lstm, lrp_many
from jqfast.explain.means import lrp_means, lrp_to_parquet
from jqfast.explain.nets import DenseNet, LstmLayer, LstmNet
from jqfast.explain.prepared import PreparedNet, prepare
from jqfast.explain.result import GroupMeans, LrpResult
from jqfast.explain.rules import ACTIVATIONS, RULES, Rule
from jqfast.explain.shapley import Shapley, shapley
from jqfast.explain.walk_forward import DailyRelevance, Relevance, demeaned, walk_forward_relevance

__all__ = [
    "ACTIVATIONS",
    "RULES",
    "Curves",
    "DailyRelevance",
    "DenseNet",
    "Evidence",
    "GroupMeans",
    "InputGroups",
    "LrpResult",
    "LstmLayer",
    "LstmNet",
    "PreparedNet",
    "Relevance",
    "Rule",
    "Shapley",
    "another_stock",
    "demean_by_date",
    "demeaned",
    "faithfulness_table",
    "gradient_x_input",
    "group_inputs",
    "integrated_gradients",
    "lrp",
    "lrp_dense",
    "lrp_lstm",
    "lrp_many",
    "lrp_means",
    "lrp_to_parquet",
    "occlusion",
    "perturbation_curves",
    "predict_with",
    "prepare",
    "recovery",
    "recovery_error",
    "sensitivity_n",
    "shapley",
    "shuffled",
    "stability",
    "walk_forward_relevance",
]
