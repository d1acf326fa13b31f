"""What a request to J-Quants can end in. Every message says what to do; none holds the key."""

from __future__ import annotations

import datetime as dt


class JQuantsError(OSError):
    """A request that could not be answered; the base of the others."""


class KeyRefusedError(JQuantsError):
    """The key is missing, wrong, or belongs to an account without a subscription."""


class NotInPlanError(JQuantsError):
    """The plan does not include this table."""


class OutsideWindowError(JQuantsError):
    """The plan does not reach this date; ``start`` and ``end`` (None: open) are what it reaches."""

    def __init__(self, message: str, start: dt.date, end: dt.date | None) -> None:
        super().__init__(message)
        self.start, self.end = start, end


class BadRequestError(JQuantsError):
    """The service does not understand the request."""


class GaveUpError(JQuantsError):
    """The same request failed until the attempts were used up; a later one may pass."""


class StoppedError(Exception):
    """The sync is ending; what waits is given up without a message."""
