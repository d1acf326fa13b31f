"""``jqfast explain``: why a stock was ranked where it was on a day of a finished run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jqfast.report.stock_inputs import StockFacts

_ROWS = 12
_WIDE = 132


def explain_command(  # the options of the command line are its parameters
    run: Annotated[Path, typer.Argument(help="Folder of a finished run, such as runs/jp.")],
    code: Annotated[str, typer.Option(help="Code of the stock.")],
    date: Annotated[str, typer.Option(help="A session that the run forecast, YYYY-MM-DD.")],
    horizon: Annotated[
        int | None, typer.Option(help="Sessions ahead; the traded horizon by default.")
    ] = None,
    language: Annotated[str, typer.Option(help="en or ja.")] = "en",
    html: Annotated[Path | None, typer.Option(help="Also write a page with figure and tables.")] = None,
    png: Annotated[
        Path | None, typer.Option(help="Also write the waterfall; the suffix may be svg or pdf.")
    ] = None,
    top: Annotated[int, typer.Option(help="Inputs in the table and with a bar of their own.")] = _ROWS,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Why a stock was ranked where it was: inputs, their relevance, peers, in words and as a waterfall."""
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.errors import unknown
        from jqfast.files import write_text
        from jqfast.report import stock
        from jqfast.single import explain_stock

        if language not in ("en", "ja"):
            raise unknown("language", language, ("en", "ja"))
        if top < 1:
            raise ValueError(f"`--top` must be an integer >= 1; got {top}.")
        facts = explain_stock(run, code=code, date=date, horizon=horizon)
        if html is not None:
            write_text(html, stock.page(facts, language))  # type: ignore[arg-type]  # checked above
        if png is not None:
            _picture(facts, png, language, top)
        if as_json:
            from jqfast.runfolder import plain

            told = {lang: stock.sentences(facts, lang) for lang in stock.LANGUAGES}
            typer.echo(json.dumps({**plain(facts), "sentences": told}, indent=2, ensure_ascii=False))
            return
        for text in stock.sentences(facts, language):  # type: ignore[arg-type]  # a text of its values
            typer.echo(text)
        _show(facts, top)
        for path in (html, png):
            if path is not None:
                typer.echo(f"written: {path}")


def _picture(facts: StockFacts, path: Path, language: str, top: int) -> None:
    """The waterfall as a file, whole or not at all."""
    from jqfast.files import replacing
    from jqfast.report.figures_stock import waterfall
    from jqfast.report.style import Style, styled

    kinds = ("png", "svg", "pdf")
    kind = path.suffix.lower().removeprefix(".")
    if kind not in kinds:
        raise ValueError(f"`--png` must end in one of {', '.join(kinds)}; got `{path.name}`.")
    style = Style(language)
    _, figure = waterfall(facts, style, most=top)
    with replacing(path) as temporary, styled(style):
        figure.savefig(temporary, format=kind)


def _show(facts: StockFacts, top: int) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from jqfast.report.numbers import number, percent, value

    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width
        console.width = _WIDE
    inputs = Table(box=box.SIMPLE, pad_edge=False)
    inputs.add_column("input")
    for heading in ("value", "normalised", "stocks below", "relevance", "sector"):
        inputs.add_column(heading, justify="right")
    for each in facts.inputs[:top]:
        signed = [number(x, 3, signed=True) for x in (each.relevance, each.sector)]
        inputs.add_row(each.name, value(each.raw), number(each.value), percent(each.below, 0), *signed)
    console.print(inputs, markup=False)
    peers = Table(
        title=f"peers: {facts.sector or 'by rank'}", title_justify="left", box=box.SIMPLE, pad_edge=False
    )
    for heading in ("code", "rank", "forecast", *facts.shown):
        peers.add_column(heading, justify="left" if heading == "code" else "right")
    for peer in facts.peers:
        mark = " *" if peer.code == facts.code else ""
        numbers = [number(r, 3, signed=True) for r in peer.relevance]
        peers.add_row(peer.code + mark, str(peer.rank), number(peer.score), *numbers)
    console.print(peers, markup=False)
