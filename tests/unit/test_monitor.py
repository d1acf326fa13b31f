"""Monitoring: the rolling RankIC and its limits, drifted inputs, and what the report says of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_inputs import full_input, monitor_facts

from jqfast.evaluate.rolling import rolling_mean
from jqfast.learn.labels import Unit
from jqfast.report import html
from jqfast.report.monitor_inputs import DriftRow
from jqfast.report.sections import Context
from jqfast.report.sections_monitoring import monitoring_section, rolling_rank_ic

DATES = np.busday_offset("2020-01-06", np.arange(300)).astype("datetime64[D]")


def test_the_rolling_mean_is_that_of_pandas() -> None:
    values = np.random.default_rng(0).standard_normal(300)
    values[::7] = np.nan
    found = rolling_mean(DATES, values, window=20, sigmas=3.0, horizon=5)
    series = pd.Series(values, DATES).dropna()
    expected = series.rolling(20).mean().dropna()
    np.testing.assert_allclose(found.mean, expected, atol=1e-12)
    np.testing.assert_array_equal(found.dates, expected.index.to_numpy().astype("datetime64[D]"))
    width = 3.0 * series.std() * np.sqrt(5 / 20)
    assert (found.low, found.high) == pytest.approx((series.mean() - width, series.mean() + width))


def test_chance_keeps_within_the_limits_and_a_break_does_not() -> None:
    values = 0.03 + 0.1 * np.random.default_rng(1).standard_normal(300)
    calm = rolling_mean(DATES, values, window=60, sigmas=3.0)
    assert ((calm.mean > calm.low) & (calm.mean < calm.high)).all()
    values[-60:] -= 0.15
    broken = rolling_mean(DATES, values, window=60, sigmas=3.0)
    assert broken.mean[-1] < broken.low


def test_a_short_series_has_no_limits() -> None:
    found = rolling_mean(DATES[:10], np.ones(10), window=6, sigmas=3.0)
    assert len(found.mean) == len(found.dates) == 0
    assert np.isnan([found.low, found.high]).all()


def test_the_figure_comes_with_its_numbers() -> None:
    facts = monitor_facts()
    frame, figure = rolling_rank_ic(facts)
    np.testing.assert_array_equal(frame["mean"], facts.rolling)
    assert set(frame["low"]) == {0.01}
    assert len(figure.axes[0].lines) == 2


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_report_says_what_is_beyond_its_limit(language: str) -> None:
    report = replace(full_input(language), monitor=monitor_facts())  # type: ignore[arg-type]  # a text of its values
    page = html.build(report)
    assert 'id="figure-J"' in page
    said = (
        "1 of 2 inputs differ from training: ret_5."
        if language == "en"
        else "入力 2 本中 1 本が学習時と異なる：ret_5。"
    )
    assert said in page
    assert ("within what chance allows" if language == "en" else "偶然の範囲内") in page
    low = replace(monitor_facts(), low=0.2, drift=[DriftRow("rsi", 0.02, 0.98, 0.5)])
    page = html.build(replace(report, monitor=low))
    assert ("below what chance allows" if language == "en" else "を下回る") in page
    assert "rsi" in page, "known much less often"


@pytest.mark.parametrize(
    ("language", "unit", "words"),
    [
        ("en", "session", "of the last 60 scored sessions"),
        ("en", "month", "of the last 60 scored months"),
        ("ja", "session", "直近 60 営業日の平均"),
        ("ja", "month", "直近 60 か月の平均"),
    ],
)
def test_the_mean_is_of_what_the_run_scores(language: str, unit: Unit, words: str) -> None:
    """In the title, and in the sentence within the limits and below them."""
    report = replace(full_input(language), unit=unit)  # type: ignore[arg-type]  # a text of its values
    for low in (0.01, 0.2):
        facts = replace(monitor_facts(), low=low)
        body = monitoring_section(Context.of(replace(report, monitor=facts)))
        sentence, figure = body.split("<figure", 1)
        assert words in sentence
        assert words in figure


def test_a_run_without_folds_has_an_empty_section() -> None:
    page = html.build(full_input("en"))
    assert '<section id="monitoring"><h2>Monitoring' in page
