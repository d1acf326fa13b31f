"""Series in the folder ``external`` of a store become columns, each by its own time stamps."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tiny_store as tiny
from typer.testing import CliRunner

import jqfast.data as data
from jqfast.cli import app
from jqfast.data.audit import cut_store
from jqfast.data.stored import outside
from jqfast.data.stored.documented import info
from jqfast.errors import DataGapError

DAYS = tiny.weekdays("2024-04-01", "2024-05-01", ["2024-04-29"])
CODES = ("13010", "20000")


@pytest.fixture
def store(tmp_path: Path) -> data.Store:
    bars = [row for code in CODES for row in tiny.bars(code, DAYS)]
    issues = [row for code in CODES for row in tiny.issues(DAYS, code, "0111")]
    made = tiny.make(
        tmp_path,
        equities_bars_daily=bars,
        equities_master=issues,
        markets_calendar=tiny.calendar(DAYS),
    )
    (tmp_path / "external").mkdir()
    return made


def _write(store: data.Store, file: str, rows: list[dict[str, Any]]) -> None:
    pq.write_table(pa.Table.from_pylist(rows), store.path / "external" / file)


def _row(name: str, day: str, value: float, utc: str, **more: Any) -> dict[str, Any]:
    stamp = dt.datetime.fromisoformat(f"{day}T{utc}+00:00") + dt.timedelta(days=more.pop("later", 0))
    return {"name": name, "date": dt.date.fromisoformat(day), "value": value, "available_at": stamp, **more}


def test_new_york_is_known_on_the_next_morning_of_tokyo(store: data.Store) -> None:
    rows = [_row("SPX", "2024-04-04", 5147.0, "20:00"), _row("SPX", "2024-04-05", 5204.0, "20:00")]
    _write(store, "macro.parquet", rows)
    panel = data.open(store).panel()
    spx = dict(zip(panel.dates.astype(str), panel["spx"], strict=True))
    assert np.isnan(spx["2024-04-04"])
    assert spx["2024-04-05"] == 5147.0  # the close of the 4th, at 05:00 in Tokyo
    assert spx["2024-04-08"] == 5204.0
    assert panel["spx"].shape == (len(DAYS),)


def test_series_of_stocks_and_several_files(store: data.Store) -> None:
    _write(store, "a.parquet", [_row("Added_to_index", "2024-04-10", 1.0, "08:00", code="1301")])
    _write(
        store,
        "b.parquet",
        [_row("VIX", "2024-04-10", 14.0, "20:15"), _row("WTI", "2024-04-10", 86.0, "18:30")],
    )
    panel = data.open(store).panel()
    row = int(np.flatnonzero(panel.dates == np.datetime64("2024-04-11"))[0])
    np.testing.assert_array_equal(panel["added_to_index"][row], [1.0, np.nan])
    assert (panel["vix"][row], panel["wti"][row]) == (14.0, 86.0)


def _by_day(store: data.Store, name: str, decision: Any = "close") -> dict[str, Any]:
    panel = data.open(store).panel(decision=decision)
    return dict(zip(panel.dates.astype(str), panel[name], strict=True))


def test_the_total_return_index_is_known_when_the_exchange_gives_it_out(store: data.Store) -> None:
    """After the close, at 16:00 in Tokyo: too late for the decision of its own session."""
    rows = [
        _row("topix_total_return", "2024-04-04", 4700.5, "07:00"),
        _row("topix_total_return", "2024-04-05", 4650.25, "07:00"),
    ]
    _write(store, "a.parquet", rows)
    close = _by_day(store, "topix_total_return")
    assert np.isnan(close["2024-04-04"])
    assert (close["2024-04-05"], close["2024-04-08"]) == (4700.5, 4650.25)
    assert _by_day(store, "topix_total_return", "evening")["2024-04-04"] == 4700.5
    told = info("topix_total_return")
    assert told is not None
    assert (told.axis, told.unit, told.table) == ("market", "none", "external")


def test_purchases_of_the_central_bank_are_out_in_the_evening_of_their_day(store: data.Store) -> None:
    """At 18:00 in Tokyo: for the decision of that evening, and from the next session for those before it."""
    days = {"2024-04-09": 0.0, "2024-04-10": 70.1e9, "2024-04-11": 0.0}
    _write(store, "a.parquet", [_row("BOJ_ETF", day, value, "09:00") for day, value in days.items()])
    for decision in ("preopen", "close"):
        bought = _by_day(store, "boj_etf", decision)
        assert np.isnan(bought["2024-04-09"])
        assert [bought[f"2024-04-{day}"] for day in (10, 11, 12)] == [0.0, 70.1e9, 0.0]
    bought = _by_day(store, "boj_etf", "evening")
    assert [bought[day] for day in days] == list(days.values())


def test_a_consensus_is_the_newest_revision_known_and_a_late_one_about_the_past_no_news(
    store: data.Store,
) -> None:
    revisions = [
        ("2024-04-03", 101.0, "2024-04-03T06:59:00+00:00"),  # 15:59 in Tokyo, after the close
        ("2024-04-10", 99.5, "2024-04-10T01:00:00+00:00"),  # in the morning
        ("2024-04-10", 98.0, "2024-04-15T02:00:00+00:00"),  # the same day's, corrected
        ("2024-04-08", 120.0, "2024-04-17T02:00:00+00:00"),  # about a day before what is known
    ]
    rows = [
        {
            "name": "consensus_eps",
            "date": dt.date.fromisoformat(day),
            "value": value,
            "available_at": dt.datetime.fromisoformat(known),
            "code": "13010",
        }
        for day, value, known in revisions
    ]
    _write(store, "consensus.parquet", rows)
    panel = data.open(store).panel()
    days = panel.dates
    want = np.full(len(days), np.nan)
    for since, value in [("2024-04-04", 101.0), ("2024-04-10", 99.5), ("2024-04-15", 98.0)]:
        want[days >= np.datetime64(since)] = value
    np.testing.assert_array_equal(panel["consensus_eps"][:, 0], want)
    assert np.isnan(panel["consensus_eps"][:, 1]).all()


def test_a_value_of_long_ago_is_missing(store: data.Store) -> None:
    _write(store, "a.parquet", [_row("GDP", "2023-09-30", 5.9e14, "00:00", later=45)])
    panel = data.open(store).panel()
    ages = (panel.dates - np.datetime64("2023-09-30")).astype(int)
    np.testing.assert_array_equal(np.isfinite(panel["gdp"]), ages <= 200)
    assert 0 < np.isfinite(panel["gdp"]).sum() < len(DAYS)


def test_files_that_are_refused(store: data.Store) -> None:
    _write(store, "a.parquet", [{"name": "SPX", "date": dt.date(2024, 4, 4), "values": 1.0}])
    with pytest.raises(ValueError, match=r"a\.parquet` does not tell when .* no column `value`.*`values`"):
        data.open(store).panel()
    _write(store, "a.parquet", [_row("close", "2024-04-04", 1.0, "20:00")])
    with pytest.raises(ValueError, match="`close` is a column of the panel already"):
        data.open(store).panel()


# Tables as they are, with a declaration beside them


def _declare(store: data.Store, file: str, text: str, table: str = "") -> None:
    (store.path / "external" / f"{file}.toml").write_text(text, encoding="utf-8")
    if table:
        (store.path / "external" / f"{file}.csv").write_text(table, encoding="utf-8")


QUOTES = """symbol,date,close
SPX,2024-04-04,5147.21
SPX,2024-04-05,5204.34
USDJPY,2024-04-04,151.3
USDJPY,2024-04-05,151.6
"""
RULES = """
[[series]]
columns = {spx = "close"}
where = {symbol = "SPX"}
release = "new_york_close"

[[series]]
columns = {usdjpy = "close"}
where = {symbol = "USDJPY"}
release = {zone = "Asia/Tokyo", time = "16:00"}
max_days = 3
"""


def test_a_declared_table_joins_by_its_rules(store: data.Store) -> None:
    """New York's close of the 4th is known on the 5th; the yen of 16:00 in Tokyo after its decision."""
    _declare(store, "quotes", RULES, QUOTES)
    spx, yen = _by_day(store, "spx"), _by_day(store, "usdjpy")
    assert np.isnan([spx["2024-04-04"], yen["2024-04-04"]]).all()
    assert (spx["2024-04-05"], yen["2024-04-05"]) == (5147.21, 151.3)
    assert (spx["2024-04-08"], yen["2024-04-08"]) == (5204.34, 151.6)  # three days old
    assert (spx["2024-04-30"], np.isnan(yen["2024-04-09"])) == (5204.34, True)
    evening = _by_day(store, "usdjpy", "evening")
    assert (evening["2024-04-04"], evening["2024-04-05"]) == (151.3, 151.6)


def test_a_declared_month_waits_for_its_release_and_stocks_for_their_stamp(store: data.Store) -> None:
    month = 'columns = {cpi = "index"}\nrelease = {time = "08:30", days = 19, month = true}\ndate = "month"'
    _declare(store, "prices", f"[[series]]\n{month}", "month,index\n2024-02-01,106.9\n2024-03-01,107.2\n")
    cpi = _by_day(store, "cpi")
    assert cpi["2024-04-01"] == 106.9  # out on 19 March
    assert (cpi["2024-04-18"], cpi["2024-04-19"]) == (106.9, 107.2)
    stocks = '[[series]]\ncolumns = {free_float = "n"}\navailable_at = "at"\ncode = "issue"\ndate = "day"'
    _declare(store, "float", stocks, "day,issue,n,at\n2024-03-29,1301,9e6,2024-04-05T00:00:00Z\n")
    panel = data.open(store).panel()
    known = panel.dates >= np.datetime64("2024-04-05")  # 09:00 in Tokyo
    np.testing.assert_array_equal(panel["free_float"][:, 0], np.where(known, 9e6, np.nan))
    assert np.isnan(panel["free_float"][:, 1]).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[series]]\ncolumns = {spx = "close"}', r"quotes\.toml`: .*say when the values were known"),
        ('[[series]]\ncolumns = {x = "close"}\nrelease = "fx_clos"', "Did you mean `fx_close`"),
        ('[[series]]\ncolums = {x = "close"}\nrelease = "fx_close"', r"`series\[0\]\.columns`"),
        (
            '[[series]]\ncolumns = {x = "clos"}\nrelease = "fx_close"',
            "no column `clos`.*quotes.toml",
        ),
        ('[[series]]\ncolumns = {x = "close"}\nrelease = {zone = "Mars"}', "Unknown time zone `Mars`"),
        ("series = 3", "must be a list"),
        ("release = fx", "is not valid TOML"),
    ],
)
def test_declarations_that_are_refused(store: data.Store, text: str, message: str) -> None:
    _declare(store, "quotes", text, QUOTES)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        data.open(store).panel()


def test_a_table_without_a_rule_and_a_rule_without_a_table(store: data.Store) -> None:
    (store.path / "external" / "quotes.csv").write_text(QUOTES, encoding="utf-8")
    with pytest.raises(ValueError, match=r"quotes\.csv` does not tell when .* `quotes\.toml` beside it"):
        data.open(store).panel()
    _declare(store, "quots", RULES)
    with pytest.raises(ValueError, match=r"quots\.toml` declares a table that is not there.*`quotes`"):
        data.open(store).panel()
    (store.path / "external" / "quots.toml").unlink()
    _write(store, "quotes.parquet", [_row("SPX", "2024-04-04", 1.0, "20:00")])
    with pytest.raises(ValueError, match="must have a name of its own"):
        data.open(store).panel()


def test_the_check_of_a_store_tells_what_lies_beside_it(store: data.Store) -> None:
    _declare(store, "quotes", RULES, QUOTES)
    good = CliRunner().invoke(app, ["store", "check", str(store.path)])
    assert good.exit_code == 0, good.output
    assert "external/quotes.csv: spx, usdjpy, 2024-04-04 to 2024-04-05" in good.output
    (store.path / "external" / "quotes.toml").unlink()
    bad = CliRunner().invoke(app, ["store", "check", str(store.path), "--json"])
    assert bad.exit_code == 1
    told = json.loads(bad.output)
    assert (told["ok"], told["external"]["used"]) == (True, [])
    assert "does not tell when its values were known" in told["external"]["refused"][0]


def test_the_check_of_a_store_tells_names_that_are_taken_and_empty_tables(store: data.Store) -> None:
    _write(store, "a.parquet", [_row("SPX", "2024-04-04", 1.0, "20:00")])
    _write(store, "b.parquet", [_row(name, "2024-04-04", 1.0, "20:00") for name in ("spx", "close")])
    used, refused = outside.look(store.path)
    assert [line.partition(":")[0] for line in used] == ["external/a.parquet", "external/b.parquet"]
    assert ["`spx`, and so has a.parquet" in text for text in refused] == [True, False]
    assert "`close`, and so has equities_bars_daily" in refused[1]
    with pytest.raises(ValueError, match="is a column of the panel already"):
        data.open(store).panel()
    (store.path / "external" / "b.parquet").unlink()
    empty = pq.read_table(store.path / "external" / "a.parquet").slice(0, 0)
    pq.write_table(empty, store.path / "external" / "a.parquet")
    assert outside.look(store.path) == (["external/a.parquet: no rows"], [])
    assert "spx" not in data.open(store).panel().columns


def test_a_cut_keeps_declared_tables_and_their_rules(store: data.Store, tmp_path: Path) -> None:
    lines = QUOTES.splitlines()
    known = ["true_available_at", *(f"2024-04-0{day}T05:00:00Z" for day in (5, 6, 5, 6))]
    _declare(store, "quotes", RULES, "\n".join(map(",".join, zip(lines, known, strict=True))))
    cut = tmp_path / "cut"
    cut.mkdir()
    cut_store(_without_tables(store, tmp_path), cut, dt.datetime(2024, 4, 5, 6, tzinfo=dt.UTC))
    kept = pq.read_table(cut / "external" / "quotes.parquet")
    assert kept["close"].to_pylist() == [5147.21, 151.3]
    assert (cut / "external" / "quotes.toml").read_text(encoding="utf-8") == RULES


def test_a_cut_keeps_what_was_public(store: data.Store, tmp_path: Path) -> None:
    rows = [_row("SPX", f"2024-04-0{k}", float(k), "20:00") for k in (3, 4, 5)]
    _write(store, "macro.parquet", rows)
    with pytest.raises(DataGapError, match=r"macro\.parquet` does not say when its rows became public"):
        cut_store(_without_tables(store, tmp_path), tmp_path / "a", dt.datetime(2024, 4, 5, tzinfo=dt.UTC))
    _write(store, "macro.parquet", [{**row, "true_available_at": row["available_at"]} for row in rows])
    (tmp_path / "b").mkdir()
    cut_store(_without_tables(store, tmp_path), tmp_path / "b", dt.datetime(2024, 4, 5, tzinfo=dt.UTC))
    kept = pq.read_table(tmp_path / "b" / "external" / "macro.parquet")["value"].to_pylist()
    assert kept == [3.0, 4.0]


def _without_tables(store: data.Store, folder: Path) -> data.Store:
    """A store that holds nothing but the folder of outside series."""
    import shutil

    path = folder / "bare"
    shutil.rmtree(path, ignore_errors=True)
    bare = data.Store(path, create=True)
    shutil.copytree(store.path / "external", path / "external")
    return bare
