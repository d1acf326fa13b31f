"""Claim: a sync is limited by the plan, not by us: of 500 requests a minute at least 450 are kept up.

    pytest benchmarks/bench_sync.py -s

A local server answers each request after 0.4 s with a page of 2,200 daily bars in the 44 columns of the
largest plan, half a day of the market; the sync stores what comes. Counted are the requests of 40 seconds
after the first quarter of the limit has gone out (10 s). The server is a process of its own with its bodies
ready, so that its work is not ours. A record of each run is appended to `benchmarks/results/sync.json`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import tempfile
import threading
import time
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jqfast
from benchmarks.record import keep

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

RATE, CLAIM, ROWS, PAGES, LATENCY, FROM, UNTIL = 500, 450, 2200, 2, 0.4, 10.0, 50.0
_DAY = "2026-10-01"


def _serve(pipe: Connection) -> None:
    """Answer with ready bodies until the process is ended; arrival times go through the pipe when asked."""
    from jquants_market import EXAMPLES, Market

    (example,) = EXAMPLES["/equities/bars/daily#premium"]["data"]
    rows = [{**example, "Date": _DAY, "Code": f"{number}0"} for number in range(10_000, 10_000 + ROWS)]
    body = json.dumps({"data": rows, "pagination_key": "KEY"}).encode()
    calendar = json.dumps({"data": Market().calendar(date(2027, 12, 31))}).encode()
    arrivals: list[float] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            split = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(split.query).items()}
            arrivals.append(time.monotonic())
            time.sleep(LATENCY)
            page = int(query.get("pagination_key", "1"))
            out = calendar if split.path.endswith("calendar") else _page(body, query.get("date", _DAY), page)
            self.send_response(200)
            self.send_header("Content-Length", str(len(out)))
            self.end_headers()
            self.wfile.write(out)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    pipe.recv()
    pipe.send(arrivals)


def _page(body: bytes, day: str, page: int) -> bytes:
    """A day's page: other codes on the second, no key on the last."""
    out = body.replace(_DAY.encode(), day.encode())
    if page > 1:
        out = out.replace(b'"Code": "1', b'"Code": "2')
    return out.replace(b'"KEY"', b'"%d"' % (page + 1) if page < PAGES else b"null")


def measure() -> dict[str, Any]:
    """Requests a minute that arrived, and the processor time they took us."""
    from jqfast.data import SyncOptions, sync

    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    port = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        arguments: dict[str, Any] = {
            "start": date.today() - timedelta(days=700),
            "tables": ["equities_bars_daily"],
            "api_key": "none",
            "base_url": f"http://127.0.0.1:{port}",
            "options": SyncOptions(plan="premium", bulk=False),
        }
        threading.Thread(target=sync, args=(folder,), kwargs=arguments, daemon=True).start()
        time.sleep(FROM)
        used, began = _processor(), time.monotonic()
        time.sleep(UNTIL - FROM)
        used, ended = _processor() - used, time.monotonic()
        rows = jqfast.data.Store(folder).read("equities_bars_daily", columns=["Date"]).num_rows
        ours.send("stop")
        arrivals = ours.recv()
        server.terminate()
        server.join()
        os.sync()
    minutes = (ended - began) / 60
    return {
        "requests_a_minute": round(sum(began <= moment < ended for moment in arrivals) / minutes, 1),
        "most_in_any_minute": max(sum(t <= u < t + 60 for u in arrivals) for t in arrivals),
        "processor_seconds_a_minute": round(used / minutes, 1),
        "rows_stored": rows,
    }


def _processor() -> float:
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime


def test_sync_keeps_up_with_the_plan() -> None:
    found = measure()
    keep(
        "sync",
        {
            "rate": RATE,
            "rows_a_page": ROWS,
            "latency_s": LATENCY,
            **found,
        },
    )
    print(json.dumps(found))
    assert found["requests_a_minute"] >= CLAIM
    assert found["most_in_any_minute"] <= RATE
