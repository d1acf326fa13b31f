"""The calls into the core: prepared nets, samples, and the arrays to fill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from jqfast.explain._arrays import How, Missing, Samples, check_out, refuse_missing, samples_of
from jqfast.explain.nets import LstmNet, Net
from jqfast.explain.prepared import PreparedNet, prepared_net
from jqfast.explain.result import GroupMeans, LrpResult
from jqfast.explain.rules import RuleLike
from jqfast.features.execute import thread_count
from jqfast.memory import new_array
from jqfast.types import AnyArray, IntArray

#: Samples whose groups are counted at a time.
_COUNTED = 1 << 15


class Job(NamedTuple):
    """A prepared net and its samples."""

    prepared: PreparedNet
    samples: Samples
    how: How

    @property
    def length(self) -> int:
        """Sessions of a sample; 1 of a dense net."""
        return int(self.samples.x.shape[1]) if self.prepared.axes == 2 else 1


def make_job(net: Net, x: AnyArray, rule: RuleLike, epsilon: float, how: How) -> Job:
    """Everything checked, nothing computed."""
    return _job(prepared_net(net, rule, epsilon, how), x, how)


def job_of(
    prepared: PreparedNet,
    x: AnyArray,
    *,
    start: AnyArray | float | None = None,
    threads: int | None = None,
    missing: Missing = "refuse",
) -> Job:
    """The same for a net that has been prepared."""
    return _job(prepared, x, replace(prepared.how, start=start, threads=threads, missing=missing))


def explain(job: Job, out: AnyArray | None = None) -> LrpResult:
    """Relevance of all samples of a job."""
    return explain_all([job], [out])[0]


def explain_all(jobs: Sequence[Job], outs: Sequence[AnyArray | None]) -> list[LrpResult]:
    """Relevance of the samples of several jobs, which share the threads of the first."""
    from jqfast import _core

    if not jobs:
        return []
    relevances = [check_out(out, job.samples) for job, out in zip(jobs, outs, strict=True)]
    sums = [_sums(job) for job in jobs]
    calls = [
        (
            job.prepared.packed(job.length),
            job.samples.x,
            relevance,
            own["residual"],
            own["prediction"],
            own.get("initial"),
            job.samples.start,
        )
        for job, relevance, own in zip(jobs, relevances, sums, strict=True)
    ]
    found = _core.lrp_run(calls, threads=thread_count(jobs[0].how.threads))
    results = []
    for job, bad, relevance, own, out in zip(jobs, found, relevances, sums, outs, strict=True):
        samples = job.samples
        refuse_missing(samples, bad, job.how)
        shape = (*samples.heads, *samples.lead)
        whole = relevance.reshape(*shape, *samples.x.shape[1:]) if out is None else out
        arrays = {name: values.reshape(shape) for name, values in own.items()}
        results.append(LrpResult(relevance=whole, rules=job.prepared.rules, **arrays))
    return results


def new_outs(jobs: Sequence[Job]) -> list[AnyArray]:
    """Arrays for the relevances of jobs of one dtype, in one block: large pages, and one claim to memory."""
    shapes = [job.samples.shape for job in jobs]
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)]).tolist()
    block = new_array((ends[-1],), jobs[0].samples.x.dtype.name if jobs else "float32")
    return [block[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], shapes, strict=False)]


def group_means(job: Job, groups: IntArray, count: int) -> GroupMeans:
    """Means by group, the relevances themselves never written."""
    from jqfast import _core

    samples = job.samples
    full = (len(samples.outputs), count, *samples.x.shape[1:])
    arrays = _sums(job)
    arrays.pop("initial", None)
    total, size = np.zeros(full), np.zeros(full)
    bad = _core.lrp_means(
        job.prepared.packed(job.length),
        samples.x,
        groups,
        total,
        size,
        start=samples.start,
        threads=thread_count(job.how.threads),
        **arrays,
    )
    refuse_missing(samples, bad, job.how)
    members = _members(groups, arrays["prediction"], count)
    by = members.reshape(1, count, *(1,) * (len(full) - 2)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        mean, mean_size = total / by, size / by
    first: Any = slice(None) if samples.several else 0
    own = {name: values[first] for name, values in arrays.items()}
    rules = job.prepared.rules
    return GroupMeans(mean=mean[first], size=mean_size[first], count=members, rules=rules, **own)


def _members(groups: IntArray, predictions: AnyArray, count: int) -> IntArray:
    """(G,) samples of each group that have a relevance; some at a time, for the sake of memory."""
    members = np.zeros(count, dtype=np.int64)
    for first in range(0, len(groups), _COUNTED):
        some = slice(first, first + _COUNTED)
        known = np.isfinite(predictions[:, some]).all(axis=0) & (groups[some] >= 0)
        members += np.bincount(groups[some][known], minlength=count)
    return members


def _job(prepared: PreparedNet, x: AnyArray, how: How) -> Job:
    samples = samples_of(
        x, prepared.net.inputs, (prepared.outputs, prepared.several), how, axes=prepared.axes
    )
    return Job(prepared, samples, how)


def _sums(job: Job) -> dict[str, AnyArray]:
    """The arrays with one value per output and sample."""
    shape = (len(job.samples.outputs), len(job.samples.x))
    names = ["residual", "prediction", *(["initial"] if isinstance(job.prepared.net, LstmNet) else [])]
    return {name: np.empty(shape, job.how.kind) for name in names}
