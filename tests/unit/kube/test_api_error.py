"""What an answer of the API server is read as: whether it may pass, and when to ask again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sternway_steps.errors import Refused, Transient
from sternway_steps.kube.answer import from_answer
from sternway_steps.kube.api_error import ApiError, unable


def answer(status: int, headers: dict[str, str] | None = None, **details: Any) -> ApiError:
    body = {"kind": "Status", "apiVersion": "v1", "message": "not now", "reason": "R", "details": details}
    return from_answer("GET", "/api", status, headers or {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (answer(429, {"Retry-After": "7"}), 7),
        (answer(429, retryAfterSeconds=3), 3),
        (answer(503, {"Retry-After": "7"}, retryAfterSeconds=3), 7),
        (answer(503, {"Retry-After": "Sat, 28 Nov 2026 12:00:00 GMT"}), None),
        (answer(503), None),
        (answer(503, {"Retry-After": "86400"}), 300),
        (answer(429, retryAfterSeconds=10**400), None),
        (answer(503, {"Retry-After": "inf"}), None),
        (answer(503, {"Retry-After": "nan"}), None),
        (answer(503, {"Retry-After": "-5"}), None),
    ],
    ids=["header", "status object", "both", "a date", "neither", "a day", "huge", "endless", "no number", "negative"],
)
def test_the_seconds_that_a_server_asks_to_wait_are_read_and_handed_on(error: ApiError, seconds: float | None) -> None:
    assert error.retry_after == seconds
    later = unable("can't be read", error, "")
    assert isinstance(later, Transient)
    assert later.retry_after == seconds


def test_what_will_not_pass_is_refused_with_its_remedy() -> None:
    refused = unable("can't be read", answer(403), "ask for the right")
    assert isinstance(refused, Refused)
    assert refused.remedy == "ask for the right"
