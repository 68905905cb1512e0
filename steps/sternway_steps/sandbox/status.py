"""Errors of the API as Status objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_REASONS = {400: "BadRequest", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed", 409: "Conflict",
            410: "Expired", 415: "UnsupportedMediaType", 422: "Invalid", 429: "TooManyRequests",
            500: "InternalError", 503: "ServiceUnavailable"}  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """One finding about one field."""

    reason: str
    message: str
    field: str


class StatusError(Exception):
    """An answer with a code above 399, as a Status object."""

    def __init__(
        self, status: int, reason: str = "", message: str = "", causes: tuple[Cause, ...] = (), **details: Any
    ) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason or _REASONS.get(status, ""), message
        self.causes, self.details = causes, details

    def body(self) -> dict[str, Any]:
        """Return the Status object."""
        details = {k: v for k, v in self.details.items() if v}
        if self.causes:
            details["causes"] = [{"reason": c.reason, "message": c.message, "field": c.field} for c in self.causes]
        status = {
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": self.message,
            "reason": self.reason, "code": self.status,
        }  # fmt: skip
        return {**status, "details": details} if details else status


def invalid(kind: str, group: str, name: str, *causes: Cause) -> StatusError:
    """Return the error 422 with its findings, worded as the real server words it."""
    full = f"{kind}.{group}" if group else kind
    text = ", ".join(f"{c.field}: {c.message}" for c in causes)
    message = f'{full} "{name}" is invalid: ' + (text if len(causes) == 1 else f"[{text}]")
    return StatusError(422, "Invalid", message, causes, name=name, group=group, kind=kind)
