"""Features straight into a file, date chunk by date chunk: results larger than memory.

Parquet: long form (date, code, one column a feature), one row group per chunk, zstd. NumPy's ``.npy``: the
array of `panel`, to be opened with ``np.load(path, mmap_mode="r")``. Either has the bits of the result in
memory, and appears whole or not at all.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import unknown
from jqfast.features.api import Features, Request, resolve
from jqfast.features.chunks import Chunk, chunks, rows_of_chunk
from jqfast.features.execute import Dtype, Layout, check_options, compiled, thread_count
from jqfast.features.result import FeaturePanel
from jqfast.files import replacing
from jqfast.memory import trim_memory

SUFFIXES = (".npy", ".parquet")


def write(
    panel: Panel,
    features: Features,
    path: str | os.PathLike[str],
    *,
    normalize: bool = False,
    dtype: Dtype = "float32",
    layout: Layout = "feature",
    threads: int | None = None,
    rows_per_chunk: int | None = None,
) -> Path:
    """Compute features into a file, with memory for one chunk of dates.

    Parameters
    ----------
    panel : Panel of T sessions and N stocks
    features, normalize, dtype, threads : as for `panel`
    path : ends in ``.parquet`` (long form, T x N rows, one row group per chunk) or ``.npy``
    layout : of ``.npy``: "feature" for (F, T, N), "sample" for (T, N, F)
    rows_per_chunk : dates per chunk; None for what fits into 128 MB. The values do not depend on it

    Returns
    -------
    Path of the file. Its values are bit for bit those of `panel`. Beside the panel, memory holds one chunk
    and the carried state of the stocks.

    Raises
    ------
    ValueError
        If an option is not legal, a name is unknown, or a column is missing.
    OSError
        If the file cannot be written (no permission, disk full); what was at ``path`` is then still there.
    """
    check_options(dtype, layout)
    target = Path(path)
    if target.suffix not in SUFFIXES:
        raise unknown("file ending", target.suffix or str(target), SUFFIXES)
    if target.suffix == ".parquet" and layout != "feature":
        raise ValueError("`layout` is for .npy files; a Parquet table is in the long form. Leave it out.")
    request = resolve(features, panel.columns)
    plan, program = compiled(request.prepared(normalize))
    rows = _rows(rows_per_chunk, rows_of_chunk(plan, panel.shape[1], dtype))
    from jqfast import _core

    trim_memory()
    session = _core.Session(program, panel.shape[1])
    parts = chunks(panel, plan, session, rows=rows, dtype=dtype, layout=layout, threads=thread_count(threads))
    with replacing(target) as temporary:
        if target.suffix == ".npy":
            _write_npy(temporary, parts, panel, plan.outputs, dtype, layout)
        else:
            _write_parquet(temporary, parts, panel, request, dtype)
    return target


def _rows(wanted: int | None, usual: int) -> int:
    if wanted is None:
        return usual
    if isinstance(wanted, bool) or not isinstance(wanted, int | np.integer) or wanted < 1:
        raise ValueError(f"`rows_per_chunk` must be an integer >= 1 or None; got {wanted!r}.")
    return int(wanted)


def _write_parquet(path: Path, parts: Iterator[Chunk], panel: Panel, request: Request, dtype: Dtype) -> None:
    import pyarrow.parquet as pq

    def table(start: int, stop: int, values: np.ndarray) -> FeaturePanel:
        return FeaturePanel(
            request.names, panel.dates[start:stop], panel.codes, values, "feature", request.norm_of
        )

    nothing = np.empty((len(request.names), 0, panel.shape[1]), dtype=dtype)
    with pq.ParquetWriter(path, table(0, 0, nothing).to_arrow().schema, compression="zstd") as writer:
        for part in parts:
            rows = table(part.start, part.stop, part.values).to_arrow()
            writer.write_table(rows, row_group_size=max(1, rows.num_rows))


def _write_npy(
    path: Path, parts: Iterator[Chunk], panel: Panel, F: int, dtype: Dtype, layout: Layout
) -> None:
    T, N = panel.shape
    shape = (F, T, N) if layout == "feature" else (T, N, F)
    head = io.BytesIO()
    what = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(head, what)
    item = np.dtype(dtype).itemsize
    with path.open("r+b") as file:
        file.write(head.getvalue())
        first = file.tell()
        for part in parts:
            if layout == "sample":
                file.write(part.values.data)
                continue
            for f in range(F):  # each feature is a stretch of the file of its own
                file.seek(first + ((f * T + part.start) * N) * item)
                file.write(part.values[f].data)
        file.truncate(first + F * T * N * item)
