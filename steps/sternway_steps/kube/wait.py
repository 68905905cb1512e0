"""Waiting for the server or for a controller: until an object is deleted, is observed, or its kind is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import Failed
from ..objects.ref import Ref
from .discovery import UnknownKind
from .watch import SYNC, Watches, named

if TYPE_CHECKING:
    from .client import Client

DELETED_WITHIN = 120.0
"""Seconds that an object may take to be deleted, its pods included, before the undo counts as failed."""
_OBSERVED_WITHIN = 30.0
_SERVED_WITHIN = 60.0
_LOOK_AGAIN = 0.1


def wait_until_deleted(client: Client, ref: Ref, uid: str, within: float = DELETED_WITHIN) -> dict[str, Any] | None:
    """Watch until no object of that UID exists; return None, or the object that still exists after `within` s."""
    live: dict[str, Any] | None = client.get(ref)
    if live is None or live["metadata"]["uid"] != uid:
        return None
    with Watches(client) as watches:
        timer = threading.Timer(within, watches.close)
        timer.start()
        try:
            exists = False
            for change, obj in watches.follow(ref.api_version, ref.kind, ref.namespace, fields=named(ref.name)):
                ours = obj.get("metadata", {}).get("uid") == uid
                if (change == "DELETED" and ours) or (change == SYNC and not exists):
                    return None
                exists = exists or ours
        finally:
            timer.cancel()
            timer.join()
    live = client.get(ref)
    return live if live is not None and live["metadata"]["uid"] == uid else None


def wait_until_observed(client: Client, ref: Ref) -> Mapping[str, Any] | None:
    """Return an object once its status is about its present spec; None when its controller took over 30 s."""
    result: Mapping[str, Any] | None = None
    with Watches(client) as watches:
        timer = threading.Timer(_OBSERVED_WITHIN, watches.close)
        timer.start()
        try:
            changes = watches.follow(ref.api_version, ref.kind, ref.namespace, fields=named(ref.name))
            for _, obj in changes:
                status = obj.get("status") or {}
                if status.get("observedGeneration", -1) >= obj.get("metadata", {}).get("generation", 0):
                    result = obj
                    break
        finally:
            timer.cancel()
            timer.join()
    return result


def wait_until_served(client: Client, refs: Sequence[Ref], check: Callable[[], None]) -> None:
    """Return when all CustomResourceDefinitions are Established and discovery lists their kinds.

    Discovery follows a definition with some delay and can't be watched, so it is asked again and again. `check` is
    called each time, and may raise to stop. Raises: Failed when it takes over 60 s.
    """
    end, pause = time.monotonic() + _SERVED_WITHIN, threading.Event()
    waiting = list(refs)
    while waiting:
        check()
        waiting = [ref for ref in waiting if not _served(client, ref)]
        if waiting and time.monotonic() > end:
            names = ", ".join(ref.name for ref in waiting)
            raise Failed(
                f"the server does not serve {names} after {_SERVED_WITHIN:.0f} s",
                remedy="kubectl describe crd tells why a definition is not Established",
            )
        if waiting:
            pause.wait(_LOOK_AGAIN)


def _served(client: Client, ref: Ref) -> bool:
    crd = client.get(ref) or {}
    conditions = {c["type"]: c["status"] for c in (crd.get("status") or {}).get("conditions") or []}
    if conditions.get("Established") != "True":
        return False
    spec = crd["spec"]
    client.forget_discovery()
    try:
        for version in spec["versions"]:
            if version.get("served"):
                client.resource(f"{spec['group']}/{version['name']}", spec["names"]["kind"])
    except UnknownKind:
        return False
    return True
