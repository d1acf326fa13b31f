"""Claim: a market of 4,000 stocks over 16 years is simulated and written, all tables, in 3 minutes and 6 GB.

    pytest benchmarks/bench_simulator.py -s

Measured on the command that users run, in a process of its own: wall clock, processor seconds, peak memory,
rows and bytes written. The answer is checked by the oracle's information coefficient. A record of each run is
appended to `benchmarks/results/simulator.json`.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.record import keep
from jqfast.data.simulator import read_truth
from jqfast.data.store import Store

STOCKS, YEARS = 4000, 16
MINUTES, GIGABYTES = 3.0, 6.0


def test_a_full_market(tmp_path: Path) -> None:
    path = tmp_path / "store"
    options = ["--store", str(path), "--stocks", str(STOCKS), "--years", str(YEARS)]
    start = time.perf_counter()
    subprocess.run([sys.executable, "-P", "-m", "jqfast", "simulate", *options], check=True, cwd=tmp_path)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    store, truth = Store(path), read_truth(path)
    rows = {name: store.manifest(name).rows for name in store.tables()}
    record = {
        "cores": len(os.sched_getaffinity(0)),
        "stocks": STOCKS,
        "years": YEARS,
        "seconds": round(seconds, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "gigabytes": round(used.ru_maxrss / 2**20, 2),
        "rows": rows,
        "megabytes_written": sum(file.stat().st_size for file in path.rglob("*.parquet")) // 10**6,
        "oracle_ic": round(truth.oracle_ic, 4),
    }
    shutil.rmtree(path)
    keep("simulator", record)
    assert 0.05 <= truth.oracle_ic <= 0.08
    assert seconds <= 60 * MINUTES
    assert record["gigabytes"] <= GIGABYTES
