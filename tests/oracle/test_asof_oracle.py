"""The as-of join against a loop over all events, and its wrapper."""

from __future__ import annotations

import numpy as np
import pytest

from jqfast.data.asof import Events, Grid, asof, asof_age
from jqfast.types import FloatArray

T, N, K = 30, 7, 3


def _events(seed: int, *, record: bool) -> Events:
    rng = np.random.default_rng(seed)
    E = 60
    values = np.where(rng.random((E, K)) < 0.3, np.nan, rng.normal(size=(E, K)))
    row = rng.integers(-3, T + 3, E)
    return Events(("a", "b", "c"), values, rng.integers(0, N, E), row, rng.integers(0, 4, E), row - 2, record)


def _slow(events: Events, first: int, max_age: int) -> tuple[FloatArray, FloatArray]:
    out, ages = np.full((K, T, N), np.nan), np.full((K, T, N), np.nan)
    for k in range(K):
        for t in range(T):
            for n in range(N):
                known = [
                    (events.order[e], events.row[e], e)  # type: ignore[index]
                    for e in range(len(events))
                    if events.stock[e] == n
                    and events.row[e] <= first + t
                    and (events.record or np.isfinite(events.values[e, k]))
                ]
                if known:
                    e = max(known)[2]
                    age = first + t - events.since[e]  # type: ignore[index]
                    if age <= max_age:
                        out[k, t, n], ages[k, t, n] = events.values[e, k], age
    return out, ages


@pytest.mark.parametrize("record", [False, True])
@pytest.mark.parametrize(("first", "max_age", "threads"), [(0, 10**6, 1), (4, 5, 2), (0, 0, 7)])
def test_against_a_loop(record: bool, first: int, max_age: int, threads: int) -> None:
    events = _events(first + record, record=record)
    want, ages = _slow(events, first, max_age)
    got = asof(events, Grid(T, N, first, threads=threads), max_age=max_age)
    assert np.array_equal(got, want, equal_nan=True)
    known = events.by_row().before(first + T)
    assert np.array_equal(asof(known, Grid(T, N, first), max_age=max_age), want, equal_nan=True)
    age = asof_age(events, Grid(T, N, first), column="b", max_age=max_age)
    assert np.array_equal(age, ages[1], equal_nan=True)
    assert np.isfinite(want).sum() > 100 or max_age == 0
    listed = np.random.default_rng(0).random((T, N)) < 0.6
    grid = Grid(T, N, first, listed, threads)
    there = np.where(listed, want, np.nan)
    assert np.array_equal(asof(events, grid, max_age=max_age), there, equal_nan=True)
    age = asof_age(events, grid, column="b", max_age=max_age)
    assert np.array_equal(age, np.where(listed, ages[1], np.nan), equal_nan=True)


def test_columns_by_name_and_refusals() -> None:
    events = _events(1, record=False)
    both = asof(events, Grid(T, N), columns=["c", "a"])
    whole = asof(events, Grid(T, N))
    assert np.array_equal(both, whole[[2, 0]], equal_nan=True)
    with pytest.raises(ValueError, match="Unknown column of the events `d`"):
        asof(events, Grid(T, N), columns=["d"])
    with pytest.raises(ValueError, match="`stock` must lie in 0 <= stock < N"):
        asof(events, Grid(T, N - 1))
    with pytest.raises(ValueError, match="`max_age` must be 0 or more"):
        asof(events, Grid(T, N), max_age=-1)


def test_what_is_known_before_a_session_is_a_view() -> None:
    events = _events(2, record=True).by_row()
    for row in (-9, 0, 7, T, T + 9):
        known = events.before(row)
        assert len(known) == (events.row < row).sum()
        assert (known.row < row).all()
        assert len(known) == 0 or np.shares_memory(known.values, events.values)
