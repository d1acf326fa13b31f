"""How far LRP may be trusted: a near-linear model is recovered, shuffled ones are not, the truth is apart."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report_inputs import full_input

from jqfast import trust_stage
from jqfast.config import Config
from jqfast.data.simulator.planted import Planted
from jqfast.errors import NumericError
from jqfast.features.declare import registry
from jqfast.features.normalize import Fitted, fit
from jqfast.features.result import FeaturePanel
from jqfast.learn.checkpoint import FoldModel, fold_path, load_fold, save_fold
from jqfast.learn.folds import Fold
from jqfast.learn.walk_forward import Predictions
from jqfast.report import html
from jqfast.report.figures_trust import perturbation
from jqfast.report.trust_inputs import TrustFacts, TrustRow, trust_of
from jqfast.runfolder import plain
from jqfast.trust import CLOSES, Sample, TrustConfig, driver_groups, sample, trust

T, N = 30, 80
NAMES = ("ret_5", "ret_60", "book_to_price", "dow_sin")
GROUPS = {"path": ["ret_5", "ret_60"], "value": ["book_to_price"], "time": ["dow_sin"]}
DATES = np.busday_offset("2020-01-06", np.arange(T)).astype("datetime64[D]")
SMALL = TrustConfig(samples=120, folds=2, draws=16, shuffles=60)


def _model(name: str, rows: np.ndarray, X: FeaturePanel, seed: int = 0) -> FoldModel:
    """A net of one hidden layer that is close to linear: mostly the path, some value."""
    rng = np.random.default_rng(seed)
    effect = np.array([-1.0, 0.6, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0])
    hidden = np.concatenate([effect[:, None], 0.05 * rng.standard_normal((8, 3))], axis=1) / 5
    weights = (hidden.astype(np.float32), np.array([[2.0], [0.3], [-0.2], [0.1]], np.float32))
    biases = (np.zeros(4, np.float32), np.array([0.05], np.float32))
    fitted = fit(X.samples, ("none",) * 4)
    z = np.tanh(fitted.apply(X.samples) @ weights[0] + biases[0]) @ weights[1] + biases[1]
    scores = z.reshape(T, N)[rows][None].astype(np.float32)
    names = tuple(Fitted.input_names(NAMES))
    return FoldModel(
        name, "mlp", weights, biases, ("tanh", "linear"), fitted, names, (), (5,), rows, scores, {}, "print"
    )


@dataclass(frozen=True, eq=False)
class Run:
    X: FeaturePanel
    predictions: Predictions
    folder: Path

    def taken(self, config: TrustConfig = SMALL) -> Sample:
        return sample(self.X, self.predictions, self.folder, horizon=5, config=config)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    values = np.random.default_rng(0).standard_normal((T, N, 4)).astype(np.float32)
    values[..., 3] = values[:, :1, 3]  # the same for all stocks of a date
    X = FeaturePanel(NAMES, DATES, np.array([f"{n}" for n in range(N)]), values, "sample", {})
    scores = np.full((1, T, N), np.nan, np.float32)
    owner = np.full(T, -1)
    for k, rows in enumerate((np.arange(10, 20), np.arange(20, 30))):
        model = _model(f"f{k}", rows, X)
        save_fold(fold_path(tmp_path, model.name), model)
        scores[:, rows], owner[rows] = model.scores, k
    return Run(X, Predictions(DATES, X.codes, (5,), scores, owner, ("f0", "f1")), tmp_path)


def _fold(name: str) -> Fold:
    rows = np.arange(10)
    return Fold(0, name, 9, rows, rows + 10, rows[:0])


def _rows(facts: TrustFacts) -> dict[str, TrustRow]:
    return {row.group: row for row in facts.rows}


def test_the_sample_is_of_the_last_date_of_some_folds(run: Run) -> None:
    taken = run.taken()
    assert sorted(set(taken.row.tolist())) == [19, 29]
    assert np.bincount(taken.model).tolist() == [60, 60]
    inputs = taken.models[0].fitted.apply(run.X.samples[taken.row * N + taken.stock])
    np.testing.assert_array_equal(taken.inputs, inputs)
    assert len(run.taken(replace(SMALL, samples=10_000)).row) == 2 * N
    assert [m.name for m in run.taken(replace(SMALL, folds=9)).models] == ["f0", "f1"]


def test_a_fold_that_failed_in_training_is_no_sample(run: Run) -> None:
    scores = run.predictions.scores.copy()
    scores[:, 20:] = np.nan
    fold_path(run.folder, "f1").unlink()
    taken = sample(run.X, replace(run.predictions, scores=scores), run.folder, horizon=5, config=SMALL)
    assert [model.name for model in taken.models] == ["f0"]
    assert set(taken.row.tolist()) == {19}


def test_what_the_model_does_is_recovered_and_shuffled_models_are_not(run: Run) -> None:
    facts = trust(run.taken(), run.X, GROUPS, config=SMALL)
    rows = _rows(facts)
    assert facts.rows[0].group == "path"
    assert rows["path"].lrp_model > 0.9
    assert rows["value"].lrp_model > 0.9
    assert (rows["path"].verdict, rows["value"].verdict, rows["time"].verdict) == (
        "recovered",
        "recovered",
        "small",
    )
    assert abs(rows["path"].control) < max(0.1, 3 * rows["path"].control_error)
    assert sum(row.share for row in facts.rows) == pytest.approx(1.0)
    assert rows["path"].inputs == 2
    assert facts.ordered
    assert facts.lrp.area > 8 * facts.lrp.error
    assert abs(facts.random.area) < 3 * facts.random.error
    assert facts.lrp.area_zero == pytest.approx(facts.lrp.area, rel=0.2)
    assert all(x > 0.5 and 0 < error < x for _, x, error in facts.sensitivity)
    assert np.isnan(rows["path"].seeds)
    assert np.isnan(rows["path"].truth_share)
    assert facts.named("not recovered") == []


def test_the_truth_judges_the_model_and_not_the_explanation(run: Run) -> None:
    """The model believes in value the wrong way round: LRP is right about it, and the model is wrong."""
    values = run.X.samples.reshape(T, N, 4).astype(np.float64)
    parts = {"path": -values[..., 0] + 0.6 * values[..., 1], "value": -values[..., 2]}

    class Truth(Planted):
        def parts(self, horizon: int) -> dict[str, np.ndarray]:
            assert horizon == 5
            return parts

    truth = Truth({}, {5: np.zeros((T, N))}, {}, {"path": 1.0, "value": 1.0})
    rows = _rows(trust(run.taken(), run.X, GROUPS, truth=truth, config=SMALL))
    assert rows["path"].truth_share + rows["value"].truth_share == pytest.approx(1.0)
    assert rows["path"].lrp_truth > 0.9
    assert rows["value"].lrp_model > 0.9
    assert rows["value"].lrp_truth < -0.9
    assert rows["value"].model_truth < -0.9
    assert np.isnan(rows["time"].lrp_truth)


def test_another_seed_is_compared_on_the_last_fold(run: Run) -> None:
    other = _model("f1", np.arange(20, 30), run.X, seed=3)
    facts = trust(run.taken(), run.X, GROUPS, other=other, seed=7, config=SMALL)
    assert facts.seed == 7
    assert _rows(facts)["path"].seeds > 0.9
    same = trust(
        run.taken(), run.X, GROUPS, other=load_fold(fold_path(run.folder, "f1")), seed=7, config=SMALL
    )
    assert _rows(same)["path"].seeds == pytest.approx(1.0)


def test_a_group_that_lrp_gets_wrong_is_named(run: Run) -> None:
    facts = trust(run.taken(), run.X, GROUPS, config=SMALL)
    wrong = replace(facts.rows[0], lrp_model=0.2, verdict="not recovered")
    told = html.build(replace(full_input("en"), trust=replace(facts, rows=[wrong, *facts.rows[1:]])))
    assert "LRP does not recover what the model does with: path. Relevance of these" in told
    assert "LRP recovers what the model does with: value." in told
    assert "explained otherwise" not in told
    fickle = [replace(row, seeds=0.1) for row in facts.rows]
    told = html.build(replace(full_input("en"), trust=replace(facts, rows=fickle)))
    assert "A model that differs in its seed alone is explained otherwise for: path, value." in told


def test_facts_survive_their_file(run: Run) -> None:
    facts = trust(run.taken(), run.X, GROUPS, config=SMALL)
    again = trust_of(json.loads(json.dumps(plain(facts))))
    assert plain(again) == plain(facts)
    np.testing.assert_array_equal(again.lrp.falling, facts.lrp.falling)
    assert again.lrp.error == facts.lrp.error
    np.testing.assert_array_equal(again.lrp.falling_error, facts.lrp.falling_error)
    assert 0 < _rows(again)["path"].errors["lrp_model"] < 0.2


def test_a_file_without_errors_is_read_as_well(run: Run) -> None:
    data = json.loads(json.dumps(plain(trust(run.taken(), run.X, GROUPS, config=SMALL))))
    for row in data["rows"]:
        del row["errors"]
    for name in ("lrp", "gradient", "random"):
        del data[name]["falling_error"], data[name]["rising_error"]
    data["sensitivity"] = [pair[:2] for pair in data["sensitivity"]]
    facts = trust_of(data)
    assert facts.lrp.falling_error is None
    assert all(np.isnan(error) for _, _, error in facts.sensitivity)
    page = html.build(replace(full_input("en"), trust=facts))
    assert "±" in page.split('id="figure-H"')[1]  # of the shuffled models


@pytest.mark.parametrize("language", ["en", "ja"])
def test_the_report_has_the_table_and_the_curves(run: Run, language: str) -> None:
    facts = trust(run.taken(), run.X, GROUPS, config=SMALL)
    frame, _ = perturbation(facts)
    np.testing.assert_array_equal(frame["lrp", "falling"], facts.lrp.falling)
    page = html.build(replace(full_input(language), trust=facts))  # type: ignore[arg-type]  # a text of its values
    assert 'id="figure-H"' in page
    assert 'id="figure-I"' in page
    assert ("recovered" if language == "en" else "再現") in page
    assert 'id="figure-H"' not in html.build(full_input(language))  # type: ignore[arg-type]  # a text of its values
    rows = [replace(facts.rows[0], lrp_model=0.97, errors={"lrp_model": 0.0042}), *facts.rows[1:]]
    page = html.build(
        replace(full_input("en"), trust=replace(facts, rows=rows, sensitivity=[(2, 0.9, 0.02)]))
    )
    assert "0.97<small>± 0.004<" in page
    assert "0.90 ± 0.02" in page
    lost = replace(facts, lrp=replace(facts.lrp, area=0.0), members=3)
    page = html.build(replace(full_input("en"), trust=lost))
    assert "no more than chance" in page
    assert "the mean of 3 models; measured here is the first." in page


def test_a_training_that_fails_costs_the_run_a_column_and_no_more(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverges(*_: object, **__: object) -> None:
        raise NumericError("No fold could be trained.")

    monkeypatch.setattr(trust_stage, "run_seeds", diverges)
    walked = trust_stage.Walked(run.X, run.predictions, [_fold("f0")], None)  # type: ignore[arg-type]  # not reached
    folder: Any = run.folder
    assert trust_stage._another_seed(folder, Config(), walked, "f0") == (None, None)


def test_inputs_of_one_driver_are_one_group() -> None:
    names = (
        "ret_5",
        "rsi_60",
        "bb_z",
        "volume_lag_ratio_1",
        "book_to_price",
        "roe_forecast",
        "odp_revision_20",
        "amihud_20",
    )
    groups = driver_groups({name: registry[name] for name in names})
    assert groups == {
        CLOSES: ["ret_5", "rsi_60", "bb_z"],
        "volume": ["volume_lag_ratio_1"],
        "value": ["book_to_price"],
        "quality": ["roe_forecast"],
        "earnings": ["odp_revision_20"],
        "liquidity": ["amihud_20"],
    }
