"""The local J-Quants speaks the documented shapes, and the official client can use it."""

from __future__ import annotations

import datetime as dt
import gzip
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from jquants_market import DAY_COLUMN, EXAMPLES, Market
from jquants_rules import ENDPOINTS, RefusedError, Service
from jquants_server import KEY, JQuants, Limits

TODAY = "2026-10-01"


@pytest.fixture
def server() -> Iterator[JQuants]:
    with JQuants(Service(Market(codes=8))) as running:
        yield running


# Shapes


@pytest.mark.parametrize("path", [path for path in DAY_COLUMN if path in EXAMPLES])
def test_rows_have_the_keys_and_types_of_the_examples(path: str) -> None:
    market = Market(codes=40)
    key = f"{path}#premium" if f"{path}#premium" in EXAMPLES else path
    allowed: dict[str, set[type]] = {}
    for row in EXAMPLES[path]["data"] + EXAMPLES[key]["data"]:
        for name, value in row.items():
            allowed.setdefault(name, set()).add(type(value))
    found = 0
    for day in (dt.date(2026, 9, 17), dt.date(2026, 10, 1), dt.date(2021, 7, 30)):
        for row in market.rows(path, day):
            found += 1
            assert list(row) == list(EXAMPLES[key]["data"][0])
            assert all(type(value) in {*allowed[name], type(None)} for name, value in row.items())
    assert found


def test_the_same_market_gives_the_same_rows() -> None:
    day = dt.date(2026, 10, 1)
    assert all(Market().rows(path, day) == Market().rows(path, day) for path in DAY_COLUMN)


@pytest.mark.parametrize(
    ("path", "query", "status", "text"),
    [
        ("/equities/bars/daily", {}, 400, "requires at least 1 parameter"),
        ("/equities/bars/daily", {"date": "20240230"}, 400, "not a date"),
        ("/equities/bars/daily", {"date": "2020-01-06"}, 400, "covers the following dates: 2021-10-02 ~ "),
        ("/equities/bars/daily", {"from": TODAY}, 400, "requires at least 1"),
        ("/markets/short-ratio", {"date": TODAY}, 403, "not available on your subscription"),
        ("/td/list", {"date": TODAY}, 403, "not available"),
        ("/prices/daily_quotes", {}, 403, "does not exist"),
        ("/fins/summary", {"date": TODAY, "cursor": "x", "pagination_key": "y"}, 400, "mutually exclusive"),
    ],
)
def test_queries_are_refused_as_documented(path: str, query: dict[str, str], status: int, text: str) -> None:
    with pytest.raises(RefusedError, match=text) as caught:
        Service(plan="light").answer(path, query)
    assert caught.value.status == status


def test_pages_cover_a_query_once_and_their_keys_belong_to_it() -> None:
    service = Service(Market(codes=10), page=3, hollow=2)
    query = {"date": TODAY}
    pages = [service.answer("/equities/master", query)]
    while key := pages[-1].get("pagination_key"):
        pages.append(service.answer("/equities/master", {**query, "pagination_key": key}))
    rows = [row for page in pages for row in page["data"]]
    assert rows == Service(Market(codes=10)).answer("/equities/master", query)["data"]
    assert [] in [page["data"] for page in pages[:-1]]
    key = pages[0]["pagination_key"]
    with pytest.raises(RefusedError, match="does not belong"):
        service.answer("/equities/master", {"date": "2026-09-30", "pagination_key": key})


def test_codes_have_four_or_five_characters() -> None:
    service = Service()
    long = service.answer("/equities/bars/daily", {"code": "13080", "date": TODAY})
    assert long == service.answer("/equities/bars/daily", {"code": "1308", "date": "20261001"})
    assert len(long["data"]) == 1


def test_a_cursor_brings_what_came_since() -> None:
    service = Service(Market(codes=60), now=dt.datetime(2026, 10, 2, 13, 10))
    query = {"date": "2026-10-02"}
    first = service.answer("/fins/summary", query)
    service.now = dt.datetime(2026, 10, 2, 17, 0)
    later = service.answer("/fins/summary", {**query, "cursor": first["cursor"]})
    whole = service.answer("/fins/summary", query)["data"]
    assert first["data"]
    assert later["data"]
    numbers = sorted(row["DiscNo"] for row in first["data"] + later["data"])
    assert numbers == [row["DiscNo"] for row in whole]


# Transport


def test_keys_are_asked_for_and_answers_compressed(server: JQuants) -> None:
    requests = pytest.importorskip("requests")
    url = f"{server.url}/equities/master"
    with requests.Session() as session:
        assert session.get(url).status_code == 403
        assert "invalid or expired" in session.get(url, headers={"x-api-key": "no"}).json()["message"]
        answer = session.get(url, headers={"x-api-key": KEY})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Date"] == "Fri, 02 Oct 2026 11:00:00 GMT"
        assert len(answer.json()["data"]) == 8
        assert session.get(f"{server.url}/equities/bars/daily/am", headers={"x-api-key": KEY}).ok


def test_bulk_files_are_fetched_once_and_without_the_key(server: JQuants) -> None:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.headers["x-api-key"] = KEY
        listed = session.get(f"{server.url}/bulk/list", params={"endpoint": "/equities/bars/daily"}).json()
        key = next(row["Key"] for row in listed["data"] if row["Key"].endswith("202609.csv.gz"))
        url = session.get(f"{server.url}/bulk/get", params={"key": key}).json()["url"]
        assert session.get(url).status_code == 400
        del session.headers["x-api-key"]
        lines = gzip.decompress(session.get(url).content).decode().splitlines()
        assert session.get(url).status_code == 403
    # 19 sessions without the holidays that the local calendar knows, 8 codes, no adjusted columns.
    assert len(lines) - 1 == 8 * sum(d.month == 9 for d in _sessions())
    assert "AdjFactor" in lines[0].split(",")
    assert not any(name.startswith("Adj") for name in lines[0].replace("AdjFactor", "").split(","))


def _sessions() -> list[dt.date]:
    from jquants_market import days, is_session

    return [day for day in days(dt.date(2026, 9, 1), dt.date(2026, 10, 2)) if is_session(day)]


def test_over_the_limit_comes_429_and_then_five_minutes_of_nothing() -> None:
    limits = Limits(minute=10.0, patience=3)
    answers = [limits.refuse("/equities/master", "free", float(second)) for second in range(5)]
    assert answers == [False] * 5
    assert limits.refuse("/equities/master", "free", 5.0)
    assert not limits.refuse("/equities/master", "free", 10.5)
    for moment in (10.6, 10.7, 10.8):
        limits.refuse("/equities/master", "free", moment)
    assert limits.refuse("/equities/master", "free", 40.0)  # shut out, though the minute is long over
    assert not limits.refuse("/equities/master", "free", 61.0)


# The official client

#: Its methods and the arguments they need; cursors and files are tested above.
OFFICIAL: dict[str, dict[str, str]] = {
    "get_eq_master": {},
    "get_list": {},
    "get_eq_bars_daily": {"date_yyyymmdd": "20261001"},
    "get_eq_bars_daily_am": {},
    "get_eq_valuation": {"code": "1308", "from_yyyymmdd": "20260901"},
    "get_eq_investor_types": {"section": "TSEPrime"},
    "get_eq_earnings_cal": {},
    "get_idx_bars_daily": {"code": "0028", "from_yyyymmdd": "20260901", "to_yyyymmdd": "20260930"},
    "get_idx_bars_daily_topix": {"from_yyyymmdd": "20260901"},
    "get_mkt_calendar": {"holiday_division": "1"},
    "get_mkt_short_ratio": {"date_yyyymmdd": "2026-10-01"},
    "get_mkt_short_sale_report": {"disclosed_date": "20261001"},
    "get_mkt_margin_interest": {"published_date_yyyymmdd": "20261001"},
    "get_mkt_margin_alert": {"date_yyyymmdd": "20261001"},
    "get_mkt_breakdown": {"date_yyyymmdd": "20261001"},
    "get_fin_dividend": {"date_yyyymmdd": "20261001"},
    "get_fin_earnings_date": {"date_yyyymmdd": "20260930"},
    "get_drv_bars_daily_fut": {"date_yyyymmdd": "20261001"},
    "get_drv_bars_daily_opt": {"date_yyyymmdd": "20261001"},
    "get_drv_bars_daily_opt_225": {"date_yyyymmdd": "20261001"},
    "get_edinet_major_shareholders": {"date_yyyymmdd": "20261001"},
}


#: Its calls that newer pandas deprecates are not ours to mend.
_THEIRS = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def official(server: JQuants, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The official client, pointed at the local server of pages of 5 rows."""
    jquantsapi = pytest.importorskip("jquantsapi")
    server.service = Service(Market(codes=40), page=50, hollow=3, addons=frozenset({"/td/list"}))
    monkeypatch.setattr(jquantsapi.ClientV2, "JQUANTS_API_BASE", server.url)
    client = jquantsapi.ClientV2(api_key=KEY)
    yield client
    if client._session is not None:
        client._session.close()


@_THEIRS
@pytest.mark.parametrize("method", list(OFFICIAL))
def test_the_official_client_gets_records(method: str, official: Any, server: JQuants) -> None:
    frame = getattr(official, method)(**OFFICIAL[method])
    assert len(frame)
    assert len({asked.path for asked in server.asked}) == 1
    assert all(asked.key == KEY for asked in server.asked)


@_THEIRS
def test_the_official_client_follows_cursors(official: Any) -> None:
    for method in ("get_fin_summary_cursor", "get_fin_details_cursor", "get_td_list"):
        names = inspect.signature(getattr(official, method)).parameters
        date = next(name for name in names if name.startswith("date"))
        frame, cursor = getattr(official, method)(**{date: "20261001"})
        assert len(frame)
        assert cursor
        again, _ = getattr(official, method)(**{date: "20261001"}, cursor=cursor)
        assert len(again) == 0


@_THEIRS
def test_the_official_client_downloads_files(official: Any, tmp_path: Any) -> None:
    listed = official.get_bulk_list("/fins/summary")
    target = tmp_path / "file.csv.gz"
    official.download_bulk(listed["Key"].iloc[-1], str(target))
    assert gzip.decompress(target.read_bytes()).startswith(b"DiscDate,")


def test_every_endpoint_of_the_client_that_we_store_is_served() -> None:
    from jqfast.data.tables import TABLES

    assert {about.path for about in TABLES.values()} == set(ENDPOINTS)
