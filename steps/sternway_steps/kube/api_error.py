"""The error of a request that the API server did not carry out, and what its status and message mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import ClusterError, Refused, Transient

_UNTYPED = ("failed to create typed patch object", "failed to convert new object")
# What the server answers with 500 and would answer again: limits of etcd and of gRPC (etcd's ErrRequestTooLarge,
# ResourceExhausted), an admission webhook that says no with that code, and objects whose fields can't be told apart.
TOO_LARGE = re.compile(r"request is too large|message larger than max")
_LASTING = re.compile(
    rf"{TOO_LARGE.pattern}|admission webhook \S+ denied the request"
    r"|failed to create typed \w+ object|failed to create manager for existing fields|failed to convert new object"
)
_MANAGER = re.compile(r'conflict with "(?P<manager>[^"]*)"')

# How kube-apiserver 1.34 says it (field/errors and the validation of each kind).
_IMMUTABLE = re.compile(
    r"immutable|may not (be )?changed?\b|cannot (be )?changed?\b|updates? to .* (is|are) forbidden"
    r"|may not change fields other than", re.DOTALL
)  # fmt: skip
_UNGRANTED = re.compile(r" cannot \w+ resource |^$|^Forbidden$|a fault was set")
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

        That is 422 or 400; and 500 where an apply names a field that the schema does not have, or holds what can't be
        read (kube-apiserver 1.34 answers "failed to create typed patch object", "failed to convert new object", without
        a reason).
        """
        return self.status in (400, 422) or (self.status == 500 and any(words in self.message for words in _UNTYPED))

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


def unable(what: str, error: ApiError, remedy: str) -> Refused | Transient:
    """Return why something can't be done: Transient when it may work later, else Refused with a remedy."""
    if error.transient:
        away = None if error.status else "look whether the cluster is up (sternway doctor), and try again"
        return Transient(f"{what} now: {error}", remedy=away, retry_after=error.retry_after)
    return Refused(f"{what}: {error}", remedy=_fitting(error, remedy))


def _fitting(error: ApiError, remedy: str) -> str | None:
    """Return a remedy that fits the cause: a right that is granted helps against a missing one alone."""
    if "exceeded quota" in error.message:
        return remedy if "quota" in remedy else "raise that quota, or free some of it"
    if error.unauthorized:
        return "log in to the cluster anew, and try again; sternway doctor tells who you are to it"
    if error.forbidden and remedy.startswith("grant ") and not _UNGRANTED.search(error.message):
        return None
    return remedy


def conflicts(error: ApiError) -> list[tuple[str, str]]:
    """Return the fields that other managers own, each with its manager; empty for any other error."""
    fields = []
    for cause in error.causes:
        if cause.reason == "FieldManagerConflict":
            match = _MANAGER.search(cause.message)
            fields.append((cause.field.removeprefix("."), match["manager"] if match else cause.message))
    return fields
