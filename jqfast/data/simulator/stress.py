"""The market's hidden stress and the weekly foreign flow: states behind the market-wide effects.

Stress is a state of two values that changes by chance; each day's options show it in the skew of their
implied volatility, under noise. Who sees the skews knows its probability by Bayes' rule, which is exact
here. Options of a session are published in the night after it, so the close of row t has the skews up to t-1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqfast.data.simulator.effects import ENTER, HORIZONS, LEAVE, RETURN, Outlook
from jqfast.data.simulator.sessions import Sessions
from jqfast.types import FloatArray, IntArray

NORMAL = ENTER / (ENTER + LEAVE)
SKEW_CALM, SKEW_STRESS, SKEW_NOISE = 0.14, 0.24, 0.05
AHEAD = max(HORIZONS)


@dataclass(frozen=True, eq=False)
class Stress:
    """``state`` (T,) 0 or 1, hidden; ``skew`` (T,) as the options show it; ``probability`` (T,) of stress in
    session t given the skews up to t."""

    state: FloatArray
    skew: FloatArray
    probability: FloatArray


def draw_stress(T: int, rng: np.random.Generator) -> Stress:
    """A path of stress, its skews and what they tell."""
    draws = rng.uniform(size=T)
    state = np.zeros(T)
    now = float(rng.uniform() < NORMAL)
    for t in range(T):
        flips = draws[t] < (LEAVE if now else ENTER)
        now = 1.0 - now if flips else now
        state[t] = now
    skew = np.where(state > 0, SKEW_STRESS, SKEW_CALM) + SKEW_NOISE * rng.standard_normal(T)
    return Stress(state, skew, _filter(skew))


def _filter(skew: FloatArray) -> FloatArray:
    """Probability of stress given the skews so far."""
    out = np.empty(len(skew))
    p = NORMAL
    odds = np.exp((skew - (SKEW_CALM + SKEW_STRESS) / 2) * (SKEW_STRESS - SKEW_CALM) / SKEW_NOISE**2)
    for t, likelihood in enumerate(odds):
        prior = NORMAL + RETURN * (p - NORMAL)
        p = prior * likelihood / (prior * likelihood + 1.0 - prior)
        out[t] = p
    return out


@dataclass(eq=False)
class Foreigners:
    """Net buying of foreigners by week, in scores: half of last week's goes on, and they follow the market.

    ``published`` (T,) number of the week (from the first) whose flow is the latest one usable at row t's
    close, -1 before the first.
    """

    week: IntArray
    published: IntArray
    shocks: FloatArray
    flow: FloatArray
    trend: FloatArray

    PERSISTENCE = 0.5
    FOLLOW = 20.0  # scores per unit of the week's market return

    @staticmethod
    def plan(sessions: Sessions, rng: np.random.Generator) -> Foreigners:
        """Weeks of the span with the rows from which their flow may be used."""
        week = sessions.week - sessions.week[0]
        weeks = int(week[-1]) + 1
        last = np.searchsorted(week, np.arange(weeks), side="right") - 1  # last row of each week, or before
        day = sessions.in_next_week(sessions.dates[0] + 7 * np.arange(weeks).astype("timedelta64[D]"), 4)
        usable = sessions.row_after(day)
        # A week without sessions has no record.
        has = np.append(last[0] >= 0, np.diff(last) > 0)
        published = np.full(len(week), -1)
        for w in np.flatnonzero(has):
            published[usable[w] :] = w
        shocks = 0.8 * rng.standard_normal(weeks)
        return Foreigners(week, published, shocks, np.zeros(weeks), np.zeros(weeks))

    def observe(self, row: int, market: float) -> None:
        """Take in the mean return of a session; the week's flow is known to its makers as it goes."""
        w = self.week[row]
        self.trend[w] += market
        before = self.flow[w - 1] if w else 0.0
        self.flow[w] = self.PERSISTENCE * before + self.FOLLOW * self.trend[w] + self.shocks[w]

    def outlook(self, row: int) -> FloatArray:
        """(H,) the flow in force at rows t ... t+H-1, expected at row t's close.

        Weeks not yet published are expected from the last published one and from the returns seen since.
        """
        base = self.published[row]
        rows = np.minimum(row + np.arange(AHEAD), len(self.week) - 1)
        value = float(self.flow[base]) if base >= 0 else 0.0
        guess = {base: value}
        for w in range(base + 1, int(self.published[rows[-1]]) + 1):
            value = self.PERSISTENCE * value + self.FOLLOW * float(self.trend[w])
            guess[w] = value
        return np.array([guess[w] if w >= 0 else 0.0 for w in self.published[rows]])


def outlook(stress: Stress, foreigners: Foreigners, row: int) -> Outlook:
    """What a reader at the close of ``row``, with the skews up to the row before, expects of the states."""
    seen = stress.probability[row - 1] if row > 0 else NORMAL
    # From the state of t-1 to that of t+1 are two steps.
    path = np.asarray(RETURN ** (2.0 + np.arange(AHEAD)) * (NORMAL - seen), np.float64)
    nxt = min(row + 1, len(stress.state) - 1)
    return Outlook(foreigners.outlook(row), path, NORMAL - float(stress.state[nxt]))
