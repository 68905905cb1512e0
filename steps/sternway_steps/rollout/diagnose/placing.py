"""Judges whether a pod finds a node. Sources: "Pod Scheduling Readiness"; autoscalers' events."""

from __future__ import annotations

from .verdict import Cause, Obj, Verdict, View, condition, parse_time, progressing

_BRINGS_NODE = ("TriggeredScaleUp", "Nominated", "NodeClaimCreated")


def unscheduled(pod: Obj, view: View) -> Verdict | None:
    """Judge a pod that is on no node; None when it is on one, or nobody has looked yet."""
    scheduled = condition(pod, "PodScheduled")
    name, text = pod["metadata"]["name"], scheduled.get("message", "")
    if scheduled.get("status") != "False":
        return None
    if scheduled.get("reason") == "SchedulingGated":
        gates = ", ".join(g["name"] for g in (pod.get("spec") or {}).get("schedulingGates") or [])
        cause = Cause("SchedulingGated", f"pod {name} waits for its scheduling gates: {gates}", name)
        return progressing("SchedulingGated", cause.message, cause)
    if scheduled.get("reason") != "Unschedulable":
        return None
    cause = Cause("Unschedulable", f"pod {name} fits on no node: {text}", name)
    if (pod.get("status") or {}).get("nominatedNodeName"):
        return progressing("Preempting", f"pod {name} waits for pods of lower priority to leave", cause)
    # cluster-autoscaler and Karpenter say on the pod whether they bring a node; the newest word counts.
    said = view.events_of(pod, *_BRINGS_NODE, "NotTriggerScaleUp")
    if said and said[-1]["reason"] in _BRINGS_NODE:
        return progressing("ScalingUp", f"pod {name} waits for a new node", cause)
    if said:
        cause = Cause("Unschedulable", f"{cause.message}; {said[-1].get('message', '')}", name)
    # A claim that is not bound yet holds the scheduler up; its volume takes its own time.
    grace = view.grace.mount if "PersistentVolumeClaim" in text else view.grace.unschedulable
    return view.after(parse_time(scheduled.get("lastTransitionTime")), grace, cause)
