"""Whether today's inputs still look like those a model was trained on: coverage and population stability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jqfast.types import AnyArray, FloatArray

_BINS = 10
#: Share of a bin below which it counts as this, so that an empty bin does not make the index infinite.
_FLOOR = 1e-4


@dataclass(frozen=True, eq=False)
class Drift:
    """Per feature: share known in training and now; population stability index, NaN where unknown."""

    names: tuple[str, ...]
    coverage_before: FloatArray
    coverage_now: FloatArray
    stability: FloatArray

    def suspects(self, *, stability: float, coverage: float) -> list[str]:
        """A sentence for each feature above the limit of stability, or known that much less often."""
        found = []
        for name, before, now, index in zip(
            self.names, self.coverage_before, self.coverage_now, self.stability, strict=True
        ):
            if before - now > coverage:
                found.append(f"`{name}` is known for {now:.0%} of the stocks, {before:.0%} in training.")
            if index > stability:
                found.append(
                    f"`{name}` has another distribution than in training: stability index {index:.2f}."
                )
        return found


def drift(before: AnyArray, now: AnyArray, names: Sequence[str]) -> Drift:
    """Compare the inputs of now with those of training.

    Parameters
    ----------
    before, now : (S, F) float, NaN where missing
    names : F names

    Notes
    -----
    Population stability index: sum over bins of (q - p) ln(q / p), with p and q the shares of training and
    of now in bins between the training deciles; equal deciles are one bin. By custom 0.1 is small and 0.25
    large.
    """
    shares = [np.isfinite(x).mean(axis=0) if len(x) else np.zeros(len(names)) for x in (before, now)]
    index = np.array([_stability(before[:, f], now[:, f]) for f in range(len(names))])
    return Drift(tuple(names), shares[0], shares[1], index)


def _stability(before: AnyArray, now: AnyArray) -> float:
    """The index of one feature."""
    before, now = before[np.isfinite(before)], now[np.isfinite(now)]
    if not len(before) or not len(now):
        return float("nan")
    cuts = np.unique(np.quantile(before, np.arange(1, _BINS) / _BINS))
    p, q = (
        np.maximum(np.bincount(np.searchsorted(cuts, x), minlength=len(cuts) + 1) / len(x), _FLOOR)
        for x in (before, now)
    )
    return float(((q - p) * np.log(q / p)).sum())
