"""A finished run, day by day: today's scores are the run's, drift is named, retraining adds what is due."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from jqfast.data.jquants import SyncReport, TableReport
from jqfast.finished import open_run
from jqfast.learn.checkpoint import fold_path
from jqfast.learn.drift import drift

Jq = Callable[..., Result]


def test_todays_scores_are_those_of_the_run(finished: Path, jq: Jq) -> None:
    result = jq("predict", "runs/simulated")
    assert result.exit_code == 0, result.stderr
    today = pd.read_csv(finished / "today.csv", dtype={"code": str}, parse_dates=["date"])
    scores = pd.read_parquet(finished / "predictions.parquet")
    last = scores[scores["date"] == scores["date"].max()]
    merged = today.merge(
        last.assign(date=pd.to_datetime(last["date"])), on=["date", "code"], suffixes=("", "_run")
    )
    assert len(merged) == len(today) == len(last) > 10
    for name in ("score_1d", "score_5d"):
        np.testing.assert_allclose(merged[name], merged[f"{name}_run"], rtol=1e-4, atol=1e-5)
    assert "retrain" not in result.stdout


def test_what_is_due_is_told_and_trained(finished: Path, jq: Jq) -> None:
    models = sorted(finished.glob("models/fold_*.safetensors"))
    content = models[-1].read_bytes()
    models[-1].unlink()
    name = models[-1].name.removeprefix("fold_").removesuffix(".safetensors")
    assert f"A newer model is due ({name})" in jq("predict", "runs/simulated").stdout
    (finished / "predictions.parquet").unlink()
    result = jq("retrain", "runs/simulated")
    assert result.exit_code == 0, result.stderr
    assert f"Trained: {name}." in result.stdout
    assert fold_path(finished / "models", name).read_bytes() == content
    assert "Nothing was due" in jq("retrain", "runs/simulated").stdout


def test_health_is_written_and_names_what_is_wrong(finished: Path, jq: Jq) -> None:
    result = jq("health", "runs/simulated")
    assert result.exit_code == 0, result.stderr
    found = json.loads((finished / "health.json").read_text())
    assert set(found) == {"warnings", "due", "rank_ic", "inputs"}
    assert set(found["inputs"]["rsi"]) == {"coverage_training", "coverage_now", "stability"}
    text = (finished / "config.toml").read_text()
    (finished / "config.toml").write_text(text.replace("stability = 0.25", "stability = -1.0"))
    strict = jq("health", "runs/simulated")
    assert "`rsi` has another distribution than in training" in strict.stdout


def test_features_of_another_set_are_refused(finished: Path, jq: Jq) -> None:
    text = (finished / "config.toml").read_text()
    assert '"rsi"' in text
    (finished / "config.toml").write_text(text.replace('"rsi"', '"rsi_60"'))
    result = jq("predict", "runs/simulated")
    assert result.exit_code == 2
    assert "was trained on 6 features, these are 6 (missing: rsi" in result.stderr


def test_no_run_folder(jq: Jq) -> None:
    result = jq("predict", "runs/nothing")
    assert result.exit_code == 2
    assert "No run folder" in result.stderr


def test_drift_of_known_samples() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(size=(20_000, 3))
    now = rng.normal(size=(20_000, 3))
    now[:, 1] += 1.0
    now[::2, 2] = np.nan
    found = drift(before, now, ("same", "moved", "gone"))
    assert found.stability[0] < 0.01
    # a normal that moves by its deviation: close to the symmetric divergence, 1, which ten bins come near
    assert found.stability[1] == pytest.approx(0.95, abs=0.1)
    assert found.suspects(stability=0.25, coverage=0.2) == [
        f"`moved` has another distribution than in training: stability index {found.stability[1]:.2f}.",
        "`gone` is known for 50% of the stocks, 100% in training.",
    ]
    assert np.isnan(drift(before[:, :1], np.full((5, 1), np.nan), ("none",)).stability[0])


def test_the_report_is_written_anew_in_another_language(finished: Path, jq: Jq) -> None:
    before = {path: path.read_bytes() for path in finished.glob("models/*.safetensors")}
    scores = (finished / "predictions.parquet").read_bytes()
    metrics = json.loads((finished / "metrics.json").read_text())
    assert 'lang="en"' in (finished / "report.html").read_text(encoding="utf-8")
    result = jq("report", "runs/simulated", "--language", "ja", "--title", "週次")
    assert result.exit_code == 0, result.stderr
    page = (finished / "report.html").read_text(encoding="utf-8")
    assert '<html lang="ja">' in page
    assert "<title>週次</title>" in page
    assert {path: path.read_bytes() for path in finished.glob("models/*.safetensors")} == before
    assert (finished / "predictions.parquet").read_bytes() == scores
    again = jq("report", "runs/simulated", "--json")
    assert json.loads(again.stdout)["horizons"] == metrics["horizons"]
    assert '<html lang="ja">' in (finished / "report.html").read_text(encoding="utf-8"), "the run's own"


def test_a_report_never_trains(finished: Path, jq: Jq) -> None:
    (finished / "predictions.parquet").unlink()
    result = jq("report", "runs/simulated")
    assert result.exit_code == 2
    assert "The predictions of `runs/simulated` are not there" in result.stderr
    assert not (finished / "predictions.parquet").exists()
    assert jq("report", "runs/simulated", "--language", "fr").exit_code == 2


def test_the_daily_round(finished: Path, jq: Jq) -> None:
    result = jq("update", "runs/simulated")
    assert result.exit_code == 0, result.stderr
    assert "stocks scored at the close of" in result.stdout
    scores = pd.read_csv(finished / "today.csv", dtype={"code": str})
    inputs = pd.read_csv(finished / "today_features.csv", dtype={"code": str})
    assert list(inputs["code"]) == list(scores["code"])
    run = open_run(finished)
    t = int(np.searchsorted(run.panel.dates, np.datetime64(str(inputs["date"].iloc[0]))))
    n = [run.panel.codes.tolist().index(code) for code in inputs["code"]]
    close = run.panel["close"]
    np.testing.assert_allclose(inputs["ret_5"], close[t, n] / close[t - 5, n] - 1, rtol=1e-5, atol=1e-7)
    assert (finished / "health.json").exists()
    told = json.loads(jq("update", "runs/simulated", "--json").stdout)
    assert told["synced"] is None, "a simulated market is not fetched"
    assert told["scores"]["score_5d"].keys() == set(scores["code"])
    assert set(told["health"]) == {"warnings", "due", "rank_ic", "inputs"}


def test_a_store_is_fetched_first(finished: Path, jq: Jq, monkeypatch: pytest.MonkeyPatch) -> None:
    market = next((finished.parent / "markets").glob("planted-*"))
    text = (finished / "config.toml").read_text()
    text = text.replace('store = ""', f'store = "{market}"').replace('universe = ""', 'universe = "all"')
    (finished / "config.toml").write_text(text)
    asked = []

    def fetch(store: str, *, progress: object) -> SyncReport:
        assert progress is None, "quiet where there is no terminal"
        asked.append(store)
        report = SyncReport()
        report.tables["bars"] = TableReport("bars", new=1234)
        return report

    monkeypatch.setattr("jqfast.data.jquants.sync", fetch)
    monkeypatch.setattr("jqfast.production.is_simulated", lambda _: False)
    result = jq("update", "runs/simulated")
    assert result.exit_code == 0, result.stderr
    assert "fetched: 1,234 new records" in result.stdout
    assert jq("update", "runs/simulated", "--no-sync").exit_code == 0
    assert asked == [str(market)]

    def fetch_part(store: str, *, progress: object) -> SyncReport:
        assert (store, progress) == (str(market), None)
        return SyncReport(tables={"bars": TableReport("bars", failed={"2026-10-30": "no answer"})})

    monkeypatch.setattr("jqfast.data.jquants.sync", fetch_part)
    partly = jq("update", "runs/simulated")
    assert partly.exit_code == 1
    assert "Not everything could be fetched" in partly.stderr
