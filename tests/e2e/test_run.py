"""One small run through the command line: every file of the run folder, and what stands in it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import Result

import jqfast
from jqfast import toml
from jqfast.config import Config, read
from jqfast.learn.checkpoint import load_fold

Jq = Callable[..., Result]

NAMES = ["ret_1", "ret_5", "ret_20", "rsi", "vol_chg", "dow_sin"]


def test_a_run_leaves_its_folder(jq: Jq, tmp_path: Path) -> None:
    result = jq("run", "--config", "small.toml", "--set", "features.own.mine=ts_mean(close, 5) / close - 1")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "simulated"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    names = {
        "config.toml",
        "manifest.json",
        "metrics.json",
        "predictions.parquet",
        "relevance.parquet",
        "report.html",
    }
    assert names | {"features/samples.npy", "features/index.json", "relevance_daily.parquet"} <= files
    assert not [name for name in files if name.endswith((".partial", ".tmp"))]
    _check_summary(result.stdout)
    manifest = _check_manifest(folder)
    _check_predictions(folder, manifest)
    _check_relevance(folder)
    _check_metrics(folder)
    _check_report(folder)


def _check_summary(text: str) -> None:
    report = "report: runs/simulated/report.html"
    for word in ("RankIC 5d", "long-short net", "LRP", "24 stocks", "(oracle +", "inputs see", report):
        assert word in text, text


def _check_manifest(folder: Path) -> dict[str, object]:
    manifest: dict[str, object] = json.loads((folder / "manifest.json").read_text())
    assert manifest["versions"]["jqfast"] == jqfast.__version__  # type: ignore[index]
    assert manifest["core"] == jqfast.build_info()
    assert set(manifest["stages"]) == {"features", "predictions", "relevance", "trust"}  # type: ignore[call-overload]  # a JSON object
    assert set(manifest["seconds"]) == {  # type: ignore[call-overload]  # a JSON object
        *("panel", "plan", "features", "models", "judge", "explain", "trust", "report")
    }
    config = toml.build(Config, tomllib.loads((folder / "config.toml").read_text()))
    assert config.features.own == {"mine": "ts_mean(close, 5) / close - 1"}
    assert config == read(folder / "config.toml")
    return manifest


def _check_predictions(folder: Path, manifest: dict[str, object]) -> None:
    table = pq.read_table(folder / "predictions.parquet").to_pandas()
    assert list(table.columns) == ["date", "code", "score_1d", "score_5d"]
    assert not table.duplicated(["date", "code"]).any()
    assert np.isfinite(table["score_5d"]).all()
    folds = manifest["folds"]
    assert isinstance(folds, list)
    files = sorted(path.name for path in (folder / "models").glob("*.safetensors"))
    assert files == [f"fold_{name}.safetensors" for name in folds]
    # A fold's own predictions are those of the table.
    fold = load_fold(folder / "models" / files[-1])
    last = table[table["date"] == table["date"].max()]
    scores = fold.scores[list(fold.horizons).index(5), -1]
    assert np.array_equal(np.sort(scores[np.isfinite(scores)]), np.sort(last["score_5d"].to_numpy()))


def _check_relevance(folder: Path) -> None:
    table = pq.read_table(folder / "relevance.parquet").to_pandas()
    assert list(table.columns) == ["date", "code", "residual_share", *NAMES, "mine"]
    dates = pd.to_datetime(table["date"]).dt.to_period("M")
    assert dates.nunique() == table["date"].nunique(), "one date per month"
    # What LRP keeps and what it hands out is the whole prediction.
    scores = pq.read_table(folder / "predictions.parquet").to_pandas().set_index(["date", "code"])["score_5d"]
    table = table.set_index(["date", "code"])
    score = scores.loc[table.index].to_numpy(dtype=np.float64)
    total = table[[*NAMES, "mine"]].to_numpy(dtype=np.float64).sum(axis=1)
    size = np.abs(table[[*NAMES, "mine"]]).to_numpy(dtype=np.float64).sum(axis=1) + np.abs(score)
    kept = table["residual_share"].to_numpy(dtype=np.float64) * score
    assert (np.abs(score - total - kept) <= 1e-4 * size + 1e-6).all()


def _check_metrics(folder: Path) -> None:
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["horizons"]) == {"1", "5"}
    for horizon in metrics["horizons"].values():
        assert -1 <= horizon["rank_ic"]["mean"] <= 1
        assert len(horizon["deciles"]["mean"]) == 10
    references = metrics["horizons"]["5"]["references"]
    assert set(references) == {"oracle", "oracle_visible", "drivers_ridge"}
    assert references["oracle"]["mean"] > 0
    assert metrics["planted"]["visible"] == ["reversal", "momentum"]
    assert len(metrics["planted"]["drivers"]) == 7
    performance = metrics["portfolio"]["performance"]
    assert performance["long_short_net"]["annual_return"] < performance["long_short_gross"]["annual_return"]
    assert metrics["definitions"]["rank_ic"]
    trust = metrics["trust"]
    assert trust == json.loads((folder / "trust.json").read_text())
    by_name = {row["group"]: row for row in trust["rows"]}
    assert by_name["reversal+momentum"]["inputs"] == 4
    assert by_name["reversal+momentum"]["truth_share"] > 0.1
    assert trust["seed"] == 1


def _check_report(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") + page.count("<svg") >= 5
    assert page.count("<small>") > 25, "figures of performance with their intervals"
    assert re.search(r"\+?[−\d.]+ ± \d", page), "top minus bottom with its error"
    for figure in ("5", "12", "H", "I", "J"):
        assert f'id="figure-{figure}"' in page
    for word in ("RankIC", "mine", "simulated", "Oracle", "Ridge on the true drivers", "reversal, momentum"):
        assert word in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page.replace("https://www.w3.org", "")


def test_the_metrics_as_json(jq: Jq, tmp_path: Path) -> None:
    result = jq("run", "--config", "small.toml", "--json", "--name", "x", "--set", "learn.epochs=1")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    assert metrics["primary_horizon"] == 5
    _check_judged_again(jq, tmp_path / "runs" / "x", metrics)


def _check_judged_again(jq: Jq, folder: Path, metrics: dict[str, Any]) -> None:
    """`jqfast evaluate` of the folder says what the run said; the market's truth is not asked again."""
    result = jq("evaluate", str(folder), "--json")
    assert result.exit_code == 0, result.stderr
    again = json.loads(result.stdout)["scores"]["x"]
    assert again["study"] == metrics["study"]
    assert again["portfolio"] == metrics["portfolio"]
    for h, told in metrics["horizons"].items():
        assert again["horizons"][h] == {**told, "references": {}}
    refused = jq("evaluate", str(folder), "--prices", "prices.csv")
    assert refused.exit_code == 2
    assert "own data" in refused.stderr


def test_threads_do_not_change_anything(jq: Jq, tmp_path: Path) -> None:
    for name, threads in (("one", "1"), ("two", "2")):
        assert jq("run", "--config", "small.toml", "--name", name, "--threads", threads).exit_code == 0
    for file in ("features/samples.npy", "predictions.parquet", "relevance.parquet", "metrics.json"):
        first, second = ((tmp_path / "runs" / name / file).read_bytes() for name in ("one", "two"))
        assert first == second, file


def test_an_lstm_is_explained_as_the_mlp_is(jq: Jq, tmp_path: Path) -> None:
    small = ("--set", "learn.model.hidden=4", "--set", "learn.model.length=5", "--set", "learn.epochs=1")
    result = jq("run", "--config", "small.toml", "--model", "lstm", *small)
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "simulated-lstm"
    assert "LRP is not available" not in (folder / "report.html").read_text(encoding="utf-8")
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["explanation"]["forecasts"] > 0
    assert (folder / "relevance.parquet").stat().st_size > 0


def test_prices_from_a_file_give_the_run_its_name(jq: Jq, tmp_path: Path, sim_panel: jqfast.Panel) -> None:
    """A long table with Japanese names, codes as text, gaps where a stock did not trade."""
    T, N = sim_panel.shape
    columns = dict(
        zip(
            ("始値", "高値", "安値", "終値", "出来高"),
            ("open", "high", "low", "close", "volume"),
            strict=True,
        )
    )
    frame = pd.DataFrame({name: sim_panel[key].ravel() for name, key in columns.items()})
    frame.insert(0, "日付", np.repeat(sim_panel.dates, N))
    frame.insert(1, "銘柄コード", np.tile(sim_panel.codes, T))
    frame[sim_panel.listed.ravel()].to_csv(tmp_path / "株価.csv", index=False)
    result = jq("run", "--config", "small.toml", "--prices", "株価.csv", "--set", "report.language=ja")
    assert result.exit_code == 0, result.stderr
    page = (tmp_path / "runs" / "株価" / "report.html").read_text(encoding="utf-8")
    assert 'lang="ja"' in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shipped", "name"), [("price_only", "jp_daily"), ("price_only_lstm", "jp_daily-lstm")]
)
def test_real_prices(jq: Jq, real_data: Path, tmp_path: Path, shipped: str, name: str) -> None:
    """The real market through the shipped configurations."""
    prices = str(real_data / "jp_daily.parquet")
    result = jq("run", "--config", shipped, "--prices", prices, "--json")
    assert result.exit_code == 0, result.stderr
    metrics = json.loads(result.stdout)
    ranks = metrics["horizons"]["5"]["rank_ic"]
    assert -0.02 < ranks["mean"] < 0.10, "outside the sanity range: suspect a leak"
    assert "survivors" in (tmp_path / "runs" / name / "report.html").read_text(encoding="utf-8").lower()
