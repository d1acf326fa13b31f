"""A finished run, day by day: ``jqfast update``, ``predict``, ``health``, ``retrain`` and ``report``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from jqfast.production import Health, Today, Updated

Run: TypeAlias = Annotated[Path, typer.Argument(help="Folder of a finished run, such as runs/jp.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def update_command(
    run: Run,
    sync: Annotated[bool, typer.Option(help="Fetch what the run's store lacks from J-Quants first.")] = True,
    as_json: Json = False,
) -> None:
    """The daily round: fetch what is new, score today's row, look at the run's health."""
    from jqfast.cli import mistakes
    from jqfast.cli_sync import endings

    with mistakes(), endings():
        from jqfast import production
        from jqfast.cli_sync import sync_bars

        with sync_bars() as progress:
            done = production.update(run, sync=sync, progress=progress)
        if as_json:
            synced = done.synced.as_dict() if done.synced else None
            _print({"synced": synced, **_today(done.today), "health": production.health_facts(done.health)})
        else:
            _tell_update(run, done)
        if done.synced is not None and not done.synced.complete:
            typer.echo("Not everything could be fetched; the same command goes on from there.", err=True)
            raise typer.Exit(1)


def _tell_update(run: Path, done: Updated) -> None:
    from jqfast.production import FEATURES_TODAY

    if done.synced is not None:
        typer.echo(f"fetched: {sum(told.new for told in done.synced.tables.values()):,} new records")
    _tell_today(run, done.today)
    typer.echo(f"features: {run / FEATURES_TODAY}")
    _tell_health(run, done.health)
    _tell_due(done.today.due)


def predict_command(run: Run, as_json: Json = False) -> None:
    """Score today's row with the saved models: today.csv in the run folder."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production

        today = production.predict(run)
        if as_json:
            _print(_today(today))
            return
        _tell_today(run, today)
        _tell_due(today.due)


def health_command(run: Run, as_json: Json = False) -> None:
    """Compare today's inputs and the recent RankIC with what the models were trained on: health.json."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production

        found = production.health(run)
        if as_json:
            _print(production.health_facts(found))
            return
        _tell_health(run, found)
        _tell_due(found.due)


def retrain_command(
    run: Run,
    force: Annotated[bool, typer.Option("--force", help="Also when nothing is due.")] = False,
    as_json: Json = False,
) -> None:
    """Train the models that have become due, then judge and report anew."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production
        from jqfast.progress import bars

        with bars() as progress:
            due = production.retrain(run, force=force, progress=progress)
        if as_json:
            _print({"trained": due})
            return
        typer.echo(f"Trained: {', '.join(due)}." if due else "Nothing was due: the newest model is current.")


def report_command(
    run: Run,
    language: Annotated[str, typer.Option(help="en or ja; default: that of the run.")] = "",
    title: Annotated[str, typer.Option(help="Title of the page; default: that of the run.")] = "",
    font: Annotated[str, typer.Option(help="Font file or family for the figures.")] = "",
    interactive: Annotated[
        bool | None, typer.Option(help="Charts that can be enlarged; default: that of the run.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge a finished run again and write its report.html anew; nothing is trained."""
    from jqfast.cli import mistakes

    with mistakes():
        from dataclasses import replace

        from jqfast import pipeline, toml
        from jqfast.config import ReportConfig
        from jqfast.finished import settings
        from jqfast.progress import bars
        from jqfast.runfolder import plain

        config = settings(run)
        given = {"language": language, "title": title, "font": font}
        current = {name: getattr(config.report, name) for name in given}
        wanted: dict[str, object] = {name: value or current[name] for name, value in given.items()}
        wanted["interactive"] = config.report.interactive if interactive is None else interactive
        config = replace(config, report=toml.build(ReportConfig, wanted))
        with bars() as progress:
            result = pipeline.run(config, progress=progress, whole=True)
        if as_json:
            _print(plain(result.metrics))
            return
        typer.echo(f"report: {result.report}")


def _print(value: Mapping[str, Any]) -> None:
    from jqfast.runfolder import plain

    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def _today(today: Today) -> dict[str, Any]:
    """Date, model and scores by code."""
    scored = (today.scores == today.scores).any(axis=0)
    scores = {
        name: {code: x for code, x, known in zip(today.codes, row.tolist(), scored, strict=True) if known}
        for name, row in zip(today.names, today.scores, strict=True)
    }
    return {"date": str(today.date), "model": today.fold, "due": today.due, "scores": scores}


def _tell_today(run: Path, today: Today) -> None:
    from jqfast.production import PREDICTIONS_TODAY

    scored = int((today.scores == today.scores).any(axis=0).sum())
    typer.echo(f"{scored} stocks scored at the close of {today.date} by the model of {today.fold}.")
    typer.echo(f"scores: {run / PREDICTIONS_TODAY}")


def _tell_health(run: Path, found: Health) -> None:
    from jqfast.production import HEALTH

    for warning in found.warnings:
        typer.echo(warning)
    if not found.warnings:
        typer.echo("Inputs and RankIC are within their limits.")
    typer.echo(f"figures: {run / HEALTH}")


def _tell_due(due: tuple[str, ...]) -> None:
    if due:
        typer.echo(f"A newer model is due ({', '.join(due)}): jqfast retrain")
