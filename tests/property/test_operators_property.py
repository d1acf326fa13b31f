"""What must hold between operators on any data: identities, invariances, bounds."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jqfast.data.panel import Panel
from jqfast.features import Expr, column, ops
from jqfast.features.execute import execute

X, Y, G = column("x"), column("y"), column("g")
T, N = 12, 11
SOME = settings(max_examples=25, deadline=None)

VALUES = st.one_of(
    st.integers(-4, 4).map(float),  # many ties
    st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda v: round(v, 6)),
    st.sampled_from([np.nan, np.nan, np.inf, -0.0, 1e9]),
)
TABLES = arrays.arrays(np.float64, (T, N), elements=VALUES)
GROUPS = arrays.arrays(np.float64, (T, N), elements=st.sampled_from([0.0, 1.0, 2.0, np.nan]))

CROSS: dict[str, Callable[..., Expr]] = {
    "rank": ops.cs_rank,
    "min": lambda x, by=None: ops.cs_rank(x, method="min", by=by),
    "dense": lambda x, by=None: ops.cs_rank(x, method="dense", by=by),
    "first": lambda x, by=None: ops.cs_rank(x, method="first", by=by),
    "centred": ops.cs_centred_rank,
    "zscore": ops.cs_zscore,
    "demean": ops.cs_demean,
    "mean": ops.cs_mean,
    "std": ops.cs_std,
    "scale": ops.cs_scale,
    "normal": ops.cs_normal,
    "bucket": lambda x, by=None: ops.cs_bucket(x, 4, by=by),
    "winsorize": lambda x, by=None: ops.cs_winsorize(x, 0.2, 0.7, by=by),
    "neutralize": lambda x, by=None: ops.cs_neutralize(x, Y, by=by),
}


def _run(exprs: list[Expr], codes: np.ndarray | None = None, **columns: np.ndarray) -> np.ndarray:
    shape = next(iter(columns.values())).shape
    dates = np.datetime64("2024-01-01") + np.arange(shape[0])
    names = np.array([f"{1000 + n}" for n in range(shape[1])]) if codes is None else codes
    panel = Panel(dates, names, {"close": np.ones(shape), **columns}, np.ones(shape, dtype=bool))
    return np.asarray(execute(panel, exprs, dtype="float64", threads=1))


def _same_bits(left: np.ndarray, right: np.ndarray) -> int:
    """Asserts equal bits operator by operator; the number of cells compared."""
    for name, a, b in zip(CROSS, left, right, strict=True):
        np.testing.assert_array_equal(a.view(np.int64), np.ascontiguousarray(b).view(np.int64), err_msg=name)
    return left.size


@SOME
@given(TABLES, TABLES, GROUPS, st.permutations(range(N)))
def test_the_order_of_stocks_changes_no_bit(x, y, g, order) -> None:
    codes = np.array([f"{1000 + n}" for n in range(N)])
    for by in (None, G):
        exprs = [make(X, by=by) for make in CROSS.values()]
        straight = _run(exprs, x=x, y=y, g=g)
        moved = _run(
            exprs, codes[order], **{k: v[:, order].copy() for k, v in (("x", x), ("y", y), ("g", g))}
        )
        assert _same_bits(moved, straight[:, :, order]) == len(CROSS) * x.size


@SOME
@given(TABLES, TABLES, st.integers(0, N), st.integers(1, 20))
def test_stocks_without_a_value_change_no_bit(x, y, at, more) -> None:
    exprs = [make(X) for make in CROSS.values()]
    wider = [np.insert(values, [at] * more, np.nan, axis=1) for values in (x, y)]
    padded = _run(exprs, x=wider[0], y=wider[1])
    assert np.isnan(padded[:, :, at : at + more]).all()
    _same_bits(np.delete(padded, range(at, at + more), axis=2), _run(exprs, x=x, y=y))


@SOME
@given(TABLES, TABLES, GROUPS)
def test_a_group_is_a_market_of_its_own(x, y, g) -> None:
    grouped = _run([make(X, by=G) for make in CROSS.values()], x=x, y=y, g=g)
    for group in (0.0, 1.0, 2.0):
        members = g == group
        alone = _run(
            [make(X) for make in CROSS.values()],
            x=np.where(members, x, np.nan),
            y=np.where(members, y, np.nan),
        )
        _same_bits(alone, np.where(members, grouped, np.nan))
    assert np.isnan(grouped[:, np.isnan(g)]).all()


@SOME
@given(TABLES)
def test_bounds_of_cross_sections(x) -> None:
    finite = np.isfinite(x)
    got = dict(zip(CROSS, _run([make(X) for make in CROSS.values()], x=x, y=x), strict=True))
    for name in ("rank", "min", "dense", "first"):
        assert ((got[name][finite] > 0) & (got[name][finite] <= 1)).all()
    assert (got["min"][finite] <= got["rank"][finite]).all()
    for row, values in zip(got["first"], finite, strict=True):
        n = values.sum()
        np.testing.assert_array_equal(np.sort(row[values]), np.arange(1, n + 1) / n)
    assert set(np.unique(got["bucket"][finite])) <= {0.0, 1.0, 2.0, 3.0}
    # the distances are rounded, so that a date of huge equal values keeps a trace of them
    np.testing.assert_allclose(
        got["neutralize"][finite], 0.0, atol=1e-12 * np.nanmax(np.abs(x[finite]), initial=1)
    )
    sizes = np.nansum(np.abs(got["scale"]), axis=1)
    np.testing.assert_allclose(sizes[(np.where(finite, x, 0) != 0).any(axis=1)], 1.0, rtol=1e-14)


@SOME
@given(TABLES, st.integers(1, 14), st.data())
def test_quantiles_are_ordered_and_end_at_the_extremes(x, w, data) -> None:
    least = data.draw(st.integers(1, w))
    levels = (0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 1.0)
    quantiles = [ops.ts_quantile(X, w, q, least) for q in levels]
    others = [ops.ts_min(X, w, least), ops.ts_max(X, w, least), ops.ts_mad(X, w, least)]
    *got, low, high, mad = _run([*quantiles, *others], x=x)
    np.testing.assert_array_equal(got[0], low)
    np.testing.assert_array_equal(got[-1], high)
    known = ~np.isnan(low)
    for below, above in itertools.pairwise(got):
        assert (below[known] <= above[known]).all()
    assert (mad[known] >= 0).all()
    assert (mad[known] <= (high - low)[known]).all()


@SOME
@given(TABLES, st.integers(1, 14))
def test_orders_of_the_mirror_image(x, w) -> None:
    pairs = [
        (ops.ts_median(-X, w, 1), -ops.ts_median(X, w, 1)),
        (ops.ts_mad(-X, w, 1), ops.ts_mad(X, w, 1)),
        (ops.cum_min(-X), -ops.cum_max(X)),
        (ops.ts_decay(-X, w, 1), -ops.ts_decay(X, w, 1)),
    ]
    for left, right in pairs:
        a, b = _run([left, right], x=x)
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-15 * np.abs(x[np.isfinite(x)]).max(initial=0.0))
    rank, mirrored, n = _run([ops.ts_rank(X, w, 1), ops.ts_rank(-X, w, 1), ops.ts_count(X, w, 1)], x=x)
    np.testing.assert_allclose(mirrored, 1 + 1 / n - rank, rtol=1e-14)


@SOME
@given(TABLES)
def test_a_window_as_long_as_history_is_expanding(x) -> None:
    exact = ("min", "max", "count")
    near = ("sum", "mean")
    pairs = [(getattr(ops, f"expanding_{s}")(X), getattr(ops, f"ts_{s}")(X, T, 1)) for s in (*exact, *near)]
    values = _run([expr for pair in pairs for expr in pair], x=x)
    scale = np.nancumsum(np.where(np.isfinite(x), np.abs(x), 0.0), axis=0)
    for k, statistic in enumerate((*exact, *near)):
        a, b = values[2 * k], values[2 * k + 1]
        np.testing.assert_array_equal(np.isnan(a), np.isnan(b), err_msg=statistic)
        apart = np.abs(np.where(np.isnan(a), 0.0, a - b))
        assert (apart <= (0.0 if statistic in exact else 4 * np.finfo(float).eps) * scale).all(), statistic


@SOME
@given(TABLES, TABLES, st.integers(2, 14))
def test_regressions_on_a_series_agree_with_each_other(x, y, w) -> None:
    """On whole numbers: residual = x - alpha - beta y, R2 = corr^2, weighted by 1 is the mean."""
    x, y = np.round(np.clip(x, -9, 9)), np.round(np.clip(y, -9, 9))
    alpha, beta = ops.ts_alpha(X, Y, w, 2), ops.ts_beta(X, Y, w, 2)
    ones = X * 0 + 1
    pairs = [
        (ops.ts_residual(X, Y, w, 2), X - alpha - beta * Y),
        (ops.ts_r2(X, Y, w, 2), ops.ts_corr(X, Y, w, 2) ** 2),
        (ops.ts_wmean(X, ones, w, 2), ops.ts_mean(X, w, 2)),
    ]
    for left, right in pairs:
        a, b = _run([left, right], x=x, y=y)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12, err_msg=str(left))


@SOME
@given(arrays.arrays(np.float64, (T, N), elements=st.sampled_from([0.0, 1.0, -2.0, np.nan])))
def test_streaks_and_events_tell_the_same_story(c) -> None:
    streak, since, held = _run([ops.streak(X), ops.since(X), ops.fill(ops.sign(abs(X)), 0.0)], x=c)
    true = held != 0
    np.testing.assert_array_equal(since == 0, true)
    np.testing.assert_array_equal(streak >= 1, true)
    before, after = since[:-1], since[1:]
    np.testing.assert_array_equal(after[~true[1:]], before[~true[1:]] + 1)


@SOME
@given(TABLES, st.integers(1, 14), st.data())
def test_periods_of_one_session_are_windows_of_sessions(x, n, data) -> None:
    least = data.draw(st.integers(1, n))
    session = np.repeat(np.arange(T, dtype=float)[:, None], N, axis=1)
    exact = [
        (ops.period_lag(X, Y, n), ops.lag(X, n)),
        (ops.period_streak(X > 0, Y, T), ops.streak(X > 0)),
    ]
    for left, right in exact:
        a, b = _run([left, right], x=x, y=session)
        np.testing.assert_array_equal(a, b)
    size = np.abs(x[np.isfinite(x)]).max(initial=0.0)
    for name in ("sum", "mean", "std"):
        over, along = getattr(ops, f"period_{name}"), getattr(ops, f"ts_{name}")
        a, b = _run([over(X, Y, n, least), along(X, n, least)], x=x, y=session)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14 * n * size)


@SOME
@given(TABLES, st.integers(1, 5))
def test_repeating_a_session_of_a_period_changes_nothing(x, n) -> None:
    """Twice the same day: what is known of a period does not depend on how often it is said."""
    session = np.repeat(np.arange(T, dtype=float)[:, None], N, axis=1)
    exprs = [ops.period_zscore(X, Y, n, 1), ops.period_mean(X, Y, n, 1), ops.period_streak(X, Y, n)]
    once = _run(exprs, x=x, y=session)
    twice = _run(exprs, x=np.repeat(x, 2, axis=0), y=np.repeat(session, 2, axis=0))
    np.testing.assert_array_equal(twice[:, 1::2], once)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_stocks_against_as_many_exposures(n: int) -> None:
    """With no more stocks than coefficients nothing is left, and nothing breaks."""
    rng = np.random.default_rng(n)
    columns = {name: rng.standard_normal((4, n)) for name in ("x", "a", "b", "c")}
    expr = ops.cs_neutralize(X, column("a"), column("b"), column("c"))
    np.testing.assert_allclose(_run([expr], **columns)[0], 0.0, atol=1e-13)
