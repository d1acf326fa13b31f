"""``jqfast explain``: the numbers are those of the run's own files, in words, JSON, page and picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from jqfast.finished import open_run
from jqfast.single import explain_stock

Jq = Callable[..., Result]


def _month_end(folder: Path) -> tuple[pd.DataFrame, str]:
    """Relevances of the last explained date by code, and the date."""
    table = pd.read_parquet(folder / "relevance.parquet")
    last = table["date"].max()
    return table[table["date"] == last].set_index("code").drop(columns="date"), str(last)[:10]


def test_the_facts_are_those_of_the_files(finished: Path) -> None:
    relevance, date = _month_end(finished)
    code = str(relevance.index[3])
    facts = explain_stock(finished, code=code, date=date)
    scores = pd.read_parquet(finished / "predictions.parquet")
    day = scores[scores["date"].astype(str) == date].set_index("code")["score_5d"].astype(float)
    assert facts.score == pytest.approx(day[code])
    assert (facts.mean, facts.deviation) == pytest.approx((day.mean(), day.std(ddof=0)))
    assert (facts.rank, facts.stocks) == (int(day.rank(ascending=False)[code]), len(day))
    inputs = relevance.drop(columns="residual_share").astype(float)
    centred = (inputs - inputs.mean()).loc[code]
    ours = {each.name: each.relevance for each in facts.inputs}
    assert list(ours) == list(centred.abs().sort_values(ascending=False).index)
    pd.testing.assert_series_equal(
        pd.Series(ours), centred[list(ours)], check_names=False, rtol=1e-4, atol=1e-6
    )
    assert sum(ours.values()) + facts.residual == pytest.approx(facts.gap, abs=1e-5)
    assert facts.peers[0].rank < facts.peers[-1].rank
    assert code in [peer.code for peer in facts.peers]


def test_values_before_normalisation_are_the_features(finished: Path) -> None:
    relevance, date = _month_end(finished)
    code = str(relevance.index[5])
    facts = explain_stock(finished, code=code, date=date)
    run = open_run(finished)
    n = int(run.stocks[list(run.X.codes).index(code)])
    t = int(np.searchsorted(run.panel.dates, np.datetime64(date)))
    raw = {each.name: each.raw for each in facts.inputs}
    close = run.panel["close"]
    assert raw["ret_5"] == pytest.approx(close[t, n] / close[t - 5, n] - 1, rel=1e-5)
    all_stocks = close[t] / close[t - 5] - 1
    others = np.delete(all_stocks[run.stocks], list(run.X.codes).index(code))
    below = (others[np.isfinite(others)] < all_stocks[n]).mean()
    assert next(each.below for each in facts.inputs if each.name == "ret_5") == pytest.approx(below)
    assert np.isnan(next(each.below for each in facts.inputs if each.name == "dow_sin"))


def test_words_json_page_and_picture(finished: Path, jq: Jq, tmp_path: Path) -> None:
    relevance, date = _month_end(finished)
    code = str(relevance.index[0])
    where = ("explain", "runs/simulated", "--code", code[:4], "--date", date)
    told = jq(*where, "--html", "why.html", "--png", "why.png", "--language", "ja")
    assert told.exit_code == 0, told.stderr
    assert f"{date} の5営業日予測で {code} は" in told.stdout
    assert "written: why.html" in told.stdout
    assert 'lang="ja"' in (tmp_path / "why.html").read_text(encoding="utf-8")
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    data = json.loads(jq(*where, "--horizon", "1", "--json").stdout)
    assert (data["code"], data["horizon"]) == (code, 1)
    assert {each["name"] for each in data["inputs"]} == set(relevance.columns[1:])
    assert set(data["sentences"]) == {"en", "ja"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--code", "9x9x"), "Unknown code `9x9x`"),
        (("--date", "2020-01-01"), "`date` must be a session that the run forecast"),
        (("--date", "soon"), "`date` must be a date such as"),
        (("--horizon", "7"), "`horizon` must be one that was predicted (1, 5); got 7"),
        (("--language", "fr"), "Unknown language `fr`"),
        (("--png", "why.gif"), "`--png` must end in one of png, svg, pdf"),
        (("--top", "0"), "`--top` must be an integer >= 1"),
    ],
)
def test_mistakes(finished: Path, jq: Jq, options: tuple[str, str], message: str) -> None:
    relevance, date = _month_end(finished)
    given = {"--code": str(relevance.index[0]), "--date": date, **dict([options])}
    result = jq("explain", "runs/simulated", *(part for pair in given.items() for part in pair))
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_folder_without_a_run_says_what_is_missing(finished: Path, jq: Jq) -> None:
    (finished / "predictions.parquet").unlink()
    result = jq("explain", "runs/simulated", "--code", "1", "--date", "2025-01-06")
    assert result.exit_code == 2
    assert "is not finished: it has no `predictions.parquet`" in result.stderr
    assert jq("explain", "runs", "--code", "1", "--date", "2025-01-06").exit_code == 2


def test_a_fold_without_a_model_forecast_nothing(finished: Path, jq: Jq) -> None:
    _, date = _month_end(finished)
    next(path for path in sorted(finished.glob("models/fold_*"), reverse=True)).unlink()
    result = jq("explain", "runs/simulated", "--code", "1", "--date", date)
    assert result.exit_code == 2
    assert "`date` must be a session that the run forecast" in result.stderr


def test_an_ensemble_is_explained_by_its_members(jq: Jq, tmp_path: Path) -> None:
    small = ("--set", "learn.epochs=1", "--set", "folds.step=12", "--set", "learn.ensemble=2")
    result = jq("run", "--config", "small.toml", "--name", "two", *small)
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "two"
    relevance, date = _month_end(folder)
    facts = explain_stock(folder, code=str(relevance.index[0]), date=date)
    assert facts.members == 2
    assert sum(each.relevance for each in facts.inputs) + facts.residual == pytest.approx(facts.gap, abs=1e-5)
