"""The local J-Quants speaks the documented shapes, and the official client can use it."""

from __future__ import annotations

import datetime as dt
import gzip
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from jquants_bulk import BULK, Bulk
from jquants_market import DAY_COLUMN, EXAMPLES, Market
from jquants_rules import ENDPOINTS, RefusedError, Service
from jquants_server import KEY, Asked, JQuants, Limits

TODAY = "2026-10-01"
ADDONS = frozenset(path for path, endpoint in ENDPOINTS.items() if endpoint.addon)


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


#: What the paths are asked for that do not take a day as `date`, or have none on it.
ASKED = {
    "/equities/bars/daily/am": {},
    "/equities/earnings-calendar": {},
    "/equities/investor-types": {},
    "/indices/bars/daily/topix": {},
    "/markets/calendar": {},
    "/markets/short-sale-report": {"disc_date": TODAY},
    "/bulk/list": {"endpoint": "/equities/bars/daily"},
    "/bulk/get": {"endpoint": "/equities/bars/daily", "date": "2026-09"},
}


@pytest.mark.parametrize("key", [key for key in EXAMPLES if key != "error"])
def test_every_example_body_is_served(key: str, server: JQuants) -> None:
    path = key.partition("#")[0]
    plan = "standard" if f"{key}#premium" in EXAMPLES else "premium"
    server.service = server.bulk.service = Service(Market(codes=40), plan=plan, addons=ADDONS)
    body = server.payload(Asked(path, ASKED.get(path, {"date": TODAY}), 0.0, KEY))
    assert set(EXAMPLES[key]) - {"pagination_key", "cursor"} <= set(body)
    if path == "/bulk/get":
        assert body["url"].startswith(server.host)
        return
    assert body["data"]
    assert list(body["data"][0]) == list(EXAMPLES[key]["data"][0])


def test_a_refusal_has_the_body_of_the_example() -> None:
    with pytest.raises(RefusedError) as caught:
        Service().answer("/equities/bars/daily", {})
    assert {"message": caught.value.message} == EXAMPLES["error"]


def test_minutes_are_those_with_a_trade_and_belong_to_the_add_on() -> None:
    path = "/equities/bars/minute"
    with pytest.raises(RefusedError, match="not available"):
        Service().answer(path, {"date": TODAY})
    service = Service(Market(codes=2), page=10_000, addons=frozenset({path}))
    rows = service.answer(path, {"date": TODAY})["data"]
    times = [row["Time"] for row in rows if row["Code"] == "13080"]
    assert times == sorted(set(times))
    assert 20 < len(times) < 100  # of 330
    assert all("09:00" <= time < "11:30" or "12:30" <= time < "15:30" for time in times)
    assert all(row["L"] <= min(row["O"], row["C"]) <= max(row["O"], row["C"]) <= row["H"] for row in rows)
    span = {"code": "1308", "from": "2026-09-30", "to": TODAY}
    days = {row["Date"] for row in service.answer(path, span)["data"]}
    assert days == {"2026-09-30", TODAY}
    for query, text in [
        ({}, "requires at least 1 parameter"),
        ({"date": TODAY, "from": TODAY}, "from and to need code"),
        ({"date": "2024-09-30"}, "covers the following dates: 2024-10-02 ~ "),  # two years on every plan
    ]:
        with pytest.raises(RefusedError, match=text):
            service.answer(path, query)


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


DAILY = "equities/bars/daily"
SEPTEMBER = f"{DAILY}/historical/2026/equities_bars_daily_202609.csv.gz"
FIRST = f"{DAILY}/live/equities_bars_daily_20261001.csv.gz"


def _bulk(path: str, plan: str = "standard", **params: str) -> Any:
    """What the bulk paths answer; ``start`` stands for ``from``."""
    if "start" in params:
        params["from"] = params.pop("start")
    return Bulk(Service(Market(codes=2), plan=plan)).answer(path, params, "http://host")


@pytest.mark.parametrize("date", ["2026-09", "202609"])
def test_bulk_files_of_a_month_are_those_of_every_endpoint_of_the_plan(date: str) -> None:
    keys = [row["Key"] for row in _bulk("/bulk/list", date=date)["data"]]
    assert SEPTEMBER in keys
    assert "markets/calendar/markets_calendar.csv.gz" in keys  # one file, whatever the date
    folders = {key.partition("/historical/")[0] for key in keys if "calendar" not in key}
    on_plan = ("free", "light", "standard")
    assert folders == {
        path.strip("/")
        for path in BULK
        if ENDPOINTS[path].plan in on_plan and not ENDPOINTS[path].addon and "calendar" not in path
    }


@pytest.mark.parametrize("date", ["2026-10-01", "20261001"])
def test_bulk_files_of_a_day_are_those_of_the_current_month(date: str) -> None:
    keys = [row["Key"] for row in _bulk("/bulk/list", date=date)["data"]]
    assert FIRST in keys
    assert all(key.endswith(("_20261001.csv.gz", "markets_calendar.csv.gz")) for key in keys)


def test_bulk_files_of_an_endpoint_from_one_month_to_another() -> None:
    span = {"start": "2026-08", "to": "2026-10-01"}
    keys = [row["Key"] for row in _bulk("/bulk/list", endpoint=f"/{DAILY}", **span)["data"]]
    assert keys == [SEPTEMBER.replace("202609", "202608"), SEPTEMBER, FIRST]


def test_a_bulk_file_can_be_had_by_endpoint_and_date() -> None:
    bulk = Bulk(Service(Market(codes=2)))
    for date, key in {"2026-09": SEPTEMBER, "202609": SEPTEMBER, "2026-10-01": FIRST}.items():
        url = bulk.answer("/bulk/get", {"endpoint": f"/{DAILY}", "date": date}, "http://host")["url"]
        path = url.removeprefix("http://host").partition("?")[0]
        assert bulk.addresses[path] == key
        assert bulk.fetch(path) == bulk.content(key)


@pytest.mark.parametrize(
    ("path", "params", "status", "text"),
    [
        ("/bulk/list", {}, 400, "Either endpoint or date"),
        ("/bulk/list", {"endpoint": f"/{DAILY}", "date": "2026-09"}, 400, "Either endpoint or date"),
        ("/bulk/list", {"date": "2026-09", "start": "2026-08"}, 400, "from and to need endpoint"),
        ("/bulk/list", {"date": "2026-13"}, 400, "is not a date"),
        ("/bulk/list", {"endpoint": "/td/list"}, 400, "not available for csv"),
        ("/bulk/list", {"endpoint": "/equities/bars/minute"}, 403, "not available on your subscription"),
        ("/bulk/get", {}, 400, "Either key or endpoint and date"),
        ("/bulk/get", {"key": SEPTEMBER, "date": "2026-09"}, 400, "Either key or endpoint and date"),
        ("/bulk/get", {"endpoint": f"/{DAILY}"}, 400, "Either key or endpoint and date"),
        ("/bulk/get", {"endpoint": f"/{DAILY}", "date": "2026-10"}, 400, "The key does not exist"),
        ("/bulk/get", {"endpoint": "/fins/details", "date": "2026-09"}, 403, "not available on your"),
        ("/bulk/get", {"key": SEPTEMBER.replace("09.csv", "11.csv")}, 400, "The key does not exist"),
    ],
)
def test_bulk_queries_are_refused(path: str, params: dict[str, str], status: int, text: str) -> None:
    with pytest.raises(RefusedError, match=text) as caught:
        _bulk(path, **params)
    assert caught.value.status == status


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
    "get_eq_bars_minute": {"code": "1308", "date_yyyymmdd": "20261001"},
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
    server.service = Service(Market(codes=40), page=50, hollow=3, addons=ADDONS)
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

    stored = {about.path for about in TABLES.values()}
    assert stored <= set(ENDPOINTS)
    # Prices inside a day are served, for the official client, and not stored.
    assert set(ENDPOINTS) - stored == {"/equities/bars/minute"}
