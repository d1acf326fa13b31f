"""The one door through which the learning room gets JAX.

The dots of these models are small: XLA's own thread pool gains little from them, while one fold per Python
thread with single-threaded dots doubles throughput on a CPU. XLA reads its flags once, when JAX is
imported, so they are set here, before that import; a flag of the user's is left alone, and on a GPU this
one has no effect.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_FLAG = "--xla_cpu_multi_thread_eigen"


def _prepare() -> None:
    """Set the flag unless JAX is already here or the user has an opinion."""
    given = os.environ.get("XLA_FLAGS", "")
    if "jax" not in sys.modules and _FLAG not in given:
        os.environ["XLA_FLAGS"] = f"{given} {_FLAG}=false".strip()


_prepare()

import jax  # noqa: E402 - after the flags
import jax.numpy as jnp  # noqa: E402
from jax import lax  # noqa: E402

__all__ = ["cpu_count", "jax", "jnp", "lax", "on_cpu"]


def on_cpu() -> bool:
    """Whether JAX computes on the CPU: folds then go over threads, else into one ``vmap``."""
    return jax.default_backend() == "cpu"


def cpu_count() -> int:
    """Cores this process may use: its affinity, cut by a cgroup quota where there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()[:2]
        return max(1, min(cores, round(int(quota) / int(period))))
    except (OSError, ValueError):
        return cores
