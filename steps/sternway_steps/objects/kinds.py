"""What is known of kinds by their names alone: which have a state, which have pods, which are Kubernetes' own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

WITH_STATE = frozenset({
    ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job"),
    ("batch", "CronJob"), ("", "Pod"), ("", "ReplicationController"), ("", "PersistentVolumeClaim"),
    ("", "PersistentVolume"), ("", "Service"), ("", "Namespace"), ("networking.k8s.io", "Ingress"),
    ("autoscaling", "HorizontalPodAutoscaler"), ("apiextensions.k8s.io", "CustomResourceDefinition"),
})  # fmt: skip
"""Kinds of Kubernetes itself, as (group, kind), whose objects become ready, or fail to."""

# Groups whose other kinds have no state of their own: they are there or not.
_BUILT_IN = frozenset({
    "", "apps", "batch", "autoscaling", "policy", "rbac.authorization.k8s.io", "networking.k8s.io", "storage.k8s.io",
    "coordination.k8s.io", "scheduling.k8s.io", "node.k8s.io", "discovery.k8s.io", "admissionregistration.k8s.io",
    "events.k8s.io", "certificates.k8s.io",
})  # fmt: skip


def has_pods(api_version: str, kind: str) -> bool:
    """Return whether objects of a kind have pods that tell their state."""
    keepers = {("batch", "Job"), ("", "ReplicationController"), ("apps", kind)}
    return (_group(api_version), kind) in keepers and kind != "ControllerRevision"


def has_state(api_version: str, kind: str) -> bool:
    """Return whether objects of a kind can be more than existing: only such are watched."""
    group = _group(api_version)
    return (group, kind) in WITH_STATE or group not in _BUILT_IN


def is_custom(api_version: str, kind: str) -> bool:
    """Return whether a kind is none of Kubernetes' own, so that it is judged by its conditions."""
    group = _group(api_version)
    return (group, kind) not in WITH_STATE and group not in _BUILT_IN


def is_built_in(api_version: str) -> bool:
    """Return whether a kind is one of Kubernetes' own, by its API group."""
    return _group(api_version) in {*_BUILT_IN, "apiextensions.k8s.io", "apiregistration.k8s.io"}


def _group(api_version: str) -> str:
    return api_version.rpartition("/")[0]


def defined(objects: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return the `spec` of each CustomResourceDefinition among objects, by the API group and kind that it defines."""
    specs = (obj["spec"] for obj in objects if obj["kind"] == "CustomResourceDefinition")
    # The server says what is wrong with one that names neither.
    return {(str(spec["group"]), str(spec["names"]["kind"])): spec for spec in specs if _names_kind(spec)}


def _names_kind(spec: Any) -> bool:
    names = spec.get("names") if isinstance(spec, Mapping) and "group" in spec else None
    return isinstance(names, Mapping) and "kind" in names
