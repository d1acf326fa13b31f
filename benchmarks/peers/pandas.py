"""pandas: wide frames, one rolling call per statistic, shared series computed once; it has one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.peers.base import Array, Job, Mode, check_supported, evaluate
from jqfast.data.panel import Panel
from jqfast.features import Expr

Frame = pd.DataFrame


def _rolling(statistic: str) -> Callable[..., Frame]:
    def compute(x: Frame, *, window: int, min_periods: int, **rest: Any) -> Frame:
        return getattr(x.rolling(window, min_periods=min_periods), statistic)(**rest)

    return compute


def _rank(x: Frame, *, window: int, min_periods: int) -> Frame:
    return x.rolling(window, min_periods=min_periods).rank(pct=True)


def _quantile(x: Frame, *, q: float, window: int, min_periods: int) -> Frame:
    window_ = x.rolling(window, min_periods=min_periods)
    return window_.median() if q == 0.5 else window_.quantile(q)


def _pair(statistic: str) -> Callable[..., Frame]:
    def compute(x: Frame, y: Frame, *, window: int, min_periods: int) -> Frame:
        return getattr(x.rolling(window, min_periods=min_periods), statistic)(y)

    return compute


def _beta(x: Frame, y: Frame, *, window: int, min_periods: int) -> Frame:
    both = x.isna() | y.isna()
    return (
        _pair("cov")(x, y, window=window, min_periods=min_periods)
        / y.mask(both).rolling(window, min_periods=min_periods).var()
    )


def _slope(x: Frame, *, window: int, min_periods: int) -> Frame:
    """From rolling sums; an incomplete window needs the sums of the sessions that count, too."""
    day = np.arange(len(x), dtype=float)[:, None] - 0.5 * len(x)

    def total(values: Frame) -> Frame:
        return values.rolling(window, min_periods=min_periods).sum()

    sum_x, sum_tx = total(x), total(x * day)
    if min_periods == window:
        return (sum_tx - sum_x * (day - 0.5 * (window - 1))) * (12.0 / (window * (window * window - 1.0)))
    seen = x.notna() * 1.0
    n, sum_t, sum_tt = (
        seen.rolling(window, min_periods=1).sum(),
        total(x * 0.0 + day),
        total(x * 0.0 + day**2),
    )
    return (n * sum_tx - sum_t * sum_x) / (n * sum_tt - sum_t * sum_t)


def _ewm(x: Frame, alpha: float, min_periods: int) -> Frame:
    return x.ewm(alpha=alpha, adjust=False, ignore_na=True, min_periods=min_periods).mean()


def _argmax(x: Frame, *, window: int, min_periods: int, sign: float = 1.0) -> Frame:
    last = lambda a: float(np.argmax(sign * a[::-1]))  # noqa: E731 - the latest of equals
    return x.rolling(window, min_periods=min_periods).apply(last, raw=True)


def _zscore(x: Frame) -> Frame:
    return x.sub(x.mean(axis=1), axis=0).div(x.std(axis=1), axis=0)


def _winsorize(x: Frame, *, low: float, high: float) -> Frame:
    return x.clip(x.quantile(low, axis=1), x.quantile(high, axis=1), axis=0)


def _zscore_by(x: Frame, by: Frame) -> Frame:
    groups = x.T.groupby(by.iloc[-1].to_numpy())  # a stock keeps its group in these panels
    return ((x.T - groups.transform("mean")) / groups.transform("std")).T


def _demean_by(x: Frame, by: Frame) -> Frame:
    return x - x.T.groupby(by.iloc[-1].to_numpy()).transform("mean").T


TABLE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "abs": lambda a: a.abs(),
    "log": np.log,
    "sqrt": np.sqrt,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "gt": lambda a, b: (a > b) * 1.0,  # missing is false, as `fill(a > b, 0)` says
    "lt": lambda a, b: (a < b) * 1.0,
    "fill": lambda a, value: a.fillna(value),
    "clip": lambda a, low, high: a.clip(low, high),
    "lag": lambda x, window: x.shift(window),
    **{f"ts_{name}": _rolling(name) for name in ("sum", "mean", "var", "std", "skew", "kurt", "min", "max")},
    "ts_rank": _rank,
    "ts_quantile": _quantile,
    "ts_corr": _pair("corr"),
    "ts_cov": _pair("cov"),
    "ts_beta": _beta,
    "ts_slope": _slope,
    "ts_argmax": _argmax,
    "ts_argmin": lambda x, **p: _argmax(x, sign=-1.0, **p),
    "ema": lambda x, window, min_periods: _ewm(x, 2.0 / (window + 1.0), min_periods),
    "wilder": lambda x, window, min_periods: _ewm(x, 1.0 / window, min_periods),
    "cs_rank": lambda x: x.rank(axis=1, pct=True),
    "cs_zscore": lambda x, by=None: _zscore(x) if by is None else _zscore_by(x, by),
    "cs_demean": lambda x, by=None: x.sub(x.mean(axis=1), axis=0) if by is None else _demean_by(x, by),
    "cs_winsorize": _winsorize,
}


class Pandas:
    """Wide frames."""

    mode = Mode("pandas", "pandas", layout="frame")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:  # noqa: ARG002
        roots = list(features.values())
        check_supported(roots, TABLE)
        names = set().union(*(expr.columns for expr in roots))
        frames = {name: pd.DataFrame(panel[name]) for name in names}

        def values(result: list[Frame]) -> dict[str, Array]:
            return {name: frame.to_numpy() for name, frame in zip(features, result, strict=True)}

        return Job(lambda: evaluate(roots, frames.__getitem__, TABLE), values)


PEERS = (Pandas(),)
