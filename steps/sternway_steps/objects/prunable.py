"""Which objects a run may remove that its target deployed before and no longer names: by the objects alone.

| kind | removed |
| --- | --- |
| in NEVER: what it holds does not come back with it | never |
| custom resources, in ON_REQUEST: more than fields goes (an operator's work, a Job's run) | where asked for |
| any other of Kubernetes' own | yes, when it is the target's alone |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .field_manager import manager_of, targets_among
from .fields import Fields, managed
from .kinds import is_built_in
from .ownership import UNDO_MANAGER
from .recreatable import HOLDS_DATA
from .ref import Ref

KEEP = "sternway.dev/keep"
"""The annotation by which an object stays."""
_KEEPS = ((KEEP, "true"), ("helm.sh/resource-policy", "keep"))
NEVER = HOLDS_DATA
ON_REQUEST = frozenset({("batch", "Job"), ("", "Pod")})
USUAL = (
    ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "ServiceAccount"), ("apps/v1", "DaemonSet"),
    ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "Ingress"), ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
)  # fmt: skip
"""Kinds, as (apiVersion, kind), for which a generated Role has the rights: what is no longer named it can't know."""

_CONTROLLERS = frozenset({
    "cloud-controller-manager", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet",
})  # fmt: skip
_NOTES = frozenset({"f:annotations", "f:finalizers"})
_APPLIED = "f:kubectl.kubernetes.io/last-applied-configuration"


def named(text: str) -> tuple[str, str]:
    """Return the (group, kind) that a configuration names: KIND.GROUP, or KIND of the core group, or Job."""
    kind, _, group = text.partition(".")
    own = {kind: group for group, kind in (*ON_REQUEST, *NEVER, *((v.rpartition("/")[0], k) for v, k in USUAL))}
    return (group or own.get(kind, ""), kind)


def kept(obj: Mapping[str, Any], kinds: Collection[str]) -> str:
    """Return why an object stays whoever's it is, by its kind or by what it says itself; "" when it may go."""
    ref, notes = Ref.of(obj), obj["metadata"].get("annotations") or {}
    kind = (ref.group, ref.kind)
    if kind in NEVER:
        return "what it holds does not come back with it: delete it by hand when nobody needs it"
    if found := next((f"{key}: {value}" for key, value in _KEEPS if notes.get(key) == value), ""):
        return f"it says {found}"
    asked = kind in {named(text) for text in kinds}
    if not asked and (kind in ON_REQUEST or not is_built_in(ref.api_version)):
        name = f"{ref.kind}.{ref.group}" if ref.group else ref.kind
        return f"its kind is removed only where that is asked for: deploy.prune.kinds: [{name}]"
    return ""


def bound(obj: Mapping[str, Any]) -> str:
    """Return why more would go with an object than its fields, or it is its owner's; "" when not."""
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    if owners := metadata.get("ownerReferences"):
        return f"{owners[0]['kind'].lower()}/{owners[0]['name']} owns it, and with that it goes"
    if "Delete" in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).values():
        return "its claims would go with it: its persistentVolumeClaimRetentionPolicy says Delete"
    if obj["kind"] == "CronJob" and (obj.get("status") or {}).get("active"):
        return "a Job of it runs"
    if obj["kind"] == "Secret" and obj.get("type") == "kubernetes.io/service-account-token":
        return "its token would be another one"
    return ""


def other_owners(obj: Mapping[str, Any], target: str) -> tuple[list[str], list[str]]:
    """Return which others apply an object, other targets first, and which others have set fields of it.

    What controllers write, and an annotation or a finalizer that somebody adds, is no claim on it; kubectl's own
    annotation is. What another target applies is that target's too, whatever it sets.
    """
    appliers: list[str] = []
    writers: list[str] = []
    ours = manager_of(target)
    for entry in managed(obj):
        who = str(entry.get("manager"))
        if who in (ours, UNDO_MANAGER) or who in _CONTROLLERS or entry.get("subresource") not in (None, "", "scale"):
            continue
        if entry.get("operation") == "Apply":
            appliers.append(f"target {targets_among([who])[0]}" if targets_among([who]) else who)
        elif _sets_more(entry.get("fieldsV1") or {}):
            writers.append(who)
    return sorted(set(appliers)), sorted(set(writers))


def _sets_more(fields: Fields) -> bool:
    """Return whether fields are more than annotations and finalizers that somebody added."""
    metadata = fields.get("f:metadata") or {}
    if _APPLIED in (metadata.get("f:annotations") or {}):
        return True
    return bool(set(fields) - {"f:metadata"} or set(metadata) - _NOTES - {"."})
