"""How fast to ask: at most so many requests in any minute, over all threads, and a pause when refused.

Time is the monotonic clock, so that a change of the wall clock changes nothing. A window is one part in sixty
longer than a minute, for requests that the network brings closer together.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import ClassVar

from jqfast.data.jquants.errors import StoppedError

_MARGIN = 61 / 60
#: From this many a minute on, a quarter goes out quickly, which is all that most days need, and the rest
#: evenly, so that a minute has no bursts.
_SPACED = 60
_QUICK = 4
#: Pauses after a refusal without Retry-After, in minutes. Who goes on asking is shut out for five.
PAUSES = (0.5, 1.0, 5.0)
#: Pauses are longer by up to this share, so that several programs do not come back at the same moment.
JITTER = 0.1


class Limiter:
    """At most ``rate`` requests in any minute; thread-safe.

    Parameters
    ----------
    rate : requests a minute
    minute : length of a minute in seconds; tests make it shorter
    stop : ends all waiting when set
    clock : seconds that never go back
    luck : numbers in [0, 1) that spread the pauses
    """

    def __init__(
        self,
        rate: int,
        *,
        minute: float = 60.0,
        stop: threading.Event | None = None,
        clock: Callable[[], float] = time.monotonic,
        luck: Callable[[], float] = random.random,
    ) -> None:
        if rate < 1:
            raise ValueError(f"`rate` must be at least 1 request a minute; got {rate}.")
        self.minute = minute
        self.rate = rate
        self._stop = stop or threading.Event()
        self._clock = clock
        self._luck = luck
        self._lock = threading.Lock()
        self._taken: deque[float] = deque()
        self._held_until = float("-inf")
        self._level = 0

    def take(self) -> None:
        """Wait until a request may go out, and count it.

        Raises
        ------
        StoppedError
            If ``stop`` is set meanwhile.
        """
        while (wait := self._try()) > 0:
            if self._stop.wait(wait):
                raise StoppedError
        if self._stop.is_set():
            raise StoppedError

    def _try(self) -> float:
        """0 if the request is counted, else the seconds to wait before trying again."""
        with self._lock:
            now = self._clock()
            span = self.minute * _MARGIN
            while self._taken and self._taken[0] <= now - span:
                self._taken.popleft()
            until = self._held_until
            if len(self._taken) >= self.rate:
                until = max(until, self._taken[-self.rate] + span)
            if self.rate >= _SPACED and self._taken:
                quick = _QUICK if len(self._taken) < self.rate / _QUICK else 1
                until = max(until, self._taken[-1] + span / (quick * self.rate))
            if until > now:
                return until - now
            self._taken.append(now)
            return 0.0

    def set_rate(self, rate: int) -> None:
        """Another number of requests a minute, from now on."""
        with self._lock:
            self.rate = rate

    def refused(self, retry_after: float | None) -> None:
        """The service said "too many": all threads pause, longer each time in a row."""
        with self._lock:
            now = self._clock()
            if now < self._held_until:
                return  # an answer to a request that went out before the pause
            pause = PAUSES[min(self._level, len(PAUSES) - 1)] * self.minute
            self._level += 1
            self._held_until = now + spread(pause if retry_after is None else retry_after, self._luck)

    def accepted(self) -> None:
        """An answer came: the next refusal is a first one again."""
        with self._lock:
            if self._clock() >= self._held_until:
                self._level = 0


def spread(seconds: float, luck: Callable[[], float]) -> float:
    """A pause made longer by a random part of ``JITTER``, never shorter."""
    return seconds * (1 + JITTER * luck())


class Limits:
    """The limiters of an account: one for all requests, and one for each path with a limit of its own.

    The statements' are documented, the disclosures' belong to their add-on; EDINET's is what other clients
    keep to.
    """

    OWN: ClassVar[dict[str, int]] = {
        "/fins/summary": 60,
        "/fins/details": 60,
        "/edinet/major-shareholders": 60,
        "/td/list": 100,
    }

    def __init__(self, rate: int, *, minute: float = 60.0, stop: threading.Event | None = None) -> None:
        self.account = Limiter(rate, minute=minute, stop=stop)
        self.own = {path: Limiter(min(own, rate), minute=minute, stop=stop) for path, own in self.OWN.items()}

    def set_rate(self, rate: int) -> None:
        """The account's number of requests a minute, once it is known."""
        self.account.set_rate(rate)
        for path, limiter in self.own.items():
            limiter.set_rate(min(self.OWN[path], rate))

    def take(self, path: str) -> None:
        """Wait until a request to ``path`` may go out."""
        if path in self.own:
            self.own[path].take()
        self.account.take()
