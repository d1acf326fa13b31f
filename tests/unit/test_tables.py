"""Tables and numbers of the report: escaped, aligned, with units, never ``nan``."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from jqfast.evaluate.costs import CostConfig
from jqfast.report import numbers, tables
from jqfast.report.inputs import (
    CostItem,
    DecileReturns,
    HorizonScore,
    Interval,
    Performance,
    ReferenceScore,
    StockRow,
    StockTable,
    cost_items,
)
from jqfast.report.prose import COSTS
from jqfast.report.text import Labels

EN, JA = Labels("en"), Labels("ja")
NAN = float("nan")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (numbers.number(1234.567), "1,234.57"),
        (numbers.number(-0.001), "0.00"),
        (numbers.number(-0.5, 1), "−0.5"),
        (numbers.number(0.5, 1, signed=True), "+0.5"),
        (numbers.number(0.0, 1, signed=True), "0.0"),
        (numbers.number(NAN), "–"),
        (numbers.number(float("inf")), "–"),
        (numbers.percent(0.1234), "12.3%"),
        (numbers.percent(-0.4418, 2), "−44.18%"),
        (numbers.percent(NAN), "–"),
        (numbers.basis_points(0.00123), "12.3"),
        (numbers.count(2_233_856), "2,233,856"),
        (numbers.seconds(0.8449), "0.84 s"),
        (numbers.seconds(12.34), "12.3 s"),
        (numbers.seconds(59.97), "60.0 s"),
        (numbers.seconds(185), "3 min 05 s"),
        (numbers.seconds(NAN), "–"),
        (numbers.iso_date(np.datetime64("2019-06-28")), "2019-06-28"),
        (numbers.iso_date(np.datetime64("2019-06-28T15:00:00")), "2019-06-28"),
        (numbers.iso_date(date(2019, 6, 28)), "2019-06-28"),
        (numbers.iso_date(np.datetime64("NaT")), "–"),
        (numbers.value(None), "–"),
        (numbers.value(np.bool_(True)), "true"),
        (numbers.value(np.int64(-12345)), "−12,345"),
        (numbers.value(999), "999"),
        (numbers.value(0.25), "0.25"),
        (numbers.value(0.1 + 0.2), "0.3"),
        (numbers.value(1e-5), "1e−05"),
        (numbers.value(float("nan")), "–"),
        (numbers.value(1e9), "1,000,000,000"),
        (numbers.value(()), "–"),
        (numbers.value({"b", "a"}), "a, b"),
        (numbers.value([1, "x"]), "1, x"),
        (numbers.value({"a": 1.5}), "a: 1.5"),
        (numbers.value(date(2020, 10, 1)), "2020-10-01"),
    ],
)
def test_numbers_are_written_for_people(text: str, expected: str) -> None:
    assert text == expected


def test_flatten_keeps_the_order_and_joins_names() -> None:
    assert numbers.flatten({"b": {"y": 1, "x": {"z": 2}}, "a": 3, "e": {}}) == [
        ("b.y", 1),
        ("b.x.z", 2),
        ("a", 3),
        ("e", {}),
    ]


def test_everything_in_a_table_is_escaped() -> None:
    html = tables.table(["<h>"], [["<script>", tables.Cell("&", title='"q"')]], foot=["<f>"])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;h&gt;" in html
    assert "&lt;f&gt;" in html
    assert 'title="&quot;q&quot;"' in html


def test_numbers_are_right_aligned_and_the_first_column_heads_its_row() -> None:
    html = tables.table(["name", "x"], [["a", "1"]])
    assert '<th scope="row">a</th><td class="n">1</td>' in html
    assert '<th scope="col" class="n">x</th>' in html


def score(horizon: int, **changes: object) -> HorizonScore:
    """One row of the IC table."""
    row = HorizonScore(horizon, 1200, 0.02, 0.2, 1.4, 0.031, 0.28, 2.0, 4.8, 0.607)
    return HorizonScore(**(vars(row) | changes))  # type: ignore[arg-type]


def test_score_table_leaves_out_columns_that_nobody_filled() -> None:
    html = tables.score_table([score(1), score(5)], EN, 5)
    assert "95% interval" not in html
    assert "R²" not in html
    assert "1 session<" in html
    assert "5 sessions<" in html
    with_interval = tables.score_table([score(5, rank_ic_interval=Interval(-0.01, 0.04)), score(1)], EN, 5)
    assert "−0.010 … 0.040" in with_interval
    assert with_interval.count("<small>") == 1
    ratio = {"rank_ic_ir": Interval(0.1, 0.45), "win_rate": Interval(0.55, 0.66), "ic": Interval(0.01, 0.03)}
    whole = tables.score_table([score(5, intervals=ratio)], EN, 5)
    for text in (">0.28<small>0.10 … 0.45<", ">60.7%<small>55% … 66%<", ">0.0200<small>0.010 … 0.030<"):
        assert text in whole


def test_what_could_have_been_found_has_its_intervals() -> None:
    found = {
        "oracle": Interval(0.05, 0.08),
        "oracle_share": Interval(0.3, 0.7),
        "rank_ic": Interval(0.02, 0.04),
    }
    html = tables.reference_table([ReferenceScore(5, 0.031, 0.062, 0.05, 0.06, found)], EN, 5)
    for text in ("0.0620<small>0.050 … 0.080<", "50%<small>30% … 70%<", "0.0310<small>0.020 … 0.040<"):
        assert text in html


def test_missing_scores_are_dashes() -> None:
    assert "nan" not in tables.score_table([score(5, rank_ic=NAN, t_newey_west=NAN)], EN, 5)


def test_decile_table_shows_the_spread_in_basis_points() -> None:
    html = tables.decile_table([DecileReturns(5, np.array([-0.001, 0.0, 0.0025]), np.zeros(3))], EN)
    assert ">+35.0<" in html
    assert ">−10.0<" in html


def test_deciles_carry_their_errors() -> None:
    part = DecileReturns(5, np.array([-0.001, 0.0025]), np.array([0.0004, 0.0005]), spread_error=0.0007)
    html = tables.decile_table([part], EN)
    assert "−10.0<small>± 7.8<" in html  # 1.96 errors of 4 bp
    assert "+35.0<small>± 13.7<" in html


def test_performance_has_its_intervals_below_the_figures() -> None:
    known = {"annual_return": Interval(-0.021, 0.184), "ratio": Interval(-0.31, 1.26)}
    column = Performance("long", "net", 0.08, 0.15, 0.53, -0.2, 0.51, 100, known)
    html = tables.performance_html([column], EN)
    assert "8.0%<small>−2% … 18%</small>" in html
    assert "0.53<small>−0.3 … 1.3</small>" in html
    assert html.count("<small>") == 2, "none is made up"


def test_performance_columns_name_leg_and_basis() -> None:
    columns = [
        Performance("long_short", "net", 0.0871, 0.1281, 0.68, -0.2914),
        Performance("benchmark", "gross", 0.0231, 0.1772, 0.13, -0.5623),
    ]
    html = tables.performance_html(columns, JA, "TOPIX")
    assert "ロングショート<br>コスト後" in html
    assert ">TOPIX<" in html
    assert '<td class="n primary">8.7%</td>' in html
    assert "プラスの期間の割合" not in html  # nobody gave a win rate


def test_every_number_of_the_cost_model_has_a_name_and_a_unit() -> None:
    items = cost_items(CostConfig())
    assert {item.name for item in items} == set(COSTS)
    html = tables.cost_table(items, JA)
    assert "貸株料" in html
    assert "bp（年率）" in html
    assert "100,000,000" in html
    assert "own fee</th>" in tables.cost_table([CostItem("own_fee", 3.0, "yen")], EN)


def test_single_stock_cells_carry_value_colour_and_relevance() -> None:
    rows = [
        StockRow("long", "0013", 0.5, np.array([1.234, NAN]), np.array([0.2, 0.0]), "A <B>"),
        StockRow("short", "285A", -0.5, np.array([0.0, 1.0]), np.array([-0.2, NAN])),
    ]
    html = tables.stock_html(StockTable(np.datetime64("2024-01-04"), ("a_b", "c"), rows), EN)
    assert (
        '<td class="n" style="background:#bd1f29;color:#ffffff" title="a_b: 1.23, LRP +0.2000">1.23</td>'
        in html
    )
    assert "background:#1a5ca8" in html
    assert "background:#ffffff" in html
    assert "0013" in html
    assert "A &lt;B&gt;" in html
    assert "a_<wbr>b" in html
    assert "nan" not in html


def test_quality_knows_its_names_and_keeps_unknown_ones() -> None:
    days = [f"2020-10-{day:02d}" for day in range(1, 16)]
    quality = {
        "rows": 2_233_856,
        "no_trade_share": 0.00052,
        "my_own_check": 3,
        "survivors_only": True,
        "not_session_dates": days,
        "bad_rows": 0,
    }
    html = tables.quality_table(quality, [("出所", "x")], JA)
    for text in ("行数", "2,233,856", "0.05%", "my own check", ">はい<", "2020-10-12, 他 3 件"):
        assert text in html
    assert "2020-10-13" not in html


def test_settings_are_shown_as_they_stand_in_the_file() -> None:
    html = tables.config_table({"learn": {"seed": 20240101, "on": True, "hidden": [64, 32]}}, EN, "setting")
    for text in ("learn.seed", ">20240101<", ">true<", ">64, 32<"):
        assert text in html


def test_timings_add_up() -> None:
    html = tables.timing_table({"load": 1.5, "train": 402.0}, EN)
    assert "1.50 s" in html
    assert "<tfoot>" in html
    assert "6 min 44 s" in html
