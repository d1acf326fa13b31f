"""Kept memory: a freed result's pages serve the next of that size, within the limit, and are never shared."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import jqfast
from jqfast import _core
from jqfast.memory import SMALL, USUAL_LIMIT, new_array, trim_memory

LARGE = SMALL // 8 + 1000  # float64 items, above the threshold
PAGE = 4096


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    jqfast.keep_memory(USUAL_LIMIT)
    yield
    jqfast.keep_memory(USUAL_LIMIT)


def _keeps() -> bool:
    """Whether this system lets us keep anything."""
    _core.pages(SMALL)
    kept = _core.kept_pages()[0] > 0
    jqfast.keep_memory(USUAL_LIMIT)
    return kept


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (7, 5), (3, LARGE)])
def test_an_array_has_its_shape_and_can_be_written(shape: tuple[int, ...]) -> None:
    array = new_array(shape, "float64")
    array[...] = 1.5
    assert array.shape == shape
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.sum() == 1.5 * array.size


def test_large_arrays_begin_on_a_page() -> None:
    assert new_array((LARGE,), "float64").ctypes.data % PAGE == 0


def test_a_freed_array_serves_the_next_of_its_size() -> None:
    if not _keeps():
        pytest.skip("the system has no MADV_FREE")
    first = new_array((LARGE,), "float64")
    address = first.ctypes.data
    del first
    blocks, kept = _core.kept_pages()
    assert blocks == 1
    assert kept >= LARGE * 8
    second = new_array((LARGE,), "float64")
    assert second.ctypes.data == address
    assert _core.kept_pages() == (0, 0)


def test_an_array_lives_as_long_as_a_view_of_it() -> None:
    view = new_array((2, LARGE), "float32")[1, 5:]
    view[:] = 3.0
    other = new_array((2, LARGE), "float32")
    other[:] = 4.0
    assert not np.shares_memory(view, other)
    assert view.min() == view.max() == 3.0


def test_arrays_in_use_at_the_same_time_never_overlap() -> None:
    for _ in range(3):
        arrays = [new_array((LARGE,), "float64") for _ in range(4)]
        for number, array in enumerate(arrays):
            array[:] = number
        assert [array.min() for array in arrays] == [array.max() for array in arrays] == [0, 1, 2, 3]


@pytest.mark.parametrize("limit", [0, 3 * LARGE * 8])
def test_no_more_is_kept_than_the_limit(limit: int) -> None:
    jqfast.keep_memory(limit)
    arrays = [new_array((LARGE,), "float64") for _ in range(6)]
    del arrays
    blocks, kept = _core.kept_pages()
    assert kept <= limit
    assert (blocks > 0) == (limit > 0 and _keeps())


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="`limit` must be 0 or more bytes; got -1"):
        jqfast.keep_memory(-1)


def test_too_much_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        _core.pages(1 << 60)


def test_trimming_leaves_what_is_held_and_needs_no_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    held = np.arange(10_000.0)
    trim_memory()
    np.testing.assert_array_equal(held, np.arange(10_000.0))
    monkeypatch.setattr("ctypes.CDLL", lambda _: object())
    trim_memory()
