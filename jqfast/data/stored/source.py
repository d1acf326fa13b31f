"""From a store to panels: point-in-time rows of everything the store holds.

1. sessions: the store's calendar, else exchange-calendars (``axes``);
2. one walk over the bars for codes, their lives and adjustment factors (``lives``, ``bars``);
3. membership and categories by day from the issue list (``listing``);
4. bars to arrays, checked, on the forward basis (``bars``, and the steps of ``read_prices``);
5. beside them every other table as columns that are made on access (``tables``).
"""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data import complete, quality
from jqfast.data.clock import Clock, check_decision
from jqfast.data.dense import Bars
from jqfast.data.lazy import Columns
from jqfast.data.panel import Decision, Panel, PanelInfo
from jqfast.data.store import Store
from jqfast.data.stored.arrays import span, threads
from jqfast.data.stored.axes import BARS, Axes, tokyo_clock
from jqfast.data.stored.bars import find_presence, rebase, scatter
from jqfast.data.stored.listing import Listing, listing
from jqfast.data.stored.news import NewsWords
from jqfast.data.stored.outside import with_outside
from jqfast.data.stored.tables import Made, columns_of
from jqfast.data.stored.tables import start as start_tables
from jqfast.data.tables import table as described
from jqfast.data.universe import Universe
from jqfast.errors import DataGapError
from jqfast.types import AnyArray

_PRICES = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class StorePanelSource:
    """A store, ready to give panels; see :func:`jqfast.data.open`."""

    store: Store

    def panel(
        self,
        start: Any = None,
        end: Any = None,
        universe: Universe = "prime",
        decision: Decision = "close",
        tables: Collection[str] | None = None,
        session_share: float = 0.05,
        words: NewsWords | None = None,
    ) -> Panel:
        """The panel of a span of sessions.

        Parameters
        ----------
        start, end : days, both included; None for the first and the last with bars
        universe : ``"prime"``, ``"standard"``, ``"growth"`` (their predecessors before 2022-04-04 included),
            ``"all"``, a function of the issue list's columns, or a table of codes; see
            :func:`jqfast.data.universe.selected`
        decision : what row t may know: ``"close"`` the bars of t and all else published before t,
            ``"evening"`` also what came on t by 19:00, ``"preopen"`` nothing of t (decision 1)
        tables : names of the tables to take besides bars and issue list; None for all
        session_share : a date on which a smaller share of the listed stocks traded is no session
        words : which titles of disclosures are good and bad news; None for the usual ones

        Returns
        -------
        Panel
            Prices from raw bars and factors on the forward basis (decision 3). A stock is NaN in all columns
            while it does not belong to the universe: operators across stocks see members only. Columns and
            units are listed in :data:`jqfast.data.stored.documented.COLUMNS`. Series in the store's folder
            ``external`` (`outside`) become columns of their names.

        Raises
        ------
        ValueError
            An unknown option, table, or universe.
        DataGapError
            No bars in the span, or no issue list for a universe that needs one.
        """
        check_decision(decision)
        wanted = None if tables is None else {described(name).name for name in tables}
        clock, notes = tokyo_clock(self.store)
        first, T = _span(self.store, clock, start, end, decision)
        lives, present, stray = find_presence(self.store, clock, clock.sessions[first + T - 1])
        who = listing(self.store, lives, present, (first, T), universe, decision)
        axes, order = _axes(self.store, lives, who, (first, T), decision)
        if not len(axes.codes):
            raise DataGapError(f"`universe={universe!r}` has no member from {axes.dates[0]} to {axes.end}.")
        labels = {
            name: _category(np.where(axes.listed, _picked(values, order), np.int16(-1)), text)
            for name, (values, text) in who.labels.items()
        }
        notes = (*notes, *stray, *who.notes)
        del who, present
        with ThreadPoolExecutor(threads()) as pool:
            making = start_tables(axes, labels, wanted, words or NewsWords(), pool)
            bars = _bars(axes)
            bars.labels = labels
            bars.notes[:0] = notes
            more = columns_of(axes, bars, wanted, making)
        return with_outside(_panel(axes, bars, more, session_share), self.store.path)


def open_store(path: str | Path | Store) -> StorePanelSource:
    """The store at ``path``, ready to give panels.

    Parameters
    ----------
    path : the folder that `jqfast sync`, `jqfast import` or `jqfast simulate` filled, or a Store

    Raises
    ------
    ValueError
        If there is no store.
    """
    return StorePanelSource(path if isinstance(path, Store) else Store(path))


def _span(store: Store, clock: Clock, start: Any, end: Any, decision: Decision) -> tuple[int, int]:
    """(first row of the clock, number of sessions)."""
    low, high = span(store, BARS) or (clock.sessions[0], clock.sessions[-1])
    stop = None if end is None else np.datetime64(end, "D")
    first = int(clock.on_or_after(low if start is None else max(np.datetime64(start, "D"), low)))
    last = int(clock.after(high)) - 1  # row of the last session with bars
    if decision == "preopen" and last + 1 < len(clock):
        last += 1  # the open after the last bars can be decided
    if stop is not None:
        last = min(last, int(clock.after(stop)) - 1)
    if last < first:
        raise DataGapError(
            f"No session from {start} to {end} has bars; the store's bars are of {low} to {high}."
        )
    return first, last - first + 1


def _axes(
    store: Store, lives: Any, who: Listing, rows: tuple[int, int], decision: Decision
) -> tuple[Axes, Any]:
    """The axes of the lives that ever belong, in the order of their labels, and that order."""
    ever = np.flatnonzero(who.member.any(axis=0))
    order = ever[np.argsort(lives.labels[ever], kind="stable")]
    column = np.full(len(lives), -1, np.int64)
    column[order] = np.arange(len(order))
    listed = np.ascontiguousarray(_picked(who.member, order))
    codes = lives.labels[order].astype(np.str_)
    return Axes(store, lives, decision, *rows, column, codes, listed, who.moved), order


def _picked(values: AnyArray, order: AnyArray) -> AnyArray:
    """Columns in an order; as they are where that is theirs."""
    return values if np.array_equal(order, np.arange(values.shape[1])) else values[:, order]


def _category(values: AnyArray, labels: tuple[str, ...]) -> tuple[AnyArray, tuple[str, ...]]:
    """The codes and labels of a category, less the labels that no member has."""
    used = np.zeros(len(labels) + 1, bool)  # one more, reached by index -1
    used[values.reshape(-1)] = True
    used = used[:-1]
    kept = tuple(label for label, here in zip(labels, used, strict=True) if here)
    if used.all():
        return values, kept
    return np.append(np.cumsum(used) - 1, -1).astype(np.int16)[values], kept


def _bars(axes: Axes) -> Bars:
    bars = scatter(axes)
    quality.settle_no_trade(bars, _PRICES)
    quality.check_bars(bars, _PRICES, "null")
    rebase(axes, bars)
    splits = axes.lives.splits // (np.int64(1) << 32)
    bars.counts["splits"] = int(np.count_nonzero(axes.column[splits] >= 0))
    complete.limits(bars)
    complete.turnover(bars)
    complete.unlisted(bars)
    return bars


def _panel(axes: Axes, bars: Bars, tables: tuple[Made, tuple[str, ...]], session_share: float) -> Panel:
    survivors = complete.survivors_only(bars)
    more, notes = tables
    info = PanelInfo(
        source=str(axes.store.path),
        decision=axes.decision,
        price_basis="forward",
        survivors_only=survivors,
        notes=(*bars.notes, *notes),
        counts=dict(bars.counts),
    )
    categories = {name: text for name, (_, text) in bars.labels.items()}
    return Panel(
        dates=axes.dates,
        codes=axes.codes,
        columns=Columns({**bars.fields, **{name: v for name, (v, _) in bars.labels.items()}, **more}),
        listed=axes.listed,
        categories=categories,
        info=info,
        session_share=session_share,
    )
