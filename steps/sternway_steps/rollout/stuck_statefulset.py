"""Deletes pods of the failed version that the controller of a restored StatefulSet leaves in place.

| strategy | what the controller leaves |
| --- | --- |
| RollingUpdate, OrderedReady | a pod of the newer revision that never becomes ready, despite the restored template |
| RollingUpdate with a partition | every pod below the partition |
| OnDelete | every pod |

Source: "StatefulSets: Forced rollback" in the Kubernetes documentation, kubernetes#67250.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kube.wait import wait_until_observed
from ..objects.ref import Ref
from .diagnose.pods import is_ready
from .restart import replace_pod

if TYPE_CHECKING:
    from ..kube.client import Client

Obj = Mapping[str, Any]

_HASH = "controller-revision-hash"


def unstick(client: Client, ref: Ref, since: datetime | None, deadline: float) -> list[str]:
    """Delete the pods that the controller leaves at the failed version; return their names.

    Waits first until the controller has observed the restored template, so that it knows which revision is wanted. Pods
    that are ready go one by one. `since` is when the run applied its version, None when that is not known; `deadline`
    is a reading of time.monotonic().
    """
    live = wait_until_observed(client, ref)
    if live is None:
        return []
    blocking, outdated = _stuck(client, live, since)
    for pod in blocking:
        client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    for pod in outdated:
        replace_pod(client, Ref.of(pod), pod["metadata"]["uid"], live["metadata"]["uid"], deadline)
    return [pod["metadata"]["name"] for pod in (*blocking, *outdated)]


def _stuck(client: Client, live: Obj, since: datetime | None) -> tuple[list[Obj], list[Obj]]:
    """Return the unready pods that block the update, and those of a revision that is wanted no more."""
    status, uid = live["status"], live["metadata"]["uid"]
    strategy = live["spec"].get("updateStrategy") or {}
    on_delete = strategy.get("type") == "OnDelete"
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    blocking: list[Obj] = []
    outdated: list[Obj] = []
    for pod in client.list("v1", "Pod", live["metadata"]["namespace"]).items:
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp") or uid not in {o["uid"] for o in metadata.get("ownerReferences") or []}:
            continue
        revision = (metadata.get("labels") or {}).get(_HASH)
        unwanted = revision not in (status.get("updateRevision"), status.get("currentRevision"))
        kept = on_delete or int(metadata["name"].rpartition("-")[2]) < partition
        if kept and unwanted and since is not None and _time(metadata["creationTimestamp"]) >= since:
            outdated.append(pod)
        elif not on_delete and revision != status.get("updateRevision") and not is_ready(pod):
            blocking.append(pod)
    return blocking, sorted(outdated, key=is_ready)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def held_back(client: Client, ref: Ref, before: Obj) -> list[str]:
    """Return the names of pods below a partition that run the failed version and that no deletion would change.

    Once the run's version was rolled out completely, it is the current revision of the set, and pods below the
    partition are created at that revision.
    """
    live = client.get(ref)
    status = before.get("status") or {}
    partition = ((before["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    revisions_before = {status.get("currentRevision"), status.get("updateRevision")}
    if (
        live is None
        or not partition
        or None in revisions_before
        or live["status"].get("currentRevision") in revisions_before
    ):
        return []
    pods = client.list("v1", "Pod", ref.namespace).items
    return [
        pod["metadata"]["name"]
        for pod in pods
        if live["metadata"]["uid"] in {o["uid"] for o in pod["metadata"].get("ownerReferences") or []}
        and (pod["metadata"].get("labels") or {}).get(_HASH) not in revisions_before
        and int(pod["metadata"]["name"].rpartition("-")[2]) < partition
    ]
