"""Waiting until an object is gone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..objects.ref import Ref
from .watch import SYNC, Watches, named

if TYPE_CHECKING:
    from .client import Client

GONE_WITHIN = 120.0
"""Seconds that an object may take to go, its pods included, before the undo counts as failed."""


def await_gone(client: Client, ref: Ref, uid: str, within: float = GONE_WITHIN) -> dict[str, Any] | None:
    """Watch until no object of that UID is there; gives None, or the object that is still there after `within` s."""
    live: dict[str, Any] | None = client.get(ref)
    if live is None or live["metadata"]["uid"] != uid:
        return None
    with Watches(client) as watches:
        timer = threading.Timer(within, watches.close)
        timer.start()
        try:
            there = False
            for change, obj in watches.follow(ref.api_version, ref.kind, ref.namespace, fields=named(ref.name)):
                ours = obj.get("metadata", {}).get("uid") == uid
                if (change == "DELETED" and ours) or (change == SYNC and not there):
                    return None
                there = there or ours
        finally:
            timer.cancel()
            timer.join()
    live = client.get(ref)
    return live if live is not None and live["metadata"]["uid"] == uid else None
