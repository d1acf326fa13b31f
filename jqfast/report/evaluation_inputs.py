"""What the evaluation section prints: results of `jqfast.evaluate` as they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jqfast.evaluate.monotonic import Monotonic
    from jqfast.evaluate.overfitting import Overfitting
    from jqfast.evaluate.stats import Performance
    from jqfast.evaluate.study import Study


@dataclass(frozen=True, eq=False)
class EvaluationFacts:
    """The judgement in detail.

    Parameters
    ----------
    study : of the primary horizon
    monotonic : horizon -> the test of its decile returns
    performance : leg -> figures; empty where no book could be kept
    overfitting : None with fewer than two trials that have returns
    deflated : probability of the net Sharpe ratio given the number of trials
    trials : trials whose returns are known
    """

    study: Study
    monotonic: Mapping[int, Monotonic]
    performance: Mapping[str, Performance]
    overfitting: Overfitting | None = None
    deflated: float = float("nan")
    trials: int = 0
