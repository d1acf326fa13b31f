"""Figures: the data that come with them are right, drawing leaves no trace, odd inputs are drawn as well."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from report_inputs import explanation_facts, forecast_facts, full_input, portfolio_facts, sessions

import jqfast
from jqfast.report import figures, figures_lrp, figures_tables
from jqfast.report.inputs import (
    Coverage,
    DecileReturns,
    FeatureScatter,
    IcSeries,
    LegRelevance,
    PortfolioSeries,
    StockRow,
    StockTable,
)
from jqfast.report.style import INK_RGB, Style, ink_on, luminance, relevance_colour, to_svg

DAYS = sessions(4, "2024-01-04")


def series(**changes: object) -> PortfolioSeries:
    """Four days of returns."""
    legs = {
        "long": np.array([0.1, np.nan, 0.1, 0.0]),
        "short": np.array([-0.1, 0.0, 0.0, 0.0]),
        "long_short_gross": np.array([0.2, 0.0, 0.1, 0.0]),
        "long_short_net": np.array([0.19, 0.0, 0.09, 0.0]),
        "benchmark": None,
    }
    return PortfolioSeries(DAYS, **(legs | changes))  # type: ignore[arg-type]


def test_cumulative_returns_start_at_one_and_compound() -> None:
    frame, figure = figures.cumulative_returns(series())
    assert isinstance(figure, Figure)
    assert list(frame.columns) == ["long", "short", "long_short_gross", "long_short_net"]
    assert frame.iloc[0].eq(1.0).all()
    np.testing.assert_allclose(frame["long"], [1.0, 1.1, 1.1, 1.21, 1.21])
    np.testing.assert_allclose(frame["long_short_net"].iloc[-1], 1.19 * 1.09)
    assert str(frame.index[0].date()) < str(DAYS[0])


def test_benchmark_is_a_line_only_when_there_is_one() -> None:
    frame, figure = figures.cumulative_returns(series(benchmark=np.full(4, 0.01)))
    np.testing.assert_allclose(frame["benchmark"], 1.01 ** np.arange(5))
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]  # type: ignore[union-attr]
    assert names == ["TOPIX", "Long", "Short", "Long-short (gross)", "Long-short (net)"]


@pytest.mark.parametrize(("gain", "scale"), [(0.1, "linear"), (4.0, "log")])
def test_large_spans_are_drawn_on_a_log_scale(gain: float, scale: str) -> None:
    _, figure = figures.cumulative_returns(series(long=np.array([gain, gain, 0.0, 0.0])))
    assert figure.axes[0].get_yscale() == scale
    figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    shown = [y for y in figure.axes[0].get_yticks() if low <= y <= high]
    assert len(shown) >= 3, "the scale can be read"


def test_monthly_rank_ic_equals_a_group_by() -> None:
    rng = np.random.default_rng(1)
    facts = forecast_facts(rng, sessions(300))
    assert facts.ic_series is not None
    frame, _ = figures.rank_ic_over_time(facts.ic_series)
    daily = pd.Series(facts.ic_series.rank_ic, pd.DatetimeIndex(facts.ic_series.dates)).dropna()
    months = daily.groupby(daily.index.to_period("M"))
    np.testing.assert_allclose(frame["mean"], months.mean(), rtol=1e-12)
    np.testing.assert_array_equal(frame["dates"], months.size())
    np.testing.assert_allclose(frame["cumulative"].iloc[-1], daily.sum())
    assert len(frame) == 14


def test_decile_frame_holds_every_horizon() -> None:
    facts = forecast_facts(np.random.default_rng(1), sessions(50))
    frame, figure = figures.decile_returns(facts.deciles)
    assert frame.shape == (40, 4)
    assert len([axes for axes in figure.axes if axes.get_visible()]) == 4
    np.testing.assert_array_equal(frame.query("horizon == 5")["mean"], facts.deciles[1].mean)


def test_three_horizons_leave_no_empty_axes() -> None:
    part = DecileReturns(1, np.zeros(10), np.zeros(10))
    _, figure = figures.decile_returns([part] * 3)
    assert [axes.get_visible() for axes in figure.axes] == [True, True, True, False]


def test_coverage_frame() -> None:
    facts = Coverage(DAYS, np.array([3, 3, 4, 4]), np.array([3, 2, 4, 4]), np.array([0, 0, 4, 4]))
    frame, _ = figures.coverage(facts)
    assert frame["scored"].tolist() == [0, 0, 4, 4]


def legs() -> LegRelevance:
    """Four features with every kind of mark."""
    return LegRelevance(
        ("a", "b", "c_$x$", "d"),
        np.array([0.1, 0.3, np.nan, 0.0]),
        np.array([0.0, -0.3, 0.1, 0.01]),
        np.array([0.03, 0.001, np.nan, 0.5]),
    )


def test_mean_relevance_is_sorted_by_difference_and_marked() -> None:
    frame, figure = figures_lrp.mean_relevance(legs())
    assert list(frame.index) == ["b", "a", "d", "c_$x$"]
    assert list(frame["mark"]) == ["**", "*", "", ""]
    shown = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert shown == ["b", "a", "d", r"c_\$x\$"]


def test_whiskers_reach_half_of_the_interval_each_way() -> None:
    half = np.array([0.02, 0.05, np.nan, 0.01])
    frame, figure = figures_lrp.mean_relevance(replace(legs(), long_half=half, short_half=half))
    assert frame.loc["b", "long_half"] == 0.05
    drawn = [
        (line[0, 0], line[1, 0])
        for lines in figure.axes[0].collections
        for line in np.asarray(lines.get_segments())  # type: ignore[attr-defined]  # of hlines
    ]
    assert len(drawn) == 6  # none where the half is unknown
    np.testing.assert_allclose(drawn[:3], [(0.25, 0.35), (0.08, 0.12), (-0.01, 0.01)])


def test_bars_beyond_the_limit_stay_in_the_frame_only() -> None:
    frame, figure = figures_lrp.mean_relevance(legs(), most=2)
    assert len(frame) == 4
    assert len(figure.axes[0].patches) == 4


@pytest.mark.parametrize(("p", "mark"), [(0.0, "**"), (0.01, "*"), (0.05, ""), (np.nan, "")])
def test_significance_marks(p: float, mark: str) -> None:
    assert figures_lrp.significance(p) == mark


def test_scatter_leaves_out_missing_pairs_and_keeps_the_order() -> None:
    value = np.array([1.0, np.nan, 3.0, 4.0], np.float32)
    relevance = np.array([0.1, 0.2, np.inf, 0.4], np.float32)
    frame, figure = figures_lrp.value_vs_relevance(
        FeatureScatter("ret_5", value, relevance, np.array([True, True, False, False]))
    )
    assert frame["value"].tolist() == [1.0, 4.0]
    assert frame["is_long"].tolist() == [True, False]
    assert len(figure.axes) == 3


def test_many_points_become_an_image_inside_the_svg() -> None:
    style = Style()
    few, many = (explanation_facts(np.random.default_rng(0), n).scatters[0] for n in (100, 3000))
    images = [
        to_svg(figures_lrp.value_vs_relevance(s, style)[1], "x", style).count("<image") for s in (few, many)
    ]
    assert images == [0, 1]


def test_performance_frame_and_figure() -> None:
    facts = portfolio_facts(np.random.default_rng(0), DAYS)
    frame, figure = figures_tables.performance_table(facts.performance)
    assert frame.loc["annual_return", ("long_short", "net")] == 0.0871
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "−44.2%" in texts
    assert "Long-short\nnet" in texts


def test_single_stocks_text_is_the_value_and_colour_the_relevance() -> None:
    rows = [StockRow("long", "0013", 0.5, np.array([1.234, np.nan]), np.array([0.2, -0.1]))]
    frame, figure = figures_tables.single_stocks(StockTable(np.datetime64("2024-01-04"), ("a", "b"), rows))
    assert frame.index.tolist() == [("long", "0013")]
    assert frame["relevance"]["a"].tolist() == [0.2]
    assert [text.get_text() for text in figure.axes[0].texts][-3:] == ["0.50", "1.23", "–"]
    faces = [patch.get_facecolor()[:3] for patch in figure.axes[0].patches]
    np.testing.assert_allclose(faces, [relevance_colour(1.0), relevance_colour(-0.5)])


def test_relevance_colours_are_red_white_and_blue() -> None:
    assert relevance_colour(0.0) == relevance_colour(float("nan")) == (1.0, 1.0, 1.0)
    red, blue = relevance_colour(1.0), relevance_colour(-1.0)
    assert red[0] > 2 * red[2]
    assert blue[2] > 2 * blue[0]
    assert relevance_colour(7.0) == red


def test_text_is_readable_on_every_colour() -> None:
    for share in np.linspace(-1, 1, 41):
        ground = luminance(relevance_colour(float(share))) + 0.05
        ink = (1.0 if ink_on(relevance_colour(float(share))) == "#ffffff" else luminance(INK_RGB)) + 0.05
        assert max(ground / ink, ink / ground) > 3.7


def test_empty_inputs_are_drawn() -> None:
    none = np.zeros(0)
    days = DAYS[:0]
    drawn = [
        figures.cumulative_returns(PortfolioSeries(days, none, none, none, none))[0],
        figures.rank_ic_over_time(IcSeries(5, days, none))[0],
        figures.decile_returns([])[0],
        figures.coverage(Coverage(days, none, none, none))[0],
        figures_lrp.mean_relevance(LegRelevance((), none, none, none))[0],
        figures_lrp.value_vs_relevance(FeatureScatter("x", none, none, none.astype(bool)))[0],
        figures_tables.performance_table([])[0],
    ]
    assert [len(frame) for frame in drawn] == [0, 0, 0, 0, 0, 0, 5]


def test_drawing_changes_no_setting() -> None:
    before = dict(mpl.rcParams)
    style = Style("ja")
    _, figure = figures.cumulative_returns(series(), style)
    to_svg(figure, "f6", style)
    assert dict(mpl.rcParams) == before


def test_user_settings_do_not_change_the_figures() -> None:
    style = Style()
    plain = to_svg(figures.cumulative_returns(series(), style)[1], "f6", style)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "black", "svg.fonttype": "none"}):
        assert to_svg(figures.cumulative_returns(series(), style)[1], "f6", style) == plain


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"`PortfolioSeries.long` must have one entry per entry of `dates`"):
        series(long=np.zeros(3))
    assert full_input().portfolio is not None


def test_report_needs_no_pyplot_and_raises_no_warning() -> None:
    code = (
        "import sys; from report_inputs import full_input; from jqfast.report import build; "
        "build(full_input('ja')); print('matplotlib.pyplot' in sys.modules)"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    folders = (Path(__file__).parents[1] / "support", Path(jqfast.__file__).parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "False"
