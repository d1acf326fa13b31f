"""Versions of a record: what an append has to add, and which version a reader gets.

A record is named by its keys. One publication of it is named by its identity (keys, publication, revision).
When the vendor serves an identity again with other content, that is a new version, told apart by the time it
was fetched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np

from jqfast.data.schemas.base import FETCHED_AT, Table
from jqfast.data.store.ranks import HashArray, groups_of, order_of, rank, repeats, row_hashes
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
    mine = row_hashes(rows, table.identity)
    theirs = row_hashes(stored, table.identity)
    common = np.isin(theirs, mine)
    new = np.ones(rows.num_rows, bool)
    if not common.any():
        return new
    stored, theirs = stored.filter(common), theirs[common]
    current = _in_effect(theirs, _microseconds(stored[FETCHED_AT]), fetched)
    ids, theirs_sum = _set_hashes(theirs[current], row_hashes(stored, compared)[current])
    my_ids, my_sum = _set_hashes(mine, row_hashes(rows, compared))
    place = np.minimum(np.searchsorted(ids, my_ids), len(ids) - 1)
    same = my_ids[(ids[place] == my_ids) & (theirs_sum[place] == my_sum)]
    return ~np.isin(mine, same)


def _in_effect(identity: HashArray, times: IntArray, fetched: dt.datetime) -> BoolArray:
    """Rows of each identity's last version fetched by a time, else of its first."""
    limit = _epoch(fetched)
    # Versions by then count upwards from the past; later ones only if there is none, the first of them best.
    score = np.where(times <= limit, times, np.int64(-(2**62)) - (times - limit))
    order = np.lexsort((score, identity))
    last = np.ones(len(order), bool)
    last[:-1] = identity[order][1:] != identity[order][:-1]
    ends = order[last]
    place = np.searchsorted(identity[ends], identity)
    return np.asarray(score == score[ends][place])


def _set_hashes(identity: HashArray, content: HashArray) -> tuple[HashArray, HashArray]:
    """Sorted identities, and of each the sum of its rows' hashes, which no order changes."""
    ids, place = np.unique(identity, return_inverse=True)
    sums = np.zeros(len(ids), np.uint64)
    np.add.at(sums, place.reshape(-1), content)
    return ids, sums


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
    identity = row_hashes(rows, table.identity)
    return rows.filter(_in_effect(identity, _microseconds(rows[FETCHED_AT]), as_of))


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
