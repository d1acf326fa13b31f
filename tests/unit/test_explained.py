"""What the explanation section shows, from relevance made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from jqfast.evaluate.inference import newey_west, student_reach
from jqfast.explain.walk_forward import DailyRelevance, Relevance
from jqfast.explained import STOCKS_PER_SIDE, explanation
from jqfast.features.result import FeaturePanel
from jqfast.learn.walk_forward import Predictions
from jqfast.report.inputs import ExplanationFacts

DATES = np.array(
    ["2024-01-30", "2024-01-31", "2024-02-28", "2024-02-29", "2024-03-29"], dtype="datetime64[D]"
)
NAMES = ("weak", "strong", "market")
N = 40


def _parts(stocks: int = N) -> tuple[Relevance, FeaturePanel, Predictions]:
    """Month ends explained; `strong` moves the score, `weak` hardly, `market` shifts whole dates."""
    rng = np.random.default_rng(0)
    T = len(DATES)
    x = rng.normal(size=(T, N, 3)).astype(np.float32)
    values = x * np.array([0.01, 1.0, 0.0], dtype=np.float32)
    values[..., 2] = np.arange(T, dtype=np.float32)[:, None] * 10
    scores = values.sum(axis=2)
    scores[:, stocks:] = np.nan
    values[:, stocks:] = np.nan
    codes = np.array([f"{1000 + i}" for i in range(N)])
    kept = np.array([1, 3, 4])
    share = np.full((3, N), 0.25, dtype=np.float32)
    share[:, 0] = -0.75
    X = FeaturePanel(NAMES, DATES, codes, x, "sample", dict.fromkeys(NAMES, "cs"), True)
    predictions = Predictions(DATES, codes, (5,), scores[None], np.zeros(T, dtype=np.int64), ("f",))
    return Relevance(DATES[kept], codes, NAMES, values[kept], share), X, predictions


def _explained(stocks: int = N) -> ExplanationFacts | None:
    return explanation(*_parts(stocks), horizon=5, epsilon=0.01)


def test_sides_are_the_deciles_of_the_score() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.legs is not None
    assert facts.legs.n_long == facts.legs.n_short == 3 * N // 10
    by_name = dict(zip(facts.legs.features, facts.legs.long, strict=True))
    assert by_name["strong"] > 1
    assert abs(by_name["weak"]) < 0.05
    assert facts.legs.p_value[NAMES.index("strong")] < 0.05
    assert facts.legs.period == "2024-01-31 – 2024-03-29"


def test_what_moves_a_whole_date_is_no_reason_for_a_rank() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.legs is not None
    market = NAMES.index("market")
    assert facts.legs.long[market] == pytest.approx(0, abs=1e-5)
    assert facts.legs.short[market] == pytest.approx(0, abs=1e-5)


def test_the_table_shows_extreme_stocks_of_the_last_date() -> None:
    facts = _explained()
    _, X, predictions = _parts()
    assert facts is not None
    assert facts.stocks is not None
    assert facts.stocks.date == DATES[-1]
    assert facts.stocks.features[0] == "strong"
    order = np.argsort(predictions.scores[0, -1])
    long = [row for row in facts.stocks.rows if row.side == "long"]
    short = [row for row in facts.stocks.rows if row.side == "short"]
    wanted = min(STOCKS_PER_SIDE, N // 10)
    assert [row.code for row in long] == [str(code) for code in X.codes[order[::-1][:wanted]]]
    assert [row.code for row in short] == [str(code) for code in X.codes[order[:wanted]]]
    n = int(np.flatnonzero(X.codes == long[0].code)[0])
    assert long[0].values[0] == X["strong"][-1, n]
    assert long[0].score == predictions.scores[0, -1, n]


def test_scatters_hold_the_features_that_matter_most() -> None:
    facts = _explained()
    assert facts is not None
    assert [scatter.feature for scatter in facts.scatters] == ["strong", "weak"]
    assert len(facts.scatters[0].value) == 6 * N // 10


def test_the_residual_is_by_size() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.residual is not None
    assert (facts.residual.median, facts.residual.maximum) == (0.25, 0.75)
    assert (facts.residual.epsilon, facts.residual.n) == (0.01, 3 * N)


def test_whiskers_allow_for_months_that_resemble_each_other() -> None:
    """A slow wave in what the sides are given: the interval of its mean is wider than that of as many
    independent dates."""
    rng = np.random.default_rng(4)
    months = (np.arange("2019-01", "2023-01", dtype="datetime64[M]") + 1).astype("datetime64[D]") - 1
    codes = np.array([f"{1000 + i}" for i in range(N)])
    rank = np.linspace(-1.0, 1.0, N)[rng.permuted(np.tile(np.arange(N), (len(months), 1)), axis=1)]
    wave = 1.0 + 0.5 * np.sin(np.arange(len(months)) / 6.0)
    values = np.stack([rank * wave[:, None], 0.1 * rng.standard_normal(rank.shape)], axis=2).astype(
        np.float32
    )
    X = FeaturePanel(("slow", "noise"), months, codes, values, "sample", {"slow": "cs", "noise": "cs"}, True)
    predictions = Predictions(months, codes, (5,), rank[None], np.zeros(len(months), dtype=np.int64), ("f",))
    relevance = Relevance(months, codes, X.names, values, np.zeros(rank.shape, dtype=np.float32))
    facts = explanation(relevance, X, predictions, horizon=5, epsilon=0.01)
    assert facts is not None
    assert facts.legs is not None
    assert facts.legs.long_half is not None
    top = np.sort(rank, axis=1)[0, -N // 10 :].mean() * wave
    wanted = student_reach(len(months) - 1) * newey_west(top).se
    assert facts.legs.long_half[0] == pytest.approx(wanted, rel=1e-5)
    assert wanted > 1.6 * 1.96 * top.std(ddof=1) / np.sqrt(len(months))


def test_whiskers_of_few_stocks_are_those_of_student() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.deciles is not None
    assert facts.deciles.high_half is not None
    assert facts.deciles.n == N // 10 == 4
    relevance, X, _ = _parts()
    high = np.argsort(relevance.values[-1, :, NAMES.index(facts.deciles.feature)])[-4:]
    for k, name in enumerate(facts.deciles.attributes):
        values = X[name][-1, high].astype(np.float64)
        half = 3.182446305 * values.std(ddof=1) / 2.0  # t of 3 degrees of freedom
        assert facts.deciles.high_half[k] == pytest.approx(half), name


def test_market_inputs_through_time_are_long_minus_short() -> None:
    relevance, X, predictions = _parts()
    rng = np.random.default_rng(1)
    days = np.arange("2024-01-01", "2024-03-30", dtype="datetime64[D]")
    mean = {side: rng.normal(size=(len(days), 3)) for side in ("long", "short", "all")}
    counts = {side: np.ones(len(days), np.int64) for side in mean}
    daily = DailyRelevance(days, mean, mean["all"], counts, np.zeros(len(days)))
    known = replace(relevance, daily=daily)
    facts = explanation(known, X, predictions, horizon=5, epsilon=0.01, market=["market"])
    assert facts is not None
    assert facts.market is not None
    gap = mean["long"][:, 2] - mean["short"][:, 2]
    assert list(facts.market.features) == ["market"]
    assert [str(date) for date in facts.market.dates] == ["2024-01-31", "2024-02-29", "2024-03-29"]
    expected = [
        gap[days.astype("datetime64[M]") == np.datetime64(m)].mean()
        for m in ("2024-01", "2024-02", "2024-03")
    ]
    np.testing.assert_allclose(facts.market.difference[:, 0], expected)
    assert facts.market.mean[0] == pytest.approx(gap.mean())
    assert facts.market.t_newey_west[0] == pytest.approx(newey_west(gap, horizon=5).t)
    without = explanation(known, X, predictions, horizon=5, epsilon=0.01)
    assert without is not None
    assert without.market is None


def test_deciles_by_relevance_are_of_the_worst_date_of_the_market() -> None:
    relevance, X, predictions = _parts()
    values = X.buffer.copy()
    values[..., 2] = np.array([0.0, -2.0, 0.0, 1.0, 0.5], dtype=np.float32)[:, None]
    moved = relevance.values.copy()
    moved[0, :, 2] = X.buffer[1, :, 1]  # the fall helped what is strong
    renamed = replace(X, names=("weak", "strong", "topix_ret_20"), buffer=values, norms={})
    known = replace(relevance, values=moved, features=renamed.names)
    facts = explanation(known, renamed, predictions, horizon=5, epsilon=0.01, market=["topix_ret_20"])
    assert facts is not None
    found = facts.deciles
    assert found is not None
    assert (found.feature, str(found.date), found.value, found.n) == (
        "topix_ret_20",
        "2024-01-31",
        -2.0,
        N // 10,
    )
    assert list(found.attributes) == ["strong", "weak"]
    order = np.argsort(X.buffer[1, :, 1])
    np.testing.assert_allclose(found.high[0], X.buffer[1, order[-4:], 1].mean(), rtol=1e-6)
    np.testing.assert_allclose(found.low[0], X.buffer[1, order[:4], 1].mean(), rtol=1e-6)
    assert found.p_value[0] < 0.01


def test_deciles_without_a_market_are_by_the_largest_input() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.deciles is not None
    assert (facts.deciles.feature, facts.deciles.date) == ("strong", DATES[-1])
    assert np.isnan(facts.deciles.value)


def test_a_scatter_says_how_its_input_works() -> None:
    facts = _explained()
    assert facts is not None
    assert facts.scatters[0].shape is not None
    assert facts.scatters[0].shape.direction == "rising"
    assert facts.scatters[0].shape.n == 3 * N
    assert facts.demeaned


def test_too_few_stocks_give_no_explanation() -> None:
    assert _explained(stocks=5) is None
