"""The machine a figure was measured on: name, load, copy bandwidth, peak memory; and threads that stay put.

Worker threads are pinned one per processor, ours (`JQFAST_PIN=1`) and the peers' alike: two threads that
share a processor for a scheduler tick would spoil a figure.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

QUIET = 1.5  # load average above which figures mean little


@dataclass(frozen=True)
class Timing:
    """Milliseconds of repeated runs."""

    times: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.times))

    @property
    def spread(self) -> float:
        """Interquartile range."""
        low, high = np.percentile(self.times, (25, 75))
        return float(high - low)

    def __add__(self, other: Timing) -> Timing:
        return Timing(self.times + other.times)


def measure(run: Callable[[], object], *, seconds: float, rounds: int = 3) -> Timing:
    """Run at least ``rounds`` times, then until ``seconds`` are over; the caller has warmed up."""
    times: list[float] = []
    stop = time.perf_counter() + seconds
    while len(times) < rounds or (time.perf_counter() < stop and len(times) < 200):
        start = time.perf_counter()
        result = run()
        times.append((time.perf_counter() - start) * 1e3)
        del result  # freed outside the clock for everybody
    return Timing(tuple(times))


def cpu() -> str:
    """Model name of the processor."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    named = (line.split(": ", 1)[1] for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def copy_bandwidth(threads: int, *, megabytes: int = 40, seconds: float = 0.4) -> float:
    """GB/s, read plus written, of pinned threads copying an array of the panel's size into another."""
    source = np.ones(megabytes * 125_000)
    target = np.zeros_like(source)
    parts = np.array_split(np.arange(len(source)), threads)
    blocks = [slice(part[0], part[-1] + 1) for part in parts]

    def copy(block: slice) -> None:
        np.copyto(target[block], source[block])

    with pinned_pool(threads) as pool:
        best = min(measure(lambda: list(pool.map(copy, blocks)), seconds=seconds).times)
    return 2 * source.nbytes / best / 1e6


def pinned_pool(threads: int) -> ThreadPoolExecutor:
    """A pool whose k-th worker stays on the k-th processor."""
    number = count()

    def pin() -> None:
        if ALLOWED:
            os.sched_setaffinity(0, {ALLOWED[next(number) % len(ALLOWED)]})

    return ThreadPoolExecutor(threads, initializer=pin)


def _threads_now() -> set[int]:
    folder = Path("/proc/self/task")
    return {int(entry.name) for entry in folder.iterdir()} if folder.exists() else set()


@contextlib.contextmanager
def pinned_threads(threads: int) -> Iterator[None]:
    """Bind the threads that are started inside, one per processor.

    When one thread fewer than asked for appears, the caller works too, and the first processor is left to it.
    """
    before = _threads_now()
    yield
    made = sorted(_threads_now() - before)
    for k, thread in enumerate(made, start=1 if len(made) == threads - 1 else 0):
        with contextlib.suppress(OSError):  # a thread may be gone already
            os.sched_setaffinity(thread, {ALLOWED[k % len(ALLOWED)]})


def extra_memory(run: Callable[[], Any]) -> float:
    """MB of resident memory at the peak of one run, beyond what was resident before it; NaN where unknown."""
    reset = Path("/proc/self/clear_refs")
    if not reset.exists():
        return float("nan")
    reset.write_text("5")  # the high-water mark restarts from what is resident now
    before = _status("VmRSS")
    result = run()
    peak = _status("VmHWM")
    del result
    return (peak - before) / 1e3


def _status(key: str) -> float:
    """Kilobytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(key)).split()[1])


def load() -> float:
    """Load average of the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")


#: Processors of the process, read before anybody pins a thread.
ALLOWED = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
