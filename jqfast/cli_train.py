"""``jqfast train``, also ``python -m jqfast.learn.train``: the models of a configuration, nothing after them.

For machines with accelerators: the same code finds them, puts the data there once and trains as many folds at
a time as memory allows, spread over all of them. ``jqfast run`` with the same configuration and folder then
goes on with judgement and report.
"""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer


def train_command(
    config: Annotated[str, typer.Argument(help="TOML file, or the name of a shipped configuration.")],
    prices: Annotated[str, typer.Option(help="CSV or Parquet of daily prices.")] = "",
    store: Annotated[str, typer.Option(help="Folder that sync, import or simulate filled.")] = "",
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value, as in learn.epochs=3.")] = None,
    out: Annotated[str, typer.Option(help="Folder that holds the run folders.")] = "",
    name: Annotated[str, typer.Option(help="Name of the run folder.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train the models of a configuration, resumable, on the CPU or on every GPU there is."""
    from jqfast.cli import mistakes

    given = {"data.prices": prices, "data.store": store, "out": out, "name": name}
    with mistakes():
        from jqfast import pipeline
        from jqfast.config import read
        from jqfast.learn.devices import describe
        from jqfast.progress import bars

        settings = read(config, (*(f"{key}={value}" for key, value in given.items() if value), *(set_ or ())))
        typer.echo(f"device: {describe()}", err=as_json)
        start = time.perf_counter()
        with bars() as progress:
            folder, predictions = pipeline.train(settings, progress=progress)
        took = time.perf_counter() - start
        if as_json:
            facts = {"folder": str(folder), "folds": predictions.folds, "notes": predictions.notes}
            typer.echo(json.dumps({**facts, "seconds": round(took, 3)}, indent=2, ensure_ascii=False))
            return
        for note in predictions.notes:
            typer.echo(note)
        typer.echo(f"{len(predictions.folds)} folds in {took:.1f} s: {folder}")


def search_command(
    config: Annotated[str, typer.Argument(help="TOML file with a [search] section.")],
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value, as in search.folds=2.")] = None,
    out: Annotated[str, typer.Option(help="Folder that holds the run folders.")] = "",
    name: Annotated[str, typer.Option(help="Name of the run folder.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try hyper-parameters on the validation part of the first fold: search.json and best.toml."""
    from jqfast.cli import mistakes

    given = {"out": out, "name": name}
    with mistakes():
        from jqfast import search
        from jqfast.config import read
        from jqfast.progress import bars

        settings = read(config, (*(f"{key}={value}" for key, value in given.items() if value), *(set_ or ())))
        with bars() as progress:
            folder, trials = search.search(settings, progress=progress)
        if as_json:
            from jqfast.runfolder import plain

            facts = {"folder": str(folder), "trials": plain(list(trials))}
            typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
            return
        for trial in trials[:10]:
            typer.echo(f"{trial.loss:.6f}  {' '.join(trial.settings)}")
        typer.echo(f"{len(trials)} trials: {folder / search.TRIALS}; the best: {folder / search.BEST}")


if __name__ == "__main__":
    typer.run(train_command)
