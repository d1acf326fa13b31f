"""Claim: the report of 4,000 stocks x 16 years x 4 horizons is made in at most 30 s and is at most 8 MB.

    pytest benchmarks/bench_report.py -s

Made-up results of a run of that size: relevances of 192 month ends of all stocks and daily means, series of
4,000 sessions with bootstrap intervals, 126 inputs, 168 folds. What is timed is everything after judgement:
the facts of the explanation, the intervals of figure 7, the page with its figures. A record of each run is
appended to `benchmarks/results/report.json`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from benchmarks.record import keep
from jqfast.evaluate.intervals import performance_intervals
from jqfast.evaluate.resample import draw
from jqfast.evaluate.stats import performance
from jqfast.explain.walk_forward import DailyRelevance, Relevance
from jqfast.explained import explanation
from jqfast.features.result import FeaturePanel
from jqfast.learn.walk_forward import Predictions
from jqfast.report import inputs as made
from jqfast.report.html import build

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from report_inputs import full_input, monitor_facts, trust_facts

STOCKS, SESSIONS, MONTHS, INPUTS, FOLDS = 4000, 4000, 192, 126, 168
SECONDS, MEGABYTES = 30.0, 8.0
NAMES = (
    "ret_20",
    "book_to_price",
    "log_market_value",
    *(f"input_{f}" for f in range(INPUTS - 4)),
    "k_topix_1m",
)


def explained() -> tuple[Relevance, FeaturePanel, Predictions]:
    """Month ends of all stocks: inputs, relevances and scores that add up."""
    rng = np.random.default_rng(0)
    ends = np.arange("2008-01", "2024-01", dtype="datetime64[M]").astype("datetime64[D]") + 27
    days = np.busday_offset("2008-01-04", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    codes = np.array([f"{n:05d}" for n in range(STOCKS)])
    x = rng.standard_normal((MONTHS, STOCKS, INPUTS), dtype=np.float32)
    relevance = x * rng.standard_normal(INPUTS).astype(np.float32) / INPUTS
    scores = relevance.sum(axis=2)[None]
    share = np.full((MONTHS, STOCKS), 0.1, np.float32)
    mean = {side: rng.standard_normal((SESSIONS, INPUTS)) for side in ("long", "short", "all")}
    stocks = {side: np.full(SESSIONS, 400) for side in mean}
    daily = DailyRelevance(days, mean, np.abs(mean["all"]), stocks, np.full(SESSIONS, 0.1))
    X = FeaturePanel(NAMES, ends, codes, x, "sample", {})
    predictions = Predictions(ends, codes, (5,), scores, np.zeros(MONTHS, np.int64), ("f",))
    return Relevance(ends, codes, NAMES, relevance, share, daily=daily), X, predictions


def returns() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: 0.0003 + 0.01 * rng.standard_normal(SESSIONS) for name in "abcdefg"}


def large(language: Literal["en", "ja"]) -> made.ReportInput:
    """The made report with series of 4,000 sessions, 126 inputs and 168 folds."""
    report = full_input(language)
    rng = np.random.default_rng(2)
    days = np.busday_offset("2008-01-04", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    series = made.PortfolioSeries(days, *(0.0003 + 0.01 * rng.standard_normal((5, SESSIONS))))
    assert report.portfolio is not None
    starts = days[:: SESSIONS // FOLDS][:FOLDS]
    spans = [made.FoldSpan(str(d), (d - 1095, d), (d + 30, d + 60)) for d in starts]
    counts = np.full(SESSIONS, STOCKS)
    rows = [replace(report.run.features[0], name=name) for name in NAMES]
    return replace(
        report,
        run=replace(report.run, features=rows),
        data=replace(report.data, coverage=made.Coverage(days, counts, counts, counts)),
        forecast=replace(
            report.forecast,
            ic_series=made.IcSeries(5, days, 0.03 + 0.1 * rng.standard_normal(SESSIONS)),
            fold_spans=spans,
        ),
        portfolio=replace(report.portfolio, series=series),
        trust=trust_facts(),
        monitor=replace(monitor_facts(), dates=days, rolling=rng.standard_normal(SESSIONS) / 30),
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_report_of_a_full_run(language: Literal["en", "ja"]) -> None:
    relevance, X, predictions = explained()
    report, legs = large(language), returns()
    kinds = {"ret_20": "momentum", "book_to_price": "value"}
    start = time.perf_counter()
    facts = explanation(
        relevance, X, predictions, horizon=5, epsilon=1e-3, kinds=kinds, market=["k_topix_1m"]
    )
    explained_s = time.perf_counter() - start
    draws = draw(SESSIONS, block=20.0)
    for values in legs.values():
        performance_intervals(values, performance(values, periods_per_year=245.0), draws)
    intervals_s = time.perf_counter() - start - explained_s
    page = build(replace(report, explanation=facts))
    whole_s = time.perf_counter() - start
    keep(
        "report",
        {
            "language": language,
            "explanation_s": round(explained_s, 2),
            "intervals_s": round(intervals_s, 2),
            "page_s": round(whole_s - explained_s - intervals_s, 2),
            "whole_s": round(whole_s, 2),
            "megabytes": round(len(page.encode()) / 1e6, 2),
        },
    )
    assert facts is not None
    assert whole_s <= SECONDS
    assert len(page.encode()) <= MEGABYTES * 1e6
