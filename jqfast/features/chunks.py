"""Features of a panel by chunks of dates: one session of the engine goes through all of them.

In: a panel and a compiled plan. Out: one buffer, filled anew for each chunk; its bits are those of the whole
result. Memory is the panel, one chunk, and the carried state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features.execute import Dtype, Layout, read_column
from jqfast.features.passes import Plan
from jqfast.types import AnyArray

if TYPE_CHECKING:
    from jqfast import _core

#: A chunk is as long as fits into this many bytes, within these numbers of dates.
CHUNK_BYTES = 128 << 20
FEWEST, MOST = 32, 1024


class Chunk(NamedTuple):
    """Sessions ``start <= t < stop`` of the panel; ``values`` is overwritten by the next chunk."""

    start: int
    stop: int
    values: AnyArray  # (F, stop - start, N) or (stop - start, N, F)


def rows_of_chunk(plan: Plan, N: int, dtype: Dtype) -> int:
    """Dates of a chunk where the user does not say."""
    row = max(1, plan.outputs * N * np.dtype(dtype).itemsize)
    return min(MOST, max(FEWEST, CHUNK_BYTES // row))


def chunks(
    panel: Panel, plan: Plan, session: _core.Session, *, rows: int, dtype: Dtype, layout: Layout, threads: int
) -> Iterator[Chunk]:
    """All chunks of the panel in order, fed to ``session``."""
    T, N = panel.shape
    memory = np.empty(plan.outputs * min(rows, T) * N, dtype=dtype)
    for start in range(0, T, rows):
        stop = min(T, start + rows)
        shape = (plan.outputs, stop - start, N) if layout == "feature" else (stop - start, N, plan.outputs)
        values = memory[: plan.outputs * (stop - start) * N].reshape(shape)
        part = panel.rows(start, stop)
        inputs = [read_column(part, column, group=column in plan.groups) for column in plan.inputs]
        sessions = np.flatnonzero(panel.is_session[start:stop]).astype(np.int64)
        session.feed(inputs, sessions, values, layout, threads)
        del inputs, part  # not beside those of the next chunk
        yield Chunk(start, stop, values)
