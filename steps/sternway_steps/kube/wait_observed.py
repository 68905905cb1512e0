"""Waiting until a controller has seen how its object is now."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..objects.ref import Ref
from .watch import Watches, named

if TYPE_CHECKING:
    from .client import Client

_PATIENCE = 30.0


def observed(client: Client, ref: Ref) -> Mapping[str, Any] | None:
    """Give an object whose status tells of its present spec; None when its controller did not look in 30 s."""
    found: Mapping[str, Any] | None = None
    with Watches(client) as watches:
        timer = threading.Timer(_PATIENCE, watches.close)
        timer.start()
        try:
            changes = watches.follow(ref.api_version, ref.kind, ref.namespace, fields=named(ref.name))
            for _, obj in changes:
                status = obj.get("status") or {}
                if status.get("observedGeneration", -1) >= obj.get("metadata", {}).get("generation", 0):
                    found = obj
                    break
        finally:
            timer.cancel()
            timer.join()
    return found
