"""Claim: 4,000 stocks x 16 years with all tables from the store in at most 20 s and 6 GB.

    JQFAST_STORE=path/to/simulated/store pytest benchmarks/bench_panel.py -s

The store is one of `jqfast simulate --stocks 4000 --years 16`. Two figures: the panel itself (bars as arrays,
all other tables read and turned into records), and every column of it made once, one after another, as the
features of a whole catalogue would ask for them. Each runs in a process of its own, since the peak of memory
is per process. A record of each run is appended to `benchmarks/results/panel.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.record import keep

SECONDS, GIGABYTES = 20.0, 6.0
PROGRAM = """
import json, resource, sys, time
import jqfast.data as data
start = time.perf_counter()
panel = data.open(sys.argv[1]).panel(universe="all")
made = time.perf_counter() - start
values = 0
if sys.argv[2] == "columns":
    values = sum(panel[name].size for name in panel.columns)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
total = time.perf_counter() - start
print(json.dumps({"shape": panel.shape, "columns": len(panel.columns), "panel_s": round(made, 2),
                  "total_s": round(total, 2), "values": values, "peak_gb": round(peak, 2)}))
"""


def _run(store: Path, what: str) -> dict[str, float]:
    command = [sys.executable, "-P", "-c", PROGRAM, str(store), what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    record: dict[str, float] = json.loads(done.stdout)
    return record


def test_panel_of_the_whole_market() -> None:
    store = Path(os.environ.get("JQFAST_STORE", ""))
    if not (store / "equities_bars_daily").is_dir():
        pytest.skip("JQFAST_STORE does not name a store with bars")
    store = store.resolve()
    for path in store.rglob("*.parquet"):
        path.read_bytes()  # into the system's cache
    panel, columns = _run(store, "panel"), _run(store, "columns")
    keep(
        "panel",
        {
            "panel": panel,
            "every_column_once": columns,
        },
    )
    print(
        f"\npanel {panel['panel_s']} s, {panel['peak_gb']} GB, {panel['columns']} columns of {panel['shape']}"
    )
    print(f"every column once: {columns['total_s']} s in all, {columns['peak_gb']} GB at the peak")
    assert panel["panel_s"] <= SECONDS
    assert max(panel["peak_gb"], columns["peak_gb"]) <= GIGABYTES
