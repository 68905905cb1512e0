"""What the API server asks of pods: their logs, and answers to requests through a Service."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .api import Api
from .behaviour import answer, logs
from .controllers.endpoints import pods_of
from .controllers.world import World
from .kinds import Kind
from .status import StatusError

_HANG = 60.0


def log_of(api: Api, kind: Kind, namespace: str, name: str, args: Mapping[str, str]) -> str:
    """Give the last lines of a container's log; raises 400 while it has not started."""
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
    lines = logs(container)
    return "".join(f"{line}\n" for line in lines[-int(args.get("tailLines") or len(lines)) :])


def proxied(api: Api, namespace: str, service: str, path: str, closing: threading.Event) -> tuple[int, str]:
    """Answer as a ready pod of the Service would; 503 without text when there is none."""
    name = service.split(":")[1] if service.count(":") == 2 else service.split(":")[0]
    found = api.get(api.kind_of("v1", "Service"), namespace, name)
    pods = pods_of(World(api), found) if (found.get("spec") or {}).get("selector") else []
    if not pods:
        return 503, ""
    said = answer(pods[0], path)
    if said is None:
        closing.wait(_HANG)
        return 504, "the pod did not answer"
    return said
