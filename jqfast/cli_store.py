"""The commands around a store: ``jqfast import``, ``jqfast store check`` and ``jqfast store compact``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from jqfast.data.importer import Imported
    from jqfast.data.store.check import StoreReport

_WIDE = 140

store_app = typer.Typer(no_args_is_help=True, help="Look after a store of J-Quants tables.")


@store_app.command("check")
def check_command(
    folder: Annotated[Path, typer.Argument(help="The store.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Coverage, gaps, duplicates, schema changes, the checksum of every file; exit code 1 on damage.

    Tables in the folder `external` that a panel would refuse are told too, with exit code 1.
    """
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.data.store import Store
        from jqfast.data.stored import outside

        report = Store(folder).check()
        used, refused = outside.look(folder)
        if as_json:
            external = {"used": used, "refused": refused}
            typer.echo(json.dumps({**report.to_dict(), "external": external}, indent=2, ensure_ascii=False))
        else:
            _show(report)
            for line in (*used, *(f"refused: {text}" for text in refused)):
                typer.echo(line)
        if refused or not report.ok:
            raise typer.Exit(1)


def _show(report: StoreReport) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from jqfast.data.store.check import remarks

    shown = Table(title=report.path, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for heading in ("table", "first", "last"):
        shown.add_column(heading, no_wrap=True)
    for heading in ("rows", "versions", "gaps", "files", "MB"):
        shown.add_column(heading, justify="right", no_wrap=True)
    shown.add_column("state", no_wrap=True)
    for each in report.tables:
        numbers = (each.rows, each.rows - each.records, len(each.gaps), each.files)
        state = "damaged" if each.damage else "look below" if remarks(each) else "good"
        shown.add_row(
            *(each.name, each.first, each.last, *(f"{n:,}" for n in numbers)),
            *(f"{each.bytes / 1e6:,.1f}", state),
        )
    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width
        console.width = _WIDE
    console.print(shown, markup=False)
    for each in report.tables:
        for line in remarks(each):
            typer.echo(line)
    if not report.calendar:
        typer.echo("The store has no calendar, so gaps were not judged. `jqfast sync` fetches it.")
    typer.echo("The store is whole." if report.ok else "The store is damaged.")


@store_app.command("compact")
def compact_command(
    folder: Annotated[Path, typer.Argument(help="The store.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Merge the many small files of daily updates, one per year and table; nothing is dropped."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.data.store import Store

        fewer = Store(folder).compact()
        typer.echo(json.dumps({"files_fewer": fewer}) if as_json else f"{fewer} files fewer.")


def import_command(
    files: Annotated[list[Path], typer.Argument(help="Bulk .csv.gz, or .csv and .parquet of the client.")],
    store: Annotated[Path, typer.Option(help="The store; made if it is not there.")],
    table: Annotated[str, typer.Option(help="Table of the files, where they do not tell.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Files of J-Quants into a store: bulk CSV, or what the official command-line client wrote."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.data.importer import import_files
        from jqfast.data.store import Store

        told: list[dict[str, Any]] = []
        tell = (lambda done: told.append(_facts(done))) if as_json else _tell
        import_files(Store(store, create=True), files, name=table or None, progress=tell)
        if as_json:
            typer.echo(json.dumps(told, indent=2, ensure_ascii=False))


def _facts(done: Imported) -> dict[str, Any]:
    report = "" if done.report is None or done.report.clean else str(done.report)
    names = ("table", "rows", "added", "skipped")
    return {"path": str(done.path), **{name: getattr(done, name) for name in names}, "remarks": report}


def _tell(done: Imported) -> None:
    if done.skipped:
        typer.echo(f"{done.path}: imported before")
        return
    typer.echo(f"{done.path}: {done.table}, {done.rows:,} rows, {done.added:,} new")
    if done.report is not None and not done.report.clean:
        typer.echo(str(done.report))
