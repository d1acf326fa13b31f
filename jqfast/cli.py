"""The ``jqfast`` command.

A mistake of the user ends with one sentence on standard error and exit code 2, Ctrl-C with 130; a
traceback is a defect of ours, or asked for with ``JQFAST_TRACEBACK=1``. Everything heavy is imported
inside the commands.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from jqfast.cli_compare import compare_command
from jqfast.cli_evaluate import evaluate_command
from jqfast.cli_examples import add_examples
from jqfast.cli_explain import explain_command
from jqfast.cli_features import audit_command, features_app
from jqfast.cli_production import (
    health_command,
    predict_command,
    report_command,
    retrain_command,
    update_command,
)
from jqfast.cli_simulate import simulate_command
from jqfast.cli_store import import_command, store_app
from jqfast.cli_sync import sync_command
from jqfast.cli_train import search_command, train_command

if TYPE_CHECKING:
    from jqfast.config import Config
    from jqfast.pipeline import RunResult

app = typer.Typer(no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False)
app.add_typer(features_app, name="features")
app.add_typer(store_app, name="store")
app.command("audit")(audit_command)
app.command("import")(import_command)
app.command("compare")(compare_command)
app.command("evaluate")(evaluate_command)
app.command("explain")(explain_command)
app.command("simulate")(simulate_command)
app.command("sync")(sync_command)
app.command("train")(train_command)
app.command("search")(search_command)
app.command("predict")(predict_command)
app.command("health")(health_command)
app.command("retrain")(retrain_command)
app.command("update")(update_command)
app.command("report")(report_command)

#: What a user's data, options or machine can cause; anything else is a defect and keeps its traceback.
_MISTAKES = (ValueError, TypeError, ArithmeticError, OSError, MemoryError)

_ADVICE = {
    errno.ENOSPC: "Free some space or name another folder with `--out`; the same command then continues.",
    errno.EDQUOT: "Free some space or name another folder with `--out`; the same command then continues.",
    errno.EACCES: "Name a folder you may write to with `--out`.",
    errno.EPERM: "Name a folder you may write to with `--out`.",
    errno.EROFS: "Name a folder you may write to with `--out`.",
    errno.ENOENT: "Check the spelling; a relative path starts at the current folder.",
}

#: What `--model` sets besides: a recurrent model takes a hundred times the arithmetic of a dense one.
LIGHTER = {"lstm": ("folds.step=12", "learn.epochs=5")}


def main() -> None:
    """Entry point of the console script."""
    app()


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Point-in-time features, walk-forward forecasts, honest evaluation and LRP for Japanese equities."""
    if version:
        from jqfast import __version__

        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("run")
def run_command(  # the options of the command line are its parameters
    prices: Annotated[str, typer.Option(help="CSV or Parquet of daily prices; without it, simulated.")] = "",
    store: Annotated[str, typer.Option(help="Folder that sync, import or simulate filled.")] = "",
    universe: Annotated[str, typer.Option(help="Of a store: prime (default), standard, growth, all.")] = "",
    config: Annotated[str, typer.Option(help="TOML file, or the name of a shipped configuration.")] = "",
    model: Annotated[
        str,
        typer.Option(
            help="mlp, lstm (refitted once a year, 5 epochs, unless said otherwise), linear, ridge, cnn, "
            "attention, lightgbm, forest."
        ),
    ] = "",
    null: Annotated[bool, typer.Option("--null", help="Simulate a market with nothing to find.")] = False,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value, as in learn.epochs=3.")] = None,
    out: Annotated[str, typer.Option(help="Folder that holds the run folders.")] = "",
    name: Annotated[str, typer.Option(help="Name of the run folder.")] = "",
    bad: Annotated[str, typer.Option(help="Contradictory price rows: error or null.")] = "",
    sectors: Annotated[str, typer.Option(help="CSV with a code and its sector.")] = "",
    threads: Annotated[
        int | None, typer.Option(help="CPU threads; default: all this process may use.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics as JSON.")] = False,
) -> None:
    """Prices to report: features, walk-forward forecasts, evaluation, explanation."""
    given = {
        "data.prices": prices,
        "data.store": store,
        "data.universe": universe,
        "learn.model.kind": model,
        "simulate.null": "pure" if null else "",
        "out": out,
        "name": name,
        "data.bad": bad,
        "data.sectors": sectors,
        "threads": "" if threads is None else str(threads),
    }
    with mistakes():
        from jqfast.config import read

        if null and (prices or store):
            other = "--prices" if prices else "--store"
            raise ValueError(f"`--null` asks for a simulated market, `{other}` for yours; give one of them.")
        assignments = [] if config else [*LIGHTER.get(model, ())]
        assignments += [f"{key}={value}" for key, value in given.items() if value]
        settings = read(config or None, (*assignments, *(set_ or ())))
        result = _run(settings)
        _show(result, as_json=as_json)


def _run(settings: Config) -> RunResult:
    """The pipeline with bars; an interrupt ends with how to go on."""
    from jqfast import pipeline
    from jqfast.progress import bars

    try:
        with bars() as progress:
            return pipeline.run(settings, progress=progress)
    except KeyboardInterrupt:
        folder = settings.folder
        sys.stderr.write(
            f"\nInterrupted. What is finished is kept in {folder}; the same command continues.\n"
        )
        sys.stderr.flush()
        raise typer.Exit(130) from None


def _show(result: RunResult, *, as_json: bool) -> None:
    if as_json:
        from jqfast.runfolder import plain

        typer.echo(json.dumps(plain(result.metrics), indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    from jqfast.summary import rows

    if result.complete:
        typer.echo(f"{result.folder} was complete already; only its report was written again.")
    table = Table(title=result.config.run_name, title_justify="left", show_header=False)
    for label, value in rows(result):
        table.add_row(label, value)
    Console().print(table, markup=False)
    typer.echo(f"report: {result.report}")


@app.command("build-info")
def build_info_command() -> None:
    """Version, compiler, instruction sets and threads of the compiled core, as JSON."""
    with mistakes():
        from jqfast import __version__
        from jqfast._core import build_info

        typer.echo(json.dumps({"jqfast": __version__, **build_info()}, indent=2))


add_examples(app)


@contextlib.contextmanager
def mistakes() -> Iterator[None]:
    """Turn what a user can mend into one sentence and exit code 2."""
    try:
        yield
    except BrokenPipeError:
        # The reader of our output has left, as `head` does; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted.\n")
        raise typer.Exit(130) from None
    except _MISTAKES as error:
        if os.environ.get("JQFAST_TRACEBACK"):
            raise
        _fail(error)


def _fail(error: Exception) -> NoReturn:
    sys.stderr.write(f"jqfast: {_sentence(error)}\n")
    sys.stderr.flush()
    raise typer.Exit(2)


def _sentence(error: Exception) -> str:
    """What went wrong and how to mend it."""
    if isinstance(error, OSError) and error.errno is not None:
        where = f" `{Path(error.filename)}`" if error.filename else ""
        advice = _ADVICE.get(error.errno, "")
        return f"{error.strerror}:{where}. {advice}".strip()
    if isinstance(error, MemoryError):
        return f"Not enough memory. {error} Fewer features (`--set features.use=rsi,ret_5`) need less."
    return str(error) or type(error).__name__


if __name__ == "__main__":
    main()
