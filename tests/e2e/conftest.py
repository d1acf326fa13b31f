"""The command line in a folder of its own, a run that takes seconds, and a small file of prices to spoil."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from jqfast import load
from jqfast.cli import app
from jqfast.data.simulator import SimulateConfig, write
from jqfast.runfolder import digest

Jq = Callable[..., Result]

#: A market, a model and a fold scheme so small that the whole corridor takes seconds.
SMALL = """
[simulate]
stocks = 24
years = 2.5
sectors = 4
[features]
use = ["ret_1", "ret_5", "ret_20", "rsi", "vol_chg", "dow_sin"]
[labels]
horizons = [1, 5]
[folds]
train_months = 12
min_train_months = 12
[learn]
epochs = 2
[learn.model]
kind = "mlp"
hidden = [8]
"""


@pytest.fixture(scope="session")
def _write_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Writes each market once for all tests and copies it after that; subprocesses write theirs."""
    kept = tmp_path_factory.mktemp("markets")

    def write_once(path: Path, config: SimulateConfig, **options: object) -> None:
        market = kept / digest(config)
        if not market.exists():
            write(market, config, **options)  # type: ignore[arg-type]  # passed on
        shutil.copytree(market, path, dirs_exist_ok=True)

    return write_once


@pytest.fixture
def jq(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _write_once: Callable[..., None]) -> Jq:
    """``jq("run", "--null")`` runs the command in an empty folder and returns exit code and streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(load, "write", _write_once)
    (tmp_path / "small.toml").write_text(SMALL)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return call


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one finished small run."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "small.toml").write_text(SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        result = CliRunner().invoke(app, ["run", "--config", "small.toml"])
    assert result.exit_code == 0, result.stderr
    return folder / "runs"


@pytest.fixture
def finished(_finished: Path, jq: Jq, tmp_path: Path) -> Path:
    """A finished run of ``small.toml`` in the folder where ``jq`` works; its run folder."""
    assert jq is not None
    shutil.copytree(_finished, tmp_path / "runs")
    return tmp_path / "runs" / "simulated"


@pytest.fixture
def bars() -> pd.DataFrame:
    """Three stocks over 40 sessions, faultless."""
    dates = pd.bdate_range("2024-01-04", periods=40).strftime("%Y-%m-%d")
    cells = pd.MultiIndex.from_product([dates, ["1301", "7203", "285A"]], names=["date", "code"])
    frame = cells.to_frame(index=False)
    rng = np.random.default_rng(1)
    close = 1000 + rng.normal(0, 10, len(frame)).cumsum().round(1)
    frame["open"] = close
    frame["high"] = close + 5
    frame["low"] = close - 5
    frame["close"] = close
    frame["volume"] = 1000
    return frame
