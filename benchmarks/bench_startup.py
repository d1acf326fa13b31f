"""Claim: the second run of a configuration starts training within three seconds of the start of its process.

    JQFAST_REAL_DATA=DIR pytest benchmarks/bench_startup.py -s

Three processes train `price_only` on `jp_daily.parquet` up to the first step of the first fold: one with an
empty cache of compiled functions, one in another run folder, and one that goes on in the folder of the
second, whose features are there. Told are the seconds since the process began at which the program was
imported, prices, labels and folds were there, features were there, and the first step began. Another run
computes its features, which is no start-up: its claim is about the last mark less that time. A record of each
is appended to `benchmarks/results/startup.json`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.record import keep

SECONDS = 3.0

_RUN = """
import sys, time
began = float(sys.argv[1])
seen = {}
def mark(name):
    seen[name] = round(time.time() - began, 2)
from jqfast import pipeline
from jqfast.config import read
from jqfast.learn import fold_training, walk_forward
mark("imported")
class Started(Exception):
    pass
def marked(module, name, label):
    real = getattr(module, name)
    def call(*args, **options):
        result = real(*args, **options)
        mark(label)
        return result
    setattr(module, name, call)
marked(pipeline, "settle", "prices_labels_folds")
marked(pipeline, "begin", "features")
def started(*args, **options):
    mark("first_step")
    raise Started
fold_training.fit = started
try:
    pipeline.train(read("price_only", sys.argv[2:]))
except Started:
    pass
import json
print(json.dumps(seen))
"""


def _start(cache: Path, out: Path, name: str, prices: Path) -> dict[str, float]:
    """Seconds since the process began of each mark."""
    settings = [f"data.prices={prices}", f"out={out}", f"name={name}"]
    command = [sys.executable, "-P", "-c", _RUN, repr(time.time()), *settings]
    environment = {**os.environ, "JQFAST_CACHE_DIR": str(cache)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    seen: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_the_second_run_of_a_configuration_starts_within_three_seconds(tmp_path: Path) -> None:
    folder = os.environ.get("JQFAST_REAL_DATA")
    if not folder:
        pytest.skip("JQFAST_REAL_DATA names no folder")
    prices = Path(folder).resolve() / "jp_daily.parquet"
    cache = tmp_path / "cache"
    runs = (("empty cache", "first"), ("another folder", "second"), ("the same folder", "second"))
    records = []
    for work, name in runs:
        seen = _start(cache, tmp_path, name, prices)
        computed = seen["features"] - seen["prices_labels_folds"]
        records.append({"work": work, **seen, "without_features_s": round(seen["first_step"] - computed, 2)})
    keep("startup", *records, packages=("jax",))
    assert records[1]["without_features_s"] <= SECONDS
    assert records[2]["first_step"] <= SECONDS
