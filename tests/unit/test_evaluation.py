"""Scores made elsewhere: read onto the panel, judged as a run is, on the command line, with its mistakes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from jqfast import cli_evaluate
from jqfast.cli import app
from jqfast.config import read
from jqfast.data import read_prices
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.evaluate import rank_ic
from jqfast.evaluation import Evaluated, evaluate_scores, read_scores
from jqfast.learn.labels import make_labels

COLUMNS = ("open", "high", "low", "close", "volume", "turnover")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, sim_panel: Panel) -> Path:
    """prices.parquet, scores.csv with a good and a useless score, a list of sectors."""
    folder = tmp_path_factory.mktemp("evaluate")
    rows, stocks = np.nonzero(sim_panel.listed)
    keys = {"date": sim_panel.dates[rows].astype("datetime64[s]"), "code": sim_panel.codes[stocks]}
    prices = {name: sim_panel[name][rows, stocks] for name in COLUMNS}
    pd.DataFrame(keys | prices).to_parquet(folder / "prices.parquet")
    later = np.nan_to_num(make_labels(sim_panel, (5,)).returns[0])
    noise = np.random.default_rng(0).standard_normal(later.shape)
    scores = {"good": (later + 0.2 * noise)[rows, stocks], "noise": noise[rows, stocks]}
    table = pd.DataFrame(keys | scores)
    table[table["date"] >= str(sim_panel.dates[300])].to_csv(folder / "scores.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def evaluated(files: Path) -> Evaluated:
    panel = read_prices(files / "prices.parquet")
    scores, notes = read_scores(files / "scores.csv", panel)
    return evaluate_scores(panel, scores, read(), notes)


def test_scores_are_judged_as_arrays_are(files: Path, evaluated: Evaluated) -> None:
    panel = read_prices(files / "prices.parquet")
    scores, notes = read_scores(files / "scores.csv", panel)
    assert notes == ()
    assert list(evaluated.judgements) == ["good", "noise"]
    for name, found in evaluated.judgements.items():
        for h in (1, 5, 10, 20):
            plain = rank_ic(scores[name], make_labels(panel, (h,)).returns[0], horizon=h)
            assert found.horizons[h].rank_ic.mean == pytest.approx(plain.mean, abs=1e-14)
            assert found.horizons[h].rank_ic.n_dates == plain.n_dates > 300
    good, noise = (found.horizons[5].rank_ic for found in evaluated.judgements.values())
    assert good.t_newey_west > 5
    assert abs(noise.t_newey_west) < 3.5


def test_scores_keep_their_digits(sim_panel: Panel) -> None:
    """Scores that differ from the ninth digit on, or are beyond float32, are ranked all the same."""
    ranks = np.argsort(np.argsort(np.random.default_rng(1).random(sim_panel.shape), axis=1), axis=1)
    plain = np.where(np.arange(len(sim_panel.dates))[:, None] >= 400, ranks.astype(float), np.nan)
    found = evaluate_scores(
        sim_panel, {"plain": plain, "close": 1.0 + 1e-10 * plain, "large": 1e300 * plain}, read()
    )
    wanted = found.judgements["plain"].horizons[5].rank_ic.per_date
    assert np.isfinite(wanted).sum() > 100
    for name in ("close", "large"):
        np.testing.assert_array_equal(found.judgements[name].horizons[5].rank_ic.per_date, wanted)
        assert found.judgements[name].traded is not None


def test_weekly_scores_keep_their_book(evaluated: Evaluated, sim_panel: Panel) -> None:
    """Variants that decide on other days are named; the book, its figures and the others stay."""
    T = len(sim_panel.dates)
    month = sim_panel.dates.astype("datetime64[M]")
    last = np.append(month[1:] != month[:-1], True)
    weekly = (np.arange(T) % 5 == 3) & ~last & (np.arange(T) >= 300)
    scores = np.where(weekly[:, None], np.random.default_rng(2).random(sim_panel.shape), np.nan)
    (found,) = evaluate_scores(sim_panel, {"s": scores}, read()).judgements.values()
    assert found.traded is not None
    assert found.why_not == ""
    assert found.study.not_built == ("one_tranche", "monthly")
    assert found.study.variants[0].name == "configured"
    assert found.study.capacity
    assert found.study.intervals
    assert (
        "not built",
        "one tranche, monthly: no decision on a date with enough scores",
    ) in cli_evaluate.rows(found)
    assert found.metrics["study"]["variants_not_built"] == ["one_tranche", "monthly"]
    everyday = evaluated.judgements["noise"].study
    assert everyday.not_built == ()


def test_delays_are_sessions_of_weekly_scores_too(sim_panel: Panel) -> None:
    """The score of a date is the return that begins three sessions later: it shows at that delay alone."""
    later = make_labels(sim_panel, (5,)).returns[0]
    scores = np.full(later.shape, np.nan)
    weekly = np.arange(300, len(later) - 10, 5)
    scores[weekly] = later[weekly + 3]
    (found,) = evaluate_scores(sim_panel, {"s": scores}, read()).judgements.values()
    parts = {part.name: part for part in found.study.parts["decay"]}
    assert parts["3"].rank_ic.mean == pytest.approx(1.0, abs=1e-12)
    assert parts["3"].n_dates == parts["0"].n_dates == len(weekly)
    assert parts["0"].rank_ic.mean < 0.9
    assert parts["1"].rank_ic.mean < 0.95
    assert abs(parts["20"].rank_ic.mean) < 0.5


def test_columns_are_trials_of_one_another(evaluated: Evaluated) -> None:
    assert len(evaluated.trials.sharpes) == 2
    assert evaluated.trials.returns.shape[1] == 2
    told = evaluated.metrics["scores"]["good"]["trials"]
    assert told["count"] == 2
    assert told["sharpe_test"]["name"] == "deflated"
    assert told["overfitting"]["trials"] == 2
    assert told["overfitting"]["probability"] < 0.5


def test_metrics_carry_their_definitions_once(evaluated: Evaluated) -> None:
    metrics = evaluated.metrics
    assert "rank_ic" in metrics["definitions"]
    assert "definitions" not in metrics["scores"]["good"]
    assert metrics["scores"]["good"]["study"]["parts"]["decay"][0]["name"] == "0"


def test_rows_without_a_place_are_counted(tmp_path: Path, sim_panel: Panel) -> None:
    dates, codes = sim_panel.dates, sim_panel.codes
    frame = pd.DataFrame(
        {
            "date": [str(dates[5]), str(dates[6]), "1999-01-01", str(dates[6])],
            "code": [codes[0], codes[1], codes[0], "none"],
            "s": [1, 2, 3, 4],
        }
    )
    frame.to_parquet(tmp_path / "s.parquet")
    scores, notes = read_scores(tmp_path / "s.parquet", sim_panel)
    assert scores["s"][5, 0] == 1.0
    assert scores["s"][6, 1] == 2.0
    assert np.isfinite(scores["s"]).sum() == 2
    assert notes[0].startswith("2 of 4 rows")


@pytest.mark.parametrize("kind", [str, np.int64, "Int64"])
def test_codes_of_four_characters_find_five(kind: type | str, tmp_path: Path, sim_panel: Panel) -> None:
    codes = [str(7200 + n) for n in range(len(sim_panel.codes))]
    panel = replace(sim_panel, codes=np.array([f"{code}0" for code in codes]))
    keys = {"date": [str(panel.dates[5])] * len(codes), "code": pd.Series(codes).astype(kind)}
    pd.DataFrame(keys | {"s": np.arange(len(codes))}).to_parquet(tmp_path / "s.parquet")
    scores, notes = read_scores(tmp_path / "s.parquet", panel)
    assert scores["s"][5].tolist() == list(range(len(codes)))
    assert notes == ()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"date": ["2024-01-04"], "codes": ["1301"], "s": [1.0]}, "no column `code`"),
        ({"day": ["2024-01-04"], "code": ["1301"], "s": [1.0]}, "no column `date`"),
        ({"date": ["1999-01-04"], "code": ["1301"], "s": [1.0]}, "No row"),
    ],
)
def test_files_that_hold_no_scores(
    frame: dict[str, list[object]], message: str, tmp_path: Path, sim_panel: Panel
) -> None:
    pd.DataFrame(frame).to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(ValueError, match=message):
        read_scores(tmp_path / "s.csv", sim_panel)


def test_a_cell_counts_once_and_holds_a_number(tmp_path: Path, sim_panel: Panel) -> None:
    keys = {"date": [str(sim_panel.dates[5])] * 2, "code": [sim_panel.codes[0]] * 2}
    pd.DataFrame(keys | {"s": [1.0, 2.0]}).to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(ValueError, match="more than once"):
        read_scores(tmp_path / "twice.csv", sim_panel)
    pd.DataFrame(keys | {"s": ["a", "b"]}).iloc[:1].to_csv(tmp_path / "text.csv", index=False)
    with pytest.raises(ValueError, match="must hold numbers"):
        read_scores(tmp_path / "text.csv", sim_panel)


def test_nothing_to_judge(sim_panel: Panel) -> None:
    with pytest.raises(DataGapError, match="no score"):
        evaluate_scores(sim_panel, {}, read())
    with pytest.raises(DataGapError, match="no value"):
        evaluate_scores(sim_panel, {"s": np.full(sim_panel.shape, np.nan)}, read())
    with pytest.raises(ValueError, match="shape"):
        evaluate_scores(sim_panel, {"s": np.zeros((3, 3))}, read())


def test_the_command(files: Path) -> None:
    command = ["evaluate", str(files / "scores.csv"), "--prices", str(files / "prices.parquet")]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    for words in (
        "RankIC 5d",
        "RankIC by size",
        "RankIC by delay",
        "long-short, monthly",
        "overfitting of 2",
    ):
        assert words in shown.output


def test_the_main_horizon_joins_the_horizons(files: Path) -> None:
    command = ["evaluate", str(files / "scores.csv"), "--prices", str(files / "prices.parquet"), "--json"]
    options = ["--horizon", "3", "--set", "labels.horizons=1,10"]
    told = CliRunner().invoke(app, [*command, *options])
    assert told.exit_code == 0, told.output
    good = json.loads(told.output)["scores"]["good"]
    assert good["primary_horizon"] == good["portfolio"]["config"]["horizon"] == 3
    assert list(good["horizons"]) == ["1", "3", "10"]


def test_rows_for_people_tell_units_and_where_profit_ends(evaluated: Evaluated) -> None:
    found = evaluated.judgements["good"]
    told = dict(cli_evaluate.rows(found))
    assert "RankIC 5d" in told
    months = dict(cli_evaluate.rows(replace(found, unit="month")))
    assert "RankIC 5m" in months
    assert "RankIC 5d" not in months
    for value, words in (
        (math.nan, "no size shown earns anything after costs"),
        (math.inf, "the largest size shown still earns something after costs"),
        (2.3e9, "2,300,000,000 yen a leg until costs take everything"),
    ):
        study = replace(found.study, break_even=value)
        assert dict(cli_evaluate.rows(replace(found, study=study)))["capacity"] == words


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give either `--prices FILE` or `--store DIR`"),
        (["--prices", "p.csv", "--store", "s"], "give either"),
    ],
)
def test_scores_need_prices(options: list[str], message: str, files: Path) -> None:
    shown = CliRunner().invoke(app, ["evaluate", str(files / "scores.csv"), *options])
    assert shown.exit_code == 2
    assert message in shown.output


def test_mistakes_are_sentences(files: Path, tmp_path: Path) -> None:
    prices = ["--prices", str(files / "prices.parquet")]
    gone = CliRunner().invoke(app, ["evaluate", str(tmp_path / "gone.csv"), *prices])
    assert gone.exit_code == 2
    assert "No such file" in gone.output
    folder = CliRunner().invoke(app, ["evaluate", str(tmp_path), *prices])
    assert folder.exit_code == 2
    assert "own data and settings" in folder.output
    for option in ("--universe", "--sectors", "--horizon"):
        unused = CliRunner().invoke(app, ["evaluate", str(tmp_path), option, "5"])
        assert unused.exit_code == 2
        assert f"leave out `{option}`" in " ".join(unused.output.split())
    empty = CliRunner().invoke(app, ["evaluate", str(tmp_path)])
    assert empty.exit_code == 2
    assert "No run folder" in empty.output
