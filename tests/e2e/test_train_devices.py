"""Training by itself: the command, and folds over several devices, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

Jq = Callable[..., Result]

#: A walk-forward whose scores go to a file; arguments: support folder, output, folds at once.
SCRIPT = """
import sys
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
import numpy as np
from learn_support import planted, small_folds
from jqfast.learn._jax_setup import jax
from jqfast.learn.config import TrainConfig
from jqfast.learn.models import MlpConfig
from jqfast.learn.walk_forward import run

X, targets = planted(T=300)
folds = small_folds(X)
model = MlpConfig(hidden=(8,), dropout=0.2)
config = TrainConfig(model=model, batch=64, epochs=2, folds_at_once=int(sys.argv[3]), threads=1)
np.savez(sys.argv[2], scores=run(X, targets, folds, config).scores, devices=jax.device_count())
"""


def _train(tmp_path: Path, devices: int, at_once: int) -> dict[str, np.ndarray]:
    """Scores of the walk-forward in a process that sees this many devices."""
    out = tmp_path / f"{devices}-{at_once}.npz"
    flags = f"--xla_force_host_platform_device_count={devices}"
    support = Path(__file__).parents[1] / "unit"
    command = [sys.executable, "-P", "-c", SCRIPT, str(support), str(out), str(at_once)]
    result = subprocess.run(
        command, env={**os.environ, "XLA_FLAGS": flags}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    with np.load(out) as found:
        return dict(found)


def test_folds_over_several_devices_are_folds_alone(tmp_path: Path) -> None:
    """Two on each of three devices, a group that has to be filled up, against one fold at a time."""
    alone, spread = _train(tmp_path, 1, 0), _train(tmp_path, 3, 5)
    assert (int(alone["devices"]), int(spread["devices"])) == (1, 3)
    assert np.isfinite(alone["scores"]).sum() > 1000
    np.testing.assert_allclose(spread["scores"], alone["scores"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("command", [("-m", "jqfast.learn.train"), ("-m", "jqfast", "train")])
def test_training_alone_and_the_run_that_goes_on(command: tuple[str, ...], jq: Jq, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", *command, "small.toml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "device: " in result.stdout
    assert "folds in" in result.stdout
    folder = tmp_path / "runs" / "simulated"
    scores = (folder / "predictions.parquet").read_bytes()
    assert not (folder / "report.html").exists()
    models = {path: path.stat().st_mtime_ns for path in folder.glob("models/*.safetensors")}
    assert len(models) > 10
    assert jq("run", "--config", "small.toml").exit_code == 0
    assert (folder / "report.html").exists()
    assert (folder / "predictions.parquet").read_bytes() == scores
    assert {path: path.stat().st_mtime_ns for path in models} == models


def test_mistakes_end_with_one_sentence(jq: Jq) -> None:
    result = jq("train", "small.toml", "--set", "learn.device=gpu")
    assert result.exit_code == 2
    assert "`device` asks for a GPU" in result.stderr
    result = jq("train", "refrence")
    assert result.exit_code == 2
    assert "Did you mean `reference`" in result.stderr
