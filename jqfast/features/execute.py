"""Running expressions on a panel: cached plan in, one array out; the arithmetic happens in C++.

1. compile the expressions (cached per tuple of expressions)
2. gather the columns the plan reads, check dtype and shape, make the one permitted copy
3. allocate the output, or check the caller's
4. run with the GIL released
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from jqfast.data.lazy import Columns
from jqfast.data.panel import Panel
from jqfast.errors import closest, unknown
from jqfast.features.columns import CALENDAR, CODES
from jqfast.features.expr import Expr
from jqfast.features.memory import require_memory
from jqfast.features.passes import Plan, compile_plan
from jqfast.features.passes.graph import Input
from jqfast.memory import new_array
from jqfast.types import AnyArray, FloatArray

if TYPE_CHECKING:
    from jqfast import _core

Layout: TypeAlias = Literal["feature", "sample"]
Dtype: TypeAlias = Literal["float32", "float64"]

MAX_THREADS = 1024
CACHE_LINE = 64


def execute(
    panel: Panel,
    outputs: Sequence[Expr],
    *,
    dtype: Dtype = "float32",
    layout: Layout = "feature",
    threads: int | None = None,
    out: AnyArray | None = None,
) -> AnyArray:
    """Compute ``outputs`` on every cell of the panel.

    Returns
    -------
    (F, T, N) array for ``layout="feature"``, (T, N, F) for ``"sample"``: ``out`` when given, else new and
    C-contiguous but for padding at the end of (F, T, N) rows. NaN where a value is missing, in warm-up rows,
    and on dates that are no session.

    Raises
    ------
    ValueError
        If an option is not legal, a column is missing or has the wrong shape, or ``out`` does not fit.
    MemoryError
        If the result would not fit into the memory that is left.
    """
    check_options(dtype, layout)
    plan, program = compiled(tuple(outputs))
    T, N = panel.shape
    shape = (plan.outputs, T, N) if layout == "feature" else (T, N, plan.outputs)
    if out is None:
        require_memory(math.prod(shape) * np.dtype(dtype).itemsize, shape, dtype)
    inputs = [read_column(panel, column, group=column in plan.groups) for column in plan.inputs]
    target = _new_output(shape, dtype, layout) if out is None else _checked_out(out, shape, dtype, panel)
    rows = np.flatnonzero(panel.is_session).astype(np.int64)
    from jqfast import _core

    _core.run(program, inputs, rows, target, layout, thread_count(threads))
    return target


@lru_cache(maxsize=64)
def compiled(outputs: tuple[Expr, ...]) -> tuple[Plan, _core.Plan]:
    """The plan of some expressions, and the same checked and made ready by the core."""
    from jqfast import _core

    plan = compile_plan(outputs)
    return plan, _core.Plan(plan.text)


def thread_count(threads: int | None) -> int:
    """``threads`` checked; None means the smaller of CPU affinity and cgroup quota (decision 31).

    Raises
    ------
    ValueError
        If the number is below 1 or above 1,024.
    """
    if threads is None:
        from jqfast import _core

        return int(_core.build_info()["threads"])
    if isinstance(threads, bool) or not isinstance(threads, int | np.integer):
        raise TypeError(f"`threads` must be an integer or None; got {threads!r}.")
    if not 1 <= threads <= MAX_THREADS:
        raise ValueError(
            f"`threads` must be from 1 to {MAX_THREADS}; got {threads}. None means all there are."
        )
    return int(threads)


def check_options(dtype: str, layout: str) -> None:
    """Refuses what is no dtype or layout."""
    if dtype not in get_args(Dtype):
        raise unknown("dtype", str(dtype), get_args(Dtype))
    if layout not in get_args(Layout):
        raise unknown("layout", str(layout), get_args(Layout))


def read_column(panel: Panel, column: Input, *, group: bool) -> FloatArray:
    """The array of one plan input, float64 and C-contiguous; a category is NaN where it is missing."""
    T, N = panel.shape
    if column.axis == "code":
        return CODES[column.name](panel.codes)
    if column.name in CALENDAR and column.name not in panel.columns:
        return CALENDAR[column.name](panel.dates)
    if column.name not in panel.columns:
        raise ValueError(
            f"The panel has no column `{column.name}`.{closest(column.name, panel.columns)} "
            f"It has: {', '.join(panel.columns)}."
        )
    values = panel.columns[column.name]
    if column.name in panel.categories:
        if not group:
            return _labels_as_numbers(column.name, panel.categories[column.name])[values]
        return np.where(values < 0, np.nan, values.astype(np.float64))
    want = (T, N) if column.axis == "stock" else (T,)
    if values.shape != want:
        raise ValueError(
            f"Column `{column.name}` is used as a {column.axis} series of shape {want}; the panel holds "
            f"{values.shape}. Say `column({column.name!r}, market={column.axis == 'stock'})`."
        )
    return np.ascontiguousarray(values, dtype=np.float64)


def _labels_as_numbers(name: str, labels: Sequence[str]) -> FloatArray:
    """The number that each label of a category is, and NaN last, for the code -1 of a missing one."""
    wrong = [label for label in labels if not label.isdecimal()]
    if wrong:
        raise ValueError(
            f"Column `{name}` is a category whose labels are no numbers ({wrong[0]!r}): it can only stand in "
            f'`by=`, as in cs_zscore(x, by="{name}").'
        )
    return np.array([*map(float, labels), np.nan])


def _new_output(shape: tuple[int, ...], dtype: Dtype, layout: Layout) -> AnyArray:
    """An empty output; rows of the feature layout begin on cache lines, which makes them cheaper to write."""
    if layout == "sample":
        return new_array(shape, dtype)
    line = CACHE_LINE // np.dtype(dtype).itemsize
    F, T, N = shape
    pitch = -(-N // line) * line
    memory = new_array((F * T * pitch + line,), dtype)
    first = -memory.ctypes.data % CACHE_LINE // memory.itemsize
    return memory[first : first + F * T * pitch].reshape(F, T, pitch)[:, :, :N]


def _checked_out(out: AnyArray, shape: tuple[int, ...], dtype: str, panel: Panel) -> AnyArray:
    """``out`` if it can take the result in place: no column of the panel is there, be it read or not."""
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != np.dtype(dtype):
        got = f"{out.shape} {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"`out` must be a {shape} {dtype} array; got {got}.")
    if not out.flags.c_contiguous or not out.flags.writeable:
        raise ValueError("`out` must be C-contiguous and writeable.")
    held = (panel.listed, *Columns(panel.columns).held().values())
    if any(isinstance(values, np.ndarray) and np.may_share_memory(out, values) for values in held):
        raise ValueError("`out` must not overlap a column of the panel; give it memory of its own.")
    return out
