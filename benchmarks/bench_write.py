"""Claim: price-and-volume columns, and all columns, of 4,000 stocks x 16 years into a file at 6 GB of memory.

    JQFAST_STORE=path/to/simulated/store pytest benchmarks/bench_write.py -s

The store is one of `jqfast simulate --stocks 4000 --years 16`; the file, 9 GB of ``.npy``, is made in the
folder that pytest gives and removed. The same chunks are computed once more without the file, which tells
what of the time is writing. Each runs in a process of its own, since the peak of memory is per process; the
panel is made before the clock starts and counts in the memory. The whole registry is 26 GB: its last two
years are written, from the whole panel and in chunks of the same length, so that the peak is that of all. A
record of each run is appended to `benchmarks/results/write.json`.
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
PROGRAM = """
import json, os, resource, sys, time
import jqfast.data as data
from jqfast import _core, features
from jqfast.features.api import resolve
from jqfast.features.chunks import chunks, rows_of_chunk
from jqfast.features.execute import compiled, thread_count
from jqfast.memory import trim_memory
store, chosen, tables, share, path = sys.argv[1:]
panel = data.open(store).panel(universe="all", tables=tables.split() or None)
panel = panel.rows(panel.shape[0] - int(panel.shape[0] * float(share)), panel.shape[0])
start, used = time.perf_counter(), time.process_time()
if path:
    features.write(panel, chosen, path)
else:
    plan, program = compiled(resolve(chosen, panel.columns).prepared(False))
    rows = rows_of_chunk(plan, panel.shape[1], "float32")
    session = _core.Session(program, panel.shape[1])
    trim_memory()
    options = {"rows": rows, "dtype": "float32", "layout": "feature", "threads": thread_count(None)}
    for _ in chunks(panel, plan, session, **options):
        pass
print(json.dumps({"shape": panel.shape, "features": len(features.names(chosen, panel.columns)),
                  "seconds": round(time.perf_counter() - start, 1),
                  "processor_seconds": round(time.process_time() - used, 1),
                  "file_gb": round(os.path.getsize(path) / 1e9, 2) if path else 0,
                  "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)}))
"""


#: Set -> the tables it needs beside the issue list (none named: all), the share of the sessions to write.
WORKS = {"price_only": ("equities_bars_daily", "1"), "all": ("", "0.125")}


def _run(store: Path, chosen: str, path: str) -> dict[str, float]:
    command = [sys.executable, "-P", "-c", PROGRAM, str(store), chosen, *WORKS[chosen], path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record: dict[str, float] = json.loads(done.stdout)
    return record


@pytest.mark.parametrize("chosen", WORKS)
def test_features_of_the_whole_market_into_a_file(chosen: str, tmp_path: Path) -> None:
    store = Path(os.environ.get("JQFAST_STORE", ""))
    if not (store / "equities_bars_daily").is_dir():
        pytest.skip("JQFAST_STORE does not name a store with bars")
    path = tmp_path / "features.npy"
    try:
        written = _run(store.resolve(), chosen, str(path))
    finally:
        path.unlink(missing_ok=True)
    computed = _run(store.resolve(), chosen, "")
    keep(
        "write",
        {
            "set": chosen,
            "written": written,
            "computed_only": computed,
        },
    )
    for what, told in (("written", written), ("computed only", computed)):
        print(
            f"\n{told['features']} features {what} in {told['seconds']} s, {told['peak_gb']} GB at the peak"
        )
    assert max(written["peak_gb"], computed["peak_gb"]) <= GIGABYTES
