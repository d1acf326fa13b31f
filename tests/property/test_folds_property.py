"""Folds of random calendars: training labels are known at the decision, no row is predicted twice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from jqfast.errors import DataGapError
from jqfast.learn.folds import Fold, FoldConfig, walk_forward


@st.composite
def calendars(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dates with gaps, rows that are no session, and end rows of two horizons."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    T = draw(st.integers(60, 400))
    steps = rng.choice([1, 1, 1, 1, 2, 3, 4, 12], T)
    dates = np.datetime64("2015-01-01") + np.cumsum(steps).astype("timedelta64[D]")
    is_session = rng.random(T) > draw(st.sampled_from([0.0, 0.02, 0.3]))
    rows = np.flatnonzero(is_session)
    ends = np.full((2, T), T)
    for i, horizon in enumerate((1, draw(st.integers(1, 25)))):
        ahead = min(horizon, len(rows))
        ends[i, rows[: len(rows) - ahead]] = rows[ahead:]
    return dates, is_session, ends


configs = st.builds(
    FoldConfig,
    scheme=st.sampled_from(["monthly", "sessions"]),
    step=st.integers(1, 15),
    train_months=st.integers(3, 6),
    min_train_months=st.integers(2, 3),
    window=st.sampled_from(["rolling", "expanding"]),
    sample_every=st.integers(1, 7),
    embargo=st.integers(0, 6),
    warmup=st.integers(0, 40),
    validation_share=st.sampled_from([0.0, 0.2]),
)


def make(calendar: tuple[np.ndarray, np.ndarray, np.ndarray], config: FoldConfig) -> tuple[Fold, ...]:
    """The folds, none where the history is too short."""
    try:
        return walk_forward(*calendar, config)
    except DataGapError:
        return ()


@given(calendars(), configs)
@settings(max_examples=150)
def test_training_labels_are_complete_before_anything_is_predicted(
    calendar: tuple[np.ndarray, np.ndarray, np.ndarray], config: FoldConfig
) -> None:
    dates, is_session, ends = calendar
    rows = np.flatnonzero(is_session)
    for fold in make(calendar, config):
        learnt = np.concatenate([fold.train_rows, fold.validation_rows])
        known = np.searchsorted(rows, ends[:, learnt])
        assert known.max() <= np.searchsorted(rows, fold.decision_row) - config.embargo
        assert ends[:, fold.train_rows].max() <= fold.predict_rows[0] == fold.decision_row
        if len(fold.validation_rows):
            assert ends[:, fold.train_rows].max() <= fold.validation_rows[0]
        assert is_session[learnt].all()
        assert np.searchsorted(rows, learnt).min() >= config.warmup
        gaps = np.searchsorted(rows, fold.decision_row) - np.searchsorted(rows, learnt)
        assert (gaps % config.sample_every == 0).all()
        if config.window == "rolling":
            months = dates.astype("datetime64[M]").astype(int)
            assert months[learnt].min() > months[fold.decision_row] - config.train_months


@given(calendars(), configs)
@settings(max_examples=100)
def test_sessions_are_predicted_once_and_in_order(
    calendar: tuple[np.ndarray, np.ndarray, np.ndarray], config: FoldConfig
) -> None:
    folds = make(calendar, config)
    predicted = np.concatenate([fold.predict_rows for fold in folds]) if folds else np.empty(0, dtype=int)
    sessions = np.flatnonzero(calendar[1])
    if folds:
        np.testing.assert_array_equal(predicted, sessions[sessions >= folds[0].decision_row])
        assert len({fold.name for fold in folds}) == len(folds)


@given(calendars(), configs, st.integers(1, 60))
@settings(max_examples=100)
def test_truncating_the_data_leaves_earlier_folds_alone(
    calendar: tuple[np.ndarray, np.ndarray, np.ndarray], config: FoldConfig, cut: int
) -> None:
    dates, is_session, ends = calendar
    T = len(dates) - cut
    shorter = (dates[:T], is_session[:T], np.where(ends[:, :T] < T, ends[:, :T], T))
    for early, late in zip(make(shorter, config), make(calendar, config), strict=False):
        assert early.decision_row == late.decision_row
        np.testing.assert_array_equal(early.train_rows, late.train_rows)
        # the very last session of the data may turn out to be a decision row of its own
        shared = early.predict_rows[early.predict_rows < np.flatnonzero(is_session[:T])[-1]]
        np.testing.assert_array_equal(shared, late.predict_rows[: len(shared)])
