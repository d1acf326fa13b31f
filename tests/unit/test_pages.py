"""The reference and the map hold every feature with its facts, in tables that Markdown can read."""

from __future__ import annotations

import re

from jqfast.features import Family, close, describe, lag, registry
from jqfast.features.pages import MAP_COLUMNS, feature_map, reference
from jqfast.features.timing import CLASSES


def _tables(text: str) -> list[list[list[str]]]:
    """Rows of cells of every table; a bar that is escaped belongs to its cell."""
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    return [[re.split(r"(?<!\\)\|", line)[1:-1] for line in block] for block in blocks]


def test_the_reference_has_every_feature_once_with_its_facts() -> None:
    tables = _tables(reference())
    assert all(len({len(row) for row in table}) == 1 for table in tables)
    rows = {row[0].strip(" `"): row for table in tables[2:] for row in table[2:]}
    assert list(rows) == list(registry.features)
    for name, feature in registry.features.items():
        cells = [cell.strip().replace("\\|", "|") for cell in rows[name]]
        assert cells[2] == f"`{feature.expr}`"
        for fact in ("unit", "timing", "nan_rule", "purpose", "reference", "req"):
            assert getattr(feature, fact) in cells, (name, fact)
        assert str(feature.treatment) in cells


def test_the_reference_explains_its_classes() -> None:
    text = reference()
    assert all(f"| {name} | {words} |" in text for name, words in CLASSES.items())


def test_the_map_counts_every_feature_once() -> None:
    rows = feature_map()
    assert {len(row) for row in rows} == {len(MAP_COLUMNS)}
    assert sum(int(row[1]) for row in rows) == len(registry.features)
    assert {"trend", "momentum", "volatility", "position", "volume", "time", "lag"} <= {
        row[0] for row in rows
    }
    for kind, _, examples, purpose in rows:
        assert purpose, kind
        assert all(registry[name].kind == kind for name in examples.split(", "))


def test_examples_differ_in_purpose() -> None:
    family = Family("mine")
    for name, purpose in (("a_{k}", "First."), ("b_{k}", "Second."), ("c_{k}", "First.")):
        family.add(
            name, lambda k: close / lag(close, k), k=(1, 2), norm="cs", doc="d.", kind="x", purpose=purpose
        )
    assert feature_map(family) == [("x", "6", "a_1, b_1", "First. Second.")]


def test_sentences_carry_their_windows() -> None:
    assert "over 20 sessions" in str(describe("vol_yz_20"))
    assert "Log of volume" in str(describe("vol_spike_signed_5"))
