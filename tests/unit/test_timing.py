"""Timing classes follow from the publication rules of the tables, for every column a panel can have."""

from __future__ import annotations

import pytest

from jqfast.data import pit
from jqfast.data.stored.documented import COLUMNS
from jqfast.features import close, column, describe, dow_sin, lag, registry, ts_mean
from jqfast.features.timing import CLASSES, column_class, sources, timing_of

#: Read off the publication schedule by hand (jquants-api.md, section 3), a column a table.
BY_HAND = {
    "close": "D0",
    "market_cap": "D0",
    "topix_close": "D0",
    "index_0028": "D0",
    "sector33": "CAL",
    "dow": "CAL",
    "fs_np_ttm": "P+1",
    "fc_eps": "P+1",
    "val_per": "P+1",
    "dividend_in": "P+1",
    "earnings_in": "P+1",
    "margin_long": "P+1",
    "alert_short": "P+1",
    "short_position": "P+1",
    "short_ratio": "P+1",
    "deal_short_sell": "P+1",
    "flow_foreign_buy": "P+1",
    "fut_topix_close": "N27",
    "opt_iv": "N27",
    "usdjpy": "EXT",
}


@pytest.mark.parametrize("name", BY_HAND)
def test_classes_by_hand(name: str) -> None:
    assert column_class(name) == BY_HAND[name]


def test_every_documented_column_has_a_class() -> None:
    found = {column_class(name) for name in COLUMNS}
    assert found | {"EXT"} == set(CLASSES)
    assert len(COLUMNS) > 200


def test_a_rule_that_changes_changes_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    late = pit.Rule("table", "Date", hours=("27:00",))
    monkeypatch.setattr(pit, "RULES", {**pit.RULES, "equities_bars_daily": late})
    assert column_class("close") == "N27"
    assert describe("ret_5").feature.timing == "N27"


def test_a_formula_has_the_classes_of_its_columns() -> None:
    assert (close / lag(close, 1)).timing == "D0"
    assert (column("fs_np_ttm") / column("market_cap")).timing == "D0, P+1"
    assert (ts_mean(column("opt_iv"), 5) * column("usdjpy", market=True) * dow_sin).timing == "N27, EXT"
    assert dow_sin.timing == "CAL"
    assert timing_of([]) == "CAL"


def test_sources_say_when_each_input_is_known() -> None:
    said = dict(sources({"close", "open", "fs_np", "margin_long", "dow", "spx"}))
    assert list(said.values()) == ["dow", "close, open", "fs_np", "margin_long", "spx"]
    assert "known at the close of the session" in said
    assert "from the session after DiscDate (18:00 to 24:30)" in said
    assert next(rule for rule, names in said.items() if names == "margin_long").startswith(
        "from the session after the second one of the week after Date"
    )


def test_descriptions_carry_the_rule() -> None:
    text = str(describe("ret_5"))
    assert "D0: bars of the session, known at its close" in text
    assert "close: known at the close of the session" in text


def test_no_declaration_types_its_timing_in() -> None:
    """The declared class is only ever a check; a feature's class is its formula's."""
    assert all(feature.timing == timing_of(feature.expr.columns) for feature in registry.features.values())
