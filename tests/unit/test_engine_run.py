"""A run of the engine as its process sees it: Ctrl-C stops it, the affinity mask bounds its threads."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any

import numpy as np
import pytest

import jqfast.features as f
from jqfast import _core
from jqfast.data.panel import Panel


def _panel(T: int, N: int) -> Panel:
    rng = np.random.default_rng(3)
    close = 1000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (T, N)), axis=0))
    dates = np.datetime64("2015-01-05") + np.arange(T)
    codes = np.array([f"{1000 + n}0" for n in range(N)])
    return Panel(dates, codes, {"close": close}, np.ones((T, N), bool))


@pytest.fixture
def interrupts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SIGALRM raises KeyboardInterrupt, as SIGINT does, a moment after the engine has begun."""

    def handler(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    def soon(*args: Any, **options: Any) -> Any:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        return run(*args, **options)

    run = _core.run
    before = signal.signal(signal.SIGALRM, handler)
    with monkeypatch.context() as patch:
        patch.setattr(_core, "run", soon)
        yield
    signal.setitimer(signal.ITIMER_REAL, 0.0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("across", [False, True], ids=["time alone", "with cross-sections"])
@pytest.mark.usefixtures("interrupts")
def test_an_interrupt_ends_a_run(across: bool) -> None:
    panel = _panel(2000, 500)
    slow = {f"m{w}": f.ts_mad(f.close, w) for w in range(60, 200)}  # half a minute of work
    features = {name: f.cs_rank(expr) for name, expr in slow.items()} if across else slow
    out = np.full((len(features), *panel.shape), 7.0, np.float32)
    with pytest.raises(KeyboardInterrupt):
        f.panel(panel, features, out=out, threads=2)
    assert (out == 7.0).any()  # it was not finished first


_THREADS = """
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(sys.argv[1])])
from jqfast.features.execute import thread_count
print(thread_count(None))
"""


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity mask")
@pytest.mark.parametrize("count", [1, 2])
def test_no_more_threads_than_the_affinity_mask_has_processors(count: int) -> None:
    started = subprocess.run(
        [sys.executable, "-P", "-c", _THREADS, str(count)], capture_output=True, text=True, check=True
    )
    assert 1 <= int(started.stdout) <= count  # a quota of the cgroup may allow fewer still
