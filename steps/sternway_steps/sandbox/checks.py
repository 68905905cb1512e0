"""What the server refuses: bad names, missing fields, unknown fields, changes of immutable fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .immutable import immutable_changes
from .kinds import Kind
from .node_ports import external, misplaced
from .status import Cause, StatusError, invalid

_ANNOTATIONS, _DATA, _ETCD = 256 * 2**10, 2**20, 3 * 2**19
"""Bytes: of all annotations, of a ConfigMap or Secret, and of any object (etcd's --max-request-bytes)."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")

# Fields of a spec that can't change; the word is the real server's.
_FIXED = {"Deployment": ("selector",), "DaemonSet": ("selector",), "ReplicaSet": ("selector",), "Service": ("clusterIP",),
          "Job": ("selector", "template", "completions")}  # fmt: skip
_IMMUTABLE = "field is immutable"
_STATEFUL_MAY_CHANGE = {"replicas", "template", "updateStrategy", "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
                        "ordinals", "revisionHistoryLimit"}  # fmt: skip


def check_new(kind: Kind, obj: Mapping[str, Any]) -> None:
    """Raise 422 when an object is not valid."""
    metadata = obj["metadata"]
    name = str(metadata.get("name", ""))
    causes = [*_names(kind, metadata), *_sizes(kind, obj)]
    spec = obj.get("spec") or {}
    if kind.kind in _WORKLOADS or kind.kind == "Job":
        causes += _template(kind, spec)
    if kind.kind == "Pod":
        causes += _pod(spec, "spec")
    causes += _strategy(kind, spec)
    if kind.kind == "Service":
        causes += _service(spec)
    if kind.schema is not None:
        causes += _custom(kind.schema, obj, "")
    if causes:
        raise invalid(kind.kind, kind.group, name, *causes)


def check_change(kind: Kind, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """Raise 422 when an immutable field changes."""
    causes: list[Cause] = []
    before, after = old.get("spec") or {}, new.get("spec") or {}
    for field in _FIXED.get(kind.kind, ()):
        if field in before and before.get(field) != after.get(field):
            causes.append(Cause("FieldValueInvalid", f"Invalid value: {_IMMUTABLE}", f"spec.{field}"))
    if kind.kind == "StatefulSet":
        changed = [
            k for k in before.keys() | after.keys() if k not in _STATEFUL_MAY_CHANGE and before.get(k) != after.get(k)
        ]
        if changed:
            text = "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            text += "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
            causes.append(Cause("FieldValueForbidden", text + "'minReadySeconds' are forbidden", "spec"))
    if kind.kind in ("ConfigMap", "Secret") and old.get("immutable"):
        for field in ("data", "binaryData", "immutable"):
            if old.get(field) != new.get(field):
                text = "Forbidden: field is immutable when `immutable` is set"
                causes.append(Cause("FieldValueForbidden", text, field))
    causes += immutable_changes(kind, old, new)
    if causes:
        raise invalid(kind.kind, kind.group, new["metadata"]["name"], *causes)


def check_stored(obj: Mapping[str, Any]) -> None:
    """Raise 500 when etcd would not accept an object."""
    if _text(obj) > _ETCD // 2 and len(json.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode()) > _ETCD:
        raise StatusError(500, message="etcdserver: request is too large")


def _sizes(kind: Kind, obj: Mapping[str, Any]) -> Iterator[Cause]:
    notes, data = obj["metadata"].get("annotations") or {}, obj.get("data") or {}
    if sum(map(_text, notes.items())) > _ANNOTATIONS:
        yield _too_long("metadata.annotations", _ANNOTATIONS)
    if kind.key == ("", "ConfigMap") and _text(data) > _DATA:
        yield _too_long("[]", _DATA)
    if kind.key == ("", "Secret") and _text(data) * 3 // 4 > _DATA:
        yield _too_long("data", _DATA)


def _too_long(field: str, most: int) -> Cause:
    return Cause("FieldValueTooLong", f"Too long: may not be more than {most} bytes", field)


def _text(value: Any) -> int:
    """Return the bytes of all texts in a value."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, Mapping):
        return sum(map(_text, value.values()))
    return sum(map(_text, value)) if isinstance(value, list | tuple) else 0


def _names(kind: Kind, metadata: Mapping[str, Any]) -> Iterator[Cause]:
    name = str(metadata.get("name", ""))
    if kind.group != "rbac.authorization.k8s.io" and not (_NAME.fullmatch(name) and len(name) <= 253):
        text = (
            f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric '
            "characters, '-' or '.', and must start and end with an alphanumeric character"
        )
        yield Cause("FieldValueInvalid", text, "metadata.name")
    for value in (metadata.get("labels") or {}).values():
        if not isinstance(value, str) or not _LABEL.fullmatch(value):
            yield Cause("FieldValueInvalid", f'Invalid value: "{value}": a valid label is needed', "metadata.labels")


def _template(kind: Kind, spec: Mapping[str, Any]) -> Iterator[Cause]:
    template = spec.get("template") or {}
    if kind.kind != "Job":
        selector = (spec.get("selector") or {}).get("matchLabels") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        if not spec.get("selector"):
            yield Cause("FieldValueRequired", "Required value", "spec.selector")
        elif any(labels.get(k) != v for k, v in selector.items()):
            text = f"Invalid value: {labels!r}: `selector` does not match template `labels`"
            yield Cause("FieldValueInvalid", text, "spec.template.metadata.labels")
    if isinstance(spec.get("replicas"), int) and spec["replicas"] < 0:
        text = f"Invalid value: {spec['replicas']}: must be greater than or equal to 0"
        yield Cause("FieldValueInvalid", text, "spec.replicas")
    yield from _pod(template.get("spec") or {}, "spec.template.spec")


def _strategy(kind: Kind, spec: Mapping[str, Any]) -> Iterator[Cause]:
    """Refuse the limits of a rolling update with another strategy; the server may have filled them in itself."""
    strategy = spec.get("strategy") or {}
    if kind.kind == "Deployment" and strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        text = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield Cause("FieldValueForbidden", text, "spec.strategy.rollingUpdate")
    strategy = spec.get("updateStrategy") or {}
    if kind.kind == "StatefulSet" and strategy.get("type") == "OnDelete" and "rollingUpdate" in strategy:
        text = f"Invalid value: {strategy['rollingUpdate']}: only allowed for updateStrategy 'RollingUpdate'"
        yield Cause("FieldValueInvalid", text, "spec.updateStrategy.rollingUpdate")


def _service(spec: Mapping[str, Any]) -> Iterator[Cause]:
    headless = spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName"
    if not spec.get("ports") and not headless:
        yield Cause("FieldValueRequired", "Required value", "spec.ports")
    for field in misplaced(spec):
        yield Cause("FieldValueForbidden", f"Forbidden: may not be used when `type` is '{spec.get('type')}'", field)
    policy = spec.get("externalTrafficPolicy")
    if policy and not external(spec):
        text = f'Invalid value: "{policy}": may only be set for externally-accessible services'
        yield Cause("FieldValueInvalid", text, "spec.externalTrafficPolicy")


def _pod(spec: Mapping[str, Any], path: str) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield Cause("FieldValueRequired", "Required value", f"{path}.containers")
    for number, container in enumerate(spec.get("containers") or []):
        for field in ("name", "image"):
            if not container.get(field):
                yield Cause("FieldValueRequired", "Required value", f"{path}.containers[{number}].{field}")


def _custom(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[Cause]:
    types: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    wanted = schema.get("type")
    if (wanted in types and not isinstance(value, types[wanted])) or (wanted == "integer" and isinstance(value, bool)):
        text = f'Invalid value: "{type(value).__name__}": {path} in body must be of type {wanted}'
        yield Cause("FieldValueTypeInvalid", text, path)
        return
    if isinstance(value, dict):
        for name in schema.get("required") or []:
            if name not in value:
                yield Cause("FieldValueRequired", "Required value", f"{path}.{name}".strip("."))
        for name, below in (schema.get("properties") or {}).items():
            if name in value and name != "metadata":
                yield from _custom(below, value[name], f"{path}.{name}".strip("."))
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _custom(schema.get("items") or {}, item, f"{path}[{number}]")
