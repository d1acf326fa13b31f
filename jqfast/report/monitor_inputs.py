"""What the monitoring section shows: whether the model still works and still sees what it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jqfast.types import DateArray, FloatArray


@dataclass(frozen=True)
class DriftRow:
    """An input: stability index of the latest sessions against training, share known then and now."""

    name: str
    stability: float
    coverage_before: float
    coverage_now: float


@dataclass(frozen=True, eq=False)
class MonitorFacts:
    """The health of a run at its end.

    Parameters
    ----------
    dates, rolling : (D,) rolling mean of the RankIC
    low, high : what chance allows around the mean of the whole walk-forward
    window, sigmas : scored sessions in the mean, deviations of the limits
    drift : inputs by falling stability index
    stability, coverage : limits above which an input is named
    recent : latest sessions that are compared with training
    model : name of the newest fold
    """

    dates: DateArray
    rolling: FloatArray
    low: float
    high: float
    window: int
    sigmas: float
    drift: Sequence[DriftRow]
    stability: float
    coverage: float
    recent: int
    model: str

    def suspects(self) -> list[DriftRow]:
        """The inputs beyond a limit."""
        return [
            row
            for row in self.drift
            if row.stability > self.stability or row.coverage_before - row.coverage_now > self.coverage
        ]
