"""Where large results live: on huge pages that are kept, once freed, for the results to come.

The system clears every fresh page before it hands it over, which can take a quarter of the time in which the
engine fills it. So the memory of a freed result is kept for the next one of its size, as caching allocators
do. While it is kept the system may take it back when memory runs short (``MADV_FREE``, Linux; elsewhere
nothing is kept); until then it counts as resident.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from jqfast.types import AnyArray

#: What is kept unless `keep_memory` says otherwise, on machines of 32 GiB or more; an eighth of smaller ones.
USUAL_LIMIT = 4 << 30
#: Arrays of fewer bytes come from numpy, whose allocator serves them well.
SMALL = 8 << 20


def new_array(shape: Sequence[int], dtype: str) -> AnyArray:
    """An array of ``shape`` in C order whose content is undefined; a large one begins on a page boundary.

    Raises
    ------
    MemoryError
        If the system has no such memory.
    """
    bytes_ = math.prod(shape) * np.dtype(dtype).itemsize
    if bytes_ < SMALL:
        return np.empty(shape, dtype=dtype)
    from jqfast import _core

    return _core.pages(bytes_).view(dtype).reshape(shape)


def trim_memory() -> None:
    """Give back to the system what has been freed and lies idle in the allocator (glibc; elsewhere nothing).

    Making a panel of the whole market leaves some 0.7 GB of it, in pieces that no large result fits into.
    """
    import ctypes

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def keep_memory(limit: int) -> None:
    """Give kept memory back to the system, and keep at most ``limit`` bytes of freed results from now on.

    The usual limit is an eighth of the machine's memory, 4 GiB at most; 0 keeps nothing.

    Raises
    ------
    ValueError
        If ``limit`` is negative.
    """
    if limit < 0:
        raise ValueError(f"`limit` must be 0 or more bytes; got {limit}. 0 keeps nothing.")
    from jqfast import _core

    _core.keep_pages(limit)
