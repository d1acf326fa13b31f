"""The command line apart from runs: listings, descriptions, versions, how errors become sentences."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import stamped_store as stamped
import typer
from typer.testing import CliRunner, Result

import jqfast
from jqfast import cli, features
from jqfast.features.pages import reference
from jqfast.features.timing import CLASSES


def _call(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments))


def test_the_list_of_features_is_a_table() -> None:
    lines = _call("features", "list").stdout.splitlines()
    cells = [line.split("\t") for line in lines]
    assert cells[0][:6] == ["name", "formula", "look-back", "timing", "normalisation", "requirement"]
    assert [row[0] for row in cells[1:]] == list(features.names("everything"))
    assert {len(row) for row in cells} == {len(cells[0])}
    assert all(row[1] and row[3].split(", ")[0] in CLASSES for row in cells[1:])


def test_the_list_as_json_and_by_set() -> None:
    rows = json.loads(_call("features", "list", "--set", "technical", "--json").stdout)
    assert [row["name"] for row in rows] == list(features.names("technical"))
    assert len(rows) >= 10


def test_one_feature_described() -> None:
    text = _call("features", "describe", "rsi").stdout
    assert text.strip() == str(features.describe("rsi")).strip()
    assert "formula" in text


def test_a_store_is_audited_by_names_sets_and_formulas(tmp_path: Path) -> None:
    stamped.make(tmp_path / "good", stamped.HONEST)
    mine = 'sales=column("fs_sales")'
    result = _call("audit", "ret_5", "liquidity", mine, "--store", str(tmp_path / "good"))
    assert result.exit_code == 0, result.output
    count = 2 + len(features.names("liquidity"))
    assert f"Audit of {count} features" in result.stdout
    assert "store, truncation, poison" in result.stdout
    stamped.make(tmp_path / "early", stamped.EARLY)
    caught = _call("audit", "ret_5", mine, "--store", str(tmp_path / "early"), "--row", "27", "--row", "28")
    assert caught.exit_code == 1, caught.output
    assert "1 fail, 1 pass" in caught.stdout
    assert "sales: store: cut at the decision of" in caught.stdout
    assert _call("audit", "--store", "a", "--prices", "b").exit_code == 2


def test_a_cell_is_explained(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.HONEST)
    where = ("--store", str(tmp_path), "--code", "1301", "--date", "2024-05-13")
    told = _call("features", "explain", "my=close / lag(close, 1)", *where).stdout
    assert told.startswith("my of 13010 on 2024-05-13: ")
    assert "#3 = #1 / #2" in told
    assert _call("features", "explain", "rsii", *where).exit_code == 2


def test_coverage_by_year(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.HONEST)
    lines = _call("features", "quality", "ret_1", "liquidity", "--store", str(tmp_path)).stdout.splitlines()
    assert lines[0].split("\t")[:4] == ["feature", "year", "cells", "coverage"]
    assert len(lines) == 2 + len(features.names("liquidity", ["volume", "turnover", "close"]))


def test_the_map_and_the_reference() -> None:
    rows = json.loads(_call("features", "map", "--json").stdout)
    assert sum(int(row["features"]) for row in rows) == len(features.registry.features)
    assert _call("features", "reference").stdout == reference()


def test_version_and_build() -> None:
    assert _call("--version").stdout.strip() == jqfast.__version__
    told = json.loads(_call("build-info").stdout)
    assert told == {"jqfast": jqfast.__version__, **jqfast.build_info()}


def test_features_can_be_audited() -> None:
    small = ("--set", "features.use=rsi,ret_5", "--set", "simulate.stocks=12", "--set", "simulate.years=1")
    result = _call("audit", *small, "--set", "features.own.mine=close / lag(close, 3) - 1")
    assert result.exit_code == 0, result.output
    assert "Audit of 3 features" in result.stdout
    assert "all pass" in result.stdout


def test_help_names_every_command() -> None:
    text = _call("--help").stdout
    assert all(word in text for word in ("run", "features", "audit", "build-info"))
    assert _call().stdout.strip() == text.strip()


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("`window` must be >= 1; got 0."), "`window` must be >= 1; got 0."),
        (
            OSError(errno.ENOSPC, "No space left on device", "a/b"),
            "No space left on device: `a/b`. Free some space",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "a"), "Permission denied: `a`. Name a folder"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a"), "No such file: `a`. Check the spelling"),
        (OSError("what the system said"), "what the system said"),
        (MemoryError(), "Not enough memory."),
    ],
)
def test_mistakes_become_one_sentence(
    error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as exit_, cli.mistakes():
        raise error
    assert exit_.value.exit_code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"jqfast: {sentence}")
    assert err.count("\n") == 1


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(KeyError), cli.mistakes():
        raise KeyError("ours")


def test_a_traceback_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JQFAST_TRACEBACK", "1")
    with pytest.raises(ValueError, match="mine"), cli.mistakes():
        raise ValueError("mine")


def test_an_interrupt_is_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as exit_, cli.mistakes():
        raise KeyboardInterrupt
    assert exit_.value.exit_code == 130
    assert "Interrupted." in capsys.readouterr().err


def test_the_module_runs_and_reads_no_further_than_its_reader(tmp_path: Path) -> None:
    """``jqfast features list | head -1``: the reader leaves early, nobody complains."""
    command = [sys.executable, "-P", "-m", "jqfast", "features", "list"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"name\t")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("command", [("features", "list", "--set", "technical")])
def test_a_terminal_gets_a_drawn_table(command: tuple[str, ...], run_in_terminal: Callable[..., str]) -> None:
    text = run_in_terminal(sys.executable, "-P", "-m", "jqfast", *command)
    assert "┃" in text
    assert "rsi" in text


@pytest.fixture
def run_in_terminal(tmp_path: Path) -> Callable[..., str]:
    """Run a command on a pseudo-terminal and return what it drew."""
    import pty

    def run(*command: str) -> str:
        ours, theirs = pty.openpty()
        with subprocess.Popen(command, cwd=tmp_path, stdout=theirs, stderr=theirs, close_fds=True) as process:
            os.close(theirs)
            drawn = b""
            while chunk := _read(ours):
                drawn += chunk
            assert process.wait() == 0, drawn.decode()
        os.close(ours)
        return drawn.decode()

    return run


def _read(handle: int) -> bytes:
    """The next bytes of a pseudo-terminal; Linux reports its end as an input/output error."""
    try:
        return os.read(handle, 65536)
    except OSError:
        return b""
