"""The published set of 158 price and volume features, in the language of `jqfast.features`.

Nine candle shapes, four prices relative to the close, 29 rolling features at 5, 10, 20, 30 and 60 sessions.
The conventions are those of KunQuant's edition, so that its exact mode is a check: windows must be full,
comparisons with a missing value are false, an undefined correlation is 0, positions count from 1 at the
oldest session, `RSV` is held within +-10.
"""

from __future__ import annotations

import jqfast.features as f
from jqfast.features import Expr

WINDOWS = (5, 10, 20, 30, 60)
TINY = 1e-12  # keeps the published formulas from dividing by zero


def alpha158() -> dict[str, Expr]:
    """Name -> expression of all 158."""
    out = {**_candle(), **_prices()}
    for w in WINDOWS:
        for group in (_trend, _order, _flow, _volume):
            out.update({f"{name}{w}": expr for name, expr in group(w).items()})
    return out


def _candle() -> dict[str, Expr]:
    o, h, l, c = f.open_, f.high, f.low, f.close  # noqa: E741 - the letters of the published set
    body_top, body_low = f.maximum(o, c), f.minimum(o, c)
    reach = h - l + TINY
    return {
        "KMID": (c - o) / o,
        "KLEN": (h - l) / o,
        "KMID2": (c - o) / reach,
        "KUP": (h - body_top) / o,
        "KUP2": (h - body_top) / reach,
        "KLOW": (body_low - l) / o,
        "KLOW2": (body_low - l) / reach,
        "KSFT": (2.0 * c - h - l) / o,
        "KSFT2": (2.0 * c - h - l) / reach,
    }


def _prices() -> dict[str, Expr]:
    vwap = f.turnover / (f.volume + 1e-6)
    return {
        "OPEN0": f.open_ / f.close,
        "HIGH0": f.high / f.close,
        "LOW0": f.low / f.close,
        "VWAP0": vwap / f.close,
    }


def _trend(w: int) -> dict[str, Expr]:
    c = f.close
    return {
        "ROC": f.lag(c, w) / c,
        "MA": f.ts_mean(c, w) / c,
        "STD": f.ts_std(c, w) / c,
        "BETA": f.ts_slope(c, w, 1) / c,
        "RSQR": f.ts_rsquare(c, w, 1),
        "RESI": f.ts_resid(c, w, 1) / c,
    }


def _order(w: int) -> dict[str, Expr]:
    c, top, low = f.close, f.ts_max(f.high, w), f.ts_min(f.low, w)
    since_top, since_low = f.ts_argmax(f.high, w), f.ts_argmin(f.low, w)
    return {
        "MAX": top / c,
        "MIN": low / c,
        "QTLU": f.ts_quantile(c, w, 0.8) / c,
        "QTLD": f.ts_quantile(c, w, 0.2) / c,
        "RANK": f.ts_rank(c, w),
        "RSV": f.clip((c - low) / (top - low + TINY), -10.0, 10.0),
        "IMAX": (w - since_top) / w,
        "IMIN": (w - since_low) / w,
        "IMXD": (since_low - since_top) / w,
    }


def _flow(w: int) -> dict[str, Expr]:
    c, v = f.close, f.volume
    before = f.lag(c, 1)
    up = f.ts_mean(f.fill(c > before, 0.0), w)
    down = f.ts_mean(f.fill(c < before, 0.0), w)
    turn = f.log(v / (f.lag(v, 1) + TINY) + 1.0)
    return {
        "CORR": f.fill(f.ts_corr(c, f.log(v + 1.0), w), 0.0),
        "CORD": f.fill(f.ts_corr(c / before, turn, w), 0.0),
        "CNTP": up,
        "CNTN": down,
        "CNTD": up - down,
        **_balance("SUM", c, w),
    }


def _volume(w: int) -> dict[str, Expr]:
    c, v = f.close, f.volume
    move = f.abs_(c / f.lag(c, 1) - 1.0) * v
    return {
        "VMA": f.ts_mean(v, w) / (v + TINY),
        "VSTD": f.ts_std(v, w) / (v + TINY),
        "WVMA": f.ts_std(move, w) / (f.ts_mean(move, w) + TINY),
        **_balance("VSUM", v, w),
    }


def _balance(name: str, x: Expr, w: int) -> dict[str, Expr]:
    """Sums of rises and of falls over the sum of all changes, and their difference."""
    change = x - f.lag(x, 1)
    rise, fall = f.maximum(change, 0.0), f.maximum(-change, 0.0)
    size = f.ts_sum(f.abs_(change), w) + TINY
    rises, falls = f.ts_sum(rise, w), f.ts_sum(fall, w)
    return {f"{name}P": rises / size, f"{name}N": falls / size, f"{name}D": (rises - falls) / size}
