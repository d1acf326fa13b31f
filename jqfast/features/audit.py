"""Proof by experiment that features know nothing too early: the catalogue, formulas, functions of a panel.

1. store (of a simulated market): every record that became public after the decision time of row t is
   deleted, the panel is built again, and no bit of the features up to row t may differ (decision 8)
2. the experiments of `jqfast.features.walls` on the panel

The first proves the panel and the features together; the others show what goes on inside a panel, on real
data too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from jqfast.data.audit import audit_rows, cuts
from jqfast.data.panel import Decision, Panel
from jqfast.data.store import Store
from jqfast.data.stored import StorePanelSource, open_store
from jqfast.data.stored.documented import info as documented
from jqfast.data.universe import Universe
from jqfast.errors import DataGapError
from jqfast.features.api import Features, resolve
from jqfast.features.declare import Feature
from jqfast.features.expr import Expr
from jqfast.features.walls import PANEL_WALLS, Function, Subject, Trial, bits_differ, held, trials
from jqfast.types import AnyArray, BoolArray

Audited: TypeAlias = "Features | Mapping[str, str | Expr | Feature | Function]"
Source: TypeAlias = "Panel | Store | StorePanelSource | str | Path"
Build: TypeAlias = Callable[[StorePanelSource, Any], Panel]

STORE_WALL = "store"
WALLS = (STORE_WALL, *PANEL_WALLS)

#: Bytes of one block of outputs; features are tried in groups of this size.
BLOCK_BYTES = 1 << 27

#: Tables without which a store gives no panel.
_AXES = ("equities_bars_daily", "equities_master", "markets_calendar")


@dataclass(frozen=True)
class AuditReport:
    """Which feature broke which wall, and where; ``print`` it.

    ``failures`` maps a feature to its broken walls, each with a sentence that names row and code. ``skipped``
    maps a wall that could not be tried to the reason. ``compared`` is the number of cells of all trials.
    """

    features: tuple[str, ...]
    rows: tuple[int, ...]
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    compared: int = 0
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """True when no feature broke a wall."""
        return not self.failures

    @property
    def walls(self) -> tuple[str, ...]:
        """The walls that were tried."""
        return tuple(wall for wall in WALLS if wall not in self.skipped)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        count, broken = len(self.features), len(self.failures)
        head = f"Audit of {count} features at rows {', '.join(map(str, self.rows))}: "
        head += "all pass." if self.passed else f"{broken} fail, {count - broken} pass."
        tried = f"  {', '.join(self.walls)}: {self.compared:,} cells compared."
        lines = [f"  not tried: {wall}: {why}" for wall, why in self.skipped.items()]
        lines += [f"  {note}" for note in self.notes]
        lines += [
            f"  {name}: {wall}: {what}" for name, why in self.failures.items() for wall, what in why.items()
        ]
        return "\n".join([head, tried, *lines])


def audit(
    data: Source,
    features: Audited = "everything",
    *,
    rows: Sequence[int] | None = None,
    universe: Universe = "all",
    decision: Decision = "close",
    build: Build | None = None,
) -> AuditReport:
    """Prove on these data that features know nothing too early.

    Parameters
    ----------
    data : a panel with at least 3 sessions, or a store (its folder), best a simulated one; a few hundred
        stocks and some years are enough
    features : as for `jqfast.features.panel`; a mapping may also hold functions of a panel that return a
        (T, N) array, for features made without the language
    rows : rows t of the panel to cut at; default four spread over it
    universe, decision : of the panel of a store
    build : the panel of a store up to a day (None for all), where columns of your own are added to it;
        default ``source.panel(end=day, universe=universe, decision=decision)``

    Returns
    -------
    AuditReport, true when no feature broke a wall

    Raises
    ------
    ValueError
        If the data are too short, a row is outside ``0 <= t < T - 1``, or a feature is unknown.

    Notes
    -----
    On a panel, a column of your own is taken as it is: `audit` cannot know whether it was made with the
    future. Audit the function that makes it, or a store with ``build``.
    """

    def usual(source: StorePanelSource, day: Any) -> Panel:
        return source.panel(end=day, universe=universe, decision=decision)

    source, panel = _opened(data, build or usual)
    subject, notes = _subject(features, panel)
    chosen = audit_rows(panel.shape[0], rows)
    trial = _Trial(subject, held(panel, subject.columns()), chosen)
    skipped = {}
    if source is None:
        skipped[STORE_WALL] = "there is only a panel; audit the store it comes from."
    else:
        try:
            tables = _tables(source, subject) if build is None else None
            trial.store(cuts(source, panel, chosen, build or usual, tables))
        except DataGapError as error:
            skipped[STORE_WALL] = str(error)
    trial.panel()
    if subject.columns() is None:
        notes = (*notes, "delay: not tried for functions, whose inputs nobody declares.")
    return AuditReport(subject.names, tuple(chosen), trial.failures, skipped, trial.compared, notes)


class _Trial:
    """Runs the experiments on blocks of features and keeps the first failure of each feature and wall."""

    def __init__(self, subject: Subject, panel: Panel, rows: Sequence[int]) -> None:
        self._subject, self._panel, self._rows = subject, panel, rows
        T, N = panel.shape
        self._size = max(1, BLOCK_BYTES // max(1, 8 * T * N))
        self.failures: dict[str, dict[str, str]] = {}
        self.compared = 0

    def panel(self) -> None:
        """The walls that need the panel alone."""
        for block in self._subject.blocks(self._size):
            for trial in trials(self._panel, block, self._rows):
                self._note(block, trial)

    def store(self, parts: Iterator[tuple[int, Panel]]) -> None:
        """The wall of the store, on panels made from what was public at some rows."""
        for t, part in parts:
            day = self._panel.dates[t]
            past = self._panel.rows(0, t + 1)
            if not np.array_equal(past.dates, part.dates):
                raise ValueError(f"The store cut at {day} has other sessions than the whole one.")
            known = held(part, self._subject.columns())
            for block in self._subject.blocks(self._size):
                differs = _differs(block.run(past), block.run(known), past, part)
                self._note(block, Trial(STORE_WALL, f"cut at the decision of {day}", differs))

    def _note(self, block: Subject, trial: Trial) -> None:
        self.compared += trial.differs.size
        for f in np.flatnonzero(trial.differs.any(axis=(1, 2))).tolist():
            what = f"{trial.done}: {self._first(trial.differs[f])}"
            self.failures.setdefault(block.names[f], {}).setdefault(trial.wall, what)

    def _first(self, differs: BoolArray) -> str:
        t, n = (int(i) for i in np.argwhere(differs)[0])
        return f"{int(differs.sum())} cells, first at row {t} ({self._panel.dates[t]}), stock {n}"


def _differs(whole: AnyArray, part: AnyArray, past: Panel, cut: Panel) -> BoolArray:
    """(F, rows, N) cells of members whose bits differ; a stock that the cut store lacks has no value."""
    if np.array_equal(past.codes, cut.codes):
        return bits_differ(whole, part) & past.listed
    place = {str(code): n for n, code in enumerate(cut.codes)}
    here = np.array([place.get(str(code), -1) for code in past.codes], np.int64)
    aligned = np.full(whole.shape, np.nan)
    aligned[:, :, here >= 0] = part[:, :, here[here >= 0]]
    return bits_differ(whole, aligned) & past.listed


def _opened(data: Source, make: Build) -> tuple[StorePanelSource | None, Panel]:
    if isinstance(data, Panel):
        return None, data
    source = data if isinstance(data, StorePanelSource) else open_store(data)
    return source, make(source, None)


def _subject(features: Audited, panel: Panel) -> tuple[Subject, tuple[str, ...]]:
    """(the features on trial, what a set had to leave out)."""
    functions: dict[str, Function] = {}
    named: Any = features
    if isinstance(features, Mapping):
        named = {name: what for name, what in features.items() if not _is_function(what)}
        functions = {name: what for name, what in features.items() if _is_function(what)}  # type: ignore[misc]  # as asked
    if functions and not named:
        return Subject(tuple(functions), (), tuple(functions.values())), ()
    request = resolve(named, panel.columns)
    names = (*request.names, *functions)
    return Subject(names, request.exprs, tuple(functions.values())), request.notes


def _is_function(what: object) -> bool:
    return callable(what) and not isinstance(what, Expr | Feature | str)


def _tables(source: StorePanelSource, subject: Subject) -> Collection[str] | None:
    """The tables that the features need, so that the cut stores hold no others; None for all."""
    columns = subject.columns()
    if columns is None:
        return None
    found = {about.table for name in columns if (about := documented(name))}
    return tuple(table for table in source.store.tables() if table in found or table in _AXES)
