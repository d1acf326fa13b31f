"""Claims that are not one operation against its peers: threads, the whole catalogue, streaming.

Each returns notes: a sentence for the table and the figures for the history.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

import jqfast.features as f
from benchmarks.bundle60 import bundle60
from benchmarks.engine.run import Settings
from benchmarks.machine import measure
from benchmarks.panels import medium
from benchmarks.streaming import worst_of_updates
from jqfast.data.panel import Panel

Note = dict[str, Any]
Claim = Callable[[Panel, Settings], list[Note]]


def scaling(panel: Panel, settings: Settings) -> list[Note]:
    """All threads against one, on work that is not bound by memory, into a given array."""
    works = {"bundle60": bundle60(), "median60": {"median": f.ts_median(f.close, 60)}}
    notes = []
    for name, features in works.items():
        one = _milliseconds(panel, features, replace(settings, threads=1), given=True)
        all_ = _milliseconds(panel, features, settings, given=True)
        notes.append(_note(f"scaling {name}", one / all_, 1.8, f"{settings.threads} threads over one", "x"))
    return notes


def _milliseconds(panel: Panel, features: Any, settings: Settings, *, given: bool = False) -> float:
    """Median time of the features, into one ``given`` array or into new memory each time."""
    run = partial(f.panel, panel, features, threads=settings.threads)
    out = np.zeros((len(features), *panel.shape), np.float32) if given else None
    run(out=out)
    return measure(partial(run, out=out), seconds=settings.seconds, rounds=settings.slow_rounds).median


_CATALOGUE = """
import sys
import jqfast.features as features
from benchmarks.panels import medium
T, N = int(sys.argv[1]), int(sys.argv[2])
panel = medium(T, N)
features.panel(panel.rows(0, 50), "everything", threads=2)
status = lambda key: int(next(l for l in open("/proc/self/status") if l.startswith(key)).split()[1]) * 1024
open("/proc/self/clear_refs", "w").write("5")
before = status("VmRSS")
X = features.panel(panel, "everything", threads=2)
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
    """Time per value when one side is doubled, over the time before: 1 is linear."""
    what = "time per value after doubling"
    notes = []
    for side, points in growth(panel.shape, settings, shares=(0.5, 1.0)).items():
        (small, before), (large, after) = points
        grown = (after / large) / (before / small)
        notes.append(_note(f"catalogue {side}", grown, 1.15, what, "x", at_most=True))
    return notes


def growth(
    shape: tuple[int, int], settings: Settings, *, shares: tuple[float, ...]
) -> dict[str, list[tuple[int, float]]]:
    """(size of the side, milliseconds of the whole catalogue) with one side grown and the others at half."""
    names = list(f.panel(medium(50, 8), "everything").names)  # what a panel of prices can give
    sides = {"sessions": shape[0], "stocks": shape[1], "features": len(names)}
    half = {side: full // 2 for side, full in sides.items()}
    points: dict[str, list[tuple[int, float]]] = {}
    for side, full in sides.items():
        for share in shares:
            size = {**half, side: round(full * share)}
            panel = medium(size["sessions"], size["stocks"])
            time = _milliseconds(
                panel, names[:: len(names) // size["features"]][: size["features"]], settings
            )
            points.setdefault(side, []).append((size[side], time))
    return points


def streaming(panel: Panel, settings: Settings) -> list[Note]:
    """One more session of twice the panel's stocks, whole price catalogue (decision 33)."""
    stocks = 2 * panel.shape[1]
    p99, count = worst_of_updates(stocks, settings.threads, past=260, updates=250, warm=5)
    what = f"{count} features of {stocks} stocks, 99th percentile of 250 updates"
    return [_note("streaming update", p99, 10.0, what, " ms", at_most=True)]


def derived(entries: Sequence[Any]) -> list[Note]:
    """What follows from the works: no dependence on the window, and the distance from copying the bytes."""
    ms = {entry["work"]: entry["ours_ms"] for entry in entries}
    notes = []
    for name in ("mean", "std", "skew", "kurt", "min", "max"):
        if f"{name}:5" in ms and f"{name}:60" in ms:
            ratio = ms[f"{name}:60"] / ms[f"{name}:5"]
            notes.append(_note(f"window {name}", ratio, 1.3, "w = 60 over w = 5", "x", at_most=True))
    for entry in entries:
        if entry["work"] == "bundle60":
            times = entry["ours_ms"] / entry["floor_ms"]
            notes.append(_note("bundle60 floor", times, 5.0, "over copying its bytes", "x", at_most=True))
    return notes


def _note(name: str, value: float, goal: float, what: str, unit: str, *, at_most: bool = False) -> Note:
    met = value <= goal if at_most else value >= goal
    bound = "at most" if at_most else "at least"
    text = f"{name}: {value:.2f}{unit} ({what}; goal {bound} {goal:g}{unit}{'' if met else ', MISS'})"
    return {"claim": name, "value": round(value, 3), "goal": goal, "met": met, "text": text}


#: name -> claim; names select with `--only`.
CLAIMS: dict[str, Claim] = {"scaling": scaling, "catalogue": catalogue, "streaming": streaming}
