"""The monitoring section of a report: the rolling RankIC and its limits, the inputs against training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from jqfast.evaluate.rolling import rolling_mean
from jqfast.learn.drift import drift
from jqfast.report.monitor_inputs import DriftRow, MonitorFacts
from jqfast.types import AnyArray, IntArray

if TYPE_CHECKING:
    from jqfast.pipeline import RunResult

#: Rows of training that are compared, evenly spaced: enough for ten bins, bounded in memory.
_ROWS = 60


def monitor(result: RunResult) -> MonitorFacts | None:
    """The health of a run at the end of its data; None without a fold.

    Parameters
    ----------
    result : of the pipeline
    """
    if not result.folds:
        return None
    limits, judgement = result.config.production, result.judgement
    primary = judgement.horizons[judgement.primary]
    rolled = rolling_mean(
        judgement.dates,
        primary.rank_ic.per_date,
        window=limits.ic_window,
        sigmas=limits.sigmas,
        horizon=judgement.primary,
    )
    newest = result.folds[-1]
    chosen = np.unique(np.linspace(0, len(newest.train_rows) - 1, _ROWS).astype(int))
    recent = np.flatnonzero(result.panel.is_session)[-limits.window :]
    names = result.features.names
    found = drift(_inputs(result, newest.train_rows[chosen]), _inputs(result, recent), names)
    order = np.argsort(-np.nan_to_num(found.stability, nan=-1.0), kind="stable")
    rows = [
        DriftRow(
            names[f], float(found.stability[f]), float(found.coverage_before[f]), float(found.coverage_now[f])
        )
        for f in order
    ]
    return MonitorFacts(
        dates=rolled.dates,
        rolling=rolled.mean,
        low=rolled.low,
        high=rolled.high,
        window=limits.ic_window,
        sigmas=limits.sigmas,
        drift=rows,
        stability=limits.stability,
        coverage=limits.coverage_drop,
        recent=limits.window,
        model=newest.name,
    )


def _inputs(result: RunResult, rows: IntArray) -> AnyArray:
    """(S, F) inputs of the listed stocks on some rows."""
    N = len(result.features.codes)
    cells = (rows[:, None] * N + np.arange(N))[result.panel.listed[rows]]
    values: AnyArray = result.features.samples[cells]
    return values
