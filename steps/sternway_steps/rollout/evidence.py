"""What is kept of a failed rollout before an undo deletes it: log lines, events, and the objects as they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..kube.api_error import ApiError
from ..objects.fields import content
from ..objects.ref import Ref
from .diagnose import Verdict
from .diagnose.object_fields import event_time
from .watch_cache import WatchCache

if TYPE_CHECKING:
    from ..kube.client import Client

LINES = 20
_MOST_EVENTS = 10


@dataclass(frozen=True)
class Evidence:
    """The last log lines, the events (`REASON: MESSAGE`, newest last), the failed object and its pod."""

    pod: str = ""
    container: str = ""
    log: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    objects: tuple[Mapping[str, Any], ...] = field(default_factory=tuple)


def gather(client: Client, observed: WatchCache, ref: Ref, verdict: Verdict) -> Evidence:
    """Collect the evidence of a failure; what can't be read is left out, for the verdict stands without it.

    A right that is missing is named in its place.
    """
    cause = verdict.cause
    pod = observed.get(Ref("v1", "Pod", ref.namespace, cause.pod)) if cause and cause.pod else None
    failed = observed.get(ref) or observed.deleted(ref)[0]
    events = sorted((e for obj in (failed, pod) if obj is not None for e in _events(client, obj)), key=event_time)
    messages = dict.fromkeys(
        f"{e.get('reason')}: {e.get('message', '').strip()}"
        for e in events
        if e.get("type") == "Warning"
        and _adds_information(e.get("message", "").strip(), cause.message if cause else "")
    )
    container = _container(pod, cause.container if cause else "")
    return Evidence(
        pod=cause.pod if cause else "",
        container=container,
        log=_log(client, pod, container, cause.crashed if cause else False),
        events=tuple(messages)[-_MOST_EVENTS:],
        objects=tuple({**content(obj), "status": obj.get("status", {})} for obj in (failed, pod) if obj is not None),
    )


def _adds_information(message: str, cause: str) -> bool:
    """Return whether an event says more than the cause does; "Error: ErrImagePull" says nothing at all."""
    return message not in cause and " " in message.removeprefix("Error: ")


def _events(client: Client, obj: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the events about an object now: the watch may not have delivered the newest yet."""
    metadata = obj["metadata"]
    about = f"involvedObject.uid={metadata['uid']}"
    try:
        return client.list("v1", "Event", metadata.get("namespace"), fields=about).items
    except ApiError as error:
        missing = {"type": "Warning", "reason": "Forbidden", "message": error.message, "metadata": {}}
        return [missing] if error.forbidden else []


def _container(pod: Mapping[str, Any] | None, named: str) -> str:
    if pod is None or named:
        return named
    return str(pod["spec"]["containers"][0]["name"])


def _log(client: Client, pod: Mapping[str, Any] | None, container: str, crashed: bool) -> tuple[str, ...]:
    if pod is None or not container:
        return ()
    status = pod.get("status") or {}
    states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    started = next((s for s in states if s["name"] == container and (s.get("lastState") or s.get("containerID"))), None)
    if started is None:
        return ()
    metadata = pod["metadata"]
    for previous in (True, False) if crashed and not started["state"].get("terminated") else (False,):
        try:
            text = client.logs(metadata["namespace"], metadata["name"], container, tail=LINES, previous=previous)
        except ApiError as error:
            if error.forbidden:
                return (f"the log can't be read: {error.message}",)
            continue
        if text.strip():
            return tuple(text.splitlines()[-LINES:])
    return ()
