"""The textbook reference against pandas and numbers worked by hand: the oracle itself is judged."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from jqfast.features import ops
from jqfast.features.columns import column
from jqfast.features.expr import Expr
from jqfast.features.operators import OPERATORS
from jqfast.features.reference import ELEMENTWISE, evaluate

Q = 0.3
X, Y = column("x"), column("y")
NAN = math.nan


def _data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    x, y = rng.standard_normal((2, 40, 6)).cumsum(axis=1)
    x[rng.random(x.shape) < 0.15] = np.nan
    return {"x": x, "y": y}


DATA = _data()
FRAME, OTHER = pd.DataFrame(DATA["x"]), pd.DataFrame(DATA["y"])


def _slope(values: np.ndarray) -> float:
    good = np.isfinite(values)
    return float(np.polyfit(np.flatnonzero(good), values[good], 1)[0]) if good.sum() > 1 else NAN


def _mad(values: np.ndarray) -> float:
    return float(scipy.stats.median_abs_deviation(values, nan_policy="omit"))


def _decay(w: int) -> Callable[[np.ndarray], float]:
    def mean(values: np.ndarray) -> float:
        good = np.isfinite(values)
        return float(np.average(values[good], weights=np.arange(1.0, w + 1.0)[-len(values) :][good]))

    return mean


def _ewm(w: int, least: int) -> pd.api.typing.ExponentialMovingWindow:
    return FRAME.ewm(span=w, adjust=False, ignore_na=True, min_periods=least)


def _roll(w: int, least: int) -> pd.api.typing.Rolling:
    return FRAME.rolling(w, min_periods=least)


#: operator -> the same with pandas, of (window, min_periods).
PANDAS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "ts_sum": lambda w, least: _roll(w, least).sum(),
    "ts_mean": lambda w, least: _roll(w, least).mean(),
    "ts_var": lambda w, least: _roll(w, least).var(),
    "ts_std": lambda w, least: _roll(w, least).std(),
    "ts_skew": lambda w, least: _roll(w, least).skew(),
    "ts_kurt": lambda w, least: _roll(w, least).kurt(),
    "ts_zscore": lambda w, least: (FRAME - _roll(w, least).mean()) / _roll(w, least).std(),
    "ts_min": lambda w, least: _roll(w, least).min(),
    "ts_max": lambda w, least: _roll(w, least).max(),
    "ts_range": lambda w, least: _roll(w, least).max() - _roll(w, least).min(),
    "ts_slope": lambda w, least: _roll(w, least).apply(_slope, raw=True),
    "ts_product": lambda w, least: _roll(w, least).apply(np.nanprod, raw=True),
    "ts_rank": lambda w, least: _roll(w, least).rank(pct=True),
    "ts_quantile": lambda w, least: _roll(w, least).quantile(Q),
    "ts_median": lambda w, least: _roll(w, least).median(),
    "ts_mad": lambda w, least: _roll(w, least).apply(_mad, raw=True),
    "ts_decay": lambda w, least: _roll(w, least).apply(_decay(w), raw=True),
    "ewm_var": lambda w, least: _ewm(w, least).var(),
    "ewm_std": lambda w, least: _ewm(w, least).std(),
    "ema": lambda w, least: FRAME.ewm(span=w, adjust=False, ignore_na=True, min_periods=least).mean(),
    "wilder": lambda w, least: FRAME.ewm(alpha=1 / w, adjust=False, ignore_na=True, min_periods=least).mean(),
    "last_valid": lambda w, _: FRAME.ffill(limit=w),
    "lag": lambda w, _: FRAME.shift(w),
}

#: operator -> the same with pandas, of min_periods; pandas has a missing value where the row has one.
EXPANDING: dict[str, Callable[[int], pd.DataFrame]] = {
    **{
        f"expanding_{name}": lambda least, name=name: getattr(FRAME.expanding(least), name)()
        for name in ("sum", "mean", "var", "std", "skew", "kurt", "min", "max")
    },
    # pandas asks for rows, not for values, when it counts
    "expanding_count": lambda least: FRAME.notna().cumsum().where(lambda n: n >= least),
    "expanding_product": lambda least: FRAME.expanding(least).apply(np.nanprod, raw=True),
}

#: operator -> numpy's accumulation, in which a missing value changes nothing once there is one.
CUMULATIVE: dict[str, Callable[[], pd.DataFrame]] = {
    "cum_sum": lambda: FRAME.cumsum().ffill(),
    "cum_product": lambda: FRAME.cumprod().ffill(),
    "cum_min": lambda: FRAME.cummin().ffill(),
    "cum_max": lambda: FRAME.cummax().ffill(),
}

PAIRS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "ts_cov": lambda w, least: _roll(w, least).cov(OTHER, pairwise=False),
    "ts_corr": lambda w, least: _roll(w, least).corr(OTHER, pairwise=False),
}


def _expr(op: str, w: int, least: int) -> Expr:
    function = getattr(ops, op)
    if op == "ts_quantile":
        return function(X, w, Q, least)
    if op in ("lag", "last_valid"):
        return function(X, w)
    return function(X, Y, w, least) if op in PAIRS else function(X, w, least)


@pytest.mark.parametrize("op", [*PANDAS, *PAIRS])
@pytest.mark.parametrize(("w", "least"), [(5, 5), (5, 4), (20, 14)])
def test_reference_is_pandas(op: str, w: int, least: int) -> None:
    expected = {**PANDAS, **PAIRS}[op](w, least).to_numpy()
    np.testing.assert_allclose(evaluate(_expr(op, w, least), DATA), expected, rtol=1e-9, atol=1e-11)


#: operator -> the same with pandas, of the values of weeks in a frame with a row per week.
WEEKLY: dict[str, Callable[[pd.DataFrame, int, int], pd.DataFrame]] = {
    "period_sum": lambda x, n, least: x.rolling(n, min_periods=least).sum(),
    "period_mean": lambda x, n, least: x.rolling(n, min_periods=least).mean(),
    "period_std": lambda x, n, least: x.rolling(n, min_periods=least).std(),
    "period_zscore": lambda x, n, least: (
        (x - x.rolling(n, min_periods=least).mean()) / x.rolling(n, min_periods=least).std()
    ),
    "period_lag": lambda x, n, _: x.shift(n),
}


@pytest.mark.parametrize(("n", "least"), [(1, 1), (3, 2), (8, 5)])
@pytest.mark.parametrize("op", WEEKLY)
def test_period_reference_is_pandas_on_the_last_session_of_each_week(op: str, n: int, least: int) -> None:
    week = np.repeat(np.arange(8.0), 5)
    function = getattr(ops, op)
    expr = function(X, Y, n) if op == "period_lag" else function(X, Y, n, least)
    got = evaluate(expr, {"x": DATA["x"], "y": np.repeat(week[:, None], 6, axis=1)})
    wanted = WEEKLY[op](FRAME.groupby(week).last(), n, least)  # the last value of the week that is there
    np.testing.assert_allclose(got[4::5], wanted, rtol=1e-9, atol=1e-11)


def test_periods_by_hand() -> None:
    week = [NAN, 3, 3, 3, 5, 5, 4, 9, NAN, 9]
    x = [7, 1, 2, NAN, 6, NAN, 100, 4, 50, -4]
    cases = {
        ops.period_sum(X, Y, 2, 1): [NAN, 1, 2, 2, 8, 8, 8, 10, NAN, 2],
        ops.period_lag(X, Y, 1): [NAN, NAN, NAN, NAN, 2, 2, 2, 6, NAN, 6],
        ops.period_streak(X > 3, Y, 9): [NAN, 0, 0, 0, 1, 1, 1, 2, NAN, 0],
        ops.period_diff(X, Y): [NAN, NAN, NAN, NAN, 4, 4, 4, -2, NAN, -10],
    }
    for expr, expected in cases.items():
        np.testing.assert_array_equal(_one(expr, x, week), expected, err_msg=str(expr))


@pytest.mark.parametrize("least", [1, 4, 10])
@pytest.mark.parametrize("op", EXPANDING)
def test_expanding_reference_is_pandas(op: str, least: int) -> None:
    expected = EXPANDING[op](least).to_numpy()
    np.testing.assert_allclose(evaluate(getattr(ops, op)(X, least), DATA), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("op", CUMULATIVE)
def test_cumulative_reference_is_pandas(op: str) -> None:
    expected = CUMULATIVE[op]().to_numpy()
    np.testing.assert_allclose(evaluate(getattr(ops, op)(X), DATA), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("w", "least"), [(5, 5), (5, 4), (20, 14)])
def test_regression_of_two_series_is_scipys(w: int, least: int) -> None:
    found = {
        op: evaluate(getattr(ops, op)(X, Y, w, least), DATA) for op in ("ts_alpha", "ts_residual", "ts_r2")
    }
    compared = 0
    for t, n in np.ndindex(DATA["x"].shape):
        x, y = (DATA[name][max(0, t - w + 1) : t + 1, n] for name in ("x", "y"))
        good = np.isfinite(x)
        if good.sum() < least:
            assert all(np.isnan(values[t, n]) for values in found.values())
            continue
        line = scipy.stats.linregress(y[good], x[good])
        resid = x[-1] - line.intercept - line.slope * y[-1]
        for op, expected in zip(found, (line.intercept, resid, line.rvalue**2), strict=True):
            np.testing.assert_allclose(found[op][t, n], expected, rtol=1e-9, atol=1e-11, err_msg=op)
            compared += 1
    assert compared > 200


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (ops.cs_rank(X), FRAME.rank(axis=1, pct=True)),
        (ops.cs_demean(X), FRAME.sub(FRAME.mean(axis=1), axis=0)),
        (ops.cs_zscore(X), FRAME.sub(FRAME.mean(axis=1), axis=0).div(FRAME.std(axis=1), axis=0)),
        (ops.cs_std(X), FRAME.notna().where(FRAME.notna()).mul(FRAME.std(axis=1), axis=0)),
        (ops.cs_mean(X), FRAME.notna().where(FRAME.notna()).mul(FRAME.mean(axis=1), axis=0)),
    ],
    ids=str,
)
def test_cross_section_is_pandas(expr: Expr, expected: pd.DataFrame) -> None:
    np.testing.assert_allclose(evaluate(expr, DATA), expected.to_numpy(dtype=float), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["average", "min", "dense", "first"])
def test_ranks_are_pandas(method: str) -> None:
    data = {"x": np.round(DATA["x"])}
    expected = pd.DataFrame(data["x"]).rank(axis=1, pct=True, method=method)
    np.testing.assert_array_equal(evaluate(ops.cs_rank(X, method=method), data), expected.to_numpy())


def test_normal_scores_are_scipys() -> None:
    expected = scipy.stats.norm.ppf((FRAME.rank(axis=1) - 0.5).div(FRAME.count(axis=1), axis=0))
    np.testing.assert_allclose(evaluate(ops.cs_normal(X), DATA), expected, rtol=1e-14, atol=1e-15)


def test_winsorising_is_pandas() -> None:
    low, high = (FRAME.quantile(q, axis=1) for q in (0.1, 0.8))
    expected = FRAME.clip(low, high, axis=0).to_numpy()
    np.testing.assert_allclose(evaluate(ops.cs_winsorize(X, 0.1, 0.8), DATA), expected, rtol=1e-12)


def test_buckets_without_ties_are_of_equal_size() -> None:
    x = np.random.default_rng(2).permutation(40.0 * np.arange(40))[None, :]
    buckets = evaluate(ops.cs_bucket(X, 10), {"x": x})[0]
    np.testing.assert_array_equal(buckets, np.argsort(np.argsort(x[0])) // 4)


def test_neutral_is_numpys_least_squares() -> None:
    rng = np.random.default_rng(5)
    x, y, z = rng.standard_normal((3, 6, 40))
    x[rng.random(x.shape) < 0.1] = np.nan
    z[rng.random(z.shape) < 0.1] = np.nan
    found = evaluate(ops.cs_neutralize(X, Y, column("z")), {"x": x, "y": y, "z": z})
    for got, row, *columns in zip(found, x, y, z, strict=True):
        good = np.isfinite(row + columns[1])
        design = np.stack([np.ones(good.sum()), *(values[good] for values in columns)], axis=1)
        fit = design @ np.linalg.lstsq(design, row[good])[0]
        np.testing.assert_allclose(got[good], row[good] - fit, atol=1e-13)
        assert np.isnan(got[~good]).all()


def test_groups_are_pandas() -> None:
    rng = np.random.default_rng(6)
    data = {"x": DATA["x"], "g": rng.integers(0, 3, DATA["x"].shape).astype(float)}
    data["g"][rng.random(data["g"].shape) < 0.2] = np.nan
    long = pd.DataFrame({name: values.ravel() for name, values in data.items()})
    long["t"] = np.repeat(np.arange(len(DATA["x"])), DATA["x"].shape[1])
    grouped = long.groupby(["t", "g"])["x"]
    for expr, expected in (
        (ops.cs_rank(X, by="g"), grouped.rank(pct=True)),
        (ops.cs_demean(X, by="g"), long["x"] - grouped.transform("mean")),
        (ops.cs_std(X, by="g"), grouped.transform("std").where(long["x"].notna())),
    ):
        np.testing.assert_allclose(evaluate(expr, data).ravel(), expected, rtol=1e-9, atol=1e-12)


def _one(expr: Expr, x: list[float], y: list[float] | None = None) -> list[float]:
    columns = {"x": np.array(x)[:, None], "y": np.array(y or x)[:, None]}
    return evaluate(expr, columns)[:, 0].tolist()


HAND = [
    (ops.ts_argmax(X, 3, 1), [1, 3, 3, 2, NAN, 0], [0, 0, 0, 1, 2, 2]),  # the latest of equals
    (ops.ts_argmin(X, 3, 1), [2, 1, 1, 4, 5, 6], [0, 0, 0, 1, 2, 2]),
    (ops.ts_count(X, 3, 1), [1, NAN, 2, math.inf, 3, 4], [1, 1, 2, 1, 2, 2]),
    (ops.streak(X), [1, 2, 0, 1, NAN, 1, 5], [1, 2, 0, 1, NAN, 1, 2]),
    (ops.last_valid(X, 2), [NAN, 1, NAN, math.inf, NAN, 2], [NAN, 1, 1, 1, NAN, 2]),
    (ops.ema(X, 3, 2), [1, NAN, 3, 5, NAN], [NAN, NAN, 2, 3.5, 3.5]),
    (ops.wilder(X, 4, 1), [4, 8, NAN, 1], [4, 5, 5, 4]),
    (ops.since(X > 2), [1, 3, NAN, 1, 2, 5], [NAN, 0, 1, 2, 3, 0]),
    (ops.ewm_var(X, 3, 2), [1, NAN, 3, 3], [NAN, NAN, 2, 1.2]),
    (ops.cum_sum(X), [NAN, 1, NAN, math.inf, 2], [NAN, 1, 1, 1, 3]),
    (ops.cum_min(X), [NAN, 3, NAN, 4, 2], [NAN, 3, 3, 3, 2]),
    (ops.expanding_mean(X, 2), [2, NAN, 4, 6], [NAN, NAN, 3, 4]),
    (ops.ts_product(X, 2), [2, 3, 0, 4], [NAN, 6, 0, 0]),
    (ops.ts_rank(X, 3, 1), [1, 1, 0, NAN, 3], [1, 0.75, 1 / 3, NAN, 1]),
    (ops.ts_quantile(X, 4, 0.25), [4, 1, 3, 2], [NAN, NAN, NAN, 1.75]),
    (ops.ts_median(X, 3, 2), [4, 1, NAN, 2], [NAN, 2.5, 2.5, 1.5]),
    (ops.ts_mad(X, 5, 1), [1, 1, 2, 2, 4], [0, 0, 0, 0.5, 1]),
    (ops.ts_decay(X, 3, 2), [1, 4, NAN, 7], [NAN, 2.8, 3, 6.25]),
    (ops.ts_wma(X, 2), [3, 6], [NAN, 5]),
    (ops.ts_wmean(X, Y, 3), [2, 4, 6, 0], [NAN, NAN, 28 / 6, 5.2]),
    (ops.ts_alpha(X, Y + 1, 3), [2, 4, 6, 8], [NAN, NAN, -2, -2]),
    (ops.ts_r2(X, Y, 3), [2, 4, 6, 8], [NAN, NAN, 1, 1]),
    (ops.ts_residual(X, Y, 3), [2, 4, 6, NAN], [NAN, NAN, 0, NAN]),
    (ops.ts_intercept(X, 3), [1, 3, 5, 7], [NAN, NAN, 1, 3]),
    (ops.ts_intercept(X, 4, 2), [NAN, NAN, 5, 7], [NAN, NAN, NAN, 1]),  # the line at the oldest of 4 sessions
    (ops.ts_resid(X, 3), [0, 0, 3, 0], [NAN, NAN, 0.5, -1]),
    (ops.ts_rsquare(X, 3), [1, 2, 3, 3], [NAN, NAN, 1, 0.75]),
    (ops.ts_beta(X, Y, 3), [2, 4, 6, 8], [NAN, NAN, 2, 2]),
    (ops.diff(X, 2), [1, 2, 4, 8], [NAN, NAN, 3, 6]),
    (ops.ratio(X), [1, 2, 4, 2], [NAN, 2, 2, 0.5]),
    (ops.fmax(X, 2.0), [1, NAN, 3], [2, 2, 3]),
    (ops.maximum(X, 2.0), [1, NAN, 3], [2, NAN, 3]),
    (ops.where(X > 1, X, -1.0), [1, NAN, 3], [-1, NAN, 3]),
    (1 / X, [0, 2, NAN], [NAN, 0.5, NAN]),  # Inf is stored as NaN
    (ops.ts_kurt(X, 4), [1, 1, 1, 1], [NAN, NAN, NAN, -3]),
    (ops.ts_skew(X, 3), [1, 1, 1], [NAN, NAN, 0]),
    (ops.ts_zscore(X, 2), [1, 3, 3], [NAN, math.sqrt(0.5), NAN]),
]


@pytest.mark.parametrize(("expr", "x", "expected"), HAND, ids=lambda part: str(part)[:30])
def test_numbers_worked_by_hand(expr: Expr, x: list[float], expected: list[float]) -> None:
    other = [value / 2 for value in x]
    np.testing.assert_allclose(_one(expr, x, other), expected, rtol=1e-15, atol=1e-15)


def test_centred_rank_puts_the_middle_stock_at_zero() -> None:
    ranks = evaluate(ops.cs_centred_rank(X), {"x": np.array([[3.0, 1.0, 2.0, np.nan]])})[0]
    np.testing.assert_allclose(ranks[:3], [math.sqrt(12) / 3, -math.sqrt(12) / 3, 0.0], atol=1e-15)
    assert np.isnan(ranks[3])


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (ops.cs_scale(X), [0.1, -0.3, 0.6, NAN]),
        (ops.cs_normal(X), [0.0, -0.96742156610170, 0.96742156610170, NAN]),
        (ops.cs_bucket(X, 2), [1, 0, 1, NAN]),
        (ops.cs_winsorize(X, 0.25, 1), [1, -1, 6, NAN]),
        (ops.cs_neutralize(X, X), [0, 0, 0, NAN]),
        (ops.cs_mean(X, by=X > 0), [3.5, -3, 3.5, NAN]),
    ],
    ids=str,
)
def test_dates_worked_by_hand(expr: Expr, expected: list[float]) -> None:
    values = evaluate(expr, {"x": np.array([[1.0, -3.0, 6.0, NAN]])})[0]
    np.testing.assert_allclose(values, expected, rtol=1e-13, atol=1e-15)


def test_every_operator_has_a_reference() -> None:
    from jqfast.features import reference

    along_time = (reference.RECURSIVE, reference.WINDOWED, reference.PLACED, reference.PERIODS)
    tables = (ELEMENTWISE, *along_time, reference.CROSS)
    assert {name for table in tables for name in table} == set(OPERATORS)
