"""The published 158 features once more in pandas, window by window, for `test_alpha158_oracle`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

Frame = pd.DataFrame
TINY = 1e-12


class Prices:
    """Columns of a panel as wide frames (sessions x stocks)."""

    def __init__(self, frames: dict[str, Frame]) -> None:
        self.o, self.h, self.l, self.c = (frames[name] for name in ("open", "high", "low", "close"))
        self.v, self.va = frames["volume"], frames["turnover"]
        self.before = self.c.shift(1)


def today(name: str, p: Prices) -> Frame:
    """Candle shapes and prices relative to the close."""
    top, low, reach = np.maximum(p.o, p.c), np.minimum(p.o, p.c), p.h - p.l + TINY
    of = {
        "KMID": (p.c - p.o) / p.o,
        "KLEN": (p.h - p.l) / p.o,
        "KMID2": (p.c - p.o) / reach,
        "KUP": (p.h - top) / p.o,
        "KUP2": (p.h - top) / reach,
        "KLOW": (low - p.l) / p.o,
        "KLOW2": (low - p.l) / reach,
        "KSFT": (2 * p.c - p.h - p.l) / p.o,
        "KSFT2": (2 * p.c - p.h - p.l) / reach,
        "OPEN0": p.o / p.c,
        "HIGH0": p.h / p.c,
        "LOW0": p.l / p.c,
        "VWAP0": p.va / (p.v + 1e-6) / p.c,
    }
    return of[name]


def _line(values: np.ndarray) -> tuple[float, float, float]:
    """(slope, R squared, residual of the last one) of the sessions that have a value."""
    at = np.flatnonzero(np.isfinite(values))
    y = values[at]
    if len(at) < 2:
        return np.nan, np.nan, np.nan
    slope, level = np.polyfit(at - at.mean(), y - y.mean(), 1)
    fitted = y.mean() + level + slope * (at - at.mean())
    spread = ((y - y.mean()) ** 2).sum()
    share = 1 - ((y - fitted) ** 2).sum() / spread if spread > 0 else np.nan
    last = y[-1] - fitted[-1] if at[-1] == len(values) - 1 else np.nan
    return slope, share, last


def _of_line(x: Frame, w: int, which: int) -> Frame:
    # Rows before the first full window have fewer sessions, which stand at its end.
    return x.rolling(w, min_periods=1).apply(
        lambda v: _line(np.concatenate([np.full(w - len(v), np.nan), v]))[which], raw=True
    )


def _last_place(x: Frame, w: int, largest: bool) -> Frame:
    """Place of the latest extreme, 1 for the oldest session of a full window."""

    def place(values: np.ndarray) -> float:
        best = values.max() if largest else values.min()
        return float(np.flatnonzero(values == best)[-1] + 1)

    return x.rolling(w).apply(place, raw=True)


def _balance(x: Frame, w: int) -> dict[str, Frame]:
    step = x - x.shift(1)
    size = step.abs().rolling(w).sum() + TINY
    up, down = step.clip(lower=0).rolling(w).sum() / size, (-step).clip(lower=0).rolling(w).sum() / size
    return {"P": up, "N": down, "D": up - down}


def rolling(name: str, w: int, p: Prices) -> Frame:
    """One of the 29 features of a window."""
    c, v = p.c, p.v
    up = (c > p.before).astype(float).rolling(w).mean()
    down = (c < p.before).astype(float).rolling(w).mean()
    move = (c / p.before - 1).abs() * v
    turn = np.log(v / (v.shift(1) + TINY) + 1)
    high, low = p.h.rolling(w).max(), p.l.rolling(w).min()
    of: dict[str, Callable[[], Frame]] = {
        "ROC": lambda: c.shift(w) / c,
        "MA": lambda: c.rolling(w).mean() / c,
        "STD": lambda: c.rolling(w).std() / c,
        "BETA": lambda: _of_line(c, w, 0) / c,
        "RSQR": lambda: _of_line(c, w, 1),
        "RESI": lambda: _of_line(c, w, 2) / c,
        "MAX": lambda: high / c,
        "MIN": lambda: low / c,
        "QTLU": lambda: c.rolling(w).quantile(0.8) / c,
        "QTLD": lambda: c.rolling(w).quantile(0.2) / c,
        "RANK": lambda: c.rolling(w).rank(pct=True),
        "RSV": lambda: ((c - low) / (high - low + TINY)).clip(-10, 10),
        "IMAX": lambda: _last_place(p.h, w, True) / w,
        "IMIN": lambda: _last_place(p.l, w, False) / w,
        "IMXD": lambda: (_last_place(p.h, w, True) - _last_place(p.l, w, False)) / w,
        "CORR": lambda: c.rolling(w).corr(np.log(v + 1), pairwise=False).fillna(0.0),
        "CORD": lambda: (c / p.before).rolling(w).corr(turn, pairwise=False).fillna(0.0),
        "CNTP": lambda: up,
        "CNTN": lambda: down,
        "CNTD": lambda: up - down,
        "VMA": lambda: v.rolling(w).mean() / (v + TINY),
        "VSTD": lambda: v.rolling(w).std() / (v + TINY),
        "WVMA": lambda: move.rolling(w).std() / (move.rolling(w).mean() + TINY),
    }
    if name.startswith(("SUM", "VSUM")):
        return _balance(v if name.startswith("V") else c, w)[name[-1]]
    return of[name]()
