"""What the cluster knows of a Workflow's pod where Argo does not say why it failed: its state, and its Events."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from ..errors import ClusterError

if TYPE_CHECKING:
    from ..kube.client import Client

_TELLING = ("Failed", "FailedScheduling", "FailedMount", "FailedCreatePodSandBox", "InspectFailed", "Evicted")
_USUAL = ("", "ContainerCreating", "PodInitializing")


def seen_of_pod(client: Client, name: str) -> str:
    """Return in a sentence why a pod of the client's own namespace did not get on; "" when nobody says it.

    A pod that is gone has left its Events. Who may read neither knows nothing more.
    """
    try:
        found = client.list("v1", "Pod", client.namespace, fields=f"metadata.name={name}").items
        return (_of_containers(found[0]) if found else "") or _of_events(client, name)
    except ClusterError as error:
        if getattr(error, "status", 0) == 403:
            logging.getLogger("sternway").warning("why pod %s ended can't be told: %s", name, error)
        return ""


def was_killed(client: Client, name: str) -> bool:
    """Tell whether the kubelet ended the containers of a pod, as when it is deleted; Argo ends them itself."""
    try:
        events = client.list("v1", "Event", client.namespace, fields=f"involvedObject.name={name}").items
    except ClusterError:
        return False
    return any(each.get("reason") == "Killing" for each in events)


def _of_containers(pod: dict[str, Any]) -> str:
    status = pod.get("status") or {}
    if status.get("reason") or status.get("message"):
        return ": ".join(str(status[key]) for key in ("reason", "message") if status.get(key))
    containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    waiting = [(each.get("state") or {}).get("waiting") or {} for each in containers]
    told = [each for each in waiting if each.get("reason", "") not in _USUAL]
    return ": ".join(filter(None, (told[0].get("reason"), told[0].get("message")))) if told else ""


def _of_events(client: Client, name: str) -> str:
    events = client.list("v1", "Event", client.namespace, fields=f"involvedObject.name={name}").items
    warnings = [each for each in events if each.get("type") == "Warning" and each.get("reason") in _TELLING]
    # Of a pull the first Event says why, and the later ones that it was tried again.
    longest = max(warnings, key=lambda each: len(str(each.get("message"))), default=None)
    return f"{longest['reason']}: {longest['message']}" if longest is not None else ""
