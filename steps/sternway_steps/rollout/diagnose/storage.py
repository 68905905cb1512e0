"""Judges claims and volumes. Source: "Persistent Volumes" in the Kubernetes documentation."""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, failed, first_time, progressing, ready


def judge_claim(obj: Obj, view: View) -> Verdict:
    """Ready when bound, or when it waits for its first pod by design."""
    phase = (obj.get("status") or {}).get("phase")
    if phase == "Bound":
        return ready("bound", "Bound")
    if phase == "Lost":
        # The volume is gone and with it the data; no controller brings it back.
        return failed(Cause("ClaimLost", "its volume does not exist any more"))
    if broken := view.events_of(obj, "ProvisioningFailed"):
        cause = Cause("ProvisioningFailed", broken[-1].get("message", ""))
        return view.after(first_time(broken[0]), view.grace.mount, cause)
    if view.events_of(obj, "WaitForFirstConsumer", "WaitForPodScheduled"):
        # volumeBindingMode WaitForFirstConsumer: it is bound with its pod, whose own verdict tells the rest.
        return ready("waits for its first pod", "WaitForFirstConsumer")
    if unbound := view.events_of(obj, "FailedBinding"):
        cause = Cause("FailedBinding", unbound[-1].get("message", ""))
        return view.after(first_time(unbound[0]), view.grace.mount, cause)
    said = view.events_of(obj)
    text = f"not bound yet: {said[-1].get('message', '')}" if said else "not bound yet"
    return progressing("Pending", text, Cause("Pending", text) if said else None)


def judge_volume(obj: Obj, view: View) -> Verdict:  # noqa: ARG001  every judge takes both
    """A volume is there for claims when it is available or bound."""
    status = obj.get("status") or {}
    if status.get("phase") == "Failed":
        return failed(Cause("VolumeFailed", status.get("message") or "its reclamation failed"))
    return ready(str(status.get("phase") or "exists"))
