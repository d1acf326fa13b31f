"""Relevance of whole prediction panels that no memory holds: averaged in the pass, or streamed to Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.explain._arrays import How
from jqfast.explain._run import explain, group_means, job_of, make_job
from jqfast.explain.nets import Explainable, net_of
from jqfast.explain.prepared import prepared_net
from jqfast.explain.result import GroupMeans
from jqfast.explain.rules import RuleLike
from jqfast.types import AnyArray

#: Values explained at a time when streaming to a file: 16 megabytes of float32.
_CHUNK = 1 << 22


def lrp_means(
    model: Explainable,
    x: AnyArray,
    groups: AnyArray,
    *,
    count: int | None = None,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    **how: Any,
) -> GroupMeans:
    """Mean relevance by group, without ever writing the relevances.

    Parameters
    ----------
    model, x, rule, epsilon : as :func:`jqfast.explain.lrp`
    groups : integer group of each sample, of the shape of the samples: a decile, a month, 0 for the mean of
        all; negative for none
    count : number of groups; None is one more than the largest
    **how : ``output``, ``start``, ``bias``, ``dtype``, ``threads``, ``missing`` as :func:`lrp_dense`

    Returns
    -------
    GroupMeans. Sums run in float64 over the samples in their order, so threads do not change a bit.

    Raises
    ------
    ValueError
        As :func:`jqfast.explain.lrp`; also for groups that do not fit.
    """
    job = make_job(net_of(model), x, rule, epsilon, How(**how))
    labels = np.asarray(groups)
    if labels.shape != job.samples.lead or labels.dtype.kind not in "iu":
        raise ValueError(
            f"`groups` must be integers of the shape of the samples, {job.samples.lead}; "
            f"got {labels.dtype} of shape {labels.shape}."
        )
    flat = np.ascontiguousarray(labels, dtype=np.int64).reshape(-1)
    most = int(flat.max(initial=-1)) + 1
    wanted = most if count is None else count
    if wanted < max(most, 1):
        raise ValueError(f"`count` must be at least {max(most, 1)}, one more than the largest group.")
    return group_means(job, flat, wanted)


def lrp_to_parquet(
    model: Explainable,
    x: AnyArray,
    path: str | Path,
    *,
    names: Sequence[str],
    keys: dict[str, AnyArray] | None = None,
    rule: RuleLike = "epsilon",
    epsilon: float = 1e-3,
    **how: Any,
) -> None:
    """Relevance of any number of samples into a Parquet file, a bounded chunk at a time.

    Parameters
    ----------
    model, x, rule, epsilon : as :func:`jqfast.explain.lrp`; ``x`` (S, I), or (S, L, I) whose relevances are
        summed over the sessions
    path : file to write; it is complete or absent
    names : of the I inputs, one column each
    keys : more columns with one value per sample, such as date and code
    **how : as :func:`jqfast.explain.lrp`, one output

    The file also gets `prediction` and `residual`; its metadata hold the rule and the scale's note of the
    first chunk.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    options = How(**how, names=names)
    net = prepared_net(net_of(model), rule, epsilon, options)
    axes = net.axes
    values = np.asarray(x)
    if values.ndim != axes + 1 or len(names) != values.shape[-1]:
        raise ValueError(
            f"`names` must name the inputs of `x`, {values.shape[-1:]}, and `x` have one axis of samples."
        )
    step = max(1, _CHUNK // max(int(np.prod(values.shape[1:])), 1))
    target = Path(path)
    temporary = target.with_name(f".{target.name}.tmp")
    buffer: AnyArray = np.empty((min(step, len(values)), *values.shape[1:]), options.kind)
    writer: pq.ParquetWriter | None = None
    try:
        for first in range(0, max(len(values), 1), step):
            part = values[first : first + step]
            start = options.start
            own = start[first : first + step] if isinstance(start, np.ndarray) and start.ndim else start
            job = job_of(net, part, start=own, threads=options.threads, missing=options.missing)
            result = explain(job, buffer[: len(part)])
            table = {name: column[first : first + step] for name, column in (keys or {}).items()}
            table |= {"prediction": result.prediction, "residual": result.residual}
            relevance = result.relevance if axes == 1 else result.relevance.sum(axis=1)
            table |= {name: relevance[:, i] for i, name in enumerate(names)}
            arrow = pa.table({name: pa.array(column) for name, column in table.items()})
            if writer is None:
                schema = arrow.schema.with_metadata({"relevance": result.note})
                writer = pq.ParquetWriter(temporary, schema, compression="zstd")
            writer.write_table(arrow.cast(writer.schema))
        if writer is not None:
            writer.close()
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
