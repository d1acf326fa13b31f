"""What every command promises: an example that is real, --json, exit codes, a quiet pipe, completion."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from jqfast import cli
from jqfast.cli_examples import EXAMPLES
from jqfast.progress import bars, silent

ROOT = typer.main.get_command(cli.app)

#: Commands whose output is Markdown, or JSON in any case.
NO_JSON = {"features reference", "build-info"}
#: What the project promises to have.
PROMISED = (
    *("run", "sync", "import", "features list", "audit", "train", "predict", "compare", "explain"),
    *("evaluate", "report", "simulate", "store check", "update"),
)


def _commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


COMMANDS = dict(_commands(ROOT))


def test_every_promised_command_is_there() -> None:
    assert set(PROMISED) <= set(COMMANDS)
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_an_example_that_the_command_takes(name: str) -> None:
    result = CliRunner().invoke(cli.app, [*name.split(), "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    words = shlex.split(EXAMPLES[name])
    assert words[0] == "jqfast"
    assert EXAMPLES[name].split("--")[0].strip() in " ".join(result.stdout.split())
    arguments = words[1 + len(name.split()) :]
    assert words[1 : 1 + len(name.split())] == name.split()
    with COMMANDS[name].make_context(name, list(arguments)) as context:
        assert not context.args, "every word of the example is understood"


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - NO_JSON))
def test_results_can_be_had_as_json(name: str) -> None:
    options = [option for each in COMMANDS[name].params for option in each.opts]
    assert "--json" in options


@pytest.mark.parametrize("name", COMMANDS)
def test_an_unknown_option_ends_with_2_and_one_message(name: str) -> None:
    result = CliRunner().invoke(cli.app, [*name.split(), "--no-such-option"])
    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("name", ["predict", "health", "retrain", "report", "update"])
def test_a_folder_that_is_no_run_ends_with_2(name: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, [name, str(tmp_path)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("jqfast: No run folder")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("jqfast exp", "explain"), ("jqfast features des", "describe"), ("jqfast report --lang", "--language")],
)
def test_the_shell_completes(words: str, wanted: str, tmp_path: Path) -> None:
    asked = {
        "_JQFAST_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    code = "from jqfast.cli import app; app(prog_name='jqfast')"
    result = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env={**os.environ, **asked},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert wanted in result.stdout.split()


def test_progress_is_silent_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    with bars() as progress:
        assert progress is silent


def test_progress_tells_the_time_left_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with bars() as progress:
        for done in range(4):
            progress("models", done, 4)
    drawn = capsys.readouterr().err
    assert "models" in drawn
    assert "3/4" in drawn
    assert ":" in drawn.rsplit("3/4", 1)[1]
