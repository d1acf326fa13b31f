"""Measuring one work: ours, each peer, ours again; answers compared before any time is believed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

import jqfast.features as f
from benchmarks.engine.compare import Agreement, Measured, agree
from benchmarks.engine.works import Features, Work
from benchmarks.machine import Timing, extra_memory, measure, pinned_threads
from benchmarks.peers import Job, Peer, Unsupported
from benchmarks.peers.base import Array
from jqfast.data.panel import Panel

CHECK_ROWS = 500  # sets are compared on this many sessions, so that two answers fit in memory


@dataclass(frozen=True)
class Settings:
    """How long and on how many threads."""

    threads: int
    seconds: float = 1.0
    slow_rounds: int = 3


@dataclass(frozen=True)
class Outcome:
    """A work measured: ours into memory of ours (``given``) and into fresh memory, and the peers."""

    work: Work
    given: Timing
    fresh: Timing
    memory: float
    floor: float  # bytes read and written once, MB
    peers: tuple[Measured, ...]


def outcome(work: Work, panel: Panel, rivals: Sequence[Peer], settings: Settings) -> Outcome:
    """Time the work; our times are taken before and after the peers'."""
    features = work.features()
    out = np.zeros((len(features), *panel.shape), work.dtype)
    fresh = partial(f.panel, panel, features, dtype=work.dtype, threads=settings.threads)
    given = partial(fresh, out=out)
    memory = extra_memory(fresh)
    given()
    ours, new = _time(given, settings), _time(fresh, settings)
    results = []
    for peer in rivals:
        if peer.mode.package in work.absent:
            continue
        try:
            results.append(_against(peer, work, panel, settings))
        except Unsupported:
            continue
        gc.collect()
    ours, new = ours + _time(given, settings), new + _time(fresh, settings)
    columns = {name for expr in features.values() for name in expr.columns}
    moved = sum(panel[name].nbytes for name in columns) + out.nbytes
    compared = tuple(
        replace(m, ratio=m.timing.median / (ours if m.mode.reuses else new).median) for m in results
    )
    return Outcome(work, ours, new, memory, moved / 1e6, compared)


def _time(run: Callable[[], object], settings: Settings) -> Timing:
    return measure(run, seconds=settings.seconds / 2, rounds=settings.slow_rounds)


def _against(peer: Peer, work: Work, panel: Panel, settings: Settings) -> Measured:
    agreement = _checked(peer, work, panel.rows(0, CHECK_ROWS) if work.is_set else panel, settings)
    job = _job(peer, work.features(), panel, settings)
    try:
        memory = extra_memory(job.run)  # warms up, too
        timing = measure(job.run, seconds=settings.seconds, rounds=settings.slow_rounds)
    finally:
        job.close()
    return Measured(peer.mode, timing, agreement, memory, float("nan"))


def _job(peer: Peer, features: Features, panel: Panel, settings: Settings) -> Job:
    with pinned_threads(settings.threads):  # threads appear with the first run
        job = peer.job(panel, features, settings.threads)
        job.run()
    return job


def _checked(peer: Peer, work: Work, panel: Panel, settings: Settings) -> Agreement:
    """The agreement under the rule for incomplete windows that fits the peer best."""
    job = _job(peer, work.features(), panel, settings)
    try:
        theirs = job.values(job.run())
    finally:
        job.close()
    tolerance = work.tolerance if peer.mode.dtype == "float64" else max(work.tolerance, 1e-4)
    skip = {name: work.skip(panel, name) for name in theirs} if work.skip is not None else {}
    found = []
    for build in (work.features, *work.variants):
        ours = _ours(build(), panel, settings)
        found.append(agree(ours, {name: theirs[name] for name in ours}, tolerance=tolerance, skip=skip))
    return min(found, key=lambda agreement: agreement.wrong)


def _ours(features: Features, panel: Panel, settings: Settings) -> Mapping[str, Array]:
    values = f.panel(panel, features, dtype="float64", threads=settings.threads).values
    return dict(zip(features, values, strict=True))
