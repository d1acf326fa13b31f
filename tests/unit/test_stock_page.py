"""One stock in words and pictures: from facts made by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from jqfast.explain.shape import Shape, shape
from jqfast.features.declare import registry
from jqfast.features.describe import worded
from jqfast.report import reading, stock
from jqfast.report.figures_stock import KEPT, OTHERS, TOTAL, waterfall
from jqfast.report.stock_inputs import InputFacts, PeerFacts, StockFacts, inputs_frame
from jqfast.report.style import Style

FALLING = Shape(200, -0.8, -0.7, -0.7, 100, 100)
NOTHING = Shape(200, 0.05, 0.1, -0.1, 100, 100)


def _input(name: str, kind: str, relevance: float, found: Shape = NOTHING, value: float = 1.0) -> InputFacts:
    return InputFacts(name, worded(registry[name]), kind, "", 0.5, value, 0.96, relevance, 0.01, found)


def facts(**changes: object) -> StockFacts:
    """A stock third of 200, two standard deviations above the mean, on three inputs."""
    inputs = [
        _input("ret_5", "momentum", 0.5, FALLING, -1.8),
        _input("roe_forecast", "quality", -0.2, Shape(200, 0.5, 0.0, 0.8, 100, 100)),
        _input("dow_sin", "time", 0.05),
    ]
    peers = [PeerFacts("4502", 0.9, 3, (0.5, -0.2)), PeerFacts("4503", -0.1, 120, (-0.1, 0.1))]
    whole = StockFacts(
        "4502", "2024-05-10", 20, "session", 0.9, 0.5, 0.2, 3, 200, 0.05, 0.31, inputs, "Pharma", peers,
        ["ret_5", "roe_forecast"], "2024-04", 1, "made up",
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]  # passed on


def test_the_sentences_are_those_the_numbers_support() -> None:
    assert stock.sentences(facts()) == [
        "On 2024-05-10 the 20-session forecast ranks 4502 3 of 200 stocks, 2.0 standard deviations above the "
        "mean of the date.",
        "Raised most by ret_5 (value −1.80, higher than 96% of the stocks, relevance +0.500).",
        "Lowered most by roe_forecast (value 1.00, higher than 96% of the stocks, relevance −0.200).",
        "Over all stocks of the date, ret_5: what fell lately is ranked up and what rose is ranked down, the "
        "short-term reversal.",
        "Over all stocks of the date, roe_forecast: high quality raises the forecast, low quality does not "
        "lower it: the effect is one-sided.",
        "Biases and the stabiliser keep 31.0% of the forecasts of this date: that part belongs to no input.",
        "This says why the model ranked the stock, not what the stock will do.",
    ]


def test_japanese_says_the_same_numbers() -> None:
    english, japanese = (stock.sentences(facts(), language) for language in stock.LANGUAGES)
    assert len(english) == len(japanese)
    for one, other in zip(english, japanese, strict=True):
        assert sorted(re.findall(r"\d+(?:\.\d+)?%?", one)) == sorted(re.findall(r"\d+(?:\.\d+)?%?", other))
    assert "短期リバーサル" in japanese[3]
    assert "同日平均を 2.0 標準偏差上回る" in japanese[0]


def test_what_the_numbers_do_not_tell_is_not_said() -> None:
    quiet = [replace(each, shape=NOTHING, relevance=0.0) for each in facts().inputs]
    told = stock.sentences(facts(inputs=quiet, kept=float("nan"), score=0.3, unit="month", horizon=1))
    assert told[0].startswith("On 2024-05-10 the 1-month forecast")
    assert "1.0 standard deviations below the mean" in told[0]
    assert told[1] == "No input moved it away from the average stock."
    assert len(told) == 3
    unknown = replace(facts().inputs[0], value=float("nan"), below=float("nan"))
    assert (
        "ret_5 (missing, filled with the mean, relevance +0.500)"
        in stock.sentences(facts(inputs=[unknown]))[1]
    )


def test_steps_of_the_waterfall_add_up_to_the_gap() -> None:
    frame, figure = waterfall(facts(), most=2)
    assert list(frame.index) == ["ret_5", "roe_forecast", OTHERS, KEPT, TOTAL]
    assert frame.loc[OTHERS, "relevance"] == pytest.approx(0.05)
    assert frame["relevance"].iloc[:-1].sum() == pytest.approx(frame.loc[TOTAL, "relevance"])
    assert frame.loc[TOTAL, "relevance"] == pytest.approx(0.4)
    np.testing.assert_allclose(frame["start"].iloc[1:-1], frame["end"].iloc[:-2])
    assert len(figure.axes[0].patches) == 5


def test_undrawable_names_and_one_input_are_drawn() -> None:
    odd = replace(facts().inputs[0], name="my$own_\U0001f600")
    frame, figure = waterfall(facts(inputs=[odd]), Style("ja"))
    figure.draw_without_rendering()
    assert len(frame) == 4


def test_inputs_as_a_table() -> None:
    frame = inputs_frame(facts())
    assert list(frame["direction"]) == ["falling", "rising_high", "mixed"]
    assert frame.loc["ret_5", "value"] == -1.8


@pytest.mark.parametrize("language", stock.LANGUAGES)
def test_the_page_stands_alone(language: str) -> None:
    page = stock.page(facts(source="<b>&"), language)  # type: ignore[arg-type]  # a text of its values
    assert page.count("<svg") == 1
    assert "&lt;b&gt;&amp;" in page
    assert not re.search(r"https?:|<script|src=|\bnan\b", page)
    assert "4503" in page
    assert ("曜日 d" if language == "ja" else worded(registry["dow_sin"])) in page


def test_shapes_of_known_relations() -> None:
    x = np.random.default_rng(0).standard_normal(400)
    noise = 0.1 * np.random.default_rng(1).standard_normal(400)
    known = {
        "rising": x,
        "falling": -x,
        "rising_high": np.maximum(x, 0) + noise * (x > 0),
        "falling_low": np.maximum(-x, 0),
        "mixed": 10 * noise,
    }
    assert {name: shape(x, r).direction for name, r in known.items()} == {name: name for name in known}
    assert shape(x, np.abs(x)).direction == "mixed", "both extremes raise: no single direction"
    few = shape(np.array([1.0, np.nan, 2.0]), np.array([1.0, 2.0, 3.0]))
    assert (few.n, few.direction) == (2, "mixed")
    assert shape(x[:12], x[:12]).direction == "rising"
    assert shape(x[:8], x[:8] + 2 * noise[:8]).n_low + shape(x[:8], x[:8]).n_high == 8


@pytest.mark.parametrize(
    ("name", "kind", "found", "words"),
    [
        ("ret_20", "momentum", FALLING, "short-term reversal"),  # W-01
        ("ret_240", "momentum", FALLING, "long-term reversal"),
        ("roe_forecast", "quality", Shape(200, 0.5, 0.0, 0.8, 100, 100), "one-sided"),  # W-02
        ("book_to_price", "value", Shape(200, 0.9, 0.9, 0.9, 100, 100), "cheap stocks are ranked up"),
        ("rsi", "momentum", FALLING, "higher values lower the forecast"),
        ("rsi", "momentum", NOTHING, ""),
    ],
)
def test_readings(name: str, kind: str, found: Shape, words: str) -> None:
    told = reading.reading(name, kind, found, "en")
    assert words in told
    assert bool(told) == bool(words)
    assert bool(reading.reading(name, kind, found, "ja")) == bool(words)


def test_the_crash_reading_names_what_the_helped_stocks_are() -> None:
    names = ["book_to_price", "log_market_value", "ret_240", "rsi"]
    gap = np.array([1.2, -0.8, -0.9, 2.0])
    told = reading.leanings(names, gap, np.array([True, True, True, True]), "en")
    assert told == "cheap by book value, small, past losers"
    assert reading.leanings(names, gap, np.zeros(4, bool), "ja") == ""
