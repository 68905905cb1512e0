"""Which other objects a manifest refers to, by the fields that Kubernetes and most operators use for that.

| field | names |
| --- | --- |
| `serviceAccountName`, `secretName` and the like | an object of that kind |
| `configMapRef`, `secretKeyRef`, `service` and the like | one by its `name` |
| any with `kind` and `name` (`scaleTargetRef`, `roleRef`) | one of that kind, in its `namespace` if it says one |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .ref import Ref

Named = tuple[str, str, str]
"""Kind, namespace ("" for the cluster) and name."""
_BY_ITSELF = {
    "ingressClassName": "IngressClass", "priorityClassName": "PriorityClass", "runtimeClassName": "RuntimeClass",
    "secretName": "Secret", "serviceAccountName": "ServiceAccount", "serviceName": "Service",
    "storageClassName": "StorageClass",
}  # fmt: skip
_BY_NAME = {
    "configMapRef": "ConfigMap", "configMapKeyRef": "ConfigMap", "configMap": "ConfigMap", "secretRef": "Secret",
    "secretKeyRef": "Secret", "secret": "Secret", "imagePullSecrets": "Secret", "service": "Service",
    "backendRefs": "Service",
}  # fmt: skip
_NO_REFERENCES = frozenset({"metadata", "status", "data", "stringData", "binaryData"})


def referrers(objects: Iterable[Mapping[str, Any]]) -> dict[Named, str]:
    """Return what objects refer to, each with the first that does."""
    found: dict[Named, str] = {}
    for obj in objects:
        ref = Ref.of(obj)
        for kind, namespace, name in _below({key: obj[key] for key in obj if key not in _NO_REFERENCES}):
            for place in {namespace or ref.namespace or "", ""}:  # which kinds are cluster-wide is not known here
                found.setdefault((kind, place, name), str(ref))
    return found


def _below(value: Any) -> Iterator[Named]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _of_field(key, part)
            yield from _below(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _below(part)


def _of_field(field: str, value: Any) -> Iterator[Named]:
    if isinstance(value, str) and field in _BY_ITSELF:
        yield _BY_ITSELF[field], "", value
    for one in value if isinstance(value, list | tuple) else [value]:
        if isinstance(one, Mapping) and (kind := one.get("kind") or _BY_NAME.get(field)) and one.get("name"):
            yield str(kind), str(one.get("namespace") or ""), str(one["name"])
