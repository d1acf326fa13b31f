"""``jqfast sync`` on the command line: streams, exit codes, report, progress."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sync_support
from interrupts import heard_interrupts
from jquants_faults import Slow, Status
from jquants_market import Market
from jquants_rules import Service
from jquants_server import KEY, JQuants
from typer.testing import CliRunner, Result

from jqfast import cli_sync
from jqfast.cli import app

FROM = (
    "--from",
    "2026-09-30",
    "--rate",
    "100000",
    "--tables",
    "equities_bars_daily,indices_bars_daily_topix",
)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JQuants]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JQUANTS_API_KEY", KEY)
    with JQuants(Service(Market(codes=5))) as running:
        monkeypatch.setenv("JQUANTS_BASE_URL", running.url)
        yield running


def _jq(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["sync", "--store", "jq", *arguments])


def test_a_table_of_what_was_done(server: JQuants) -> None:
    ended = _jq(*FROM)
    assert ended.exit_code == 0, ended.stderr
    assert re.search(r"equities_bars_daily +4 +15 +15 +0 +ok", ended.stdout)
    assert f"plan premium (2006-10-02 to today), {server.count()} requests" in ended.stdout
    assert ended.stderr == ""  # quiet where it is no terminal


def test_the_report_as_json(server: JQuants) -> None:
    told = json.loads(_jq(*FROM, "--json").stdout)
    assert told["complete"]
    assert told["requests"] == server.count()
    assert told["tables"]["equities_bars_daily"]["new"] == 15


def test_what_failed_is_exit_code_1(server: JQuants) -> None:
    server.inject(Status(400, "nonsense"), "/equities/bars/daily", times=None, skip=2)
    ended = _jq(*FROM)
    assert ended.exit_code == 1
    assert "2 failed" in ended.stdout
    assert "nonsense" in ended.stdout
    assert "same command goes on from there" in ended.stderr
    server.heal()
    assert _jq(*FROM).exit_code == 0


def test_mistakes_are_exit_code_2(server: JQuants, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, message in (
        (("--from", "soon"), "`start` must be a day"),
        (("--tables", "fins_sumary"), "Did you mean `fins_summary`"),
        (("--plan", "gold"), "Unknown plan `gold`"),
        (("--base-url", "ftp://x"), "`base_url` must be an address"),
    ):
        ended = _jq(*arguments)
        assert ended.exit_code == 2
        assert message in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    monkeypatch.setenv("JQUANTS_API_KEY", "another")
    ended = _jq(*FROM)
    assert ended.exit_code == 2
    assert "the key is not valid" in ended.stderr
    assert server.count() == 1


def test_without_the_http_parts_the_message_is_the_command(
    server: JQuants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "requests", None)
    ended = _jq(*FROM)
    assert ended.exit_code == 2
    assert "pip install 'jqfast[jquants]'" in ended.stderr
    assert server.count() == 0


def test_an_interrupt_keeps_what_is_complete(server: JQuants, tmp_path: Path) -> None:
    server.inject(Slow(0.2), "/equities/bars/daily", times=None, skip=1)
    command = [sys.executable, "-P", "-m", "jqfast", "sync", "--store", "jq", "--no-bulk", *FROM[2:]]
    with heard_interrupts():
        process = subprocess.Popen([*command, "--from", "2026-06-01"], stderr=subprocess.PIPE, text=True)
    with process:
        while server.count("/equities/bars/daily") < 20 and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130, said
    assert "Interrupted. What is complete is kept; the same command goes on from there." in said
    rows, units = sync_support.content(tmp_path / "jq")["equities_bars_daily"]
    assert len(rows) == 5 * len(units) > 0


@pytest.mark.parametrize(
    ("done", "total", "seconds", "text"),
    [
        (0, 10, 5.0, ""),
        (10, 10, 5.0, ""),
        (5, 10, 0.5, ""),
        (5, 10, 20.0, "20 s left"),
        (10, 100, 60.0, "9 min left"),
        (100, 10_000, 1200.0, "33.0 h left"),
    ],
)
def test_the_time_left(done: int, total: int, seconds: float, text: str) -> None:
    assert cli_sync.time_left(done, total, seconds) == text


def test_bars_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    with cli_sync.sync_bars() as show:
        assert show is not None
        show("fins_summary", 0, 4)
        show("equities_master", 0, 0)
        show("fins_summary", 4, 4)
    assert "all tables" in capsys.readouterr().err
