"""``jqfast sync``: bring a store up to date with J-Quants.

Exit codes: 0 all that the plan gives is there; 1 something could not be had this time, the same command goes
on from there; 2 a mistake to mend first (key, options, another writer, a full disk); 130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import json
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from jqfast.data.jquants import SyncReport
    from jqfast.data.jquants.report import Progress

_KEPT = "What is complete is kept; the same command goes on from there."
_WIDE = 140
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def sync_command(  # the options of the command line are its parameters
    store: Annotated[str, typer.Option(help="Folder of the store; made if it is not there.")],
    start: Annotated[
        str,
        typer.Option("--from", help="First day, YYYY-MM-DD; default: that of the store, else all."),
    ] = "",
    end: Annotated[str, typer.Option("--to", help="Last day; default: today in Japan.")] = "",
    tables: Annotated[
        list[str] | None,
        typer.Option(help="Tables, by commas or repeated; default: all but the morning bars."),
    ] = None,
    plan: Annotated[str, typer.Option(help="free, light, standard, premium; default: found out.")] = "",
    rate: Annotated[int | None, typer.Option(help="Requests a minute; default: the plan's.")] = None,
    recheck: Annotated[
        int | None,
        typer.Option(
            help="Days asked for again, for what the vendor rewrites in place; default: 10, once a week. "
            "Corrections with a date of their own come without it."
        ),
    ] = None,
    bulk: Annotated[
        bool, typer.Option("--bulk/--no-bulk", help="Closed months by file, if the plan has.")
    ] = True,
    base_url: Annotated[
        str, typer.Option(envvar="JQUANTS_BASE_URL", help="Another address of the service.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Fetch what a store lacks from J-Quants; the key is read from JQUANTS_API_KEY or the official TOML."""
    from jqfast.cli import mistakes

    with mistakes(), endings():
        from jqfast.data.jquants import SyncOptions, sync

        chosen = [name.strip() for given in tables or () for name in given.split(",") if name.strip()]
        options = SyncOptions(plan=plan.lower() or None, rate=rate, recheck=recheck, bulk=bulk)
        with sync_bars() as progress:
            report = sync(
                store,
                start=start or None,
                end=end or None,
                tables=chosen or None,
                base_url=base_url or None,
                progress=progress,
                options=options,
            )
        if as_json:
            typer.echo(json.dumps(report.as_dict(), indent=2, ensure_ascii=False))
        else:
            _show(report)
        if not report.complete:
            _say("Not everything could be had (see above). " + _KEPT)
            raise typer.Exit(1)


@contextlib.contextmanager
def endings() -> Iterator[None]:
    """What is particular to a sync that ends early."""
    from jqfast.data.jquants import GaveUpError

    try:
        yield
    except KeyboardInterrupt:
        _say(f"\nInterrupted. {_KEPT}")
        raise typer.Exit(130) from None
    except GaveUpError as error:
        _say(f"jqfast: {error}")
        raise typer.Exit(1) from None
    except OSError as error:
        if error.errno not in _FULL:
            raise
        _say(f"jqfast: The disk is full, or a file would be too large. Free some space first. {_KEPT}")
        raise typer.Exit(2) from None


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


# Progress


@contextlib.contextmanager
def sync_bars() -> Iterator[Progress | None]:
    """A bar per table and one for all with the time left, on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description:<36}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bars(*columns, console=Console(stderr=True)) as drawn:
        whole = drawn.add_task("all tables", total=None, left="")
        tasks = {}
        counts: dict[str, tuple[int, int]] = {}
        began = time.monotonic()

        def show(table: str, done: int, total: int) -> None:
            if total and table not in tasks:
                tasks[table] = drawn.add_task(table, total=total, left="")
            counts[table] = (done, total)
            if table in tasks:
                drawn.update(tasks[table], completed=done, total=total, visible=done < total)
            done, total = (sum(column) for column in zip(*counts.values(), strict=True))
            left = time_left(done, total, time.monotonic() - began)
            drawn.update(whole, completed=done, total=total, left=left)

        yield show


def time_left(done: int, total: int, seconds: float) -> str:
    """An estimate from the pace so far; empty while there is none."""
    if not done or done >= total or seconds < 1:
        return ""
    left = round(seconds * (total - done) / done)
    if left < 60:
        return f"{left} s left"
    if left < 5400:
        return f"{round(left / 60)} min left"
    return f"{left / 3600:.1f} h left"


# Report


def _show(report: SyncReport) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    window = f"{report.start or '...'} to {report.end or 'today'}" if report.start else "window unknown"
    title = f"plan {report.plan or 'unknown'} ({window}), {report.requests} requests, {report.seconds:.0f} s"
    drawn = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    drawn.add_column("table", no_wrap=True)
    for name in ("requests", "rows", "new", "changed"):
        drawn.add_column(name, justify="right")
    drawn.add_column("state", no_wrap=True)
    for told in report.tables.values():
        numbers = (told.requests, told.rows, told.new, told.changed)
        state = (
            "not in plan"
            if told.refused
            else f"{len(told.failed) + told.left} failed"
            if told.failed
            else "ok"
        )
        drawn.add_row(told.table, *(f"{number:,}" for number in numbers), state)
    console = Console(highlight=False)
    if not console.is_terminal:  # a file or a pipe has no width
        console.width = _WIDE
    console.print(drawn, markup=False)
    for note in report.notes:
        console.print(note, markup=False, soft_wrap=True)
    for told in report.tables.values():
        for note in told.notes:
            console.print(note, markup=False, soft_wrap=True)
        for unit, reason in list(told.failed.items())[:3]:
            console.print(f"{told.table} {unit}: {reason}", markup=False, soft_wrap=True)
