"""Reads the answer to a request that failed: a Status object, or what a proxy on the way sent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..process.mask import Mask
from ..retry_after import seconds_to_wait
from .api_error import TOO_LARGE, ApiError, Cause
from .body import encode
from .sent_secrets import secret_values

_QUOTED = re.compile(r"Invalid value: [\[{].*[\]}]: ", re.DOTALL)
_GOT = re.compile(r"(: expected [^,\n]+), got &.*\Z", re.DOTALL)
"""A value of the wrong type, whatever it is, as Go prints it (structured-merge-diff, typed/helpers.go)."""


def from_answer(
    method: str, path: str, status: int, headers: Mapping[str, str], body: bytes, sent: Any = None
) -> ApiError:
    """Return the error for an answer: a Status object, or whatever a proxy on the way answered.

    `sent` is the request's body: no value of a Secret in it is in the error, whoever quotes it. Its size is, when it
    was too large.
    """
    mask = Mask(secret_values(path, sent))
    try:
        status_object: dict[str, Any] = json.loads(body)
    except ValueError:
        status_object = {}
    if not isinstance(status_object, dict) or status_object.get("kind") != "Status":
        text = body[:200].decode(errors="replace").strip()
        status_object = {"message": text or "an answer without a body"}
    message = str(status_object.get("message") or "")
    if sent is not None and (status == 413 or (status == 500 and TOO_LARGE.search(message))):
        message += f" (it had {len(encode(sent))} bytes)"
    details = status_object.get("details") or {}
    after = headers.get("Retry-After") or details.get("retryAfterSeconds")
    causes = tuple(
        Cause(c.get("field", ""), c.get("reason", ""), mask.text(c.get("message", "")))
        for c in details.get("causes") or []
    )
    return ApiError(
        method,
        path,
        status,
        status_object.get("reason") or "",
        _concise(mask.text(_GOT.sub(r"\1", message)), causes if status == 422 else ()),
        causes=causes,
        retry_after=seconds_to_wait(after),
    )


def is_status(body: bytes) -> bool:
    """Return whether an answer comes from the API server itself, by its Status object."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and (answer.get("kind"), answer.get("apiVersion")) == ("Status", "v1")


def _concise(message: str, causes: tuple[Cause, ...]) -> str:
    """Return a message without the objects that the server quotes as invalid: whole pod specs, with their variables."""
    if causes and _QUOTED.search(message):
        head = message.partition(": ")[0].removesuffix(" is invalid")
        return f"{head} is invalid: " + "; ".join(f"{c.field}: {_QUOTED.sub('', c.message)}" for c in causes)
    return _QUOTED.sub("", message)
