"""Passes: each does its one thing, on graphs small enough to read, and never changes a value."""

from __future__ import annotations

import math

import numpy as np
import pytest

from jqfast.features import (
    Expr,
    close,
    column,
    cs_rank,
    cs_zscore,
    dow_sin,
    ema,
    expanding_max,
    expanding_mean,
    fill,
    high,
    lag,
    low,
    open_,
    ts_alpha,
    ts_corr,
    ts_cov,
    ts_max,
    ts_mean,
    ts_median,
    ts_min,
    ts_quantile,
    ts_slope,
    ts_std,
    ts_wmean,
    ts_zscore,
    volume,
    where,
    wilder,
)
from jqfast.features.declare import registry
from jqfast.features.passes.compile import compile_plan
from jqfast.features.passes.fold import fold
from jqfast.features.passes.graph import Graph
from jqfast.features.passes.intern import intern
from jqfast.features.passes.lower import lower
from jqfast.features.passes.schedule import _depth_first, _peak, _used_later, schedule
from jqfast.features.passes.share import share
from jqfast.features.passes.stage import stage


def _ops(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]


def _text(*outputs: Expr) -> list[str]:
    return compile_plan(outputs).text.splitlines()


def test_intern_makes_each_instruction_once() -> None:
    ret = close / lag(close, 1) - 1
    graph = intern([ret, ret * 2, ts_mean(ret, 5)])
    assert _ops(graph) == ["input", "lag", "div", "sub", "mul", "moments"]


def test_intern_meets_commuted_arguments() -> None:
    graph = intern([(high + low) / close, (low + high) / open_])
    assert _ops(graph).count("add") == 1
    assert _ops(intern([(high - low) / close, (low - high) / close])).count("sub") == 2


def test_intern_lowers_smoothings_to_one_instruction() -> None:
    graph = intern([ema(close, 9, 4), wilder(close, 5)])
    params = [dict(node.params) for node in graph.nodes if node.op == "ema"]
    assert params == [{"alpha": 0.2, "min_periods": 4}, {"alpha": 0.2, "min_periods": 5}]


def test_intern_reads_a_column_once_whatever_its_unit() -> None:
    graph = intern([column("close", unit="none") * 2, close / open_])
    assert [name for _, name in graph.inputs] == ["close", "open"]


@pytest.mark.parametrize(
    ("x", "same"),
    [
        (close * 1, close),
        (1 * close, close),
        (close / 1, close),
        (close - 0, close),
        (close**1, close),
        (lag(close, 0), close),
        ((close * 1) / 1, close),
    ],
)
def test_fold_drops_steps_that_change_no_bit(x: Expr, same: Expr) -> None:
    assert fold(intern([x])) == fold(intern([same]))


@pytest.mark.parametrize("x", [close + 0, close * 0, close - fill(close * 0, 0) * 0, 0 - close, close * -1])
def test_fold_keeps_steps_that_matter_for_zeros_and_nan(x: Expr) -> None:
    assert len(fold(intern([x])).nodes) > 1


def test_fold_computes_literals() -> None:
    from jqfast.features.expr import constant
    from jqfast.features.ops import log, sqrt

    x = close * (constant(2) * 3 + sqrt(constant(16)))
    assert [node.args for node in fold(intern([x])).nodes] == [(), (0, 10.0)]
    y = where(constant(1) > 2, close, open_ * log(constant(-1)))
    assert any(math.isnan(arg) for node in fold(intern([y])).nodes for arg in node.args)


def test_an_output_without_a_column_is_refused() -> None:
    from jqfast.features.expr import constant

    with pytest.raises(ValueError, match="must read at least one column"):
        compile_plan([constant(1) + 2])
    with pytest.raises(ValueError, match="at least one feature; got none"):
        compile_plan([])


def test_share_gives_moments_of_one_window_together() -> None:
    graph = share(intern([ts_std(close, 20), ts_mean(close, 20), ts_zscore(close, 20), ts_mean(close, 5)]))
    assert [node.give for node in graph.nodes if node.op == "moments"] == [
        ("mean", "std", "zscore"),
        ("mean",),
    ]
    assert len(set(graph.outputs)) == 4


def test_share_keeps_windows_and_minima_apart() -> None:
    graph = share(intern([ts_mean(close, 20), ts_std(close, 20, 14), ts_max(close, 20), ts_min(close, 20)]))
    assert _ops(graph) == ["input", "moments", "moments", "extrema"]
    graph = share(intern([ts_corr(close, volume, 20), ts_cov(close, volume, 20), ts_slope(close, 20)]))
    assert _ops(graph) == ["input", "input", "pairs", "trend"]


def test_share_gives_quantiles_of_one_window_together_ten_at_a_time() -> None:
    wanted = [ts_quantile(close, 20, q) for q in (0.9, 0.1)] + [ts_median(close, 20), ts_median(close, 5)]
    assert [line for line in _text(*wanted) if "quantiles" in line] == [
        "v1 v2 v3 = quantiles v0 window=20 min_periods=20 at=0.1,0.5,0.9",
        "v4 = quantiles v0 window=5 min_periods=5 at=0.5",
    ]
    graph = share(intern([ts_quantile(close, 20, k / 22) for k in range(23)]))
    assert [len(node.give) for node in graph.nodes if node.op == "quantiles"] == [10, 10, 3]
    assert len(set(graph.outputs)) == 23


def test_share_joins_the_regression_of_two_series_and_what_is_expanding() -> None:
    graph = share(
        intern([ts_wmean(close, volume, 20), ts_corr(close, volume, 20), ts_alpha(close, volume, 20)])
    )
    assert graph.nodes[-1].give == ("corr", "intercept", "wmean")
    graph = share(intern([expanding_max(close), expanding_mean(close), expanding_mean(close, 5)]))
    assert [node.give for node in graph.nodes[1:]] == [("mean", "max"), ("mean",)]


def test_stages_alternate_at_cross_sections() -> None:
    staged = stage(intern([ts_mean(cs_rank(close / open_), 5), cs_zscore(cs_rank(high / low)), close / low]))
    assert [s.cross for s in staged.stages] == [False, True, False]
    assert [[node.op for node in s.nodes if node.op != "input"] for s in staged.stages] == [
        ["div", "div", "div"],
        ["cs_rank", "cs_rank", "cs_zscore"],
        ["moments"],
    ]
    assert [s.stores for s in staged.stages[1:]] == [
        ((staged.graph.outputs[1], 1),),
        ((staged.graph.outputs[0], 0),),
    ]


def test_columns_are_read_again_after_a_barrier() -> None:
    lines = _text(cs_rank(close / open_) * close)
    second = lines[lines.index("cross") :]
    assert [line for line in second if "input" in line] == ["v4 = input 0"]


def test_cross_section_of_a_column_itself() -> None:
    assert _text(cs_rank(volume))[3:] == ["time", "v0 = input 0", "cross", "v1 = cs_rank v0", "store v1 0"]


def test_market_series_are_market_inputs() -> None:
    assert "input market dow_sin" in _text(dow_sin * (close / open_))


def _schedules() -> list[Expr]:
    return [feature.expr for feature in registry.features.values()]


def test_schedule_respects_every_dependency() -> None:
    staged = stage(share(fold(intern([*_schedules(), cs_rank(ts_mean(cs_zscore(close / open_), 5))]))))
    known: set[int] = set()
    steps = 0
    for scheduled in schedule(staged):
        for step in scheduled.steps:
            steps += 1
            if isinstance(step, tuple):
                assert step[0] in known
            else:
                assert known.issuperset(step.values)
                known.update(step.outs)
    assert steps == sum(len(s.nodes) + len(s.stores) for s in staged.stages)


def test_schedule_is_no_worse_than_depth_first() -> None:
    staged = stage(share(fold(intern(_schedules()))))
    for chosen, one, later in zip(schedule(staged), staged.stages, _used_later(staged), strict=True):
        assert chosen.peak <= _peak(_depth_first(one), one, later)
        # Across stocks every value is wanted by a later stage.
        assert one.cross or chosen.peak < len(one.nodes) / 3


def test_values_are_numbered_in_order_of_definition() -> None:
    graph = share(fold(intern(_schedules())))
    lines = lower(graph.inputs, schedule(stage(graph)), len(graph.outputs)).splitlines()
    defined = [word for line in lines if " = " in line for word in line.split(" = ")[0].split()]
    assert defined == [f"v{k}" for k in range(len(defined))]


def test_the_plan_does_not_depend_on_history() -> None:
    before = compile_plan(_schedules()).text
    noise = [close * k + k for k in range(100)]
    assert compile_plan(_schedules()).text == before
    del noise


def test_the_core_accepts_the_plan_of_the_whole_catalogue() -> None:
    from jqfast import _core

    plan = compile_plan(_schedules())
    assert _core.Plan(plan.text).outputs == len(_schedules())


def test_the_core_knows_every_instruction_that_passes_emit() -> None:
    from jqfast import _core
    from jqfast.features.operators import OPERATORS

    assert {operator.instruction for operator in OPERATORS.values()} <= set(_core.operators())


def test_the_core_finds_the_same_look_back() -> None:
    from jqfast import _core

    for feature in registry.features.values():
        found = _core.Plan(compile_plan([feature.expr]).text).lookback
        assert found == feature.lookback or (math.isinf(feature.lookback) and found > 10**15), feature.name


def test_literals_survive_as_text() -> None:
    lines = _text(where(close > 0, close * 1e-300, math.nan) / close + 0.1 + 2 / 3 - math.inf)
    numbers = [word for line in lines for word in line.split()]
    assert {"1e-300", "nan", "0.1", repr(2 / 3), "inf"} <= set(numbers)
    assert np.float64(repr(2 / 3)) == 2 / 3
