"""Helping a restored StatefulSet over a broken pod that it waits for.

With OrderedReady, the controller does not replace a pod of the newer revision that never gets ready, not even when the
template is put back. Source: "StatefulSets: Forced rollback" in the Kubernetes documentation, kubernetes#67250.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .controller import observed
from .diagnose.pods import is_ready
from .ref import Ref

if TYPE_CHECKING:
    from .client import Client

_HASH = "controller-revision-hash"


def unstick(client: Client, ref: Ref) -> list[str]:
    """Delete a StatefulSet's pods that are not ready and not of the revision it wants; gives their names.

    Waits until the controller has seen the template that was put back, so that it knows which revision that is.
    """
    live = observed(client, ref)
    if live is None or (live["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        return []
    wanted, uid = live["status"].get("updateRevision"), live["metadata"]["uid"]
    gone = []
    for pod in client.list("v1", "Pod", ref.namespace).items:
        metadata = pod["metadata"]
        ours = any(owner["uid"] == uid for owner in metadata.get("ownerReferences") or [])
        newer = (metadata.get("labels") or {}).get(_HASH) != wanted
        if ours and newer and not is_ready(pod) and not metadata.get("deletionTimestamp"):
            client.delete(Ref.of(pod), uid=metadata["uid"], propagation="Background")
            gone.append(metadata["name"])
    return gone
