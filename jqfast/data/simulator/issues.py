"""The issues of the simulated market: who they are, when they are listed, in which segment.

Goes in: the sessions, the configuration and one random stream. Comes out: ``Issues``, one entry per listing
in the order of their codes. A code that was given up may name another company years later: the two are two
issues with one code, and their lives do not overlap. Nothing here knows of returns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.simulator.config import SimulateConfig
from jqfast.data.simulator.sessions import OUTAGE, Sessions
from jqfast.types import BoolArray, CodeArray, FloatArray, IntArray

#: Segments before and after the reform, as the API's codes.
MARKETS = ("0101", "0102", "0104", "0106", "0107", "0111", "0112", "0113")
FIRST_SECTION, PRIME = 0, 5
REFORM = np.datetime64("2022-04-04", "D")
#: What the segments became: first section to Prime (or Standard), second and JASDAQ to Standard, the rest to
#: Growth.
_BECAME = np.array([5, 6, 7, 6, 7, 5, 6, 7])
#: Companies that chose Standard had until October 2023 to come down from Prime.
_STEP_DOWN = np.datetime64("2023-10-20", "D")
ALPHABETIC_FROM = np.datetime64("2024-01-04", "D")

_LATE_PER_YEAR, _LATE_MOST = 0.018, 0.4
_GONE_PER_SESSION = 0.018 / 245
_HALTS_PER_SESSION = 0.3 / 245
_SHORTEST_LIFE = 120  # sessions
_TAKEOVER_NOTICE, _FAILURE_NOTICE = 40, 20  # sessions between the news and the last session
_REUSED = 0.01  # of all issues take a code that was given up
_REST = 240  # sessions a code rests before it is given again


@dataclass(frozen=True, eq=False)
class Issues:
    """One entry per listing, ordered by code and then by first session; arrays are (N,).

    ``code`` five characters; ``number`` of the company for its names; ``sector`` 0 to 32; ``size`` and
    ``style`` standard normal traits; ``beta``; ``vol`` the typical standard deviation of the own session
    return; ``price`` first raw price in yen; ``shares`` issued, before any split; ``log_turnover`` of a
    typical session in yen; ``year_end`` month of the fiscal year's end; ``standard`` 0 Japanese accounts, 1
    IFRS, 2 US; ``first``, ``last`` rows of the listing; ``news`` row of the jump ahead of a delisting (-1:
    none), ``jump`` its log size, ``calm`` the volatility multiple from then on; ``segment`` at the first row;
    ``moves`` (row, issue, segment) of later changes, in order of rows; ``halted`` (T, N).
    """

    code: CodeArray
    number: IntArray
    sector: IntArray
    size: FloatArray
    style: FloatArray
    beta: FloatArray
    vol: FloatArray
    price: FloatArray
    shares: FloatArray
    log_turnover: FloatArray
    year_end: IntArray
    standard: IntArray
    first: IntArray
    last: IntArray
    news: IntArray
    jump: FloatArray
    calm: FloatArray
    segment: IntArray
    moves: IntArray
    halted: BoolArray

    def listed(self, row: int) -> BoolArray:
        """(N,) whether each issue is listed on the session of ``row``."""
        return np.asarray((self.first <= row) & (row <= self.last))


def draw_issues(sessions: Sessions, config: SimulateConfig, rng: np.random.Generator) -> Issues:
    """The issues of a market; see :class:`Issues`."""
    T, N = len(sessions.dates), config.stocks
    first, last = _lives(T, N, config.years, rng)
    code, first, last = _codes(sessions, first, last, rng)
    outage = int(np.searchsorted(sessions.dates, OUTAGE))
    if outage < T and sessions.dates[outage] == OUTAGE:
        # A listing begins and ends with a trade, so neither may fall on the session without trades.
        first, last = first + (first == outage), last - (last == outage)
    else:
        outage = -1
    size = np.clip(rng.standard_normal(N), -2.5, 3.0)
    takeover = rng.uniform(size=N) < 0.6
    has_news = config.frictions & (last < T - 1)
    news = last - np.where(takeover, _TAKEOVER_NOTICE, _FAILURE_NOTICE)
    jump = np.where(takeover, rng.uniform(0.15, 0.4, size=N), -rng.uniform(0.3, 0.9, size=N))
    price = np.clip(1500.0 * np.exp(0.8 * rng.standard_normal(N)), 130.0, 30000.0)
    capital = np.log(3e10) + 1.7 * size
    vol = 0.016 * np.exp(0.30 * rng.standard_normal(N) - 0.12 * size)
    segment = _segments(size, first, sessions, rng)
    return Issues(
        code=code,
        number=rng.permutation(N) + 1,
        sector=rng.integers(0, config.sectors, size=N),
        size=size,
        style=np.clip(rng.standard_normal(N), -2.5, 2.5),
        beta=np.clip(1.0 + 0.3 * rng.standard_normal(N), 0.2, 2.0),
        vol=np.clip(vol, 0.006, 0.05),
        price=price,
        shares=np.maximum(np.rint(np.exp(capital) / price / 100), 1000) * 100,
        log_turnover=capital - 5.3 + 0.5 * rng.standard_normal(N),
        year_end=rng.choice(
            np.array([3, 12, 2, 9, 6, 8, 5, 11, 1]),
            size=N,
            p=[0.65, 0.12, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01],
        ),
        standard=np.where(rng.uniform(size=N) < 0.10, np.where(rng.uniform(size=N) < 0.96, 1, 2), 0),
        first=first,
        last=last,
        news=np.where(has_news, news - (news == outage), -1),
        jump=np.where(has_news, jump, 0.0),
        calm=np.where(takeover, 0.12, 1.8),
        segment=segment,
        moves=_moves(segment, size, first, sessions, rng),
        halted=_halts(T, first, last, rng),
    )


def _lives(T: int, N: int, years: float, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """First and last row of each listing."""
    late = rng.uniform(size=N) < min(_LATE_MOST, _LATE_PER_YEAR * years)
    first = np.where(late, rng.integers(1, max(2, int(0.95 * T)), size=N), 0)
    life = np.maximum(rng.geometric(_GONE_PER_SESSION, size=N), _SHORTEST_LIFE)
    return first.astype(np.int64), np.minimum(first + life, T - 1).astype(np.int64)


def _codes(
    sessions: Sessions, first: IntArray, last: IntArray, rng: np.random.Generator
) -> tuple[CodeArray, IntArray, IntArray]:
    """Codes in ascending order with the lives that go with them; at least one code is used twice."""
    T, N = len(sessions.dates), len(first)
    reused = max(1, round(_REUSED * N)) if T > 2 * _SHORTEST_LIFE + _REST + 2 else 0
    # Pairs: the issue at 2k gives up its code in the first half, the one at 2k + 1 takes it later.
    old, new = np.arange(reused) * 2, np.arange(reused) * 2 + 1
    gap = T - 2 * _SHORTEST_LIFE - _REST - 1
    first[old] = 0
    last[old] = _SHORTEST_LIFE + rng.integers(0, max(gap // 2, 1), size=reused)
    first[new] = np.minimum(last[old] + _REST + rng.integers(0, max(gap // 2, 1), size=reused), T - 2)
    last[new] = T - 1
    late = sessions.dates[np.minimum(first, T - 1)] >= ALPHABETIC_FROM
    late[new] = False
    late &= first > 0
    digits = rng.choice(np.arange(1300, 10000), size=min(N, 8700), replace=False)
    names = np.array([f"{d}0" for d in digits] + [""] * (N - len(digits)))
    letters = [f"{n}{a}0" for a in "ACDFGHJKLMNPRSTUWXY" for n in range(130, 1000)]
    names[late] = np.array(letters)[: int(late.sum())]
    spare = np.flatnonzero(names == "")
    names[spare] = np.array(letters)[int(late.sum()) :][: len(spare)]
    names[new] = names[old]
    order = np.lexsort((first, names))
    return names[order], first[order], last[order]


def _segments(size: FloatArray, first: IntArray, sessions: Sessions, rng: np.random.Generator) -> IntArray:
    """Segment of each issue on its first row: large ones on the first section, young ones on Mothers."""
    N = len(size)
    draw = size + 0.5 * rng.standard_normal(N)
    place = np.empty(N)
    place[np.argsort(draw)] = (np.arange(N) + 0.5) / N
    junior = np.select([place > 0.43, place > 0.31, place > 0.15, place > 0.13], [0, 1, 3, 4], 2)
    young = np.where(rng.uniform(size=N) < 0.7, 2, np.where(place > 0.8, 0, 3))
    segment = np.where(first > 0, young, junior)
    after = sessions.dates[np.minimum(first, len(sessions.dates) - 1)] >= REFORM
    return np.where(after, _BECAME[segment], segment).astype(np.int64)


def _moves(
    segment: IntArray, size: FloatArray, first: IntArray, sessions: Sessions, rng: np.random.Generator
) -> IntArray:
    """(M, 3) changes of segment: the reform, promotions of grown companies, steps down from Prime."""
    T, N = len(sessions.dates), len(segment)
    issue = np.arange(N)
    reform = int(np.searchsorted(sessions.dates, REFORM))
    down = int(np.searchsorted(sessions.dates, _STEP_DOWN))
    before = (first < reform) & (reform > 0)
    # A promotion to the first section, at most one per company, some years after its listing.
    promoted = first + rng.geometric(1.0 / 2500, size=N)
    promote = before & (segment != FIRST_SECTION) & (size > -0.5) & (promoted < min(reform, T))
    last_old = np.where(promote, FIRST_SECTION, segment)
    became = np.where((last_old == FIRST_SECTION) & (size < -0.9), 6, _BECAME[last_old])
    rows = [np.stack([promoted, issue, np.zeros(N, np.int64)], axis=1)[promote]]
    if reform < T:
        rows.append(np.stack([np.full(N, reform), issue, became], axis=1)[before])
    if down < T:
        step = (became == PRIME) & (first < down) & (size < np.quantile(size, 0.25) + 0.6)
        step &= rng.uniform(size=N) < 0.4
        rows.append(np.stack([np.full(N, down), issue, np.full(N, 6)], axis=1)[step & before])
    moves = np.concatenate(rows).astype(np.int64)
    return moves[np.argsort(moves[:, 0], kind="stable")]


def _halts(T: int, first: IntArray, last: IntArray, rng: np.random.Generator) -> BoolArray:
    """(T, N) rests of one to a few sessions, never on the first or last session of a listing."""
    N = len(first)
    halted = np.zeros((T, N), dtype=np.bool_)
    count = int(rng.poisson(_HALTS_PER_SESSION * T * N))
    rows, issues = rng.integers(0, T, size=count), rng.integers(0, N, size=count)
    for row, issue, length in zip(rows, issues, rng.geometric(0.5, size=count), strict=True):
        halted[max(row, first[issue] + 1) : min(row + length, last[issue]), issue] = True
    return halted
