"""Every fault of a service, a network and a disk: nothing wrong is stored, a message says what to do, and the
next sync completes what an undisturbed one would have had."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jquants_faults as faults
import pytest
from jquants_faults import Cut, Fault, Html, Slow, Status, TruncatedGzip
from jquants_market import Market
from jquants_rules import Service
from jquants_server import KEY, JQuants
from sync_support import PATIENCE, QUICK, content, run

from jqfast.data.jquants import GaveUpError, KeyRefusedError
from jqfast.data.jquants.client import Client
from jqfast.data.jquants.credentials import ApiKey
from jqfast.data.jquants.limiter import Limits
from jqfast.data.store import Store

FROM = "2026-09-28"
BARS = "/equities/bars/daily"
TABLES = ["equities_bars_daily", "fins_summary", "markets_short_ratio", "indices_bars_daily_topix"]
Content = dict[str, Any]


@pytest.fixture
def server() -> Iterator[JQuants]:
    with JQuants(Service(Market(codes=8), page=5)) as running:
        yield running


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Content:
    """What an undisturbed sync stores."""
    folder = tmp_path_factory.mktemp("whole")
    with JQuants(Service(Market(codes=8), page=5)) as server:
        run(server, folder / "jq", start=FROM, tables=TABLES)
    return content(folder / "jq")


# Faults that pass

PASSING = {
    "500": Status(500, "Internal Server Error"),
    "502": Status(502),
    "503 with seconds": Status(503, "busy", (("Retry-After", "0"),)),
    "503 with a date": Status(503, "", (("Retry-After", "Fri, 02 Oct 2026 10:59:59 GMT"),)),
    "504": Status(504),
    "429": Status(429),
    "429 with seconds": Status(429, "", (("Retry-After", "0"),)),
    "cut before the answer": Cut(0.0),
    "cut inside the body": Cut(0.5),
    "cut near the end": Cut(0.97),
    "truncated gzip": TruncatedGzip(),
    "HTML": Html(),
    "HTML 502": Html(status=502),
    "empty body": Html(""),
    "half a JSON": Html('{"data": [{"Date": "2026-10-01", "Code":'),
    "another JSON": Html('{"message": "Endpoint request timed out"}'),
    "slow": Slow(0.15),
    "slow inside the body": Slow(0.15, share=0.3),
}


@pytest.mark.parametrize("name", list(PASSING))
def test_what_passes_changes_nothing(name: str, server: JQuants, tmp_path: Path, whole: Content) -> None:
    planned = server.inject(PASSING[name], times=6, skip=3, odds=0.4)
    # Seven attempts: six faults cannot use up those of one request, whichever they strike.
    options = replace(QUICK, client=replace(PATIENCE, attempts=7))
    report = run(server, tmp_path / "jq", start=FROM, tables=TABLES, options=options)
    assert planned.struck >= 3
    assert report.complete, report.tables
    assert content(tmp_path / "jq") == whole


def test_a_service_that_stalls_is_left_and_asked_again(
    server: JQuants, tmp_path: Path, whole: Content
) -> None:
    server.inject(Slow(3.0, share=0.5), BARS, times=2, skip=1)
    patience = replace(PATIENCE, read=0.3)
    run(server, tmp_path / "jq", start=FROM, tables=TABLES, options=replace(QUICK, client=patience))
    assert content(tmp_path / "jq") == whole


class NoWait(threading.Event):
    """A stop that is never set; notes how long it was waited for instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return False


@pytest.mark.parametrize(("luck", "seconds"), [(0.0, 5.0), (1.0, 5.5)])
def test_a_wait_that_the_service_asks_for_is_spread(luck: float, seconds: float, server: JQuants) -> None:
    server.inject(Status(503, "busy", (("Retry-After", "5"),)))
    stop = NoWait()
    client = Client(ApiKey(KEY, "test"), server.url, Limits(1_000_000), stop=stop, luck=lambda: luck)
    assert client.get("/equities/master").rows
    assert stop.waits == [pytest.approx(seconds)]
    client.close()


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_of_hours_is_left_to_the_user(status: int, server: JQuants, tmp_path: Path) -> None:
    server.inject(Status(status, "", (("Retry-After", "7200"),)), times=None)
    with pytest.raises(GaveUpError, match="come back in 120 minutes"):
        run(server, tmp_path / "jq")
    assert server.count() == 1


def test_a_dripping_answer_has_a_deadline(server: JQuants, tmp_path: Path) -> None:
    server.inject(Slow(1.0, share=0.5), "/markets/calendar", times=None)
    patience = replace(PATIENCE, deadline=0.2, attempts=2)
    with pytest.raises(GaveUpError, match="no whole answer within"):
        run(server, tmp_path / "jq", options=replace(QUICK, client=patience))


def test_a_page_whose_key_has_run_out_is_asked_for_from_the_start(
    server: JQuants, tmp_path: Path, whole: Content
) -> None:
    day = "2026-10-01"
    planned = server.inject(Status(400, "pagination_key is invalid"), BARS, skip=2)
    report = run(server, tmp_path / "jq", start=day, end=day, tables=TABLES[:1])
    assert planned.struck == 1
    assert report.complete
    rows = content(tmp_path / "jq")[TABLES[0]][0]
    assert rows == [row for row in whole[TABLES[0]][0] if str(row["Date"]) == day]


# Faults that stay

STAYING: dict[str, tuple[Fault, str]] = {
    "500": (Status(500), "status 500.*service is down.*same command again"),
    "429": (Status(429), "status 429.*another program may use the same key"),
    "cut": (Cut(0.5), "cut.*same command again"),
    "HTML": (Html(), "HTML instead of JSON.*maintenance.*same command again"),
    "truncated gzip": (TruncatedGzip(), "4 times in a row.*same command again"),
}


@pytest.mark.parametrize("name", list(STAYING))
def test_what_stays_ends_with_advice_and_the_next_sync_completes(
    name: str, server: JQuants, tmp_path: Path, whole: Content
) -> None:
    fault, message = STAYING[name]
    patience = replace(PATIENCE, minute=0.01)
    options = replace(QUICK, client=patience)
    server.inject(fault, times=None, skip=12)
    try:  # it ends early if three tables fail in a row, else with a report of what failed
        report = run(server, tmp_path / "jq", start=FROM, tables=TABLES, options=options)
        assert not report.complete
        said = [reason for told in report.tables.values() for reason in told.failed.values()]
    except GaveUpError as error:
        said = [str(error)]
    assert said
    assert all(re.search(message, text) for text in said), said
    _assert_part_of(content(tmp_path / "jq"), whole)
    server.heal()
    assert run(server, tmp_path / "jq", start=FROM, tables=TABLES).complete
    assert content(tmp_path / "jq") == whole


@pytest.mark.parametrize("fault", [Status(500), Status(400, "nonsense")])
def test_one_table_away_does_not_hold_up_the_others(fault: Fault, server: JQuants, tmp_path: Path) -> None:
    server.inject(fault, BARS, times=None, skip=3)
    options = replace(QUICK, plan="light", bulk=False, client=replace(PATIENCE, minute=0.005))
    start = "2026-08-20"  # more days than are tried in vain
    report = run(server, tmp_path / "jq", start=start, tables=TABLES, options=options)
    told = report.tables[TABLES[0]]
    assert not report.complete
    assert 3 <= len(told.failed) <= 8
    assert len(told.failed) + told.left >= told.asked - 3
    assert server.count(BARS) < 60
    got = content(tmp_path / "jq")
    assert len(got["fins_summary"][1]) >= 43
    server.heal()
    single = replace(QUICK, bulk=False)
    assert run(server, tmp_path / "jq", start=start, tables=TABLES, options=single).complete
    assert len(content(tmp_path / "jq")[TABLES[0]][0]) == 8 * 32


def test_faults_of_every_kind_at_any_time(server: JQuants, tmp_path: Path, whole: Content) -> None:
    """Two requests in five fail: sync after sync gets on, and one completes."""
    kinds = [fault for name, fault in PASSING.items() if not name.startswith(("429", "slow"))]
    for fault in kinds:
        server.inject(fault, times=None, odds=0.4 / len(kinds))
    options = replace(QUICK, client=replace(PATIENCE, attempts=2))
    complete = False
    for _ in range(40):
        try:
            complete = run(server, tmp_path / "jq", start=FROM, tables=TABLES, options=options).complete
        except GaveUpError:
            continue
        finally:
            if (tmp_path / "jq").is_dir():
                _assert_part_of(content(tmp_path / "jq"), whole)
        if complete:
            break
    assert complete
    assert content(tmp_path / "jq") == whole


def test_the_service_gone_altogether(tmp_path: Path) -> None:
    with JQuants() as server:
        url = server.url
    options = replace(QUICK, client=replace(PATIENCE, attempts=2))
    with pytest.raises(GaveUpError, match=r"no connection, or it was cut, 2 times.*Check the network"):
        run(server, tmp_path / "jq", base_url=url, options=options)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Status(401, "Unauthorized"), "the key is not valid.*dashboard/api-keys"),
        (Status(403, "The incoming api key is invalid or expired"), "the key is not valid"),
        (Status(403, "No active subscription found."), "no active plan"),
    ],
)
def test_a_key_that_is_withdrawn_ends_the_sync(
    fault: Fault, message: str, server: JQuants, tmp_path: Path, whole: Content
) -> None:
    server.inject(fault, times=None, skip=10)
    with pytest.raises(KeyRefusedError, match=message):
        run(server, tmp_path / "jq", start=FROM, tables=TABLES)
    _assert_part_of(content(tmp_path / "jq"), whole)
    server.heal()
    run(server, tmp_path / "jq", start=FROM, tables=TABLES)
    assert content(tmp_path / "jq") == whole


def _assert_part_of(part: Content, whole: Content) -> None:
    """Every stored record is one of the undisturbed store, and what is marked complete is complete."""
    for name, (rows, units) in part.items():
        if name not in TABLES:
            continue
        every, all_units = whole[name]
        assert all(row in every for row in rows), name
        assert units <= all_units
        column = {"fins_summary": "DiscDate"}.get(name, "Date")
        for unit in units:
            day = [row for row in every if str(row[column]).startswith(unit)]
            assert [row for row in rows if str(row[column]).startswith(unit)] == day, (name, unit)


# Changed schemas


def test_a_column_gone_is_null_and_told(server: JQuants, tmp_path: Path) -> None:
    server.inject(faults.without("Vo"), BARS, times=None)
    report = run(server, tmp_path / "jq", start=FROM, tables=[TABLES[0]])
    assert report.complete
    assert any("did not come" in note and "Vo" in note for note in report.tables[TABLES[0]].notes)
    assert set(Store(tmp_path / "jq").read(TABLES[0])["Vo"].to_pylist()) == {None}


def test_a_column_back_again_is_a_correction(server: JQuants, tmp_path: Path, whole: Content) -> None:
    server.inject(faults.without("Vo"), BARS, times=None)
    run(server, tmp_path / "jq", start=FROM, tables=TABLES)
    server.heal()
    report = run(server, tmp_path / "jq", start=FROM, tables=TABLES, options=replace(QUICK, recheck=10))
    traded = sum(row["Vo"] is not None for row in whole[TABLES[0]][0])
    assert report.tables[TABLES[0]].changed == traded
    assert content(tmp_path / "jq")[TABLES[0]] == whole[TABLES[0]]


def test_a_key_column_gone_stores_nothing_of_the_table(
    server: JQuants, tmp_path: Path, whole: Content
) -> None:
    server.inject(faults.without("Code"), BARS, times=None)
    report = run(server, tmp_path / "jq", start=FROM, tables=TABLES)
    assert not report.complete
    reason = next(iter(report.tables[TABLES[0]].failed.values()))
    assert "Code" in reason
    assert "newer jqfast" in reason
    got = content(tmp_path / "jq")
    assert not got.get(TABLES[0], ([], set()))[0]
    assert all(got[name] == whole[name] for name in TABLES[1:])
    server.heal()
    assert run(server, tmp_path / "jq", start=FROM, tables=TABLES).complete
    assert content(tmp_path / "jq") == whole


def test_numbers_as_text_are_the_same_numbers(server: JQuants, tmp_path: Path, whole: Content) -> None:
    server.inject(faults.as_text("C"), BARS, times=None)
    run(server, tmp_path / "jq", start=FROM, tables=TABLES)
    assert content(tmp_path / "jq") == whole


def test_a_type_changed_beyond_reading_is_kept_and_told(server: JQuants, tmp_path: Path) -> None:
    server.inject(faults.rows(lambda row: {**row, "C": {"value": 3}}), BARS, times=None)
    report = run(server, tmp_path / "jq", start=FROM, tables=[TABLES[0]])
    assert any("C has changed its type" in note for note in report.tables[TABLES[0]].notes)
    assert set(Store(tmp_path / "jq").read(TABLES[0])["C"].to_pylist()) == {None}


def test_a_new_column_is_kept_and_told(server: JQuants, tmp_path: Path) -> None:
    server.inject(faults.added("Sparkle", "7"), BARS, times=None)
    report = run(server, tmp_path / "jq", start=FROM, tables=[TABLES[0]])
    assert report.complete
    assert any("Sparkle" in note for note in report.tables[TABLES[0]].notes)
    assert set(Store(tmp_path / "jq").read(TABLES[0])["Sparkle"].to_pylist()) == {"7"}


# The disk, and another sync


#: A file that may not grow beyond so many bytes.
LARGEST = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"
#: A disk that is full when so many files of rows are on it, a few bytes into the next one.
FULL = """
import errno, os, pathlib
import pyarrow.parquet as pq
write, room = pq.write_table, [{0}]
def until_full(rows, where, **options):
    room[0] -= 1
    if room[0] >= 0:
        return write(rows, where, **options)
    pathlib.Path(where).write_bytes(b"PAR1")
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))
pq.write_table = until_full
"""


def _start(server: JQuants, folder: Path, *, before: str = "") -> subprocess.Popen[str]:
    """``jqfast sync`` as a process of its own, some Python ``before`` it."""
    code = f"{before}\nfrom jqfast.cli import main\nmain()"
    tables = ",".join(TABLES)
    options = ["--from", FROM, "--tables", tables, "--base-url", server.url, "--rate", "100000"]
    command = [sys.executable, "-P", "-c", code, "sync", "--store", str(folder), *options]
    environment = {**os.environ, "JQUANTS_API_KEY": KEY}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def _command(server: JQuants, folder: Path, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """The same from its start to its end."""
    with _start(server, folder, before=before) as running:
        out, said = running.communicate()
        return subprocess.CompletedProcess(running.args, running.returncode, out, said)


@pytest.mark.parametrize("disk", [LARGEST.format(20_000), FULL.format(3)], ids=["file limit", "full"])
def test_a_full_disk_leaves_the_store_as_it_was(
    disk: str, server: JQuants, tmp_path: Path, whole: Content
) -> None:
    ended = _command(server, tmp_path / "jq", before=disk)
    assert ended.returncode == 2, ended.stderr
    assert "The disk is full" in ended.stderr
    assert "same command goes on" in ended.stderr
    assert KEY not in ended.stderr + ended.stdout
    _assert_part_of(content(tmp_path / "jq"), whole)
    ended = _command(server, tmp_path / "jq")
    assert ended.returncode == 0, ended.stderr
    assert content(tmp_path / "jq") == whole
    assert not list((tmp_path / "jq").rglob(".*.partial"))


def test_two_syncs_at_once(server: JQuants, tmp_path: Path, whole: Content) -> None:
    """Whichever comes first goes on undisturbed; the other one says so and asks the service for nothing."""
    folder, release = tmp_path / "jq", threading.Event()
    server.inject(faults.Held(release), times=None)
    with _start(server, folder) as one, _start(server, folder) as other:
        try:
            while (first := one.poll()) is None and other.poll() is None:
                time.sleep(0.02)
            refused, going = (other, one) if first is None else (one, other)
            said = refused.communicate()[1]
            assert refused.returncode == 2, said
            # The name of the first may not be on the lock yet when the other meets it.
            assert re.search(rf"is being written by (process {going.pid} |another process)", said), said
            assert "Wait until that ends" in said
            assert server.count() <= 1  # the calendar, for the one that goes on
        finally:
            release.set()
        said = going.communicate()[1]
    assert going.returncode == 0, said
    assert content(folder) == whole


def test_a_reader_sees_whole_days_while_a_sync_writes(server: JQuants, tmp_path: Path) -> None:
    folder = tmp_path / "jq"
    seen: list[int] = []

    def look(table: str, done: int, total: int) -> None:
        if table == TABLES[0] and done:
            assert total >= done
            days = Store(folder).read(TABLES[0])["Date"].to_pylist() if (folder / TABLES[0]).is_dir() else []
            seen.append(len(days))
            assert all(days.count(day) == 8 for day in set(days))

    run(server, folder, start="2026-08-03", tables=[TABLES[0]], progress=look)
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert Store(folder).read(TABLES[0], start=dt.date(2026, 9, 1)).num_rows > 100
