"""Keeps the claims of a StatefulSet that is deleted, whatever its retention policy says: no undo deletes data.

With `whenDeleted: Delete` the set owns its claims, also those that existed before it, and garbage collection deletes
them with it ("StatefulSets: PersistentVolumeClaim retention", Kubernetes documentation).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..kube.wait import wait_until_observed
from ..objects.ownership import UNDO_MANAGER
from ..objects.ref import Ref

if TYPE_CHECKING:
    from ..kube.client import Client

Obj = Mapping[str, Any]

_TRIES = 8
_POLICY = "persistentVolumeClaimRetentionPolicy"
_KEPT = {"whenDeleted": "Retain", "whenScaled": "Retain"}


def keep_claims(client: Client, live: Obj) -> tuple[list[str], str]:
    """Make sure that a StatefulSet's claims stay when it goes; returns their names, and why that can't be, or "".

    The policy is changed and seen by the controller, which else would own the claims again; what is left of its
    ownership then goes, and that is read again.
    """
    if live["kind"] != "StatefulSet" or not live["spec"].get("volumeClaimTemplates"):
        return [], ""
    owning = "Delete" in (live["spec"].get(_POLICY) or {}).values()
    try:
        if owning:
            _retain(client, live)
        for _ in range(_TRIES):
            claims = client.list("v1", "PersistentVolumeClaim", live["metadata"]["namespace"]).items
            owned = [claim for claim in claims if len(_others(claim, live)) < len(_owners(claim))]
            if not owned:
                return [c["metadata"]["name"] for c in claims if _of(c, live)], ""
            _let_go(client, live, owned)
    except ApiError as error:
        if not error.forbidden:
            raise
        return [], f"its claims would go with it, and may not be kept: {error}" if owning else ""
    return [], f"its claims would go with it: {', '.join(claim['metadata']['name'] for claim in owned)}"


def _retain(client: Client, live: Obj) -> None:
    ref, uid = Ref.of(live), live["metadata"]["uid"]
    found: Obj | None = live
    for _ in range(_TRIES):
        if found is None or found["metadata"]["uid"] != uid:
            return
        spec = {**found["spec"], _POLICY: _KEPT}
        if _replaced(client, {**found, "spec": spec}):
            break
        found = client.get(ref)
    wait_until_observed(client, ref)


def _let_go(client: Client, live: Obj, claims: Iterable[Obj]) -> None:
    for claim in claims:
        _replaced(client, {**claim, "metadata": {**claim["metadata"], "ownerReferences": _others(claim, live)}})


def _replaced(client: Client, obj: Obj) -> bool:
    """Write an object; False when somebody else wrote it meanwhile, or it is gone."""
    try:
        client.replace(obj, manager=UNDO_MANAGER)
    except ApiError as error:
        if error.conflict or error.not_found:
            return False
        raise
    return True


def _owners(claim: Obj) -> list[Obj]:
    return list(claim["metadata"].get("ownerReferences") or [])


def _others(claim: Obj, live: Obj) -> list[Obj]:
    """Return a claim's owners that are neither the set nor one of its pods."""
    pod = re.compile(re.escape(live["metadata"]["name"]) + r"-\d+")
    uid = live["metadata"]["uid"]
    return [o for o in _owners(claim) if o["uid"] != uid and not (o["kind"] == "Pod" and pod.fullmatch(o["name"]))]


def _of(claim: Obj, live: Obj) -> bool:
    prefixes = tuple(
        f"{t['metadata']['name']}-{live['metadata']['name']}-" for t in live["spec"]["volumeClaimTemplates"]
    )
    return str(claim["metadata"]["name"]).startswith(prefixes)
