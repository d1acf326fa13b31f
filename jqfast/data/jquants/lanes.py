"""Several requests in flight: lanes of work with their own threads, results in the order they arrive.

A lane is for requests that share a limit, so that those waiting for the statements' own limit do not hold
up the rest. At most a few results wait for the writer; then the threads wait.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from jqfast.data.jquants.errors import StoppedError

W = TypeVar("W")
R = TypeVar("R")
_JOIN = 2.0
_LOOK = 0.5


@dataclass(frozen=True)
class Done(Generic[W, R]):
    """A piece of work and either its result or its error."""

    work: W
    result: R | None
    error: Exception | None


class Lanes(Generic[W, R]):
    """Runs ``job`` over the work of each lane; iterate to get the results.

    Parameters
    ----------
    lanes : pairs of work and number of threads
    job : called in a thread for each piece of work
    stop : ends everything when set
    """

    def __init__(
        self, lanes: Sequence[tuple[Sequence[W], int]], job: Callable[[W], R], stop: threading.Event
    ) -> None:
        self._job, self._stop = job, stop
        self._total = sum(len(work) for work, _ in lanes)
        threads = sum(min(count, len(work)) for work, count in lanes)
        self._results: queue.Queue[Done[W, R]] = queue.Queue(max(2 * threads, 1))
        self._threads = [
            threading.Thread(target=self._run, args=(todo,), name=f"jqfast-fetch-{number}", daemon=True)
            for todo, count in ((deque(work), min(count, len(work))) for work, count in lanes)
            for number in range(count)
        ]

    def __iter__(self) -> Iterator[Done[W, R]]:
        for thread in self._threads:
            thread.start()
        left = self._total
        while left:
            try:
                yield self._results.get(timeout=_LOOK)
            except queue.Empty:
                if self._stop.is_set():
                    return
            else:
                left -= 1

    def join(self) -> None:
        """Wait a moment for threads that are ending; those inside a request end with the process."""
        until = time.monotonic() + _JOIN
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, until - time.monotonic()))

    def _run(self, todo: deque[W]) -> None:
        while not self._stop.is_set():
            try:
                work = todo.popleft()
            except IndexError:
                return
            try:
                done = Done(work, self._job(work), None)
            except StoppedError:
                return
            except Exception as error:  # handed to the thread that waits for the result
                done = Done(work, None, error)
            while not self._stop.is_set():
                try:
                    self._results.put(done, timeout=_LOOK)
                    break
                except queue.Full:
                    continue
