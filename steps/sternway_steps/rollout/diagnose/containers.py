"""Judges one container of a pod: its image pull, its start, its crashes. Sources: "Pod Lifecycle"; pkg/kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .images import is_final, short
from .missing_settings import NOT_RETRIEVED, missing_pull_secret, missing_setting, wait_for_setting
from .object_fields import Obj, first_time, parse_time, spec_of
from .verdict import Cause, Verdict, failed, progressing
from .view import View

_PULL = {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}
# The kubelet decides these from the pod's own spec, so that waiting changes nothing.
_FINAL = {"InvalidImageName", "ErrImageNeverPull"}
_START = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError"}
_NEVER_STARTS = ("runasnonroot", "executable file not found", "no such file or directory", "permission denied")
_START_GRACE = 10.0
"""Seconds for trouble that is not about settings: a container name still in use, a runtime that restarts."""
_SETTLED = timedelta(minutes=10)
"""A container that has run this long starts with a new back-off: its earlier crashes are not of this rollout."""


def judge_container(pod: Obj, status: Mapping[str, Any], view: View) -> Verdict | None:
    """Judge a container by its status; return None when nothing speaks against it."""
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _PULL or reason in _FINAL:
        return _pull(pod, status, waiting, view)
    if reason in _START:
        return _start(pod, status, waiting, view)
    return _crash(pod, status, view)


def since(pod: Obj, view: View, reason: str) -> datetime | None:
    """Return when an event of a pod with `reason` was first reported; without one, when the pod was started."""
    events = view.events_of(pod, reason)
    return first_time(events[0]) if events else _started(pod)


def _pull(pod: Obj, status: Mapping[str, Any], waiting: Mapping[str, Any], view: View) -> Verdict:
    reason, text, image = waiting["reason"], waiting.get("message") or "", str(status.get("image", ""))
    events = [e for e in view.events_of(pod, "Failed") if "pull" in e.get("message", "").lower()]
    about_image = [e for e in events if image in e["message"]] or events
    # In the back-off the status says only that; the reason stands in the event of the failed pull.
    if reason == "ImagePullBackOff" and "ErrImagePull" not in text and about_image:
        text = about_image[-1]["message"]
    cause = Cause(reason, f"image {image}: {short(text, image) or reason}", pod["metadata"]["name"], status["name"])
    began = min((t for e in about_image if (t := first_time(e)) is not None), default=_started(pod))
    if reason not in _FINAL and (secret := missing_pull_secret(pod, view)):
        return wait_for_setting(pod, f"secret/{secret}", cause, since(pod, view, NOT_RETRIEVED), view)
    if reason in _FINAL or is_final(text.replace(image, "")):
        return failed(cause)
    return view.fail_after(began, view.grace.pull, cause)


def _start(pod: Obj, status: Mapping[str, Any], waiting: Mapping[str, Any], view: View) -> Verdict:
    reason, text = waiting["reason"], waiting.get("message") or ""
    message = f"container {status['name']} can't start: {text or reason}"
    cause = Cause(reason, message, pod["metadata"]["name"], status["name"])
    began = since(pod, view, "Failed")
    if wanted := missing_setting(text):
        return wait_for_setting(pod, wanted, cause, began, view)
    if any(word in text.lower() for word in _NEVER_STARTS):
        return failed(cause)
    return view.fail_after(began, min(_START_GRACE, view.grace.config), cause)


def _crash(pod: Obj, status: Mapping[str, Any], view: View) -> Verdict | None:
    """Judge a container that ended with an error: once may be bad luck, `grace.restarts` times is a crash loop."""
    state = status.get("state") or {}
    looping = (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    ended = state.get("terminated") or (status.get("lastState") or {}).get("terminated") or ({} if looping else None)
    if ended is None or status.get("ready") or (ended.get("exitCode", 0) == 0 and not looping):
        return None
    if _settled(state, view):
        return None
    what = ended.get("reason") or "Error"
    how = f"signal {ended['signal']}" if ended.get("signal") else f"exit code {ended.get('exitCode', 'unknown')}"
    message = f"container {status['name']} ended with {how}" + (f" ({what})" if what != "Error" else "")
    # A restart follows an end; a container that does not run now has ended once more than it was restarted.
    times = status.get("restartCount", 0) + (0 if "running" in state else 1)
    if times > 1:
        message += f", {times} times"
    reason = what if what == "OOMKilled" else "CrashLoopBackOff"
    # Of a container that runs again, the log is that of its present life.
    crashed = not state.get("terminated")
    cause = Cause(reason, message, pod["metadata"]["name"], status["name"], crashed)
    if _policy(pod, status["name"]) == "Never" or times >= view.grace.restarts:
        return failed(cause)
    return progressing("Restarting", message, cause)


def _settled(state: Mapping[str, Any], view: View) -> bool:
    started = parse_time((state.get("running") or {}).get("startedAt"))
    return started is not None and view.now - started >= _SETTLED


def _policy(pod: Obj, container: str) -> str:
    """Return what happens when a container ends: its own restartPolicy (a sidecar's, say) overrides the pod's."""
    spec = spec_of(pod)
    own: Mapping[str, Any] = next(
        (c for c in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])] if c["name"] == container),
        {},
    )
    return str(own.get("restartPolicy") or spec.get("restartPolicy") or "Always")


def _started(pod: Obj) -> datetime | None:
    status = pod.get("status") or {}
    return parse_time(status.get("startTime") or pod["metadata"].get("creationTimestamp"))
