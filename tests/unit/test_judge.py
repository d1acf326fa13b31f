"""The judgement of a run: on the truth it equals the oracle, on noise it finds nothing, with few stocks it
says so."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jqfast.data.simulate import SimulateConfig, Simulated, simulate
from jqfast.evaluate.breakdowns import block_length, both, date_draws, date_spacing, parts
from jqfast.evaluate.monotonic import monotonic
from jqfast.evaluate.portfolio import PortfolioConfig
from jqfast.judge import LEGS, Judgement, judge
from jqfast.learn.labels import make_labels
from jqfast.learn.walk_forward import Predictions
from jqfast.runfolder import write_json

CONFIG = SimulateConfig(stocks=40, years=3.0, seed=3)


@pytest.fixture(scope="module")
def market() -> Simulated:
    return simulate(CONFIG)


def _judged(market: Simulated, scores: np.ndarray, config: PortfolioConfig | None = None) -> Judgement:
    """Judge ``scores`` (2, T, N) of horizons 1 and 5, predicted from row 250 on."""
    panel = market.panel
    fold = np.where(np.arange(len(panel.dates)) >= 250, 0, -1)
    scores = np.where(fold[:, None] >= 0, scores, np.nan).astype(np.float32)
    predictions = Predictions(panel.dates, panel.codes, (1, 5), scores, fold, ("only",))
    labels = make_labels(panel, (1, 5))
    known = {"oracle": market.truth.expected} if market.truth.anything else None
    return judge(panel, labels, predictions, config or PortfolioConfig(), references=known, detail=False)


def test_the_truth_scores_as_the_oracle(market: Simulated) -> None:
    result = _judged(market, np.stack([market.truth.expected[1], market.truth.expected[5]]))
    for scored in result.horizons.values():
        assert scored.rank_ic.mean == scored.references["oracle"].mean
        assert scored.interval.low < scored.rank_ic.mean < scored.interval.high
        assert scored.rank_ic.t_newey_west > 3
    assert result.traded is not None
    assert result.traded.performance["long_short_gross"].sharpe > 1


def test_a_score_without_a_stock_before_the_first_fold_is_not_judged(market: Simulated) -> None:
    result = _judged(market, np.stack([market.truth.expected[1], market.truth.expected[5]]))
    T = len(market.panel.dates)
    assert len(result.dates) == T - 250
    assert result.horizons[5].rank_ic.n_dates <= T - 250 - 5


def test_noise_is_worth_nothing(market: Simulated) -> None:
    noise = np.random.default_rng(0).normal(size=(2, *market.panel.shape))
    result = _judged(market, noise)
    assert abs(result.horizons[5].rank_ic.t_newey_west) < 3.5
    assert result.traded is not None
    gross, net = (result.traded.performance[f"long_short_{basis}"] for basis in ("gross", "net"))
    assert net.annual_return < gross.annual_return


def test_a_market_without_effects_has_no_oracle() -> None:
    market = simulate(replace(CONFIG, null="pure"))
    result = _judged(market, np.random.default_rng(0).normal(size=(2, *market.panel.shape)))
    assert all(not scored.references for scored in result.horizons.values())


def test_blocks_of_months_are_months(market: Simulated) -> None:
    """Twenty sessions are a block; twenty of 36 months would be hardly resampled at all."""
    assert block_length(700, 5) == 20.0
    assert block_length(700, 60) == 60.0
    assert block_length(120, 1, "month") == 5.0
    assert block_length(120, 12, "month") == 12.0
    panel = market.panel
    labels = make_labels(panel, (1,), unit="month")
    scores = np.where(np.isfinite(labels.returns), market.truth.expected[5], np.nan)
    fold = np.zeros(len(panel.dates), dtype=np.int64)
    predictions = Predictions(panel.dates, panel.codes, (1,), scores, fold, ("only",))
    config = PortfolioConfig(horizon=1, rebalance="monthly")
    found = judge(panel, labels, predictions, config, detail=False)
    assert found.unit == "month"
    n = found.horizons[1].rank_ic.n_dates
    assert 30 < n == len(found.dates) < 37
    assert "block 4," in found.horizons[1].interval.method
    rows = np.flatnonzero(np.isfinite(labels.returns[0]).any(axis=1))
    whole = both(scores[0, rows], labels.returns[0, rows])
    (wanted,) = parts(whole, ["1"], date_draws(n, 1, "month"), horizon=1)
    assert found.study.parts["horizon"] == (wanted,)
    split = found.horizons[1]
    drawn = date_draws(n, 1, "month")
    assert split.monotonic == monotonic(split.deciles.per_date, drawn, horizon=1)


def test_blocks_follow_the_spacing_of_the_judged_dates(market: Simulated) -> None:
    """Of weekly scores a month is four dates, not twenty."""
    assert block_length(40, 5, spacing=5.0) == 4.0
    assert block_length(400, 5, spacing=5.0) == 8.0  # the cube root
    assert block_length(40, 60, spacing=5.0) == 12.0  # as long as returns overlap
    panel = market.panel
    rows = np.flatnonzero(panel.is_session)
    assert date_spacing(rows, panel.is_session) == 1.0
    assert date_spacing(rows[::5], panel.is_session) == 5.0
    assert date_spacing(rows[:1], panel.is_session) == 1.0
    labels = make_labels(panel, (5, 60))
    weekly = np.full(len(panel.dates), -1)
    weekly[rows[::5]] = 0
    scores = np.where(weekly[:, None] == 0, market.truth.expected[5], np.nan)[None]
    predictions = Predictions(panel.dates, panel.codes, (5,), scores, weekly, ("only",))
    found = judge(panel, labels, predictions, PortfolioConfig(horizon=5), detail=False)
    wanted = f"block {block_length(len(rows[::5]), 5, spacing=5.0):g},"
    assert wanted in found.horizons[5].interval.method
    assert wanted != "block 20,"
    judged = both(scores[0, rows[::5]], labels.returns[0, rows[::5]])
    drawn = date_draws(len(rows[::5]), 5, spacing=5.0)
    (part,) = parts(judged, ["5"], drawn, horizon=5)
    later = both(scores[0, rows[::5]], labels.returns[1, rows[::5]])
    longer = date_draws(len(rows[::5]), 60, spacing=5.0)
    assert longer.method != drawn.method
    assert found.study.parts["horizon"] == (part, *parts(later, ["60"], longer, horizon=60))


def test_every_figure_of_a_horizon_has_its_interval(market: Simulated) -> None:
    """As the figures of each draw, computed one by one."""
    panel, truth = market.panel, market.truth.expected[5]
    noisy = truth + np.nanstd(truth) * np.random.default_rng(3).standard_normal(truth.shape)
    labels = make_labels(panel, (5,))
    fold = np.zeros(len(panel.dates), dtype=np.int64)
    predictions = Predictions(panel.dates, panel.codes, (5,), noisy[None], fold, ("only",))
    found = judge(
        panel,
        labels,
        predictions,
        PortfolioConfig(horizon=5),
        references={"oracle": {5: truth}},
        detail=False,
    )
    scored = found.horizons[5]
    drawn = date_draws(len(panel.dates), 5)
    ranks, oracle = scored.rank_ic.per_date, scored.references["oracle"].per_date
    each: dict[str, list[float]] = {
        "rank_ic": [],
        "rank_ic_ir": [],
        "win_rate": [],
        "oracle": [],
        "oracle_share": [],
    }
    for index in drawn.index:
        values = ranks[index][np.isfinite(ranks[index])]
        best = oracle[index][np.isfinite(oracle[index])]
        each["rank_ic"].append(values.mean())
        each["rank_ic_ir"].append(values.mean() / values.std())
        each["win_rate"].append((values > 0).mean())
        each["oracle"].append(best.mean())
        each["oracle_share"].append(values.mean() / best.mean())
    for name, values in each.items():
        low, high = np.quantile(values, [0.025, 0.975])
        one = {**scored.intervals, **scored.reference_intervals}[name]
        assert (one.low, one.high) == pytest.approx((low, high), rel=2e-3 if "_ir" in name else 1e-9), name
        assert low < one.estimate < high
    year = scored.intervals["rank_ic_ir_annual"]
    assert year.low == pytest.approx(scored.intervals["rank_ic_ir"].low * np.sqrt(252 / 5))
    traded = found.traded
    assert traded is not None
    assert traded.turnover_interval.low < traded.turnover_daily < traded.turnover_interval.high
    assert traded.cost_interval.low < sum(traded.portfolio.cost_annual.values()) < traded.cost_interval.high


@pytest.mark.parametrize(("strength", "known"), [(0.2, True), (0.15, False)])
def test_a_share_of_a_reference_near_zero_has_no_end(market: Simulated, strength: float, known: bool) -> None:
    """Draws in which the reference has nothing are the tail of the share; no interval where they fill it."""
    panel, truth = market.panel, market.truth.expected[5]
    weak = strength * truth + np.nanstd(truth) * np.random.default_rng(3).standard_normal(truth.shape)
    labels = make_labels(panel, (5,))
    fold = np.zeros(len(panel.dates), dtype=np.int64)
    predictions = Predictions(panel.dates, panel.codes, (5,), truth[None], fold, ("only",))
    config = PortfolioConfig(horizon=5)
    found = judge(panel, labels, predictions, config, references={"oracle": {5: weak}}, detail=False)
    scored = found.horizons[5]
    drawn = date_draws(len(panel.dates), 5)
    ours, theirs = (
        drawn.means(one.per_date[:, None])[:, 0] for one in (scored.rank_ic, scored.references["oracle"])
    )
    lost = theirs <= 0
    assert lost.any()
    assert (lost.mean() < 0.025) == known
    share = scored.reference_intervals["oracle_share"]
    assert share.estimate == scored.rank_ic.mean / scored.references["oracle"].mean
    if known:
        ordered = np.sort(np.append(ours[~lost] / theirs[~lost], np.full(lost.sum(), np.inf)))
        assert (share.low, share.high) == pytest.approx(tuple(np.quantile(ordered, [0.025, 0.975])))
        assert share.high > np.quantile(ours[~lost] / theirs[~lost], 0.975)
    else:
        assert np.isnan([share.low, share.high]).all()


def test_too_few_stocks_for_deciles_is_said(market: Simulated) -> None:
    scores = np.stack([market.truth.expected[1], market.truth.expected[5]])
    scores[:, :, 9:] = np.nan
    result = _judged(market, scores)
    assert result.traded is None
    assert "buckets" in result.why_not
    assert result.metrics["portfolio"] is None
    assert np.isnan(result.monthly_sharpe)
    assert result.sharpe_test(()) is None


def test_metrics_are_plain_and_complete(market: Simulated, tmp_path: Path) -> None:
    result = _judged(market, np.stack([market.truth.expected[1], market.truth.expected[5]]))
    write_json(tmp_path / "metrics.json", result.metrics)
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert set(metrics["horizons"]) == {"1", "5"}
    assert set(metrics["portfolio"]["performance"]) == set(LEGS)
    assert len(metrics["horizons"]["5"]["deciles"]["mean"]) == 10
    assert metrics["portfolio"]["config"]["costs"]["commission_bps"] == 2.0
    assert {"rank_ic", "sharpe", "turnover"} <= set(metrics["definitions"])


def test_costs_only_touch_the_net_series(market: Simulated) -> None:
    scores = np.stack([market.truth.expected[1], market.truth.expected[5]])
    base = PortfolioConfig()
    dear = replace(base, costs=replace(base.costs, commission_bps=100.0))
    cheap, costly = (_judged(market, scores, config).traded for config in (base, dear))
    assert cheap is not None
    assert costly is not None
    assert np.array_equal(cheap.returns["long_short_gross"], costly.returns["long_short_gross"])
    assert (
        costly.performance["long_short_net"].annual_return < cheap.performance["long_short_net"].annual_return
    )


def test_more_trials_make_the_same_ratio_less_likely(market: Simulated) -> None:
    result = _judged(market, np.stack([market.truth.expected[1], market.truth.expected[5]]))
    one, many = result.sharpe_test(()), result.sharpe_test((result.monthly_sharpe, 0.0, -0.5, 0.8, 0.3))
    assert one is not None
    assert many is not None
    assert (one.name, many.name) == ("probabilistic", "deflated")
    assert many.probability < one.probability
