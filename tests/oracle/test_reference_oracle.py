"""The textbook reference against pandas and numbers worked by hand: the oracle itself is judged."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from jqfast.features import ops
from jqfast.features.columns import column
from jqfast.features.expr import Expr
from jqfast.features.operators import OPERATORS
from jqfast.features.reference import ELEMENTWISE, evaluate

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
    "ema": lambda w, least: FRAME.ewm(span=w, adjust=False, ignore_na=True, min_periods=least).mean(),
    "wilder": lambda w, least: FRAME.ewm(alpha=1 / w, adjust=False, ignore_na=True, min_periods=least).mean(),
    "last_valid": lambda w, _: FRAME.ffill(limit=w),
    "lag": lambda w, _: FRAME.shift(w),
}

PAIRS: dict[str, Callable[[int, int], pd.DataFrame]] = {
    "ts_cov": lambda w, least: _roll(w, least).cov(OTHER, pairwise=False),
    "ts_corr": lambda w, least: _roll(w, least).corr(OTHER, pairwise=False),
}


def _expr(op: str, w: int, least: int) -> Expr:
    function = getattr(ops, op)
    if op in ("lag", "last_valid"):
        return function(X, w)
    return function(X, Y, w, least) if op in PAIRS else function(X, w, least)


@pytest.mark.parametrize("op", [*PANDAS, *PAIRS])
@pytest.mark.parametrize(("w", "least"), [(5, 5), (5, 4), (20, 14)])
def test_reference_is_pandas(op: str, w: int, least: int) -> None:
    expected = {**PANDAS, **PAIRS}[op](w, least).to_numpy()
    np.testing.assert_allclose(evaluate(_expr(op, w, least), DATA), expected, rtol=1e-9, atol=1e-11)


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


def test_every_operator_has_a_reference() -> None:
    from jqfast.features import reference

    tables = (ELEMENTWISE, reference.RECURSIVE, reference.WINDOWED, reference.PLACED, reference.CROSS)
    assert {name for table in tables for name in table} == set(OPERATORS)
