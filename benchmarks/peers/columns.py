"""Help for peers that work on arrays: threads over blocks of stocks, or of dates."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.machine import pinned_pool
from benchmarks.peers.base import Array, Job, Table, Unsupported, single
from jqfast.data.panel import Panel
from jqfast.features import Expr


def block_job(
    panel: Panel,
    features: Mapping[str, Expr],
    table: Table,
    threads: int,
    *,
    by_date: frozenset[str] = frozenset(),
) -> Job:
    """A job for one operator of the table, each thread on its own block of stocks of the T x N arrays.

    Operators named in ``by_date`` compare stocks: their blocks are dates.
    """
    name, op, columns, params = operation(features, table)
    inputs = [panel[column] for column in columns]
    axis = 0 if op in by_date else 1
    edges = [round(panel.shape[axis] * k / threads) for k in range(threads + 1)]
    blocks = [(slice(None),) * axis + (slice(a, b),) for a, b in pairwise(edges) if b > a]
    pool = pinned_pool(len(blocks))

    def run() -> Array:
        out = np.empty(panel.shape)

        def one(block: tuple[slice, ...]) -> None:
            out[block] = table[op](*(x[block] for x in inputs), **params)

        list(pool.map(one, blocks))
        return out

    return Job(run, lambda result: {name: result}, pool.shutdown)


def operation(features: Mapping[str, Expr], table: Table) -> tuple[str, str, list[str], dict[str, Any]]:
    """Name, operator, columns and parameters of the one operator asked for; Unsupported for anything else."""
    if len(features) != 1:
        raise Unsupported("more than one feature")
    ((name, expr),) = features.items()
    op, columns, params = single(expr)
    if op not in table:
        raise Unsupported(op)
    return name, op, columns, params
