"""Judges one pod. Sources: "Pod Lifecycle" and "Debug Pods" in the Kubernetes documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .containers import judge_container
from .missing_settings import missing_setting, wait_for_setting
from .object_fields import Obj, condition, event_time, first_time, spec_of
from .scheduling import judge_scheduling
from .verdict import Cause, Verdict, failed, progressing, ready, worst
from .view import View

# Not the pod's own fault: its controller makes another one.
_REPLACED = {"Evicted", "Preempting", "Shutdown", "NodeShutdown", "NodeLost", "UnexpectedAdmissionError", "Terminated"}
_UNMOUNTED = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
_MOUNTED = ("Pulling", "Pulled", "Created", "Started")


def judge_bare_pod(pod: Obj, view: View) -> Verdict:
    """Judge a pod that was deployed as such: no controller replaces it when it was evicted or preempted."""
    verdict = judge_pod(pod, view)
    disrupted = condition(pod, "DisruptionTarget")
    gone = (pod.get("status") or {}).get("phase") == "Failed" or disrupted.get("status") == "True"
    controlled = any(owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or [])
    if controlled or not gone or verdict.state != "progressing":
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
    if (held := judge_scheduling(pod, view) or _unmounted(pod, view)) is not None:
        return held
    if condition(pod, "Ready").get("status") == "True":
        return ready(f"pod {name} is ready")
    cause = _gated(pod) or _unready(pod, view) or _initialising(pod)
    return progressing("PodNotReady", cause.message if cause else f"pod {name} is not ready yet", cause)


def judge_pods(pods: Iterable[Obj], view: View) -> Verdict | None:
    """Return the verdict that decides among the pods of a workload; None when nothing speaks against them."""
    alive = [p for p in pods if not p["metadata"].get("deletionTimestamp")]
    return worst(judge_pod(pod, view) for pod in alive)


def is_ready(pod: Obj) -> bool:
    """Return whether a pod receives traffic."""
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
    if wanted := missing_setting(text, pod):
        return wait_for_setting(pod, wanted, cause, first_time(events[0]), view)
    return view.fail_after(first_time(events[0]), view.grace.mount, cause)


def _gated(pod: Obj) -> Cause | None:
    """Return the readiness gate that is not met as a cause; something outside of the pod sets its condition."""
    if condition(pod, "ContainersReady").get("status") != "True":
        return None
    name = pod["metadata"]["name"]
    for gate in spec_of(pod).get("readinessGates") or []:
        kind = gate["conditionType"]
        state = condition(pod, kind)
        if state.get("status") == "True":
            continue
        why = state.get("message") or state.get("reason") or "no controller has set the condition on the pod"
        return Cause("ReadinessGatesNotReady", f"pod {name}: readiness gate {kind} is not met: {why}", name)
    return None


def _unready(pod: Obj, view: View) -> Cause | None:
    events = view.events_of(pod, "Unhealthy")
    if not events:
        return None
    return Cause("Unhealthy", events[-1].get("message", ""), pod["metadata"]["name"])


def _initialising(pod: Obj) -> Cause | None:
    """Return the init container that the others wait for, as a cause."""
    name = pod["metadata"]["name"]
    if condition(pod, "Initialized").get("status") != "False":
        return None
    sidecars = {c["name"] for c in spec_of(pod).get("initContainers") or [] if c.get("restartPolicy") == "Always"}
    for state in (pod.get("status") or {}).get("initContainerStatuses") or []:
        if "running" in (state.get("state") or {}) and state["name"] not in sidecars:
            return Cause("Initializing", f"pod {name}: init container {state['name']} still runs", name, state["name"])
    return None
