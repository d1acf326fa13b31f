"""``jqfast evaluate``: judge scores made elsewhere, or a finished run once more."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jqfast.evaluation import Evaluated
    from jqfast.judge import Judgement

_WIDE = 120


def evaluate_command(  # the options of the command line are its parameters
    scores: Annotated[
        Path, typer.Argument(help="CSV or Parquet with date, code and a column per score; or a run folder.")
    ],
    prices: Annotated[str, typer.Option(help="CSV or Parquet of daily prices.")] = "",
    store: Annotated[str, typer.Option(help="Folder that sync, import or simulate filled.")] = "",
    universe: Annotated[str, typer.Option(help="Of a store: prime (default), standard, growth, all.")] = "",
    sectors: Annotated[str, typer.Option(help="CSV with a code and its sector, for --prices.")] = "",
    horizon: Annotated[
        int | None, typer.Option(help="Sessions that a position is held, and the main horizon; 5 by default.")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as in portfolio.weights=rank.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all metrics as JSON.")] = False,
) -> None:
    """IC by horizon, sector, size, state and year, decay, deciles, books after costs, capacity, alphas.

    A score of a date must have been known at the close of that date; trading starts with the next session.
    Several columns are judged one by one and count as trials of one another.

    Also: jqfast evaluate scores.parquet --store ./jq --horizon 20 --set portfolio.costs.capital=1e9 --json

    jqfast evaluate runs/jp
    """
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import evaluation

        if scores.is_dir():
            _only_the_folder(
                {
                    "--prices": prices,
                    "--store": store,
                    "--universe": universe,
                    "--sectors": sectors,
                    "--horizon": horizon,
                    "--set": set_,
                }
            )
            found = evaluation.evaluate_run(scores)
        else:
            if bool(prices) == bool(store):
                raise ValueError("Scores need prices: give either `--prices FILE` or `--store DIR`.")
            given = {
                "data.prices": prices,
                "data.store": store,
                "data.universe": universe,
                "data.sectors": sectors,
            }
            settings = (*(f"{key}={value}" for key, value in given.items() if value), *(set_ or []))
            found = _from_file(scores, settings, horizon)
        if as_json:
            from jqfast.runfolder import plain

            typer.echo(json.dumps(plain(found.metrics), indent=2, ensure_ascii=False))
            return
        _show(found)


def _only_the_folder(options: Mapping[str, object]) -> None:
    """Options that a run folder has no use for are refused, not passed over."""
    given = [f"`{name}`" for name, value in options.items() if value not in ("", None, [])]
    if given:
        raise ValueError(
            f"A run folder is judged on its own data and settings; leave out {', '.join(given)}, or name a "
            "file of scores."
        )


def _with_horizon(settings: tuple[str, ...], horizon: int) -> tuple[str, ...]:
    """The settings with a main horizon, which joins the horizons where it is not among them."""
    from jqfast.config import LabelConfig
    from jqfast.toml import build, override

    labels = build(LabelConfig, override({}, settings).get("labels", {}), "labels")
    horizons = sorted({*labels.horizons, horizon})
    return (f"portfolio.horizon={horizon}", *settings, f"labels.horizons={horizons}")


def _from_file(scores: Path, settings: tuple[str, ...], horizon: int | None) -> Evaluated:
    """The judgement of a file of scores."""
    from jqfast import evaluation
    from jqfast.config import read
    from jqfast.load import load

    if not scores.is_file():
        raise FileNotFoundError(2, "No such file", str(scores))
    config = read(None, settings if horizon is None else _with_horizon(settings, horizon))
    panel = load(config).panel
    values, notes = evaluation.read_scores(scores, panel)
    return evaluation.evaluate_scores(panel, values, config, notes)


def _show(found: Evaluated) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width
        console.width = _WIDE
    for name, judgement in found.judgements.items():
        table = Table(title=name, title_justify="left", show_header=False)
        for label, value in rows(judgement):
            table.add_row(label, value)
        console.print(table, markup=False)
    first = next(iter(found.judgements.values()))
    told = first.trial_metrics(found.trials)["overfitting"]
    if told:
        typer.echo(
            f"Probability of back-test overfitting of {told['trials']} scores: {told['probability']:.0%}, "
            f"over {told['choices']:,} splits of {told['periods']} months."
        )
    for note in found.notes:
        typer.echo(note)


def rows(judgement: Judgement) -> list[tuple[str, str]]:
    """(label, value) pairs for people; intervals are of 95 %."""
    letter = "m" if judgement.unit == "month" else "d"
    found = [(f"RankIC {h}{letter}", _ic(judgement, h)) for h in judgement.horizons]
    study = judgement.study
    for kind in ("size", "volatility", "trend", "decay"):
        parts = study.parts.get(kind, ())
        told = ", ".join(f"{p.name} {p.rank_ic.mean:+.4f} (t {p.rank_ic.t:+.1f})" for p in parts if p.n_dates)
        if told:
            found.append(("RankIC by delay" if kind == "decay" else f"RankIC by {kind}", told))
    test = judgement.horizons[judgement.primary].monotonic
    found.append(("deciles", f"trend t {test.trend_t:+.1f}, all steps up p {test.p:.3f}"))
    for variant in study.variants:
        book = variant.long_short
        interval = f"({book.low:.2f} to {book.high:.2f})"
        text = f"{book.annual_return:+.1%} a year net, Sharpe {book.sharpe:.2f} {interval}"
        found.append((f"long-short, {variant.name.replace('_', ' ')}", text))
    if study.not_built:
        names = ", ".join(name.replace("_", " ") for name in study.not_built)
        found.append(("not built", f"{names}: no decision on a date with enough scores"))
    if study.variants:
        found.append(("capacity", _capacity(study.break_even)))
    for one in study.alphas:
        if one.leg == "long_short_net":
            found.append((f"alpha, {one.model}", f"{one.alpha:+.1%} a year, t {one.t:+.1f}"))
    if judgement.why_not:
        found.append(("no portfolio", judgement.why_not))
    return found


def _capacity(break_even: float) -> str:
    if math.isnan(break_even):
        return "no size shown earns anything after costs"
    if math.isinf(break_even):
        return "the largest size shown still earns something after costs"
    return f"{break_even:,.0f} yen a leg until costs take everything"


def _ic(judgement: Judgement, horizon: int) -> str:
    scored = judgement.horizons[horizon]
    ranks, interval = scored.rank_ic, scored.interval
    return (
        f"{ranks.mean:+.4f} ({interval.low:+.4f} to {interval.high:+.4f}), t {ranks.t_newey_west:+.1f}, "
        f"IR {ranks.ir:+.2f}, {ranks.n_dates:,} dates"
    )
