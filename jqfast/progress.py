"""Progress: the library calls back, the command line draws.

A callback receives ``(stage, done, total)``: once with ``done=0`` when a stage starts, then as it goes,
last with ``done == total``. Libraries never print; :func:`bars` is what the command line passes in.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]


def silent(stage: str, done: int, total: int) -> None:
    """The callback that shows nothing."""


@contextlib.contextmanager
def bars() -> Iterator[Progress]:
    """One bar per stage with the time left on standard error; nothing when that is no terminal."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    columns = (
        *(TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
        TimeRemainingColumn(compact=True),
    )
    with Bars(*columns, console=Console(stderr=True)) as drawn:
        tasks: dict[str, int] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = int(drawn.add_task(stage, total=total))
            drawn.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]  # TaskID is an int

        yield show
