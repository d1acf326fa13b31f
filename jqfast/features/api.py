"""The front door: ``panel`` computes features, ``names`` and ``describe`` tell what there is.

A request is a set name (``"all"``, a family, a kind), a list of names and expressions, or a mapping of names
to expressions; the result is a `FeaturePanel`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from jqfast.data.panel import Panel
from jqfast.errors import unknown
from jqfast.features.declare import Feature, registry
from jqfast.features.describe import Description
from jqfast.features.execute import Dtype, Layout, execute
from jqfast.features.expr import Expr
from jqfast.features.normalize import per_date
from jqfast.features.result import FeaturePanel as FeaturePanel
from jqfast.features.sets import names as names
from jqfast.features.sets import sets, split
from jqfast.types import AnyArray

Features: TypeAlias = "str | Sequence[str | Expr | Feature] | Mapping[str, str | Expr | Feature]"


class Request(NamedTuple):
    """What was asked for, in order."""

    names: tuple[str, ...]
    exprs: tuple[Expr, ...]
    norms: tuple[str, ...]
    notes: tuple[str, ...] = ()  # what a set had to leave out

    @property
    def norm_of(self) -> Mapping[str, str]:
        """The treatment of each name, as text."""
        return MappingProxyType(dict(zip(self.names, self.norms, strict=True)))

    def prepared(self, normalize: bool) -> tuple[Expr, ...]:
        """The expressions, with their per-date transforms where they are wanted."""
        pairs = zip(self.exprs, self.norms, strict=True)
        return tuple(per_date(expr, norm) if normalize else expr for expr, norm in pairs)


def resolve(features: Features, columns: Collection[str] | None = None) -> Request:
    """Names, expressions and norms of a request.

    Parameters
    ----------
    features : as for `panel`
    columns : names of the columns there are; a set stands for its members that can be computed from them, by
        default from prices

    Raises
    ------
    ValueError
        If a name is unknown or stands twice, or nothing is asked for.
    """
    if isinstance(features, Expr):
        raise TypeError(
            '`features` must name its expressions; got one expression. Write {"my_name": expression}.'
        )
    if isinstance(features, Mapping):
        return _request(list(features.items()))
    pairs: list[tuple[str, str | Expr | Feature]] = []
    notes: tuple[str, ...] = ()
    for what in [features] if isinstance(features, str) else features:
        if isinstance(what, str) and what not in registry.features:
            members, absent = _members(what, columns)
            pairs += [(name, name) for name in members]
            notes += absent
        else:
            pairs.append((_own_name(what), what))
    return _request(pairs)._replace(notes=notes)


def _members(name: str, columns: Collection[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the features that a set's name stands for, what had to be left out)."""
    found = sets()
    if name not in found:
        raise unknown("feature or set", name, [*found, *registry.features])
    members, notes = split(found[name], columns)
    if not members:
        raise ValueError(f"No feature of the set `{name}` can be computed. {' '.join(notes)}")
    return members, notes


def _own_name(what: str | Expr | Feature) -> str:
    return what.name if isinstance(what, Feature) else str(what)


def _request(pairs: Sequence[tuple[str, str | Expr | Feature]]) -> Request:
    chosen = [_declared(name, what) for name, what in pairs]
    if not chosen:
        raise ValueError("`features` must name at least one feature; got none.")
    counts = Counter(feature.name for feature in chosen)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(f"`features` names {', '.join(f'`{name}`' for name in twice)} more than once.")
    return Request(*zip(*((f.name, f.expr, str(f.treatment)) for f in chosen), strict=True))


def _declared(name: str, what: str | Expr | Feature) -> Feature:
    """The feature behind one entry; an expression gets the usual normalisation of its axis."""
    if isinstance(what, Feature):
        return replace(what, name=name)
    if isinstance(what, str):
        return replace(registry[what], name=name)
    if isinstance(what, Expr):
        return Feature(name, what, "ts" if what.axis == "market" else "cs", doc="")
    raise TypeError(
        f"Feature `{name}` must be a name, an expression or a Feature; got {type(what).__name__}."
    )


def panel(
    panel: Panel,
    features: Features = "all",
    *,
    normalize: bool = False,
    dtype: Dtype = "float32",
    layout: Layout = "feature",
    threads: int | None = None,
    out: AnyArray | None = None,
) -> FeaturePanel:
    """Compute features on a panel.

    Parameters
    ----------
    panel : Panel of T sessions and N stocks
    features : "all", a family or kind, one name; a list of such and of expressions; or {"name": expression}.
        A set stands for its features whose columns the panel has; ``notes`` of the result tell of the others
    normalize : append to each feature its per-date transform (`cs`, `cs33`, `log`, `rank`); norms that have
        to be fitted (`ts`) and bounded values stay as they are
    dtype : "float32" (default) or "float64"; the arithmetic is float64 either way, rounded once at the end
    layout : "feature" keeps each feature together, "sample" each (session, stock)
    threads : number of threads; None for all there are. Results do not depend on it
    out : array to write into, (F, T, N) or (T, N, F) as ``layout`` says, C-contiguous, of ``dtype``

    Returns
    -------
    FeaturePanel with ``values`` (F, T, N). NaN where a value is missing: warm-up rows, gaps, dates that are
    no session, Inf. Row t uses rows <= t only.

    Raises
    ------
    ValueError
        If a name is unknown (the closest is told), a column is missing, or ``out`` does not fit.
    MemoryError
        If the result would not fit into the memory that is left; `write` makes it chunk by chunk.
    """
    request = resolve(features, panel.columns)
    exprs = request.prepared(normalize)
    buffer = execute(panel, exprs, dtype=dtype, layout=layout, threads=threads, out=out)
    norms, notes = request.norm_of, request.notes
    return FeaturePanel(request.names, panel.dates, panel.codes, buffer, layout, norms, normalize, notes)


def describe(name: str) -> Description:
    """What the feature ``name`` is: formula, unit, look-back, timing, source; ``print`` it.

    Raises
    ------
    ValueError
        If there is no such feature; the message names the closest.
    """
    return Description(registry[name])
