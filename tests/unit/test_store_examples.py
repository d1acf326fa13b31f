"""Every documented answer of the API: understood whole, and the same record as a line of the bulk file."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from jqfast.data.importer import import_files
from jqfast.data.store import Store
from jqfast.data.tables import TABLES, parse_records, table

EXAMPLES = json.loads((Path(__file__).parents[1] / "support" / "jquants_examples.json").read_text("utf-8"))
#: Where the documentation is not sure of the order, or has shown two.
LOOSE = ("markets_margin_interest",)


def _examples() -> dict[str, list[dict[str, Any]]]:
    """Records by table and plan."""
    named = {path: path.split("#")[0].strip("/").replace("/", "_").replace("-", "_") for path in EXAMPLES}
    return {path: EXAMPLES[path]["data"] for path, name in named.items() if name in TABLES}


EACH = pytest.mark.parametrize("path", _examples())


def test_every_table_has_an_example() -> None:
    assert {table(path.split("#")[0]).name for path in _examples()} == set(TABLES)


@EACH
def test_an_answer_is_understood_whole(path: str) -> None:
    about, records = table(path.split("#")[0]), _examples()[path]
    report = parse_records(about, records)[1]
    assert report.clean
    assert report.unknown == ()
    assert {about.by_name[name].plan for name in report.missing} <= {"premium"}
    if about.name not in LOOSE:
        assert list(records[0]) == [name for name in about.names if name in records[0]]


@EACH
def test_the_bulk_file_of_an_answer_is_nothing_new(path: str, tmp_path: Path) -> None:
    about, records = table(path.split("#")[0]), _examples()[path]
    store = Store(tmp_path / "store", create=True)
    with store.writing() as w:
        added = w.append(about.name, records).added
    assert added == len({json.dumps(record, sort_keys=True) for record in records})
    lines = tmp_path / f"{about.name}_202610.csv.gz"
    with gzip.open(lines, "wt", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows({name: "" if x is None else x for name, x in record.items()} for record in records)
    done = import_files(store, [lines])[0]
    assert (done.table, done.rows, done.added) == (about.name, len(records), 0)
    assert store.check().ok
