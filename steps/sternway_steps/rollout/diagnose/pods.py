"""Judges one pod. Sources: "Pod Lifecycle" and "Debug Pods" in the Kubernetes documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .containers import judge_container
from .missing import settings_of, wait_for
from .placing import unscheduled
from .verdict import (
    Cause,
    Obj,
    Verdict,
    View,
    condition,
    event_time,
    failed,
    first_time,
    progressing,
    ready,
    spec_of,
    worst,
)

# Not the pod's own fault: its controller makes another one.
_REPLACED = {"Evicted", "Preempting", "Shutdown", "NodeShutdown", "NodeLost", "UnexpectedAdmissionError", "Terminated"}
_UNMOUNTED = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
_MOUNTED = ("Pulling", "Pulled", "Created", "Started")


def judge_bare_pod(pod: Obj, view: View) -> Verdict:
    """Judge a pod that was deployed itself: nobody makes another one when it was evicted or preempted."""
    verdict = judge_pod(pod, view)
    disrupted = condition(pod, "DisruptionTarget")
    gone = (pod.get("status") or {}).get("phase") == "Failed" or disrupted.get("status") == "True"
    kept = any(owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or [])
    if kept or not gone or verdict.state != "progressing":
        return verdict
    name, why = pod["metadata"]["name"], disrupted.get("message") or verdict.message
    return failed(Cause(str(disrupted.get("reason") or verdict.reason), f"{why}; no controller makes pod {name} anew"))


def judge_pod(pod: Obj, view: View) -> Verdict:
    """Judge a pod by its phase, its containers, its scheduling and its volumes."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    phase = status.get("phase")
    if phase == "Succeeded":
        return ready(f"pod {name} completed", "Completed")
    if phase == "Failed":
        return _ended(pod, view)
    if pod["metadata"].get("deletionTimestamp"):
        return progressing("Terminating", f"pod {name} is being deleted")
    verdicts = list(_containers(pod, view))
    if (decided := worst(verdicts)) is not None:
        return decided
    if (held := unscheduled(pod, view) or _unmounted(pod, view)) is not None:
        return held
    if condition(pod, "Ready").get("status") == "True":
        return ready(f"pod {name} is ready")
    cause = _gated(pod) or _unready(pod, view) or _initialising(pod)
    return progressing("PodNotReady", cause.message if cause else f"pod {name} is not ready yet", cause)


def judge_pods(pods: Iterable[Obj], view: View) -> Verdict | None:
    """Give what decides among the pods of a workload, or None when nothing speaks against them."""
    alive = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
    return worst(judge_pod(pod, view) for pod in alive)


def is_ready(pod: Obj) -> bool:
    """Tell whether a pod takes traffic."""
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def _containers(pod: Obj, view: View) -> Iterator[Verdict]:
    status = pod.get("status") or {}
    for state in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        verdict = judge_container(pod, state, view)
        if verdict is not None:
            yield verdict


def _ended(pod: Obj, view: View) -> Verdict:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    reason = status.get("reason") or ""
    disrupted = condition(pod, "DisruptionTarget")
    if reason in _REPLACED or disrupted.get("status") == "True":
        why = status.get("message") or disrupted.get("message") or reason
        return progressing(reason or "Disrupted", f"pod {name} was removed from its node: {why}")
    if (decided := worst(_containers(pod, view))) is not None and decided.state == "failed":
        return decided
    message = status.get("message") or reason or "its containers ended with an error"
    return failed(Cause(reason or "PodFailed", f"pod {name} failed: {message}", name))


def _unmounted(pod: Obj, view: View) -> Verdict | None:
    states = (pod.get("status") or {}).get("containerStatuses") or []
    if any((s.get("state") or {}).get("running") for s in states):
        return None  # what runs has its volumes
    # A volume that came late is there once the kubelet pulls or starts something.
    through = max((event_time(e) for e in view.events_of(pod, *_MOUNTED)), default="")
    events = [e for e in view.events_of(pod, *_UNMOUNTED) if event_time(e) > through]
    if not events:
        return None
    name, text = pod["metadata"]["name"], events[-1].get("message", "")
    cause = Cause(events[-1]["reason"], f"pod {name}: {text}", name)
    if wanted := settings_of(text, pod):
        return wait_for(pod, wanted, cause, first_time(events[0]), view)
    return view.after(first_time(events[0]), view.grace.mount, cause)


def _gated(pod: Obj) -> Cause | None:
    """Name a readiness gate that is not met; somebody outside of the pod sets its condition."""
    if condition(pod, "ContainersReady").get("status") != "True":
        return None
    name = pod["metadata"]["name"]
    for gate in spec_of(pod).get("readinessGates") or []:
        kind = gate["conditionType"]
        found = condition(pod, kind)
        if found.get("status") == "True":
            continue
        why = found.get("message") or found.get("reason") or "no controller has set the condition on the pod"
        return Cause("ReadinessGatesNotReady", f"pod {name}: readiness gate {kind} is not met: {why}", name)
    return None


def _unready(pod: Obj, view: View) -> Cause | None:
    events = view.events_of(pod, "Unhealthy")
    if not events:
        return None
    return Cause("Unhealthy", events[-1].get("message", ""), pod["metadata"]["name"])


def _initialising(pod: Obj) -> Cause | None:
    """Name the init container that the others wait for."""
    name = pod["metadata"]["name"]
    if condition(pod, "Initialized").get("status") != "False":
        return None
    sidecars = {c["name"] for c in spec_of(pod).get("initContainers") or [] if c.get("restartPolicy") == "Always"}
    for state in (pod.get("status") or {}).get("initContainerStatuses") or []:
        if "running" in (state.get("state") or {}) and state["name"] not in sidecars:
            return Cause("Initializing", f"pod {name}: init container {state['name']} still runs", name, state["name"])
    return None
