"""Features in words, for people: one description, or the table that ``jqfast features list`` prints."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jqfast.features.declare import Feature
from jqfast.features.timing import CLASSES, sources

#: Headings of the feature table.
COLUMNS = ("name", "formula", "look-back", "timing", "normalisation", "requirement", "description")


@dataclass(frozen=True, repr=False)
class Description:
    """A feature in words; ``str`` gives lines of ``key: value``."""

    feature: Feature

    @property
    def formula(self) -> str:
        """The formula in the notation of the language."""
        return str(self.feature.expr)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the panel columns read, sorted."""
        return tuple(sorted(self.feature.expr.columns))

    def items(self) -> list[tuple[str, str]]:
        """(heading, text) pairs, without the empty ones."""
        f = self.feature
        pairs = [
            ("name", f.name),
            ("what", worded(f)),
            ("formula", self.formula),
            ("unit", f.unit),
            ("inputs", ", ".join(self.inputs)),
            ("look-back", f"{rows(f.lookback)} sessions before today"),
            ("first value", f"row {f.first_row} of {_span(f)}, counted from 0"),
            ("missing", f.nan_rule),
            ("timing", f"{f.timing}: {'; '.join(CLASSES[each] for each in f.timing.split(', '))}"),
            *(("known", f"{names}: {rule}") for rule, names in sources(self.inputs)),
            ("axis", f.expr.axis),
            ("normalisation", str(f.treatment)),
            ("kind", f.kind),
            ("purpose", f.purpose),
            ("requirement", f.req),
            ("reference", f.reference),
            ("family", f.family),
        ]
        return [(key, text) for key, text in pairs if text]

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        width = max(len(key) for key, _ in self.items())
        return "\n".join(f"{key:>{width}}: {text}" for key, text in self.items())


def worded(feature: Feature) -> str:
    """The sentence of a feature with the values of its parameters: "w sessions" is "20 sessions"."""
    return filled(feature.doc, feature.params)


def filled(text: str, params: Mapping[str, int]) -> str:
    """A sentence with the values of the parameters that stand in it as single letters."""
    return re.sub(r"(?<![\w`])[a-z](?![\w`])", lambda m: str(params.get(m[0], m[0])), text)


def _span(feature: Feature) -> str:
    return "the panel" if feature.expr.axis == "market" else "a listing"


def rows(lookback: float) -> str:
    """A look-back for people: the number of sessions, or ``all`` for a recursion that never forgets."""
    return "all" if math.isinf(lookback) else str(int(lookback))


def table(features: Iterable[Feature]) -> list[tuple[str, ...]]:
    """One row per feature under the headings ``COLUMNS``."""
    return [
        (f.name, str(f.expr), rows(f.lookback), f.timing, str(f.treatment), f.req, f.doc) for f in features
    ]
