"""A search looks at validation samples alone, records every trial, and leaves a configuration that runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import Result

from jqfast import search
from jqfast.config import Config, SearchConfig, read
from jqfast.features import FeaturePanel
from jqfast.pipeline import Plan
from jqfast.runfolder import RunFolder

Jq = Callable[..., Result]

SPACE = """
[search]
method = "{method}"
trials = 3
[search.space]
"learn.learning_rate" = ["1e-2", "1e-9"]
"learn.model.hidden" = ["[4]", "[8, 4]"]
"""


def _config(tmp_path: Path, method: str = "grid") -> None:
    text = (tmp_path / "small.toml").read_text()
    text = text.replace("[folds]", "[folds]\nvalidation_share = 0.3") + SPACE.format(method=method)
    (tmp_path / "search.toml").write_text(text)


def test_trials_are_recorded_and_the_best_runs(jq: Jq, tmp_path: Path) -> None:
    _config(tmp_path)
    result = jq("search", "search.toml")
    assert result.exit_code == 0, result.stderr
    folder = tmp_path / "runs" / "simulated"
    found = json.loads((folder / "search.json").read_text())
    losses = [trial["loss"] for trial in found["trials"]]
    assert len(losses) == 4
    assert losses == sorted(losses)
    assert len(found["folds"]) == 1
    best = read(folder / "best.toml")
    assert best.learn.learning_rate == float(found["trials"][0]["settings"][0].partition("=")[2])
    assert best.search.space == {}
    assert jq("search", "search.toml").exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "runs" / "trials.jsonl").read_text().splitlines()]
    assert len({line["trial"] for line in lines}) == len(lines) == 4, "done again it counts once"
    assert {line["sharpe"] for line in lines} == {None}
    assert jq("run", "--config", str(folder / "best.toml"), "--name", "chosen").exit_code == 0
    assert len((tmp_path / "runs" / "trials.jsonl").read_text().splitlines()) == 5


def test_random_draws_some_combinations_and_the_same_again(jq: Jq, tmp_path: Path) -> None:
    assert jq is not None
    _config(tmp_path, "random")
    config = read(tmp_path / "search.toml")
    drawn = list(search._combinations(config))
    assert len(set(drawn)) == 3
    assert drawn == list(search._combinations(config))


def test_nothing_that_is_predicted_is_looked_at(
    jq: Jq, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets and features from the first decision on are poisoned: the losses stay."""
    assert jq is not None
    _config(tmp_path)
    config = read(tmp_path / "search.toml", (f"out={tmp_path / 'runs'}",))
    plain = search.search(config)[1]
    real = search.pipeline.begin

    def poisoned(folder: RunFolder, config: Config, plan: Plan) -> tuple[FeaturePanel, str]:
        X, key = real(folder, config, plan)
        first = plan.folds[0]
        plan.targets.values[:, plan.labels.end_row.max(axis=0) > first.decision_row] = 1e9
        samples = np.array(X.buffer)
        samples[first.predict_rows[-1] + 1 :] = 1e9
        return replace(X, buffer=samples), key

    monkeypatch.setattr(search.pipeline, "begin", poisoned)
    assert search.search(config)[1] == plain


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`search.space` is empty"),
        ('[search.space]\n"learn.epochs" = ["1"]', "`folds.validation_share` above 0"),
    ],
)
def test_what_a_search_needs(jq: Jq, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "search.toml").write_text((tmp_path / "small.toml").read_text() + text)
    result = jq("search", "search.toml")
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("key", ["folds.step", "learn.loss", "learn.seed"])
def test_keys_that_cannot_be_searched(key: str) -> None:
    with pytest.raises(ValueError, match=r"`search\.space` takes keys of `learn`"):
        SearchConfig(space={key: ("1",)})
