"""The ledger of trials: which configurations have been tried on which data, over all runs (decision 19).

A Sharpe ratio that is the best of many tried is worth less than its own figure says. Each run adds one
line to ``trials.jsonl`` beside the run folders; lines are only ever appended, and one configuration counts
once per data.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

FILE = "trials.jsonl"


def enter(folder: Path, data: str, trial: str, sharpe: float) -> tuple[float, ...]:
    """Append a trial and return the Sharpe ratios of all trials on the same data, this one included.

    Parameters
    ----------
    folder : that holds the ledger
    data, trial : hashes of the data and of the configuration
    sharpe : net, per period, NaN when there was none (such a trial is not entered)
    """
    path = folder / FILE
    known = _read(path, data)
    if math.isfinite(sharpe) and known.get(trial) != sharpe:
        _append(path, {"data": data, "trial": trial, "sharpe": sharpe})
        known[trial] = sharpe
    return tuple(known.values())


def enter_searched(folder: Path, data: str, trials: Iterable[str]) -> int:
    """Append the trials of a search, which have a validation loss and no Sharpe ratio; how many are new.

    They count in the number of trials, as NaN among what :func:`enter` returns.
    """
    path = folder / FILE
    known = _read(path, data)
    new = [trial for trial in dict.fromkeys(trials) if trial not in known]
    for trial in new:
        _append(path, {"data": data, "trial": trial, "sharpe": None})
    return len(new)


def _append(path: Path, entry: Mapping[str, object]) -> None:
    """One line more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        # one write to a file opened for appending is not torn by others
        os.write(handle, (json.dumps(entry) + "\n").encode())
    finally:
        os.close(handle)


def _read(path: Path, data: str) -> dict[str, float]:
    """Trial -> Sharpe ratio on these data; the last line of a trial counts, torn lines do not."""
    trials: dict[str, float] = {}
    if not path.exists():
        return trials
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            if entry["data"] == data:
                sharpe = entry["sharpe"]
                trials[str(entry["trial"])] = math.nan if sharpe is None else float(sharpe)
        except (ValueError, KeyError, TypeError):
            continue
    return trials
