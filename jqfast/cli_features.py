"""The commands around features: ``jqfast features`` (listings, one cell, coverage) and ``jqfast audit``."""

from __future__ import annotations

import atexit
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from jqfast.config import Config
    from jqfast.data import Panel

features_app = typer.Typer(no_args_is_help=True, help="The feature catalogue.")

_PRICES = "CSV or Parquet of daily prices."
_STORE = "Folder that sync, import or simulate filled."
_SEGMENT = "Of a store: prime, standard, growth, all."

Prices: TypeAlias = Annotated[str, typer.Option(help=_PRICES)]
Store: TypeAlias = Annotated[str, typer.Option(help=_STORE)]
Segment: TypeAlias = Annotated[str, typer.Option(help=_SEGMENT)]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@features_app.command("list")
def list_command(
    set_: Annotated[
        str, typer.Option("--set", help="A set of features, for example technical.")
    ] = "everything",
    as_json: Json = False,
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

        table = Table(*headings, title=f"{len(rows)} rows", title_justify="left")
        for row in rows:
            table.add_row(*row)
        Console().print(table, markup=False)
    else:
        for row in (headings, *rows):
            typer.echo("\t".join(row))


@features_app.command("describe")
def describe_command(
    name: Annotated[str, typer.Argument(help="Name of a feature.")], as_json: Json = False
) -> None:
    """Formula, inputs, windows, timing, missing values, unit, purpose and source of one feature."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast import features

        found = features.describe(name)
        if as_json:
            facts: dict[str, str] = {}
            for key, text in found.items():  # a heading may stand twice: one line for each source
                facts[key] = f"{facts[key]}; {text}" if key in facts else text
            typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
            return
        typer.echo(str(found))


@features_app.command("explain")
def explain_command(
    feature: Annotated[str, typer.Argument(help="Name of a feature, or name=formula.")],
    code: Annotated[str, typer.Option(help="Code of the stock.")],
    date: Annotated[str, typer.Option(help="A session, YYYY-MM-DD.")],
    prices: Prices = "",
    store: Store = "",
    universe: Segment = "all",
    as_json: Json = False,
) -> None:
    """The inputs and the arithmetic of one cell, step by step."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.features import explain

        data = _panel(_settings(prices, store, universe))
        found = explain(data, _asked([feature])[0], code=code, date=date)
        if as_json:
            from jqfast.runfolder import plain

            steps = [plain(step._asdict()) for step in found.steps]
            typer.echo(json.dumps({**plain(found), "steps": steps}, indent=2, ensure_ascii=False))
            return
        typer.echo(str(found))


@features_app.command("quality")
def quality_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FEATURES]...", help="Names, sets, or name=formula.")
    ] = None,
    prices: Prices = "",
    store: Store = "",
    universe: Segment = "all",
    as_json: Json = False,
) -> None:
    """Coverage and distribution of features by year."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.features import quality
        from jqfast.features.coverage import COLUMNS

        found = quality(_panel(_settings(prices, store, universe)), _asked(names or ["all"]))
        _show(COLUMNS, [row.texts() for row in found], as_json)
        for note in found.notes:
            typer.echo(note, err=True)


@features_app.command("map")
def map_command(as_json: Json = False) -> None:
    """Kinds of features: how many, examples, what they are for."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.features.pages import MAP_COLUMNS, feature_map

        _show(MAP_COLUMNS, feature_map(), as_json)


@features_app.command("reference")
def reference_command() -> None:
    """Everything about every feature, in Markdown."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.features.pages import reference

        typer.echo(reference(), nl=False)


def audit_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[FEATURES]...", help="Names, sets, or name=formula.")
    ] = None,
    prices: Annotated[str, typer.Option(help=f"{_PRICES} Without it and a store, simulated ones.")] = "",
    store: Annotated[str, typer.Option(help=f"{_STORE} A simulated one is cut at decision times.")] = "",
    universe: Segment = "all",
    decision: Annotated[str, typer.Option(help="Of a store: close, evening, preopen.")] = "close",
    row: Annotated[
        list[int] | None, typer.Option(help="Row of the panel to cut at, repeated; four by default.")
    ] = None,
    config: Annotated[str, typer.Option(help="TOML file, or the name of a shipped configuration.")] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="key=value, as in features.use=rsi.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Prove that features, your own included, know nothing too early; exit code 1 if one does."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.features import audit

        settings = _settings(prices, store, universe, config, set_ or ())
        data: Any = store or _panel(settings)
        asked = _asked(names) if names else _configured(settings, data) if config or set_ else "everything"
        report = audit(data, asked, rows=row or None, universe=universe, decision=decision)  # type: ignore[arg-type]  # checked there
        if as_json:
            from jqfast.runfolder import plain

            typer.echo(json.dumps({"passed": report.passed, **plain(report)}, indent=2, ensure_ascii=False))
        else:
            typer.echo(str(report))
        if not report.passed:
            raise typer.Exit(1)


def _settings(
    prices: str, store: str, universe: str, config: str = "", assignments: Sequence[str] = ()
) -> Config:
    """The configuration of the data; a small simulated market where none are given."""
    from jqfast.config import read

    if prices and store:
        raise ValueError("`--prices` and `--store` are two sources; give one of them.")
    given = [f"data.prices={prices}"] if prices else ["simulate.stocks=40", "simulate.years=3"]
    if store:
        given = [f"data.store={store}", f"data.universe={universe}"]
    return read(config or None, (*given, *assignments))


def _panel(settings: Config) -> Panel:
    """The panel of the data; a simulated market lies in a folder that goes with the process."""
    from jqfast.load import load

    if not (settings.data.prices or settings.data.store):
        folder = tempfile.TemporaryDirectory(prefix="jqfast-")
        atexit.register(folder.cleanup)
        settings = replace(settings, out=folder.name)
    return load(settings).panel


def _configured(settings: Config, data: Panel | str) -> Any:
    """The features that a configuration names, its own ones included."""
    from jqfast.pipeline import choose_features

    panel = _panel(settings) if isinstance(data, str) else data
    return choose_features(settings, panel.columns)[0]


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
