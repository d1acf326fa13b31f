"""The ledger of trials: which configurations have been tried on which data, over all runs (decision 19).

A Sharpe ratio that is the best of many tried is worth less than its own figure says. Each run adds one
line to ``trials.jsonl`` beside the run folders; lines are only ever appended, and one configuration counts
once per data.
"""

from __future__ import annotations

import json
import math
import os
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
        line = json.dumps({"data": data, "trial": trial, "sharpe": sharpe}) + "\n"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(handle, line.encode())  # one write to a file opened for appending is not torn by others
        finally:
            os.close(handle)
        known[trial] = sharpe
    return tuple(known.values())


def _read(path: Path, data: str) -> dict[str, float]:
    """Trial -> Sharpe ratio on these data; the last line of a trial counts, torn lines do not."""
    trials: dict[str, float] = {}
    if not path.exists():
        return trials
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entry = json.loads(line)
            if entry["data"] == data:
                trials[str(entry["trial"])] = float(entry["sharpe"])
        except (ValueError, KeyError, TypeError):
            continue
    return trials
