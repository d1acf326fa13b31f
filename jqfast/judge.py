"""The judgement of a run: every horizon's correlations and deciles, one horizon's portfolio, all as plain
numbers.

In: out-of-sample scores and what followed. Out: :class:`Judgement`, the results of `jqfast.evaluate` side
by side, and ``metrics``, the contents of ``metrics.json``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.evaluate import stats
from jqfast.evaluate.breakdowns import Both, date_draws, date_spacing, parts
from jqfast.evaluate.correlations import Correlations
from jqfast.evaluate.ic import Deciles, IcResult, deciles, ic, rank_ic
from jqfast.evaluate.inference import Interval, SharpeTest, sharpe_test
from jqfast.evaluate.metrics import METRICS
from jqfast.evaluate.monotonic import Monotonic, monotonic
from jqfast.evaluate.overfitting import overfitting
from jqfast.evaluate.portfolio import Portfolio, PortfolioConfig, plan, prepare, trade, universe_return
from jqfast.evaluate.resample import Draws, draw
from jqfast.evaluate.stats import Performance, performance
from jqfast.evaluate.study import Kept, Scored, Study, study, study_book
from jqfast.learn.labels import Labels, Unit, universe
from jqfast.learn.walk_forward import Predictions
from jqfast.ledger import Trials
from jqfast.types import DateArray, FloatArray

#: Months of a year, the periods of monthly labels.
MONTHS = 12.0

#: The series of a portfolio that get figures of their own.
LEGS = (
    "long_gross",
    "long_net",
    "short_gross",
    "short_net",
    "long_short_gross",
    "long_short_net",
    "benchmark",
)


@dataclass(frozen=True, eq=False)
class Horizon:
    """What the scores of one horizon are worth; ``references`` name -> RankIC of what the simulator's truth
    would have scored on the same pairs.

    ``intervals`` are of the fields of the report's table (``ic``, ``rank_ic_ir_annual``, ...),
    ``reference_intervals`` of each reference and, as ``oracle_share``, of the share of it that the scores
    reach (NaN where the reference is near 0): all of the same draws.
    """

    ic: IcResult
    rank_ic: IcResult
    deciles: Deciles
    monotonic: Monotonic
    intervals: Mapping[str, Interval]
    references: Mapping[str, IcResult] = field(default_factory=dict)
    reference_intervals: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def interval(self) -> Interval:
        """Of the mean RankIC."""
        return self.intervals["rank_ic"]


@dataclass(frozen=True, eq=False)
class Traded:
    """The portfolio of one horizon.

    ``returns`` leg -> (D,) returns per session at the dates of the portfolio, ``performance`` leg -> figures
    of them; ``monthly_net`` (M,) is the net long-short series per calendar month, ``months`` (M,) the last
    dates of them.
    """

    portfolio: Portfolio
    returns: Mapping[str, FloatArray]
    performance: Mapping[str, Performance]
    monthly_net: FloatArray
    sharpe_interval: Interval
    turnover_daily: float
    turnover_interval: Interval
    cost_interval: Interval
    months: DateArray


@dataclass(frozen=True, eq=False)
class Judgement:
    """All results; ``traded`` is None where the stocks are too few for deciles, and ``why_not`` says so.

    Horizons count ``unit``: sessions or months.
    """

    dates: DateArray
    horizons: Mapping[int, Horizon]
    primary: int
    traded: Traded | None
    study: Study
    why_not: str = ""
    unit: Unit = "session"

    def sharpe_test(self, trials: tuple[float, ...]) -> SharpeTest | None:
        """How likely the net Sharpe ratio is real, given all ``trials`` (per month) on the same data."""
        return sharpe_test(self.traded.monthly_net, trials) if self.traded else None

    @property
    def monthly_sharpe(self) -> float:
        """Of the net long-short returns per month, not annualised: what the ledger of trials keeps."""
        test = self.sharpe_test(())
        return test.sharpe if test else math.nan

    @property
    def monthly_returns(self) -> dict[str, float]:
        """Month -> net long-short return: what the ledger keeps of a trial beside its ratio."""
        if self.traded is None:
            return {}
        months = (str(month)[:7] for month in self.traded.months)
        return dict(zip(months, self.traded.monthly_net.tolist(), strict=True))

    def trial_metrics(self, trials: Trials) -> dict[str, Any]:
        """What the number of trials on the same data does to the result, as plain values."""
        test, found = self.sharpe_test(trials.sharpes), overfitting(trials.returns)
        return {
            "count": max(len(trials.sharpes), 1),
            "sharpe_test": dataclasses.asdict(test) if test else None,
            "overfitting": dataclasses.asdict(found) if found else None,
        }

    @property
    def metrics(self) -> dict[str, Any]:
        """Everything as plain values, with the definitions beside."""
        return {
            "primary_horizon": self.primary,
            "horizons": {str(h): _horizon_metrics(result) for h, result in self.horizons.items()},
            "portfolio": _portfolio_metrics(self.traded) if self.traded else None,
            "study": self.study.metrics,
            "definitions": dict(METRICS),
        }


def judge(
    panel: Panel,
    labels: Labels,
    predictions: Predictions,
    config: PortfolioConfig,
    *,
    references: Mapping[str, Mapping[int, FloatArray]] | None = None,
    detail: bool = True,
) -> Judgement:
    """Judge the predictions of a run.

    Parameters
    ----------
    panel, labels, predictions : of the same dates and stocks
    config : of the portfolio; its horizon is the primary one
    references : name -> horizon -> (T, N) scores of a simulated market's truth (`jqfast.oracle`), judged on
        the very pairs that the predictions are judged on (decision 11)
    detail : also trade the scores in other ways and sizes, and regress the book on factors
    """
    rows = np.flatnonzero(predictions.fold_of_row >= 0)
    if labels.unit == "month":
        rows = rows[np.isfinite(labels.returns[:, rows]).any(axis=(0, 2))]  # only month ends have labels
    year = MONTHS if labels.unit == "month" else config.sessions_per_year
    spacing = date_spacing(rows, panel.is_session) if labels.unit == "session" else 1.0
    horizons: dict[int, Horizon] = {}
    for i, h in enumerate(predictions.horizons):
        scores, returns = predictions.scores[i, rows], labels.returns[labels.horizons.index(h), rows]
        ranks = rank_ic(scores, returns, horizon=h, periods_per_year=year)
        plain = ic(scores, returns, horizon=h, periods_per_year=year)
        split = deciles(scores, returns, config.buckets, horizon=h)
        draws = date_draws(len(rows), h, labels.unit, spacing=spacing)
        truths = {
            name: rank_ic(
                np.where(np.isfinite(scores), by_horizon[h][rows], np.nan),
                returns,
                horizon=h,
                periods_per_year=year,
            )
            for name, by_horizon in (references or {}).items()
            if h in by_horizon and labels.unit == "session"
        }
        horizons[h] = Horizon(
            ic=plain,
            rank_ic=ranks,
            deciles=split,
            monotonic=monotonic(split.per_date, draws, horizon=h),
            intervals=_intervals(plain, ranks, draws, year),
            references=truths,
            reference_intervals=_against(ranks, truths, draws),
        )
    traded, why_not = None, ""
    i = predictions.horizons.index(config.horizon)
    found = study(panel, labels, Scored(rows, predictions.scores[i, rows], config.horizon))
    try:
        traded, kept = _trade(panel, labels, predictions, config)
    except DataGapError as error:
        why_not = str(error)
    else:
        found = study_book(found, panel, kept) if detail else found
    return Judgement(panel.dates[rows], horizons, config.horizon, traded, found, why_not, labels.unit)


def _intervals(plain: IcResult, ranks: IcResult, draws: Draws, year: float) -> dict[str, Interval]:
    """Of the correlations of one horizon, their ratios, and the share of dates with a gain."""
    pair = (Correlations(found.per_date[:, None], found.stocks[:, None]) for found in (plain, ranks))
    (part,) = parts(Both(*pair), [""], draws, horizon=ranks.horizon)
    scale = math.sqrt(year / ranks.horizon)

    def named(estimate: float, low: float, high: float) -> Interval:
        return Interval(estimate, low, high, draws.level, draws.method)

    made = {"win_rate": named(part.win_rate, part.win_low, part.win_high)}
    for name, one in (("ic", part.ic), ("rank_ic", part.rank_ic)):
        made[name] = named(one.mean, one.low, one.high)
        made[f"{name}_ir"] = named(one.ir, one.ir_low, one.ir_high)
        made[f"{name}_ir_annual"] = named(one.ir * scale, one.ir_low * scale, one.ir_high * scale)
    return made


def _against(ranks: IcResult, truths: Mapping[str, IcResult], draws: Draws) -> dict[str, Interval]:
    """Of the RankIC of each reference, and of the share of it that the scores reach on the same draws."""
    made: dict[str, Interval] = {}
    ours = draws.means(ranks.per_date[:, None])[:, 0]
    for name, truth in truths.items():
        theirs = draws.means(truth.per_date[:, None])[:, 0]
        made[name] = draws.interval(truth.mean, theirs, truth.n_dates)
        if truth.mean > 0:
            share = _shares(ours, theirs, draws.level)
            made[f"{name}_share"] = draws.interval(ranks.mean / truth.mean, share, truth.n_dates)
    return made


def _shares(ours: FloatArray, theirs: FloatArray, level: float) -> FloatArray:
    """(D,) what the scores reach of a reference on each draw: infinite where that has nothing, and NaN on all
    where such draws fill a tail of the interval, which then has no end."""
    lost = theirs <= 0
    if lost.mean() >= (1.0 - level) / 2.0:
        return np.full(len(ours), np.nan)
    return np.asarray(np.where(lost, np.copysign(np.inf, ours), ours / np.where(lost, 1.0, theirs)))


def _trade(
    panel: Panel, labels: Labels, predictions: Predictions, config: PortfolioConfig
) -> tuple[Traded, Kept]:
    """The long-short portfolio of the primary horizon beside the equally weighted universe."""
    scores = predictions.scores[predictions.horizons.index(config.horizon)]
    prepared = prepare(panel, config, fillable=labels.fillable)
    book = trade(prepared, plan(panel, prepared, scores, config), config)
    benchmark = universe_return(panel, universe(panel))[np.isin(panel.dates, book.dates)]
    returns = {**book.returns, "benchmark": benchmark}
    year, net = config.sessions_per_year, book.returns["long_short_net"]
    months = stats.monthly(book.dates, net)
    draws = draw(len(net), block=20.0)
    turnover = np.mean(list(book.turnover.values()), axis=0)
    cost = (book.returns["long_short_gross"] - net) * year
    ratio = performance(net, periods_per_year=year).sharpe
    traded = Traded(
        portfolio=book,
        returns=returns,
        performance={leg: performance(returns[leg], periods_per_year=year, dates=book.dates) for leg in LEGS},
        monthly_net=months[1],
        months=months[0],
        sharpe_interval=draws.interval(ratio, draws.sharpe(net[:, None], year)[:, 0]),
        turnover_daily=float(turnover.mean()),
        turnover_interval=draws.interval(float(turnover.mean()), draws.means(turnover[:, None])[:, 0]),
        cost_interval=draws.interval(float(cost.mean()), draws.means(cost[:, None])[:, 0]),
    )
    return traded, Kept(prepared, scores, book, returns)


def _horizon_metrics(result: Horizon) -> dict[str, Any]:
    return {
        "ic": _ic_metrics(result.ic),
        "rank_ic": {
            **_ic_metrics(result.rank_ic),
            "interval_95": [result.interval.low, result.interval.high],
        },
        "intervals_95": {name: [one.low, one.high] for name, one in result.intervals.items()},
        "references": {
            name: {**_ic_metrics(scored), **_reference_intervals(name, result.reference_intervals)}
            for name, scored in result.references.items()
        },
        "deciles": {
            "mean": result.deciles.mean,
            "std_error": result.deciles.std_error,
            "spread": result.deciles.spread_mean,
            "spread_t": result.deciles.spread_t,
            "monotonic": dataclasses.asdict(result.monotonic),
        },
    }


def _reference_intervals(name: str, found: Mapping[str, Interval]) -> dict[str, list[float]]:
    """Of a reference, and of the share of it that the scores reach where it has one."""
    keys = {"interval_95": name, "share_95": f"{name}_share"}
    return {key: [found[one].low, found[one].high] for key, one in keys.items() if one in found}


def _ic_metrics(result: IcResult) -> dict[str, Any]:
    names = ("mean", "std", "ir", "ir_annual", "win_rate", "t_newey_west", "lags", "n_dates")
    return {name: getattr(result, name) for name in names}


def _portfolio_metrics(traded: Traded) -> dict[str, Any]:
    book = traded.portfolio
    plain = (
        "annual_return",
        "annual_risk",
        "return_risk",
        "sharpe",
        "max_drawdown",
        "win_rate",
        "total_return",
        "sortino",
        "recovery",
        "under_water",
        "periods",
    )
    return {
        "performance": {
            leg: {name: getattr(figures, name) for name in plain}
            for leg, figures in traded.performance.items()
        },
        "sharpe_net_interval_95": [traded.sharpe_interval.low, traded.sharpe_interval.high],
        "turnover_daily": traded.turnover_daily,
        "turnover_daily_interval_95": [traded.turnover_interval.low, traded.turnover_interval.high],
        "cost_annual_interval_95": [traded.cost_interval.low, traded.cost_interval.high],
        "turnover_annual": traded.turnover_daily * book.config.sessions_per_year,
        "cost_annual": dict(book.cost_annual),
        "stocks": dict(book.stocks),
        "unfilled": dict(book.unfilled),
        "short_kind": book.short_kind,
        "decisions": book.decisions,
        "config": dataclasses.asdict(book.config),
    }
