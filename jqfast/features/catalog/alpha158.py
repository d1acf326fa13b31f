"""The published set of 158 price and volume features, under its own names (KMID, ROC5, ... VSUMD60).

Nine candle shapes, four prices relative to the close, 29 rolling features at 5, 10, 20, 30 and 60 sessions.
The conventions are those of KunQuant's edition, so that its exact mode is a check: windows must be full,
comparisons with a missing value are false, an undefined correlation is 0, positions count from 1 at the
oldest session, `RSV` is held within +-10. Small literals beside prices and volumes belong to the formulas,
so that columns are read as plain numbers here: on data that arrive adjusted, a later split moves last digits
(of `CORR` and `CORD`, which take the log of volume plus one, more than those). Not part of the set "all".
"""

from __future__ import annotations

from collections.abc import Callable

from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    abs_,
    clip,
    fill,
    lag,
    log,
    maximum,
    minimum,
    ts_argmax,
    ts_argmin,
    ts_corr,
    ts_max,
    ts_mean,
    ts_min,
    ts_quantile,
    ts_rank,
    ts_resid,
    ts_rsquare,
    ts_slope,
    ts_std,
    ts_sum,
)

alpha158 = Family("alpha158", apart=True)

WINDOWS = (5, 10, 20, 30, 60)
TINY = 1e-12  # keeps the published formulas from dividing by zero
SOURCE = "Yang et al. 2020, Qlib, arXiv:2009.11189"
PURPOSE = "One of a published set, for comparison with other systems."

O, H, L, C, V, TURNOVER = (  # noqa: E741 - the letters of the published set
    column(name, unit="none") for name in ("open", "high", "low", "close", "volume", "turnover")
)

TOP, LOW = maximum(O, C), minimum(O, C)
REACH = H - L + TINY

#: name -> (formula, words)
_TODAY = {
    "KMID": ((C - O) / O, "Body of the candle over the open."),
    "KLEN": ((H - L) / O, "Length of the candle over the open."),
    "KMID2": ((C - O) / REACH, "Body of the candle over its length."),
    "KUP": ((H - TOP) / O, "Upper shadow over the open."),
    "KUP2": ((H - TOP) / REACH, "Upper shadow over the length of the candle."),
    "KLOW": ((LOW - L) / O, "Lower shadow over the open."),
    "KLOW2": ((LOW - L) / REACH, "Lower shadow over the length of the candle."),
    "KSFT": ((2.0 * C - H - L) / O, "Close against the middle of the range, over the open."),
    "KSFT2": ((2.0 * C - H - L) / REACH, "Close against the middle of the range, over the range."),
    "OPEN0": (O / C, "Open over close."),
    "HIGH0": (H / C, "High over close."),
    "LOW0": (L / C, "Low over close."),
    "VWAP0": (TURNOVER / (V + 1e-6) / C, "Mean price of the day's trades over close."),
}

BEFORE = lag(C, 1)
MOVE = abs_(C / BEFORE - 1.0) * V
TURN = log(V / (lag(V, 1) + TINY) + 1.0)


def _up(w: int) -> Expr:
    return ts_mean(fill(C > BEFORE, 0.0), w)


def _down(w: int) -> Expr:
    return ts_mean(fill(C < BEFORE, 0.0), w)


def _rises(x: Expr, w: int) -> Expr:
    return ts_sum(maximum(x - lag(x, 1), 0.0), w)


def _falls(x: Expr, w: int) -> Expr:
    return ts_sum(maximum(-(x - lag(x, 1)), 0.0), w)


def _changes(x: Expr, w: int) -> Expr:
    return ts_sum(abs_(x - lag(x, 1)), w) + TINY


def _place(w: int) -> Expr:
    top, low = ts_max(H, w), ts_min(L, w)
    return clip((C - low) / (top - low + TINY), -10.0, 10.0)


#: name -> (formula of the window, words)
_ROLLING: dict[str, tuple[Callable[[int], Expr], str]] = {
    "ROC": (lambda w: lag(C, w) / C, "Close of w sessions ago over the close."),
    "MA": (lambda w: ts_mean(C, w) / C, "Mean of w closes over the close."),
    "STD": (lambda w: ts_std(C, w) / C, "Deviation of w closes over the close."),
    "BETA": (lambda w: ts_slope(C, w, 1) / C, "Slope of w closes on time, over the close."),
    "RSQR": (lambda w: ts_rsquare(C, w, 1), "Share of the variance of w closes on a straight line."),
    "RESI": (lambda w: ts_resid(C, w, 1) / C, "Distance from the line through w closes, over the close."),
    "MAX": (lambda w: ts_max(H, w) / C, "Highest high of w sessions over the close."),
    "MIN": (lambda w: ts_min(L, w) / C, "Lowest low of w sessions over the close."),
    "QTLU": (lambda w: ts_quantile(C, w, 0.8) / C, "80 % quantile of w closes over the close."),
    "QTLD": (lambda w: ts_quantile(C, w, 0.2) / C, "20 % quantile of w closes over the close."),
    "RANK": (lambda w: ts_rank(C, w), "Percentile of the close among w closes."),
    "RSV": (_place, "Place of the close between the lowest low and the highest high of w sessions."),
    "IMAX": (lambda w: (w - ts_argmax(H, w)) / w, "Where the highest high stands in w sessions, 1 is today."),
    "IMIN": (lambda w: (w - ts_argmin(L, w)) / w, "Where the lowest low stands in w sessions, 1 is today."),
    "IMXD": (
        lambda w: (ts_argmin(L, w) - ts_argmax(H, w)) / w,
        "How much later the highest high came than the lowest low, in windows of w sessions.",
    ),
    "CORR": (lambda w: fill(ts_corr(C, log(V + 1.0), w), 0.0), "Correlation of close and log volume."),
    "CORD": (lambda w: fill(ts_corr(C / BEFORE, TURN, w), 0.0), "Correlation of the changes of both."),
    "CNTP": (_up, "Share of w sessions that rose."),
    "CNTN": (_down, "Share of w sessions that fell."),
    "CNTD": (lambda w: _up(w) - _down(w), "Share of w sessions that rose less the share that fell."),
    "SUMP": (
        lambda w: _rises(C, w) / _changes(C, w),
        "Sum of rises over the sum of changes of the close.",
    ),
    "SUMN": (
        lambda w: _falls(C, w) / _changes(C, w),
        "Sum of falls over the sum of changes of the close.",
    ),
    "SUMD": (lambda w: (_rises(C, w) - _falls(C, w)) / _changes(C, w), "`SUMP` less `SUMN`."),
    "VMA": (lambda w: ts_mean(V, w) / (V + TINY), "Mean volume of w sessions over the volume."),
    "VSTD": (lambda w: ts_std(V, w) / (V + TINY), "Deviation of w volumes over the volume."),
    "WVMA": (
        lambda w: ts_std(MOVE, w) / (ts_mean(MOVE, w) + TINY),
        "Deviation over mean of the size of returns times volume, w sessions.",
    ),
    "VSUMP": (lambda w: _rises(V, w) / _changes(V, w), "Sum of rises over the sum of all changes of volume."),
    "VSUMN": (lambda w: _falls(V, w) / _changes(V, w), "Sum of falls over the sum of all changes of volume."),
    "VSUMD": (lambda w: (_rises(V, w) - _falls(V, w)) / _changes(V, w), "`VSUMP` less `VSUMN`."),
}


def _declare(name: str, expr: Expr, words: str) -> None:
    alpha158.add(
        name,
        lambda: expr,
        norm="cs",
        req="T-XOHLCV",
        kind="alpha158",
        doc=words,
        purpose=PURPOSE,
        reference=SOURCE,
    )


for _name, (_expr, _words) in _TODAY.items():
    _declare(_name, _expr, _words)
for _window in WINDOWS:
    for _name, (_build, _words) in _ROLLING.items():
        _declare(f"{_name}{_window}", _build(_window), _words)
