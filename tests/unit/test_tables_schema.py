"""The table descriptions agree with themselves and name what the API names."""

from __future__ import annotations

import pytest

from jqfast.data.tables import TABLES, Table, table

EACH = pytest.mark.parametrize("about", TABLES.values(), ids=lambda about: about.name)


@EACH
def test_a_table_can_be_partitioned_by_a_column_of_its_records_identity(about: Table) -> None:
    assert about.date in about.identity
    assert about.by_name[about.date].dtype == "date"
    assert set(about.identity) <= set(about.names)


@EACH
def test_what_identifies_a_record_is_required_or_may_be_null(about: Table) -> None:
    assert any(about.by_name[name].required for name in about.keys)
    assert {"str", "date", "time", "int"} >= {about.by_name[name].dtype for name in about.identity}


@EACH
def test_column_names_differ_by_more_than_case(about: Table) -> None:
    # DuckDB folds case, and hive reading adds the partition column.
    names = [*about.schema.names, *about.partition]
    assert len({name.lower() for name in names}) == len(names)


@EACH
def test_every_column_says_what_it_is(about: Table) -> None:
    for field in about.fields:
        assert field.meaning, field.name
        assert bool(field.unit) == (field.dtype == "float"), field.name


def test_names_are_the_paths() -> None:
    for name, about in TABLES.items():
        assert about.path.strip("/").replace("/", "_").replace("-", "_") == name
        assert table(about.path) is about


def test_counts_of_columns_are_those_of_the_documentation() -> None:
    counts = {name: len(TABLES[name].fields) for name in TABLES}
    assert counts["equities_bars_daily"] == 44
    assert counts["fins_summary"] == 111
    assert counts["equities_investor_types"] == 4 + 13 * 4
    assert counts["derivatives_bars_daily_options_225"] == 30
    assert counts["markets_margin_interest"] == 16


def test_an_unknown_table_names_the_closest() -> None:
    with pytest.raises(ValueError, match=r"Unknown table `equities_bars_dayly`.*`equities_bars_daily`"):
        table("equities_bars_dayly")
