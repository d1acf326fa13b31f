"""Tables from outside, joined by time stamps; hours worked by hand.

New York closes at 16:00 local: 05:00 in Tokyo the next day in summer, 06:00 in winter.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from jqfast.data import Panel, PanelInfo
from jqfast.data.clock import half_days
from jqfast.data.external import RELEASES, Release, attach, known_at, read_external
from jqfast.errors import DataGapError
from jqfast.types import AnyArray

# 2024-05-03 to 05-06 and 08-12 are holidays in Tokyo.
DAYS = ["2024-05-01", "2024-05-02", "2024-05-07", "2024-05-08", "2024-08-01", "2024-08-02", "2024-08-05"]
CODES = np.array(["72030", "99840"])


def panel(decision: str = "close", days: list[str] = DAYS) -> Panel:
    dates = np.array(days, "datetime64[D]")
    shape = (len(dates), len(CODES))
    info = PanelInfo(decision=decision)  # type: ignore[arg-type]  # a text of its values
    return Panel(dates, CODES, {"close": np.ones(shape)}, np.ones(shape, bool), info=info)


def table(*rows: tuple[object, ...], columns: str = "date value") -> pd.DataFrame:
    return pd.DataFrame(rows, columns=columns.split())


def joined(release: str | Release, decision: str, *rows: tuple[str, float]) -> AnyArray:
    (series,) = read_external(table(*rows), {"x": "value"}, release=release)
    return attach(panel(decision), [series])["x"]


SPX = [("2024-07-31", 1.0), ("2024-08-01", 2.0), ("2024-08-02", 3.0), ("2024-08-05", 4.0)]
NONE = [np.nan] * 4


@pytest.mark.parametrize(
    ("decision", "want"),
    [
        ("close", [*NONE, 1.0, 2.0, 3.0]),  # at 15:00 of Friday 08-02 the last close is Thursday's
        ("preopen", [*NONE, 1.0, 2.0, 3.0]),
        ("evening", [*NONE, 1.0, 2.0, 3.0]),
    ],
)
def test_overseas_close_is_the_last_one_before_the_decision(decision: str, want: list[float]) -> None:
    assert np.array_equal(joined("new_york_close", decision, *SPX), want, equal_nan=True)


def test_summer_time_is_in_the_hour() -> None:
    days = np.array(["2024-01-31", "2024-07-31"], "datetime64[D]")
    utc = known_at(days, RELEASES["new_york_close"]).astype(str).tolist()
    assert utc == ["2024-01-31T21:00:00", "2024-07-31T20:00:00"]


def test_a_value_known_at_the_decision_itself_is_not_before_it() -> None:
    at_close = Release("UTC", "06:00")  # 15:00 in Tokyo
    rows = ("2024-05-01", 1.0), ("2024-05-02", 2.0)
    assert np.array_equal(joined(at_close, "close", *rows)[:3], [np.nan, 1.0, 2.0], equal_nan=True)
    assert joined(at_close, "evening", *rows)[:3].tolist() == [1.0, 2.0, 2.0]


def test_tokyo_prices_are_known_at_their_own_close() -> None:
    rows = [("2024-05-01", 1.0), ("2024-05-02", 2.0), ("2024-05-07", 3.0)]
    assert joined("tokyo_close", "close", *rows)[:4].tolist() == [1.0, 2.0, 3.0, 3.0]
    assert joined("tokyo_close", "preopen", *rows)[1:4].tolist() == [1.0, 2.0, 3.0]


def test_yields_of_the_ministry_come_the_next_session_in_the_morning() -> None:
    rows = [("2024-05-02", 2.0)]
    assert np.isnan(joined("jgb_yields", "close", *rows)[1])
    assert joined("jgb_yields", "close", *rows)[2] == 2.0  # 05-07 at 09:30, after the holidays
    assert np.isnan(joined("jgb_yields", "preopen", *rows)[2])
    assert joined("jgb_yields", "preopen", *rows)[3] == 2.0


def test_yields_of_friday_wait_for_monday_in_washington() -> None:
    (utc,) = known_at(np.array(["2024-08-02"], "datetime64[D]"), RELEASES["treasury_yields"])
    assert str(utc) == "2024-08-05T20:15:00"
    old = known_at(np.array(["1974-09-27"], "datetime64[D]"), RELEASES["jgb_yields"])
    assert str(old[0]) == "1974-09-30T00:30:00"


def test_a_month_waits_for_its_release() -> None:
    release = Release(time="08:30", days=7, month=True)
    rows = [("2024-04-01", 4.0)]  # out on 2024-05-07 at 08:30
    assert np.isfinite(joined(release, "close", *rows)).tolist() == [
        False,
        False,
        True,
        True,
        True,
        True,
        True,
    ]
    assert np.isnan(joined(release, "preopen", *rows)[2])


def test_available_at_and_revisions() -> None:
    source = table(
        ("2024-05-01", 1.0, "2024-05-02T00:00:00+09:00"),
        ("2024-05-01", 1.5, "2024-05-07T12:00:00+09:00"),  # revised
        ("2024-04-30", 9.0, "2024-05-08T10:00:00+09:00"),  # late, and about an older day
        columns="date value at",
    )
    (series,) = read_external(source, {"x": "value"}, available_at="at")
    out = attach(panel(), [series])
    assert np.array_equal(out["x"][:4], [np.nan, 1.0, 1.5, 1.5], equal_nan=True)
    assert np.array_equal(out["x_age"][:4], [np.nan, 1.0, 6.0, 7.0], equal_nan=True)
    short = attach(panel(), [series], max_days=6)
    assert np.isnan(short["x"][3])
    assert short["x"][2] == 1.5


def test_a_text_file_of_any_columns(tmp_path: Path) -> None:
    """Columns that mean nothing for prices are there too, codes stay text, thousands have their commas."""
    path = tmp_path / "shares.csv"
    path.write_text(
        'day,issue,free float,value,close\n20240501,7203,"1,200",5,7\n20240502,9984,.5,,7\n', encoding="utf-8"
    )
    columns = {"free": "free float", "price": "close"}
    free, price = read_external(path, columns, release="month_end", date="day", code="issue")
    assert free.codes is not None
    assert free.codes.tolist() == ["7203", "9984"]
    assert free.days.astype(str).tolist() == ["2024-05-01", "2024-05-02"]
    assert (free.values.tolist(), price.values.tolist()) == ([1200.0, 0.5], [7.0, 7.0])
    with pytest.raises(ValueError, match=r"has no column `issues`.*`issue`"):
        read_external(path, columns, release="month_end", date="day", code="issues")


def test_series_of_stocks_find_their_column() -> None:
    source = table(
        ("2024-05-01", "7203", 0.6), ("2024-05-01", "99840", 0.7), ("2024-05-01", "1301", 0.1),
        columns="date code value",
    )  # fmt: skip
    series = read_external(source, {"free_float": "value"}, release="month_end", code="code")
    out = attach(panel(), series, age=False)["free_float"]
    assert out.shape == (len(DAYS), 2)
    assert out[-1].tolist() == [0.6, 0.7]
    assert np.isnan(out[0]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either `available_at`, a column of the table, or `release`"),
        ({"release": "new_york_clos"}, "Did you mean `new_york_close`"),
        ({"available_at": "x"}, "has no column `x`"),
        ({"release": "fx_close", "where": {"date": "1900-01-01"}}, "has no row with"),
    ],
)
def test_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_external(table(("2024-05-01", 1.0)), {"x": "value"}, **options)  # type: ignore[arg-type]  # passed on


def test_nothing_is_known_before_its_day() -> None:
    early = table(("2024-05-09", 1.0, "2024-05-01T00:00:00Z"), columns="date value at")
    with pytest.raises(ValueError, match="must not lie before the day of the value"):
        read_external(early, {"x": "value"}, available_at="at")
    blank = table(("2024-05-09", 1.0, None), columns="date value at")
    with pytest.raises(DataGapError, match="when it was known"):
        read_external(blank, {"x": "value"}, available_at="at")
    with pytest.raises(ValueError, match="0 or more"):
        Release(days=-1)
    with pytest.raises(ValueError, match="Unknown time zone"):
        Release("Mars/Olympus")
    (series,) = read_external(table(("2024-05-01", 1.0)), {"close": "value"}, release="fx_close")
    with pytest.raises(ValueError, match="is a column of the panel already"):
        attach(panel(), [series])


def test_real_series_around_the_crash_of_august_2024(real_data: Path) -> None:
    index = real_data / "index_fx_daily.parquet"
    spx = read_external(index, {"spx": "close"}, release="new_york_close", where={"symbol": "SPX"})
    n225 = read_external(index, {"n225": "close"}, release="tokyo_close", where={"symbol": "N225"})
    jgb = read_external(real_data / "jgb_yields_daily.parquet", {"jgb10": "10Y"}, release="jgb_yields")
    usd = read_external(
        real_data / "us_treasury_yields_daily.parquet", {"us10": "DGS10"}, release="treasury_yields"
    )
    out = attach(panel(), [*spx, *n225, *jgb, *usd])
    raw = pd.read_parquet(index)
    friday = float(raw.loc[(raw.symbol == "SPX") & (raw.date.astype(str) == "2024-08-02"), "close"].iloc[0])
    assert out["spx"][-1] == friday
    assert round(out["n225"][-1], 2) == 31458.42  # the day itself, -12.4 %
    assert out["n225"][-1] / out["n225"][-2] - 1 == pytest.approx(-0.124, abs=5e-4)
    yields = pd.read_parquet(real_data / "jgb_yields_daily.parquet").set_index("date")["10Y"]
    yields.index = yields.index.astype(str)
    assert out["jgb10"][2] == yields["2024-05-02"]
    us = pd.read_parquet(real_data / "us_treasury_yields_daily.parquet").set_index("date")["DGS10"]
    us.index = us.index.astype(str)
    assert out["us10"][-1] == us["2024-08-01"]  # Friday's comes on Monday evening in Tokyo's night


def test_preopen_panel_is_read_from_its_info() -> None:
    (series,) = read_external(table(*SPX), {"x": "value"}, release="tokyo_close")
    late = replace(panel(), info=PanelInfo(decision="preopen"))
    assert attach(late, [series])["x"][-1] == 3.0


def test_a_half_day_is_decided_at_eleven() -> None:
    """A value of noon in Tokyo: too late for the morning of 2008-12-30, in time for an ordinary session."""
    days = ["2008-12-29", "2008-12-30", "2009-01-05", "2009-01-06"]
    noon = [f"{day} 03:00" for day in days]  # UTC
    frame = pd.DataFrame({"date": days, "v": [1.0, 2.0, 3.0, 4.0], "at": noon})
    series = read_external(frame, {"v": "v"}, available_at="at")
    assert attach(panel(days=days), series)["v"].tolist() == [1.0, 1.0, 2.0, 4.0]


def test_half_days_are_the_first_and_last_session_of_a_year() -> None:
    days = np.arange(np.datetime64("2006-12-20"), np.datetime64("2010-01-10"))
    found = days[half_days(days)].astype(str).tolist()
    assert found == ["2006-12-29", "2007-01-04", "2007-12-28", "2008-01-04", "2008-12-30", "2009-01-05"]
