"""Deleting what a run created: by UID only, waited for, and never what holds other people's data."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ..step import Item
from .ref import Ref
from .watch import SYNC, Watches, named

if TYPE_CHECKING:
    from .client import Client

GONE_WITHIN = 120.0
"""Seconds that an object may take to go, its pods included, before the undo counts as failed."""

# What the cluster itself puts into every namespace, or keeps beside other objects.
_OF_THE_CLUSTER = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_FOLLOWERS = {"ControllerRevision", "EndpointSlice", "Endpoints", "Event", "PodMetrics"}


def remove(client: Client, ref: Ref, uid: str) -> Item:
    """Delete an object and wait until it is gone. Gives deleted, kept (with the reason) or failed."""
    if reason := _must_stay(client, ref):
        return Item(str(ref), "kept", reason)
    claims = _claims_of(client, ref)
    client.delete(ref, uid=uid, propagation="Foreground")
    left = await_gone(client, ref, uid)
    if left is not None:
        holds = ", ".join(left["metadata"].get("finalizers") or []) or "nothing that is known"
        return Item(str(ref), "failed", f"still being deleted after {GONE_WITHIN:.0f} s; finalizers: {holds}")
    return Item(str(ref), "deleted", f"kept its claims: {', '.join(claims)}" if claims else "")


def await_gone(client: Client, ref: Ref, uid: str, within: float = GONE_WITHIN) -> dict[str, Any] | None:
    """Watch until no object of that UID is there; gives None, or the object that is still there after `within` s."""
    live: dict[str, Any] | None = client.get(ref)
    if live is None or live["metadata"]["uid"] != uid:
        return None
    with Watches(client) as watches:
        timer = threading.Timer(within, watches.close)
        timer.start()
        try:
            there = False
            for change, obj in watches.follow(ref.api_version, ref.kind, ref.namespace, fields=named(ref.name)):
                ours = obj.get("metadata", {}).get("uid") == uid
                if (change == "DELETED" and ours) or (change == SYNC and not there):
                    return None
                there = there or ours
        finally:
            timer.cancel()
            timer.join()
    live = client.get(ref)
    return live if live is not None and live["metadata"]["uid"] == uid else None


def _must_stay(client: Client, ref: Ref) -> str:
    if ref.kind == "PersistentVolumeClaim":
        return "it holds data; delete it by hand when the data is not needed"
    if ref.kind == "Namespace" and ref.api_version == "v1" and (others := _content(client, ref.name)):
        return f"it holds other objects: {', '.join(others[:5])}" + (" and more" if len(others) > 5 else "")
    if ref.kind == "CustomResourceDefinition" and (others := _instances(client, ref)):
        return f"objects of its kind are there: {', '.join(others[:5])}"
    return ""


def _content(client: Client, namespace: str) -> list[str]:
    found: list[str] = []
    for api_version in _group_versions(client):
        base = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        for resource in client.raw("GET", base)["resources"]:
            kind = resource["kind"]
            listable = resource["namespaced"] and "list" in resource["verbs"] and "/" not in resource["name"]
            if not listable or kind in _FOLLOWERS:
                continue
            for obj in client.list(api_version, kind, namespace).items:
                metadata = obj["metadata"]
                if (kind, metadata["name"]) in _OF_THE_CLUSTER or metadata.get("deletionTimestamp"):
                    continue
                found.append(str(Ref(api_version, kind, None, metadata["name"])))
    return found


def _group_versions(client: Client) -> list[str]:
    groups = client.raw("GET", "/apis")["groups"]
    return ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]


def _instances(client: Client, ref: Ref) -> list[str]:
    from .discovery import UnknownKind

    spec = (client.get(ref) or {}).get("spec")
    if spec is None:
        return []
    version = next(v["name"] for v in spec["versions"] if v.get("storage"))
    try:
        items = client.list(f"{spec['group']}/{version}", spec["names"]["kind"]).items
    except UnknownKind:
        return []
    return [obj["metadata"]["name"] for obj in items if not obj["metadata"].get("deletionTimestamp")]


def _claims_of(client: Client, ref: Ref) -> list[str]:
    """Name the claims that a StatefulSet made; they outlive it."""
    if ref.kind != "StatefulSet":
        return []
    live = client.get(ref) or {}
    templates = live.get("spec", {}).get("volumeClaimTemplates") or []
    prefixes = tuple(f"{template['metadata']['name']}-{ref.name}-" for template in templates)
    if not prefixes:
        return []
    claims = client.list("v1", "PersistentVolumeClaim", ref.namespace).items
    return [c["metadata"]["name"] for c in claims if c["metadata"]["name"].startswith(prefixes)]
