"""``jqfast compare``: factor models against an LSTM, by sector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jqfast.comparison import Judged

_WIDE = 132


def compare_command(  # the options of the command line are its parameters
    french: Annotated[
        str, typer.Option(help="Folder of Kenneth French's files. Alone: US industries and factors.")
    ] = "",
    prices: Annotated[str, typer.Option(help="CSV or Parquet of daily prices.")] = "",
    store: Annotated[str, typer.Option(help="Folder that sync, import or simulate filled.")] = "",
    sectors: Annotated[str, typer.Option(help="CSV with a code and its sector, for --prices.")] = "",
    universe: Annotated[str, typer.Option(help="Of a store: prime, standard, growth, all.")] = "prime",
    group: Annotated[
        list[str] | None, typer.Option(help="Another group for a sector, as in 3250=HiTec; may be repeated.")
    ] = None,
    frequency: Annotated[str, typer.Option(help="daily or monthly.")] = "daily",
    industries: Annotated[int, typer.Option(help="Industries of the French file: 5, 10, 12, ...")] = 5,
    usdjpy: Annotated[str, typer.Option(help="Dates and yen per dollar, for Japan's factors.")] = "",
    risk_free: Annotated[str, typer.Option(help="The yen's rate, percent a year: number or file.")] = "0",
    out: Annotated[Path, typer.Option(help="Folder of tables and figures.")] = Path("comparison"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """FF3, Carhart, FF5 and an LSTM by sector, on the same data: fit of a date, and forecast of the next.

    Dates are split 7 : 3 in time. R2 is against the mean of the first part; all choices are made inside it.

    More: jqfast compare --store ./sim --universe all

    jqfast compare --prices p.parquet --sectors list.csv --french ./french --usdjpy fx.csv --frequency monthly
    """
    from jqfast.cli import mistakes

    with mistakes():
        from jqfast.comparison import Request, compare, write
        from jqfast.progress import bars

        request = Request(
            french=french,
            prices=prices,
            store=store,
            sectors=sectors,
            universe=universe,
            groups=tuple(group or ()),
            frequency=frequency,  # type: ignore[arg-type]  # checked there
            industries=industries,
            usdjpy=usdjpy,
            risk_free=risk_free,
        )
        with bars() as progress:
            judged = compare(request, progress=progress)
        paths = write(judged, out, request)
        if as_json:
            from jqfast.runfolder import plain

            typer.echo(json.dumps(plain(list(judged.rows)), indent=2, ensure_ascii=False))
            return
        _show(judged)
        typer.echo(f"files: {', '.join(map(str, paths))}")


def _show(judged: Judged) -> None:
    """One table per column: a row per model and sector, train and validation side by side."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width
        console.width = _WIDE
    found = judged.comparison
    titles = {
        "fit": "Contemporaneous fit: the factors of the date are known",
        "forecast": "One-step forecast: data up to the date before",
    }
    for column in found.columns:
        table = Table(title=titles[column.column], title_justify="left", box=box.SIMPLE, pad_edge=False)
        for heading in ("sector", "model"):
            table.add_column(heading, no_wrap=True)
        for heading in ("R2 train", "R2 validation", "95 %", "RMSE %", "MAE %", "DM t", "p"):
            table.add_column(heading, justify="right", no_wrap=True)
        mine = [row for row in judged.rows if row["column"] == column.column]
        train = {(r["sector"], r["model"]): r for r in mine if r["part"] == "train"}
        for row in (r for r in mine if r["part"] == "validation"):
            first = train[row["sector"], row["model"]]
            tested = row["dm_t"] is not None
            table.add_row(
                *(row["sector"], row["model"], f"{first['r2']:.4f}", f"{row['r2']:.4f}"),
                f"{row['r2_low']:.3f} to {row['r2_high']:.3f}",
                *(f"{row['rmse_pct']:.3f}", f"{row['mae_pct']:.3f}"),
                *((f"{row['dm_t']:.2f}", f"{row['dm_p']:.3f}") if tested else ("", "reference")),
            )
        console.print(table, markup=False)
    for note in found.notes:
        typer.echo(note)
    dates, split = found.dates, found.split
    typer.echo(
        f"Fitted until {dates[split.train - 1]}, settings chosen on its dates from {dates[split.select]} on; "
        f"judged once from {dates[split.train]} to {dates[-1]}. DM: squared errors against the reference, "
        "below 0 is better. A high R2 of fit is no forecast."
    )
