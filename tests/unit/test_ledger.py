"""The ledger of trials only grows, counts a configuration once per data, and survives a torn line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from jqfast.ledger import FILE, enter, enter_searched


def test_trials_are_counted_per_data(tmp_path: Path) -> None:
    assert enter(tmp_path, "data", "a", 0.5).sharpes == (0.5,)
    assert enter(tmp_path, "data", "b", -0.25).sharpes == (0.5, -0.25)
    assert enter(tmp_path, "other", "a", 1.0).sharpes == (1.0,)
    assert enter(tmp_path, "data", "a", 0.5).sharpes == (0.5, -0.25)
    assert len((tmp_path / FILE).read_text().splitlines()) == 3


def test_a_trial_done_again_counts_with_its_last_result(tmp_path: Path) -> None:
    enter(tmp_path, "data", "a", 0.5)
    assert enter(tmp_path, "data", "a", 0.75).sharpes == (0.75,)
    assert len((tmp_path / FILE).read_text().splitlines()) == 2, "lines are only appended"


def test_a_trial_without_a_ratio_is_not_entered(tmp_path: Path) -> None:
    assert enter(tmp_path, "data", "a", math.nan).sharpes == ()
    assert not (tmp_path / FILE).exists()


def test_a_search_adds_to_the_number_of_trials(tmp_path: Path) -> None:
    enter(tmp_path, "data", "a", 0.5)
    assert enter_searched(tmp_path, "data", ["s1", "s2", "s1"]) == 2
    assert enter_searched(tmp_path, "data", ["s2", "s3"]) == 1
    trials = enter(tmp_path, "data", "b", 1.0).sharpes
    assert len(trials) == 5
    assert [trial for trial in trials if not math.isnan(trial)] == [0.5, 1.0]
    assert enter(tmp_path, "other", "a", 0.1).sharpes == (0.1,)


@pytest.mark.parametrize("torn", ['{"data": "data", "tri', "[1, 2]", '{"data": "data"}', "\x00\x00", ""])
def test_torn_lines_are_skipped(torn: str, tmp_path: Path) -> None:
    enter(tmp_path, "data", "a", 0.5)
    with (tmp_path / FILE).open("a") as file:
        file.write(torn + "\n")
    assert enter(tmp_path, "data", "b", 1.0).sharpes == (0.5, 1.0)


def test_returns_are_kept_for_the_months_that_all_trials_share(tmp_path: Path) -> None:
    assert enter(tmp_path, "data", "old", 0.1).returns.shape == (0, 0)
    first = {"2020-01": 0.01, "2020-02": -0.02, "2020-03": 0.03}
    second = {"2020-02": 0.5, "2020-03": 0.25, "2020-04": 1.0}
    assert enter(tmp_path, "data", "a", 0.5, first).returns[:, 0].tolist() == [0.01, -0.02, 0.03]
    both = enter(tmp_path, "data", "b", 0.6, second)
    assert both.sharpes == (0.1, 0.5, 0.6)
    assert both.returns.tolist() == [[-0.02, 0.5], [0.03, 0.25]]
    assert enter(tmp_path, "other", "c", 0.6, first).returns.shape == (3, 1)
    apart = enter(tmp_path, "data", "c", 0.7, {"2030-01": 0.0})
    assert apart.returns.shape == (0, 3)
