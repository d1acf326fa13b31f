"""The rules of layer-wise relevance propagation, as people name them and with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np

from jqfast.errors import unknown
from jqfast.types import AnyArray

RuleName = Literal["lrp0", "epsilon", "gamma", "alphabeta", "zplus", "wsquare", "flat", "zbox"]
Activation = Literal["linear", "tanh", "relu", "sigmoid", "elu", "gelu", "gelu_tanh", "silu"]

RULES: tuple[str, ...] = get_args(RuleName)
ACTIVATIONS: tuple[str, ...] = get_args(Activation)


@dataclass(frozen=True)
class Rule:
    """One rule with its numbers; those it does not use are ignored.

    Parameters
    ----------
    name : ``"lrp0"``, ``"epsilon"``, ``"gamma"``, ``"alphabeta"``, ``"zplus"``, ``"wsquare"``, ``"flat"`` or,
        for the first layer, ``"zbox"``
    epsilon : stabiliser of epsilon, alphabeta, zplus, wsquare and flat, in units of the target
    gamma : extra weight of the contributions with the sign of the unit
    alpha, beta : weights of positive and negative contributions; ``alpha - beta`` must be 1
    low, high : bounds of the inputs for ``"zbox"``, one number or one per input
    denominator : ``"preactivation"``, or ``"activation"``: the literal reading of "output value of the unit",
        for epsilon and lrp0 only
    """

    name: RuleName = "epsilon"
    epsilon: float = 1e-3
    gamma: float = 0.25
    alpha: float = 2.0
    beta: float = 1.0
    low: float | AnyArray | None = None
    high: float | AnyArray | None = None
    denominator: Literal["preactivation", "activation"] = "preactivation"

    def __post_init__(self) -> None:
        if self.name not in RULES:
            raise unknown("rule", str(self.name), RULES)
        for field in ("epsilon", "gamma", "beta"):
            value = getattr(self, field)
            if not (np.isfinite(value) and value >= 0):
                raise ValueError(f"`{field}` must be a number >= 0; got {value}.")
        if self.name == "alphabeta" and abs(self.alpha - self.beta - 1.0) > 1e-12:
            raise ValueError(
                f"`alpha` - `beta` must be 1, or relevance is not conserved; got {self.alpha} - {self.beta}."
            )
        if self.name == "zbox" and (self.low is None or self.high is None):
            raise ValueError("Rule `zbox` needs `low` and `high`, the bounds of the inputs.")
        if self.denominator not in ("preactivation", "activation"):
            raise unknown("denominator", str(self.denominator), ("preactivation", "activation"))
        if self.denominator == "activation" and self.name not in ("epsilon", "lrp0"):
            raise ValueError('`denominator` "activation" is defined for `epsilon` and `lrp0` only.')


RuleLike: TypeAlias = "str | Rule | Sequence[str | Rule]"


def rules_of(rule: RuleLike, epsilon: float, layers: int) -> list[Rule]:
    """One rule per layer; a single `zbox` is followed by `epsilon`, as it is defined on inputs only."""
    if isinstance(rule, (str, Rule)):
        first = _rule(rule, epsilon)
        rest = Rule(epsilon=first.epsilon) if first.name == "zbox" else first
        return [first, *[rest] * (layers - 1)][:layers]
    rules = [_rule(one, epsilon) for one in rule]
    if len(rules) != layers:
        raise ValueError(f"`rule` must be one rule or one per layer, {layers}; got {len(rules)}.")
    if any(one.name == "zbox" for one in rules[1:]):
        raise ValueError("Rule `zbox` is for the first layer only; give `epsilon` to the others.")
    return rules


def _rule(rule: str | Rule, epsilon: float) -> Rule:
    """A rule by name or as it is."""
    if isinstance(rule, Rule):
        return rule
    if rule not in RULES:
        raise unknown("rule", str(rule), RULES)
    return Rule(rule, epsilon=epsilon)  # type: ignore[arg-type]  # checked in the line above
