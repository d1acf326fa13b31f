"""Adapters: the same expressions, computed by other packages.

One file per peer. Each holds a table from operators of our language to the peer's functions; a peer that
lacks an operator sits out the works that need it. `installed` tells what is there; a package is imported when
its adapter is asked for, not before.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec

from benchmarks.peers.base import Job, Mode, Peer, Unsupported

#: adapter module -> distribution it needs
ADAPTERS = {
    "pandas": "pandas",
    "polars": "polars",
    "bottleneck": "bottleneck",
    "numbagg": "numbagg",
    "talib": "talib",
    "kunquant": "KunQuant",
}


def installed() -> tuple[list[str], list[str]]:
    """Adapters whose package is there, and those whose package is not."""
    there = [name for name, package in ADAPTERS.items() if find_spec(package) is not None]
    return there, [name for name in ADAPTERS if name not in there]


def peers(names: list[str]) -> Iterator[Peer]:
    """The adapters of the given names, imported one by one."""
    for name in names:
        yield from import_module(f"benchmarks.peers.{name}").PEERS


__all__ = ["ADAPTERS", "Job", "Mode", "Peer", "Unsupported", "installed", "peers"]
