"""From expressions to a plan by small passes: intern, fold, share, stage, schedule, lower."""

from jqfast.features.passes.compile import Plan, compile_plan

__all__ = ["Plan", "compile_plan"]
