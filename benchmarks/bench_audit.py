"""Claim: the audit of the whole registry on 300 stocks x 3 years takes less than 60 s.

    pytest benchmarks/bench_audit.py -s

The store is simulated first (its time is not counted; `JQFAST_STORE` names one that is there). Every declared
feature that it has the columns for, all walls at four rows: the store cut and built again, the panel cut,
poisoned, late, split and permuted. Before the clock starts a leak of one session is planted and has to be
caught. A record of each run is appended to `benchmarks/results/audit.json`.
"""

from __future__ import annotations

import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest

import jqfast
from benchmarks.record import keep
from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features.audit import WALLS
from jqfast.features.sets import lacking

STOCKS, YEARS, SECONDS = 300, 3.0, 60.0


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("JQFAST_STORE", "")
    if given:
        return Path(given).resolve()
    from jqfast.data.simulator import SimulateConfig, write

    folder = tmp_path_factory.mktemp("store")
    write(folder, SimulateConfig(stocks=STOCKS, years=YEARS))
    return folder


def _peek(panel: Panel) -> np.ndarray:
    return np.roll(panel["close"], -1, axis=0) / panel["close"]


def test_the_whole_registry_is_audited_in_a_minute(store: Path) -> None:
    assert not features.audit(store, {"peek": _peek}, rows=[100])
    columns = jqfast.data.open(store).panel(universe="all").columns
    names = [name for name, feature in features.registry.features.items() if not lacking(feature, columns)]
    start = time.perf_counter()
    report = features.audit(store, names)
    seconds = time.perf_counter() - start
    record = {
        "features": len(report.features),
        "rows": len(report.rows),
        "cells_compared": report.compared,
        "seconds": round(seconds, 1),
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
    }
    print(f"\n{report}\n" + "\n".join(f"{key:>14}  {value}" for key, value in record.items()))
    keep("audit", record)
    # The published set reads prices and volumes as plain numbers, by its formulas: its module says so.
    split = {name for name, walls in report.failures.items() if set(walls) == {"split"}}
    assert set(report.failures) == split <= set(features.names("alpha158"))
    assert report.walls == WALLS
    assert seconds <= SECONDS
