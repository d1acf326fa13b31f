"""A feature that no oracle test compares makes this one fail."""

from __future__ import annotations

from collections import Counter

import pytest
import suites

from jqfast.features import close, open_
from jqfast.features.declare import Family, registry


def _strays() -> dict[str, int]:
    """Features that are not compared by exactly one suite."""
    of = suites
    counts = Counter([*of.PRICES, *of.HALVES, *of.STORE, *of.SECTIONS, *of.PUBLISHED])
    return {name: counts[name] for name in {*registry.features, *counts} if counts[name] != 1}


def test_every_feature_is_compared_by_one_suite() -> None:
    assert _strays() == {}
    assert len(suites.PRICES) == 140


def test_a_feature_of_a_new_family_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Family("new")
    new.add("unproven", lambda: close / open_, norm="cs", doc="A feature.")
    monkeypatch.setattr(registry, "_features", dict(registry.features))
    registry.register(new)
    assert _strays() == {"unproven": 0}
