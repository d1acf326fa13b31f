"""What answers mean: every documented status, both forms of Retry-After, bodies that are not records."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from jqfast.data.jquants.answers import TransientError, read_answer, retry_after
from jqfast.data.jquants.errors import (
    BadRequestError,
    KeyRefusedError,
    NotInPlanError,
    OutsideWindowError,
)

PATH = "/equities/bars/daily"


def _read(status: int, body: object = None, **headers: str) -> object:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_answer(status, named, raw, PATH)


@pytest.mark.parametrize("end", [{}, {"pagination_key": None}, {"pagination_key": ""}])
def test_the_last_page_in_its_three_forms(end: dict[str, object]) -> None:
    answer = read_answer(200, {}, json.dumps({"data": [{"a": 1}], **end}).encode(), PATH)
    assert answer.rows == [{"a": 1}]
    assert answer.next_page is None


def test_a_page_may_be_empty_and_have_a_successor() -> None:
    answer = read_answer(200, {}, b'{"data": [], "pagination_key": "a.b."}', PATH)
    assert (answer.rows, answer.next_page) == ([], "a.b.")


def test_210_is_no_data() -> None:
    assert read_answer(210, {}, b"", PATH).rows == []


@pytest.mark.parametrize(
    ("message", "start", "end"),
    [
        (
            "Your subscription covers the following dates: 2024-05-31 ~ 2026-05-31. If you want more data, "
            "please check other plans:https://jpx-jquants.com/#dataset",
            dt.date(2024, 5, 31),
            dt.date(2026, 5, 31),
        ),
        ("Your subscription covers the following dates: 2021-09-01 ~ .", dt.date(2021, 9, 1), None),
    ],
)
def test_the_window_is_in_the_refusal(message: str, start: dt.date, end: dt.date | None) -> None:
    with pytest.raises(OutsideWindowError, match="covers the following dates") as caught:
        _read(400, {"message": message})
    assert (caught.value.start, caught.value.end) == (start, end)


@pytest.mark.parametrize(
    ("status", "message", "kind", "advice"),
    [
        (401, "Unauthorized", KeyRefusedError, "api-keys"),
        (403, "The incoming api key is invalid or expired", KeyRefusedError, "api-keys"),
        (403, "The api key is required.", KeyRefusedError, "api-keys"),
        (403, "No active subscription found.", KeyRefusedError, "no active plan"),
        (403, "This API is not available on your subscription.", NotInPlanError, "does not include"),
        (403, "No approval received", NotInPlanError, "does not include"),
        (403, "The requested endpoint does not exist.", NotInPlanError, "does not have it"),
        (400, "This endpoint is not available for csv download", NotInPlanError, "does not include"),
        (
            400,
            "This API requires at least 1 parameter as follows; date, code",
            BadRequestError,
            "newer jqfast",
        ),
        (413, "", BadRequestError, "newer jqfast"),
        (302, "", BadRequestError, "redirection"),
    ],
)
def test_refusals_say_what_to_do(status: int, message: str, kind: type[Exception], advice: str) -> None:
    with pytest.raises(kind, match=advice) as caught:
        _read(status, {"message": message} if message else b"<html>")
    assert str(status) in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    with pytest.raises(TransientError) as caught:
        _read(status, b"", Retry_After="12")
    assert caught.value.wait == 12.0
    assert caught.value.limited == (status == 429)


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html>maintenance</html>",
        b"",
        b'{"data": [{"a": 1}, {"a"',
        b"[1, 2]",
        b"null",
        b'{"data": {"a": 1}}',
        b'{"data": [1, 2]}',
        b'{"rows": []}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_200_is_believed_only_when_it_is_records(body: bytes) -> None:
    with pytest.raises(TransientError):
        _read(200, body)


def test_html_is_called_so() -> None:
    with pytest.raises(TransientError, match="HTML instead of JSON"):
        _read(200, b"  <html>", Content_Type="text/html")


def test_retry_after_in_seconds_and_as_a_date() -> None:
    date = "Fri, 02 Oct 2026 11:00:00 GMT"
    assert retry_after("120") == 120.0
    assert retry_after("Fri, 02 Oct 2026 11:01:30 GMT", date) == 90.0
    assert retry_after("Fri, 02 Oct 2026 10:00:00 GMT", date) == 0.0
    assert retry_after("soon") is None
    assert retry_after(None) is None
    assert retry_after("") is None
