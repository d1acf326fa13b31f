"""Any formula: what the core computes is what the textbook says, text and object are the same thing, and
facts derived from the graph hold on data.
"""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import jqfast.features as language
from jqfast.data.panel import Panel
from jqfast.features import Expr, column
from jqfast.features.execute import execute
from jqfast.features.operators import OPERATORS
from jqfast.features.passes import compile_plan
from jqfast.features.reference import evaluate
from jqfast.formulas import parse

T, N = 24, 5
LEAVES = [column("x"), column("y"), column("m", market=True)]
CHEAP = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def _panel(seed: int) -> Panel:
    """Small integers with gaps: sums are exact, so that even ties and flags must agree."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-8, 9, (2, T, N)).astype(float)
    x[rng.random((T, N)) < 0.2] = np.nan
    y[rng.random((T, N)) < 0.1] = np.inf
    columns = {"close": np.ones((T, N)), "x": x, "y": y, "m": rng.integers(0, 5, T).astype(float)}
    dates = np.datetime64("2024-01-01") + np.arange(T)
    codes = np.array([f"{n}" for n in range(N)])
    return Panel(dates.astype("datetime64[D]"), codes, columns, np.ones((T, N), dtype=bool))


PANELS = [_panel(seed) for seed in range(3)]


def _exact(children: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    """Operators whose results on small integers are exact, so that the comparison needs no tolerance."""
    numbers = st.integers(-3, 3)
    windows = st.integers(1, 8)
    stocks = children.filter(lambda x: x.axis == "stock")
    two = st.tuples(children, children | numbers)
    return st.one_of(
        two.map(lambda p: p[0] + p[1]),
        two.map(lambda p: p[0] - p[1]),
        two.map(lambda p: p[0] > p[1]),
        two.map(lambda p: p[0] <= p[1]),
        two.map(lambda p: language.maximum(*p)),
        two.map(lambda p: language.fmin(*p)),
        two.map(lambda p: language.eq(*p)),
        two.map(lambda p: (p[0] > 0) & language.ne(*p)),
        st.tuples(children, numbers).map(lambda p: p[0] * p[1]),
        st.tuples(children, children, children).map(lambda p: language.where(p[0] > 0, p[1], p[2])),
        children.map(lambda x: -x),
        children.map(abs),
        children.map(language.sign),
        children.map(language.isnan),
        st.tuples(children, numbers).map(lambda p: language.fill(*p)),
        st.tuples(children, windows).map(lambda p: language.lag(*p)),
        st.tuples(children, windows).map(lambda p: language.diff(*p)),
        st.tuples(children, windows).map(lambda p: language.ts_sum(*p, 1)),
        st.tuples(children, windows).map(lambda p: language.ts_count(*p, 1)),
        st.tuples(children, windows).map(lambda p: language.ts_range(*p, -(-p[1] // 2))),
        st.tuples(children, windows).map(lambda p: language.ts_argmax(*p, 1)),
        st.tuples(children, windows).map(lambda p: language.last_valid(*p)),
        children.map(lambda x: language.streak(x > 0)),
        children.map(lambda x: language.since(x > 0)),
        children.map(language.expanding_max),
        st.tuples(children, children, windows).map(lambda p: language.period_sum(*p, 1)),
        st.tuples(children, children, windows).map(lambda p: language.period_lag(*p)),
        children.map(language.cum_sum),
        st.tuples(children, windows).map(lambda p: language.ts_rank(*p, 1)),
        st.tuples(children, windows).map(lambda p: language.ts_median(*p, 1)),
        st.tuples(children, windows, st.sampled_from((0.0, 0.25, 0.75))).map(
            lambda p: language.ts_quantile(*p, 1)
        ),
        st.tuples(children, windows).map(lambda p: language.ts_mad(*p, 1)),
        stocks.map(language.cs_rank),
        st.tuples(stocks, st.sampled_from(("min", "dense", "first"))).map(
            lambda p: language.cs_rank(p[0], method=p[1])
        ),
        st.tuples(stocks, stocks).map(lambda p: language.cs_rank(p[0], by=language.sign(p[1]))),
        st.tuples(stocks, stocks).map(lambda p: language.cs_bucket(p[0], 3, by=p[1])),
        stocks.map(lambda x: language.cs_winsorize(x, 0.25, 0.75)),
        stocks.map(language.cs_scale),
    )


FORMULAS = st.recursive(st.sampled_from(LEAVES), _exact, max_leaves=8)


@CHEAP
@given(st.lists(FORMULAS, min_size=1, max_size=4), st.sampled_from(PANELS))
def test_core_is_the_textbook(formulas: list[Expr], panel: Panel) -> None:
    got = execute(panel, formulas, dtype="float64", threads=1)
    for expr, values in zip(formulas, got, strict=True):
        np.testing.assert_allclose(
            values, evaluate(expr, panel.columns), rtol=1e-12, atol=1e-12, err_msg=str(expr)
        )


@CHEAP
@given(FORMULAS)
def test_text_is_the_formula(expr: Expr) -> None:
    text = str(expr)
    assume(len(text) < 1500)
    assert parse(text) is expr


@CHEAP
@given(FORMULAS, st.sampled_from(PANELS))
def test_nothing_beyond_the_look_back_is_read(expr: Expr, panel: Panel) -> None:
    """Rows before t - look-back may be anything; the value at t stays, bit for bit."""
    assume(math.isfinite(expr.lookback) and expr.lookback < T - 1)
    before = T - 1 - int(expr.lookback)
    changed = {}
    for name in ("x", "y", "m"):
        values = panel.columns[name].copy()
        values[:before] = 99.0
        changed[name] = values
    rows = [
        execute(p, [expr], dtype="float64", threads=1)[0, -1] for p in (panel, panel.with_columns(**changed))
    ]
    np.testing.assert_array_equal(rows[0].view(np.int64), rows[1].view(np.int64))


@CHEAP
@given(FORMULAS, st.sampled_from(PANELS), st.integers(0, T - 2))
def test_nothing_after_the_row_is_read(expr: Expr, panel: Panel, t: int) -> None:
    whole = execute(panel, [expr], dtype="float64", threads=1)[0, : t + 1]
    cut = execute(panel.rows(0, t + 1), [expr], dtype="float64", threads=1)[0]
    np.testing.assert_array_equal(whole.view(np.int64), np.ascontiguousarray(cut).view(np.int64))


@CHEAP
@given(st.lists(FORMULAS, min_size=2, max_size=5, unique=True), st.sampled_from(PANELS), st.randoms())
def test_company_and_order_change_no_bit(formulas: list[Expr], panel: Panel, random) -> None:
    together = dict(zip(formulas, execute(panel, formulas, dtype="float64", threads=1), strict=True))
    shuffled = random.sample(formulas, len(formulas) - 1)
    for expr, values in zip(shuffled, execute(panel, shuffled, dtype="float64", threads=1), strict=True):
        np.testing.assert_array_equal(values.view(np.int64), together[expr].view(np.int64))


@CHEAP
@given(st.lists(FORMULAS, min_size=1, max_size=4))
def test_plans_use_only_known_instructions_in_order(formulas: list[Expr]) -> None:
    known = {operator.instruction for operator in OPERATORS.values()} | {"input"}
    defined: set[str] = set()
    for line in compile_plan(formulas).text.splitlines():
        if " = " in line:
            outs, words = line.split(" = ")
            op, *args = words.split()
            assert op in known
            assert {arg for arg in args if arg.startswith("v")} <= defined
            defined.update(outs.split())
