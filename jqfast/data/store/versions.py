"""Versions of a record: what an append has to add, and which version a reader gets.

A record is named by its keys. One publication of it is named by its identity (keys, publication, revision).
When the vendor serves an identity again with other content, that is a new version, told apart by the time it
was fetched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.schemas.base import FETCHED_AT, Table
from jqfast.data.store.ranks import HashArray, distinct, groups_of, order_of, rank, repeats, row_hashes
from jqfast.types import BoolArray, IntArray

#: Tokyo's clock, without daylight saving since 1951.
TOKYO = dt.timedelta(hours=9)


def without_repeats(rows: Any, table: Table, compared: Sequence[str]) -> Any:
    """The rows less those that occur before with the same identity and content."""
    identity = groups_of(rows, table.identity)
    if not repeats(identity):
        return rows
    content = row_hashes(rows, compared)
    order = np.lexsort((content, identity))
    same = (identity[order][1:] == identity[order][:-1]) & (content[order][1:] == content[order][:-1])
    return rows.take(np.sort(order[np.append(True, ~same)]))


def news(rows: Any, stored: Any, table: Table, compared: Sequence[str], fetched: dt.datetime) -> BoolArray:
    """Which rows say something that the store does not say already.

    For each identity the stored version in effect at ``fetched`` (else the first one) is compared as a set of
    rows with the incoming set. Equal: nothing new. Different: all incoming rows of the identity are new, so
    that the newest version is always complete, also where the vendor serves two rows under one identity.
    """
    mine, theirs = row_hashes(rows, table.identity), row_hashes(stored, table.identity)
    content, told = row_hashes(rows, compared), row_hashes(stored, compared)
    if np.array_equal(mine, theirs) and np.array_equal(content, told) and distinct(mine) == len(mine):
        return np.zeros(rows.num_rows, bool)  # a day that is fetched again, as a rule
    groups = Groups.of(np.concatenate([theirs, mine]))
    own = np.arange(len(groups.number)) >= len(theirs)
    score = np.full(len(own), _NEVER)
    score[~own] = _scores(_microseconds(stored[FETCHED_AT]), fetched)
    best = groups.most(score)
    current = ~own & (score == best[groups.number])
    hashes = np.concatenate([told, content])
    said, says = groups.total(hashes * current), groups.total(hashes * own)
    known = (best > _NEVER) & (said == says)
    return np.asarray(~known[groups.number[own]])


#: Below the score of every version that there is.
_NEVER = np.int64(-(2**63))


def _scores(times: IntArray, limit: dt.datetime) -> IntArray:
    """The higher, the nearer to being in effect at a time: the last version by then, else the first one."""
    end = _epoch(limit)
    return np.where(times <= end, times, np.int64(-(2**62)) - (times - end))


@dataclass(frozen=True)
class Groups:
    """Rows that share a number, for sums and maxima over them.

    Parameters
    ----------
    order : (rows,) sorts the rows by their number
    starts : (groups,) first place of each group in that order
    number : (rows,) group of each row
    """

    order: IntArray
    starts: IntArray
    number: IntArray

    @classmethod
    def of(cls, ids: HashArray) -> Groups:
        """Group rows by their 64 bits."""
        order = np.argsort(ids, kind="stable")
        new = np.ones(len(ids), bool)
        new[1:] = ids[order][1:] != ids[order][:-1]
        number = np.empty(len(ids), np.int64)
        number[order] = np.cumsum(new) - 1
        return cls(order, np.flatnonzero(new), number)

    def most(self, values: IntArray) -> IntArray:
        """The largest value of each group."""
        return np.asarray(np.maximum.reduceat(values[self.order], self.starts), np.int64)

    def total(self, values: HashArray) -> HashArray:
        """The sum of each group, modulo 2^64: no order changes it."""
        return np.asarray(np.add.reduceat(values[self.order], self.starts), np.uint64)


def latest(rows: Any, table: Table) -> Any:
    """The last version of each record, in the table's order."""
    keys = groups_of(rows, table.keys)
    if not repeats(keys):
        return sorted_rows(rows, table)
    versions = [rank(rows[name]) for name in (*table.published, *table.revision, FETCHED_AT)]
    order = np.lexsort([*versions[::-1], keys])
    last = np.ones(len(order), bool)
    last[:-1] = keys[order][1:] != keys[order][:-1]
    return sorted_rows(rows.take(np.sort(order[last])), table)


def known_by(rows: Any, table: Table, as_of: dt.datetime) -> Any:
    """What was public at a time, of tables that tell; of each publication the version fetched by then.

    Where none was fetched by then the first one is taken: the nearest to what was known.
    """
    if table.published:
        rows = rows.filter(_published_by(rows, table, as_of))
    if not rows.num_rows:
        return rows
    groups = Groups.of(row_hashes(rows, table.identity))
    score = _scores(_microseconds(rows[FETCHED_AT]), as_of)
    return rows.filter(score == groups.most(score)[groups.number])


def _published_by(rows: Any, table: Table, as_of: dt.datetime) -> Any:
    """Rows whose publication is at or before a time; null publications are left to the rules of the panel."""
    import pyarrow.compute as pc

    local = as_of.astimezone(dt.UTC).replace(tzinfo=None) + TOKYO
    day = rows[table.published[0]]
    if len(table.published) == 1:
        by = pc.less_equal(day, local.date())
    else:
        clock = pc.fill_null(rows[table.published[1]], "23:59:59")
        today = pc.and_(pc.equal(day, local.date()), pc.less_equal(clock, local.strftime("%H:%M:%S")))
        by = pc.or_(pc.less(day, local.date()), today)
    return pc.fill_null(by, True)


def sorted_rows(rows: Any, table: Table, *without: str) -> Any:
    """Rows in the table's order: day, keys, publication, time fetched."""
    order = order_of(rows, [name for name in table.order if name not in without])
    return rows if order is None else rows.take(order)


def _microseconds(column: Any) -> IntArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.cast(column, pa.int64()).to_numpy(), np.int64)


def _epoch(time: dt.datetime) -> int:
    return int(np.datetime64(time.astimezone(dt.UTC).replace(tzinfo=None), "us").astype(np.int64))
