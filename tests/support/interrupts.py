"""Commands that are to be interrupted by a test."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heard_interrupts() -> Iterator[None]:
    """Processes started in here hear Ctrl-C: a shell's background job ignores it, and would its children.

    A handler of the parent's becomes the default action in a started program. ``preexec_fn`` would do as well
    but runs in a true fork of the tests, of which JAX rightly warns.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
