"""Folds: exact boundaries, hand-worked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from learn_support import business_days, end_rows

from jqfast.errors import DataGapError
from jqfast.learn.folds import Fold, FoldConfig, chronological_split, describe, rows_of, walk_forward
from jqfast.learn.labels import month_closes

T = 800
DATES = business_days(T, "2019-01-04")
MONTHS = DATES.astype("datetime64[M]")
ALL = np.ones(T, dtype=np.bool_)


def make(config: FoldConfig, horizons: tuple[int, ...] = (1, 20)) -> tuple[Fold, ...]:
    return walk_forward(DATES, ALL, end_rows(T, horizons), config)


def test_first_monthly_fold_by_hand() -> None:
    first = make(FoldConfig(train_months=12, min_train_months=12))[0]
    decision = int(np.flatnonzero(np.datetime64("2019-12-31") == DATES)[0])
    assert first.name == "2020-01"
    assert first.decision_row == decision
    # every fifth session counted back from the decision, the last 20 sessions purged by the longest label
    np.testing.assert_array_equal(first.train_rows, np.arange(decision, -1, -5)[::-1][:-4])
    assert first.train_rows[-1] == decision - 20
    assert DATES[first.predict_rows[0]] == np.datetime64("2019-12-31")
    assert DATES[first.predict_rows[-1]] == np.datetime64("2020-01-30")


def test_every_session_after_the_first_decision_is_predicted_once() -> None:
    done = make(FoldConfig(train_months=12, min_train_months=12))
    rows = np.concatenate([fold.predict_rows for fold in done])
    np.testing.assert_array_equal(rows, np.arange(done[0].decision_row, T))
    owner = rows_of(done, T)
    assert (owner[: done[0].decision_row] == -1).all()
    assert [int((owner == fold.index).sum()) for fold in done] == [len(fold.predict_rows) for fold in done]
    assert [fold.name for fold in done] == [str(m) for m in np.unique(MONTHS)[12:]]


def test_a_label_that_ends_at_the_decision_trains_and_one_session_later_does_not() -> None:
    first = make(FoldConfig(train_months=12, min_train_months=12, sample_every=1), (5,))[0]
    assert first.train_rows[-1] == first.decision_row - 5


def test_the_longest_horizon_purges() -> None:
    config = FoldConfig(train_months=12, min_train_months=12, sample_every=1)
    assert make(config, (20, 1))[0].train_rows[-1] == make(config, (20,))[0].train_rows[-1]


def test_embargo_is_a_gap_in_sessions_after_the_last_label() -> None:
    plain, wide = (
        make(FoldConfig(train_months=12, min_train_months=12, sample_every=1, embargo=e), (5,))[0]
        for e in (0, 3)
    )
    assert wide.train_rows[-1] == plain.train_rows[-1] - 3
    np.testing.assert_array_equal(wide.predict_rows, plain.predict_rows)


def test_rolling_forgets_and_expanding_does_not() -> None:
    for window, first_month in (("rolling", "2020-01"), ("expanding", "2019-01")):
        last = make(FoldConfig(train_months=12, min_train_months=12, sample_every=1, window=window))[12]
        assert last.name == "2021-01"
        assert str(MONTHS[last.train_rows[0]]) == first_month


def test_warm_up_delays_the_first_fold_and_never_trains() -> None:
    config = FoldConfig(train_months=12, min_train_months=12, sample_every=1, warmup=30)
    first = make(config)[0]
    # session 30 is in February 2019, so that March 2019 is the first whole month
    assert str(MONTHS[30]) == "2019-02"
    assert first.name == "2020-03"
    assert str(MONTHS[first.train_rows[0]]) == "2019-03"
    expanding = make(FoldConfig(window="expanding", min_train_months=12, sample_every=1, warmup=30))[0]
    assert expanding.train_rows[0] == 30


def test_step_refits_less_often() -> None:
    done = make(FoldConfig(train_months=12, min_train_months=12, step=3))
    assert [fold.name for fold in done][:3] == ["2020-01", "2020-04", "2020-07"]
    assert DATES[done[0].predict_rows[-1]] == np.datetime64("2020-03-30")


def test_sessions_scheme_refits_after_a_number_of_sessions() -> None:
    done = make(FoldConfig(scheme="sessions", step=10, train_months=12, min_train_months=12))
    assert [fold.decision_row for fold in done[:3]] == [done[0].decision_row + 10 * k for k in range(3)]
    assert done[0].name == "2019-12-31"
    assert [len(fold.predict_rows) for fold in done[:3]] == [10, 10, 10]


def test_rows_that_are_no_session_do_not_exist() -> None:
    is_session = ALL.copy()
    is_session[[100, 262]] = False
    kept = np.flatnonzero(is_session)
    ends = np.full((1, T), T)
    ends[0, kept[:-5]] = kept[5:]
    config = FoldConfig(train_months=12, min_train_months=12)
    with_holes = walk_forward(DATES, is_session, ends, config)
    without = walk_forward(DATES[kept], ALL[kept], end_rows(len(kept), (5,)), config)
    assert len(with_holes) == len(without)
    for a, b in zip(with_holes, without, strict=True):
        assert a.name == b.name
        np.testing.assert_array_equal(a.train_rows, kept[b.train_rows])
        np.testing.assert_array_equal(a.predict_rows, kept[b.predict_rows])


def test_validation_is_the_latest_share_and_purges_the_rest() -> None:
    config = FoldConfig(train_months=12, min_train_months=12, sample_every=1, validation_share=0.2)
    fold = make(config, (5,))[0]
    plain = make(FoldConfig(train_months=12, min_train_months=12, sample_every=1), (5,))[0]
    assert fold.validation_rows[-1] == plain.train_rows[-1]
    assert len(fold.validation_rows) == round(0.2 * len(plain.train_rows))
    assert fold.train_rows[-1] + 5 == fold.validation_rows[0]


def test_appending_data_moves_no_boundary() -> None:
    config = FoldConfig(train_months=12, min_train_months=12)
    early = walk_forward(DATES[:700], ALL[:700], end_rows(700, (1, 20)), config)
    for a, b in zip(early, make(config), strict=False):
        assert a.name == b.name
        np.testing.assert_array_equal(a.train_rows, b.train_rows)
        np.testing.assert_array_equal(a.predict_rows, b.predict_rows[: len(a.predict_rows)])
    assert len(early) >= 20


def test_too_short_a_history_says_what_is_needed_and_what_is_there() -> None:
    message = (
        r"first fold needs about 769 sessions: 30 .* 36 whole months.*There are 500 sessions, 2019-01-04 to"
    )
    with pytest.raises(DataGapError, match=message):
        walk_forward(DATES[:500], ALL[:500], end_rows(500), FoldConfig(warmup=30))
    with pytest.raises(DataGapError, match="There are 0 sessions"):
        walk_forward(DATES[:5], ~ALL[:5], end_rows(5))


def test_a_month_without_a_later_session_is_not_over() -> None:
    stop = int(np.flatnonzero(np.datetime64("2019-12-31") == DATES)[0]) + 1
    config = FoldConfig(train_months=12, min_train_months=12)
    with pytest.raises(DataGapError):
        walk_forward(DATES[:stop], ALL[:stop], end_rows(stop), config)
    assert len(walk_forward(DATES[: stop + 1], ALL[: stop + 1], end_rows(stop + 1), config)) == 1


def test_window_shorter_than_the_horizon_is_an_error() -> None:
    with pytest.raises(DataGapError, match="no training date whose labels are complete"):
        make(FoldConfig(train_months=1, min_train_months=1), (60,))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scheme": "weekly"}, "Unknown fold scheme `weekly`"),
        ({"window": "roling"}, "Unknown training window `roling`. Did you mean `rolling`"),
        ({"sample_every": 0}, "`sample_every` must be an integer >= 1; got 0"),
        ({"embargo": -1}, "`embargo` must be an integer >= 0; got -1"),
        ({"train_months": 12}, "rolling window never holds that much"),
        ({"validation_share": 0.7}, "`validation_share` must be between 0 and 0.5"),
    ],
)
def test_bad_options(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FoldConfig(**options)  # type: ignore[arg-type]  # passed on


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match=r"`end_row` shape \(horizons, 800\)"):
        walk_forward(DATES, ALL, end_rows(T)[:, :-1])


def test_chronological_split_is_seven_to_three_and_purged() -> None:
    fold = chronological_split(DATES, ALL, end_rows(T, (1, 20)))
    assert fold.decision_row == 559
    np.testing.assert_array_equal(fold.train_rows, np.arange(540))
    np.testing.assert_array_equal(fold.predict_rows, np.arange(559, T))
    with pytest.raises(DataGapError, match="30% split needs complete labels on both sides"):
        chronological_split(DATES[:30], ALL[:30], end_rows(30, (20,)), share=0.3)
    with pytest.raises(ValueError, match="`share` must be between 0 and 1"):
        chronological_split(DATES, ALL, end_rows(T), share=1.0)


def test_description_shows_the_gap() -> None:
    text = describe(make(FoldConfig(train_months=12, min_train_months=12))[0], DATES)
    assert text.startswith("2020-01: trains on 48 dates from 2019-01-08 to 2019-12-03")
    assert "predicts 23 sessions from 2019-12-31 to 2020-01-30" in text


def test_month_labels_train_on_every_month_end_of_the_window() -> None:
    """37 months up to the decision hold 36 month ends whose month is over: the decision's own is not."""
    ends = month_closes(DATES)
    end_row = np.full((1, T), T)
    end_row[0, ends[:-1]] = ends[1:]
    config = FoldConfig(train_months=13, min_train_months=12, sample_every=1)
    folds = walk_forward(DATES, ALL, end_row, config)
    assert [len(fold.train_rows) for fold in folds[:3]] == [11, 12, 12]
    for fold in folds:
        assert np.isin(fold.train_rows, ends).all()
        assert fold.decision_row in ends
        assert fold.decision_row not in fold.train_rows


def test_a_split_by_configuration_is_the_chronological_split() -> None:
    config = FoldConfig(scheme="split", share=0.7, sample_every=1)
    (mine,) = make(config, (5,))
    theirs = chronological_split(DATES, ALL, end_rows(T, (5,)))
    for name in ("train_rows", "predict_rows", "validation_rows"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    (kept,) = make(replace(config, validation_share=0.2), (5,))
    assert kept.validation_rows[-1] == mine.train_rows[-1]
    assert end_rows(T, (5,))[0, kept.train_rows[-1]] <= kept.validation_rows[0]
