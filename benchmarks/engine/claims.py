"""Claims that are not one operation against its peers: threads, the whole catalogue, streaming.

Each returns notes: a sentence for the table and the figures for the history.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import jqfast.features as f
from benchmarks.bundle60 import bundle60
from benchmarks.engine.run import Settings
from benchmarks.machine import measure
from benchmarks.panels import medium
from jqfast.data.panel import Panel

Note = dict[str, Any]
Claim = Callable[[Panel, Settings], list[Note]]


def scaling(panel: Panel, settings: Settings) -> list[Note]:
    """All threads against one, on work that is not bound by memory."""
    works = {"bundle60": bundle60(), "median60": {"median": f.ts_median(f.close, 60)}}
    notes = []
    for name, features in works.items():
        one = _milliseconds(panel, features, replace(settings, threads=1))
        all_ = _milliseconds(panel, features, settings)
        notes.append(_note(f"scaling {name}", one / all_, 1.8, f"{settings.threads} threads over one", "x"))
    return notes


def _milliseconds(panel: Panel, features: Any, settings: Settings) -> float:
    """Median time of computing the features."""
    run = partial(f.panel, panel, features, threads=settings.threads)
    run()
    return measure(run, seconds=settings.seconds, rounds=settings.slow_rounds).median


_CATALOGUE = """
import sys
import jqfast.features as features
from benchmarks.panels import medium
T, N = int(sys.argv[1]), int(sys.argv[2])
panel = medium(T, N)
features.panel(panel.rows(0, 50), "all", threads=2)
status = lambda key: int(next(l for l in open("/proc/self/status") if l.startswith(key)).split()[1]) * 1024
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
X = features.panel(panel, "all", threads=2)
print((status("VmHWM") - before - X.values.nbytes) / 1e6, len(X.names))
"""


def catalogue(panel: Panel, settings: Settings) -> list[Note]:
    """Memory of the whole catalogue beyond its inputs and outputs, and how time grows with each side."""
    size = ("4000", "4000") if panel.shape == (2500, 2000) else tuple(str(2 * side) for side in panel.shape)
    run = subprocess.run(
        [sys.executable, "-c", _CATALOGUE, *size], capture_output=True, text=True, check=True
    )
    megabytes, count = (float(word) for word in run.stdout.split())
    what = f"{count:.0f} features on {size[0]} x {size[1]}, memory beyond inputs and outputs"
    notes = [_note("catalogue memory", megabytes, 200.0, what, " MB", at_most=True)]
    return notes + _linearity(panel, settings)


def _linearity(panel: Panel, settings: Settings) -> list[Note]:
    """Time per cell and feature when one side is doubled, over the time before: 1 is linear."""
    T, N = (side // 2 for side in panel.shape)
    names = list(f.names())
    base = _per_value(medium(T, N), names, settings)
    grown = {
        "sessions": _per_value(medium(2 * T, N), names, settings),
        "stocks": _per_value(medium(T, 2 * N), names, settings),
        "features": _per_value(medium(T, N), names[: len(names) // 2], settings),
    }
    ratios = {side: value / base if side != "features" else base / value for side, value in grown.items()}
    what = "time per value after doubling"
    return [
        _note(f"catalogue {side}", ratio, 1.15, what, "x", at_most=True) for side, ratio in ratios.items()
    ]


def _per_value(panel: Panel, names: list[str], settings: Settings) -> float:
    return _milliseconds(panel, names, settings) / (panel.shape[0] * panel.shape[1] * len(names))


def _note(name: str, value: float, goal: float, what: str, unit: str, *, at_most: bool = False) -> Note:
    met = value <= goal if at_most else value >= goal
    bound = "at most" if at_most else "at least"
    text = f"{name}: {value:.2f}{unit} ({what}; goal {bound} {goal:g}{unit}{'' if met else ', MISS'})"
    return {"claim": name, "value": round(value, 3), "goal": goal, "met": met, "text": text}


#: name -> claim; names select with `--only`.
CLAIMS: dict[str, Claim] = {"scaling": scaling, "catalogue": catalogue}
