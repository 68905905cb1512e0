"""The error of a request that the API server did not carry out, and what its answer means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ClusterError, Refused, Transient

_UNTYPED = "failed to create typed patch object"
# What the server answers with 500 and would answer again: limits of etcd and of gRPC (etcd's ErrRequestTooLarge,
# ResourceExhausted), an admission webhook that says no with that code, and objects whose fields can't be told apart.
_TOO_LARGE = re.compile(r"request is too large|message larger than max")
_LASTING = re.compile(
    rf"{_TOO_LARGE.pattern}|admission webhook \S+ denied the request"
    r"|failed to create typed \w+ object|failed to create manager for existing fields"
)
_QUOTED = re.compile(r"Invalid value: [\[{].*[\]}]: ", re.DOTALL)
_MANAGER = re.compile(r'conflict with "(?P<manager>[^"]*)"')

# How kube-apiserver 1.34 says it (field/errors and the validation of each kind).
_IMMUTABLE = re.compile(
    r"immutable|may not (be )?changed?\b|cannot (be )?changed?\b|updates? to .* (is|are) forbidden"
    r"|may not change fields other than", re.DOTALL
)  # fmt: skip
_BY_ADMISSION = re.compile(r"^(admission webhook|ValidatingAdmissionPolicy) |denied (the )?request")


@dataclass(frozen=True)
class Cause:
    """One finding about one field, from `details.causes` of a Status object."""

    field: str
    reason: str
    message: str


class ApiError(ClusterError):
    """A request that failed.

    `status` is the HTTP status, 0 when there was no answer. The error holds nothing of the request's body.
    """

    def __init__(
        self,
        method: str,
        path: str,
        status: int,
        reason: str,
        message: str,
        *,
        causes: tuple[Cause, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        code = f"{status} {reason}".strip() if status else "no answer"
        super().__init__(f"{method} {path}: {code}: {message}")
        self.method, self.path = method, path
        self.status, self.reason, self.message = status, reason, message
        self.causes, self.retry_after = causes, retry_after

    @property
    def not_found(self) -> bool:
        """404."""
        return self.status == 404

    @property
    def conflict(self) -> bool:
        """409: an outdated resourceVersion, another UID, an object that exists, or fields that other managers own."""
        return self.status == 409

    @property
    def unauthorized(self) -> bool:
        """401: the server does not accept our credentials; granting a right does not help."""
        return self.status == 401

    @property
    def forbidden(self) -> bool:
        """403: the server knows who we are, and does not allow it."""
        return self.status == 403

    @property
    def invalid(self) -> bool:
        """A field is unknown, its value is not allowed, or it can't be changed.

        That is 422 or 400; and 500 where an apply names a field that the schema does not have (kube-apiserver 1.34
        answers "failed to create typed patch object", without a reason).
        """
        return self.status in (400, 422) or (self.status == 500 and _UNTYPED in self.message)

    @property
    def immutable(self) -> bool:
        """The server itself, not admission, says of every field it names that it can't be changed."""
        if self.status != 422 or _BY_ADMISSION.search(self.message):
            return False
        return bool(self.causes) and all(cause.field and _IMMUTABLE.search(cause.message) for cause in self.causes)

    @property
    def expired(self) -> bool:
        """410: the resourceVersion is older than what the server keeps."""
        return self.status == 410

    @property
    def unreachable(self) -> bool:
        """There was no answer: the request may have been carried out or not."""
        return self.status == 0

    @property
    def retryable(self) -> bool:
        """The server says that it can't answer now; False for an answer that would stay the same."""
        return self.status in (429, 500, 502, 503, 504) and not self.lasting

    @property
    def transient(self) -> bool:
        """The same request may be answered otherwise later: the server can't answer now, or did not."""
        return self.retryable or self.unreachable

    @property
    def lasting(self) -> bool:
        """The answer stays the same however often it is asked: the request is too large or not valid."""
        return self.status == 413 or self.invalid or (self.status == 500 and bool(_LASTING.search(self.message)))


class Expired(Exception):
    """A watch's resourceVersion is too old; the list has to be read again."""


def from_answer(
    method: str, path: str, status: int, headers: Mapping[str, str], body: bytes, sent: int = 0
) -> ApiError:
    """Return the error for an answer: a Status object, or whatever a proxy on the way answered.

    `sent` is the size of the request in bytes, for the message when it was too large.
    """
    try:
        status_object: dict[str, Any] = json.loads(body)
    except ValueError:
        status_object = {}
    if not isinstance(status_object, dict) or status_object.get("kind") != "Status":
        text = body[:200].decode(errors="replace").strip()
        status_object = {"message": text or "an answer without a body"}
    message = status_object.get("message") or ""
    if sent and (status == 413 or (status == 500 and _TOO_LARGE.search(message))):
        message += f" (it had {sent} bytes)"
    details = status_object.get("details") or {}
    after = headers.get("Retry-After") or details.get("retryAfterSeconds")
    causes = tuple(
        Cause(c.get("field", ""), c.get("reason", ""), c.get("message", "")) for c in details.get("causes") or []
    )
    return ApiError(
        method,
        path,
        status,
        status_object.get("reason") or "",
        _concise(message, causes if status == 422 else ()),
        causes=causes,
        retry_after=_seconds(after),
    )


def is_status(body: bytes) -> bool:
    """Return whether an answer comes from the API server itself, by its Status object."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and (answer.get("kind"), answer.get("apiVersion")) == ("Status", "v1")


def unable(what: str, error: ApiError, remedy: str) -> Refused | Transient:
    """Return why something can't be done: Transient when it may work later, else Refused with a remedy."""
    if error.transient:
        return Transient(f"{what} now: {error}", retry_after=error.retry_after)
    return Refused(f"{what}: {error}", remedy=None if error.unauthorized else remedy)


def conflicts(error: ApiError) -> list[tuple[str, str]]:
    """Return the fields that other managers own, each with its manager; empty for any other error."""
    fields = []
    for cause in error.causes:
        if cause.reason == "FieldManagerConflict":
            match = _MANAGER.search(cause.message)
            fields.append((cause.field.removeprefix("."), match["manager"] if match else cause.message))
    return fields


def _concise(message: str, causes: tuple[Cause, ...]) -> str:
    """Return a message without the objects that the server quotes as invalid: whole pod specs, with their variables."""
    if causes and _QUOTED.search(message):
        head = message.partition(": ")[0].removesuffix(" is invalid")
        return f"{head} is invalid: " + "; ".join(f"{c.field}: {_QUOTED.sub('', c.message)}" for c in causes)
    return _QUOTED.sub("", message)


def _seconds(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
