"""The real data on the way of a store: splits, crashes, statements, indices, currency and yields by hand.

Factors are J-Quants' own kind: a return over an ex-date is C(t) / (C(t-1) x factor) - 1. Ratio, ex-date and
closes as traded are written down here split by split, so that no code of ours has a part in them. Digits that
the file has lost of closes of a million yen were zeros: such prices moved in steps of 10,000 yen. The crashes
are those of 2008, 2011, 2016 and 2024, with what was known of New York, the yen and yields on their days.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import real_store
import tiny_store

import jqfast.data as data

#: Code, ex-date, factor, close of the day before and of the day, as traded.
SPLITS = [
    ("6758", "2000-03-28", 1 / 2, 26400.0, 13120.0),
    ("9984", "2005-12-28", 1 / 3, 12730.0, 4380.0),
    ("2914", "2006-03-28", 1 / 5, 2110000.0, 431000.0),
    ("8306", "2007-10-01", 1 / 1000, 1010000.0, 1055.0),
    ("9432", "2009-01-05", 1 / 100, 468000.0, 4870.0),
    ("2914", "2012-06-27", 1 / 200, 444500.0, 2305.0),
    ("9433", "2012-09-26", 1 / 100, 597000.0, 5980.0),
    ("9433", "2013-03-27", 1 / 2, 7630.0, 3850.0),
    ("4503", "2014-03-27", 1 / 5, 5920.0, 1217.0),
    ("9433", "2015-03-27", 1 / 3, 8186.0, 2727.0),
    ("9432", "2015-06-26", 1 / 2, 9075.0, 4461.5),
    ("6501", "2018-09-26", 5.0, 777.8, 3894.0),
]


@pytest.fixture(scope="module")
def raw(real_data: Path) -> pd.DataFrame:
    return real_store.bars(real_data)


@pytest.fixture(scope="module")
def panel(raw: pd.DataFrame, real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> data.Panel:
    folder = tmp_path_factory.mktemp("real")
    tiny_store.make(folder, equities_bars_daily=raw)
    real_store.outside(real_data, folder)
    return data.open(folder).panel(universe="all")


@pytest.fixture(scope="module")
def papers(real_data: Path) -> pd.DataFrame:
    return real_store.statements(real_data)


@pytest.fixture(scope="module")
def later(
    real_data: Path, papers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> data.StorePanelSource:
    """Prices that came adjusted, statements, the issue list, indices, the yen and yields in one store."""
    folder = tmp_path_factory.mktemp("later")
    tiny_store.make(
        folder,
        equities_bars_daily=real_store.adjusted_bars(real_data),
        fins_summary=papers,
        equities_master=real_store.master(real_data),
    )
    real_store.outside(real_data, folder)
    return data.open(folder)


def _cell(panel: data.Panel, code: str, day: str) -> tuple[int, int]:
    n = panel.codes.tolist().index(f"{code}0")
    return int(np.flatnonzero(panel.dates == np.datetime64(day))[0]), n


@pytest.mark.parametrize(("code", "day", "factor", "before", "after"), SPLITS)
def test_returns_over_known_splits(
    panel: data.Panel, code: str, day: str, factor: float, before: float, after: float
) -> None:
    t, n = _cell(panel, code, day)
    close, traded, A = panel["close"][:, n], panel["raw_close"][:, n], panel["adjustment"][:, n]
    last = int(np.flatnonzero(np.isfinite(close[:t]))[-1])  # shares rest while certificates are exchanged
    assert t - last <= 5
    assert A[t] / A[t - 1] == pytest.approx(factor, rel=1e-7)
    assert (traded[last], traded[t]) == pytest.approx((before, after), rel=1e-6)
    assert close[t] / close[last] - 1 == pytest.approx(after / (before * factor) - 1, abs=1e-6)
    assert abs(close[t] / close[last] - 1) < 0.06


def test_every_factor_of_the_file_is_an_ordinary_day(panel: data.Panel, raw: pd.DataFrame) -> None:
    events = raw[raw["AdjFactor"] != 1.0]
    moves = []
    for row in events.itertuples():
        t, n = _cell(panel, str(row.Code)[:4], str(row.Date))
        last = panel["close"][:t, n][np.isfinite(panel["close"][:t, n])][-1]
        moves.append(panel["close"][t, n] / last - 1)
    assert len(moves) >= 10
    assert np.abs(moves).max() < 0.12
    assert panel.info.counts["splits"] == len(moves)


@pytest.mark.parametrize(
    ("day", "code", "low", "high"),
    [
        ("2008-10-16", "7203", -0.12, -0.05),  # Nikkei -11.4 %
        ("2011-03-15", "8306", -0.14, -0.05),  # Nikkei -10.6 %, after the earthquake
        ("2016-06-24", "7203", -0.10, -0.07),  # Nikkei -7.9 %, the British vote
        ("2016-06-24", "8306", -0.12, -0.06),
    ],
)
def test_known_crashes(panel: data.Panel, day: str, code: str, low: float, high: float) -> None:
    t, n = _cell(panel, code, day)
    move = panel["close"][t] / panel["close"][t - 1] - 1
    assert low < move[n] < high
    assert np.nanmean(move) < -0.05


#: Session -> S&P 500 of the night before, the Nikkei of the day itself, ten-year yield of the day before.
KNOWN = {
    "2008-10-16": (907.84, 8458.45, 1.576),
    "2011-03-15": (1296.39, 8605.15, 1.209),
    "2016-06-24": (2113.32, 14952.02, -0.146),
}


@pytest.mark.parametrize("day", KNOWN)
def test_what_was_known_of_the_world_in_a_crash(panel: data.Panel, day: str) -> None:
    t = int(np.flatnonzero(panel.dates == np.datetime64(day))[0])
    assert tuple(round(panel[name][t], 3) for name in ("spx", "n225", "jgb10")) == KNOWN[day]


def test_series_from_abroad_are_those_of_the_day_before_on_every_session(
    panel: data.Panel, real_data: Path
) -> None:
    """New York's close, the yen's and yesterday's yields: the last day before the session."""
    sessions = pd.DataFrame({"date": panel.dates.astype("datetime64[s]")})
    indices = pd.read_parquet(real_data / "index_fx_daily.parquet")
    yields = pd.read_parquet(real_data / "jgb_yields_daily.parquet").rename(columns={"10Y": "close"})
    given = {"jgb10": yields, **{name.lower(): indices[indices.symbol == name] for name in ("SPX", "USDJPY")}}
    for name, rows in given.items():
        rows = rows.dropna(subset="close").assign(date=lambda rows: pd.to_datetime(rows.date).dt.as_unit("s"))
        want = pd.merge_asof(sessions, rows[["date", "close"]], allow_exact_matches=False)["close"]
        np.testing.assert_array_equal(panel[name], want.to_numpy(), err_msg=name)
        assert np.isfinite(panel[name]).all()


def test_raw_and_adjusted_prices_give_the_same_returns(
    panel: data.Panel, real_data: Path, tmp_path: Path
) -> None:
    """Two sources of one market: as traded with factors, and adjusted with later splits in them."""
    bars = real_store.adjusted_bars(real_data)
    bars = bars[pd.to_datetime(bars["Date"]) < "2018-12-01"]
    tiny_store.make(tmp_path, equities_bars_daily=bars)
    other = data.open(tmp_path).panel(universe="all")
    day, mine, theirs = np.intersect1d(panel.dates, other.dates, return_indices=True)
    codes, here, there = np.intersect1d(panel.codes, other.codes, return_indices=True)
    assert (len(codes), len(day) > 600) == (10, True)
    closes = panel["close"][np.ix_(mine, here)], other["close"][np.ix_(theirs, there)]
    first, second = (np.diff(np.log(each), axis=0) for each in closes)
    both = np.isfinite(first) & np.isfinite(second)
    assert both.mean() > 0.97
    assert (np.abs(first - second)[both] < 1e-3).mean() > 0.99


def test_same_prices_as_the_reader_of_files(panel: data.Panel, raw: pd.DataFrame) -> None:
    other = data.read_prices(raw.rename(columns={"Vo": "Volume"}))
    day, mine, theirs = np.intersect1d(panel.dates, other.dates, return_indices=True)
    assert panel.codes.tolist() == other.codes.tolist()
    assert len(day) > 4500
    for name in ("open", "high", "low", "close", "volume", "adjustment"):
        # Inside a gap of the file the reader knows that the stock is still there; a store has nothing to say.
        a, b = panel[name][mine], other[name][theirs]
        assert np.array_equal(a[panel.listed[mine]], b[panel.listed[mine]], equal_nan=True), name


def test_statements_act_on_the_session_after_their_disclosure(
    later: data.StorePanelSource, papers: pd.DataFrame
) -> None:
    panel = later.panel(universe="prime", start="2023-03-14")
    assert (panel.listed[0]).all()
    assert panel.categories["market"] == ("0111",)
    n = panel.codes.tolist().index("72030")
    mine = papers[(papers["Code"] == "72030") & papers["NP"].notna()]
    mine = mine[pd.to_datetime(mine["DiscDate"]) >= "2023-03-15"]
    checked = 0
    for row in mine.itertuples():
        t = int(np.searchsorted(panel.dates, np.datetime64(row.DiscDate), side="right"))
        if t < len(panel.dates):
            assert panel["fs_np"][t, n] == row.NP
            assert panel["fs_eps"][t, n] == row.EPS
            assert panel["fs_age"][t, n] == 0.0
            checked += 1
    assert checked >= 10
    # 2024-08-05 in the delivered prices: Toyota -13.7 %, banks more.
    t = int(np.flatnonzero(panel.dates == np.datetime64("2024-08-05"))[0])
    move = panel["close"][t] / panel["close"][t - 1] - 1
    assert np.nanmean(move) < -0.10
    assert move[n] == pytest.approx(-0.137, abs=5e-3)
    # New York of the Friday before and the yen of that night; yields end with July in the file.
    known = tuple(round(panel[name][t], 3) for name in ("spx", "n225", "usdjpy", "jgb10"))
    assert known == (5346.56, 31458.42, 149.201, 1.07)
