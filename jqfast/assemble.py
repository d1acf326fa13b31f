"""From the results of a run to the plain numbers of its report; only intervals of figure 7 are made here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jqfast import toml
from jqfast.config import Config
from jqfast.data.quality import summarise
from jqfast.data.simulator import is_simulated
from jqfast.evaluate import inference
from jqfast.evaluate.ic import Deciles
from jqfast.evaluate.overfitting import overfitting
from jqfast.explained import explanation
from jqfast.features.columns import CALENDAR
from jqfast.features.declare import Feature
from jqfast.features.describe import Description, worded
from jqfast.formulas import declared
from jqfast.judge import Horizon, Judgement, Traded
from jqfast.learn.folds import Fold
from jqfast.learn.labels import universe
from jqfast.learn.walk_forward import Predictions
from jqfast.ledger import Trials
from jqfast.monitor import monitor
from jqfast.report.evaluation_inputs import EvaluationFacts
from jqfast.report.inputs import (
    Coverage,
    DataFacts,
    DecileReturns,
    FeatureRow,
    FoldSpan,
    ForecastFacts,
    HorizonScore,
    IcSeries,
    Interval,
    Language,
    Performance,
    PlantedFacts,
    PortfolioFacts,
    PortfolioSeries,
    ReferenceScore,
    ReportInput,
    RunFacts,
    cost_items,
)
from jqfast.report.prose import sentence
from jqfast.runfolder import plain

if TYPE_CHECKING:
    from jqfast.pipeline import RunResult


def report_input(result: RunResult, manifest: Mapping[str, Any], trials: Trials) -> ReportInput:
    """The report of a run.

    Parameters
    ----------
    result : of the pipeline
    manifest : of its folder
    trials : all configurations tried on the same data
    """
    config = result.config
    explained = None
    if result.relevance is not None:
        explained = explanation(
            result.relevance,
            result.features,
            result.predictions,
            horizon=config.portfolio.horizon,
            epsilon=config.explain.epsilon,
            kinds={name: feature.kind for name, feature in inputs_of(result).items()},
            market=market_inputs(result),
        )
    return ReportInput(
        title=config.report.title or config.run_name,
        run=_run_facts(result, manifest),
        data=_data_facts(result),
        forecast=_forecast_facts(result),
        portfolio=_portfolio_facts(result.judgement, trials.sharpes, config.report.language),
        explanation=explained,
        evaluation=evaluation_facts(result.judgement, trials),
        language=config.report.language,
        warnings=(result.judgement.why_not,) if result.judgement.why_not else (),
        explanation_missing=result.why_unexplained,
        trust=result.trust,
        monitor=monitor(result),
        font=config.report.font or None,
        unit=config.labels.unit,
        interactive=config.report.interactive,
    )


def evaluation_facts(judgement: Judgement, trials: Trials) -> EvaluationFacts:
    """The judgement in detail."""
    test = judgement.sharpe_test(trials.sharpes)
    return EvaluationFacts(
        study=judgement.study,
        monotonic={h: scored.monotonic for h, scored in judgement.horizons.items()},
        performance=dict(judgement.traded.performance) if judgement.traded else {},
        overfitting=overfitting(trials.returns),
        deflated=test.probability if test else float("nan"),
        trials=trials.returns.shape[1],
    )


def _run_facts(result: RunResult, manifest: Mapping[str, Any]) -> RunFacts:
    versions = manifest.get("versions", {})
    core = manifest.get("core", {})
    facts = {
        **{name: version for name, version in versions.items() if version},
        "isa": core.get("isa", ""),
        "compiler": core.get("compiler", ""),
        "git": manifest.get("git") or "",
        "data hash": manifest["data"]["hash"],
        "seed": result.config.learn.seed,
    }
    inputs = inputs_of(result)
    rows = [_feature_row(feature, result) for feature in inputs.values()]
    config = plain(dataclasses.asdict(result.config))
    return RunFacts(result.config.run_name, config, facts, _timings(result, manifest), rows)


def _timings(result: RunResult, manifest: Mapping[str, Any]) -> dict[str, float]:
    """Seconds per stage; of a stage that was read back, those that it took when it was done."""
    took = {stage: entry["seconds"] for stage, entry in manifest.get("stages", {}).items()}
    names = {"features": "features", "models": "predictions", "explain": "relevance"}
    return {stage: took.get(names.get(stage, ""), seconds) for stage, seconds in result.seconds.items()}


def inputs_of(result: RunResult) -> dict[str, Feature]:
    """The declarations of a run's inputs."""
    return declared(result.features.names, result.config.features.own)


def market_inputs(result: RunResult) -> list[str]:
    """Names of the inputs that are the same for all stocks of a date, those of the calendar left out."""
    found = inputs_of(result).items()
    return [name for name, f in found if f.expr.axis == "market" and f.expr.columns - set(CALENDAR)]


def _feature_row(feature: Feature, result: RunResult) -> FeatureRow:
    name, axis = feature.name, feature.expr.axis
    own = result.config.features.own
    if name in own:
        return FeatureRow(name, formula=own[name], kind="own", norm=result.features.norms[name], axis=axis)
    return FeatureRow(
        name,
        Description(feature).formula,
        worded(feature),
        feature.kind,
        _rows(feature.lookback),
        feature.timing,
        str(feature.treatment),
        feature.req,
        axis,
    )


def _rows(lookback: float) -> int:
    """The look-back as a number; a recursion never forgets and gets -1."""
    return int(lookback) if np.isfinite(lookback) else -1


def _data_facts(result: RunResult) -> DataFacts:
    panel, info = result.panel, result.panel.info
    given = result.config.data
    simulated = not given.prices and (not given.store or is_simulated(given.store))
    members = universe(panel)
    scored = np.isfinite(result.predictions.scores).any(axis=0).sum(axis=1)
    coverage = Coverage(panel.dates, panel.listed.sum(axis=1), members.sum(axis=1), scored)
    return DataFacts(
        source=info.source,
        quality=summarise(panel),
        universe_notes=(*info.notes, *result.features.notes, *result.predictions.notes),
        survivors_only=info.survivors_only,
        simulated=simulated,
        decision=info.decision,
        returns=info.returns,
        coverage=coverage,
    )


def _forecast_facts(result: RunResult) -> ForecastFacts:
    judgement, config = result.judgement, result.config
    primary = judgement.horizons[judgement.primary]
    return ForecastFacts(
        model=_models_in_words(config),
        folds=len(result.predictions.folds),
        scores=[_horizon_score(h, scored) for h, scored in judgement.horizons.items()],
        ic_series=IcSeries(judgement.primary, judgement.dates, primary.rank_ic.per_date),
        deciles=[
            DecileReturns(h, scored.deciles.mean, scored.deciles.std_error, _spread_error(scored.deciles))
            for h, scored in judgement.horizons.items()
        ],
        primary_horizon=judgement.primary,
        folds_note=_folds_note(result),
        planted=_planted_facts(result),
        fold_spans=[_span(fold, result.predictions) for fold in result.folds],
    )


def _models_in_words(config: Config) -> str:
    """Kinds and shapes of a run's models, and how an ensemble's scores are combined."""
    told = []
    for learn in config.members().values():
        shape = (
            f"{field.name} {getattr(learn.model, field.name)}" for field in dataclasses.fields(learn.model)
        )
        told.append(f"{toml.kind_of(type(learn.model)).upper()} ({', '.join(shape)})")
    told += [config.ensemble.factors] if config.ensemble.factors else []
    return " + ".join(told) + (f" [{config.ensemble.combine}]" if config.ensemble.several else "")


def _span(fold: Fold, predictions: Predictions) -> FoldSpan:
    dates = predictions.dates
    train, ahead = fold.train_rows, fold.predict_rows
    return FoldSpan(fold.name, (dates[train[0]], dates[train[-1]]), (dates[ahead[0]], dates[ahead[-1]]))


def _planted_facts(result: RunResult) -> PlantedFacts | None:
    known = result.references
    if known is None:
        return None
    scores = [
        ReferenceScore(
            h,
            scored.rank_ic.mean,
            scored.references["oracle"].mean,
            scored.references["oracle_visible"].mean,
            scored.references["drivers_ridge"].mean,
            {"rank_ic": _range(scored.interval)}
            | _ranges({_renamed(name): one for name, one in scored.reference_intervals.items()}),
        )
        for h, scored in result.judgement.horizons.items()
        if scored.references
    ]
    return PlantedFacts(known.drivers, known.visible, scores)


def _renamed(name: str) -> str:
    """``oracle_visible_share`` is the report's ``visible_share``."""
    return name.replace("oracle_visible", "visible").replace("drivers_ridge", "ridge")


def _folds_note(result: RunResult) -> str:
    names, config, language = result.predictions.folds, result.config.folds, result.config.report.language
    if config.scheme == "split":
        return sentence(language, "folds_split", share=f"{config.share:.0%}")
    window = sentence(language, f"window_{config.window}", months=config.train_months)
    key = f"folds_{config.scheme}"
    return sentence(
        language, key, count=len(names), first=names[0], last=names[-1], step=config.step, window=window
    )


def _horizon_score(h: int, scored: Horizon) -> HorizonScore:
    ranks, plain_ic = scored.rank_ic, scored.ic
    return HorizonScore(
        horizon=h,
        n_dates=ranks.n_dates,
        ic=plain_ic.mean,
        ic_ir=plain_ic.ir,
        ic_ir_annual=plain_ic.ir_annual,
        rank_ic=ranks.mean,
        rank_ic_ir=ranks.ir,
        rank_ic_ir_annual=ranks.ir_annual,
        t_newey_west=ranks.t_newey_west,
        win_rate=ranks.win_rate,
        rank_ic_interval=_range(scored.interval),
        intervals=_ranges(scored.intervals),
    )


def _range(found: inference.Interval) -> Interval:
    return Interval(found.low, found.high, found.method)


def _ranges(found: Mapping[str, inference.Interval]) -> dict[str, Interval]:
    return {name: _range(one) for name, one in found.items()}


def _portfolio_facts(
    judgement: Judgement, trials: tuple[float, ...], language: Language
) -> PortfolioFacts | None:
    traded = judgement.traded
    if traded is None:
        return None
    book, returns = traded.portfolio, traded.returns
    test = judgement.sharpe_test(trials)
    gross = judgement.study.intervals.get("long_short_gross", {}).get("sharpe")
    return PortfolioFacts(
        series=PortfolioSeries(
            book.dates,
            returns["long_gross"],
            returns["short_gross"],
            returns["long_short_gross"],
            returns["long_short_net"],
            returns["benchmark"],
            sentence(language, "benchmark_universe"),
        ),
        performance=_performances(traded, judgement.study.intervals),
        sharpe_gross=traded.performance["long_short_gross"].sharpe,
        sharpe_net=traded.performance["long_short_net"].sharpe,
        sharpe_net_interval=_range(traded.sharpe_interval),
        sharpe_gross_interval=_range(gross) if gross else Interval(),
        turnover_interval=_range(traded.turnover_interval),
        cost_interval=_range(traded.cost_interval),
        turnover_daily=traded.turnover_daily,
        turnover_annual=traded.turnover_daily * book.config.sessions_per_year,
        cost_annual=sum(book.cost_annual.values()),
        costs=cost_items(book.config.costs),
        tranches=book.config.horizon if book.config.rebalance == "tranches" else 1,
        probabilistic_sharpe=test.probability if test else float("nan"),
        trials=max(len(trials), 1),
        notes=_portfolio_notes(traded, language),
    )


def _spread_error(found: Deciles) -> float:
    """Standard error of top minus bottom, which its t was made with."""
    return abs(found.spread_mean / found.spread_t) if found.spread_t else float("nan")


def _performances(
    traded: Traded, intervals: Mapping[str, Mapping[str, inference.Interval]]
) -> list[Performance]:
    columns = []
    for name, figures in traded.performance.items():
        leg, _, basis = name.rpartition("_") if name != "benchmark" else (name, "", "gross")
        columns.append(
            Performance(
                leg,  # type: ignore[arg-type]  # the names of the legs are the report's
                basis,  # type: ignore[arg-type]
                figures.annual_return,
                figures.annual_risk,
                figures.return_risk,
                figures.max_drawdown,
                figures.win_rate,
                figures.periods,
                _intervals(intervals.get(name, {})),
            )
        )
    return columns


def _intervals(found: Mapping[str, inference.Interval]) -> dict[str, Interval]:
    """Of the fields of a column of figure 7."""
    names = {"return_risk": "ratio"}
    return {names.get(name, name): one for name, one in _ranges(found).items()}


def _portfolio_notes(traded: Traded, language: Language) -> tuple[str, ...]:
    book = traded.portfolio
    notes = [sentence(language, "note_opened", stocks=f"{book.stocks['long']:.0f}")]
    if book.short_kind == "paper":
        notes.append(sentence(language, "note_paper_short"))
    unfilled = max(book.unfilled.values())
    if unfilled > 0:
        notes.append(sentence(language, "note_unfilled", share=f"{unfilled:.1%}"))
    return tuple(notes)
