"""The kinds that the sandbox serves, and which of their lists are maps or sets.

The table holds facts of Kubernetes' own OpenAPI document (x-kubernetes-list-type, x-kubernetes-list-map-keys).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"]


@dataclass(frozen=True)
class Kind:
    """A kind as it is served. `schema` is the openAPIV3Schema of a custom one."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    subresources: tuple[str, ...] = ()
    schema: Any = None

    @property
    def api_version(self) -> str:
        """GROUP/VERSION, or the version alone in the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """PLURAL.GROUP, as errors name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def key(self) -> tuple[str, str]:
        """The key under which its objects are stored: all versions share them."""
        return self.group, self.kind


_NAMESPACED = {
    "v1": "Pod:status,log,eviction ConfigMap Secret Service:status,proxy Endpoints:endpoints ServiceAccount Event LimitRange"
    " ReplicationController:status,scale"
    " PersistentVolumeClaim:status ResourceQuota:status",
    "apps/v1": "Deployment:status,scale StatefulSet:status,scale DaemonSet:status ReplicaSet:status,scale"
    " ControllerRevision",
    "batch/v1": "Job:status CronJob:status",
    "networking.k8s.io/v1": "Ingress:status NetworkPolicy",
    "discovery.k8s.io/v1": "EndpointSlice",
    "autoscaling/v2": "HorizontalPodAutoscaler:status",
    "policy/v1": "PodDisruptionBudget:status",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding",
    "coordination.k8s.io/v1": "Lease",
}
_GLOBAL = {
    "v1": "Namespace:status Node:status PersistentVolume:status",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding",
    "storage.k8s.io/v1": "StorageClass",
    "apiextensions.k8s.io/v1": "CustomResourceDefinition:status",
    "scheduling.k8s.io/v1": "PriorityClass",
    "apiregistration.k8s.io/v1": "APIService:status",
}
SHORT = {
    "Pod": "po", "ConfigMap": "cm", "Service": "svc", "Endpoints": "ep", "ServiceAccount": "sa", "Event": "ev",
    "PersistentVolumeClaim": "pvc", "PersistentVolume": "pv", "ResourceQuota": "quota", "Deployment": "deploy",
    "StatefulSet": "sts", "DaemonSet": "ds", "ReplicaSet": "rs", "CronJob": "cj", "Ingress": "ing", "Namespace": "ns",
    "Node": "no", "HorizontalPodAutoscaler": "hpa", "PodDisruptionBudget": "pdb", "CustomResourceDefinition": "crd",
    "StorageClass": "sc",
}  # fmt: skip
_PLURALS = {"Endpoints": "endpoints", "NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}


def builtin_kinds() -> list[Kind]:
    """Return the kinds that are served without a CustomResourceDefinition."""
    found = []
    for table, namespaced in ((_NAMESPACED, True), (_GLOBAL, False)):
        for api_version, line in table.items():
            group, _, version = api_version.rpartition("/")
            for word in line.split():
                name, _, subs = word.partition(":")
                parts = tuple(s for s in subs.split(",") if s in ("status", "scale", "log", "proxy", "eviction"))
                found.append(Kind(group, version, name, plural_of(name), namespaced, parts))
    return found


def plural_of(kind: str) -> str:
    """Return the plural under which a built-in kind is served."""
    low = kind.lower()
    if kind in _PLURALS:
        return _PLURALS[kind]
    return low + "es" if low.endswith("s") else low[:-1] + "ies" if low.endswith("y") else low + "s"


def kinds_of(crd: Mapping[str, Any]) -> Iterable[Kind]:
    """Yield the kinds of a CustomResourceDefinition, one for each served version."""
    spec = crd["spec"]
    for version in spec["versions"]:
        if version.get("served"):
            schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
            subs = tuple(sub for sub in ("status", "scale") if sub in (version.get("subresources") or {}))
            names, scoped = spec["names"], spec.get("scope") == "Namespaced"
            yield Kind(spec["group"], version["name"], names["kind"], names["plural"], scoped, subs, schema)


_POD = {
    "containers": ("name",), "initContainers": ("name",), "ephemeralContainers": ("name",), "volumes": ("name",),
    "env": ("name",), "volumeMounts": ("mountPath",), "volumeDevices": ("devicePath",), "hostAliases": ("ip",),
    "imagePullSecrets": ("name",), "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "schedulingGates": ("name",), "resourceClaims": ("name",),
}  # fmt: skip
_ANYWHERE = {"ownerReferences": ("uid",), "conditions": ("type",), "podIPs": ("ip",), "hostIPs": ("ip",)}
_SETS = {("metadata", "finalizers")}

_ATOMIC = {
    "claimRef", "configMapKeyRef", "dataSource", "fieldRef", "fileKeyRef", "labelSelector", "namespaceSelector",
    "nodePublishSecretRef", "nodeSelector", "podSelector", "port", "requiredDuringSchedulingIgnoredDuringExecution",
    "resource", "resourceFieldRef", "roleRef", "scopeSelector", "secretKeyRef", "secretRef", "selector",
}  # fmt: skip
_ATOMIC_ITEMS = {"imagePullSecrets", "ownerReferences", "secrets"}


def is_atomic(kind: Kind, path: tuple[str, ...], *, item: bool) -> bool:
    """Return whether a map is owned as a whole (x-kubernetes-map-type).

    `item`: the map is an item of the list at the path.
    """
    if path[:1] == ("metadata",) or kind.schema is None:
        return path[-1:] != () and path[-1] in (_ATOMIC_ITEMS if item else _ATOMIC) and path[0] != "data"
    here = _schema_at(kind.schema, path)
    return bool((here.get("items") or here if item else here).get("x-kubernetes-map-type") == "atomic")


def list_keys(kind: Kind, path: tuple[str, ...]) -> tuple[str, ...] | None:
    """Return what tells a list's items apart: key fields, their values (()), or nothing (None: the list is one value).

    `path` holds field names alone: ("spec", "template", "spec", "containers").
    """
    if path in _SETS:
        return ()
    if path[:1] == ("metadata",) or path[-1] in ("podIPs", "hostIPs"):
        return _ANYWHERE.get(path[-1])
    if kind.schema is not None:
        return _custom_keys(kind.schema, path)
    name = path[-1]
    if name == "conditions":
        return ("type",)
    if name == "ports":
        if kind.kind == "Service":
            return ("port", "protocol")
        return ("containerPort", "protocol") if "containers" in path or "initContainers" in path else None
    if kind.kind == "ServiceAccount":
        return ("name",) if name == "secrets" else None
    return _POD.get(name) if kind.group in ("", "apps", "batch") else None


def _custom_keys(schema: Mapping[str, Any], path: tuple[str, ...]) -> tuple[str, ...] | None:
    here = _schema_at(schema, path)
    kind = here.get("x-kubernetes-list-type")
    return tuple(here.get("x-kubernetes-list-map-keys") or ()) if kind == "map" else () if kind == "set" else None


def _schema_at(schema: Mapping[str, Any], path: tuple[str, ...]) -> Mapping[str, Any]:
    here: Mapping[str, Any] = schema
    for name in path:
        here = here.get("items") or here
        here = (here.get("properties") or {}).get(name) or here.get("additionalProperties") or {}
    return here
