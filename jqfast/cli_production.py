"""``jqfast predict``, ``jqfast health`` and ``jqfast retrain``: a finished run, day by day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Run = Annotated[Path, typer.Argument(help="Folder of a finished run, such as runs/jp.")]


def predict_command(run: Run) -> None:
    """Score today's row with the saved models: today.csv in the run folder."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production

        today = production.predict(run)
        scored = int((today.scores == today.scores).any(axis=0).sum())
        typer.echo(f"{scored} stocks scored at the close of {today.date} by the model of {today.fold}.")
        typer.echo(f"scores: {run / production.PREDICTIONS_TODAY}")
        _tell_due(today.due)


def health_command(run: Run) -> None:
    """Compare today's inputs and the recent RankIC with what the models were trained on: health.json."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production

        found = production.health(run)
        for warning in found.warnings:
            typer.echo(warning)
        if not found.warnings:
            typer.echo("Inputs and RankIC are within their limits.")
        typer.echo(f"figures: {run / production.HEALTH}")
        _tell_due(found.due)


def retrain_command(
    run: Run, force: Annotated[bool, typer.Option("--force", help="Also when nothing is due.")] = False
) -> None:
    """Train the models that have become due, then judge and report anew."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import production
        from jqfast.progress import bars

        with bars() as progress:
            due = production.retrain(run, force=force, progress=progress)
        typer.echo(f"Trained: {', '.join(due)}." if due else "Nothing was due: the newest model is current.")


def _tell_due(due: tuple[str, ...]) -> None:
    if due:
        typer.echo(f"A newer model is due ({', '.join(due)}): jqfast retrain")
