"""The body of an Event on an object, as `kubectl describe` shows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..objects.ref import Ref

_LONGEST = 1024
"""Bytes of a message: the API's own limit."""


def event_on(ref: Ref, uid: str, *, name: str, reason: str, message: str, warning: bool) -> dict[str, Any]:
    """Return the Event to create in the object's namespace; a message that is too long is cut.

    `name`: the same fact under the same name is one Event, however often it is put.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    involved = {"apiVersion": ref.api_version, "kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": ref.namespace},
        "involvedObject": {**involved, "uid": uid},
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message.encode()[:_LONGEST].decode(errors="ignore"),
        "source": {"component": "sternway"},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
