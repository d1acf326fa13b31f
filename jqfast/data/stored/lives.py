"""Columns of a panel from a store: one per life of a code.

Codes are given again. A code without a bar for longer than ``MAX_GAP`` sessions was not listed in between,
and what comes after is another stock; after a shorter absence, of ``MIN_GAP`` sessions or more, it is one if
the issue list has another company under the code. Its column is called ``CODE.2``, the third ``CODE.3``. The
first keeps the plain code, so that names do not depend on what happened later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from jqfast.data.clock import Clock
from jqfast.data.complete import MAX_GAP
from jqfast.types import AnyArray, BoolArray, CodeArray, FloatArray, IntArray

#: A company that changes its name while single days are missing from a store stays the same stock.
MIN_GAP = 5
_FAR = np.int64(1) << 32  # more than any clock has sessions


@dataclass(frozen=True, eq=False)
class Lives:
    """Every life of every code of a store, sorted by code and time.

    Parameters
    ----------
    clock : sessions to which rows refer
    codes : (C,) codes, ascending
    code : (L,) of each life, index into `codes`
    first : (L,) row of the first record
    labels : (L,) name of its column
    splits : (S,) life * 2^32 + row of each adjustment factor, ascending
    products : (S,) product of the life's factors up to and including that one
    """

    clock: Clock
    codes: CodeArray
    code: IntArray
    first: IntArray
    labels: CodeArray
    splits: IntArray
    products: FloatArray

    def __len__(self) -> int:
        return len(self.code)

    def find(self, codes: AnyArray) -> IntArray:
        """(n,) index into `codes` of each text, -1 where it has no bar."""
        if not len(self.codes):
            return np.full(len(codes), -1, np.int64)
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[place] == codes, place, -1)

    def of(self, code: IntArray, rows: IntArray) -> IntArray:
        """(n,) the life of each code index on a row: the last begun by then, else the first; -1 for -1."""
        life = np.append(self.begun, -1)[code]
        again = np.flatnonzero(np.append(self.several, False)[code])
        if len(again):
            keys = self.code * _FAR + self.first
            wanted = code[again] * _FAR + np.maximum(rows[again], 0)
            life[again] = np.maximum(np.searchsorted(keys, wanted, side="right") - 1, life[again])
        return life

    @cached_property
    def begun(self) -> IntArray:
        """(C,) the first life of each code."""
        return np.searchsorted(self.code, np.arange(len(self.codes)), side="left").astype(np.int64)

    @cached_property
    def several(self) -> BoolArray:
        """(C,) whether a code was given more than once."""
        return np.bincount(self.code, minlength=len(self.codes)) > 1

    def adjustment(self, life: IntArray, rows: IntArray) -> FloatArray:
        """A(t) of decision 3: the product of a life's factors with ex-date on or before a row; 1 for -1."""
        if not len(self.splits):
            return np.ones(len(life))
        place = np.searchsorted(self.splits, life * _FAR + np.maximum(rows, 0), side="right") - 1
        own = (place >= 0) & (self.splits[place] // _FAR == life) & (rows >= 0)
        return np.where(own, self.products[place], 1.0)


#: (rows of the last records, rows of the next ones, indices of the codes) -> whether it is another company.
Another = Callable[[IntArray, IntArray, IntArray], BoolArray]


def find_lives(clock: Clock, codes: CodeArray, present: BoolArray, another: Another | None = None) -> Lives:
    """The lives of codes from the sessions on which they have a record.

    Parameters
    ----------
    codes : (C,) ascending
    present : (R, C) whether a code has a record on a session of the clock
    another : asked about absences that are too short to tell by themselves; None: they are the same stock
    """
    row = np.arange(len(present), dtype=np.int32)[:, None]
    seen = np.maximum.accumulate(np.where(present, row, np.int32(-1)), axis=0)
    before = np.full(present.shape, -1, np.int32)
    before[1:] = seen[:-1]
    begins = present & ((before < 0) | (row - before > MAX_GAP + 1))
    if another is not None:
        # Sessions of which the store has nothing at all say nothing about one code.
        held = np.cumsum(present.any(axis=1), dtype=np.int32)
        back, code = np.nonzero(present & ~begins & (row - before > MIN_GAP))
        last = before[back, code].astype(np.int64)
        away = held[back] - held[last] - 1 >= MIN_GAP
        back, code, last = back[away], code[away], last[away]
        if len(back):
            other = another(last, back, code)
            begins[back[other], code[other]] = True
    code, first = (index.astype(np.int64) for index in np.nonzero(begins.T))
    number = np.arange(len(code)) - np.searchsorted(code, code, side="left") + 1
    names = codes[code]
    labels = np.array(
        [name if k == 1 else f"{name}.{k}" for name, k in zip(names, number, strict=True)], np.str_
    )
    return Lives(clock, codes, code, first, labels, np.zeros(0, np.int64), np.zeros(0))


def with_factors(lives: Lives, life: IntArray, rows: IntArray, factors: FloatArray) -> Lives:
    """The lives with their adjustment factors (those that are not 1), in any order."""
    order = np.lexsort((rows, life))
    life, rows, factors = life[order], rows[order], factors[order]
    products = factors.copy()
    for k in range(1, len(products)):
        if life[k] == life[k - 1]:
            products[k] *= products[k - 1]
    return replace(lives, splits=life * _FAR + rows, products=products)
