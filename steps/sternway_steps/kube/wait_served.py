"""Waiting until the server serves the kinds of custom resource definitions that were just applied."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..errors import Failed
from ..objects.ref import Ref

if TYPE_CHECKING:
    from .client import Client

_PATIENCE = 60.0
_LOOK_AGAIN = 0.1


def await_established(client: Client, refs: Sequence[Ref], check: Callable[[], None]) -> None:
    """Return when all definitions are Established and discovery lists their kinds; raises Failed when not in 60 s.

    The server's discovery follows a definition with some delay and cannot be watched, so it is asked again.
    """
    end, pause = time.monotonic() + _PATIENCE, threading.Event()
    waiting = list(refs)
    while waiting:
        check()
        waiting = [ref for ref in waiting if not _served(client, ref)]
        if waiting and time.monotonic() > end:
            names = ", ".join(ref.name for ref in waiting)
            raise Failed(
                f"the server does not serve {names} after {_PATIENCE:.0f} s",
                remedy="kubectl describe crd tells why a definition is not Established",
            )
        if waiting:
            pause.wait(_LOOK_AGAIN)


def _served(client: Client, ref: Ref) -> bool:
    from .discovery import UnknownKind

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
