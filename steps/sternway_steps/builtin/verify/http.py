"""HTTP checks through a Service, proxied by the API server: they work wherever the API server is reached."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from ...errors import Failed, Stopped
from ...kube.api_error import ApiError
from .path import within_service

if TYPE_CHECKING:
    from ...config import HttpCheck
    from ...kube.client import Client
    from ...step import Context

_SHOWN = 200
_MOST = 1_048_576
"""Bytes of an answer that are read."""


@dataclass(frozen=True)
class Answer:
    """What came back; `status` 0 when nothing did."""

    status: int
    body: str


def check(context: Context, wanted: HttpCheck, namespace: str) -> str:
    """Ask until the answer is as wanted, with `retries` more tries; return a line for the summary.

    Raises: Failed with the last answer; Stopped.
    """
    what = f"{wanted.scheme}://{wanted.service}.{namespace}:{wanted.port}{wanted.path}"
    answer, wrong = Answer(0, ""), ""
    for number in range(wanted.retries + 1):
        context.check()
        context.say(f"GET {what}" + (f" (again, {wrong})" if wrong else ""), passing=True)
        left = math.inf if context.deadline is None else context.deadline - context.clock()
        answer = ask(context.client, wanted, namespace, left)
        wrong = compare(wanted, answer)
        if not wrong:
            return f"GET {what}: {answer.status}"
        if number < wanted.retries:
            _pause(context, wanted.interval)
    shown = answer.body[:_SHOWN] + ("…" if len(answer.body) > _SHOWN else "")
    raise Failed(
        f"GET {what}: {wrong}, {wanted.retries + 1} times",
        remedy="verify.http in the configuration says what is asked",
        details={"url": what, "status": answer.status, "body": shown},
    )


def compare(wanted: HttpCheck, answer: Answer) -> str:
    """Return what is wrong with an answer; "" when nothing is."""
    if answer.status == 0:
        return f"no answer: {answer.body}"
    if answer.status != wanted.status:
        return f"status {answer.status} instead of {wanted.status}: {answer.body[:_SHOWN].strip()}"
    if wanted.contains is not None and wanted.contains not in answer.body:
        return f"the body does not contain {wanted.contains!r}"
    return ""


def ask(client: Client, wanted: HttpCheck, namespace: str, seconds: float = math.inf) -> Answer:
    """Send one request through the Service; it may take the check's `timeout`, and not more than some seconds.

    Raises: Refused when its path leaves the Service.
    """
    timeout = max(0.001, min(wanted.timeout, seconds))
    scheme = "https:" if wanted.scheme == "https" else ""
    service = quote(f"{scheme}{wanted.service}:{wanted.port}", safe=":")
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/services/{service}/proxy{within_service(wanted.path)}"
    try:
        status, body = client.transport.ask_pod(path, timeout, _headers(wanted.headers), _MOST)
    except ApiError as error:
        return Answer(error.status, error.message)
    return Answer(status, body.decode(errors="replace"))


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {"Accept": "*/*", **headers}


def _pause(context: Context, seconds: float) -> None:
    left = seconds if context.deadline is None else min(seconds, context.deadline - context.clock())
    if context.stop.wait(max(0.0, left)):
        raise Stopped("the HTTP check was stopped")


__all__ = ["Answer", "ask", "check", "compare"]
