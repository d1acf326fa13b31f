"""polars: one column per stock for windows (its fastest shape), a long frame for comparisons within a date.

Missing cells are nulls; the conversion is not timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from benchmarks.peers.base import Array, Job, Mode, Table, Unsupported, evaluate
from jqfast.data.panel import Panel
from jqfast.features import Expr


def _rolling(name: str, **fixed: Any) -> Callable[..., pl.Expr]:
    def compute(x: pl.Expr, *, window: int, min_periods: int) -> pl.Expr:
        return getattr(x, f"rolling_{name}")(window, min_samples=min_periods, **fixed)

    return compute


def _quantile(x: pl.Expr, *, q: float, window: int, min_periods: int) -> pl.Expr:
    if q == 0.5:
        return x.rolling_median(window, min_samples=min_periods)
    return x.rolling_quantile(q, "linear", window_size=window, min_samples=min_periods)


def _pair(function: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    def compute(x: pl.Expr, y: pl.Expr, *, window: int, min_periods: int) -> pl.Expr:
        return function(x, y, window_size=window, min_samples=min_periods)

    return compute


def _beta(x: pl.Expr, y: pl.Expr, *, window: int, min_periods: int) -> pl.Expr:
    both = pl.when(x.is_not_null()).then(y)
    return _pair(pl.rolling_cov)(x, y, window=window, min_periods=min_periods) / both.rolling_var(
        window, min_samples=min_periods
    )


def _ewm(x: pl.Expr, alpha: float, min_periods: int) -> pl.Expr:
    return x.ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True, min_samples=min_periods)


ALONG_TIME: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "abs": lambda a: a.abs(),
    "log": lambda a: a.log(),
    "sqrt": lambda a: a.sqrt(),
    "lag": lambda x, window: x.shift(window),
    **{f"ts_{name}": _rolling(name) for name in ("sum", "mean", "var", "std", "min", "max")},
    "ts_skew": _rolling("skew", bias=False),
    "ts_kurt": _rolling("kurtosis", bias=False),
    "ts_rank": lambda x, window, min_periods: (
        x.rolling_rank(window, "average", min_samples=min_periods) / float(window)
    ),
    "ts_quantile": _quantile,
    "ts_corr": _pair(pl.rolling_corr),
    "ts_cov": _pair(pl.rolling_cov),
    "ts_beta": _beta,
    "ema": lambda x, window, min_periods: _ewm(x, 2.0 / (window + 1.0), min_periods),
    "wilder": lambda x, window, min_periods: _ewm(x, 1.0 / window, min_periods),
}


def _zscore(x: pl.Expr, by: pl.Expr | None = None) -> pl.Expr:
    group = ("t",) if by is None else ("t", by)
    return (x - x.mean().over(*group)) / x.std().over(*group)


def _demean(x: pl.Expr, by: pl.Expr | None = None) -> pl.Expr:
    return x - x.mean().over(*(("t",) if by is None else ("t", by)))


ACROSS: dict[str, Callable[..., Any]] = {
    "cs_rank": lambda x: x.rank("average").over("t") / x.count().over("t"),
    "cs_zscore": _zscore,
    "cs_demean": _demean,
}


def _nulls(values: Array) -> Array:
    return pl.Series(np.ascontiguousarray(values)).fill_nan(None)


class PolarsWide:
    """A column per stock and input: polars spreads the columns over its threads."""

    mode = Mode("polars", "polars wide", layout="frame")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:  # noqa: ARG002
        roots = list(features.values())
        if len(roots) != 1:
            raise Unsupported("sets")
        stocks = range(panel.shape[1])
        queries = [_column(roots[0], n, ALONG_TIME) for n in stocks]
        names = sorted(set().union(*(expr.columns for expr in roots)))
        frame = pl.DataFrame({f"{name}_{n}": _nulls(panel[name][:, n]) for name in names for n in stocks})
        return Job(lambda: frame.select(queries), lambda out: {next(iter(features)): out.to_numpy()})


def _column(root: Expr, n: int, table: Table) -> pl.Expr:
    """The query of stock n."""
    (query,) = evaluate([root], lambda name: pl.col(f"{name}_{n}"), table)
    return query.alias(str(n))


class PolarsLong:
    """One long frame, `over` the date."""

    mode = Mode("polars", "polars over", layout="frame")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:  # noqa: ARG002
        roots = list(features.values())
        if len(roots) != 1:
            raise Unsupported("sets")
        T, N = panel.shape
        names = sorted(roots[0].columns)
        day = np.repeat(np.arange(T, dtype=np.int32), N)
        frame = pl.DataFrame({"t": day, **{name: _nulls(panel[name].ravel()) for name in names}})
        (query,) = evaluate(roots, pl.col, ACROSS)

        def values(out: pl.DataFrame) -> dict[str, Array]:
            return {next(iter(features)): out.to_series().to_numpy().reshape(T, N)}

        return Job(lambda: frame.select(query.alias("value")), values)


PEERS = (PolarsWide(), PolarsLong())
