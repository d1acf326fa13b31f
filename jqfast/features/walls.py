"""The experiments of the audit that a panel allows, each with the cells that may not differ and do.

1. truncation: the panel ends after row t; rows <= t stay, bit for bit
2. poison: NaN, then 1e30, in every number after row t; rows <= t stay, bit for bit
3. delay: every table that a feature does not read comes a session later; it stays, bit for bit
4. split: every other stock is split two for one later, its history delivered on the new basis; all stays
5. permutation: the stocks in another order; the values are in that order, bit for bit
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

import numpy as np

from jqfast.data.panel import Panel
from jqfast.data.stored.documented import info as documented
from jqfast.features.columns import CALENDAR, unit_of
from jqfast.features.execute import execute
from jqfast.features.expr import Expr
from jqfast.features.scale import UNITS
from jqfast.types import AnyArray, BoolArray, FloatArray

PANEL_WALLS = ("truncation", "poison", "delay", "split", "permutation")

#: Re-basing multiplies by powers of two; what is left is the rounding of log and exp.
SPLIT_TOLERANCE = 1e-9

#: A feature made in Python: panel -> (T, N) array, or (T,) for a market-wide series.
Function: TypeAlias = Callable[[Panel], AnyArray]


@dataclass(frozen=True)
class Subject:
    """The features on trial: some formulas, then some functions."""

    names: tuple[str, ...]
    exprs: tuple[Expr, ...]
    functions: tuple[Function, ...] = ()

    def run(self, panel: Panel, memory: FloatArray | None = None) -> FloatArray:
        """(F, T, N) float64, every NaN the same NaN; in ``memory`` (flat, large enough) where it is given."""
        shape = (len(self.names), *panel.shape)
        values = np.empty(shape) if memory is None else memory[: math.prod(shape)].reshape(shape)
        if self.exprs:
            execute(panel, self.exprs, dtype="float64", out=values[: len(self.exprs)])
        for f, function in enumerate(self.functions, start=len(self.exprs)):
            values[f] = _checked(self.names[f], function(panel), panel)
        return values

    def blocks(self, size: int) -> Iterator[Subject]:
        """The same features, at most ``size`` at a time."""
        F = len(self.exprs)
        for start in range(0, F, size):
            stop = min(F, start + size)
            yield Subject(self.names[start:stop], self.exprs[start:stop])
        for f, function in enumerate(self.functions, start=F):
            yield Subject((self.names[f],), (), (function,))

    def columns(self) -> frozenset[str] | None:
        """The columns read; None where a function reads nobody knows what."""
        if self.functions:
            return None
        return frozenset().union(*(expr.columns for expr in self.exprs)).difference(CALENDAR)


class Trial(NamedTuple):
    """One experiment: the wall, what was done, and the (F, rows, N) cells that differ and may not."""

    wall: str
    done: str
    differs: BoolArray


def trials(panel: Panel, subject: Subject, rows: Sequence[int]) -> Iterator[Trial]:
    """Every experiment on ``panel``, one after the other in the same memory."""
    honest = subject.run(panel)
    memory = np.empty(honest.size)
    for t in rows:
        past = honest[:, : t + 1]
        short = subject.run(panel.rows(0, t + 1), memory)
        yield Trial("truncation", f"cut after row {t}", bits_differ(short, past))
        for poison in (np.nan, 1e30):
            changed = subject.run(_poisoned(panel, t, poison), memory)[:, : t + 1]
            yield Trial("poison", f"{poison} after row {t}", bits_differ(changed, past))
    late = bits_differ(_with_others_late(panel, subject, honest), honest)
    yield Trial("delay", "tables it does not read a session later", late)
    split = _far(subject.run(_rebased(panel), memory), honest)
    yield Trial("split", "every other stock split two for one", split)
    order = np.random.default_rng(0).permutation(panel.shape[1])
    permuted = bits_differ(subject.run(_permuted(panel, order), memory), honest[:, :, order])
    yield Trial("permutation", "stocks in another order", permuted)


def held(panel: Panel, columns: Collection[str] | None) -> Panel:
    """The panel with the columns that are read, as arrays; all of them where nobody knows."""
    if columns is None:
        return panel
    wanted = [name for name in panel.columns if name in columns or name == "close"]
    categories = {name: labels for name, labels in panel.categories.items() if name in wanted}
    return replace(panel, columns={name: panel[name] for name in wanted}, categories=categories)


def tables(columns: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Table -> its columns among ``columns``; a column of no table of J-Quants stands for itself."""
    found: dict[str, set[str]] = {}
    for name in sorted(columns):
        about = documented(name)
        found.setdefault(about.table if about else name, set()).add(name)
    return {table: frozenset(names) for table, names in found.items()}


def _checked(name: str, values: AnyArray, panel: Panel) -> FloatArray:
    """The values of a function, float64, every NaN the same NaN."""
    array = np.asarray(values, dtype=np.float64)
    T, N = panel.shape
    if array.shape not in ((T, N), (T,)):
        raise ValueError(
            f"Feature `{name}` must give an array of shape {(T, N)}, or {(T,)} for a market-wide series; got "
            f"{array.shape}."
        )
    wide = np.broadcast_to(array if array.ndim == 2 else array[:, None], (T, N))
    return np.where(np.isnan(wide), np.nan, wide)


def _poisoned(panel: Panel, t: int, poison: float) -> Panel:
    """Every number after row t replaced, every category missing, nobody listed."""
    changed = {}
    for name, values in panel.columns.items():
        value = -1 if name in panel.categories else poison
        changed[name] = np.concatenate([values[: t + 1], np.full_like(values[t + 1 :], value)])
    listed = panel.listed.copy()
    listed[t + 1 :] = False
    return replace(panel.with_columns(**changed), listed=listed)


def _with_others_late(panel: Panel, subject: Subject, honest: FloatArray) -> FloatArray:
    """The features with the columns of all tables that they do not read a session late.

    A function's columns are unknown, so that it keeps its honest values.
    """
    values = honest.copy()
    by_table = tables(subject.columns() or ())
    groups: dict[frozenset[str], list[int]] = {}
    for f, expr in enumerate(subject.exprs):
        read = frozenset(table for table, names in by_table.items() if expr.columns & names)
        groups.setdefault(read, []).append(f)
    for read, members in groups.items():
        others = [name for table, names in by_table.items() if table not in read for name in names]
        exprs = tuple(subject.exprs[f] for f in members)
        values[members] = execute(_later(panel, others), exprs, dtype="float64")
    return values


def _later(panel: Panel, names: Collection[str]) -> Panel:
    """Some columns with the values of the session before; the first session keeps its own."""
    rows = np.flatnonzero(panel.is_session)
    changed = {}
    for name in names:
        values = panel[name].copy()
        values[rows[1:]] = panel[name][rows[:-1]]
        changed[name] = values
    late = panel.with_columns(**changed)
    # A session is one because of its own bars: without this, late bars would blank other features' rows.
    late.__dict__["is_session"] = panel.is_session
    return late


def _rebased(panel: Panel) -> Panel:
    """The same history after every other stock was split two for one and delivered on the new basis."""
    changed = {}
    for name, values in panel.columns.items():
        degree = 0.0 if name in panel.categories else UNITS[unit_of(name)].degree
        if degree and values.ndim == 2:
            factor = np.where(np.arange(values.shape[1]) % 2 == 0, 0.5**degree, 1.0)
            changed[name] = values * factor
    return panel.with_columns(**changed)


def _permuted(panel: Panel, order: AnyArray) -> Panel:
    columns = {
        name: np.ascontiguousarray(values[:, order]) if values.ndim == 2 else values
        for name, values in panel.columns.items()
    }
    listed = np.ascontiguousarray(panel.listed[:, order])
    return replace(panel, codes=panel.codes[order], columns=columns, listed=listed)


def bits_differ(left: FloatArray, right: FloatArray) -> BoolArray:
    """Where two arrays of float64 are not the same, bit for bit."""
    differs: BoolArray = left.view(np.int64) != right.view(np.int64)
    return differs


def _far(left: FloatArray, right: FloatArray) -> BoolArray:
    """Cells where one side is missing, or apart by more than rounding on the feature's own scale."""
    differs = bits_differ(left, right)
    for f in np.flatnonzero(differs.any(axis=(1, 2))).tolist():
        differs[f] = _apart(left[f], right[f])
    return differs


def _apart(left: FloatArray, right: FloatArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        usual = np.nanmedian(np.abs(right)) if np.isfinite(right).any() else 0.0
        far = np.abs(left - right) > SPLIT_TOLERANCE * (np.abs(right) + usual)
    differs: BoolArray = far | (np.isnan(left) != np.isnan(right))
    return differs
