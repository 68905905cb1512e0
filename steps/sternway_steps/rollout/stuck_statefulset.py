"""Helping a restored StatefulSet over pods of the failed version that its controller leaves.

With OrderedReady, the controller does not replace a pod of the newer revision that never gets ready, not even when the
template is put back. Source: "StatefulSets: Forced rollback" in the Kubernetes documentation, kubernetes#67250. With
OnDelete, and below the partition of a rolling update, it replaces none at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..kube.wait_observed import observed
from ..objects.ref import Ref
from .diagnose.pods import is_ready
from .restart import replace_pod

if TYPE_CHECKING:
    from ..kube.client import Client

Obj = Mapping[str, Any]

_HASH = "controller-revision-hash"


def unstick(client: Client, ref: Ref, since: datetime | None, deadline: float) -> list[str]:
    """Delete a StatefulSet's pods that its controller leaves as the failed version made them; gives their names.

    Waits until the controller has seen the template that was put back, so that it knows which revision is wanted.
    Pods that are ready go one by one. `since`: when the run applied its version, None: not known; `deadline`: a
    reading of time.monotonic().
    """
    live = observed(client, ref)
    if live is None:
        return []
    broken, left = _stuck(client, live, since)
    for pod in broken:
        client.delete(Ref.of(pod), uid=pod["metadata"]["uid"], propagation="Background")
    for pod in left:
        replace_pod(client, Ref.of(pod), pod["metadata"]["uid"], live["metadata"]["uid"], deadline)
    return [pod["metadata"]["name"] for pod in (*broken, *left)]


def _stuck(client: Client, live: Obj, since: datetime | None) -> tuple[list[Obj], list[Obj]]:
    """Give the pods that are not ready and hold up the others, and those that are of no revision that is wanted."""
    status, uid = live["status"], live["metadata"]["uid"]
    strategy = live["spec"].get("updateStrategy") or {}
    on_delete = strategy.get("type") == "OnDelete"
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    broken: list[Obj] = []
    left: list[Obj] = []
    for pod in client.list("v1", "Pod", live["metadata"]["namespace"]).items:
        metadata = pod["metadata"]
        if metadata.get("deletionTimestamp") or uid not in {o["uid"] for o in metadata.get("ownerReferences") or []}:
            continue
        revision = (metadata.get("labels") or {}).get(_HASH)
        unwanted = revision not in (status.get("updateRevision"), status.get("currentRevision"))
        kept = on_delete or int(metadata["name"].rpartition("-")[2]) < partition
        if kept and unwanted and since is not None and _time(metadata["creationTimestamp"]) >= since:
            left.append(pod)
        elif not on_delete and revision != status.get("updateRevision") and not is_ready(pod):
            broken.append(pod)
    return broken, sorted(left, key=is_ready)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def held_back(client: Client, ref: Ref, before: Obj) -> list[str]:
    """Name the pods below a partition that are of a version which came with the run, and which no deletion changes.

    Once the run's version was through, it is the set's current revision: what is below the partition stays at it.
    """
    live = client.get(ref)
    status = before.get("status") or {}
    partition = ((before["spec"].get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    known = {status.get("currentRevision"), status.get("updateRevision")}
    if live is None or not partition or None in known or live["status"].get("currentRevision") in known:
        return []
    pods = client.list("v1", "Pod", ref.namespace).items
    return [
        pod["metadata"]["name"]
        for pod in pods
        if live["metadata"]["uid"] in {o["uid"] for o in pod["metadata"].get("ownerReferences") or []}
        and (pod["metadata"].get("labels") or {}).get(_HASH) not in known
        and int(pod["metadata"]["name"].rpartition("-")[2]) < partition
    ]
