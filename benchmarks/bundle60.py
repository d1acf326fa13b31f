"""`bundle60`: sixty features as desks really ask for them, then a z-score of each per date.

Definitions are in the language of `jqfast.features`; each peer computes the translation of the same
expressions. Windows must be full, but for recursive averages, which give values from the first session on,
and for the slope, which needs two sessions: not every peer can wait longer.
"""

from __future__ import annotations

import math

import jqfast.features as f
from jqfast.features import Expr


def bundle60(*, zscored: bool = True) -> dict[str, Expr]:
    """Name -> expression of all 60, z-scored per date unless told not to (`bundle60_nocs`)."""
    groups = (_returns, _averages, _oscillators, _spread, _volume, _extremes, _ranges, _shape, _candles)
    out: dict[str, Expr] = {}
    for group in groups:
        out.update(group())
    return {name: f.cs_zscore(expr) for name, expr in out.items()} if zscored else out


def _returns() -> dict[str, Expr]:
    daily = f.ratio(f.close, 1) - 1.0
    out = {f"ret{k}": f.ratio(f.close, k) - 1.0 for k in (1, 5, 10, 20, 60)}
    return {**out, **{f"ret1_lag{k}": f.lag(daily, k) for k in range(1, 6)}}


def _averages() -> dict[str, Expr]:
    c, windows = f.close, (5, 10, 20, 60, 120)
    out = {f"sma{w}": c / f.ts_mean(c, w) - 1.0 for w in windows}
    return {**out, **{f"ema{w}": c / f.ema(c, w, 1) - 1.0 for w in windows}}


def _oscillators() -> dict[str, Expr]:
    c, h, l = f.close, f.high, f.low  # noqa: E741
    before = f.lag(c, 1)
    widest = f.maximum(h - l, f.maximum(f.abs_(h - before), f.abs_(l - before)))
    dif = f.ema(c, 12, 1) - f.ema(c, 26, 1)
    low14, top14 = f.ts_min(l, 14), f.ts_max(h, 14)
    return {
        "rsi6": rsi(6),
        "rsi14": rsi(14),
        "atr14": f.wilder(widest, 14, 1) / c,
        "macd": dif / c,
        "macd_hist": (dif - f.ema(dif, 9, 1)) / c,
        "stoch14": (c - low14) / (top14 - low14),
    }


def rsi(w: int) -> Expr:
    """Wilder's relative strength, 0 to 100."""
    change = f.close - f.lag(f.close, 1)
    up = f.wilder(f.maximum(change, 0.0), w, 1)
    return 100.0 * up / f.wilder(f.abs_(change), w, 1)


def _spread() -> dict[str, Expr]:
    c = f.close
    out = {f"vol{w}": f.ts_std(_log_return(), w) for w in (10, 20, 60, 120)}
    return {**out, **{f"boll{w}": (c - f.ts_mean(c, w)) / f.ts_std(c, w) for w in (20, 60)}}


def _log_return() -> Expr:
    return f.log(f.close / f.lag(f.close, 1))


def _volume() -> dict[str, Expr]:
    v, daily = f.volume, f.ratio(f.close, 1) - 1.0
    out = {f"vol_sma{w}": v / f.ts_mean(v, w) for w in (5, 10, 20, 60, 120)}
    return {
        **out,
        "amihud20": f.ts_mean(f.abs_(daily) / f.turnover, 20),
        "vol_chg5": f.ratio(v, 5) - 1.0,
        "turnover20": f.turnover / f.ts_mean(f.turnover, 20),
    }


def _extremes() -> dict[str, Expr]:
    c, windows = f.close, (20, 60, 120)
    out = {f"high{w}": c / f.ts_max(f.high, w) - 1.0 for w in windows}
    return {**out, **{f"low{w}": c / f.ts_min(f.low, w) - 1.0 for w in windows}}


def _ranges() -> dict[str, Expr]:
    return {
        "park60": parkinson(60),
        "gk60": garman_klass(60),
        "rs60": rogers_satchell(60),
        "yz60": yang_zhang(60),
    }


def parkinson(w: int) -> Expr:
    """sqrt(mean(ln(H/L)^2) / (4 ln 2))."""
    span = f.log(f.high / f.low)
    return f.sqrt(f.ts_mean(span * span, w) * (0.25 / math.log(2.0)))


def garman_klass(w: int) -> Expr:
    """sqrt(mean(ln(H/L)^2 / 2 - (2 ln 2 - 1) ln(C/O)^2))."""
    span, body = f.log(f.high / f.low), f.log(f.close / f.open_)
    return f.sqrt(f.ts_mean(0.5 * span * span - (2.0 * math.log(2.0) - 1.0) * body * body, w))


def _drift_free() -> Expr:
    up, down, body = f.log(f.high / f.open_), f.log(f.low / f.open_), f.log(f.close / f.open_)
    return up * (up - body) + down * (down - body)


def rogers_satchell(w: int) -> Expr:
    """sqrt(mean(ln(H/O) ln(H/C) + ln(L/O) ln(L/C)))."""
    return f.sqrt(f.ts_mean(_drift_free(), w))


def yang_zhang(w: int) -> Expr:
    """sqrt(overnight variance + k open-to-close variance + (1 - k) Rogers-Satchell)."""
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    overnight = f.ts_var(f.log(f.open_ / f.lag(f.close, 1)), w)
    body = f.ts_var(f.log(f.close / f.open_), w)
    return f.sqrt(overnight + k * body + (1.0 - k) * f.ts_mean(_drift_free(), w))


def _shape() -> dict[str, Expr]:
    daily, flow = f.ratio(f.close, 1) - 1.0, f.log(f.volume / f.lag(f.volume, 1))
    return {
        "skew20": f.ts_skew(daily, 20),
        "skew60": f.ts_skew(daily, 60),
        "kurt60": f.ts_kurt(daily, 60),
        "corr20": f.ts_corr(daily, flow, 20),
        "corr60": f.ts_corr(daily, flow, 60),
        "slope20": f.ts_slope(f.close, 20, 2) / f.close,
    }


def _candles() -> dict[str, Expr]:
    o, h, l, c = f.open_, f.high, f.low, f.close  # noqa: E741
    span = h - l
    return {
        "body": (c - o) / span,
        "upper": (h - f.maximum(o, c)) / span,
        "lower": (f.minimum(o, c) - l) / span,
        "place": (c - l) / span,
    }
