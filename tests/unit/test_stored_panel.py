"""Panels from stores written by hand: sessions, lives of codes, universe by day, the forward basis."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.clock import Clock
from jqfast.data.stored.axes import tokyo_clock
from jqfast.errors import DataGapError
from jqfast.types import AnyArray

DAYS = tiny.weekdays("2021-12-01", "2022-07-30", ["2022-01-03", "2022-05-03", "2022-05-04", "2022-05-05"])
REFORM = np.datetime64("2022-04-04")
EARLY, LATE = DAYS[DAYS < REFORM], DAYS[DAYS >= REFORM]
OLD, NEW = DAYS[:8], DAYS[np.datetime64("2022-07-01") <= DAYS]  # two companies with one code
PRICE = np.where(np.datetime64("2022-05-16") <= DAYS, 50.0, 100.0) + np.arange(len(DAYS)) / 100.0


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    moving = [
        ("13010", "0101", "0111"),
        ("30000", "0102", "0112"),
        ("40000", "0104", "0113"),
        ("13060", "0109", "0109"),
    ]
    master: list[dict[str, Any]] = []
    for code, before, after in moving:
        product = "014" if code == "13060" else "011"
        master += tiny.issues(EARLY, code, before, product=product) + tiny.issues(
            LATE, code, after, product=product
        )
    master += tiny.issues(OLD, "20000", "0101", "0050") + tiny.issues(NEW, "20000", "0111", "9050")
    master += tiny.issues(DAYS, "25935", "0101")  # a preferred share
    bars = tiny.bars("13010", DAYS, PRICE, d20220516=0.5)
    bars += [row for code in ("30000", "40000", "13060", "25935") for row in tiny.bars(code, DAYS)]
    bars += tiny.bars("20000", OLD, 500.0, d20211203=0.1) + tiny.bars("20000", NEW, 900.0)
    bars[3] |= dict.fromkeys(("O", "H", "L", "C", "Vo", "Va"))  # 13010 did not trade on 2021-12-06
    bars += tiny.bars("30000", np.array(["2021-12-11"], "datetime64[D]"))  # a stray Saturday
    tiny.make(folder, equities_master=master, equities_bars_daily=bars, markets_calendar=tiny.calendar(DAYS))
    return folder


def _panel(path: Path, **options: Any) -> data.Panel:
    return data.open(path).panel(**{"universe": "all", **options})


def _at(panel: data.Panel, day: str) -> int:
    return int(np.flatnonzero(panel.dates == np.datetime64(day))[0])


def test_universe_by_day_over_the_reform(path: Path) -> None:
    assert _panel(path).codes.tolist() == ["13010", "20000", "20000.2", "30000", "40000"]
    prime = _panel(path, universe="prime")
    assert prime.codes.tolist() == ["13010", "20000", "20000.2"]
    assert prime.listed[:, 0].all()
    assert prime.listed[:, 1].sum() == len(OLD)
    assert prime.listed[:, 2].sum() == len(NEW)
    assert _panel(path, universe="standard").codes.tolist() == ["30000"]
    growth = _panel(path, universe="growth")
    assert growth.listed.all()
    labels = growth.categories["market"]
    names = [labels[k] for k in growth["market"][:, 0]]
    assert names == ["0104"] * len(EARLY) + ["0113"] * len(LATE)


def test_ages_of_listing_and_segment(path: Path) -> None:
    panel = _panel(path)
    assert np.isnan(panel["listing_age"][5, 0])  # there since the store begins
    assert panel["listing_age"][-len(NEW) :, 2].tolist() == list(range(len(NEW)))
    assert np.isnan(panel["segment_age"]).all()  # the First Section became Prime, and so on: nobody moved


def test_a_move_to_another_segment(tmp_path: Path) -> None:
    moved = tiny.issues(DAYS[:50], "13010", "0104") + tiny.issues(DAYS[50:], "13010", "0101")
    bars = tiny.bars("13010", DAYS)
    tiny.make(tmp_path, equities_master=moved, equities_bars_daily=bars, markets_calendar=tiny.calendar(DAYS))
    age = _panel(tmp_path)["segment_age"][:, 0]
    assert np.isnan(age[:50]).all()
    assert age[50:].tolist() == list(range(len(DAYS) - 50))
    late = _panel(tmp_path, universe="prime")
    assert late.listed[:, 0].tolist() == [False] * 50 + [True] * (len(DAYS) - 50)
    assert late["segment_age"][50:, 0].tolist() == age[50:].tolist()  # where it came from is known


def test_reused_codes_are_two_stocks(path: Path) -> None:
    panel = _panel(path)
    old, new = 1, 2
    assert np.isfinite(panel["close"][:, old]).sum() == len(OLD)
    assert np.isnan(panel["close"][: -len(NEW), new]).all()
    sector = panel.categories["sector33"]
    assert sector[panel["sector33"][0, old]] == "0050"
    assert sector[panel["sector33"][-1, new]] == "9050"
    assert panel["sector33"][-1, old] == -1
    # The old company's split is no event of the new one.
    assert panel["adjustment"][_at(panel, "2021-12-06"), old] == 0.1
    assert (panel["adjustment"][:, new] == 1.0).all()
    assert panel["close"][-1, new] == 900.0


@pytest.mark.parametrize(
    ("away", "name", "stocks"),
    [
        (30, "Another Company", ["13010", "13010.2"]),  # too short an absence to tell by itself
        (30, "13010", ["13010"]),  # a long halt of the same company
        (30, None, ["13010"]),  # nobody says who it is
        (4, "Another Company", ["13010"]),  # days that are missing, and a new name
    ],
)
def test_a_code_that_comes_back_soon(away: int, name: str | None, stocks: list[str], tmp_path: Path) -> None:
    gone, back = DAYS[:50], DAYS[50 + away :]
    later = [row | {"CoName": name} for row in tiny.issues(back, "13010", "0111", "9050")]
    tiny.make(
        tmp_path,
        equities_master=tiny.issues(gone, "13010", "0111", "0050")
        + later
        + tiny.issues(DAYS, "20000", "0111"),
        equities_bars_daily=tiny.bars("13010", gone, 100.0, d20211203=0.5)
        + tiny.bars("13010", back, 900.0)
        + tiny.bars("20000", DAYS),
        markets_calendar=tiny.calendar(DAYS),
    )
    panel = _panel(tmp_path)
    assert panel.codes.tolist() == [*stocks, "20000"]
    last = panel.codes.tolist().index(stocks[-1])
    assert panel["raw_close"][-1, last] == 900.0
    # The old company's split stays with it.
    assert panel["adjustment"][-1, last] == (1.0 if len(stocks) == 2 else 0.5)


def test_days_that_the_store_lacks_are_no_absence(tmp_path: Path) -> None:
    """Ten sessions were never fetched, and meanwhile a company has changed its name."""
    held = np.concatenate([DAYS[:50], DAYS[60:]])
    master = tiny.issues(held[:50], "13010", "0111")
    master += [row | {"CoName": "New Name"} for row in tiny.issues(held[50:], "13010", "0111")]
    bars = tiny.bars("13010", held)
    tiny.make(
        tmp_path, equities_master=master, equities_bars_daily=bars, markets_calendar=tiny.calendar(DAYS)
    )
    assert _panel(tmp_path).codes.tolist() == ["13010"]


def test_split_on_the_forward_basis(path: Path) -> None:
    panel = _panel(path)
    t = _at(panel, "2022-05-16")
    close, factor = panel["close"][:, 0], panel["adjustment"][:, 0]
    assert (factor[t - 1], factor[t]) == (1.0, 0.5)
    assert panel["raw_close"][t, 0] == PRICE[t]
    assert close[t] == PRICE[t] / 0.5
    assert close[t - 1] == PRICE[t - 1]
    assert panel["volume"][t, 0] == 500.0
    assert panel["turnover"][t, 0] == 1000.0 * PRICE[t]
    assert panel.info.price_basis == "forward"
    assert panel.info.counts["splits"] == 2


def test_a_split_announced_later_changes_nothing_before(path: Path) -> None:
    whole, before = _panel(path), _panel(path, end="2022-05-13")
    T = len(before.dates)
    for name in ("open", "close", "volume", "adjustment"):
        assert np.array_equal(whole[name][:T, 0], before[name][:, 0], equal_nan=True), name


def test_a_panel_that_starts_later_has_the_same_basis(path: Path) -> None:
    whole, late = _panel(path), _panel(path, start="2022-06-01")
    low = _at(whole, "2022-06-01")
    assert late["adjustment"][0, 0] == 0.5
    n = whole.codes.tolist().index("13010")
    assert np.array_equal(whole["close"][low:, n], late["close"][:, 0])


def test_no_trade_and_stray_days(path: Path) -> None:
    panel = _panel(path)
    t = _at(panel, "2021-12-06")
    assert np.isnan(panel["close"][t, 0])
    assert panel["volume"][t, 0] == 0.0
    assert panel.listed[t, 0]
    assert np.datetime64("2021-12-11") not in panel.dates
    assert any("1 days that are no sessions are left out (2021-12-11)" in note for note in panel.info.notes)
    assert panel.is_session.all()


def test_before_the_open_bars_are_of_the_session_before(path: Path) -> None:
    close, preopen = _panel(path), _panel(path, decision="preopen")
    assert len(preopen.dates) == len(close.dates) + 1  # the open after the last bar can be decided
    n = close.codes.tolist().index("40000")
    t = _at(close, "2022-05-16")
    for name in ("close", "raw_close", "adjustment", "volume"):
        assert preopen[name][t + 1, 0] == close[name][t, 0], name
    assert np.isnan(preopen["close"][0]).all()
    assert preopen.listed[-1].tolist() == close.listed[-1].tolist()  # no list of that day yet: the last holds
    assert preopen.listed[1:, n].all()
    relisted = close.codes.tolist().index("20000.2")
    t = _at(close, str(NEW[0]))
    assert close.listed[t, relisted]
    assert preopen.listed[t : t + 2, relisted].tolist() == [
        False,
        True,
    ]  # nothing known before its first bar
    assert not preopen.listed[t, relisted - 1]
    evening = _panel(path, decision="evening")
    assert np.array_equal(evening["close"], close["close"], equal_nan=True)
    assert preopen.info.decision == "preopen"


def test_universe_by_function_and_by_table(path: Path) -> None:
    fishers = _panel(path, universe=lambda issues: issues["S33"] == "0050")
    assert fishers.codes.tolist() == ["20000"]
    some = _panel(path, universe={"code": ["3000", "13060"]})
    assert some.codes.tolist() == ["13060", "30000"]
    dated = {"date": ["2022-01-04", "2022-01-04", "2022-06-01"], "code": ["13010", "30000", "30000"]}
    panel = _panel(path, universe=dated)
    low, high = _at(panel, "2022-01-04"), _at(panel, "2022-06-01")
    assert np.flatnonzero(panel.listed[:, 0]).tolist() == list(range(low, high))
    assert panel.listed[:, 1].sum() == len(panel.dates) - low
    assert np.isnan(panel["close"][high:, 0]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"universe": "primes"}, "Did you mean `prime`"),
        ({"universe": lambda _: [1]}, "one bool per row of the issue list"),
        ({"universe": lambda issues: issues["Mkt"] == "x"}, "has no member"),
        ({"decision": "noon"}, "Unknown value of `decision`"),
        ({"tables": ["fins_sumary"]}, "Did you mean `fins_summary`"),
        ({"start": "2023-01-01"}, "No session from 2023-01-01"),
    ],
)
def test_refused(path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _panel(path, **options)


def test_stores_without_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no store"):
        data.open(tmp_path / "nothing")
    tiny.make(tmp_path / "a", markets_calendar=tiny.calendar(DAYS))
    with pytest.raises(DataGapError, match="has no daily bars"):
        _panel(tmp_path / "a")
    tiny.make(
        tmp_path / "b", equities_bars_daily=tiny.bars("13010", DAYS), markets_calendar=tiny.calendar(DAYS)
    )
    with pytest.raises(DataGapError, match="needs the issue list"):
        _panel(tmp_path / "b", universe="prime")
    assert _panel(tmp_path / "b").listed.all()


def test_sparse_issue_lists_need_a_bar_in_between(tmp_path: Path) -> None:
    gone = DAYS[:30]
    tiny.make(
        tmp_path / "s",
        equities_master=tiny.issues(DAYS[[0, 60]], "13010", "0101") + tiny.issues(DAYS[:1], "30000", "0101"),
        equities_bars_daily=tiny.bars("13010", DAYS) + tiny.bars("30000", gone),
        markets_calendar=tiny.calendar(DAYS),
    )
    panel = _panel(tmp_path / "s", universe="prime")
    assert panel.listed.sum(axis=0).tolist() == [len(DAYS), len(gone)]
    assert any("2 snapshots" in note for note in panel.info.notes)


def test_outage_half_days_and_holiday_trading(tmp_path: Path) -> None:
    days = np.concatenate(
        [tiny.weekdays("2008-12-24", "2009-01-10", ["2008-12-31", "2009-01-01", "2009-01-02"])]
    )
    outage = tiny.weekdays("2020-09-28", "2020-10-08")
    both = np.concatenate([days, outage])
    price: AnyArray = np.where(both == np.datetime64("2020-10-01"), np.nan, 100.0)
    divisions = {"d20081230": "2", "d20090105": "2", "d20090112": "3"}
    calendar = tiny.calendar(days, **divisions) + tiny.calendar(outage)
    tiny.make(tmp_path / "s", equities_bars_daily=tiny.bars("13010", both, price), markets_calendar=calendar)
    panel = _panel(tmp_path / "s")
    assert np.datetime64("2008-12-30") in panel.dates
    assert np.datetime64("2009-01-12") not in panel.dates
    t = _at(panel, "2020-10-01")
    assert panel.is_session.sum() < len(panel.dates)
    assert not panel.is_session[t]
    assert panel.listed[t, 0]


def test_calendar_from_the_library_where_the_store_has_none(tmp_path: Path) -> None:
    days = tiny.weekdays("2020-09-24", "2020-10-08")
    price: AnyArray = np.where(days == np.datetime64("2020-10-01"), np.nan, 100.0)
    tiny.make(tmp_path / "s", equities_bars_daily=tiny.bars("13010", days, price))
    panel = _panel(tmp_path / "s")
    assert panel.dates.tolist() == days.tolist()  # the outage is a session without trade, not a holiday
    assert not panel.is_session[_at(panel, "2020-10-01")]
    assert any("XTKS" in note for note in panel.info.notes)


def test_half_days_before_2009_are_decided_at_eleven_where_the_store_has_no_calendar(tmp_path: Path) -> None:
    days = tiny.weekdays("2008-12-24", "2009-01-10", ["2008-12-31", "2009-01-01", "2009-01-02"])
    bars = tiny.bars("13010", days)
    clock, notes = tokyo_clock(tiny.make(tmp_path / "none", equities_bars_daily=bars))
    assert any("XTKS" in note for note in notes)
    assert _half_days(clock) == ["2008-12-30", "2009-01-05"]
    closes = dict(zip(clock.sessions.astype(str), clock.closes.astype(str), strict=True))
    assert closes["2008-12-29"] == "2008-12-29T15:00:00"
    assert closes["2008-12-30"] == "2008-12-30T11:00:00"
    # A calendar that begins later is believed about its own days: this one calls the 5th an ordinary one.
    later = tiny.calendar(days[days >= np.datetime64("2009-01-05")])
    store = tiny.make(tmp_path / "later", equities_bars_daily=bars, markets_calendar=later)
    assert _half_days(tokyo_clock(store)[0]) == ["2008-12-30"]


def _half_days(clock: Clock) -> list[str]:
    assert clock.half is not None
    return clock.sessions[clock.half].astype(str).tolist()


def test_columns_made_on_access_say_when_the_store_is_gone(tmp_path: Path) -> None:
    rows = [{**row, "MktCap": 5.0} for row in tiny.bars("13010", DAYS)]
    tiny.make(tmp_path / "s", equities_bars_daily=rows, markets_calendar=tiny.calendar(DAYS))
    panel = _panel(tmp_path / "s")
    assert (panel["market_cap"] == 5e6).all()
    assert (panel["market_value"] == 5e6).all()
    held = panel["market_cap"]
    assert panel["market_cap"] is held  # made once while somebody holds it
    cut = panel.rows(3, 7)
    assert cut["market_cap"].shape == (4, 1)
    shutil.rmtree(tmp_path / "s" / "equities_bars_daily")
    with pytest.raises(DataGapError, match="no longer holds"):
        _ = cut["market_cap"]
