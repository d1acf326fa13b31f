"""Expressions: interning, derived facts, unit algebra, and errors that say what to do."""

from __future__ import annotations

import copy
import gc
import math
import pickle

import numpy as np
import pytest

from jqfast.errors import LookAheadError
from jqfast.features import (
    Expr,
    adjustment,
    as_of,
    clip,
    close,
    column,
    cs_bucket,
    cs_mean,
    cs_neutralize,
    cs_rank,
    cs_winsorize,
    cs_zscore,
    dow,
    dow_sin,
    ema,
    eq,
    ewm_var,
    exp,
    expanding_max,
    expanding_mean,
    fill,
    fmax,
    high,
    isnan,
    lag,
    last_valid,
    log,
    low,
    maximum,
    open_,
    period_lag,
    period_mean,
    power,
    sign,
    since,
    sqrt,
    streak,
    tanh,
    ts_beta,
    ts_corr,
    ts_cov,
    ts_mean,
    ts_median,
    ts_quantile,
    ts_residual,
    ts_slope,
    ts_std,
    ts_sum,
    ts_var,
    ts_wmean,
    turnover,
    volume,
    where,
)
from jqfast.features import expr as expr_module
from jqfast.features.operators import OPERATORS
from jqfast.features.scale import unit_name


def _ret(k: int) -> Expr:
    return close / lag(close, k) - 1


def test_equal_formulas_are_one_object() -> None:
    assert _ret(5) is _ret(5)
    assert _ret(5) is not _ret(6)
    assert ts_mean(close, 5) is ts_mean(close, 5, min_periods=5)
    assert close * 1 is close * 1.0
    assert fill(close, 0.0) is not fill(close, -0.0)
    assert fill(close, math.nan) is fill(close, math.nan)


def test_copies_and_pickles_are_the_same_object() -> None:
    x = ts_std(_ret(1), 20, 14)
    assert copy.copy(x) is x
    assert copy.deepcopy(x) is x
    assert pickle.loads(pickle.dumps(x)) is x


def test_forgotten_formulas_leave_the_table() -> None:
    gc.collect()
    before = len(expr_module._table)
    x = close * 123.456
    assert len(expr_module._table) == before + 2
    del x
    gc.collect()
    assert len(expr_module._table) == before


def test_expressions_are_frozen() -> None:
    with pytest.raises(AttributeError, match="op"):
        close.op = "open"  # type: ignore[misc]


def test_numpy_numbers_are_literals_on_both_sides() -> None:
    assert np.float64(2) * close is 2 * close
    assert close + np.int64(1) is close + 1


@pytest.mark.parametrize(
    ("x", "lookback", "warmup"),
    [
        (close, 0, 0),
        (lag(close, 5), 5, 5),
        (lag(lag(close, 2), 3), 5, 5),
        (_ret(5), 5, 5),
        (ts_mean(close, 20), 19, 19),
        (ts_mean(close, 20, 14), 19, 13),
        (lag(ts_std(_ret(1), 20, 14), 1), 21, 15),
        (ema(close, 5, 4), math.inf, 3),
        (streak(close > open_), math.inf, 0),
        (last_valid(close, 3), 3, 0),
        (fmax(high - low, abs(high - lag(close, 1))), 1, 0),
        (cs_rank(_ret(20)), 20, 20),
        (isnan(lag(close, 3)), 3, 0),
        (since(close > open_), math.inf, 0),
        (expanding_mean(close, 10), math.inf, 9),
        (ewm_var(_ret(1), 20, 14), math.inf, 14),
        (ts_quantile(close, 20, 0.9, 14), 19, 13),
        (ts_wmean(close, volume, 5), 4, 4),
        (period_mean(close, volume, 4, 3), math.inf, 2),
        (period_lag(close, volume, 4), math.inf, 4),
    ],
    ids=str,
)
def test_history_is_derived(x: Expr, lookback: float, warmup: int) -> None:
    assert (x.lookback, x.warmup) == (lookback, warmup)


def test_columns_timing_and_axis_are_derived() -> None:
    x = _ret(1) * dow_sin + open_ / close
    assert x.columns == {"close", "open", "dow_sin"}
    assert (x.axis, x.timing) == ("stock", "D0")
    assert (dow_sin.axis, dow_sin.timing) == ("market", "CAL")
    assert (dow_sin + 1).axis == "market"


@pytest.mark.parametrize(
    ("x", "degree", "unit"),
    [
        (close, 1, "yen per share"),
        (volume, -1, "shares"),
        (turnover, 0, "yen"),
        (close * volume, 0, "yen"),
        (_ret(1), 0, "number"),
        (adjustment, -1, "split factor"),
        (close * adjustment, 0, "yen per share"),
        (as_of(close, 1), 0, "yen per share"),
        (as_of(volume, 1), 0, "shares"),
        (1 / turnover, 0, "1 per yen"),
        (high - low, 1, "yen per share"),
        (maximum(high - low, 0), 1, "yen per share"),
        (ts_var(close, 5), 2, "yen^2 per share^2"),
        (sqrt(ts_var(close, 5)), 1, "yen per share"),
        (power(close, 2) / close, 1, "yen per share"),
        (log(close) - log(open_), 0, "number"),
        (ts_std(log(close), 20), 0, "number"),
        (exp(log(close)), 1, "yen per share"),
        (exp(2 * log(close)), 2, "yen^2 per share^2"),
        (sign(close - open_), 0, "number"),
        (ts_slope(close, 20) / close, 0, "number"),
        (ts_cov(close, volume, 20), 0, "yen"),
        (ts_corr(close, volume, 20), 0, "number"),
        (ts_beta(close, volume, 20), 2, "yen per share^2"),
        (where(volume > 0, close, 0), 1, "yen per share"),
        (close > open_, 0, "number"),
        (streak(close > open_), 0, "number"),
        (cs_zscore(turnover), 0, "number"),
        (cs_mean(turnover), 0, "yen"),
        (abs(close - open_), 1, "yen per share"),
        (-close, 1, "yen per share"),
    ],
    ids=str,
)
def test_scale_is_derived(x: Expr, degree: float, unit: str) -> None:
    assert (x.degree, unit_name(x.scale)) == (degree, unit)


@pytest.mark.parametrize(
    "x",
    [
        close + 1,
        close > 1000,
        clip(close, 1, 2),
        cs_rank(close),
        cs_zscore(log(close)),
        tanh(close),
        exp(close),
        log(close) * open_,
        ts_sum(log(close), 5),
        log(close) > 5,
        sqrt(log(close)),
        abs(log(close)),
        (close + 1) / close,
    ],
    ids=str,
)
def test_values_without_one_scale_are_known(x: Expr) -> None:
    assert x.scale is None
    assert x.degree is None


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: close + volume, "`close` is in yen per share and `volume` in shares"),
        (lambda: close > volume, "cannot be added or compared"),
        (lambda: where(close > 0, close, turnover), "`turnover` in yen"),
        (lambda: close + _ret(1), "in number"),
        (lambda: maximum(volume, turnover), "quantity of its own unit"),
    ],
)
def test_yen_plus_shares_is_an_error(build, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_a_column_of_ones_own_says_its_unit() -> None:
    assert (close / column("vwap", unit="price")).degree == 0
    with pytest.raises(ValueError, match='column\\(name, unit="price"\\)'):
        close - column("vwap")
    with pytest.raises(ValueError, match="`unit` must be one of price"):
        column("vwap", unit="yens")  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: lag(close, -1), LookAheadError, "`k` must be an integer >= 0; got -1.*no lead"),
        (lambda: ts_mean(close, 0), ValueError, "`window` must be an integer >= 1; got 0"),
        (lambda: ts_mean(close, -5), ValueError, "`window` must be an integer >= 1; got -5"),
        (lambda: ts_mean(close, 5.0), TypeError, "`window` must be an integer >= 1; got 5.0 \\(float\\)"),
        (lambda: ts_mean(close, True), TypeError, "`window` must be an integer"),
        (lambda: ts_mean(close, 10**6), ValueError, "at most 65536 sessions; got 1000000"),
        (
            lambda: ts_mean(close, 5, 6),
            ValueError,
            "`min_periods` must be an integer from 1 to the window, 5; got 6",
        ),
        (lambda: ts_mean(close, 5, 0), ValueError, "`min_periods`.*got 0"),
        (lambda: lag(close, 10**6), ValueError, "`k` must be at most"),
        (lambda: clip(close, 2, 1), ValueError, "`lo` must not be above `hi`"),
        (lambda: clip(close, math.nan, 1), ValueError, "`lo` must not be above `hi`"),
        (lambda: ts_quantile(close, 5, 1.5), ValueError, "`q` must be in \\[0, 1\\]; got 1.5"),
        (lambda: ts_quantile(close, 5, math.nan), ValueError, "`q` must be in"),
        (lambda: expanding_mean(close, 0), ValueError, "`min_periods` must be an integer from 1 to"),
        (lambda: ts_residual(close, 20, 5), ValueError, "`ts_residual` needs a series; got the constant 20"),
        (lambda: power(close, open_), TypeError, "`y` must be a number"),
        (lambda: close**open_, TypeError, "exponent of `\\*\\*` must be a number"),
        (lambda: close + "a", TypeError, "panel columns and numbers; got str"),
        (lambda: close * np.ones(3), TypeError, "got ndarray.*with_columns"),
        (lambda: close + True, TypeError, "got bool"),
        (lambda: bool(close > 1), TypeError, "has no truth value.*where"),
        (lambda: 0 < close < 1, TypeError, "write `\\(a < b\\) & \\(b < c\\)`"),
        (lambda: cs_rank(close, method="max"), ValueError, "`max`.*Known: average, dense, first, min"),
        (
            lambda: cs_rank(close, by=3),
            TypeError,
            "`by` must be an expression or the name of a column; got int",
        ),
        (lambda: cs_rank(close, by=dow), ValueError, "`dow` is the same for all"),
        (lambda: cs_bucket(close, 1), ValueError, "`count` must be an integer from 2"),
        (lambda: cs_winsorize(close, 0.9, 0.1), ValueError, "`low` must not be above `high`"),
        (
            lambda: cs_neutralize(close),
            ValueError,
            "`exposures` must be 1 to 8 expressions; got 0.*cs_demean",
        ),
        (lambda: cs_rank(dow_sin), ValueError, "`cs_rank` compares stocks.*the same for all"),
        (lambda: lag(expr_module.constant(1), 2), ValueError, "`lag` needs a series; got the constant 1"),
        (lambda: as_of(turnover, 1), ValueError, "degree 0.*use `lag`"),
    ],
)
def test_mistakes_are_explained(build, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (_ret(5), "close / lag(close, 5) - 1"),
        (ts_mean(close, 5, 4) / open_, "ts_mean(close, 5, min_periods=4) / open_"),
        (ts_mean(close, 5), "ts_mean(close, 5)"),
        (-(close - open_), "-(close - open_)"),
        ((close > open_) & ~(volume > 0), "(close > open_) & ~(volume > 0)"),
        (close - (open_ - low), "close - (open_ - low)"),
        (close**2 / low**-0.5, "close ** 2 / low ** -0.5"),
        (abs(close), "abs_(close)"),
        (eq(close, open_), "eq(close, open_)"),
        (ts_quantile(close, 20, 0.25), "ts_quantile(close, 20, 0.25)"),
        (ts_median(close, 20, 14), "ts_quantile(close, 20, 0.5, min_periods=14)"),
        (expanding_max(close), "expanding_max(close)"),
        (expanding_max(close, 20), "expanding_max(close, min_periods=20)"),
        (ts_wmean(close, volume, 20), "ts_wmean(close, volume, 20)"),
        (cs_rank(_ret(1), method="dense"), 'cs_rank(close / lag(close, 1) - 1, method="dense")'),
        (cs_zscore(turnover, by="sector33"), 'cs_zscore(turnover, by=column("sector33"))'),
        (
            cs_rank(turnover, method="first", by=cs_bucket(_ret(1), 5)),
            'cs_rank(turnover, method="first", by=cs_bucket(close / lag(close, 1) - 1, 5))',
        ),
        (
            cs_neutralize(turnover, dow * volume, by="g"),
            'cs_neutralize(turnover, dow * volume, by=column("g"))',
        ),
        (cs_winsorize(turnover), "cs_winsorize(turnover, 0.01, 0.99)"),
        (column("roe") * 0.1, 'column("roe") * 0.1'),
        (clip(_ret(1), -0.5, 1e30), "clip(close / lag(close, 1) - 1, -0.5, 1e+30)"),
    ],
)
def test_formulas_read_as_they_are_typed(x: Expr, text: str) -> None:
    assert str(x) == text


def test_a_deep_formula_needs_no_recursion() -> None:
    x = close
    for k in range(20_000):
        x = x + (k % 7) * open_
    assert x.columns == {"close", "open"}
    assert len(str(x)) < 10_000


def test_the_registry_and_the_functions_agree() -> None:
    from jqfast.features import ops

    renamed = {"abs": "abs_", **{f"cs_rank_{method}": "cs_rank" for method in ("min", "dense", "first")}}
    symbols = {"add", "sub", "mul", "div", "neg", "lt", "le", "gt", "ge", "and", "or", "not"}
    functions = {renamed.get(name, name) for name in OPERATORS if name not in symbols}
    composed = {"diff", "ratio", "as_of", "ts_median", "ts_wma", "ewm_std", "period_diff"}
    composed |= {"cum_sum", "cum_product", "cum_min", "cum_max"}
    assert functions | composed == set(ops.__all__)
    assert all(getattr(ops, name).__doc__ for name in ops.__all__)
