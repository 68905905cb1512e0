"""Objects that end by themselves: when one is gone, nobody deleted it, and there is nothing to restore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def ends_by_itself(obj: Mapping[str, Any]) -> str:
    """Return why an object that is gone may have ended by itself, by how it was; "" when it can't have.

    A Job with a TTL is deleted when it has finished ("Automatic Cleanup for Finished Jobs", Kubernetes documentation),
    a pod that has ended by the garbage collection of pods; what has a controller lives as long as the controller wants
    (a CronJob's history limits, an operator, garbage collection).
    """
    metadata, spec = obj["metadata"], obj.get("spec") or {}
    controller = next((o for o in metadata.get("ownerReferences") or [] if o.get("controller")), None)
    if controller is not None:
        return (
            f"its controller, {controller.get('kind', '').lower()}/{controller.get('name')}, decides how long it lives"
        )
    if obj["kind"] == "Job" and "ttlSecondsAfterFinished" in spec:
        return f"its time to live ends {spec['ttlSecondsAfterFinished']} s after it has finished"
    if obj["kind"] == "Pod" and (obj.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return "it had ended, and pods that have ended are collected"
    return ""
