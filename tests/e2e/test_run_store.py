"""A run over a store: the simulated tables, opened point in time, to the report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from jqfast.data.simulator import SimulateConfig, write

Jq = Callable[..., Result]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of 30 issues over two and a half years."""
    path = tmp_path_factory.mktemp("stored") / "tokyo"
    write(path, SimulateConfig(stocks=30, years=2.5))
    return path


def test_a_store_to_its_report(jq: Jq, tmp_path: Path, stored: Path) -> None:
    arguments = ("run", "--store", str(stored), "--universe", "all", "--config", "small.toml")
    result = jq(*arguments)
    assert result.exit_code == 0, result.output
    folder = tmp_path / "runs" / "tokyo"
    text = (folder / "report.html").read_text()
    assert "simulated" in text.lower()
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics
    before = (folder / "predictions.parquet").stat().st_mtime_ns
    assert jq(*arguments).exit_code == 0  # the same store and configuration: nothing is computed again
    assert (folder / "predictions.parquet").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--store", "nowhere"), "nowhere"),
        (("--store", "a", "--prices", "b.csv"), "Give one of them"),
        (("--store", "a", "--null"), "`--store` for yours"),
        (("--store", "a", "--universe", "prim"), "prime"),
    ],
)
def test_what_cannot_be_run(jq: Jq, arguments: tuple[str, ...], message: str) -> None:
    result = jq("run", *arguments)
    assert result.exit_code != 0
    assert message in result.output + result.stderr
