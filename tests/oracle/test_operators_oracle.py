"""Every operator of the registry: C++ core against the textbook reference, on difficult histories.

In the test panel each stock is one difficult history. The reference (`jqfast.features.reference`) is exact
arithmetic, rounded once. Tolerances are multiples of the rounding unit on the statistic's own error scale: a
mean is judged by the mean of absolute values, a deviation relatively, a correlation absolutely.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.features import ops
from jqfast.features.columns import column
from jqfast.features.execute import execute
from jqfast.features.expr import Expr
from jqfast.features.operators import OPERATORS
from jqfast.features.reference import evaluate
from jqfast.formulas import parse

EPS = np.finfo(np.float64).eps
T = 48
WINDOWS = (1, 2, 5, 20, 64)  # 64: longer than the panel
STOCKS = (0, 1, 7, 8, 9, 17)  # around the vector width

X, Y = column("x"), column("y")
WEEK = ops.cum_sum(ops.fill(abs(Y) > 0.5, 0.0))  # periods of some sessions each


def _gaps(x: np.ndarray, every: int) -> np.ndarray:
    x = x.copy()
    x[::every] = np.nan
    return x


def _histories(seed: int) -> dict[str, np.ndarray]:
    """Name -> one difficult (T,) history."""
    rng = np.random.default_rng(seed)
    noise, walk = rng.standard_normal(T), 1e3 * np.exp(np.cumsum(0.02 * rng.standard_normal(T)))
    return {
        "noise": noise,
        "walk": walk,
        "gaps": _gaps(walk, 3),
        "all equal": np.full(T, 0.1),
        "all missing": np.full(T, np.nan),
        "late start": np.where(np.arange(T) < 17, np.nan, walk),
        "inf enters and leaves": np.where(np.arange(T) % 11 == 4, np.inf, noise),
        "both infinities": np.where(
            np.arange(T) % 9 == 2, -np.inf, np.where(np.arange(T) % 13 == 5, np.inf, walk)
        ),
        "1e9 + small noise": 1e9 + 1e-3 * noise,
        "spike 1e15": np.where(np.arange(T) == 20, 1e15, noise),
        "ties": np.round(noise),
        "zeros": np.where(rng.random(T) < 0.6, 0.0, noise),
        "tiny": 1e-170 * noise,
        "large": 1e150 * noise,
        "volume": 10 ** rng.uniform(2, 10, T),
        "falls from 1e10 to 1e-3": np.where(np.arange(T) < 24, 1e10, 1e-3) * (1 + 0.01 * noise),
        "constant after noise": np.where(np.arange(T) < 20, noise, 7.3),
        "straight line": 3.0 + 0.25 * np.arange(T),
        "single value": np.where(np.arange(T) == 30, 2.0, np.nan),
    }


NAMES = tuple(_histories(0))


def _panel(**columns: np.ndarray) -> Panel:
    """A panel of given (T, N) columns in which every date is a session."""
    shape = next(iter(columns.values())).shape
    dates = np.datetime64("2020-01-06") + np.arange(shape[0])
    codes = np.array([f"{1000 + n}" for n in range(shape[1])], dtype="U4")
    listed = np.ones(shape, dtype=bool)
    arrays = {"close": np.ones(shape), **columns}
    return Panel(dates.astype("datetime64[D]"), codes, arrays, listed)


def _pair() -> dict[str, np.ndarray]:
    x, y = _histories(1), _histories(2)
    shifted = [y[name] for name in (*NAMES[3:], *NAMES[:3])]
    return {"x": np.stack([x[name] for name in NAMES], axis=1), "y": np.stack(shifted, axis=1)}


DATA = _pair()
QUANTILES = (0.2, 0.5, 1.0)
PANEL = _panel(**DATA)


def _expr(op: str, w: int, least: int) -> Expr:
    """An expression whose outermost operator is ``op``."""
    build: dict[str, Callable[[], Expr]] = {
        "lag": lambda: ops.lag(X, w),
        "streak": lambda: ops.streak(X > 0),
        "last_valid": lambda: ops.last_valid(X, w),
        "ema": lambda: ops.ema(X, w, least),
        "wilder": lambda: ops.wilder(X, w, least),
        "ewm_var": lambda: ops.ewm_var(X, w, least),
        "since": lambda: ops.since(X > 0),
        "ts_quantile": lambda: ops.ts_quantile(X, w, QUANTILES[least % 3], least),
        "ts_wmean": lambda: ops.ts_wmean(X, abs(Y), w, least),
    }
    if op in build:
        return build[op]()
    if op in ("period_lag", "period_streak"):
        return getattr(ops, op)(X, WEEK, w)
    if op.startswith("period_"):
        return getattr(ops, op)(X, WEEK, w, least)
    if op.startswith("expanding_"):
        return getattr(ops, op)(X, least)
    function = getattr(ops, op)
    return function(X, Y, w, least) if OPERATORS[op].arity == 2 else function(X, w, least)


class Judged(NamedTuple):
    """How an error of a statistic is measured: in rounding units of ``scale``, at most ``most``."""

    most: float
    scale: Callable[..., Expr] | None = None  # of the window (and groups); None: the value itself


def _sd(x: Expr, w: int) -> Expr:
    return ops.fill(ops.ts_std(x, w, 1), 0.0)


def _size(x: Expr, w: int) -> Expr:
    return ops.ts_mean(abs(x), w, 1)


def _one(w: int) -> Expr:
    return ops.fill(X * 0 + 1, w / w)


def _pair_scale(combine: Callable[[Expr, Expr], Expr]) -> Callable[[int], Expr]:
    """Deviations over the rows on which both series are finite, combined."""
    return lambda w: combine(ops.ts_std(X + 0 * Y, w, 1), ops.ts_std(Y + 0 * X, w, 1))


def _ratio(w: int) -> Expr:
    return ops.ts_std(X + 0 * Y, w, 1) / ops.ts_std(Y + 0 * X, w, 1)


# A square may lose six bits to cancellation before the core computes the window again, a third power nine, a
# fourth power twelve.
JUDGED = {
    "ts_sum": Judged(2, lambda w: ops.ts_sum(abs(X), w, 1)),
    "ts_mean": Judged(4, lambda w: _size(X, w)),
    "ts_var": Judged(256),
    "ts_std": Judged(128),
    "ts_zscore": Judged(128, lambda w: 1 + abs(ops.ts_zscore(X, w, 1))),
    "ts_skew": Judged(2048, lambda w: 1 + abs(ops.ts_skew(X, w, 1))),
    "ts_kurt": Judged(16384, lambda w: 1 + abs(ops.ts_kurt(X, w, 1))),
    "ts_cov": Judged(128, _pair_scale(lambda a, b: a * b)),
    "ts_corr": Judged(128, _one),
    "ts_beta": Judged(128, _pair_scale(lambda a, b: a / b)),
    "ts_alpha": Judged(128, lambda w: _size(X + 0 * Y, w) + _ratio(w) * _size(Y + 0 * X, w)),
    "ts_residual": Judged(
        128, lambda w: _sd(X + 0 * Y, w) + _ratio(w) * abs(Y - ops.ts_mean(Y + 0 * X, w, 1))
    ),
    "ts_r2": Judged(256, _one),
    "ts_wmean": Judged(64, lambda w: _size(X + 0 * Y, w)),
    "ts_product": Judged(128),
    "period_sum": Judged(2, lambda w: ops.period_sum(abs(X), WEEK, w, 1)),
    "period_mean": Judged(4, lambda w: ops.period_mean(abs(X), WEEK, w, 1)),
    "period_std": Judged(64),
    "period_zscore": Judged(64, lambda w: 1 + abs(ops.period_zscore(X, WEEK, w, 1))),
    "ts_rank": Judged(1),
    "ts_quantile": Judged(4, lambda w: ops.ts_max(abs(X), w, 1)),
    "ts_mad": Judged(4, lambda w: ops.ts_max(abs(X), w, 1)),
    "ts_decay": Judged(4, lambda w: _size(X, w)),
    "ts_slope": Judged(32, lambda w: _sd(X, w)),
    "ts_intercept": Judged(32, lambda w: _size(X, w) + w * _sd(X, w)),
    "ts_resid": Judged(64, lambda w: _sd(X, w) + abs(ops.ts_resid(X, w, 1))),
    "ts_rsquare": Judged(256, _one),
    "ema": Judged(0),
    "wilder": Judged(0),
    "ewm_var": Judged(64),
    "expanding_sum": Judged(2, lambda _: ops.expanding_sum(abs(X))),
    "expanding_mean": Judged(2, lambda _: ops.expanding_mean(abs(X))),
    "expanding_var": Judged(64),
    "expanding_std": Judged(64),
    "expanding_skew": Judged(64, lambda _: 1 + abs(ops.expanding_skew(X))),
    "expanding_kurt": Judged(128, lambda _: 1 + abs(ops.expanding_kurt(X))),
    "expanding_product": Judged(128),
    "cs_mean": Judged(2, lambda _, by: ops.cs_mean(abs(X), by=by)),
    "cs_demean": Judged(4, lambda _, by: ops.cs_mean(abs(X), by=by) + abs(X)),
    "cs_std": Judged(64),
    "cs_zscore": Judged(256, lambda _, by: 1 + abs(ops.cs_zscore(X, by=by))),
    "cs_centred_rank": Judged(2),
    "cs_rank": Judged(1),
    "cs_rank_min": Judged(1),
    "cs_rank_dense": Judged(1),
    "cs_rank_first": Judged(1),
    "cs_scale": Judged(4),
    "cs_normal": Judged(4, lambda _, by: 1 + abs(ops.cs_normal(X, by=by))),
    "cs_bucket": Judged(0),
    "cs_winsorize": Judged(64, lambda _, by: 100 * ops.cs_mean(abs(X), by=by)),  # at least the largest |x|
    "cs_neutralize": Judged(64, lambda _, by: ops.cs_mean(abs(ops.cs_demean(X + 0 * Y, by=by)), by=by)),
    "log": Judged(2),
    "exp": Judged(2),
    "tanh": Judged(2),
    "power": Judged(2),
}


def _compare(expr: Expr, data: dict[str, np.ndarray], judged: Judged, w: int) -> int:
    """Assert core = reference on every cell; returns how many finite cells were compared."""
    got = execute(_panel(**data), [expr], dtype="float64")[0]
    want = evaluate(expr, data)
    np.testing.assert_array_equal(np.isnan(got), np.isnan(want), err_msg=f"missing cells of {expr}")
    scale = np.abs(want if judged.scale is None else evaluate(judged.scale(w), data))
    finite = ~np.isnan(want)
    # a scale beyond the range of doubles judges nothing: such cells must be equal
    allowed = np.where(np.isfinite(scale), judged.most * EPS * scale, 0.0)
    wrong = finite & ~(np.abs(got - want) <= allowed)
    if wrong.any():
        t, n = np.argwhere(wrong)[0]
        pytest.fail(
            f"{expr}: row {t}, stock {n}: {got[t, n]!r} instead of {want[t, n]!r} ({wrong.sum()} cells)"
        )
    return int(finite.sum())


def _data(op: str, n: int = len(NAMES)) -> dict[str, np.ndarray]:
    """The first n histories; for spreads that grow value by value, with powers in the range of doubles."""
    data = {name: np.ascontiguousarray(values[:, :n]) for name, values in DATA.items()}
    if op in ("expanding_std", "expanding_skew", "expanding_kurt"):
        factors = {"tiny": 1e100, "large": 1e-80}
        data["x"] = data["x"] * [factors.get(name, 1.0) for name in NAMES[:n]]
    return data


def _of_axis(axis: str) -> list[str]:
    return [name for name, operator in OPERATORS.items() if operator.axis == axis]


@pytest.mark.parametrize("w", WINDOWS)
@pytest.mark.parametrize("op", _of_axis("time"))
def test_time_operator(op: str, w: int) -> None:
    judged = JUDGED.get(op, Judged(0))
    compared = sum(_compare(_expr(op, w, least), _data(op), judged, w) for least in {1, -(-2 * w // 3), w})
    assert compared > 0 or w < 4 or w > T


@pytest.mark.parametrize("n", STOCKS)
@pytest.mark.parametrize("op", _of_axis("time"))
def test_time_operator_of_few_stocks(op: str, n: int) -> None:
    _compare(_expr(op, 5, 3), _data(op, n), JUDGED.get(op, Judged(0)), 5)


def _section(op: str, by: Expr | None = None) -> list[Expr]:
    """Uses of an operator across stocks."""
    if op == "cs_neutralize":
        return [ops.cs_neutralize(X, Y, by=by), ops.cs_neutralize(X, Y, abs(Y), 2 * Y - 1, by=by)]
    if op == "cs_bucket":
        return [ops.cs_bucket(X, count, by=by) for count in (2, 10)]
    if op == "cs_winsorize":
        return [ops.cs_winsorize(X, by=by), ops.cs_winsorize(X, 0.25, 0.7, by=by)]
    if op.startswith("cs_rank_"):
        return [ops.cs_rank(X, method=op.removeprefix("cs_rank_"), by=by)]
    return [getattr(ops, op)(X, by=by)]


def _dates(n: int) -> dict[str, np.ndarray]:
    """Twelve difficult dates of n stocks, and groups of which one is a single stock and some are missing."""
    rng = np.random.default_rng(n)
    x = np.round(rng.standard_normal((12, n)), 1) * 10.0 ** rng.integers(-3, 4, (12, 1))
    x[rng.random(x.shape) < 0.2] = np.nan
    x[3], x[4], x[5] = np.nan, 0.1, np.where(np.arange(n) % 3 == 0, np.inf, x[5])
    x[6] = 1e9 + 1e-3 * rng.standard_normal(n)
    x[7, n // 2] = 1e15
    y = np.where(rng.random(x.shape) < 0.1, np.nan, np.round(rng.standard_normal(x.shape), 1))
    y[8] = 2.5
    group = rng.integers(0, 5, x.shape).astype(float)
    group[:, 0], group[rng.random(x.shape) < 0.1] = 17.0, np.nan
    return {"x": x, "y": y, "group": group}


@pytest.mark.parametrize("by", [None, column("group")], ids=["all", "groups"])
@pytest.mark.parametrize("op", _of_axis("cross"))
@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 17, 100])
def test_cross_operator(op: str, n: int, by: Expr | None) -> None:
    judged = JUDGED[op]
    scale = judged.scale and functools.partial(judged.scale, by=by)
    compared = sum(_compare(expr, _dates(n), Judged(judged.most, scale), 1) for expr in _section(op, by))
    assert compared > 0 or n < 7


SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 0.5, -2.5, 3.0, 1e-310, 1e308, -1e308, 5e-324]
)


def _elementwise(op: str) -> list[Expr]:
    """Uses of an elementwise operator: series with series, series with literals."""
    if op == "power":
        return [ops.power(X, y) for y in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, 7.0)] + [
            ops.power(abs(X), 1.7)
        ]
    if op == "fill":
        return [ops.fill(X, 0.25), ops.fill(X, -0.0)]
    if op == "clip":
        return [ops.clip(X, -1.0, 2.0), ops.clip(X, 0.0, 0.0)]
    if op == "where":
        return [ops.where(X, Y, X), ops.where(X > Y, 1.0, Y), ops.where(Y, X, -3.0)]
    function = _SYMBOLS.get(op) or getattr(ops, op + "_" if op == "abs" else op)
    if OPERATORS[op].arity == 1:
        return [function(X)]
    return [function(X, Y), function(X, 2.0), function(0.5, Y)]


_SYMBOLS: dict[str, Callable[..., Expr]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "and": lambda a, b: a & b if isinstance(a, Expr) else b & a,
    "or": lambda a, b: a | b if isinstance(a, Expr) else b | a,
    "not": lambda a: ~a,
}


@pytest.mark.parametrize("op", _of_axis("elementwise"))
def test_elementwise_operator(op: str) -> None:
    x, y = (grid.ravel() for grid in np.meshgrid(SPECIAL, SPECIAL))
    rng = np.random.default_rng(4)
    many = 10.0 ** rng.uniform(-12, 12, (2, 200)) * rng.choice([-1.0, 1.0], (2, 200))
    near = rng.uniform(-3, 3, (2, 204))
    data = {
        "x": np.concatenate([x, many[0], near[0]]).reshape(-1, 12),
        "y": np.concatenate([y, many[1], near[1]]).reshape(-1, 12),
    }
    for expr in _elementwise(op):
        assert _compare(expr, data, JUDGED.get(op, Judged(0)), 1) > 0


def test_every_operator_of_the_registry_is_tested() -> None:
    tested = {*_of_axis("time"), *_of_axis("cross"), *_of_axis("elementwise")}
    assert tested == set(OPERATORS)


def _uses(op: str) -> list[Expr]:
    match OPERATORS[op].axis:
        case "time":
            return [_expr(op, 6, 6), _expr(op, 6, 2)]
        case "cross":
            return [*_section(op), *_section(op, column("group"))]
    literals = [ops.power(2.0, -3), ops.fill(X, -0.0), ops.fill(X, np.nan), ops.clip(X, -np.inf, 1e300)]
    return [*_elementwise(op), *(expr for expr in literals if expr.op == op)]


@pytest.mark.parametrize("op", OPERATORS)
def test_formula_of_every_operator_reads_back(op: str) -> None:
    market = column("index", market=True)
    for expr in _uses(op):
        whole = -((expr - market) ** -2) * 0.1 - 3
        assert parse(str(expr)) is expr, str(expr)
        assert parse(str(whole)) is whole, str(whole)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_change_no_bit(threads: int) -> None:
    exprs = [_expr(op, 5, 3) for op in _of_axis("time")] + [
        expr for op in _of_axis("cross") for by in (None, ops.sign(Y)) for expr in _section(op, by)
    ]
    one = execute(PANEL, exprs, dtype="float64", threads=1)
    many = execute(PANEL, exprs, dtype="float64", threads=threads)
    np.testing.assert_array_equal(one.view(np.int64), many.view(np.int64))


def test_statistics_of_one_plan_are_those_of_plans_of_their_own() -> None:
    exprs = [_expr(op, 5, 3) for op in _of_axis("time")]
    # fourth powers of 1e150 leave the double range, and the core then takes the exact but slower way for all
    panel = _panel(**{name: np.delete(values, NAMES.index("large"), axis=1) for name, values in DATA.items()})
    together = execute(panel, exprs, dtype="float64")
    for expr, shared in zip(exprs, together, strict=True):
        alone = execute(panel, [expr], dtype="float64")[0]
        np.testing.assert_array_equal(alone.view(np.int64), shared.view(np.int64), err_msg=str(expr))
