"""The evaluation in detail on the page: its figures' data, its tables' numbers, its sentences, and gaps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure
from report_inputs import full_input
from study_inputs import evaluation_facts, part, study

from jqfast.evaluate.breakdowns import Part
from jqfast.evaluate.study import Study
from jqfast.learn.labels import Unit
from jqfast.report import figures_evaluation, tables_evaluation
from jqfast.report.sections import Context
from jqfast.report.sections_evaluation import break_even_words, evaluation_section, groups_of
from jqfast.report.sector_names import SECTOR17, SECTOR33, sector_name
from jqfast.report.style import Style
from jqfast.report.text import Labels


@pytest.fixture(scope="module")
def context() -> Context:
    return Context.of(full_input("en"))


def test_parts_come_with_their_numbers(context: Context) -> None:
    found = study()
    groups = groups_of(context, found)
    frame, figure = figures_evaluation.rank_ic_by_part(groups, context.style)
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 2
    assert len(frame) == 33 + 3 + 2 + 2 + 9
    chemicals = frame[frame["part"] == "Chemicals"].iloc[0]
    told = next(p for p in found.parts["sector"] if p.name == "3200").rank_ic
    assert (chemicals["rank_ic"], chemicals["low"], chemicals["high"]) == (told.mean, told.low, told.high)
    rows = [len(axes.get_yticks()) for axes in figure.axes]
    assert sorted(rows) == [16, 33]


def test_one_group_is_one_column_and_none_is_no_axes(context: Context) -> None:
    _, alone = figures_evaluation.rank_ic_by_part({"Year": [part("2020", 0.01)]}, context.style)
    assert len(alone.axes) == 1
    frame, nothing = figures_evaluation.rank_ic_by_part({"Year": []}, context.style)
    assert nothing.axes == []
    assert frame.empty


def test_decay_draws_each_panel_that_has_parts(context: Context) -> None:
    found = study()
    frame, figure = figures_evaluation.rank_ic_decay(
        found.parts["decay"], found.parts["horizon"], context.style
    )
    assert len(figure.axes) == 2
    assert frame["group"].tolist() == ["delay"] * 7 + ["horizon"] * 4
    _, months = figures_evaluation.rank_ic_decay((), found.parts["horizon"], context.style)
    assert len(months.axes) == 1


@pytest.mark.parametrize(
    ("language", "unit", "words"),
    [
        ("en", "session", "Sessions that the return covers"),
        ("en", "month", "Months that the return covers"),
        ("ja", "session", "リターンの期間（営業日）"),
        ("ja", "month", "リターンの期間（か月）"),
    ],
)
def test_lengths_of_returns_have_their_unit(language: str, unit: Unit, words: str) -> None:
    _, figure = figures_evaluation.rank_ic_decay((), study().parts["horizon"], Style(language, unit=unit))
    assert figure.axes[0].get_xlabel() == words


def test_capacity_curve_carries_every_figure(context: Context) -> None:
    points = study().capacity
    frame, figure = figures_evaluation.capacity_curve(points, context.style)
    assert frame.index.tolist() == [point.capital for point in points]
    assert frame["annual_net"].tolist() == [point.annual_net for point in points]
    assert all(axes.get_xscale() == "log" for axes in figure.axes)


def test_tables_print_the_numbers() -> None:
    found, labels = study(), Labels("en")
    variants = tables_evaluation.variants_table(found.variants, labels)
    for text in ("Sector neutral", "5.1%<small>−2% … 13%<", "1.20<small>0.4 … 1.9<", "+3.4% (2.1)"):
        assert text in variants
    alphas = tables_evaluation.alpha_table(found.alphas, labels)
    for text in ("Long-short, net", "CAPM", "3.1%<small>0.7% … 5.5%<", "0.41<small>(12.3)<", "–"):
        assert text in alphas
    capacity = tables_evaluation.capacity_table(found.capacity, labels)
    for text in ("10,000,000", "10.0%<small>7% … 13%<", "7.0%<small>4% … 10%<", "0.90 … 2.30"):
        assert text in capacity
    tests = tables_evaluation.monotonic_table(evaluation_facts().monotonic, labels, 5)
    for text in (
        "5 sessions",
        "0.030",
        "3.10",
        "&lt; 0.001",
        "0.95<small>0.71 … 0.99<",
        "2.0<small>−1.0 … 5.0<",
    ):
        assert text in tests
    parts = tables_evaluation.parts_table({"Size": found.parts["size"]}, labels)
    for text in ("0.0350<small>0.023 … 0.047<", "0.32<small>0.21 … 0.43<", "53.5%<small>48% … 59%<"):
        assert text in parts


def test_a_fall_that_lasts_says_so() -> None:
    facts = evaluation_facts()
    legs = dict(facts.performance)
    legs["long_net"] = replace(legs["long_net"], recovery=math.nan)
    table = tables_evaluation.risk_table(legs, facts.study.intervals, Labels("en"))
    assert "not yet" in table
    whole = tables_evaluation.risk_table(
        dict.fromkeys(legs, replace(legs["long_net"], recovery=1.25)), {}, Labels("en")
    )
    assert "not yet" not in whole
    assert "1.2" in whole
    assert "<small>" not in whole  # no interval


def test_where_the_profit_ends(context: Context) -> None:
    point = study().capacity[0]

    def words(*net: tuple[float, float, float]) -> str:
        sizes = [
            replace(point, capital=10.0 ** (8 + k), annual_net=mean, net_low=low, net_high=high)
            for k, (low, mean, high) in enumerate(net)
        ]
        return break_even_words(context, sizes)

    assert "largest size" in words((0.1, 0.2, 0.3), (0.0, 0.1, 0.2))
    assert "No size" in words((-0.3, -0.2, -0.1))
    told = words((-0.1, 0.1, 0.3), (-0.2, -0.1, 0.1))
    assert told.startswith("Beyond 320,000,000 yen")
    assert "below the sizes shown to above the sizes shown" in told
    assert "100,000,000 to 1,000,000,000" in words(
        (0.0001, 0.1, 0.3), (-1.0, -0.1, 0.0001), (-1.0, -1.0, -1.0)
    )
    assert words((math.nan, 0.1, math.nan), (math.nan, -0.1, math.nan)).endswith("after costs.")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_section_is_whole(language: str) -> None:
    body = evaluation_section(Context.of(full_input(language)))  # type: ignore[arg-type]  # a text of its values
    for key in ("D", "F", "G"):
        assert f'id="figure-{key}"' in body
    assert ("電気機器" if language == "ja" else "Electric appliances") in body
    assert ("バックテスト過剰適合" if language == "ja" else "back-test overfitting") in body
    assert "prices.parquet: price returns." in body


def test_books_that_could_not_be_built_are_named(context: Context) -> None:
    facts = evaluation_facts()
    facts = replace(facts, study=replace(facts.study, not_built=("one_tranche", "monthly")))
    body = evaluation_section(replace(context, report=replace(context.report, evaluation=facts)))
    assert "enough scores: One tranche, no overlap, Monthly rebalancing." in body


def test_gaps_are_said(context: Context) -> None:
    bare = Study(5, {"year": (part("2020", 0.01), _nothing("2021"))}, {})
    facts = replace(evaluation_facts(), study=bare, performance={}, overfitting=None, trials=1)
    body = evaluation_section(replace(context, report=replace(context.report, evaluation=facts)))
    assert "at least two configurations" in body
    assert "figure-G" not in body
    assert "figure-F" not in body
    assert "2021" not in body
    empty = replace(facts, study=Study(5, {}, {}))
    assert "figure-D" not in evaluation_section(
        replace(context, report=replace(context.report, evaluation=empty))
    )


def _nothing(name: str) -> Part:
    nan = part(name, math.nan)
    return replace(nan, n_dates=0)


def test_sectors_have_names() -> None:
    assert len(SECTOR33) == 34
    assert len(SECTOR17) == 18
    assert sector_name("ja", "sector33", "3650") == "電気機器"
    assert sector_name("en", "sector17", "9") == "Electric, precision instruments"
    assert sector_name("en", "sector33", "my sector") == "my sector"
    assert sector_name("en", "", "3650") == "3650"
    for table in (SECTOR33, SECTOR17):
        names = np.array(list(table.values()))
        assert len(np.unique(names[:, 0])) == len(np.unique(names[:, 1])) == len(names)
