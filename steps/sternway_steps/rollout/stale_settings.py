"""Containers that started while settings were other ones, and read them only at their start.

Variables and files mounted by `subPath` stay as they were when a container started; mounted volumes follow ("ConfigMaps
are mounted as subPath volumes do not receive updates", Kubernetes documentation).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ..objects.ref import Ref

Obj = Mapping[str, Any]

_SLACK = timedelta(seconds=1)
"""Times are whole seconds, and those of a container are its node's."""


@dataclass(frozen=True)
class Setting:
    """A ConfigMap or Secret whose values of `keys` were other ones from `since` on, until now."""

    ref: Ref
    keys: frozenset[str]
    since: datetime


@dataclass(frozen=True)
class Reader:
    """A container that runs with such a value; `reads` says which and how. `controller`: what makes its pod anew."""

    pod: Ref
    uid: str
    container: str
    container_id: str
    started: str
    reads: str
    controller: Obj | None

    def to_dict(self) -> dict[str, Any]:
        """Give it as JSON data for the journal."""
        pod = [self.pod.namespace, self.pod.name]
        return {**{name: getattr(self, name) for name in self.__dataclass_fields__}, "pod": pod}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Reader:
        """Read what to_dict gave."""
        return Reader(**{**data, "pod": Ref("v1", "Pod", *data["pod"])})


def setting(before: Obj | None, after: Obj, since: datetime) -> Setting | None:
    """Say what a run changed in a ConfigMap or Secret; None when no value."""
    old, new = _values(before or {}), _values(after)
    keys = frozenset(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    return Setting(Ref.of(after), keys, since) if keys else None


def readers(pods: Iterable[Obj], settings: Sequence[Setting]) -> Iterator[Reader]:
    """Find the containers that started since a setting was another one, and read it then."""
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp") and _phase(pod) not in ("Succeeded", "Failed"):
            here = [one for one in settings if one.ref.namespace == pod["metadata"]["namespace"]]
            yield from _of_pod(pod, here) if here else ()


def _of_pod(pod: Obj, settings: Sequence[Setting]) -> Iterator[Reader]:
    metadata, spec, status = pod["metadata"], pod["spec"], pod["status"]
    controller = next((o for o in metadata.get("ownerReferences") or [] if o.get("controller")), None)
    states = {s["name"]: s for key in ("initContainerStatuses", "containerStatuses") for s in status.get(key) or []}
    for key in ("initContainers", "containers"):
        for container in spec.get(key) or []:
            state: Obj = states.get(container["name"]) or {}
            started = _started(state, init=key == "initContainers")
            known = [one for one in settings if started and _since(started, one)]
            found = dict.fromkeys(f"{_name(one)} ({how})" for one in known for how in reads(spec, container, one))
            if found:
                ref = Ref("v1", "Pod", metadata["namespace"], metadata["name"])
                told = ", ".join(found)
                yield Reader(ref, metadata["uid"], container["name"], state["containerID"], started, told, controller)


def still(pods: Iterable[Obj], seen: Iterable[Reader]) -> list[Reader]:
    """Give those that run on: their pods are there, and the very container was not started anew."""
    running = set()
    for pod in pods:
        if not pod["metadata"].get("deletionTimestamp"):
            status = pod.get("status") or {}
            states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
            running |= {(pod["metadata"]["uid"], state["name"], state.get("containerID")) for state in states}
    return [one for one in seen if (one.uid, one.container, one.container_id) in running]


def reads(spec: Obj, container: Obj, one: Setting) -> Iterator[str]:
    """Say how a container reads a changed value of a setting at its start."""
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


def _paths(volume: Obj, one: Setting) -> Iterator[str]:
    """Give the paths in a volume at which changed values lie."""
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
    """Say when a container started; what an init container read stays when it has ended, any other starts again."""
    now = state.get("state") or {}
    lives = now.get("running") or (now.get("terminated") if init else None) or {}
    return str(lives.get("startedAt") or "") if state.get("containerID") else ""


def _since(started: str, one: Setting) -> bool:
    return datetime.fromisoformat(started.replace("Z", "+00:00")) >= one.since - _SLACK


def _values(obj: Obj) -> dict[str, Any]:
    return {**(obj.get("data") or {}), **(obj.get("binaryData") or {})}


def _name(one: Setting) -> str:
    return f"{one.ref.kind} {one.ref.name}"


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase"))
