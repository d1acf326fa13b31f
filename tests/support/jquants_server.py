"""A local J-Quants: the documented service over HTTP on a free port of this machine.

>>> with JQuants(Service(plan="light")) as server:
...     server.inject(Status(503), path="/equities/bars/daily", times=2)
...     sync(store, base_url=server.url, api_key=KEY)

Keys, plans, windows, pages, cursors and bulk files are in ``jquants_rules`` and ``jquants_bulk``, faults in
``jquants_faults``; this file holds the transport: compression, request log, request limits.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from jquants_bulk import Bulk
from jquants_faults import Fault, Plan, Reply
from jquants_rules import BAD_KEY, JST, NO_KEY, RATES, RefusedError, Service

KEY = "test-key-5b1d7c0e9f"


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    path: str
    params: dict[str, str]
    at: float
    key: str | None


@dataclass
class Limits:
    """Requests a minute, with a minute of ``minute`` seconds; who goes on past it is shut out for five."""

    minute: float = 60.0
    patience: int = 20
    headers: tuple[tuple[str, str], ...] = ()
    _seen: dict[str, deque[float]] = field(default_factory=dict)
    _refused: deque[float] = field(default_factory=deque)
    _shut_until: float = 0.0

    def refuse(self, path: str, plan: str, now: float) -> bool:
        """Whether this request is over the limit; counts it."""
        self._forget(now)
        scopes = {"": RATES[plan]}
        if path in ("/fins/summary", "/fins/details"):
            scopes[path] = min(60, RATES[plan])
        over = any(len(self._seen.setdefault(scope, deque())) >= limit for scope, limit in scopes.items())
        if not over and now >= self._shut_until:
            for scope in scopes:
                self._seen[scope].append(now)
            return False
        self._refused.append(now)
        if len(self._refused) > self.patience:
            self._shut_until = now + 5 * self.minute
        return True

    def _forget(self, now: float) -> None:
        for times in (*self._seen.values(), self._refused):
            while times and times[0] <= now - self.minute:
                times.popleft()


class JQuants:
    """The server; a context manager. ``asked`` logs requests, ``service`` may be changed while it runs."""

    def __init__(
        self, service: Service | None = None, *, limits: Limits | None = None, port: int = 0
    ) -> None:
        self.service = service or Service()
        self.limits = limits
        self.asked: list[Asked] = []
        self.refused = Counter[int]()
        self.bulk = Bulk(self.service)
        self.date_header = True
        self._plans: list[Plan] = []
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Http(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """What clients take as their base address."""
        return f"{self.host}/v2"

    def inject(
        self, fault: Fault, path: str = "", *, times: int | None = 1, skip: int = 0, odds: float = 1.0
    ) -> Plan:
        """Let a fault strike; the returned plan counts how often it did."""
        plan = Plan(fault, path, times, skip, odds, random.Random(len(self._plans)))
        with self._lock:
            self._plans.append(plan)
        return plan

    def heal(self) -> None:
        """No faults from here on."""
        with self._lock:
            self._plans.clear()

    def forget(self) -> None:
        """Start the request log anew."""
        with self._lock:
            self.asked.clear()
            self.refused.clear()

    def count(self, path: str | None = None) -> int:
        """Requests so far, all or of one path."""
        return sum(path in (None, asked.path) for asked in list(self.asked))

    # What the handler calls

    def note(self, asked: Asked) -> Fault | None:
        """Log a request; the fault that strikes it, if any."""
        with self._lock:
            self.asked.append(asked)
            return next((plan.fault for plan in self._plans if plan.strikes(asked.path)), None)

    def over_limit(self, path: str) -> bool:
        with self._lock:
            return self.limits is not None and self.limits.refuse(path, self.service.plan, time.monotonic())

    def payload(self, asked: Asked) -> dict[str, Any]:
        """The body of a 200, or a refusal."""
        if not asked.key:
            raise RefusedError(403, NO_KEY)
        if asked.key != KEY:
            raise RefusedError(403, BAD_KEY)
        if self.over_limit(asked.path):
            raise RefusedError(429)
        if asked.path.startswith("/bulk/"):
            return self.bulk.answer(asked.path, asked.params, self.host)
        return self.service.answer(asked.path, asked.params)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: JQuants

    def setup(self) -> None:
        super().setup()
        # Bodies follow their headers in a second packet; without this each waits for an acknowledgement.
        self.connection.setsockopt(6, 1, 1)

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        asked = Asked(
            split.path.removeprefix("/v2"),
            dict(parse_qsl(split.query, keep_blank_values=True)),
            time.monotonic(),
            self.headers.get("x-api-key"),
        )
        fault = self.owner.note(asked)
        reply = self._file(split.path) if split.path.startswith("/files/") else self._reply(asked, fault)
        if reply.status != 200:
            self.owner.refused[reply.status] += 1
        (fault or Fault()).send(self, reply)

    def _reply(self, asked: Asked, fault: Fault | None) -> Reply:
        try:
            payload = self.owner.payload(asked)
            status = 200
        except RefusedError as refusal:
            payload, status = {"message": refusal.message}, refusal.status
            if status == 210 or (status == 429 and not refusal.message):
                extra = dict(self.owner.limits.headers) if self.owner.limits and status == 429 else {}
                return Reply(status, extra, b"")
        if fault and status == 200:
            payload = fault.payload(payload)
        headers = {"Content-Type": "application/json"}
        body = json.dumps(payload, ensure_ascii=False).encode()
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 1)
        return Reply(status, headers, body)

    def _file(self, path: str) -> Reply:
        """A file behind a signed address, which must not see the key."""
        if self.headers.get("x-api-key"):
            return Reply(400, {}, b"<Error>InvalidRequest</Error>")
        body = self.owner.bulk.fetch(path)
        return Reply(403, {}, b"<Error>AccessDenied</Error>") if body is None else Reply(200, {}, body)

    def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
        """The Date header tells the time of the served market."""
        now = self.owner.service.now.replace(tzinfo=JST)
        return format_datetime(now.astimezone(dt.UTC), usegmt=True)

    def send_header(self, keyword: str, value: str) -> None:
        if keyword != "Date" or self.owner.date_header:
            super().send_header(keyword, value)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
