"""Groups of stocks: categories stand in `by=` and nowhere else, ties go by code, walls hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import (
    Expr,
    close,
    column,
    cs_bucket,
    cs_neutralize,
    cs_normal,
    cs_rank,
    cs_scale,
    cs_winsorize,
    cs_zscore,
    eq,
    lag,
    log,
    open_,
    ts_mean,
    turnover,
)
from jqfast.features.execute import execute
from jqfast.features.passes import compile_plan
from jqfast.features.reference import evaluate

T, N = 30, 23
RET = close / lag(close, 1) - 1
FORMULAS = (
    cs_zscore(RET, by="sector33"),
    cs_rank(RET, method="first", by="sector33"),
    cs_neutralize(cs_winsorize(RET, 0.1, 0.9), log(turnover), by="sector33"),
    cs_normal(RET, by=cs_bucket(turnover, 3)),
    ts_mean(cs_scale(RET, by="sector33"), 5),
)


def _panel() -> Panel:
    rng = np.random.default_rng(3)
    close_ = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((T, N)), axis=0))
    close_[rng.random((T, N)) < 0.05] = np.nan
    sector = np.broadcast_to(rng.integers(-1, 4, N).astype(np.int16), (T, N)).copy()
    sector[T // 2 :, 0] = 2  # a stock may change its sector
    columns = {
        "open": close_ * 1.01,
        "high": close_ * 1.02,
        "low": close_ / 1.02,
        "close": close_,
        "volume": rng.integers(1, 100, (T, N)) * 100.0,
        "turnover": rng.integers(1, 100, (T, N)) * 1e5,
        "adjustment": np.ones((T, N)),
        "sector33": sector,
    }
    dates = np.datetime64("2024-01-01") + np.arange(T)
    labels = {"sector33": ("a", "b", "c", "d")}
    return Panel(dates, np.array([f"{1300 + n}" for n in range(N)]), columns, np.ones((T, N), bool), labels)


PANEL = _panel()


def _floats(panel: Panel) -> dict[str, np.ndarray]:
    sector = panel["sector33"]
    return {**panel.columns, "sector33": np.where(sector < 0, np.nan, sector)}


@pytest.mark.parametrize("expr", FORMULAS, ids=str)
def test_grouped_values_are_the_textbooks(expr: Expr) -> None:
    got = execute(PANEL, [expr], dtype="float64")[0]
    np.testing.assert_allclose(got, evaluate(expr, _floats(PANEL)), rtol=1e-11, atol=1e-13)
    assert np.isfinite(got).mean() > 0.3


def test_a_missing_category_is_no_group() -> None:
    got = execute(PANEL, [cs_rank(turnover, by="sector33")], dtype="float64")[0]
    np.testing.assert_array_equal(np.isnan(got), PANEL["sector33"] < 0)


def test_by_name_is_by_column() -> None:
    assert cs_rank(RET, by="sector33") is cs_rank(RET, by=column("sector33"))
    assert cs_rank(RET, by="sector33") is not cs_rank(RET)
    assert cs_neutralize(RET, column("g")) is not cs_zscore(RET, by="g")


@pytest.mark.parametrize(
    "expr",
    [column("sector33") + 1, cs_rank(column("sector33")), cs_neutralize(RET, column("sector33"))],
    ids=str,
)
def test_a_category_of_words_is_no_number(expr: Expr) -> None:
    with pytest.raises(ValueError, match=r'`sector33` is a category.*only stand in `by=`.*by="sector33"'):
        execute(PANEL, [expr, cs_rank(RET, by="sector33")])


def test_a_category_of_numbers_is_its_labels() -> None:
    codes = replace(PANEL, categories={"sector33": ("0050", "1050", "3650", "9050")})
    sector = column("sector33")
    number, dummy, ranks = execute(
        codes, [sector + 0, eq(sector, 3650), cs_rank(RET, by=sector)], dtype="float64"
    )
    wanted = np.array([50.0, 1050.0, 3650.0, 9050.0, np.nan])[PANEL["sector33"]]
    np.testing.assert_array_equal(number, wanted)
    np.testing.assert_array_equal(dummy, np.where(np.isnan(wanted), np.nan, wanted == 3650))
    (alone,) = execute(PANEL, [cs_rank(RET, by="sector33")], dtype="float64")
    np.testing.assert_array_equal(ranks, alone)


def test_a_category_of_numbers_day_by_day() -> None:
    codes = replace(PANEL, categories={"sector33": ("0050", "1050", "3650", "9050")})
    asked = {"dummy": eq(column("sector33"), 3650), "rank": cs_rank(RET, by="sector33")}
    batch = features.panel(codes, asked, dtype="float64")
    stream = features.stream(codes.rows(0, 20), asked, dtype="float64")
    for t in range(20, T):
        texts = np.array([*codes.categories["sector33"], ""])[codes["sector33"][t]]
        mapping = {**{name: x[t] for name, x in codes.columns.items()}, "sector33": texts}
        row = stream.update(codes.dates[t], codes.rows(t, t + 1) if t % 2 else mapping)
        np.testing.assert_array_equal(row.values, batch.values[:, t])


def test_a_number_may_be_a_group_and_a_number() -> None:
    bucket = cs_bucket(turnover, 3)
    got = execute(
        PANEL, [cs_rank(RET, by=bucket), bucket, cs_rank(open_, by=column("volume"))], dtype="float64"
    )
    np.testing.assert_array_equal(got[1], evaluate(bucket, PANEL.columns))


def test_plans_tell_which_columns_are_groups_alone() -> None:
    plan = compile_plan(
        [cs_rank(RET, by="sector33"), cs_zscore(turnover, by=column("size")) * column("size")]
    )
    assert [name for _, name in plan.groups] == ["sector33"]
    assert "by=" in plan.text


def test_equal_values_are_ranked_in_the_order_of_codes() -> None:
    order = np.random.default_rng(1).permutation(N)
    shuffled = replace(
        PANEL,
        codes=PANEL.codes[order],
        columns={name: np.ascontiguousarray(values[:, order]) for name, values in PANEL.columns.items()},
    )
    expr = cs_rank(column("adjustment") * 0, method="first")
    by_code = np.broadcast_to(np.arange(1, N + 1) / N, (T, N))
    np.testing.assert_array_equal(execute(PANEL, [expr], dtype="float64")[0], by_code)
    np.testing.assert_array_equal(execute(shuffled, [expr], dtype="float64")[0], by_code[:, order])


def test_grouped_formulas_pass_the_audit() -> None:
    named = {str(number): expr for number, expr in enumerate(FORMULAS)}
    report = features.audit(PANEL, named, rows=(10, 20))
    assert report.passed, str(report)


def test_prices_are_not_compared_across_groups_either() -> None:
    assert cs_rank(RET, by=cs_bucket(close, 3)).scale is None
    assert cs_rank(RET, by=cs_bucket(turnover, 3)).scale is not None
    assert cs_neutralize(RET, close).scale is None
