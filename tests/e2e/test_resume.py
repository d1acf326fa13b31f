"""A run that was stopped goes on, a finished one only tells again, two do not work in one folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from interrupts import heard_interrupts
from typer.testing import Result

from jqfast import pipeline
from jqfast.config import read
from jqfast.runfolder import RunFolder

Jq = Callable[..., Result]

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
SAME = ("predictions.parquet", "relevance.parquet", "metrics.json")


def _start(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """The command in a process of its own, slowed down by many epochs so that it can be caught."""
    command = [sys.executable, "-P", "-m", "jqfast", "run", "--config", "small.toml", "--name", name]
    slow = ["--set", "learn.epochs=300", "--threads", "1"]
    pipe = subprocess.PIPE
    with heard_interrupts():
        return subprocess.Popen([*command, *slow], cwd=folder, stdout=pipe, stderr=pipe)


def _wait_for_folds(folder: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while len(list(folder.glob("models/fold_*.safetensors"))) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no fold was finished in two minutes"
        time.sleep(0.02)


def _times(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("models/fold_*.safetensors")}


@pytest.fixture
def stopped(request: pytest.FixtureRequest, jq: Jq, tmp_path: Path) -> tuple[Path, int, bytes]:
    """A run stopped by a signal after two folds: its folder, exit code and standard error."""
    assert jq is not None  # writes small.toml
    process = _start(tmp_path, "stopped")
    folder = tmp_path / "runs" / "stopped"
    try:
        _wait_for_folds(folder, 2, process)
        process.send_signal(request.param)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    return folder, process.returncode, errors


def _resumed_equals_whole(folder: Path, jq: Jq, tmp_path: Path) -> None:
    before = _times(folder)
    assert 2 <= len(before) < 15
    again = ("run", "--config", "small.toml", "--set", "learn.epochs=300", "--threads", "1")
    assert jq(*again, "--name", "stopped").exit_code == 0
    after = _times(folder)
    assert {name: after[name] for name in before} == before, "finished folds were trained again"
    assert jq(*again, "--name", "whole").exit_code == 0
    for name in SAME:
        assert (folder / name).read_bytes() == (tmp_path / "runs" / "whole" / name).read_bytes(), name


@POSIX
@pytest.mark.parametrize("stopped", [signal.SIGKILL], indirect=True)
def test_a_killed_run_goes_on(stopped: tuple[Path, int, bytes], jq: Jq, tmp_path: Path) -> None:
    folder, code, _ = stopped
    assert code == -signal.SIGKILL
    assert not (folder / "predictions.parquet").exists()
    _resumed_equals_whole(folder, jq, tmp_path)


@POSIX
@pytest.mark.parametrize("stopped", [signal.SIGINT], indirect=True)
def test_control_c_ends_cleanly(stopped: tuple[Path, int, bytes]) -> None:
    folder, code, errors = stopped
    text = errors.decode()
    assert code == 130, text
    assert "Interrupted. What is finished is kept in runs/stopped; the same command continues." in text
    assert "Traceback" not in text
    assert [path for path in folder.rglob("*") if path.name.endswith((".partial", ".tmp"))] == []
    assert not (folder / "predictions.parquet").exists()


def test_a_finished_run_only_tells_again(finished: Path, jq: Jq) -> None:
    kept = [path for path in finished.rglob("*") if path.suffix in (".npy", ".parquet", ".safetensors")]
    before = {path: path.stat().st_mtime_ns for path in kept}
    page, metrics = (finished / "report.html").read_bytes(), (finished / "metrics.json").read_bytes()
    again = jq("run", "--config", "small.toml")
    assert again.exit_code == 0, again.stderr
    assert "was complete already; only its report was written again" in again.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert len(kept) > 10
    assert len((finished / "report.html").read_bytes()) > 0.9 * len(page)
    assert (finished / "metrics.json").read_bytes() == metrics


def test_what_changed_is_done_again_and_nothing_else(finished: Path, jq: Jq) -> None:
    samples, scores, metrics = (
        finished / name for name in ("features/samples.npy", "predictions.parquet", "metrics.json")
    )
    before = samples.stat().st_mtime_ns, scores.read_bytes(), metrics.read_bytes()
    # costs: neither features nor models
    assert jq("run", "--config", "small.toml", "--set", "portfolio.costs.commission_bps=50").exit_code == 0
    assert (samples.stat().st_mtime_ns, scores.read_bytes()) == before[:2]
    assert metrics.read_bytes() != before[2]
    # the seed of the models: not the features
    assert jq("run", "--config", "small.toml", "--set", "learn.seed=5").exit_code == 0
    assert samples.stat().st_mtime_ns == before[0]
    assert scores.read_bytes() != before[1]
    # the market: everything
    assert jq("run", "--config", "small.toml", "--set", "simulate.seed=5").exit_code == 0
    assert samples.stat().st_mtime_ns != before[0]


@pytest.mark.parametrize("name", ["features/samples.npy", *SAME[:2], "relevance_daily.parquet"])
def test_a_lost_file_is_made_again(name: str, finished: Path, jq: Jq) -> None:
    path = finished / name
    content = path.read_bytes()
    path.unlink()
    assert jq("run", "--config", "small.toml").exit_code == 0
    assert path.read_bytes() == content


def test_a_damaged_model_file_is_trained_again(finished: Path, jq: Jq) -> None:
    fold = sorted(finished.glob("models/*.safetensors"))[0]
    fold.write_bytes(fold.read_bytes()[:-100])
    scores = (finished / "predictions.parquet").read_bytes()
    (finished / "predictions.parquet").unlink()
    assert jq("run", "--config", "small.toml").exit_code == 0
    assert (finished / "predictions.parquet").read_bytes() == scores


@pytest.mark.parametrize("name", SAME[:2])
def test_a_damaged_table_is_named(name: str, finished: Path, jq: Jq) -> None:
    path = finished / name
    path.write_bytes(path.read_bytes()[:-50])
    result = jq("run", "--config", "small.toml")
    assert result.exit_code == 2
    assert f"`runs/simulated/{name}` is damaged" in result.stderr
    assert "Delete it" in result.stderr


def test_two_runs_in_one_folder(jq: Jq, tmp_path: Path) -> None:
    with RunFolder(tmp_path / "runs" / "simulated"):
        refused = jq("run", "--config", "small.toml")
    assert refused.exit_code == 2
    assert f"in use by process {os.getpid()}" in refused.stderr
    assert "another `--name`" in refused.stderr


def test_trials_on_the_same_data_are_counted(finished: Path, jq: Jq) -> None:
    for seed in ("1", "1"):
        assert jq("run", "--config", "small.toml", "--set", f"learn.seed={seed}").exit_code == 0
    lines = [json.loads(line) for line in (finished.parent / "trials.jsonl").read_text().splitlines()]
    assert len({line["data"] for line in lines}) == 1
    assert len(lines) == len({line["trial"] for line in lines}) == 2


def test_the_library_tells_its_progress(jq: Jq) -> None:
    assert jq is not None  # writes small.toml
    told: list[tuple[str, int, int]] = []
    pipeline.run(read("small.toml"), progress=lambda *now: told.append(now))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["panel", "plan", "features", "models", "judge", "explain", "trust", "report"]
    for stage in stages:
        steps = [done for name, done, _ in told if name == stage]
        assert steps == sorted(steps)
        assert steps[0] == 0
        assert steps[-1] == next(total for name, _, total in reversed(told) if name == stage)
    assert sum(stage == "models" for stage, _, _ in told) > 10
