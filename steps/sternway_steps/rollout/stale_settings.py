"""Finds containers that still use the values which a ConfigMap or Secret had when they started.

Environment variables and files mounted by `subPath` are read once, when a container starts; mounted volumes are updated
("ConfigMaps are mounted as subPath volumes do not receive updates", Kubernetes documentation). After an undo such a
container would go on with the settings of the failed version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..objects.ref import Ref

Obj = Mapping[str, Any]

_SLACK = timedelta(seconds=1)
"""Tolerance for comparing times: they are whole seconds, and a container's are those of its node."""


@dataclass(frozen=True)
class ChangedSetting:
    """A ConfigMap or Secret of which the values of `keys` were changed at `since`."""

    ref: Ref
    keys: frozenset[str]
    since: datetime


@dataclass(frozen=True)
class StaleReader:
    """A container that runs with such a value.

    `reads` says which value, and how it is read. `controller` is the owner reference of what would replace the pod.
    """

    pod: Ref
    uid: str
    container: str
    container_id: str
    started: str
    reads: str
    controller: Obj | None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data for the journal."""
        pod = [self.pod.namespace, self.pod.name]
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "pod": pod}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> StaleReader:
        """Return what `to_dict` was called on."""
        return StaleReader(**{**data, "pod": Ref("v1", "Pod", *data["pod"])})


def changed_setting(before: Obj | None, after: Obj, since: datetime) -> ChangedSetting | None:
    """Return which values a run changed in a ConfigMap or Secret; None when it changed none."""
    old, new = _values(before or {}), _values(after)
    keys = frozenset(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return ChangedSetting(Ref.of(after), keys, since) if keys else None


def find_readers(pods: Iterable[Obj], settings: Sequence[ChangedSetting]) -> Iterator[StaleReader]:
    """Yield the containers that started after a setting was changed, and read it at their start."""
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp") and _phase(pod) not in ("Succeeded", "Failed"):
            here = [one for one in settings if one.ref.namespace == pod["metadata"]["namespace"]]
            yield from _of_pod(pod, here) if here else ()


def _of_pod(pod: Obj, settings: Sequence[ChangedSetting]) -> Iterator[StaleReader]:
    metadata, spec, status = pod["metadata"], pod["spec"], pod["status"]
    controller = next((o for o in metadata.get("ownerReferences") or [] if o.get("controller")), None)
    states = {s["name"]: s for key in ("initContainerStatuses", "containerStatuses") for s in status.get(key) or []}
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or []:
            state: Obj = states.get(container["name"]) or {}
            started = _started(state, init=key == "initContainers")
            changed = [one for one in settings if started and _since(started, one)]
            reasons = dict.fromkeys(
                f"{_name(one)} ({how})" for one in changed for how in reads_at_start(spec, container, one)
            )
            if reasons:
                ref = Ref("v1", "Pod", metadata["namespace"], metadata["name"])
                what = ", ".join(reasons)
                yield StaleReader(
                    ref, metadata["uid"], container["name"], state["containerID"], started, what, controller
                )


def still_running(pods: Iterable[Obj], readers: Iterable[StaleReader]) -> list[StaleReader]:
    """Return those whose pod still exists and whose container was not restarted."""
    running = set()
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp"):
            status = pod.get("status") or {}
            states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
            running |= {(pod["metadata"]["uid"], state["name"], state.get("containerID")) for state in states}
    return [one for one in readers if (one.uid, one.container, one.container_id) in running]


def reads_at_start(spec: Obj, container: Obj, one: ChangedSetting) -> Iterator[str]:
    """Yield how a container reads a changed value at its start: env, envFrom, or a subPath mount."""
    kind = one.ref.kind
    reference, source = ("configMapKeyRef", "configMapRef") if kind == "ConfigMap" else ("secretKeyRef", "secretRef")
    for variable in container.get("env") or []:
        named = (variable.get("valueFrom") or {}).get(reference) or {}
        if named.get("name") == one.ref.name and named.get("key") in one.keys:
            yield f"env {variable['name']}"
    for whole in container.get("envFrom") or []:
        if (whole.get(source) or {}).get("name") == one.ref.name:
            yield "envFrom"
    volumes = {volume["name"]: volume for volume in spec.get("volumes") or []}
    for mount in container.get("volumeMounts") or []:
        sub = mount.get("subPathExpr") or mount.get("subPath")
        if sub and any(_within(path, sub) for path in _paths(volumes.get(mount["name"]) or {}, one)):
            yield f"subPath {mount['mountPath']}"


def _paths(volume: Obj, one: ChangedSetting) -> Iterator[str]:
    """Yield the paths in a volume at which changed values lie."""
    sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    for source in sources:
        if one.ref.kind == "ConfigMap":
            part = source.get("configMap") or {}
            name = part.get("name")
        else:
            part = source.get("secret") or {}
            name = part.get("secretName") or part.get("name")
        if name == one.ref.name:
            items = part.get("items")
            yield from (i["path"] for i in items if i["key"] in one.keys) if items else one.keys


def _within(path: str, sub: str) -> bool:
    return "$(" in sub or path == sub or path.startswith(f"{sub}/") or sub.startswith(f"{path}/")


def _started(state: Obj, *, init: bool) -> str:
    """Return when a container started, "" if it does not count.

    An init container counts after its end too: what it has read is still in use. Any other container starts again.
    """
    now = state.get("state") or {}
    lives = now.get("running") or (now.get("terminated") if init else None) or {}
    return str(lives.get("startedAt") or "") if state.get("containerID") else ""


def _since(started: str, one: ChangedSetting) -> bool:
    return datetime.fromisoformat(started.replace("Z", "+00:00")) >= one.since - _SLACK


def _values(obj: Obj) -> dict[str, Any]:
    return {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}


def _name(one: ChangedSetting) -> str:
    return f"{one.ref.kind} {one.ref.name}"


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase"))
