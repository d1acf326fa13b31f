"""Claim: every price-and-volume column of 4,000 stocks x 16 years into a float32 file at 6 GB of memory.

    JQFAST_STORE=path/to/simulated/store pytest benchmarks/bench_write.py -s

The store is one of `jqfast simulate --stocks 4000 --years 16`; the file, 9 GB of ``.npy``, is made in the
folder that pytest gives and removed. The same chunks are computed once more without the file, which tells
what of the time is writing. Each runs in a process of its own, since the peak of memory is per process; the
panel is made before the clock starts and counts in the memory. A record of each run is appended to
`benchmarks/results/write.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.record import keep

GIGABYTES = 6.0
SET = "price_only"
PROGRAM = """
import json, os, resource, sys, time
import jqfast.data as data
from jqfast import _core, features
from jqfast.features.api import resolve
from jqfast.features.chunks import chunks, rows_of_chunk
from jqfast.features.execute import compiled, thread_count
store, chosen, path = sys.argv[1:]
panel = data.open(store).panel(universe="all", tables=("equities_bars_daily",))
start, used = time.perf_counter(), time.process_time()
if path:
    features.write(panel, chosen, path)
else:
    plan, program = compiled(resolve(chosen, panel.columns).prepared(False))
    rows = rows_of_chunk(plan, panel.shape[1], "float32")
    session = _core.Session(program, panel.shape[1])
    options = {"rows": rows, "dtype": "float32", "layout": "feature", "threads": thread_count(None)}
    for _ in chunks(panel, plan, session, **options):
        pass
print(json.dumps({"shape": panel.shape, "features": len(features.names(chosen, panel.columns)),
                  "seconds": round(time.perf_counter() - start, 1),
                  "processor_seconds": round(time.process_time() - used, 1),
                  "file_gb": round(os.path.getsize(path) / 1e9, 2) if path else 0,
                  "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)}))
"""


def _run(store: Path, path: str) -> dict[str, float]:
    command = [sys.executable, "-P", "-c", PROGRAM, str(store), SET, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record: dict[str, float] = json.loads(done.stdout)
    return record


def test_all_prices_and_volumes_into_a_file(tmp_path: Path) -> None:
    store = Path(os.environ.get("JQFAST_STORE", ""))
    if not (store / "equities_bars_daily").is_dir():
        pytest.skip("JQFAST_STORE does not name a store with bars")
    path = tmp_path / "features.npy"
    try:
        written = _run(store.resolve(), str(path))
    finally:
        path.unlink(missing_ok=True)
    computed = _run(store.resolve(), "")
    keep(
        "write",
        {
            "written": written,
            "computed_only": computed,
        },
    )
    for what, told in (("written", written), ("computed only", computed)):
        print(
            f"\n{told['features']} features {what} in {told['seconds']} s, {told['peak_gb']} GB at the peak"
        )
    assert max(written["peak_gb"], computed["peak_gb"]) <= GIGABYTES
