"""Labels: what they refuse, who is in the universe, and how targets are standardised."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from learn_support import price_panel
from scipy.stats import norm

from jqfast.errors import LookAheadError
from jqfast.features import close, lag, ts_mean
from jqfast.learn.labels import Labels, make_labels, make_targets, standardise, universe

RNG = np.random.default_rng(5)
CLOSES = 100.0 * np.exp(RNG.normal(0, 0.02, (40, 6)).cumsum(axis=0))


def test_names_follow_the_horizons() -> None:
    labels = make_labels(price_panel(CLOSES))
    assert labels.names == ("target_1d", "target_5d", "target_10d", "target_20d")
    assert labels.returns.shape == (4, 40, 6)


@pytest.mark.parametrize("start", ["open", "close"])
def test_labels_beyond_the_data_are_nan_and_never_complete(start: str) -> None:
    labels = make_labels(price_panel(CLOSES), (3,), start=start)
    ahead = 3 + (start == "close")
    assert np.isfinite(labels.returns[0, : 40 - ahead]).all()
    assert np.isnan(labels.returns[0, 40 - ahead :]).all()
    np.testing.assert_array_equal(
        labels.end_row[0], np.where(np.arange(40) + ahead < 40, np.arange(40) + ahead, 40)
    )


def test_history_shorter_than_the_horizon_has_no_labels() -> None:
    labels = make_labels(price_panel(CLOSES[:4]), (1, 20))
    assert np.isnan(labels.returns[1]).all()
    assert (labels.end_row[1] == 4).all()


@pytest.mark.parametrize("horizons", [(), (0,), (-1, 5), (5, 5), (1.5,)])
def test_bad_horizons_are_refused(horizons: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="`horizons` must be distinct whole numbers"):
        make_labels(price_panel(CLOSES), horizons)


def test_unknown_start_names_the_closest() -> None:
    with pytest.raises(ValueError, match=r"Unknown label start `opne`\. Did you mean `open`"):
        make_labels(price_panel(CLOSES), start="opne")  # type: ignore[arg-type]  # wrong on purpose


def test_unknown_code_of_a_delisting_return_is_refused() -> None:
    with pytest.raises(ValueError, match="Unknown code in `delisting_return` `999`"):
        make_labels(price_panel(CLOSES), delisting_return={"999": -1.0})
    with pytest.raises(ValueError, match="`delisting_return` must be >= -1"):
        make_labels(price_panel(CLOSES), delisting_return=-1.5)


def test_labels_are_no_input_of_features_nor_arrays() -> None:
    panel = price_panel(CLOSES)
    labels = make_labels(panel)
    for future in (labels, make_targets(panel, labels)):
        with pytest.raises(LookAheadError, match="future returns"):
            np.asarray(future)
        with pytest.raises(TypeError):
            np.multiply(2.0, future)
        with pytest.raises(TypeError):
            close / future  # type: ignore[operator]
        with pytest.raises(TypeError):
            ts_mean(future, 5)  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(TypeError):
            lag(future, 1)  # type: ignore[arg-type]  # wrong on purpose


def test_appending_sessions_changes_no_complete_label() -> None:
    panel = price_panel(CLOSES)
    before, after = make_labels(panel.rows(0, 30)), make_labels(panel)
    complete = before.end_row < 30
    assert complete.sum() == sum(30 - h for h in before.horizons)
    np.testing.assert_array_equal(before.returns[complete], after.returns[:, :30][complete])


def test_standardised_targets_have_mean_0_and_deviation_1_over_the_universe() -> None:
    closes = CLOSES.copy()
    closes[10, 2] = np.nan
    panel = price_panel(closes)
    members = universe(panel)
    values = standardise(make_labels(panel), members)
    assert not members[10, 2]
    assert np.isnan(values[:, 10, 2]).all()
    complete = np.isfinite(values).any(axis=2)
    assert complete.sum() == sum(40 - h for h in (1, 5, 10, 20))
    np.testing.assert_allclose(np.nanmean(values[complete], axis=1), 0.0, atol=1e-12)
    np.testing.assert_allclose(np.nanstd(values[complete], axis=1, ddof=1), 1.0, rtol=1e-12)


def test_a_date_without_dispersion_has_targets_of_zero() -> None:
    panel = price_panel(np.full((10, 3), 100.0) * 1.1 ** np.arange(10)[:, None])
    values = make_targets(panel, make_labels(panel, (1,))).values
    np.testing.assert_array_equal(values[0, :9], 0.0)


def test_a_missing_later_price_drops_nobody_from_the_mean() -> None:
    """The decision-day universe sets mean and deviation, also when a stock does not trade at the end."""
    closes = CLOSES.copy()
    closes[15, 0] = np.nan
    panel = price_panel(closes)
    labels = make_labels(panel, (5,))
    assert np.isfinite(labels.returns[0, 10]).all()
    assert labels.stale[0, 10].tolist() == [True, False, False, False, False, False]


def test_target_kinds() -> None:
    panel = price_panel(CLOSES)
    labels = make_labels(panel, (5,))
    raw, market = (make_targets(panel, labels, kind=kind).values for kind in ("raw", "market"))
    np.testing.assert_array_equal(raw, labels.returns)
    np.testing.assert_allclose(market[0, 7], raw[0, 7] - raw[0, 7].mean(), rtol=1e-12)
    with pytest.raises(ValueError, match=r"Unknown target kind `rank`.*normal_ranks"):
        make_targets(panel, labels, kind="rank")  # type: ignore[arg-type]  # wrong on purpose


def test_normal_ranks_by_hand() -> None:
    """Ties share their average rank; who is missing or outside the universe has none and counts for none."""
    closes = CLOSES[:12, :5].copy()
    closes[7, 1] = np.nan
    panel = price_panel(closes)
    labels = make_labels(panel, (1,))
    returns = labels.returns.copy()
    returns[0, 3] = [0.05, -0.01, 0.05, np.nan, 0.30]
    targets = make_targets(panel, replace(labels, returns=returns), kind="normal_ranks").values
    expected = norm.ppf(np.array([2.5, 1.0, 2.5, np.nan, 4.0]) / 4 - 1 / 8)
    np.testing.assert_allclose(targets[0, 3], expected, rtol=1e-14)
    order = labels.returns[0, 5].argsort()
    np.testing.assert_allclose(
        targets[0, 5, order], norm.ppf((np.arange(5) + 0.5) / 5), rtol=1e-14, atol=1e-16
    )
    assert np.isnan(targets[0, -1]).all()
    assert np.isnan(targets[0, 7, 1])
    assert np.nansum(targets[0, 7]) == pytest.approx(0.0, abs=1e-15)


def test_rows_that_are_no_session_do_not_count() -> None:
    """The outage of 2020-10-01: labels over it are those of the panel without that date."""
    closes = np.insert(CLOSES, 20, np.nan, axis=0)
    opens = np.insert(np.vstack([CLOSES[:1], CLOSES[:-1]]), 20, np.nan, axis=0)
    with_hole = make_labels(price_panel(closes, open=opens))
    without = make_labels(price_panel(CLOSES))
    kept = np.delete(np.arange(41), 20)
    np.testing.assert_array_equal(with_hole.returns[:, kept], without.returns)
    assert np.isnan(with_hole.returns[:, 20]).all()
    assert (with_hole.end_row[:, 20] == 41).all()
    assert not with_hole.fillable[20].any()
    assert not with_hole.stale.any()


def test_a_split_changes_no_label() -> None:
    """Labels are ratios of forward-basis prices, so a rescaled basis cancels."""
    panel = price_panel(CLOSES)
    scaled = {name: panel[name] * 3.0 for name in ("open", "high", "low", "close")}
    labels: list[Labels] = [
        make_labels(p) for p in (panel, replace(panel, columns={**panel.columns, **scaled}))
    ]
    np.testing.assert_allclose(labels[0].returns, labels[1].returns, rtol=0, atol=1e-14)


LONG = 100.0 * np.exp(RNG.normal(0, 0.02, (130, 3)).cumsum(axis=0))


def test_month_labels_by_hand() -> None:
    """Month ends alone, from the next month's first open to its last close; none where that is not over."""
    panel = price_panel(LONG)
    months = panel.dates.astype("datetime64[M]")
    ends = np.flatnonzero(months[1:] != months[:-1])
    assert len(ends) >= 5
    labels = make_labels(panel, (1,), unit="month")
    assert labels.names == ("target_1m",)
    assert labels.unit == "month"
    known = np.flatnonzero(np.isfinite(labels.returns[0]).all(axis=1))
    np.testing.assert_array_equal(known, ends[:-1])
    for row, end in pairwise(ends):
        want = panel["close"][end] / panel["open"][row + 1] - 1
        np.testing.assert_allclose(labels.returns[0, row], want, rtol=1e-12)
        assert labels.end_row[0, row] == end
    others = np.setdiff1d(np.arange(130), ends[:-1])
    assert (labels.end_row[0, others] == 130).all()


def test_labels_of_two_months_end_two_months_on() -> None:
    one, two = (make_labels(price_panel(LONG), (h,), unit="month") for h in (1, 2))
    rows = np.flatnonzero(np.isfinite(two.returns[0]).all(axis=1))
    assert len(rows) >= 3
    assert (one.end_row[0, one.end_row[0, rows]] == two.end_row[0, rows]).all()


def test_unknown_unit() -> None:
    with pytest.raises(ValueError, match=r"Unknown label unit `moth`\. Did you mean `month`"):
        make_labels(price_panel(CLOSES), unit="moth")  # type: ignore[arg-type]  # wrong on purpose
