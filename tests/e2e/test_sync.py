"""A sync against the local J-Quants: everything arrives, nothing is asked for twice, what changes is seen."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jquants_market import DAY_COLUMN, Market, days
from jquants_rules import ENDPOINTS, PLANS, Service
from jquants_server import KEY, JQuants, Limits
from sync_support import PATIENCE, QUICK, content, requests_of, run

from jqfast.data.jquants import ClientOptions, SyncOptions
from jqfast.data.store import Store
from jqfast.data.tables import TABLES

FROM = "2026-09-24"


@pytest.fixture
def server() -> Iterator[JQuants]:
    with JQuants(Service(Market(codes=8))) as running:
        yield running


def _served(server: JQuants, path: str, start: str, end: str) -> int:
    first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
    return sum(len(server.service.market.rows(path, day)) for day in days(first, last))


# What arrives


def test_every_table_arrives_whole(server: JQuants, tmp_path: Path) -> None:
    server.service.addons = frozenset({"/td/list"})
    report = run(server, tmp_path / "jq", start=FROM)
    assert report.complete
    assert report.plan == "premium"
    store = Store(tmp_path / "jq")
    counts = {name: store.read(name).num_rows for name in store.tables()}
    late = {path for path, (_, hour) in DAY_COLUMN.items() if hour >= 24}
    for name, about in TABLES.items():
        if about.query == "date":
            # At 20:00 of 2 October, of what appears at night or on the next session the 1st is the last.
            end = "2026-10-01" if about.path in late else "2026-10-02"
            assert counts.get(name) == _served(server, about.path, FROM, end), name
    assert counts["markets_calendar"] == 7305
    assert counts["equities_investor_types"] == 8
    assert counts["indices_bars_daily_topix"] == 7
    assert counts["equities_earnings_calendar"] == 2
    assert set(TABLES) - set(counts) == {"equities_bars_daily_am"}
    assert sum(told.rows for told in report.tables.values()) == sum(counts.values())


def test_values_arrive_with_their_types(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=FROM, tables=["equities_bars_daily", "fins_summary"])
    store = Store(tmp_path / "jq")
    day = dt.date(2026, 10, 1)
    for got, sent in zip(
        store.read("equities_bars_daily", start=day, end=day).to_pylist(),
        sorted(server.service.market.rows("/equities/bars/daily", day), key=lambda row: row["Code"]),
        strict=True,
    ):
        assert got["Date"] == day
        assert {name: got[name] for name in ("Code", "O", "C", "Vo", "AdjFactor", "MktCap")} == {
            name: sent[name] for name in ("Code", "O", "C", "Vo", "AdjFactor", "MktCap")
        }
    statement = store.read("fins_summary").to_pylist()[0]
    assert isinstance(statement["Sales"], float)
    assert statement["DEPS"] is None


def test_morning_bars_only_when_named(server: JQuants, tmp_path: Path) -> None:
    report = run(server, tmp_path / "jq", tables=["/equities/bars/daily/am"])
    assert report.tables["equities_bars_daily_am"].new == 8
    server.service.now = dt.datetime(2026, 10, 5, 9, 0)  # 210 before noon: nothing, and no error
    assert run(server, tmp_path / "jq", tables=["equities_bars_daily_am"]).complete


# How often it asks


def test_a_second_sync_asks_for_nothing_again(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=FROM)
    before = content(tmp_path / "jq")
    server.forget()
    report = run(server, tmp_path / "jq", start=FROM)
    # The calendar, the tables that only know "now" or a range, and the statements of the day.
    assert max(requests_of(server).values()) == 1
    assert report.requests == server.count() <= 7
    assert sum(told.new + told.changed for told in report.tables.values()) == 0
    assert content(tmp_path / "jq") == before


@pytest.mark.parametrize("plan", ["light", "standard", "premium"])
def test_one_day_after_the_close_is_one_request_a_table_and_page(
    plan: str, server: JQuants, tmp_path: Path
) -> None:
    server.service.plan = plan
    server.service.now = dt.datetime(2026, 10, 2, 6, 0)  # the night's tables are final
    run(server, tmp_path / "jq", start=FROM)
    server.service.now = dt.datetime(2026, 10, 3, 5, 0)
    server.service.page = 5
    server.forget()
    report = run(server, tmp_path / "jq", start=FROM)
    asked = Counter((a.path, a.params.get("pagination_key")) for a in server.asked)
    assert max(asked.values()) == 1
    assert report.tables["equities_bars_daily"].new == 8
    assert requests_of(server)["/equities/bars/daily"] == 2  # 8 rows, 5 a page
    assert not any(path.startswith("/bulk") for path, _ in asked)


def test_every_evening_asks_for_no_page_of_a_day_twice(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=FROM)
    server.service.now += dt.timedelta(days=3)
    server.forget()
    run(server, tmp_path / "jq", start=FROM)
    asked = Counter((a.path, *sorted(a.params.items())) for a in server.asked)
    assert max(asked.values()) == 1
    # Only statements are asked for twice in two evenings: preliminary at 20:00, final the day after.
    twice = {a.path for a in server.asked if a.params.get("date") == "2026-10-02"}
    assert twice <= {"/fins/summary", "/fins/details"} | {
        path for path in DAY_COLUMN if "derivatives" in path
    } | {"/markets/margin-interest"}


def test_the_next_morning_asks_for_no_files(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=FROM)
    server.service.now += dt.timedelta(days=1)
    server.forget()
    run(server, tmp_path / "jq", start=FROM)
    asked = Counter((a.path, a.params.get("pagination_key")) for a in server.asked)
    assert not any(path.startswith("/bulk") for path, _ in asked)


def test_pages_without_rows_and_ends_in_every_form(server: JQuants, tmp_path: Path) -> None:
    tables = ["equities_master", "equities_bars_daily", "markets_short_ratio", "fins_summary"]
    run(server, tmp_path / "whole", start=FROM, tables=tables)
    for last in ("absent", "null", "empty"):
        server.service = Service(server.service.market, page=3, hollow=2, last=last)
        server.bulk.service = server.service
        run(server, tmp_path / last, start=FROM, tables=tables)
        whole, parts = content(tmp_path / "whole"), content(tmp_path / last)
        assert all(parts[name] == whole[name] for name in tables)


# Plans


@pytest.mark.parametrize(
    ("plan", "start", "end"),
    [
        ("free", "2024-07-10", "2026-07-10"),
        ("light", "2021-10-02", ""),
        ("standard", "2016-10-02", ""),
        ("premium", "2006-10-02", ""),
    ],
)
def test_the_plan_is_found_out_from_one_refusal(
    plan: str, start: str, end: str, server: JQuants, tmp_path: Path
) -> None:
    server.service.plan = plan
    # Free ends twelve weeks ago: of the days asked for it gives none.
    report = run(server, tmp_path / "jq", start="2026-07-09", end="2026-07-10")
    assert (report.plan, report.start, report.end) == (plan, start, end)
    assert report.complete
    refused = {name for name, told in report.tables.items() if told.refused}
    above = {path for path, told in ENDPOINTS.items() if PLANS.index(told.plan) > PLANS.index(plan)}
    expected = {name for name, about in TABLES.items() if about.path in above} | {"td_list"}
    assert refused == expected - {"equities_bars_daily_am"}
    assert server.refused[400] == 1
    assert server.refused[403] <= 2  # the add-on, and what only asking tells
    server.forget()
    assert run(server, tmp_path / "jq", start="2026-07-09", end="2026-07-10").plan == plan
    assert not server.refused, "what was refused is remembered"


def test_a_plan_without_a_window_is_told_by_its_tables(server: JQuants, tmp_path: Path) -> None:
    from jquants_faults import Status

    for plan in ("free", "light", "standard", "premium"):
        server.service.plan = plan
        server.heal()
        server.inject(Status(400, "The date is too old"), "/equities/bars/daily", times=1)
        assert run(server, tmp_path / plan, tables=["markets_calendar"]).plan == plan


def test_another_plan_is_noticed_after_a_week(server: JQuants, tmp_path: Path) -> None:
    tables = ["markets_short_ratio"]
    server.service.plan = "light"
    assert run(server, tmp_path / "jq", start=FROM, tables=tables).tables["markets_short_ratio"].refused
    server.service.plan = "standard"
    named = SyncOptions(plan="standard", rate=1_000_000, client=PATIENCE)
    assert run(server, tmp_path / "named", start=FROM, tables=tables, options=named).complete
    server.service.now += dt.timedelta(days=8)
    report = run(server, tmp_path / "jq", start=FROM, tables=tables)
    assert report.plan == "standard"
    assert report.tables["markets_short_ratio"].new > 0


def test_the_window_of_the_free_plan_moves_with_the_days(server: JQuants, tmp_path: Path) -> None:
    server.service.plan = "free"
    tables = ["equities_bars_daily"]
    for day in ("2026-07-09", "2026-07-10", "2026-07-13"):
        server.service.now = dt.datetime.fromisoformat(day) + dt.timedelta(weeks=12, hours=20)
        server.forget()
        report = run(server, tmp_path / "jq", start="2026-07-09", tables=tables)
        assert report.complete
        assert report.end == day
        assert day in Store(tmp_path / "jq").done("equities_bars_daily")
    assert not server.refused


def test_a_smaller_plan_is_noticed_at_the_next_sync(server: JQuants, tmp_path: Path) -> None:
    tables = ["markets_breakdown", "equities_bars_daily"]
    assert run(server, tmp_path / "jq", start=FROM, tables=tables).plan == "premium"
    server.service.plan = "light"
    server.service.now += dt.timedelta(days=3)
    report = run(server, tmp_path / "jq", start=FROM, tables=tables)
    assert report.complete
    assert report.plan == "premium"
    assert report.tables["markets_breakdown"].refused
    assert report.tables["equities_bars_daily"].new > 0
    assert run(server, tmp_path / "jq", start=FROM, tables=tables).plan == "light"


def test_what_is_remembered_may_be_damaged(server: JQuants, tmp_path: Path) -> None:
    run(server, tmp_path / "jq", start=FROM, tables=["equities_master"])
    for damaged in ("{", "[]", '{"plan": 3, "seen": "soon"}', '{"another": 1}', '{"checked": "x"}'):
        with Store(tmp_path / "jq").writing() as writer:
            writer.append("markets_calendar", [], notes={"sync": damaged})
        assert run(server, tmp_path / "jq", start=FROM, tables=["equities_master"]).plan == "premium"


def test_the_window_is_respected(server: JQuants, tmp_path: Path) -> None:
    server.service.plan = "free"
    tables = ["equities_bars_daily", "equities_master"]
    report = run(server, tmp_path / "jq", start="2020-01-01", end="2024-07-20", tables=tables)
    asked = [a.params["date"] for a in server.asked if a.path == "/equities/bars/daily"]
    assert asked[0] == "2000-01-04"  # the question about the window
    assert min(asked[1:]) == "2024-07-10"
    assert report.tables["equities_bars_daily"].new == 8 * 8  # the 10th to the 19th
    assert any("2024-07-10" in note for note in report.notes)


# What changes


def test_corrections_of_the_last_days_are_looked_for_once_a_week(server: JQuants, tmp_path: Path) -> None:
    tables = ["equities_bars_daily", "equities_investor_types"]
    run(server, tmp_path / "jq", start="2026-09-14", tables=tables)
    market = server.service.market
    match = {"Date": "2026-09-30", "Code": "13080"}
    market.edit("/equities/bars/daily", match, C=1234.5)
    market.add("/equities/investor-types", PubDate="2026-10-05", Section="TSEPrime", FrgnBal=1.0)
    server.service.now = dt.datetime(2026, 10, 5, 20, 0)
    second = run(server, tmp_path / "jq", start="2026-09-14", tables=tables)
    assert second.tables["equities_bars_daily"].changed == 0
    assert second.tables["equities_investor_types"].new == 1  # a range is asked for again every time
    server.service.now = dt.datetime(2026, 10, 9, 20, 0)
    server.forget()
    third = run(server, tmp_path / "jq", start="2026-09-14", tables=tables)
    assert third.tables["equities_bars_daily"].changed == 1
    assert requests_of(server)["/equities/bars/daily"] < 12
    store = Store(tmp_path / "jq")
    day = dt.date(2026, 9, 30)
    versions = store.read("equities_bars_daily", start=day, end=day, versions="all").to_pylist()
    assert len([row for row in versions if row["Code"] == "13080"]) == 2
    latest = store.read("equities_bars_daily", start=day, end=day).to_pylist()
    assert [row["C"] for row in latest if row["Code"] == "13080"] == [1234.5]
    server.forget()
    run(server, tmp_path / "jq", start="2026-09-14", tables=tables)
    assert "/equities/bars/daily" not in requests_of(server)


def test_a_split_rewrites_the_vendors_past_but_not_ours(server: JQuants, tmp_path: Path) -> None:
    tables = ["equities_bars_daily"]
    run(server, tmp_path / "jq", start="2026-09-24", tables=tables)
    before = content(tmp_path / "jq")["equities_bars_daily"][0]
    # All adjusted prices before the ex-date change; raw prices and factors of old rows do not.
    old = {
        row["Code"]: row for row in server.service.market.rows("/equities/bars/daily", dt.date(2026, 9, 30))
    }
    for day in days(dt.date(2026, 9, 24), dt.date(2026, 10, 2)):
        for row in list(server.service.market.rows("/equities/bars/daily", day)):
            if row["Code"] == "13080" and row["C"] is not None:
                match = {"Date": row["Date"], "Code": "13080"}
                changed = {name: row[name] / 2 for name in ("AdjO", "AdjH", "AdjL", "AdjC")}
                server.service.market.edit("/equities/bars/daily", match, **changed, AdjVo=2 * row["AdjVo"])
    assert server.service.market.rows("/equities/bars/daily", dt.date(2026, 9, 30)) != list(old.values())
    again = SyncOptions(rate=1_000_000, recheck=10, client=PATIENCE)
    report = run(server, tmp_path / "jq", start="2026-09-24", tables=tables, options=again)
    assert report.tables["equities_bars_daily"].rows == 8 * 7
    assert report.tables["equities_bars_daily"].changed == 0
    assert content(tmp_path / "jq")["equities_bars_daily"][0] == before


def test_a_day_that_is_not_final_is_asked_for_again(server: JQuants, tmp_path: Path) -> None:
    server.service.plan = "standard"
    server.service.market = Market(codes=60)
    server.service.now = dt.datetime(2026, 10, 1, 20, 0)
    tables = ["fins_summary"]
    run(server, tmp_path / "jq", start="2026-10-01", tables=tables)
    late = server.service.market.add("/fins/summary", DiscDate="2026-10-01", DiscNo="20261001999999")
    server.service.now = dt.datetime(2026, 10, 2, 6, 0)
    report = run(server, tmp_path / "jq", start="2026-10-01", tables=tables)
    assert report.tables["fins_summary"].new == 1
    assert late["DiscNo"] in Store(tmp_path / "jq").read("fins_summary")["DiscNo"].to_pylist()
    server.forget()
    run(server, tmp_path / "jq", start="2026-10-01", end="2026-10-01", tables=tables)
    assert "/fins/summary" not in requests_of(server)


@pytest.mark.parametrize("table", ["fins_summary", "fins_details", "td_list"])
def test_within_a_day_a_cursor_brings_only_what_is_new(table: str, server: JQuants, tmp_path: Path) -> None:
    path = TABLES[table].path
    server.service.addons = frozenset({"/td/list"})
    server.service.market = Market(codes=200)
    server.service.now = dt.datetime(2026, 10, 2, 13, 40)
    first = run(server, tmp_path / "jq", start="2026-10-02", tables=[table])
    server.service.now = dt.datetime(2026, 10, 2, 16, 0)
    second = run(server, tmp_path / "jq", start="2026-10-02", tables=[table])
    assert server.asked[-1].path == path
    assert server.asked[-1].params.get("cursor")
    assert first.tables[table].rows > 0
    assert second.tables[table].rows == second.tables[table].new > 0
    # At night the day is fetched whole once more, which adds what the cursor had not yet shown.
    server.service.now = dt.datetime(2026, 10, 3, 6, 0)
    run(server, tmp_path / "jq", start="2026-10-02", tables=[table])
    stored = Store(tmp_path / "jq").read(table)["DiscNo"].to_pylist()
    served = server.service.market.rows(path, dt.date(2026, 10, 2))
    assert sorted(stored) == sorted(row["DiscNo"] for row in served)


def test_an_empty_answer_for_a_fresh_session_is_not_believed(server: JQuants, tmp_path: Path) -> None:
    market = server.service.market
    day, old = dt.date(2026, 10, 1), dt.date(2026, 6, 1)
    market.gone |= {("/markets/short-ratio", day), ("/markets/short-ratio", old)}
    tables = ["markets_short_ratio"]
    options = SyncOptions(rate=1_000_000, bulk=False, client=PATIENCE)
    report = run(server, tmp_path / "jq", start="2026-06-01", tables=tables, options=options)
    assert report.complete
    assert any("no records yet for 2026-10-01" in note for note in report.tables["markets_short_ratio"].notes)
    done = Store(tmp_path / "jq").done("markets_short_ratio")
    assert "2026-10-01" not in done
    assert "2026-06-01" in done  # as 2020-10-01, on which there are none for good
    market.gone.clear()
    market._kept.clear()
    run(server, tmp_path / "jq", start="2026-06-01", tables=tables, options=options)
    assert "2026-10-01" in Store(tmp_path / "jq").done("markets_short_ratio")


def test_without_a_first_day_a_sync_goes_on_from_that_of_the_store(server: JQuants, tmp_path: Path) -> None:
    tables = ["equities_bars_daily", "markets_short_ratio"]
    run(server, tmp_path / "jq", start=FROM, tables=tables)
    before = content(tmp_path / "jq")
    server.forget()
    second = run(server, tmp_path / "jq", tables=tables)
    assert set(requests_of(server)) == {"/markets/calendar"}
    assert any(f"From {FROM} on" in note for note in second.notes)
    assert content(tmp_path / "jq") == before
    # Earlier days when they are asked for; a later first day forgets nothing, nor does another plan.
    run(server, tmp_path / "jq", start="2026-09-24", tables=tables)
    run(server, tmp_path / "jq", start="2026-10-01", tables=tables)
    server.service.now = dt.datetime(2026, 10, 12, 20, 0)
    server.forget()
    run(server, tmp_path / "jq", tables=tables, options=replace(QUICK, recheck=0))
    asked = {asked.params.get("date", "") for asked in server.asked if asked.path == "/markets/short-ratio"}
    assert min(asked) == "2026-10-05"
    days_there = Store(tmp_path / "jq").read("markets_short_ratio")["Date"].to_pylist()
    assert min(days_there) == dt.date(2026, 9, 24)


# Files


def test_closed_months_come_by_file_and_equal_single_queries(server: JQuants, tmp_path: Path) -> None:
    start = "2026-08-06"
    by_file = run(server, tmp_path / "file", start=start)
    assert by_file.complete
    counts = requests_of(server)
    server.forget()
    single = SyncOptions(rate=1_000_000, bulk=False, client=PATIENCE)
    run(server, tmp_path / "single", start=start, options=single)
    assert sum(counts.values()) < server.count() - 200
    assert "/bulk/get" not in requests_of(server)
    files, queries = content(tmp_path / "file"), content(tmp_path / "single")
    assert set(files) == set(queries)
    for name, (rows, units) in queries.items():
        rewritten = {each.name for each in TABLES[name].fields if each.rewritten}
        wanted = [{k: v for k, v in row.items() if k not in rewritten} for row in rows]
        # A file of the first month begins with the month, the queries with the day asked for.
        date = TABLES[name].date
        got = [
            {k: v for k, v in row.items() if k not in rewritten}
            for row in files[name][0]
            if TABLES[name].query != "date" or str(row[date]) >= start
        ]
        assert got == wanted, name
        assert units <= files[name][1], name


def test_a_damaged_file_is_replaced_by_queries(server: JQuants, tmp_path: Path) -> None:
    key = "equities/bars/daily/historical/2026/equities_bars_daily_202608.csv.gz"
    server.bulk.truncated.add(key)
    report = run(server, tmp_path / "jq", start="2026-08-01", tables=["equities_bars_daily"])
    assert report.complete
    assert any("did not arrive whole" in note for note in report.tables["equities_bars_daily"].notes)
    assert len(Store(tmp_path / "jq").read("equities_bars_daily")) == 8 * 44
    assert sum(asked.path == "/bulk/get" for asked in server.asked) >= 3


def test_days_that_a_file_lacks_are_asked_for(server: JQuants, tmp_path: Path) -> None:
    content_of = server.bulk.content

    def without_a_day(key: str) -> bytes:
        import gzip

        lines = gzip.decompress(content_of(key)).splitlines(keepends=True)
        return gzip.compress(b"".join(line for line in lines if b"2026-08-12" not in line))

    server.bulk.content = without_a_day  # type: ignore[method-assign]
    report = run(
        server, tmp_path / "jq", start="2026-08-01", end="2026-08-31", tables=["equities_bars_daily"]
    )
    assert report.complete
    asked = [a.params["date"] for a in server.asked if a.path == "/equities/bars/daily"]
    assert asked[1:] == ["2026-08-12"]
    assert "2026-08-12" in Store(tmp_path / "jq").done("equities_bars_daily")


# Pace


def test_the_service_has_little_to_refuse_for_pace(server: JQuants, tmp_path: Path) -> None:
    # A minute of half a second on both sides. Never more than the limit leaves here in a minute (proved in
    # the limiter's own tests); what a busy machine brings closer together on the way is waited for.
    server.service.plan = "standard"
    server.limits = Limits(minute=0.5, patience=10_000)
    options = SyncOptions(bulk=False, client=ClientOptions(minute=0.5, read=5.0))
    report = run(server, tmp_path / "jq", start="2026-09-01", options=options)
    assert report.complete
    assert server.count() > 240
    assert server.refused[429] < server.count() / 10


def test_a_storm_of_429_is_waited_out(server: JQuants, tmp_path: Path) -> None:
    server.service.plan = "light"
    server.limits = Limits(minute=0.5, patience=10_000)
    options = SyncOptions(rate=100_000, bulk=False, client=PATIENCE)  # too fast on purpose
    options = replace(options, client=replace(PATIENCE, minute=0.5, attempts=12))
    report = run(server, tmp_path / "jq", start="2026-08-01", options=options)
    assert server.refused[429] > 0
    assert report.complete
    assert len(Store(tmp_path / "jq").read("equities_bars_daily")) == 8 * 44


def test_five_minutes_of_nothing_are_waited_out(server: JQuants, tmp_path: Path) -> None:
    server.service.plan = "light"
    server.limits = Limits(minute=0.2, patience=0)
    options = SyncOptions(rate=100_000, bulk=False, client=ClientOptions(minute=0.2, read=5.0, attempts=12))
    tables = ["equities_bars_daily", "equities_master"]
    report = run(server, tmp_path / "jq", start="2026-06-01", tables=tables, options=options)
    assert server.refused[429] >= 2
    assert report.complete


# Secrets


def test_the_key_is_nowhere(
    server: JQuants, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    from jquants_faults import Cut, Html, Status

    for fault in (Status(500, "oops"), Cut(0.5), Html()):
        server.inject(fault, "/equities/bars/daily", times=2, skip=1)
    server.inject(Status(400, "nonsense"), "/equities/master", times=None)
    shown: list[str] = []
    with caplog.at_level(logging.DEBUG):
        report = run(server, tmp_path / "jq", start=FROM)
        for name in ("wrong", "wr\nong"):
            with pytest.raises(OSError, match="key") as caught:
                run(server, tmp_path / "jq", api_key=KEY + name)
            shown += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
    streams = capfd.readouterr()
    texts = [caplog.text, streams.out, streams.err, repr(report), str(report.as_dict()), *shown]
    assert len(caplog.records) > 10  # the libraries do log requests
    assert not [text for text in texts if KEY in text]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": "2026-13-01"}, "`start` must be a day such as"),
        ({"start": "2026-09-02", "end": "2026-09-01"}, "must not be after"),
        ({"start": "2027-01-01"}, "after the last day that can be had, 2026-10-02"),
        ({"tables": ["fins_sumary"]}, "Did you mean `fins_summary`"),
        ({"tables": "fins_summary"}, "must be a list"),
        ({"tables": []}, "must be a list"),
        ({"base_url": "api.jquants.com"}, "`base_url` must be an address"),
        ({"base_url": "http://api.jquants.com/v2"}, "must be https"),
    ],
)
def test_mistakes_say_what_to_mend(
    arguments: dict[str, Any], message: str, server: JQuants, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        run(server, tmp_path / "jq", **arguments)


@pytest.mark.parametrize("options", [{"plan": "gold"}, {"rate": 0}, {"recheck": -1}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        SyncOptions(**options)
    assert QUICK.bulk
