"""The issue list as a witness: which company had a code on a day."""

from __future__ import annotations

from functools import cache

import numpy as np

from jqfast.data.clock import Clock
from jqfast.data.store import Store
from jqfast.data.stored.arrays import array
from jqfast.data.stored.lives import Another
from jqfast.types import BoolArray, CodeArray, IntArray

MASTER = "equities_master"


def another_company(store: Store, clock: Clock, codes: CodeArray) -> Another | None:
    """Tells whether a code that comes back after an absence names another company; None without a list.

    Compared are the names in the lists in force on the last day before and on the first day after. A code
    that is missing in one of them says nothing, and counts as the same company.
    """
    if MASTER not in store.tables():
        return None

    @cache
    def names(row: int) -> dict[str, str]:
        day = clock.sessions[row]
        listed = store.read(MASTER, columns=["Code", "CoName"], start=last_list(store, day), end=day)
        return dict(zip(listed["Code"].to_pylist(), listed["CoName"].to_pylist(), strict=True))

    def another(last: IntArray, back: IntArray, code: IntArray) -> BoolArray:
        found = np.zeros(len(code), np.bool_)
        for k, (before, after) in enumerate(zip(last.tolist(), back.tolist(), strict=True)):
            old, new = (names(row).get(str(codes[code[k]])) for row in (before, after))
            found[k] = bool(old) and bool(new) and old != new
        return found

    return another


def last_list(store: Store, day: np.datetime64) -> np.datetime64:
    """The date of the list in force on a day; the day itself where there is none before."""
    for days in (0, 10, 100, 100_000):
        found = array(store.read(MASTER, columns=["Date"], start=day - days, end=day)["Date"])
        if len(found):
            return np.datetime64(found.max())
    return day
