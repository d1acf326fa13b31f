"""Sets of features by name, and which of their members a panel has the columns for.

A set stands for what can be computed: a panel of prices alone gives the price features of ``"all"``, a panel
of a store those of every table it holds. Members whose columns are not there are left out and told in one
sentence per family. A feature that is asked for by its own name is never left out: its missing column is an
error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from jqfast.data.panel import PRICE_COLUMNS
from jqfast.errors import unknown
from jqfast.features.columns import CALENDAR
from jqfast.features.declare import Feature, registry
from jqfast.features.normalize import SECTORS

_SHOWN = 6

#: Set -> ids of its section of the requirements: what serves one of them is in the set, whatever its family.
_SECTIONS = {"flow": "I-", "market": "M-", "corporate": "C-", "macro": "X-"}
#: The families that need prices and volumes alone.
_PRICE_FAMILIES = ("technical", "price", "liquidity")


def sets() -> dict[str, tuple[str, ...]]:
    """Every set that can be asked for by name: "all", "price_only", "nikko126", the families, the kinds.

    "all" has every feature that the requirements name, in the windows that they name. "everything" has the
    further windows and lags of the catalogue as well, and a column per sector and month ("nikko126").
    A set of a section of the requirements has the features of its family and those of others that name one of
    its ids. "nikko126" are the inputs of the Nikko report: 33 attributes of stocks, 24 market series twice,
    33 sectors and 12 months.
    """
    from jqfast.features.catalog.nikko126 import STOCK_FACTORS
    from jqfast.features.catalog.nikko_market import nikko_market

    features = registry.features.values()
    chosen: dict[str, list[str]] = {
        "all": [feature.name for feature in features if not feature.apart and not feature.variant],
        "everything": [feature.name for feature in features if not feature.apart],
        "price_only": [
            f.name for f in features if f.family in _PRICE_FAMILIES and not lacking(f, PRICE_COLUMNS)
        ],
    }
    for attribute in ("family", "kind"):
        grouped: dict[str, list[str]] = {}
        for feature in features:
            grouped.setdefault(getattr(feature, attribute), []).append(feature.name)
        chosen = {**grouped, **chosen}  # a family of the same name as a kind wins
    for name, section in _SECTIONS.items():
        chosen[name] = [f.name for f in features if f.family == name or _serves(f, section)]
    inputs = (*STOCK_FACTORS.values(), *(feature.name for feature in nikko_market))
    chosen["nikko126"] = [name for name in inputs if name in registry.features]
    return {name: tuple(members) for name, members in chosen.items() if name and members}


def _serves(feature: Feature, section: str) -> bool:
    """Whether one of the feature's requirements is of a section."""
    return any(req.strip().startswith(section) for req in feature.req.split(","))


def names(selection: str = "all", columns: Collection[str] | None = None) -> tuple[str, ...]:
    """Names of the declared features.

    Parameters
    ----------
    selection : "all", "everything", a family ("technical"), or a kind ("momentum")
    columns : names of the columns there are (``panel.columns``), for the members that can be computed from
        them; None for all members

    Raises
    ------
    ValueError
        If there is no such set; the message names the closest.
    """
    found = sets()
    if selection not in found:
        raise unknown("feature set", selection, found)
    members = found[selection]
    return members if columns is None else split(members, columns)[0]


def split(members: Iterable[str], columns: Collection[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(the members of a set that can be computed, a sentence per family about those that cannot).

    Parameters
    ----------
    columns : names of the columns there are; None for those of price panels
    """
    there = PRICE_COLUMNS if columns is None else columns
    kept: list[str] = []
    without: dict[str, list[Feature]] = {}
    for name in members:
        feature = registry.features[name]
        if lacking(feature, there):
            without.setdefault(feature.family, []).append(feature)
        else:
            kept.append(name)
    return tuple(kept), tuple(_sentence(family, absent, there) for family, absent in without.items())


def lacking(feature: Feature, columns: Collection[str]) -> frozenset[str]:
    """The columns that a feature needs and a panel does not have."""
    wanted = feature.expr.columns | feature.needs | ({SECTORS} if feature.norm == "cs33" else set())
    return frozenset(name for name in wanted if name not in columns and name not in CALENDAR)


def _sentence(family: str, absent: Iterable[Feature], columns: Collection[str]) -> str:
    features = tuple(absent)
    missing = sorted(frozenset().union(*(lacking(feature, columns) for feature in features)))
    shown = ", ".join(missing[:_SHOWN])
    more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    count = f"{len(features)} feature" + "s" * (len(features) > 1)
    return f"{count} of `{family}` left out: the panel has no {shown}{more}."
