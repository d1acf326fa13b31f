"""Requests to J-Quants V2: the key in a header, a limited pace, retries, pages.

In: a path and its parameters. Out: records, page by page. An answer is read whole before it is believed; what
may pass is tried again with growing, jittered pauses or as ``Retry-After`` says; what cannot pass is an error
that says what to do. Nothing is logged here, and no message holds the key.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

from jqfast.data.jquants.answers import Answer, TransientError, read_answer
from jqfast.data.jquants.credentials import ApiKey
from jqfast.data.jquants.errors import BadRequestError, GaveUpError, JQuantsError, StoppedError
from jqfast.data.jquants.limiter import Limits, spread

if TYPE_CHECKING:
    import tenacity
    from requests import Response, Session

BASE_URL = "https://api.jquants.com/v2"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_MOST_PAGES = 10_000
#: Minutes that a Retry-After may ask for.
_LONGEST = 10
_MOST_BYTES = 512 * 2**20
_BLOCK = 2**16


@dataclass(frozen=True)
class ClientOptions:
    """How patient to be.

    Parameters
    ----------
    attempts : tries of one request
    minute : length of a minute in seconds, for the limits and the pauses; tests make it shorter
    connect, read : seconds to wait for a connection, and for the next bytes
    deadline : seconds for one whole answer
    """

    attempts: int = 7
    minute: float = 60.0
    connect: float = 10.0
    read: float = 60.0
    deadline: float = 300.0


@dataclass
class Client:
    """A connection to the service; used from several threads, each with a session of its own.

    Attributes
    ----------
    counts : path -> number of requests sent
    skew : the service's clock less ours, from the last Date header; None before the first answer
    luck : numbers in [0, 1) that spread the waits the service asks for
    """

    key: ApiKey
    base_url: str = BASE_URL
    limits: Limits = field(default_factory=lambda: Limits(5))
    options: ClientOptions = field(default_factory=ClientOptions)
    stop: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    skew: dt.timedelta | None = None
    luck: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        libraries()
        self.base_url = _checked(self.base_url)
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[Session] = []

    def close(self) -> None:
        """End all waiting and close the connections; what is under way in other threads fails."""
        self.stop.set()
        with self._lock:
            for session in self._sessions:
                session.close()
            self._sessions.clear()

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        """One page.

        Raises
        ------
        GaveUpError
            If the last attempt failed too.
        JQuantsError
            If the service refuses the request.
        """
        return self._again(path, lambda: self._once(path, dict(params or {})))

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Iterator[Answer]:
        """All pages of one query; a page may be empty and still have a successor."""
        query = dict(params or {})
        for _ in range(_MOST_PAGES):
            answer = self.get(path, query)
            yield answer
            if answer.next_page is None:
                return
            if answer.next_page == query.get("pagination_key"):
                raise BadRequestError(f"{path} gives the same page over and over; nothing of it was kept.")
            # A cursor asks for the first page only: the service refuses both together.
            query = {name: value for name, value in query.items() if name != "cursor"}
            query["pagination_key"] = answer.next_page
        raise BadRequestError(f"{path} has more than {_MOST_PAGES} pages; nothing of it was kept.")

    def download(self, url: str, out: BinaryIO) -> None:
        """A file behind a signed address into ``out``; one attempt, as addresses are good for one fetch.

        Raises
        ------
        TransientError
            If it did not arrive whole.
        """
        self._check_address(url)
        with self._sent(url, {}, {}) as response:
            if response.status_code != 200:
                raise TransientError(f"status {response.status_code} for a bulk file")
            for block in self._blocks(response):
                out.write(block)

    def now(self) -> dt.datetime:
        """The time by the service's clock, so that a wrong local one loses no day; UTC."""
        return dt.datetime.now(dt.UTC) + (self.skew or dt.timedelta(0))

    # One request

    def _once(self, path: str, params: dict[str, str]) -> Answer:
        self.limits.take(path)
        with self._lock:
            self.counts[path] += 1
        headers = {"x-api-key": self.key.secret, "Accept": "application/json"}
        with self._sent(self.base_url + path, params, headers) as response:
            self._note_time(response.headers.get("Date"))
            body = b"".join(self._blocks(response))
        try:
            answer = read_answer(response.status_code, response.headers, body, path)
        except TransientError as error:
            if error.limited and not self._too_long(error):
                self.limits.account.refused(error.wait)
            raise
        self.limits.account.accepted()
        return answer

    def _sent(self, url: str, params: dict[str, str], headers: dict[str, str]) -> Response:
        requests, _ = libraries()
        options = self.options
        try:
            return self._session().get(
                url,
                params=params,
                headers=headers,
                timeout=(options.connect, options.read),
                stream=True,
                allow_redirects=False,  # the key must not follow to another host
            )
        except requests.exceptions.RequestException as error:
            raise TransientError(_cause(error)) from None

    def _blocks(self, response: Response) -> Iterator[bytes]:
        """The body in blocks; a cut, a stall or a flood is a failure that may pass."""
        requests, _ = libraries()
        until, size = time.monotonic() + self.options.deadline, 0
        try:
            for block in response.iter_content(_BLOCK):
                size += len(block)
                if time.monotonic() > until or self.stop.is_set():
                    raise TransientError(f"no whole answer within {self.options.deadline:g} s")
                if size > _MOST_BYTES:
                    raise TransientError(f"an answer of more than {_MOST_BYTES >> 20} MiB")
                yield block
        except requests.exceptions.RequestException as error:
            raise TransientError(_cause(error)) from None

    def _session(self) -> Session:
        if not hasattr(self._local, "session"):
            requests, _ = libraries()
            self._local.session = requests.Session()
            self._local.session.headers["User-Agent"] = f"jqfast/{version('jqfast')}"
            # Neither netrc nor cookies: nothing but the key says who asks.
            self._local.session.auth = _unchanged
            # Proxies are for what is outside this machine.
            self._local.session.trust_env = urlsplit(self.base_url).hostname not in _LOCAL
            with self._lock:
                self._sessions.append(self._local.session)
        session: Session = self._local.session
        return session

    def _note_time(self, date: str | None) -> None:
        if date:
            try:
                self.skew = email.utils.parsedate_to_datetime(date) - dt.datetime.now(dt.UTC)
            except (ValueError, TypeError):
                return

    def _check_address(self, url: str) -> None:
        parts, own = urlsplit(url), urlsplit(self.base_url)
        if parts.scheme != "https" and parts.hostname != own.hostname:
            raise BadRequestError(
                "The service gave the address of a bulk file that is not https; not fetched."
            )

    # Attempts

    def _again(self, path: str, once: Any) -> Answer:
        _, tenacity = libraries()
        attempts = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: isinstance(error, TransientError) and not self._too_long(error)
            ),
            stop=tenacity.stop_after_attempt(self.options.attempts),
            wait=self._pause,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer: Answer = attempts(once)
        except TransientError as error:
            if self._too_long(error):
                minutes = (error.wait or 0) / 60
                raise GaveUpError(
                    f"{path}: {error.reason}, and the service asks to come back in {minutes:.0f} minutes. "
                    f"Run the same command again then: it goes on where it stopped."
                ) from None
            raise GaveUpError(_gave_up(path, error, self.options.attempts)) from None
        return answer

    def _too_long(self, error: BaseException) -> bool:
        """Whether the service asks for a wait that is better left to the user."""
        return isinstance(error, TransientError) and (error.wait or 0.0) > _LONGEST * self.options.minute

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next attempt; after a 429 it is the limiter that waits, for all threads."""
        _, tenacity = libraries()
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TransientError):
            if error.limited:
                return 0.0
            if error.wait is not None:
                return spread(error.wait, self.luck)
        second = self.options.minute / 60
        grown = tenacity.wait_exponential_jitter(initial=second, max=60 * second, jitter=second)(state)
        return float(grown)

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise StoppedError


def libraries() -> tuple[Any, Any]:
    """The modules ``requests`` and ``tenacity``.

    Raises
    ------
    JQuantsError
        If they are not installed, with the command that installs them.
    """
    try:
        import requests
        import tenacity
    except ModuleNotFoundError as error:
        raise JQuantsError(
            f"Fetching from J-Quants needs the package {error.name}: pip install 'jqfast[jquants]'"
        ) from None
    return requests, tenacity


def _unchanged(request: Any) -> Any:
    """An authentication that adds nothing, so that none is looked up in ~/.netrc."""
    return request


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"`base_url` must be an address such as {BASE_URL}; got {url!r}.")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError(f"`base_url` must be https, since the key travels with every request; got {url!r}.")
    return url.rstrip("/")


def _cause(error: BaseException) -> str:
    """A failure of the transport in a few words, without addresses of objects or queries."""
    name = type(error).__name__
    told = {
        "ConnectTimeout": "no connection in time",
        "ReadTimeout": "no answer in time",
        "ChunkedEncodingError": "the connection was cut inside an answer",
        "ContentDecodingError": "a damaged compressed answer",
        "SSLError": "no trusted connection (certificate or proxy)",
        "ProxyError": "the proxy refused",
        "ConnectionError": "no connection, or it was cut",
    }
    return told.get(name, name)


def _gave_up(path: str, error: TransientError, attempts: int) -> str:
    if error.limited:
        advice = "Too many requests: another program may use the same key. Wait ten minutes"
    elif error.reason.startswith(("status 5", "HTML")):
        advice = "The service is down or under maintenance. Wait a while"
    elif "certificate" in error.reason or "proxy" in error.reason:
        advice = "Set HTTPS_PROXY and REQUESTS_CA_BUNDLE as your network asks for"
    else:
        advice = "Check the network"
    return (
        f"{path}: {error.reason}, {attempts} times in a row. {advice}, then run the same command again: "
        f"it goes on where it stopped."
    )
