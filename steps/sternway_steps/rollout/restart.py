"""Restarts pods without changing the object that owns them: one pod is evicted, then its replacement is waited for.

An eviction respects PodDisruptionBudgets, which a deletion does not (source: "API-initiated Eviction" in the Kubernetes
documentation). Of each controller, one pod is replaced at a time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.watch import SYNC, Watches
from ..objects.ref import Ref
from .diagnose.pods import is_ready

if TYPE_CHECKING:
    from ..kube.client import Client

_ASK_AGAIN = 1.0
"""Seconds between two tries of an eviction that a PodDisruptionBudget forbids; there is nothing to watch for."""


def restart(client: Client, pod: Ref, uid: str, controller: str, stop: threading.Event, deadline: float) -> str:
    """Evict a pod and wait until its controller (a UID) has as many ready pods as before.

    Returns "" or why it did not succeed. `deadline` is a reading of time.monotonic(). Raises ApiError for an answer
    that waiting does not change.
    """
    before = _ready(client.list("v1", "Pod", pod.namespace).items, controller)
    if why := _evict(client, pod, uid, stop, deadline):
        return why
    return _await_successor(client, pod, uid, controller, before, deadline)


def replace_pod(client: Client, pod: Ref, uid: str, controller: str, deadline: float) -> str:
    """Delete a pod, as a controller does in a rollout, and wait as `restart` does."""
    before = _ready(client.list("v1", "Pod", pod.namespace).items, controller)
    client.delete(pod, uid=uid, propagation="Background")
    return _await_successor(client, pod, uid, controller, before, deadline)


def _await_successor(client: Client, pod: Ref, uid: str, controller: str, before: int, deadline: float) -> str:
    with Watches(client) as watches:
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), watches.close)
        timer.start()
        try:
            pods: dict[str, Mapping[str, Any]] = {}
            synced = False
            for change, obj in watches.follow("v1", "Pod", pod.namespace):
                synced = synced or change == SYNC
                if change == "DELETED":
                    pods.pop(obj["metadata"]["uid"], None)
                elif change != SYNC:
                    pods[obj["metadata"]["uid"]] = obj
                if synced and uid not in pods and _ready(pods.values(), controller) >= before:
                    return ""
        finally:
            timer.cancel()
            timer.join()
    return "it was made to go, and what replaces it is not ready"


def _ready(pods: Iterable[Mapping[str, Any]], controller: str) -> int:
    """Return how many pods of a controller are ready."""
    return sum(
        is_ready(p) and any(o["uid"] == controller for o in p["metadata"].get("ownerReferences") or []) for p in pods
    )


def _evict(client: Client, pod: Ref, uid: str, stop: threading.Event, deadline: float) -> str:
    """Evict a pod as soon as its budgets allow it; return "" or why it was not evicted."""
    while True:
        try:
            client.evict(pod, uid=uid)
        except ApiError as error:
            if error.not_found or error.conflict:  # gone, or another one of that name
                return ""
            if error.status != 429:
                raise
            if time.monotonic() + _ASK_AGAIN > deadline or stop.wait(_ASK_AGAIN):
                return f"it can't be evicted: {error.message}"
        else:
            return ""
