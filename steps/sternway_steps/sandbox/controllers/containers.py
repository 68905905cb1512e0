"""The life of one container as a function of time: its status so many seconds after its pod was scheduled."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..behaviour import Behaviour, behaviour_of
from ..identity import now
from . import timing
from .world import Obj


@dataclass
class Life:
    """A container at one moment.

    `next` is the time of its next change, in seconds from its begin; `code` is set when it ended for good.
    """

    status: Obj
    next: float = math.inf
    ready: bool = False
    code: int | None = None
    events: list[tuple[str, str, bool]] = field(default_factory=list)


def live(container: Mapping[str, Any], elapsed: float, *, restarts: str, is_init: bool, missing: str) -> Life:
    """Return a container as it is `elapsed` seconds after its begin.

    `restarts` is the pod's restartPolicy; `missing` names a Secret or ConfigMap that it needs and that does not exist.
    """
    found = behaviour_of(container, ends=is_init or restarts != "Always")
    name = container["name"]
    base: Obj = {
        "name": name,
        "image": found.image,
        "imageID": "",
        "restartCount": 0,
        "ready": False,
        "started": False,
        "lastState": {},
    }
    if found.pull == "invalid":
        text = f'Failed to apply default image tag "{found.image}": couldn\'t parse image name "{found.image}": invalid reference format'
        return Life(
            _waiting(base, "InvalidImageName", text),
            events=[("InspectFailed", text, True), ("Failed", "Error: InvalidImageName", True)],
        )
    if elapsed < timing.PULL:
        return Life(_waiting(base, "ContainerCreating" if not is_init else "PodInitializing"), timing.PULL)
    if found.pull != "ok":
        return _unpulled(base, found, elapsed)
    pulled = [("Pulled", f'Container image "{found.image}" already present on machine', False)]
    if missing:
        return Life(
            _waiting(base, "CreateContainerConfigError", missing),
            events=[*pulled, ("Failed", f"Error: {missing}", True)],
        )
    return _running(base, container, found, elapsed - timing.PULL, restarts, pulled)


def _unpulled(base: Obj, found: Behaviour, elapsed: float) -> Life:
    host = found.image.split("/")[0]
    cause = {
        "missing": f"{found.image}: not found",
        "private": "pull access denied, repository does not exist or may require authorization: server message: "
        "insufficient_scope: authorization failed",
    }.get(found.pull, f'failed to do request: Head "https://{host}/v2/": dial tcp {host}: connect: connection refused')
    code = "NotFound" if found.pull == "missing" else "Unknown"
    error = (
        f'rpc error: code = {code} desc = failed to pull and unpack image "{found.image}": '
        f'failed to resolve reference "{found.image}": {cause}'
    )
    events = [
        ("Pulling", f'Pulling image "{found.image}"', False),
        ("Failed", f'Failed to pull image "{found.image}": {error}', True),
        ("Failed", "Error: ErrImagePull", True),
    ]
    if elapsed < timing.PULL + timing.BACK_OFF:
        return Life(_waiting(base, "ErrImagePull", error), timing.PULL + timing.BACK_OFF, events=events)
    text = f'Back-off pulling image "{found.image}": ErrImagePull: {error}'
    return Life(
        _waiting(base, "ImagePullBackOff", text),
        events=[*events, ("BackOff", f'Back-off pulling image "{found.image}"', False)],
    )


def _running(
    base: Obj,
    container: Mapping[str, Any],
    found: Behaviour,
    elapsed: float,
    restarts: str,
    events: list[tuple[str, str, bool]],
) -> Life:
    code = (
        found.code if found.code is not None else 137 if found.mode == "oom" else 1 if found.mode == "crash" else None
    )
    if elapsed < timing.START:
        return Life(_waiting(base, "ContainerCreating"), timing.PULL + timing.START, events=events)
    events = [
        *events,
        ("Created", f"Created container: {base['name']}", False),
        ("Started", f"Started container {base['name']}", False),
    ]
    base["containerID"] = f"sandbox://{base['name']}"
    if code is not None:
        return _ends(base, found, elapsed - timing.START, code, restarts, events)
    running = {**base, "started": True, "state": {"running": {"startedAt": now()}}}
    up = elapsed - timing.START
    due = timing.PROBE + (found.after if found.mode == "slow" else 0.0)
    begun = timing.PULL + timing.START
    if container.get("readinessProbe") and found.mode in ("unready", "evicted"):
        text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
        late = [("Unhealthy", text, True)] if up >= timing.PROBE else []
        return Life(running, math.inf if late else begun + timing.PROBE, events=[*events, *late])
    if container.get("readinessProbe") and up < due:
        late = (
            [("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", True)]
            if up >= timing.PROBE
            else []
        )
        return Life(running, begun + due, events=[*events, *late])
    return Life({**running, "ready": True}, ready=True, events=events)


def _ends(
    base: Obj, found: Behaviour, up: float, code: int, restarts: str, events: list[tuple[str, str, bool]]
) -> Life:
    begun = timing.PULL + timing.START
    reason = "Completed" if code == 0 else "OOMKilled" if found.mode == "oom" else "Error"
    ended = {"terminated": {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}}
    again = restarts == "Always" or (restarts == "OnFailure" and code != 0)
    count, at = 0, found.after
    pause = timing.RESTART
    while again and up >= at + pause and count < 50:
        count, at, pause = count + 1, at + pause + found.after, min(timing.MOST_RESTART, pause * 2)
    base["restartCount"] = count
    if count:
        base["lastState"] = ended
    if up < at:
        return Life({**base, "started": True, "state": {"running": {"startedAt": now()}}}, begun + at, events=events)
    if not again:
        return Life({**base, "state": ended, "ready": code == 0}, code=code, events=events)
    if count == 0:
        return Life({**base, "state": ended}, begun + at + pause, events=events)
    text = f"back-off {pause:.0f}s restarting failed container={base['name']}"
    events = [*events, ("BackOff", f"Back-off restarting failed container {base['name']}", True)]
    return Life({**_waiting(base, "CrashLoopBackOff", text), "lastState": ended}, begun + at + pause, events=events)


def _waiting(base: Obj, reason: str, message: str = "") -> Obj:
    return {**base, "state": {"waiting": {"reason": reason, **({"message": message} if message else {})}}}


def same(one: Obj | None, other: Obj) -> bool:
    """Return whether two statuses are equal but for their times."""
    return one is not None and _timeless(one) == _timeless(other)


def _timeless(value: Obj) -> str:
    text: Any = json.dumps(value, sort_keys=True)
    return re.sub(r'"\d{4}-\d\d-\d\dT[^"]*"', '""', str(text))
