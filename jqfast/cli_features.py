"""The commands around features: ``jqfast features list, describe`` and ``jqfast audit``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jqfast.config import Config
    from jqfast.data import Panel

features_app = typer.Typer(no_args_is_help=True, help="The feature catalogue.")

_PRICES = "CSV or Parquet of daily prices."
_STORE = "Folder that sync, import or simulate filled."


@features_app.command("list")
def list_command(
    set_: Annotated[str, typer.Option("--set", help="A set of features, for example technical.")] = "all",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Name, formula, look-back, timing class, normalisation and requirement of every feature."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import features
        from jqfast.features.describe import COLUMNS, table

        _show(COLUMNS, table(features.describe(name).feature for name in features.names(set_)), as_json)


def _show(headings: Sequence[str], rows: Sequence[Sequence[str]], as_json: bool) -> None:
    """A table: JSON, a rich one on a terminal, or tabs for cut, awk and spreadsheets."""
    if as_json:
        listed = [dict(zip(headings, row, strict=True)) for row in rows]
        typer.echo(json.dumps(listed, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        table = Table(*headings, title=f"{len(rows)} features", title_justify="left")
        for row in rows:
            table.add_row(*row)
        Console().print(table, markup=False)
    else:
        for row in (headings, *rows):
            typer.echo("\t".join(row))


@features_app.command("describe")
def describe_command(name: Annotated[str, typer.Argument(help="Name of a feature.")]) -> None:
    """Formula, inputs, windows, timing, missing values, unit, purpose and source of one feature."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import features

        typer.echo(str(features.describe(name)))


def audit_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FEATURES]...", help="Names, sets, or name=formula.")
    ] = None,
    prices: Annotated[str, typer.Option(help=f"{_PRICES} Without it and a store, simulated ones.")] = "",
    store: Annotated[str, typer.Option(help=f"{_STORE} A simulated one is cut at decision times.")] = "",
    universe: Annotated[str, typer.Option(help="Of a store: prime, standard, growth, all.")] = "all",
    decision: Annotated[str, typer.Option(help="Of a store: close, evening, preopen.")] = "close",
    row: Annotated[
        list[int] | None, typer.Option(help="Row of the panel to cut at, repeated; four by default.")
    ] = None,
    config: Annotated[str, typer.Option(help="TOML file, or the name of a shipped configuration.")] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as in features.use=rsi.")
    ] = None,
) -> None:
    """Prove that features, your own included, know nothing too early; exit code 1 if one does."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.config import read
        from jqfast.features import audit

        if prices and store:
            raise ValueError("`--prices` and `--store` are two sources; give one of them.")
        given = [f"data.prices={prices}"] if prices else ["simulate.stocks=40", "simulate.years=3"]
        given = [f"data.store={store}", f"data.universe={universe}"] if store else given
        settings = read(config or None, (*given, *(set_ or ())))
        data: Any = store or _panel(settings)
        asked = _asked(names) if names else _configured(settings, data) if config or set_ else "all"
        report = audit(data, asked, rows=row or None, universe=universe, decision=decision)  # type: ignore[arg-type]
        typer.echo(str(report))
        if not report.passed:
            raise typer.Exit(1)


def _panel(settings: Config) -> Panel:
    from jqfast.pipeline import load

    return load(settings)[0]


def _configured(settings: Config, data: Panel | str) -> Any:
    """The features that a configuration names, its own ones included."""
    from jqfast.pipeline import choose_features

    return choose_features(settings, _panel(settings) if isinstance(data, str) else data)[0]


def _asked(names: Sequence[str]) -> Any:
    """Names and sets as they are, ``name=formula`` as a feature."""
    from jqfast.features import Feature
    from jqfast.formulas import parse

    asked: list[str | Feature] = []
    for text in names:
        name, formula, rest = text.partition("=")
        expr = parse(rest, where=name) if formula else None
        asked.append(text if expr is None else Feature(name.strip(), expr, "none", doc=rest))
    return asked
