"""Several models as one run: each way to combine them, what is explained of it, and today's scores."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import Result

from jqfast.config import EnsembleConfig, read
from jqfast.learn.checkpoint import load_fold
from jqfast.learn.ensemble import per_date

Jq = Callable[..., Result]

MEMBERS = """
[ensemble]
combine = "{combine}"
[ensemble.members]
line = ["learn.model.kind=linear", "learn.ensemble=2"]
"""


def _config(tmp_path: Path, combine: str, more: str = "") -> None:
    text = (tmp_path / "small.toml").read_text() + MEMBERS.format(combine=combine)
    (tmp_path / "several.toml").write_text(text.replace("[ensemble]", f"[ensemble]\n{more}"))


def _scores(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "predictions.parquet").set_index(["date", "code"])


def test_a_mean_weighs_every_model_alike_and_is_explained(jq: Jq, tmp_path: Path) -> None:
    _config(tmp_path, "mean")
    result = jq("run", "--config", "several.toml")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "simulated-ensemble"
    assert "forecasts explained" in result.stdout
    places = ("models", "models/line", "models/line/seed-1")
    assert len({len(list((folder / place).glob("fold_*.safetensors"))) for place in places}) == 1
    assert "Ensemble of learn (mlp), line (linear): mean of standardised scores." in (
        folder / "report.html"
    ).read_text(encoding="utf-8")
    codes = json.loads((folder / "features" / "index.json").read_text())["code"]
    got = _scores(folder)["score_5d"].unstack().reindex(columns=codes)
    want = np.mean([per_date(_five_days(folder / place)[None])[0] for place in places], axis=0)
    assert np.isfinite(want).sum() > 1000
    np.testing.assert_allclose(got.to_numpy(), want, rtol=1e-4, atol=1e-5)
    told = jq("explain", str(folder), "--code", str(got.columns[0]), "--date", str(got.index[-1])[:10])
    assert told.exit_code == 0, told.stderr


def _five_days(models: Path) -> np.ndarray:
    """(rows, N) five-day scores of one model, as its fold files hold them, on the rows that have any."""
    folds = [load_fold(path) for path in models.glob("fold_*.safetensors")]
    rows = np.concatenate([fold.predict_rows for fold in folds])
    scores = np.concatenate([fold.scores[fold.horizons.index(5)] for fold in folds])[np.argsort(rows)]
    return scores[np.isfinite(scores).any(axis=1)]


@pytest.mark.parametrize("combine", ["ranks", "stack"])
def test_ranks_and_stacks_have_scores_and_no_relevance(jq: Jq, tmp_path: Path, combine: str) -> None:
    _config(tmp_path, combine)
    result = jq("run", "--config", "several.toml")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "simulated-ensemble"
    assert f"not scores combined by `{combine}`" in " ".join(result.stdout.replace("│", " ").split())
    assert not (folder / "relevance.parquet").exists()
    scores = _scores(folder)
    if combine == "ranks":
        assert scores["score_5d"].abs().max() < 0.5
    else:
        weights = json.loads((folder / "models" / "stack.json").read_text())
        found = np.array(list(weights.values()))
        assert found.shape[1:] == (2, 2)
        np.testing.assert_allclose(found.sum(axis=2), 1.0)
        assert (found[0] == 0.5).all(), "nothing was forecast before the first fold"
        assert (found[-1] != 0.5).any()
        assert "Weights of the stack in the last fold: learn " in (folder / "report.html").read_text(
            encoding="utf-8"
        )
    _todays_are_the_runs(jq, folder)
    refused = jq("explain", str(folder), "--code", "1", "--date", "2026-01-05")
    assert refused.exit_code == 2
    assert "LRP explains means of models" in refused.stderr


def test_a_factor_model_joins_and_the_others_learn_what_it_leaves(jq: Jq, tmp_path: Path) -> None:
    _config(tmp_path, "ranks", 'factors = "FF3"\nresidual = true')
    folder = tmp_path / "runs" / "simulated-ensemble"
    # A market whose accounts begin with the first formation of the factors, in June.
    flags = (
        "--set",
        "simulate.years=4",
        "--set",
        "folds.min_train_months=24",
        "--set",
        "folds.train_months=24",
    )
    result = jq("run", "--config", "several.toml", *flags)
    assert result.exit_code == 0, result.stderr
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Ensemble of learn (mlp), line (linear), FF3: mean of ranks." in page
    assert "The models learn what FF3 leaves of the returns." in page
    assert len(_scores(folder).dropna()) > 3000
    _todays_are_the_runs(jq, folder)


def test_a_stack_predicts_with_the_newest_fold_that_has_weights(jq: Jq, tmp_path: Path) -> None:
    _config(tmp_path, "stack")
    folder = tmp_path / "runs" / "simulated-ensemble"
    assert jq("run", "--config", "several.toml").exit_code == 0
    weights = json.loads((folder / "models" / "stack.json").read_text())
    newest = max(weights)
    del weights[newest]  # as a retrain leaves it that is killed after its last model
    (folder / "models" / "stack.json").write_text(json.dumps(weights))
    result = jq("predict", str(folder), "--json")
    assert result.exit_code == 0, result.stderr
    assert (folder / "today.csv").is_file()


def test_prices_alone_have_no_sorts_by_accounts(jq: Jq, tmp_path: Path) -> None:
    _config(tmp_path, "mean", 'factors = "FF3"')
    days = np.datetime64("2015-01-05") + np.arange(1100)
    rng = np.random.default_rng(0)
    frames = []
    for code in range(1300, 1324):
        close = 1000 * np.exp(np.cumsum(rng.normal(0, 0.01, len(days))))
        columns = dict.fromkeys(("open", "high", "low", "close"), close)
        frames.append(pd.DataFrame({"date": days, "code": str(code), **columns, "volume": 1000}))
    pd.concat(frames).to_csv(tmp_path / "prices.csv", index=False)
    result = jq("run", "--config", "several.toml", "--prices", "prices.csv")
    assert result.exit_code == 2
    assert "`ensemble.factors` asks for FF3, but these data give only Mkt-RF" in result.stderr


def _todays_are_the_runs(jq: Jq, folder: Path) -> None:
    """`jqfast predict` combines as the run did."""
    result = jq("predict", str(folder))
    assert result.exit_code == 0, result.stderr
    today = pd.read_csv(folder / "today.csv", dtype={"code": str}, parse_dates=["date"])
    scores = _scores(folder).reset_index()
    last = scores[scores["date"] == scores["date"].max()]
    merged = today.merge(
        last.assign(date=pd.to_datetime(last["date"])), on=["date", "code"], suffixes=("", "_run")
    )
    assert len(merged) == len(today) > 10
    for name in ("score_1d", "score_5d"):
        np.testing.assert_allclose(merged[name], merged[f"{name}_run"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"members": {"learn": ()}}, "names of letters, digits and _"),
        ({"members": {"a/b": ()}}, "names of letters, digits and _"),
        ({"members": {"tree": ("folds.step=2",)}}, r"`ensemble.members.tree` takes keys of `learn`"),
        ({"factors": "FF4"}, "Unknown factor model `FF4`"),
        ({"residual": True}, "`ensemble.residual` needs the factor model"),
        ({"combine": "stack"}, "`ensemble.combine` = `stack` combines members, and there is one"),
    ],
)
def test_mistakes(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EnsembleConfig(**options)  # type: ignore[arg-type]  # on purpose


def test_members_take_what_they_do_not_change_from_learn() -> None:
    config = read(None, ("learn.epochs=7", "ensemble.members.trees=learn.model.kind=lightgbm,learn.seed=3"))
    trees = config.members()["trees"]
    assert (trees.epochs, trees.seed, type(trees.model).__name__) == (7, 3, "LightgbmConfig")
    with pytest.raises(ValueError, match=r"In `ensemble\.members\.trees`: Unknown config key `epoks`"):
        read(None, ("ensemble.members.trees=learn.epoks=7",))
