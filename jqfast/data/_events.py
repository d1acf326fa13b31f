"""When simulated stocks enter, rest and leave: listings, delistings, halts and one market outage.

Goes in: the numbers of sessions and stocks and one random stream. Comes out: a ``Schedule`` that the session
loop follows. In the pure null market nothing here knows of returns, so that no event carries a drift
(decision 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.types import AnyArray, BoolArray, FloatArray, IntArray

_LISTED_AT_START = 0.88
_DELISTED_PER_SESSION = 0.015 / 245
_HALTS_PER_SESSION = 0.3 / 245
_SHORTEST_LIFE = 120  # sessions
_TAKEOVER_NOTICE, _FAILURE_NOTICE = 40, 20  # sessions between the news and the last session


@dataclass(frozen=True, eq=False)
class Schedule:
    """``first`` and ``last`` (N,) session rows of a listing; ``news`` (N,) row of the overnight jump ahead of
    a delisting (-1: none), ``jump`` (N,) its log size, ``calm`` (N,) the volatility multiple from then on;
    ``halted`` (T, N) bool; ``outage`` the row without any trade (-1: none)."""

    first: IntArray
    last: IntArray
    news: IntArray
    jump: FloatArray
    calm: FloatArray
    halted: BoolArray
    outage: int


def schedule(T: int, N: int, *, frictions: bool, rng: np.random.Generator) -> Schedule:
    """Draw the events of T sessions; with ``frictions`` a delisting is preceded by a bid or a failure."""
    outage = T // 2 if frictions and T >= 60 else -1
    late = rng.uniform(size=N) > _LISTED_AT_START
    first = np.where(late, rng.integers(1, max(2, int(0.85 * T)), size=N), 0)
    life = np.maximum(rng.geometric(_DELISTED_PER_SESSION, size=N), _SHORTEST_LIFE)
    last = np.minimum(first + life, T - 1)
    # A listing begins and ends with a trade, so neither may fall on the session without trades.
    first, last = first + (first == outage), last - (last == outage)
    takeover = rng.uniform(size=N) < 0.6
    notice = np.where(takeover, _TAKEOVER_NOTICE, _FAILURE_NOTICE)
    has_news = frictions & (last < T - 1)
    news = last - notice
    size = np.where(takeover, rng.uniform(0.15, 0.4, size=N), -rng.uniform(0.3, 0.9, size=N))
    return Schedule(
        first=first,
        last=last,
        news=np.where(has_news, news - (news == outage), -1),
        jump=np.where(has_news, size, 0.0),
        calm=np.where(takeover, 0.12, 1.8),
        halted=_halts(T, N, first, last, rng),
        outage=outage,
    )


def _halts(T: int, N: int, first: AnyArray, last: AnyArray, rng: np.random.Generator) -> BoolArray:
    """(T, N) bool: rests of one to a few sessions, never on the first or last session of a listing."""
    halted = np.zeros((T, N), dtype=np.bool_)
    stock = np.flatnonzero(rng.uniform(size=T * N) < _HALTS_PER_SESSION)
    rows, columns = np.divmod(stock, max(N, 1))
    lengths = rng.geometric(0.5, size=len(rows))
    for row, column, length in zip(rows, columns, lengths, strict=True):
        halted[max(row, first[column] + 1) : min(row + length, last[column]), column] = True
    return halted
