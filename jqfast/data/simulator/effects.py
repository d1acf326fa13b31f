"""The planted effects: what drives a simulated stock, and what its label is expected to be.

Each driver of row t is a function of what a reader at the close of session t has: bars up to t, tables
published by the evening of t-1. The drift of session t+1, as a log return while the market is open, is

    sum over drivers of strength x value

    reversal    -(C_t - C_{t-5}), C the sum of a stock's daily moves less the mean of all stocks
    momentum    C_{t-5} - C_{t-60}
    value       score of log(equity / market value), equity from the latest statement
    quality     score of the last four quarters' net profit / equity
    earnings    sum of clipped surprises, fading with 25 sessions; a surprise is the change of the forecast
                (at the year's end: outcome less forecast) over equity
    flow        foreigners' net buying of the last published week, scored, x score of log market value
    crash       (normal stress - stress of session t+1) x score of the beta seen so far

A score is the deviation from the listed stocks' mean in standard deviations, cut at 2.5. Stress is hidden: a
state that only shows, through noise, in the skew of the options' implied volatility (`stress.py`). Everything
else is visible. Strengths are per session and unit, for an oracle's 5-day RankIC of 0.05 to 0.08.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jqfast.types import BoolArray, FloatArray

#: Drift per session and unit of the driver, at strength 1.
STRENGTH = {
    "reversal": 0.0140,
    "momentum": 0.00125,
    "value": 0.00024,
    "quality": 0.00024,
    "earnings": 0.00064,
    "flow": 0.000235,
    "crash": 0.00075,
}
DRIVERS = tuple(STRENGTH)
#: Made of closes; what they will be depends on every close of the last sixty sessions, not on their values.
FROM_CLOSES = ("reversal", "momentum")
HORIZONS = (1, 5, 10, 20)
REVERSAL, MOMENTUM = 5, 60
FADE = float(np.exp(-1.0 / 25.0))
#: Of the stress: chances per session that it begins and ends, and what is left of a deviation from normal.
ENTER, LEAVE = 1.0 / 180, 1.0 / 45
RETURN = 1.0 - ENTER - LEAVE
_SURPRISE, _SURPRISE_MOST = 0.01, 3.0  # of equity; in units of it
_SCORE_MOST = 2.5
_BETA_MEMORY = 1.0 - 1.0 / 120.0


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the market's own series are expected to be from row t on: ``flow`` and ``stress`` (H,) for the
    sessions t+1 ... t+H, ``stress`` as its distance from normal, with the sign of the crash driver; ``truly``
    the crash driver's factor in session t+1 as it is, hidden."""

    flow: FloatArray
    stress: FloatArray
    truly: float


@dataclass(eq=False)
class Visible:
    """What the drivers are made of, carried from session to session; each (N,).

    ``moves`` C of the last 61 sessions and ``sums`` their running sums; ``seen`` log of the last traded close
    on the forward basis; ``equity``, ``income`` and ``forecast`` of the latest statement; ``echo`` of past
    surprises;
    ``covariance`` and ``variance`` behind the beta; ``weight`` how much of them is in.
    """

    moves: deque[FloatArray]
    sums: deque[FloatArray]
    seen: FloatArray
    equity: FloatArray
    income: FloatArray
    forecast: FloatArray
    echo: FloatArray
    covariance: FloatArray
    variance: float = 0.0
    scores: dict[str, FloatArray] = field(default_factory=dict)


def opening(N: int) -> Visible:
    """Before the first session."""
    nothing = np.zeros(N)
    return Visible(
        moves=deque([nothing] * (MOMENTUM + 1), maxlen=MOMENTUM + 1),
        sums=deque([nothing] * (MOMENTUM + 2), maxlen=MOMENTUM + 2),
        seen=np.full(N, np.nan),
        equity=np.full(N, np.nan),
        income=np.full(N, np.nan),
        forecast=np.full(N, np.nan),
        echo=nothing.copy(),
        covariance=nothing.copy(),
    )


def relative_move(now: FloatArray, before: FloatArray, traded: BoolArray) -> FloatArray:
    """(N,) log moves of one session less their mean over the stocks that traded; 0 for all others."""
    known = traded & np.isfinite(before) & np.isfinite(now)
    move = np.where(known, now - np.where(known, before, 0.0), 0.0)
    mean = move.sum() / max(int(known.sum()), 1)
    return np.where(known, move - mean, 0.0)


def observe(visible: Visible, log_close: FloatArray, traded: BoolArray) -> float:
    """Take in the closes of a session (forward basis) and let surprises fade; the mean move of all stocks."""
    move = relative_move(log_close, visible.seen, traded)
    known = traded & np.isfinite(visible.seen)
    mean = float((log_close - visible.seen)[known].mean()) if known.any() else 0.0
    visible.moves.append(visible.moves[-1] + move)
    visible.sums.append(visible.sums[-1] + visible.moves[-1])
    visible.covariance = _BETA_MEMORY * visible.covariance + move * mean
    visible.variance = _BETA_MEMORY * visible.variance + mean * mean
    visible.seen = np.where(traded, log_close, visible.seen)
    visible.echo = visible.echo * FADE
    return mean


def surprise_unit(surprise: FloatArray) -> FloatArray:
    """A disclosed surprise as the earnings driver takes it in."""
    return np.clip(surprise / _SURPRISE, -_SURPRISE_MOST, _SURPRISE_MOST)


def score(values: FloatArray, listed: BoolArray) -> FloatArray:
    """(N,) deviations from the mean of listed stocks with a value, in standard deviations; 0 for the rest."""
    known = listed & np.isfinite(values)
    if int(known.sum()) < 3:
        return np.zeros(len(values))
    some = values[known]
    spread = float(some.std())
    out = np.where(known, (values - some.mean()) / spread if spread > 0 else 0.0, 0.0)
    return np.clip(out, -_SCORE_MOST, _SCORE_MOST)


def drivers(
    visible: Visible, shares: FloatArray, listed: BoolArray, outlook: Outlook
) -> dict[str, FloatArray]:
    """Value of each driver at the close of the session; crash with the stress that a reader expects."""
    C = visible.moves
    capital = visible.seen + np.log(shares)
    with np.errstate(invalid="ignore", divide="ignore"):
        book = np.log(visible.equity) - capital
        returns = visible.income / visible.equity
    visible.scores = {
        "size": score(capital, listed),
        "beta": score(visible.covariance / max(visible.variance, 1e-12), listed),
    }
    return {
        "reversal": C[-1 - REVERSAL] - C[-1],
        "momentum": C[-1 - REVERSAL] - C[0],
        "value": score(book, listed),
        "quality": score(returns, listed),
        "earnings": visible.echo,
        "flow": visible.scores["size"] * outlook.flow[0],
        "crash": visible.scores["beta"] * outlook.stress[0],
    }


def drift(
    now: Mapping[str, FloatArray], visible: Visible, outlook: Outlook, strength: Mapping[str, float]
) -> FloatArray:
    """The true drift of the next session: as the drivers say, but with the stress that is."""
    total = sum(strength[name] * now[name] for name in DRIVERS if name != "crash")
    return np.asarray(total + strength["crash"] * visible.scores["beta"] * outlook.truly)


def expected(
    now: Mapping[str, FloatArray], visible: Visible, outlook: Outlook, strength: Mapping[str, float]
) -> dict[int, FloatArray]:
    """horizon -> (N,) expected log return from the next open to the close that many sessions ahead, less what
    all stocks share.

    Reversal and momentum roll off as the sessions that they are made of leave; value, quality, size and beta
    stay as they are, surprises fade and new ones have mean zero; flow and stress follow their outlook. The
    drift's own effect on later drivers is left out: it is of second order in the strengths.
    """
    C, S = visible.moves, visible.sums
    out = {}
    for h in HORIZONS:
        short = min(h, REVERSAL)
        # Sums over the h sessions ahead of C_{t-5+j} (no later than C_t) and of C_{t-60+j}.
        recent = S[-1 - REVERSAL + short - 1] - S[-1 - REVERSAL - 1] + (h - short) * C[-1]
        old = S[h] - S[0]
        from_closes = strength["reversal"] * (recent - h * C[-1]) + strength["momentum"] * (recent - old)
        flow = strength["flow"] * visible.scores["size"] * float(outlook.flow[:h].sum())
        lasting = sum(strength[name] * times * now[name] for name, times in lasts(h).items())
        out[h] = from_closes + flow + lasting
    return out


def lasts(h: int) -> dict[str, float]:
    """Driver -> what its value of today adds up to over the next ``h`` sessions, for those that know no more.

    Value and quality stay, surprises fade, stress goes back to normal at its own pace.
    """
    fade, back = (float((1.0 - pace**h) / (1.0 - pace)) for pace in (FADE, RETURN))
    return {"value": float(h), "quality": float(h), "earnings": fade, "crash": back}
