"""Columns that are made when they are asked for.

A panel of the whole market has more columns than memory; most are records of which each holds for weeks. Such
a column is kept as its records and becomes an array on each access, shared for as long as anybody holds it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.types import AnyArray


@dataclass(frozen=True, eq=False)
class Deferred:
    """A column to be: its shape, its dtype, and how to make rows ``low <= t < high`` of it."""

    shape: tuple[int, ...]
    make: Callable[[int, int], AnyArray]
    dtype: Any = np.float64

    @property
    def ndim(self) -> int:
        """2 for a column of stocks, 1 for a market-wide one."""
        return len(self.shape)

    def rows(self, low: int, high: int) -> Deferred:
        """The same column cut to some rows."""
        make = self.make
        return Deferred((high - low, *self.shape[1:]), lambda a, b: make(low + a, low + b), self.dtype)


class Columns(Mapping[str, AnyArray]):
    """Name -> array, of which some are made on access. Immutable."""

    def __init__(self, values: Mapping[str, AnyArray | Deferred]) -> None:
        held = values._held if isinstance(values, Columns) else values
        self._held: dict[str, AnyArray | Deferred] = dict(held)
        self._made: weakref.WeakValueDictionary[str, AnyArray] = weakref.WeakValueDictionary()

    def __getitem__(self, name: str) -> AnyArray:
        value = self._held[name]
        if not isinstance(value, Deferred):
            return value
        made = self._made.get(name)
        if made is None:
            made = value.make(0, value.shape[0])
            if made.shape != value.shape or made.dtype != value.dtype:
                raise ValueError(
                    f"Column `{name}` must be {value.shape} {np.dtype(value.dtype)}; it came out as "
                    f"{made.shape} {made.dtype}."
                )
            self._made[name] = made
        return made

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, name: object) -> bool:
        return name in self._held

    def held(self) -> dict[str, AnyArray | Deferred]:
        """The arrays and the columns to be, as they are kept."""
        return dict(self._held)

    def rows(self, low: int, high: int) -> Columns:
        """All columns cut to some rows; arrays are views."""
        cut = {
            name: value.rows(low, high) if isinstance(value, Deferred) else value[low:high]
            for name, value in self._held.items()
        }
        return Columns(cut)

    def __reduce__(self) -> Any:
        return Columns, (dict(self),)
