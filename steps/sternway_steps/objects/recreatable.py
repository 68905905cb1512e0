"""Which objects may be deleted to be made anew, and how: what is known of that by the objects alone.

| kind | made anew |
| --- | --- |
| in MAY: its objects hold nothing but what their snapshot holds | by an undo always, by a run where it is asked for |
| in HOLDS_DATA: deleting the object loses data | never |
| any other | by an undo with `--recreate` only, by a run never |
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .fields import content
from .ref import Ref

_RBAC = "rbac.authorization.k8s.io"
MAY = frozenset({
    ("", "ConfigMap"), ("", "Secret"), ("", "Service"), ("apps", "DaemonSet"), ("apps", "Deployment"),
    ("apps", "StatefulSet"), ("autoscaling", "HorizontalPodAutoscaler"), ("batch", "CronJob"), ("batch", "Job"),
    ("networking.k8s.io", "Ingress"), ("networking.k8s.io", "NetworkPolicy"), ("policy", "PodDisruptionBudget"),
    (_RBAC, "ClusterRoleBinding"), (_RBAC, "RoleBinding"), ("scheduling.k8s.io", "PriorityClass"),
    ("storage.k8s.io", "StorageClass"),
})  # fmt: skip
"""Kinds, as (group, kind), whose objects hold nothing but what their snapshot holds."""

HOLDS_DATA = frozenset({
    ("", "Namespace"), ("", "PersistentVolume"), ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
})  # fmt: skip
"""Kinds whose data is lost with the object: never made anew."""

_WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")

# What the Job controller gave to the old Job and to its pods.
_OF_THE_JOB = {"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name", "controller-uid", "job-name"}


def may_be_recreated(ref: Ref) -> bool:
    """Return whether a run may make an object of this kind anew, where it is asked to."""
    return (ref.group, ref.kind) in MAY


def has_run(obj: Mapping[str, Any]) -> bool:
    """Return whether an object is a Job that has begun: made anew it would run again."""
    return obj["kind"] == "Job" and bool((obj.get("status") or {}).get("startTime"))


def held_back(obj: Mapping[str, Any]) -> str:
    """Return why deleting an object does more than to take it away, or is somebody else's business; "" if not."""
    metadata = obj["metadata"]
    if metadata.get("finalizers"):
        return f"its finalizers ({', '.join(metadata['finalizers'])}) do something when it is deleted"
    if any(owner.get("controller") for owner in metadata.get("ownerReferences") or []):
        return "a controller owns it"
    return ""


def leaves_its_pods(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Return whether a workload made anew would not adopt the pods of the old one: its selector is another."""
    specs = [obj.get("spec") or {} for obj in (old, new)]
    return old["kind"] in _WORKLOADS and specs[0].get("selector") != specs[1].get("selector")


def propagation(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """Return how the old one is deleted: its pods go on running, and are adopted by the new one, where that can be.

    A Job's would not be, nor those that the new one does not select.
    """
    return "Foreground" if old["kind"] == "Job" or leaves_its_pods(old, new) else "Orphan"


def creatable(obj: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is sent to create an object like this one, without what the server or the Job controller sets."""
    bare = content(obj)
    if (obj.get("apiVersion"), obj.get("kind")) == ("batch/v1", "Job") and not bare["spec"].get("manualSelector"):
        spec = {key: value for key, value in bare["spec"].items() if key != "selector"}
        template = {**spec["template"], "metadata": _unlabelled(spec["template"].get("metadata") or {})}
        bare |= {"metadata": _unlabelled(bare["metadata"]), "spec": {**spec, "template": template}}
    return bare


def _unlabelled(metadata: Mapping[str, Any]) -> dict[str, Any]:
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key not in _OF_THE_JOB}
    bare = {key: value for key, value in metadata.items() if key != "labels"}
    return {**bare, "labels": labels} if labels else bare
