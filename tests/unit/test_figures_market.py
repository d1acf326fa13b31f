"""Figures 5 and 11 to 15 and the map of features: the data that come with them, and how little they need."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from jqfast.features.declare import registry
from jqfast.features.pages import feature_map
from jqfast.report import figures_market, figures_setup
from jqfast.report.inputs import FeatureRow, FoldSpan, MarketRelevance, RelevanceDeciles
from jqfast.report.style import Style

MONTHS = np.array(["2024-01-31", "2024-02-29", "2024-03-29"], dtype="datetime64[D]")


def _market(F: int) -> MarketRelevance:
    difference = np.arange(3.0 * F).reshape(3, F)
    return MarketRelevance([f"m{f}" for f in range(F)], MONTHS, difference, np.arange(F), np.arange(F) * 2.0)


@pytest.mark.parametrize(("F", "charts"), [(1, 1), (3, 3), (6, 4)])
def test_market_inputs_get_a_chart_each(F: int, charts: int) -> None:
    frame, figure = figures_market.market_relevance(_market(F))
    assert frame.shape == (3, F)
    assert list(frame["m0"]) == [0.0, F, 2.0 * F]
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == charts
    last = shown[-1].get_title(loc="left")
    assert last == f"m{charts - 1}: mean {'+' * (charts > 1)}{charts - 1}.00000, t {2 * (charts - 1)}.00"
    assert [len(axes.patches) for axes in shown] == [3] * charts


def test_attributes_of_both_ends_with_their_test() -> None:
    facts = RelevanceDeciles(
        "k_topix_1m", MONTHS[0], -2.5, ["book_to_price", "ret_240"], np.array([1.0, -0.5]),
        np.array([0.2, 0.1]), np.array([0.003, 0.4]), 12,
    )  # fmt: skip
    frame, figure = figures_market.relevance_deciles(facts, Style("ja"))
    np.testing.assert_allclose(frame["difference"], [0.8, -0.6])
    assert list(frame["mark"]) == ["**", ""]
    assert len(figure.axes[0].patches) == 4
    figure.draw_without_rendering()


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="difference"):
        MarketRelevance(["a"], MONTHS, np.zeros((2, 1)), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="p_value"):
        RelevanceDeciles("a", MONTHS[0], 0.0, ["x"], np.zeros(1), np.zeros(1), np.zeros(2), 3)


@pytest.mark.parametrize("n", [1, 168])
def test_folds_are_drawn_with_their_gap(n: int) -> None:
    day = np.datetime64("2020-01-01") + np.arange(n) * np.timedelta64(30, "D")
    spans = [FoldSpan(str(d), (d, d + 700), (d + 710, d + 740)) for d in day]
    frame, figure = figures_setup.walk_forward(spans)
    assert len(frame) == n
    assert (frame["predict_start"] > frame["train_end"]).all()
    assert len(figure.axes[0].patches) == 2 * n


def test_inputs_are_listed_by_axis() -> None:
    rows = [
        FeatureRow("ret_5", kind="momentum", doc="Return."),
        FeatureRow("k_vix", kind="macro", axis="market"),
    ]
    frame, figure = figures_setup.input_list(rows)
    assert list(frame.index) == ["ret_5"]
    market, _ = figures_setup.input_list(rows, axis="market")
    assert list(market.index) == ["k_vix"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {"Input", "ret_5", "Return."} <= set(texts)


def test_hyper_parameters_are_those_of_the_configuration() -> None:
    config = {
        "learn": {"epochs": 20, "model": {"kind": "mlp"}},
        "folds": {"step": 1},
        "data": {"prices": "x"},
    }
    frame, figure = figures_setup.hyper_parameters(config)
    assert dict(frame["value"]) == {"learn.epochs": "20", "learn.model.kind": "mlp", "folds.step": "1"}
    assert isinstance(figure, Figure)


def test_the_map_has_a_row_per_kind() -> None:
    frame, figure = figures_setup.feature_map(feature_map())
    assert frame["features"].sum() == len(registry.features)
    assert frame.index.is_unique
    figure.draw_without_rendering()


def test_no_inputs_at_all_are_drawn() -> None:
    frame, figure = figures_setup.input_list([])
    assert len(frame) == 0
    figure.draw_without_rendering()
