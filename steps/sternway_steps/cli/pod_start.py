"""Whether all containers of this process's pod have started: one whose image can't be pulled never does.

Argo waits for it as long as the template's pendingTimeout says, and then deletes the pod with all that works in it. So
before the first change the others are waited for, and what keeps them from starting is told.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..config.backoff import Backoff
from ..errors import ClusterError, Refused, Stopped

if TYPE_CHECKING:
    from ..kube.client import Client

POD = "POD_NAME"
"""The variable with the pod's name, which the template sets beside the option."""
_LOOKS = Backoff(0.1, 1.0)
"""Seconds between two looks at the pod: mostly the kubelet has yet to tell that the last of them started."""


def require_all_started(
    client: Client, environ: Mapping[str, str], within: float | None, stop: threading.Event
) -> None:
    """Wait until all containers of the pod have started, however long a pull takes; who may not look does not wait.

    Raises: Refused for one that can't start, or has not within so many seconds though it was tried again; Stopped.
    """
    name = environ.get(POD, "")
    if within is None or not name:
        return
    looks = 0
    while waiting := _waiting(client, name):
        _refuse_hopeless(client, *waiting, within)
        looks += 1
        if stop.wait(_LOOKS.delay(looks)):
            raise Stopped("stopped while another container of the pod had not started")


def _waiting(client: Client, name: str) -> tuple[dict[str, Any], Sequence[dict[str, Any]]] | None:
    """Return the pod, and the state of those that have not started; None when all have, or nobody can tell."""
    try:
        found = client.list("v1", "Pod", client.namespace, fields=f"metadata.name={name}").items
    except ClusterError:
        return None
    pod = next(iter(found), {})
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    waiting = [each for each in statuses if "waiting" in (each.get("state") or {}) and not each.get("lastState")]
    return (pod, waiting) if waiting else None


def _refuse_hopeless(client: Client, pod: dict[str, Any], waiting: Sequence[dict[str, Any]], within: float) -> None:
    from ..config.schema import Grace
    from ..rollout.diagnose import Related, diagnose

    try:
        fields = f"involvedObject.name={pod['metadata']['name']}"
        events = client.list("v1", "Event", client.namespace, fields=fields).items
    except ClusterError:
        events = []
    seen = {**pod, "status": {**pod["status"], "containerStatuses": list(waiting)}}
    grace = Grace(pull=within, config=within)
    verdict = diagnose(seen, Related(events=events), now=datetime.now(UTC), grace=grace)
    if verdict.state == "failed" and verdict.cause is not None:
        step = verdict.cause.container or "a step"
        raise Refused(
            f"container {step} of this pod can't start, so nothing was begun: {verdict.reason}: {verdict.message}",
            remedy="argo.image and argo.images say what it is called, argo.imagePullSecrets how it may be pulled",
        )
