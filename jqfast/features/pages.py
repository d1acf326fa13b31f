"""The catalogue as pages: the map of kinds (what each is for), and a reference of every feature in Markdown.

Both are made from the registry whenever they are asked for, so that there is no file that could be out of
date.
"""

from __future__ import annotations

from collections.abc import Iterable

from jqfast.features.declare import Feature, registry
from jqfast.features.describe import rows as sessions
from jqfast.features.describe import worded
from jqfast.features.timing import CLASSES

#: Headings of the feature map.
MAP_COLUMNS = ("kind", "features", "examples", "purpose")
_EXAMPLES = 3

_REFERENCE = (
    *("feature", "what", "formula", "unit", "timing", "look-back", "missing"),
    *("normalisation", "purpose", "reference", "requirement"),
)


def feature_map(features: Iterable[Feature] | None = None) -> list[tuple[str, ...]]:
    """One row per kind under `MAP_COLUMNS`: how many features, the first of some windows, what they are for.

    Parameters
    ----------
    features : those to map; None for the registry
    """
    kinds: dict[str, list[Feature]] = {}
    for feature in registry.features.values() if features is None else features:
        kinds.setdefault(feature.kind or "other", []).append(feature)
    return [_kind(kind, members) for kind, members in kinds.items()]


def _kind(kind: str, members: list[Feature]) -> tuple[str, ...]:
    by_purpose: dict[str, Feature] = {}
    for feature in members:
        by_purpose.setdefault(feature.purpose, feature)
    first = list(by_purpose.values())[:_EXAMPLES]
    return (
        kind,
        str(len(members)),
        ", ".join(feature.name for feature in first),
        " ".join(feature.purpose for feature in first),
    )


def reference() -> str:
    """Every declared feature in Markdown: the classes of timing, the map, a table per family."""
    families: dict[str, list[Feature]] = {}
    for feature in registry.features.values():
        families.setdefault(feature.family, []).append(feature)
    parts = [
        "# Features",
        f"{len(registry.features)} features, as `jqfast features reference` tells them.",
        "## Timing",
        _table(("class", "what row t knows, decided at the close of session t"), list(CLASSES.items())),
        "## Map",
        _table(MAP_COLUMNS, feature_map()),
    ]
    for family, members in families.items():
        parts += [f"## {family}", _table(_REFERENCE, [_row(feature) for feature in members])]
    return "\n\n".join(parts) + "\n"


def _row(feature: Feature) -> tuple[str, ...]:
    return (
        f"`{feature.name}`",
        worded(feature),
        f"`{feature.expr}`",
        feature.unit,
        feature.timing,
        sessions(feature.lookback),
        feature.nan_rule,
        str(feature.treatment),
        feature.purpose,
        feature.reference,
        feature.req,
    )


def _table(headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [headings, ("---",) * len(headings), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines)
