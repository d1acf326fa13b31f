"""The judgement in detail: parts add up to the whole, the configured book is among its variants, figures are
plain."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jqfast.data.panel import Panel
from jqfast.data.simulate import SimulateConfig, Simulated, simulate
from jqfast.evaluate import METRICS
from jqfast.evaluate.groups import sectors
from jqfast.evaluate.intervals import FIGURES
from jqfast.evaluate.portfolio import PortfolioConfig, long_short
from jqfast.evaluate.study import DELAYS, Study
from jqfast.judge import LEGS, Judgement, judge
from jqfast.learn.labels import make_labels
from jqfast.learn.walk_forward import Predictions
from jqfast.ledger import Trials
from jqfast.runfolder import write_json


@pytest.fixture(scope="module")
def market() -> Simulated:
    return simulate(SimulateConfig(stocks=60, years=3.0, seed=4))


def judged(market: Simulated, scores: np.ndarray, *, detail: bool = True) -> Judgement:
    """Scores of the 5-session horizon, predicted from row 250 on."""
    panel = market.panel
    fold = np.where(np.arange(len(panel.dates)) >= 250, 0, -1)
    kept = np.where(fold[:, None] >= 0, scores, np.nan).astype(np.float32)[None]
    predictions = Predictions(panel.dates, panel.codes, (5,), kept, fold, ("only",))
    return judge(panel, make_labels(panel, (1, 5)), predictions, PortfolioConfig(), detail=detail)


@pytest.fixture(scope="module")
def result(market: Simulated) -> Judgement:
    return judged(market, market.truth.expected[5])


@pytest.fixture(scope="module")
def found(result: Judgement) -> Study:
    return result.study


def test_dates_are_shared_out(result: Judgement, found: Study) -> None:
    whole = result.horizons[5].rank_ic
    assert sum(part.n_dates for part in found.parts["year"]) == whole.n_dates
    for kind in ("volatility", "trend"):
        assert 0.9 * whole.n_dates < sum(part.n_dates for part in found.parts[kind]) <= whole.n_dates
    means = [part.rank_ic.mean * part.n_dates for part in found.parts["year"]]
    assert sum(means) / whole.n_dates == pytest.approx(whole.mean, abs=1e-12)


def test_the_plain_score_is_the_first_of_its_decay(result: Judgement, found: Study) -> None:
    whole = result.horizons[5].rank_ic
    first = found.parts["decay"][0]
    assert [part.name for part in found.parts["decay"]] == [str(delay) for delay in DELAYS]
    assert first.rank_ic.mean == whole.mean
    assert first.rank_ic.t == pytest.approx(whole.t_newey_west, rel=1e-9)
    assert first.n_dates == whole.n_dates
    own = next(part for part in found.parts["horizon"] if part.name == "5")
    assert own.rank_ic.mean == whole.mean
    assert [part.name for part in found.parts["horizon"]] == ["1", "5"]


def test_the_classification_is_chosen_at_the_first_decision(market: Simulated) -> None:
    """Sectors that fall apart later are not known then: neither the breakdown nor the book looks at them."""
    T, N = market.panel.shape
    columns = {
        f"sector{k}": np.broadcast_to(np.int16(np.arange(N) // (N // g)), (T, N)).copy()
        for k, g in ((33, 3), (17, 2))
    }
    names = tuple(f"{n}" for n in range(N))
    panel = replace(
        market.panel,
        columns={**market.panel.columns, **columns},
        categories={"sector33": names, "sector17": names},
    )
    columns["sector33"] = columns["sector33"].copy()
    columns["sector33"][300:] = np.arange(N)
    apart = panel.with_columns(**columns)
    scores = np.where(np.arange(T)[:, None] >= 250, market.truth.expected[5], np.nan)
    books = [long_short(each, scores, PortfolioConfig(neutral="sector")) for each in (panel, apart)]
    early = books[0].dates < panel.dates[300]
    assert early.sum() > 40
    for leg, returns in books[0].returns.items():
        np.testing.assert_array_equal(returns[early], books[1].returns[leg][early])
    for each in (panel, apart):
        assert judged(replace(market, panel=each), scores, detail=False).study.by["sector"] == "sector33"
    assert _classification(apart, 299) == "sector33"
    assert _classification(apart, 300) == "sector17"


def _classification(panel: Panel, row: int) -> str:
    found = sectors(panel, panel.listed, row)
    assert found is not None
    return found.by


def test_a_planted_effect_is_in_all_sizes(found: Study) -> None:
    assert [part.name for part in found.parts["size"]] == ["small", "medium", "large"]
    assert found.by == {"size": "turnover", "sector": "sector33"}
    for part in found.parts["size"]:
        assert part.rank_ic.mean > 0
        assert part.rank_ic.low < part.rank_ic.mean < part.rank_ic.high
        assert part.stocks == pytest.approx(56 / 3, abs=1)


def test_the_configured_book_is_among_its_variants(result: Judgement, found: Study) -> None:
    assert result.traded is not None
    names = [variant.name for variant in found.variants]
    assert names == ["configured", "rank", "inverse_volatility", "sector_neutral", "one_tranche", "monthly"]
    first, performance = found.variants[0], result.traded.performance
    assert first.long_short.sharpe == performance["long_short_net"].sharpe
    assert first.long_only.annual_return == performance["long_net"].annual_return
    assert first.turnover_daily == pytest.approx(result.traded.turnover_daily, rel=1e-12)
    over = result.traded.returns["long_net"] - result.traded.returns["benchmark"]
    assert first.long_only.excess == pytest.approx(np.nanmean(over) * 252, rel=1e-9)
    assert found.variants[-1].turnover_daily < first.turnover_daily / 2
    for variant in found.variants:
        for book in (variant.long_short, variant.long_only):
            assert book.low < book.sharpe < book.high


def test_the_configured_capital_is_on_the_curve(result: Judgement, found: Study) -> None:
    assert result.traded is not None
    point = next(point for point in found.capacity if point.capital == 1e8)
    assert point.annual_net == result.traded.performance["long_short_net"].annual_return
    assert found.break_even > 0


def test_alphas_are_of_price_returns(found: Study) -> None:
    assert {one.model for one in found.alphas} == {"CAPM", "market + WML"}  # no market values in this panel
    assert {one.leg for one in found.alphas} == {"long_net", "long_short_gross", "long_short_net"}
    assert found.factor_notes[0].endswith("price returns.")
    for one in found.alphas:
        assert one.low < one.alpha < one.high
        assert one.n > 400
    long = next(one for one in found.alphas if (one.leg, one.model) == ("long_net", "CAPM"))
    assert 0.5 < long.betas["Mkt-RF"][0] < 1.5


def test_total_returns_have_no_alpha(market: Simulated) -> None:
    info = replace(market.panel.info, returns="total")
    other = replace(market, panel=replace(market.panel, info=info))
    study = judged(other, market.truth.expected[5]).study
    assert study.alphas == ()
    assert "no alpha" in study.factor_notes[0]


def test_every_figure_of_every_leg_has_an_interval(found: Study) -> None:
    assert set(found.intervals) == set(LEGS)
    for leg in LEGS:
        assert set(found.intervals[leg]) == set(FIGURES)
        assert all(interval.low <= interval.high for interval in found.intervals[leg].values())


def test_figures_are_plain_and_defined(result: Judgement, tmp_path: Path) -> None:
    write_json(tmp_path / "metrics.json", result.metrics)
    told = json.loads((tmp_path / "metrics.json").read_text())["study"]
    assert {"sector", "size", "volatility", "trend", "year", "decay", "horizon"} == set(told["parts"])
    assert told["capacity"][0]["capital"] == 1e7
    assert told["alphas"][0]["betas"]["Mkt-RF"][0] == pytest.approx(result.study.alphas[0].betas["Mkt-RF"][0])
    assert {"decay", "alpha", "monotonic_p", "overfitting_probability", "sortino", "unfilled"} <= set(METRICS)


def test_without_detail_no_book_is_traded_twice(market: Simulated) -> None:
    study = judged(market, market.truth.expected[5], detail=False).study
    assert study.variants == study.capacity == study.alphas == ()
    assert study.parts["sector"]


def test_too_few_stocks_leave_the_breakdowns(market: Simulated) -> None:
    scores = market.truth.expected[5].copy()
    scores[:, 9:] = np.nan
    study = judged(market, scores).study
    assert study.variants == ()
    assert study.parts["year"] == ()


def test_trials_tell_overfitting(result: Judgement) -> None:
    noise = np.random.default_rng(0).normal(0.0, 0.02, (60, 4))
    told = result.trial_metrics(Trials((0.1, 0.2, 0.3, 0.0), noise))
    assert told["count"] == 4
    assert told["sharpe_test"]["name"] == "deflated"
    assert 0 <= told["overfitting"]["probability"] <= 1
    alone = result.trial_metrics(Trials((0.1,), noise[:, :1]))
    assert alone["overfitting"] is None
    assert alone["sharpe_test"]["name"] == "probabilistic"
    months = result.monthly_returns
    assert len(months) > 20
    assert all(len(month) == 7 for month in months)
