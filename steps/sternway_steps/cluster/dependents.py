"""Who depends on an object: what names it as its owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .ref import Ref

if TYPE_CHECKING:
    from .client import Client

# What the controllers of Kubernetes make for an object, adopt again, or make anew.
_FOLLOWERS = {"ControllerRevision", "EndpointSlice", "Event", "Job", "PersistentVolumeClaim", "Pod", "ReplicaSet"}


def dependents(client: Client, ref: Ref, uid: str) -> list[str]:
    """Name what others made that names the object as its owner, in all kinds that we may list.

    What may not be listed, or is down, is passed over: nothing of it is deleted with an object whose dependents are
    orphaned.
    """
    found = []
    for api_version, kind, namespaced in _kinds(client):
        if kind in _FOLLOWERS or (ref.namespace is not None and not namespaced):
            continue
        for obj in _listed(client, api_version, kind, ref.namespace):
            if any(owner.get("uid") == uid for owner in obj["metadata"].get("ownerReferences") or []):
                found.append(str(Ref.of(obj)))
    return found


def _kinds(client: Client) -> Iterator[tuple[str, str, bool]]:
    from .api_error import ApiError

    groups = client.raw("GET", "/apis")["groups"]
    for api_version in ("v1", *(group["preferredVersion"]["groupVersion"] for group in groups)):
        try:
            answer = client.raw("GET", f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}")
        except ApiError:
            continue
        for resource in answer["resources"]:
            if "list" in resource["verbs"] and "/" not in resource["name"]:
                yield api_version, resource["kind"], resource["namespaced"]


def _listed(client: Client, api_version: str, kind: str, namespace: str | None) -> list[dict[str, Any]]:
    from .api_error import ApiError
    from .discovery import UnknownKind

    try:
        return client.list(api_version, kind, namespace).items
    except (ApiError, UnknownKind):
        return []
