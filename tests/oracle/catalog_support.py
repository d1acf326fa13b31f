"""What the oracle tests and the benchmark share: a panel as wide frames, and a comparison that counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from jqfast.data.panel import Panel

#: Allowed error in units of eps * (|value| + scale). pandas' own sliding sums carry some hundreds of them.
K = 2.0**14
EPS = float(np.finfo(np.float64).eps)
NAMES = ("open", "high", "low", "close", "volume", "turnover", "adjustment")


def wide_frames(panel: Panel) -> dict[str, pd.DataFrame]:
    """The price columns on the rows that are sessions, as sessions x stocks frames."""
    rows = panel.is_session
    index = pd.DatetimeIndex(panel.dates[rows])
    return {name: pd.DataFrame(panel[name][rows], index=index, columns=panel.codes) for name in NAMES}


@dataclass(frozen=True)
class Comparison:
    """How many cells were finite on both sides, and the largest error in units of the tolerance."""

    finite: int
    worst: float


def compare(
    got: np.ndarray,
    want: np.ndarray,
    *,
    scale: float = 0.0,
    undecided: np.ndarray | None = None,
    k: float = K,
) -> Comparison:
    """Compare values and missing cells; ``undecided`` marks flags whose threshold lies within rounding."""
    skip = np.zeros(got.shape, bool) if undecided is None else undecided
    gaps = (np.isnan(got) != np.isnan(want)) & ~skip
    if gaps.any():
        row, stock = np.argwhere(gaps)[0]
        raise AssertionError(
            f"{gaps.sum()} cells are missing on one side only; the first at row {row}, stock {stock}: "
            f"got {got[row, stock]}, want {want[row, stock]}"
        )
    both = np.isfinite(got) & np.isfinite(want) & ~skip
    error = np.abs(got[both] - want[both]) / (k * EPS * (np.abs(want[both]) + scale) + np.finfo(float).tiny)
    return Comparison(int(both.sum()), float(error.max(initial=0.0)))
