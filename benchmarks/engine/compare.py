"""Do the answers agree, and who is a rival: a peer counts only where it is right on series with gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.engine.works import Rival
from benchmarks.machine import Timing
from benchmarks.peers.base import Array, Mode

WRONG_SHARE = 1e-6  # of the cells: ties decided by the last bit are no fault


@dataclass(frozen=True)
class Agreement:
    """A peer's answer beside ours.

    ``error`` is the largest |ours - theirs| / (|ours| + typical size of the feature) where both have a value,
    ``gaps`` the cells where only one has, ``wrong`` those and the cells beyond the tolerance, ``worst`` the
    feature with most of them.
    """

    error: float = 0.0
    gaps: int = 0
    wrong: int = 0
    cells: int = 0
    worst: str = ""
    worst_wrong: int = 0

    @property
    def right(self) -> bool:
        return self.cells > 0 and self.wrong <= WRONG_SHARE * self.cells


@dataclass(frozen=True)
class Measured:
    """One peer at one work."""

    mode: Mode
    timing: Timing
    agreement: Agreement
    memory: float
    ratio: float  # its time over ours, in memory of the same kind


def agree(
    ours: Mapping[str, Array],
    theirs: Mapping[str, Array],
    *,
    tolerance: float,
    skip: Mapping[str, Array | None],
) -> Agreement:
    """The comparison over all features but for the cells to skip; both sides must have the same names."""
    if ours.keys() != theirs.keys():
        raise ValueError(f"`theirs` must have our features; they differ in {set(ours) ^ set(theirs)}.")
    parts = [_one(name, ours[name], theirs[name], tolerance, skip.get(name)) for name in ours]
    worst = max(parts, key=lambda part: part.wrong)
    return Agreement(
        max(part.error for part in parts),
        sum(part.gaps for part in parts),
        sum(part.wrong for part in parts),
        sum(part.cells for part in parts),
        worst.worst,
        worst.wrong,
    )


def _one(name: str, a: Array, b: Array, tolerance: float, skip: Array | None) -> Agreement:
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    have, has = np.isfinite(a), np.isfinite(b)
    if skip is not None:
        have, has = have & ~skip, has & ~skip
    both = have & has
    gaps = int((have != has).sum())
    if not both.any():
        return Agreement(float("inf") if gaps else 0.0, gaps, gaps, int(have.sum()), name)
    x, y = a[both], b[both]
    errors = np.abs(x - y) / (np.abs(x) + np.abs(x).mean() + 1e-300)
    wrong = gaps + int((errors > tolerance).sum())
    return Agreement(float(errors.max()), gaps, wrong, int(have.sum()), name)


def _right(m: Measured) -> bool:
    return m.agreement.right and m.mode.layout == "plain" and m.mode.dtype == "float64"


_KIND: dict[Rival, Callable[[Measured], bool]] = {
    "right": _right,
    "pandas": lambda m: m.mode.package == "pandas",
    "polars": lambda m: m.mode.package == "polars",
    "bottleneck": lambda m: m.mode.package == "bottleneck",
    "rest": lambda m: m.mode.package != "bottleneck" and m.mode.layout != "blocked",
    "kunquant": lambda m: m.mode.package == "kunquant" and _right(m),
    "kunquant any": lambda m: m.mode.package == "kunquant",
    "kunquant exact": lambda m: m.mode.label == "Kun TS exact",
}


def best(measured: Iterable[Measured], rival: Rival) -> Measured | None:
    """The fastest of the rivals, None when there is none."""
    among = [m for m in measured if _KIND[rival](m)]
    return min(among, key=lambda m: m.ratio, default=None)
