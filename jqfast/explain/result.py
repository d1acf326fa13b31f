"""What a call of LRP returns, and how it says in which units its numbers are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.explain.rules import Rule
from jqfast.types import AnyArray, FloatArray, IntArray


class _Stated:
    """What is said of the scale beside every result."""

    residual: AnyArray
    prediction: AnyArray
    rules: tuple[Rule, ...]

    @property
    def scale(self) -> float:
        """Root mean square of the predictions: the size of what epsilon is added to."""
        return root_mean_square(self.prediction)

    @property
    def note(self) -> str:
        """One sentence to print beside the result."""
        return scale_note(self.scale, self.rules, self.residual)


@dataclass(frozen=True, eq=False)
class LrpResult(_Stated):
    """Relevance and what belongs beside it.

    Parameters
    ----------
    relevance : (..., I), or (..., L, I) of sequences; with several outputs (K, ...)
    residual : (...) share of the start that biases and stabilisers kept
    prediction : (...) the outputs that were explained
    rules : per dense layer, first layer first
    initial : (...) relevance of an LSTM's states before the first session; None for dense nets
    """

    relevance: AnyArray
    residual: AnyArray
    prediction: AnyArray
    rules: tuple[Rule, ...]
    initial: AnyArray | None = None


@dataclass(frozen=True, eq=False)
class GroupMeans(_Stated):
    """Relevance averaged over groups of samples, without the relevances themselves.

    Parameters
    ----------
    mean : (G, I), (G, L, I) of sequences; with several outputs (K, ...); float64, NaN for an empty group
    size : the same, mean of the absolute relevance
    count : (G,) samples
    residual, prediction : (S,) as :class:`LrpResult`; with several outputs (K, S)
    rules : per dense layer
    """

    mean: FloatArray
    size: FloatArray
    count: IntArray
    residual: AnyArray
    prediction: AnyArray
    rules: tuple[Rule, ...]


def root_mean_square(values: AnyArray) -> float:
    """Of the finite values; NaN without any."""
    known = np.asarray(values, dtype=np.float64)[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


def scale_note(scale: float, rules: tuple[Rule, ...], residual: AnyArray) -> str:
    """Epsilon against the size of the target, and what did not reach the inputs."""
    share = np.abs(residual[np.isfinite(residual)])
    kept = f"{np.median(share):.1%}" if share.size else "none"
    names = " / ".join(dict.fromkeys(rule.name for rule in rules))
    stabilised = [rule.epsilon for rule in rules if rule.name not in ("lrp0", "gamma", "zbox")]
    epsilon = ""
    if stabilised and scale > 0:
        largest = max(stabilised)
        epsilon = f" epsilon {largest:g} is {largest / scale:.2%} of it,"
    return (
        f"Rule {names}; relevance is in units of the prediction, whose root mean square is {scale:.4g};"
        f"{epsilon} and biases and stabilisers kept {kept} of a prediction in the median."
    )
