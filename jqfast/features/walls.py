"""Proof by experiment that features use nothing from after their row; for the catalogue and for your own
formulas.

1. truncation: cutting the panel after row t leaves rows <= t bit-identical
2. poison: NaN, then 1e30, in every number after row t leaves rows <= t bit-identical
3. split: a later two-for-one split of every other stock, with prices and volumes re-based, changes nothing
4. permutation: permuting the stocks permutes the outputs, bit for bit

These walls hold for what happens inside a panel; whether the panel itself was known at the time is proved by
truncating the store it is built from.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features.columns import unit_of
from jqfast.features.execute import execute
from jqfast.features.scale import UNITS
from jqfast.types import AnyArray, BoolArray, FloatArray

if TYPE_CHECKING:
    from jqfast.features.api import Request

WALLS = ("truncation", "poison", "split", "permutation")

#: Bytes of one block of outputs; features are audited in groups of this size.
BLOCK_BYTES = 1 << 28

#: Re-basing multiplies by powers of two; what is left is the rounding of log and exp.
SPLIT_TOLERANCE = 1e-9


@dataclass(frozen=True)
class AuditReport:
    """Which feature broke which wall, and where; ``print`` it.

    ``failures`` maps a feature to its broken walls, each with a sentence that names row and code.
    """

    features: tuple[str, ...]
    rows: tuple[int, ...]
    failures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when no feature broke a wall."""
        return not self.failures

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        count, broken = len(self.features), len(self.failures)
        head = f"Audit of {count} features at rows {', '.join(map(str, self.rows))}: "
        head += "all pass." if self.passed else f"{broken} fail, {count - broken} pass."
        lines = [
            f"  {name}: {wall}: {what}" for name, why in self.failures.items() for wall, what in why.items()
        ]
        return "\n".join([head, *lines])


def run_audit(panel: Panel, request: Request, *, rows: Sequence[int] | None = None) -> AuditReport:
    """Try all walls on ``panel``.

    Parameters
    ----------
    panel : Panel with at least 3 sessions; a few dozen stocks and some years are enough
    request : names and expressions, see `jqfast.features.api.resolve`
    rows : rows t to cut at; default four spread over the panel

    Raises
    ------
    ValueError
        If the panel is too short, or a row is outside ``0 <= t < T - 1``.
    """
    chosen = _rows(panel, rows)
    failures: dict[str, dict[str, str]] = {}
    T, N = panel.shape
    size = max(1, BLOCK_BYTES // max(1, 8 * T * N))
    for start in range(0, len(request.names), size):
        names, exprs = request.names[start : start + size], request.exprs[start : start + size]
        honest = execute(panel, exprs, dtype="float64")
        run = functools.partial(execute, outputs=exprs, dtype="float64")
        for wall, where, differs in _trials(panel, honest, chosen, run):
            for f in np.flatnonzero(differs.any(axis=(1, 2))).tolist():
                first = _first(panel, differs[f])
                failures.setdefault(names[f], {}).setdefault(wall, f"{where}, first at {first}")
    return AuditReport(request.names, tuple(chosen), failures)


def _trials(
    panel: Panel, honest: FloatArray, rows: Sequence[int], run: Callable[[Panel], AnyArray]
) -> Iterator[tuple[str, str, BoolArray]]:
    """(wall, what was done, (F, rows, N) bool of differing cells) of every experiment."""
    for t in rows:
        past = honest[:, : t + 1]
        yield "truncation", f"cut after row {t}", _bits_differ(run(panel.rows(0, t + 1)), past)
        for poison in (np.nan, 1e30):
            changed = run(_poisoned(panel, t, poison))[:, : t + 1]
            yield "poison", f"{poison} after row {t}", _bits_differ(changed, past)
    yield "split", "every other stock split two for one", _far(run(_rebased(panel)), honest)
    order = np.random.default_rng(0).permutation(panel.shape[1])
    yield (
        "permutation",
        "stocks in another order",
        _bits_differ(run(_permuted(panel, order)), honest[:, :, order]),
    )


def _rows(panel: Panel, rows: Sequence[int] | None) -> list[int]:
    T = panel.shape[0]
    if T < 3:
        raise ValueError(f"`panel` must have at least 3 sessions for an audit; it has {T}.")
    chosen = [int(T * share) for share in (0.3, 0.55, 0.8)] + [T - 2] if rows is None else list(rows)
    wrong = [t for t in chosen if not 0 <= t < T - 1]
    if wrong:
        raise ValueError(
            f"`rows` must lie in 0 <= t < {T - 1}, so that there is a future to remove; got {wrong}."
        )
    return sorted(set(chosen))


def _poisoned(panel: Panel, t: int, poison: float) -> Panel:
    """Every number after row t replaced, every category missing."""
    changed = {}
    for name, values in panel.columns.items():
        value = -1 if name in panel.categories else poison
        changed[name] = np.concatenate([values[: t + 1], np.full_like(values[t + 1 :], value)])
    return panel.with_columns(**changed)


def _rebased(panel: Panel) -> Panel:
    """The same history after every other stock was split two for one and delivered on the new basis."""
    changed = {}
    for name, values in panel.columns.items():
        degree = UNITS[unit_of(name)].degree
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


def _bits_differ(left: AnyArray, right: AnyArray) -> BoolArray:
    differs: BoolArray = np.ascontiguousarray(left).view(np.int64) != np.ascontiguousarray(right).view(
        np.int64
    )
    return differs


def _far(left: AnyArray, right: AnyArray) -> BoolArray:
    """Cells where one side is missing, or apart by more than rounding on the feature's own scale."""
    with np.errstate(invalid="ignore"):
        usual = [np.nanmedian(np.abs(f)) if np.isfinite(f).any() else 0.0 for f in right]
        scale = np.abs(right) + np.asarray(usual)[:, None, None]
        apart = np.abs(left - right) > SPLIT_TOLERANCE * scale
    differs: BoolArray = apart | (np.isnan(left) != np.isnan(right))
    return differs


def _first(panel: Panel, differs: BoolArray) -> str:
    t, n = (int(i) for i in np.argwhere(differs)[0])
    return f"row {t} ({panel.dates[t]}), stock {n}"
