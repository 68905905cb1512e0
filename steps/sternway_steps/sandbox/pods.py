"""Subresources of pods: logs, eviction, and requests proxied to them through a Service."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import Any

from .api import Api
from .behaviour import answer, logs
from .controllers.endpoints import pods_of
from .controllers.world import World, condition, is_ready
from .kinds import Kind
from .status import StatusError

_HANG = 60.0


def log_of(api: Api, kind: Kind, namespace: str, name: str, args: Mapping[str, str]) -> str:
    """Return the last lines of a container's log; raise 400 while it has not started.

    It writes all of them when it starts, so one that is followed has nothing to wait for.
    """
    pod = api.get(kind, namespace, name)
    containers = [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]
    wanted = args.get("container") or pod["spec"]["containers"][0]["name"]
    container = next((c for c in containers if c["name"] == wanted), None)
    if container is None:
        raise StatusError(400, "BadRequest", f"container {wanted} is not valid for pod {name}")
    status = pod.get("status") or {}
    states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    state: Mapping[str, Any] = next((s for s in states if s["name"] == wanted), {})
    if not state.get("containerID"):
        reason = (state.get("state") or {}).get("waiting", {}).get("reason", "ContainerCreating")
        raise StatusError(400, "BadRequest", f'container "{wanted}" in pod "{name}" is waiting to start: {reason}')
    if args.get("previous") == "true" and not state.get("restartCount"):
        raise StatusError(400, "BadRequest", f'previous terminated container "{wanted}" in pod "{name}" not found')
    number = int(state.get("restartCount") or 0) - (args.get("previous") == "true")
    started = pod["metadata"]["creationTimestamp"].removesuffix("Z")
    stamped = [(f"{started}.{number:03}{at:06}Z", line) for at, line in enumerate(logs(container))]
    since = (args.get("sinceTime") or "")[: len(started)]  # the kubelet is told whole seconds
    lines = [f"{at} {line}" if args.get("timestamps") == "true" else line for at, line in stamped if at >= since]
    return "".join(f"{line}\n" for line in lines[-int(args.get("tailLines") or len(lines)) :])


def evict(api: Api, kind: Kind, namespace: str, name: str, eviction: Mapping[str, Any]) -> dict[str, Any]:
    """Delete a pod if its disruption budgets allow it; raise 429 when they do not."""
    pod = api.get(kind, namespace, name)
    alike = api.store.all(("policy", "PodDisruptionBudget"), namespace)
    for budget in (b for b in alike if _selects(b, pod)):
        pods = [p for p in api.store.all(kind.key, namespace) if _selects(budget, p)]
        healthy = sum(is_ready(p) for p in pods)
        if is_ready(pod) and healthy - 1 < _needed(budget["spec"], len(pods)):
            text = "Cannot evict pod as it would violate the pod's disruption budget."
            raise StatusError(429, "TooManyRequests", text)
    why = condition("DisruptionTarget", True, "EvictionByEvictionAPI", "Eviction API: evicting")
    status = pod.get("status") or {}
    kept = [c for c in status.get("conditions") or [] if c["type"] != why["type"]]
    World(api).set_status(pod, {**status, "conditions": [*kept, why]})
    api.delete(kind, namespace, name, eviction.get("deleteOptions") or {})
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def _selects(budget: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    wanted = (budget["spec"].get("selector") or {}).get("matchLabels") or {}
    labels = pod["metadata"].get("labels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _needed(spec: Mapping[str, Any], pods: int) -> int:
    def count(value: Any) -> int:
        return math.ceil(pods * int(value[:-1]) / 100) if isinstance(value, str) else int(value)

    return count(spec["minAvailable"]) if "minAvailable" in spec else pods - count(spec.get("maxUnavailable", 0))


def proxy_to_pod(api: Api, namespace: str, service: str, path: str, closing: threading.Event) -> tuple[int, str]:
    """Return the answer of a ready pod of the Service; 503 without text when there is none."""
    name = service.split(":")[1] if service.count(":") == 2 else service.split(":")[0]
    found = api.get(api.kind_of("v1", "Service"), namespace, name)
    pods = pods_of(World(api), found) if (found.get("spec") or {}).get("selector") else []
    if not pods:
        return 503, ""
    reply = answer(pods[0], path)
    if reply is None:
        closing.wait(_HANG)
        return 504, "the pod did not answer"
    return reply
