"""Judges one pod. Sources: "Pod Lifecycle" and "Debug Pods" in the Kubernetes documentation; pkg/kubelet/images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from .images import is_final
from .verdict import Cause, Obj, Verdict, View, condition, failed, first_time, parse_time, progressing, ready, worst

_PULL = {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}
# The kubelet decides these from the pod's own spec, so that waiting changes nothing.
_FINAL = {"InvalidImageName", "ErrImageNeverPull"}
_START = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"}
# Not the pod's own fault: its controller makes another one.
_REPLACED = {"Evicted", "Preempting", "Shutdown", "NodeShutdown", "NodeLost", "UnexpectedAdmissionError", "Terminated"}


def judge_pod(pod: Obj, view: View) -> Verdict:
    """Judge a pod by its phase, its containers, its scheduling and its volumes."""
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    if pod["metadata"].get("deletionTimestamp"):
        return progressing("Terminating", f"pod {name} is being deleted")
    phase = status.get("phase")
    if phase == "Succeeded":
        return ready(f"pod {name} completed", "Completed")
    if phase == "Failed":
        return _ended(pod, view)
    verdicts = list(_containers(pod, view))
    if (decided := worst(verdicts)) is not None:
        return decided
    if (held := _unscheduled(pod, view) or _unmounted(pod, view)) is not None:
        return held
    if condition(pod, "Ready").get("status") == "True":
        return ready(f"pod {name} is ready")
    return progressing("PodNotReady", f"pod {name} is not ready yet", _unready(pod, view))


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
        verdict = _container(pod, state, view)
        if verdict is not None:
            yield verdict


def _container(pod: Obj, status: Mapping[str, Any], view: View) -> Verdict | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _PULL or reason in _FINAL:
        return _pull(pod, status, waiting, view)
    if reason in _START:
        where = f"container {status['name']} can't start: {waiting.get('message') or reason}"
        cause = Cause(reason, where, pod["metadata"]["name"], status["name"])
        return view.after(_since(pod, view, "Failed"), view.grace.config, cause)
    return _crash(pod, status, view)


def _pull(pod: Obj, status: Mapping[str, Any], waiting: Mapping[str, Any], view: View) -> Verdict:
    reason, text = waiting["reason"], waiting.get("message") or ""
    events = [e for e in view.events_of(pod, "Failed") if "pull" in e.get("message", "").lower()]
    told = [e for e in events if status.get("image", "") in e["message"]] or events
    # In the back-off the status says only that; the reason stands in the event of the failed pull.
    if reason == "ImagePullBackOff" and "ErrImagePull" not in text and told:
        text = told[-1]["message"]
    cause = Cause(reason, f"image {status.get('image')}: {text or reason}", pod["metadata"]["name"], status["name"])
    if reason in _FINAL or is_final(text):
        return failed(cause)
    began = min((t for e in told if (t := first_time(e)) is not None), default=None)
    return view.after(began or _started(pod), view.grace.pull, cause)


def _crash(pod: Obj, status: Mapping[str, Any], view: View) -> Verdict | None:
    """A container that ended with an error: once may be bad luck, `restarts` times is a crash loop."""
    state = status.get("state") or {}
    ended = state.get("terminated") or (status.get("lastState") or {}).get("terminated")
    looping = (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    if not ended or status.get("ready") or (ended.get("exitCode", 0) == 0 and not looping):
        return None
    what = ended.get("reason") or "Error"
    how = f"signal {ended['signal']}" if ended.get("signal") else f"exit code {ended['exitCode']}"
    message = f"container {status['name']} ended with {how}" + (f" ({what})" if what != "Error" else "")
    # A restart follows an end; a container that does not run now has ended once more than it was restarted.
    times = status.get("restartCount", 0) + (0 if "running" in state else 1)
    if times > 1:
        message += f", {times} times"
    reason = what if what == "OOMKilled" else "CrashLoopBackOff"
    # Of a container that runs again, the log is that of its present life.
    crashed = not state.get("terminated")
    cause = Cause(reason, message, pod["metadata"]["name"], status["name"], crashed)
    never = (pod.get("spec") or {}).get("restartPolicy") == "Never"
    if never or times >= view.grace.restarts:
        return failed(cause)
    return progressing("Restarting", message, cause)


def _ended(pod: Obj, view: View) -> Verdict:
    name, status = pod["metadata"]["name"], pod.get("status") or {}
    reason = status.get("reason") or ""
    if reason in _REPLACED or condition(pod, "DisruptionTarget").get("status") == "True":
        return progressing(reason or "Disrupted", f"pod {name} was removed from its node: {status.get('message', '')}")
    if (decided := worst(_containers(pod, view))) is not None and decided.state == "failed":
        return decided
    message = status.get("message") or reason or "its containers ended with an error"
    return failed(Cause(reason or "PodFailed", f"pod {name} failed: {message}", name))


def _unscheduled(pod: Obj, view: View) -> Verdict | None:
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
        return None
    name = pod["metadata"]["name"]
    cause = Cause("Unschedulable", f"pod {name} fits on no node: {scheduled.get('message', '')}", name)
    # cluster-autoscaler and Karpenter say on the pod whether they bring a node.
    if view.events_of(pod, "TriggeredScaleUp", "Nominated", "NodeClaimCreated"):
        return progressing("ScalingUp", f"pod {name} waits for a new node", cause)
    since = parse_time(scheduled.get("lastTransitionTime"))
    if refused := view.events_of(pod, "NotTriggerScaleUp"):
        cause = Cause("Unschedulable", f"{cause.message}; {refused[-1].get('message', '')}", name)
        return failed(cause)
    return view.after(since, view.grace.unschedulable, cause)


def _unmounted(pod: Obj, view: View) -> Verdict | None:
    if condition(pod, "Initialized").get("status") == "True" and condition(pod, "ContainersReady").get("status"):
        running = [
            (s.get("state") or {}).get("running") for s in (pod.get("status") or {}).get("containerStatuses") or []
        ]
        if any(running):
            return None  # what runs has its volumes
    events = view.events_of(pod, "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
    if not events:
        return None
    name = pod["metadata"]["name"]
    cause = Cause(events[-1]["reason"], f"pod {name}: {events[-1].get('message', '')}", name)
    return view.after(first_time(events[0]), view.grace.mount, cause)


def _unready(pod: Obj, view: View) -> Cause | None:
    events = view.events_of(pod, "Unhealthy")
    if not events:
        return None
    return Cause("Unhealthy", events[-1].get("message", ""), pod["metadata"]["name"])


def _since(pod: Obj, view: View, reason: str) -> datetime | None:
    events = view.events_of(pod, reason)
    return first_time(events[0]) if events else _started(pod)


def _started(pod: Obj) -> datetime | None:
    status = pod.get("status") or {}
    return parse_time(status.get("startTime") or pod["metadata"].get("creationTimestamp"))
