"""What an answer of the service means, from its status and its text alone; no network here."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jqfast.data.jquants.errors import (
    BadRequestError,
    JQuantsError,
    KeyRefusedError,
    NotInPlanError,
    OutsideWindowError,
)

_WINDOW = re.compile(r"covers the following dates:\s*(\d{4}-\d{2}-\d{2})\s*~\s*(\d{4}-\d{2}-\d{2})?")
_NOT_IN_PLAN = ("not available on your subscription", "no approval", "not available for csv")
_KEY_PAGE = "https://jpx-jquants.com/dashboard/api-keys"
#: Statuses after which the same request may pass.
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_SHOWN = 80


class TransientError(Exception):
    """A failure that may pass: try again after ``wait`` seconds (None: not told)."""

    def __init__(self, reason: str, *, wait: float | None = None, limited: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait, self.limited = reason, wait, limited


@dataclass(frozen=True)
class Answer:
    """One page: its records, the key of the next page, the cursor for what comes later; or another body."""

    rows: list[dict[str, Any]]
    next_page: str | None = None
    cursor: str | None = None
    url: str | None = None


def read_answer(status: int, headers: Mapping[str, str], body: bytes, path: str) -> Answer:
    """The page in an answer.

    Raises
    ------
    TransientError
        If the request should be tried again.
    JQuantsError
        If trying again cannot help.
    """
    if status == 210:
        return Answer([])
    if status == 200:
        return _page(body, headers, path)
    message = _message(body)
    if status in _TRANSIENT or status > 500:
        wait = retry_after(headers.get("Retry-After"), headers.get("Date"))
        raise TransientError(
            f"status {status}" + (f" ({message})" if message else ""), wait=wait, limited=status == 429
        )
    raise _refusal(status, message, path)


def _page(body: bytes, headers: Mapping[str, str], path: str) -> Answer:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        kind = headers.get("Content-Type", "")
        start = body[:_SHOWN].decode("utf-8", "replace").strip().replace("\n", " ")
        looks = (
            "HTML instead of JSON"
            if "html" in kind or start.startswith("<")
            else "a body that is not whole JSON"
        )
        raise TransientError(f"{looks}: {start!r}") from None
    if isinstance(content, dict) and isinstance(content.get("url"), str):
        return Answer([], url=content["url"])
    rows = content.get("data") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        held = ", ".join(map(str, content))[:_SHOWN] if isinstance(content, dict) else type(content).__name__
        raise TransientError(f"JSON without a list `data` of records (it holds: {held}) from {path}")
    return Answer(rows, _text(content.get("pagination_key")), _text(content.get("cursor")))


def _text(value: object) -> str | None:
    """A key or cursor; absent, null and "" all mean that there is none."""
    return str(value) if value else None


def _message(body: bytes) -> str:
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    message = content.get("message") if isinstance(content, dict) else None
    return str(message)[:300] if message else ""


def _refusal(status: int, message: str, path: str) -> JQuantsError:
    """The error for a status after which trying again cannot help."""
    said = f"J-Quants answered {status}" + (f" ({message})" if message else "") + f" to {path}"
    lower = message.lower()
    if found := _WINDOW.search(message):
        start = dt.date.fromisoformat(found[1])
        end = dt.date.fromisoformat(found[2]) if found[2] else None
        return OutsideWindowError(f"{said}.", start, end)
    if any(text in lower for text in _NOT_IN_PLAN):
        return NotInPlanError(f"{said}: the plan of this key does not include it.")
    if "no active subscription" in lower:
        return KeyRefusedError(
            f"{said}: the account of this key has no active plan. Choose one at https://jpx-jquants.com "
            f"(the free one ends after a year), then run the same command again."
        )
    if status == 401 or (status == 403 and ("key" in lower or "unauthorized" in lower)):
        return KeyRefusedError(f"{said}: the key is not valid. Check it, or issue a new one, at {_KEY_PAGE}.")
    if status in (403, 404, 410):
        return NotInPlanError(
            f"{said}: the service or the plan does not have it. If nothing works, check the key and "
            f"`--base-url`."
        )
    if 300 <= status < 400:
        return BadRequestError(
            f"{said}, a redirection, which is not followed. Check `--base-url` and any proxy."
        )
    return BadRequestError(
        f"{said}. If `--base-url` is right, the service has changed: look for a newer jqfast."
    )


def retry_after(value: str | None, date: str | None = None) -> float | None:
    """Seconds that a Retry-After header asks for, whichever of its two forms it has; None if it says nothing.

    A date is measured against the answer's own Date header, so that a wrong local clock does not matter.
    """
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
        now = email.utils.parsedate_to_datetime(date) if date else dt.datetime.now(dt.UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):
        return None
