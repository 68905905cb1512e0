"""What an undo leaves although the run created it: what holds data, or objects of others, or may hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .survey import ListedObject, Survey, instances, survey

if TYPE_CHECKING:
    from ..kube.client import Client

# What the cluster itself puts into every namespace, or keeps beside other objects.
_OF_THE_CLUSTER = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
_FOLLOWERS = {"ControllerRevision", "EndpointSlice", "Endpoints", "Event", "PodMetrics"}
_FEW = 5


def must_stay(client: Client, live: Mapping[str, Any]) -> str:
    """Return why an object stays, or ""."""
    kind, group = live["kind"], live["apiVersion"].rpartition("/")[0]
    if (kind, group) == ("PersistentVolumeClaim", ""):
        return "it holds data; delete it by hand when the data is not needed"
    if (kind, group) == ("Namespace", ""):
        return _because(survey(client, live["metadata"]["name"]), "it holds other objects", "whether it holds others")
    if kind == "CustomResourceDefinition":
        found = instances(client, live)
        return _because(found, "objects of its kind are there", "whether objects of its kind are there")
    return ""


def _because(found: Survey, certain: str, unknown: str) -> str:
    """Return what speaks against a deletion: what was listed, else what could not be listed."""
    there = [one for one in found.objects if not _goes_along(one)]
    if there:
        return f"{certain}: {few([str(one.ref) for one in there])}"
    if found.unseen:
        return f"{unknown} can't be told: {few(found.unseen)}; delete it by hand when it does not"
    return ""


def _goes_along(one: ListedObject) -> bool:
    cluster = one.ref.kind in _FOLLOWERS or (one.ref.kind, one.ref.name) in _OF_THE_CLUSTER
    return cluster or bool(one.metadata.get("deletionTimestamp"))


def few(names: Sequence[str]) -> str:
    """Return the first names, and whether there are more."""
    return ", ".join(names[:_FEW]) + (" and more" if len(names) > _FEW else "")
