"""The table of columns tells the truth: names, axes, units and sources."""

from __future__ import annotations

import pytest

from jqfast.data import pit
from jqfast.data.stored.balances import _VOLUMES
from jqfast.data.stored.documented import COLUMNS, EXTERNAL, info
from jqfast.data.stored.tables import BUILDERS, DENSE
from jqfast.data.tables import TABLES
from jqfast.features import close, column
from jqfast.features.scale import UNITS


@pytest.mark.parametrize("name", COLUMNS)
def test_sources_and_units_exist(name: str) -> None:
    about = COLUMNS[name]
    assert about.table == EXTERNAL or (about.table in TABLES and about.table in pit.RULES)
    assert about.unit == "category" or about.unit in UNITS
    if about.unit != "category":
        assert about.degree == UNITS[about.unit].degree
    assert about.meaning
    assert about.rule == about.rule.strip()


def test_every_table_of_columns_is_described() -> None:
    described = {about.table for about in COLUMNS.values()} | {"indices_bars_daily"}
    assert set(BUILDERS) | set(DENSE) <= described
    assert {name for fields in DENSE.values() for name in fields} <= set(COLUMNS)
    assert set(_VOLUMES) <= set(COLUMNS)
    assert len(COLUMNS) > 200


def test_rules_in_words() -> None:
    assert COLUMNS["close"].rule == "known at the close of the session"
    assert COLUMNS["fs_sales"].rule == "from the session after DiscDate (18:00 to 24:30)"
    assert COLUMNS["margin_long"].rule.startswith(
        "from the session after the second one of the week after Date"
    )
    assert COLUMNS["margin_daily_long"].rule.startswith("from the session after PubDate (16:30)")
    assert COLUMNS["flow_foreign_buy"].rule.endswith("corrections one session later")
    assert COLUMNS["spx"].rule == "from the first decision after its own time stamp"
    assert pit.sentence("markets_calendar") == "known ahead"


def test_units_reach_the_language() -> None:
    assert (column("fs_eps") / close).scale.split_free
    assert not column("fs_eps").scale.split_free
    assert column("topix_close").axis == "market"
    assert column("fs_sales").axis == "stock"
    about = info("index_0028")
    assert about is not None
    assert about.axis == "market"
    assert info("nothing") is None
