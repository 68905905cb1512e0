"""Judges PersistentVolumeClaims and PersistentVolumes. Source: "Persistent Volumes" in the Kubernetes documentation."""

from __future__ import annotations

from .object_fields import Obj, first_time
from .verdict import Cause, Verdict, failed, progressing, ready
from .view import View


def judge_claim(obj: Obj, view: View) -> Verdict:
    """A claim is ready when bound, or when its storage class binds it with its first pod."""
    phase = (obj.get("status") or {}).get("phase")
    if phase == "Bound":
        return ready("bound", "Bound")
    if phase == "Lost":
        # The volume is gone and with it the data; no controller brings it back.
        return failed(Cause("ClaimLost", "its volume does not exist any more"))
    if provisioning := view.events_of(obj, "ProvisioningFailed"):
        cause = Cause("ProvisioningFailed", provisioning[-1].get("message", ""))
        return view.fail_after(first_time(provisioning[0]), view.grace.mount, cause)
    if view.events_of(obj, "WaitForFirstConsumer", "WaitForPodScheduled"):
        # volumeBindingMode WaitForFirstConsumer: it is bound with its pod, whose own verdict tells the rest.
        return ready("waits for its first pod", "WaitForFirstConsumer")
    if binding := view.events_of(obj, "FailedBinding"):
        cause = Cause("FailedBinding", binding[-1].get("message", ""))
        return view.fail_after(first_time(binding[0]), view.grace.mount, cause)
    events = view.events_of(obj)
    text = f"not bound yet: {events[-1].get('message', '')}" if events else "not bound yet"
    return progressing("Pending", text, Cause("Pending", text) if events else None)


def judge_volume(obj: Obj, view: View) -> Verdict:  # noqa: ARG001  every judge takes both
    """A volume is ready for claims when it is available or bound."""
    status = obj.get("status") or {}
    if status.get("phase") == "Failed":
        return failed(Cause("VolumeFailed", status.get("message") or "its reclamation failed"))
    return ready(str(status.get("phase") or "exists"))
