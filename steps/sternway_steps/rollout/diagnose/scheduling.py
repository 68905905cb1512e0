"""Judges whether a pod finds a node. Sources: "Pod Scheduling Readiness"; events of the node autoscalers."""

from __future__ import annotations

from .object_fields import Obj, condition, parse_time
from .verdict import Cause, Verdict, progressing
from .view import View

_BRINGS_NODE = ("TriggeredScaleUp", "Nominated", "NodeClaimCreated")


def judge_scheduling(pod: Obj, view: View) -> Verdict | None:
    """Judge a pod that has no node; return None when it has one, or the scheduler has not looked yet."""
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
    autoscaler_events = view.events_of(pod, *_BRINGS_NODE, "NotTriggerScaleUp")
    if autoscaler_events and autoscaler_events[-1]["reason"] in _BRINGS_NODE:
        return progressing("ScalingUp", f"pod {name} waits for a new node", cause)
    if autoscaler_events:
        cause = Cause("Unschedulable", f"{cause.message}; {autoscaler_events[-1].get('message', '')}", name)
    # A claim that is not bound yet holds the scheduler up; its volume takes its own time.
    grace = view.grace.mount if "PersistentVolumeClaim" in text else view.grace.unschedulable
    return view.fail_after(parse_time(scheduled.get("lastTransitionTime")), grace, cause)
