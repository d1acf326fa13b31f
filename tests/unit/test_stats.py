"""Performance figures against numbers worked by hand."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from jqfast.evaluate import METRICS, Performance, drawdown, monthly, performance


def test_figures_by_hand() -> None:
    result = performance(np.array([0.1, -0.2, 0.05, 0.1]), periods_per_year=2)
    growth = 1.1 * 0.8 * 1.05 * 1.1
    sd = np.std([0.1, -0.2, 0.05, 0.1], ddof=1)
    assert result.total_return == pytest.approx(growth - 1)
    assert result.annual_return == pytest.approx(growth**0.5 - 1)
    assert result.annual_risk == pytest.approx(sd * math.sqrt(2))
    assert result.return_risk == pytest.approx((growth**0.5 - 1) / (sd * math.sqrt(2)))
    assert result.sharpe == pytest.approx(0.0125 / sd * math.sqrt(2))
    assert result.max_drawdown == pytest.approx(-0.2)
    assert result.win_rate == 0.75
    assert result.periods == 4


def test_risk_free_rate_moves_the_two_ratios_alone() -> None:
    r = np.random.default_rng(0).normal(0.01, 0.04, 60)
    plain, less = performance(r, periods_per_year=12), performance(r, periods_per_year=12, risk_free=0.02)
    assert plain.sharpe - less.sharpe == pytest.approx(0.02 / plain.annual_risk)
    assert dataclasses.replace(less, sharpe=plain.sharpe, sortino=plain.sortino) == plain


def test_constant_growth_compounds_to_itself_whatever_the_period() -> None:
    for periods in (12, 52, 252):
        r = np.full(3 * periods, 1.07 ** (1 / periods) - 1)
        assert performance(r, periods_per_year=periods).annual_return == pytest.approx(0.07)


def test_drawdown_dates_and_recovery() -> None:
    dates = np.arange("2020-01-01", "2020-01-08", dtype="datetime64[D]")
    fall = drawdown(np.array([0.1, -0.5, np.nan, 0.2, 1.0, -0.1, 0.0]), dates=dates)
    assert fall.depth == pytest.approx(-0.5)
    assert (fall.peak, fall.trough, fall.recovery) == (0, 1, 4)
    assert (fall.peak_date, fall.trough_date, fall.recovery_date) == (dates[0], dates[1], dates[4])


def test_drawdown_from_the_start_and_never_recovered() -> None:
    fall = drawdown(np.array([-0.1, -0.1]))
    assert fall.depth == pytest.approx(-0.19)
    assert (fall.peak, fall.trough, fall.recovery) == (-1, 1, None)
    rising = drawdown(np.array([0.1, 0.1]))
    assert (rising.depth, rising.peak) == (0.0, -1)


def test_total_loss() -> None:
    result = performance(np.array([0.5, -1.0, 0.3]), periods_per_year=12)
    assert result.annual_return == -1.0
    assert result.max_drawdown == -1.0


def test_months_compound_their_days() -> None:
    dates = np.array(["2020-01-30", "2020-01-31", "2020-02-03", "2020-03-02"], dtype="datetime64[D]")
    ends, returns = monthly(dates, np.array([0.1, 0.1, np.nan, -0.5]))
    np.testing.assert_array_equal(ends, dates[1:])
    np.testing.assert_allclose(returns, [0.21, np.nan, -0.5])


@pytest.mark.parametrize("values", [[], [0.1]])
def test_too_short_for_risk(values: list[float]) -> None:
    result = performance(np.array(values), periods_per_year=12)
    assert math.isnan(result.annual_risk)
    assert math.isnan(result.sharpe)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="at least -1"):
        performance(np.array([5.0, -3.0]), periods_per_year=12)
    with pytest.raises(ValueError, match="`periods_per_year` must be positive"):
        performance(np.array([0.1]), periods_per_year=0)
    with pytest.raises(ValueError, match="`dates` must have one entry per return"):
        performance(np.array([0.1]), periods_per_year=12, dates=np.array([], dtype="datetime64[D]"))


def test_every_figure_has_a_printed_definition() -> None:
    figures = {field.name for field in dataclasses.fields(Performance)} - {
        "drawdown",
        "periods",
        "periods_per_year",
    }
    assert figures <= set(METRICS)
    assert all(text.endswith(".") for text in METRICS.values())


def test_sortino_by_hand() -> None:
    r = np.array([0.1, -0.2, 0.05, -0.1])
    plain = performance(r, periods_per_year=4)
    below = math.sqrt((0.2**2 + 0.1**2) / 4)
    assert plain.sortino == pytest.approx(r.mean() / below * 2, rel=1e-12)
    less = performance(r, periods_per_year=4, risk_free=0.04)
    short = np.minimum(r - 0.01, 0)
    assert less.sortino == pytest.approx((r.mean() - 0.01) / math.sqrt((short**2).mean()) * 2, rel=1e-12)
    assert math.isnan(performance(np.array([0.1, 0.2]), periods_per_year=4).sortino)  # nothing fell short


def test_recovery_and_time_under_water_by_hand() -> None:
    r = np.array([0.1, -0.5, np.nan, 0.2, 1.0, -0.1, 0.0, 0.05])
    figures = performance(r, periods_per_year=12)
    assert figures.recovery == pytest.approx(3 / 12)  # from the peak of period 1 to period 4 of those present
    assert figures.under_water == pytest.approx(3 / 12)  # the last three periods, not recovered yet
    never = performance(np.array([-0.1, -0.1]), periods_per_year=12)
    assert math.isnan(never.recovery)
    assert never.under_water == pytest.approx(2 / 12)
    rising = performance(np.array([0.1, 0.1]), periods_per_year=12)
    assert (rising.recovery, rising.under_water) == (0.0, 0.0)
    assert math.isnan(performance(np.zeros(0), periods_per_year=12).under_water)
