"""The ledger of trials: which configurations have been tried on which data, over all runs (decision 19).

A Sharpe ratio that is the best of many tried is worth less than its own figure says. Each run adds one
line to ``trials.jsonl`` beside the run folders; lines are only ever appended, and one configuration counts
once per data. The net returns per month stand beside the ratio, so that the probability of back-test
overfitting can be told from them.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jqfast.types import FloatArray

FILE = "trials.jsonl"


class Trial(NamedTuple):
    """A line of the ledger: the ratio (NaN: judged otherwise), and month -> net return where it was kept."""

    sharpe: float
    returns: Mapping[str, float]


class Trials(NamedTuple):
    """All trials on the same data: ``sharpes`` of all, ``returns`` (months, trials) of those that have some,
    over the months that they share.
    """

    sharpes: tuple[float, ...]
    returns: FloatArray


def enter(
    folder: Path, data: str, trial: str, sharpe: float, returns: Mapping[str, float] | None = None
) -> Trials:
    """Append a trial and return all trials on the same data, this one included.

    Parameters
    ----------
    folder : that holds the ledger
    data, trial : hashes of the data and of the configuration
    sharpe : net, per period, NaN when there was none (such a trial is not entered)
    returns : month -> net return
    """
    path = folder / FILE
    known = _read(path, data)
    new = Trial(sharpe, {month: value for month, value in (returns or {}).items() if math.isfinite(value)})
    if math.isfinite(sharpe) and known.get(trial) != new:
        _append(path, {"data": data, "trial": trial, "sharpe": sharpe, "returns": new.returns})
        known[trial] = new
    return Trials(
        tuple(one.sharpe for one in known.values()), shared_months([one.returns for one in known.values()])
    )


def enter_searched(folder: Path, data: str, trials: Iterable[str]) -> int:
    """Append the trials of a search, which have a validation loss and no Sharpe ratio; how many are new.

    They count in the number of trials, as NaN among the ratios that :func:`enter` returns.
    """
    path = folder / FILE
    known = _read(path, data)
    new = [trial for trial in dict.fromkeys(trials) if trial not in known]
    for trial in new:
        _append(path, {"data": data, "trial": trial, "sharpe": None})
    return len(new)


def shared_months(trials: Sequence[Mapping[str, float]]) -> FloatArray:
    """(months, trials) returns of the months in which every trial that has returns has one."""
    told = [returns for returns in trials if returns]
    if not told:
        return np.empty((0, 0))
    months = sorted(set(told[0]).intersection(*told[1:]))
    rows = [[returns[month] for returns in told] for month in months]
    return np.array(rows, dtype=np.float64).reshape(len(months), len(told))


def _append(path: Path, entry: Mapping[str, object]) -> None:
    """One line more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        # one write to a file opened for appending is not torn by others
        os.write(handle, (json.dumps(entry) + "\n").encode())
    finally:
        os.close(handle)


def _read(path: Path, data: str) -> dict[str, Trial]:
    """Trial -> what is known of it on these data; its last line counts, torn lines do not."""
    trials: dict[str, Trial] = {}
    if not path.exists():
        return trials
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            if entry["data"] == data:
                sharpe = entry["sharpe"]
                returns = {str(month): float(value) for month, value in entry.get("returns", {}).items()}
                trials[str(entry["trial"])] = Trial(math.nan if sharpe is None else float(sharpe), returns)
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return trials
