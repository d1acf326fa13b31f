"""Every requirement is met by a named column or test, or listed with the reason why it is not.

`requirements.tsv` holds all ids of the requirements and is kept by hand; columns count by themselves, through
the `req` of their declarations. Kinds: ``feature`` (some declared feature names the id), ``test`` (the test
in `where` shows it), ``as`` (met where another id is), ``left out`` (by the source or by decision) and
``open`` (not there yet), the last two with the reason.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from jqfast.features.declare import registry

TABLE = Path(__file__).with_name("requirements.tsv")
ROOT = Path(__file__).resolve().parents[2]
HEADER = ["id", "covered by", "where", "note"]
IDS = 404


def _read() -> list[dict[str, str]]:
    header, *lines = TABLE.read_text(encoding="utf-8").splitlines()
    assert header.split("\t") == HEADER
    return [dict(zip(HEADER, line.split("\t"), strict=True)) for line in lines]


ROWS = {row["id"]: row for row in _read()}
MET = {req for feature in registry.features.values() for req in feature.req.split(", ")}


def test_every_id_stands_once() -> None:
    assert len(_read()) == len(ROWS) == IDS


def test_declarations_name_ids_that_exist() -> None:
    assert sorted(MET - set(ROWS) - {"own"}) == []


@pytest.mark.parametrize("name", ROWS)
def test_it_is_covered_as_the_table_says(name: str) -> None:
    row = ROWS[name]
    where, note = row["where"], row["note"]
    match row["covered by"]:
        case "feature":
            assert name in MET, "no declared feature names this id"
            assert not where
        case "test":
            path, _, function = where.partition("::")
            text = (ROOT / path).read_text(encoding="utf-8")
            assert f"\ndef {function}(" in text, where
        case "as":
            assert ROWS[where]["covered by"] in ("feature", "test")
        case "left out" | "open":
            assert note, "the reason is missing"
            assert not where
            assert name not in MET, "a declared feature names this id: it is covered"
        case other:
            pytest.fail(f"{name}: unknown kind {other!r}")
