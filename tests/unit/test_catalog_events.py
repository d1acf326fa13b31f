"""Reports, revisions, surprises and peers worked by hand on stores of a few records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
import jqfast.features as features

DAYS = tiny.weekdays("2022-04-01", "2024-07-01")
CODE = "13010"
#: 1 yen more each session from 1000 on: the return over k sessions is k / price.
PRICES = 1000.0 + np.arange(len(DAYS))


def _filing(kind: str, end: str, day: str, **cells: Any) -> dict[str, Any]:
    year = int(end[:4]) + (end[5:7] > "03")
    document = cells.pop("document", f"{kind}FinancialStatements_Consolidated_JP")
    return {
        "DiscDate": day,
        "DiscTime": "15:00:00",
        "Code": cells.pop("code", CODE),
        "DiscNo": day.replace("-", "") + cells.pop("number", "1"),
        "DocType": document,
        "CurPerType": kind,
        "CurPerEn": end,
        "CurFYSt": f"{year - 1}-04-01",
        "CurFYEn": f"{year}-03-31",
        **{name: str(value) for name, value in cells.items()},
    }


FILINGS = [
    _filing("FY", "2022-03-31", "2022-05-10", NP=100, NxFNp=120),
    _filing("1Q", "2022-06-30", "2022-08-05", NP=24, FNP=120, MatChgSub="true"),
    _filing("FY", "2023-03-31", "2022-10-03", FNP=150, number="2", document="EarnForecastRevision"),
    _filing("2Q", "2022-09-30", "2022-11-08", NP=75, FNP=150),
    _filing("3Q", "2022-12-31", "2023-02-07", NP=120, FNP=135),
    _filing("FY", "2023-03-31", "2023-05-11", NP=108, number="3"),  # no forecast of the next year
    _filing("FY", "2023-03-31", "2023-06-01", NP=110, number="4"),  # corrected
]

Panels = Callable[[str], data.Panel]


@pytest.fixture(scope="module")
def panels(tmp_path_factory: pytest.TempPathFactory) -> Panels:
    folder = tmp_path_factory.mktemp("store")
    tiny.make(
        folder,
        equities_bars_daily=tiny.bars(CODE, DAYS, PRICES),
        markets_calendar=tiny.calendar(DAYS),
        fins_summary=FILINGS,
    )
    return lambda decision: data.open(folder).panel(universe="all", decision=decision)  # type: ignore[arg-type]  # a text of its values


def _series(panel: data.Panel, name: str) -> Callable[[str], float]:
    values = features.panel(panel, [name], dtype="float64").values[0, :, 0]
    row = {str(day): t for t, day in enumerate(panel.dates)}
    return lambda day: float(values[row[day]])


def _price(day: str, later: int = 0) -> float:
    return float(PRICES[int(np.flatnonzero(np.datetime64(day) == DAYS)[0]) + later])


def test_drift_grows_for_five_sessions_and_is_held(panels: Panels) -> None:
    drift = _series(panels("close"), "report_drift_5")
    base = _price("2022-08-05")  # a Friday
    assert drift("2022-08-08") == pytest.approx(_price("2022-08-05", 1) / base - 1)
    assert drift("2022-08-10") == pytest.approx(_price("2022-08-05", 3) / base - 1)
    for day in ("2022-08-12", "2022-08-15", "2022-11-08"):
        assert drift(day) == pytest.approx(_price("2022-08-05", 5) / base - 1), day
    assert drift("2022-11-09") == pytest.approx(_price("2022-11-08", 1) / _price("2022-11-08") - 1)
    # The correction of 2023-06-01 is no report: still the five sessions after 2023-05-11.
    assert drift("2023-06-15") == pytest.approx(_price("2023-05-11", 5) / _price("2023-05-11") - 1)


def test_the_reaction_is_the_same_whenever_the_row_is_decided(panels: Panels) -> None:
    for name in ("report_drift_5", "report_run_up_5"):
        close, evening, preopen = (_series(panels(d), name) for d in ("close", "evening", "preopen"))
        for day in ("2022-08-22", "2022-12-01", "2023-02-20"):
            assert (
                close(day) == pytest.approx(evening(day), rel=1e-15) == pytest.approx(preopen(day), rel=1e-15)
            )
    evening, preopen = (
        _series(panels("evening"), "report_drift_5"),
        _series(panels("preopen"), "report_drift_5"),
    )
    assert evening("2022-08-05") == 0.0  # known on its own evening, nothing has happened yet
    assert preopen("2022-08-08") == 0.0  # before the open nothing has either
    assert preopen("2022-08-09") == pytest.approx(_price("2022-08-05", 1) / _price("2022-08-05") - 1)


def test_the_run_up_ends_on_the_day_before(panels: Panels) -> None:
    run_up = _series(panels("close"), "report_run_up_5")
    assert run_up("2022-08-08") == pytest.approx(_price("2022-08-05", -1) / _price("2022-08-05", -6) - 1)
    assert run_up("2022-11-08") == run_up("2022-08-08")


def test_ages_and_days_ahead(panels: Panels) -> None:
    age = _series(panels("close"), "report_age")
    assert age("2022-08-08") == 1 / 60
    assert age("2023-06-05") == np.busday_count("2023-05-11", "2023-06-05") / 60
    ahead = _series(panels("close"), "report_ahead_by_last_year")
    assert ahead("2023-02-08") == np.busday_count("2023-02-08", "2023-05-09") / 60


def test_material_changes_are_flagged_with_what_followed(panels: Panels) -> None:
    flag, after = (_series(panels("close"), name) for name in ("material_change_10", "material_change_ret_3"))
    assert [flag(day) for day in ("2022-08-05", "2022-08-08", "2022-08-19", "2022-08-22")] == [0, 1, 1, 0]
    assert after("2022-09-01") == pytest.approx(_price("2022-08-05", 3) / _price("2022-08-05") - 1)
    assert after("2022-11-10") == 0.0


def test_revisions_are_told_for_a_month(panels: Panels) -> None:
    panel = panels("close")
    up, down = _series(panel, "np_revised_up_20"), _series(panel, "np_revised_down_20")
    size = _series(panel, "np_revision_size_20")
    fading = _series(panel, "np_revision_fading_20")
    # 120 -> 150 on Monday 2022-10-03, known on the 4th; 20 sessions to the 31st.
    assert [up(day) for day in ("2022-10-03", "2022-10-04", "2022-10-31", "2022-11-01")] == [0, 1, 1, 0]
    assert [size(day) for day in ("2022-10-03", "2022-10-04", "2022-10-31", "2022-11-01")] == [
        0,
        0.25,
        0.25,
        0,
    ]
    assert fading("2022-10-14") == pytest.approx(0.25 * np.exp(-8 / 20))
    # The second quarter repeats 150, the third cuts it to 135.
    assert (up("2022-11-09"), down("2022-11-09")) == (0, 0)
    assert (down("2023-02-08"), size("2023-02-08")) == (1, pytest.approx(-0.1))
    assert np.isnan(up("2022-05-10"))


def test_progress_and_a_forecast_that_is_over(panels: Panels) -> None:
    panel = panels("close")
    progress, yield_ = _series(panel, "np_progress"), _series(panel, "np_growth_forecast")
    assert progress("2022-08-08") == 24 / 120
    assert progress("2022-10-04") == 24 / 150
    assert progress("2022-11-09") == 75 / 150
    assert progress("2023-05-12") == 108 / 135  # of the last forecast before the report
    assert yield_("2022-05-11") == pytest.approx(0.2)
    assert yield_("2023-02-08") == pytest.approx(0.35)
    assert np.isnan(yield_("2023-05-12"))  # the old year's forecast says nothing about the next one
    surprise = _series(panel, "np_surprise_company")
    assert np.isnan(surprise("2023-05-11"))
    assert surprise("2023-05-12") == pytest.approx(108 / 135 - 1)
    assert surprise("2023-06-02") == pytest.approx(110 / 135 - 1)


def test_consensus_is_that_of_the_close_before(panels: Panels) -> None:
    panel = panels("close")
    row = int(np.flatnonzero(panel.dates == np.datetime64("2022-08-08"))[0])
    consensus = np.full(panel.shape, np.nan)
    consensus[: row - 1], consensus[row - 1], consensus[row:] = 10.0, 20.0, 30.0
    result = np.where(np.isfinite(panel["fs_np"]), 24.0, np.nan)
    own = panel.with_columns(consensus_op=consensus, fs_op=result)
    surprise = _series(own, "op_surprise")
    assert surprise("2022-08-08") == surprise("2022-11-08") == pytest.approx(24 / 20 - 1)
    assert surprise("2022-11-09") == pytest.approx(24 / 30 - 1)


def test_a_split_between_consensus_and_report_is_on_one_basis(panels: Panels) -> None:
    panel = panels("close")
    split = int(np.flatnonzero(panel.dates == np.datetime64("2022-07-01"))[0])
    adjustment = np.ones(panel.shape)
    adjustment[split:] = 0.5  # one share became two
    own = panel.with_columns(
        adjustment=adjustment,
        fs_eps=np.where(np.isfinite(panel["fs_np"]), 48.0, np.nan),  # forward basis: 24 yen per new share
        consensus_eps=np.full(panel.shape, 20.0),
    )
    assert _series(own, "eps_surprise")("2022-08-08") == pytest.approx(24 / 20 - 1)


def test_segment_changes_and_listings(panels: Panels) -> None:
    panel = panels("close")
    age = np.full(panel.shape, np.nan)
    age[100:, 0] = np.arange(len(age) - 100)
    own = panel.with_columns(segment_age=age, listing_age=age)
    moved = features.panel(own, ["segment_changed_20", "listed_within_20"], dtype="float64").values[:, :, 0]
    assert moved[0, 99:].tolist() == [0.0] + [1.0] * 20 + [0.0] * (len(age) - 120)
    assert moved[1, 99:].tolist() == [0.0] + [1.0] * 21 + [0.0] * (len(age) - 121)


def test_the_last_sessions_of_the_year(panels: Panels) -> None:
    flag = _series(panels("close"), "year_end")
    days = ("2022-12-23", "2022-12-26", "2022-12-30", "2023-01-04", "2023-12-22", "2023-12-25", "2023-12-29")
    assert [flag(day) for day in days] == [0, 1, 1, 0, 0, 1, 1]


def test_a_small_sector_is_compared_with_the_market() -> None:
    """Six stocks of one sector and two of another: ranks within the six, and among the eight for the two."""
    T, N = 3, 8
    values = np.array([5.0, 1.0, 2.0, 3.0, 4.0, np.nan, 6.0, 10.0]) * np.ones((T, 1))
    columns = {
        "close": np.full((T, N), 100.0),
        "fs_equity": np.full((T, N), 100.0),
        "fs_np_ttm": values,
        "sector33": np.array([0] * 6 + [1] * 2, np.int16) * np.ones((T, 1), np.int16),
    }
    dates = np.arange("2024-01-09", "2024-01-12", dtype="datetime64[D]")
    codes = np.array([f"{1300 + n}" for n in range(N)])
    panel = data.Panel(dates, codes, columns, np.ones((T, N), bool), {"sector33": ("3650", "3700")})
    names = ["roe_sector_rank", "roe_sector_mean_gap", "roe_sector_median_gap"]
    rank, mean, median = features.panel(panel, names, dtype="float64").values[:, 0]
    # The first sector has five values 1 to 5, the second two of all seven.
    np.testing.assert_allclose(rank, [1.0, 0.0, 0.25, 0.5, 0.75, np.nan, 5 / 6, 1.0], rtol=1e-14)
    np.testing.assert_allclose(mean[:5], [0.02, -0.02, -0.01, 0.0, 0.01], atol=1e-16)
    np.testing.assert_allclose(mean[6:], np.array([6.0, 10.0]) / 100 - 31 / 700, rtol=1e-13)
    np.testing.assert_allclose(median[6:], np.array([6.0, 10.0]) / 100 - 0.04, rtol=1e-13)


def test_margin_balances_wait_for_their_publication() -> None:
    """S-MLAG: no feature of balances has a class that knows the session's own."""
    of_balances = [f for f in features.registry.features.values() if "S-MLAG" in f.req]
    assert len(of_balances) == 2
    for feature in features.registry.features.values():
        if any(name.startswith(("margin_", "alert_")) for name in feature.expr.columns):
            assert "P+1" in feature.timing, feature.name
