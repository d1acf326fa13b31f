"""Ways in which a service can fail, as objects a test can name.

A fault either changes the body before it is written (``body``) or takes over the sending of it (``send``).
"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any


@dataclass
class Reply:
    """An answer on its way out; the body is compressed already if it will be."""

    status: int
    headers: dict[str, str]
    body: bytes

    def send(self, handler: BaseHTTPRequestHandler, *, share: float = 1.0) -> None:
        """Write it, or its first ``share`` with the length of the whole."""
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body[: int(len(self.body) * share)])
        handler.wfile.flush()


class Fault:
    """Does nothing; the base of the others."""

    def payload(self, payload: dict[str, Any]) -> dict[str, Any]:
        return payload

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        reply.send(handler)


@dataclass(frozen=True)
class Status(Fault):
    """Another status, as of an overloaded gateway."""

    code: int
    message: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:  # noqa: ARG002
        body = f'{{"message": "{self.message}"}}'.encode() if self.message else b""
        Reply(self.code, dict(self.headers), body).send(handler)


@dataclass(frozen=True)
class Cut(Fault):
    """The connection ends inside the body; ``share`` 0 ends it before any byte of an answer."""

    share: float = 0.5

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if self.share:
            reply.send(handler, share=self.share)
        handler.close_connection = True
        handler.connection.shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True)
class Held(Fault):
    """The answer waits until the test lets it go, a minute at most."""

    released: threading.Event

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        self.released.wait(60)
        reply.send(handler)


@dataclass(frozen=True)
class TruncatedGzip(Fault):
    """A body that ends inside its compressed stream although its length agrees with the header."""

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        reply.body = reply.body[: len(reply.body) // 2]
        reply.send(handler)


@dataclass(frozen=True)
class Html(Fault):
    """A page for people, with status 200, as a captive portal or a maintenance page sends."""

    text: str = "<!DOCTYPE html><html><body>Under maintenance</body></html>"
    status: int = 200

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:  # noqa: ARG002
        Reply(self.status, {"Content-Type": "text/html"}, self.text.encode()).send(handler)


@dataclass(frozen=True)
class Slow(Fault):
    """The answer comes late; with ``share`` above 0 its first part comes at once."""

    seconds: float
    share: float = 0.0

    def send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if not self.share:
            time.sleep(self.seconds)
            reply.send(handler)
            return
        reply.send(handler, share=self.share)
        time.sleep(self.seconds)
        handler.wfile.write(reply.body[int(len(reply.body) * self.share) :])


@dataclass(frozen=True)
class Rewrite(Fault):
    """Another body: a column gone, a type changed, a column added."""

    change: Callable[[dict[str, Any]], dict[str, Any]]

    def payload(self, payload: dict[str, Any]) -> dict[str, Any]:
        return self.change(payload)


def rows(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Rewrite:
    """A fault that changes every record of a body."""
    return Rewrite(lambda body: {**body, "data": [change(dict(row)) for row in body["data"]]})


def without(column: str) -> Rewrite:
    return rows(lambda row: {key: value for key, value in row.items() if key != column})


def as_text(column: str) -> Rewrite:
    return rows(lambda row: {**row, column: None if row[column] is None else str(row[column])})


def added(column: str, value: Any) -> Rewrite:
    return rows(lambda row: {**row, column: value})


@dataclass
class Plan:
    """When a fault strikes: the first ``times`` requests of ``path`` after ``skip``, with chance ``odds``."""

    fault: Fault
    path: str = ""
    times: int | None = 1
    skip: int = 0
    odds: float = 1.0
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    struck: int = 0

    def strikes(self, path: str) -> bool:
        if (self.path and path != self.path) or (self.times is not None and self.struck >= self.times):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.odds < 1 and self.chance.random() >= self.odds:
            return False
        self.struck += 1
        return True
