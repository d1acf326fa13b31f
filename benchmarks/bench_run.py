"""Claim: the default run takes at most 4 minutes, cold JAX cache included, and the real one at most 15, on 2
cores.

    JQFAST_REAL_DATA=path/to/data pytest benchmarks/bench_run.py -s

Each run is the command itself in a fresh process and an empty folder, on at most two processors. The
answer is checked before the time: the planted market must be found, the null market must not be, and the
real one must stay inside the sanity range. `import jqfast` is timed in fresh processes. A record of each
run is appended to `benchmarks/results/run.json`.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from benchmarks.record import keep

DEFAULT_MINUTES, REAL_MINUTES, IMPORT_SECONDS = 4.0, 15.0, 0.3
CORES = 2


def _command(folder: Path, *arguments: str) -> tuple[float, float, dict[str, Any]]:
    """(wall seconds, CPU seconds, metrics) of ``jqfast run --json`` on at most two processors."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    result = subprocess.run(
        [sys.executable, "-P", "-m", "jqfast", "run", "--json", "--threads", str(CORES), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_two_cores,
    )
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert result.returncode == 0, result.stderr
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, json.loads(result.stdout)


def _two_cores() -> None:
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))


def _keep(what: str, **figures: object) -> None:
    keep("run", {"what": what, "cores": CORES, **figures})


def _stages(folder: Path, name: str) -> dict[str, float]:
    manifest = json.loads((folder / "runs" / name / "manifest.json").read_text())
    seconds: dict[str, float] = manifest["seconds"]
    return seconds


def test_the_default_run(tmp_path: Path) -> None:
    wall, cpu, metrics = _command(tmp_path)
    five = metrics["horizons"]["5"]
    ranks, known = five["rank_ic"], five["references"]
    assert ranks["t_newey_west"] > 5
    assert 0.4 < ranks["mean"] / known["oracle_visible"]["mean"] < 1.05
    again, _, _ = _command(tmp_path)
    figures = {"rank_ic_5d": ranks["mean"], "t": ranks["t_newey_west"]}
    figures |= {name: scored["mean"] for name, scored in known.items()}
    stages = _stages(tmp_path, "simulated")
    _keep("default", wall=wall, cpu=cpu, report_again=again, stages=stages, **figures)
    assert wall < 60 * DEFAULT_MINUTES


def test_the_null_run(tmp_path: Path) -> None:
    wall, cpu, metrics = _command(tmp_path, "--null")
    ranks = metrics["horizons"]["5"]["rank_ic"]
    assert abs(ranks["t_newey_west"]) < 3.5
    _keep("null", wall=wall, cpu=cpu, rank_ic_5d=ranks["mean"], t=ranks["t_newey_west"])


def test_the_real_run(tmp_path: Path) -> None:
    path = Path(os.environ.get("JQFAST_REAL_DATA", "")) / "jp_daily.parquet"
    if not path.is_file():
        pytest.skip("JQFAST_REAL_DATA does not name a folder with jp_daily.parquet")
    wall, cpu, metrics = _command(tmp_path, "--config", "price_only", "--prices", str(path.resolve()))
    ranks = metrics["horizons"]["5"]["rank_ic"]
    assert -0.02 < ranks["mean"] < 0.10, "outside the sanity range: suspect a leak"
    stages = _stages(tmp_path, "jp_daily")
    _keep("real", wall=wall, cpu=cpu, stages=stages, rank_ic_5d=ranks["mean"], t=ranks["t_newey_west"])
    assert wall < 60 * REAL_MINUTES


def test_the_import(tmp_path: Path) -> None:
    code = "import time; t = time.perf_counter(); import jqfast; print(time.perf_counter() - t)"
    command = [sys.executable, "-P", "-c", code]
    times = [
        float(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout)
        for _ in range(9)
    ]
    _keep("import", seconds=median(times), spread=[min(times), max(times)])
    assert median(times) < IMPORT_SECONDS
