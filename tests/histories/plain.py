"""Kinds without pods: configuration, network, rights, autoscaling, and a custom resource with every kind of list."""

from __future__ import annotations

import base64
from typing import Any

from .pods import METADATA, WORDS
from .shapes import Atomic, Dict, Keyed, Kind, Scalar, Set, Struct, key

_KEYS = ("a", "b", "c.conf", "long_key-1")
_B64 = Scalar(tuple(base64.b64encode(t).decode() for t in (b"1", b"2", b"\xff\x00", b"")))


_OWNER = {"apiVersion": "none.sternway.test/v1", "kind": "None"}  # of a kind that nobody serves: nothing is collected
HELD = Struct({
    **METADATA.fields, "finalizers": Set(("sternway.test/a", "sternway.test/b", "sternway.test/c")),
    "ownerReferences": Keyed(
        ("uid",), tuple(key(uid=f"{n}b63c9a5-52a5-4b1b-8a5e-9a3f3c0d7e11") for n in (1, 2, 3)),
        Atomic(({**_OWNER, "name": "a"}, {**_OWNER, "name": "b", "blockOwnerDeletion": True})),
    ),
}, heavy=tuple(METADATA.fields) * 2)  # fmt: skip


def _kind(api_version: str, kind: str, least: dict[str, Any], weight: int = 2, **fields: Any) -> Kind:
    shape = Struct({"metadata": HELD, **fields}, ("metadata", *least), heavy=tuple(fields) * 2)
    namespaced = kind not in ("ClusterRole",)
    return Kind(api_version, kind, least, shape, namespaced, weight)


_PORTS = tuple(key(port=p, protocol=q) for p, q in ((80, "TCP"), (80, "UDP"), (443, "TCP"), (53, "UDP")))
SERVICE = _kind("v1", "Service", {"spec": {"ports": [{"port": 80, "protocol": "TCP", "name": "80-tcp"}], "selector": {"app": "x"}}}, 4, spec=Struct({
    "ports": Keyed(("port", "protocol"), _PORTS, Struct({
        "targetPort": Scalar((80, 8080, "web")), "appProtocol": Scalar(("http", "h2")),
    }), named=True, kept=(key(port=80, protocol="TCP"),)),
    "selector": Atomic(({"app": "x"}, {"app": "x", "tier": "a"}, {"app": "y"})),
    "type": Scalar(("ClusterIP", "NodePort")),
    "sessionAffinity": Scalar(("None", "ClientIP")), "publishNotReadyAddresses": Scalar((True, False)),
    "externalIPs": Atomic((["10.9.9.9"], ["10.9.9.8", "10.9.9.9"])),
    "internalTrafficPolicy": Scalar(("Cluster", "Local")),
}, required=("ports",), heavy=("ports",) * 4))  # fmt: skip
CONFIG_MAP = _kind(
    "v1", "ConfigMap", {"data": {"a": "1"}}, 3, data=Dict(_KEYS, WORDS), binaryData=Dict(("bin", "bin2"), _B64)
)
SECRET = _kind("v1", "Secret", {"data": {"a": "MQ=="}}, 3, data=Dict(_KEYS, _B64), stringData=Dict(_KEYS, WORDS))
_BACKEND = Struct({"service": Struct({"name": Scalar(("web", "api")), "port": Atomic(({"number": 80}, {"number": 81}, {"name": "http"}))},
                                     required=("name", "port"))}, required=("service",))  # fmt: skip


def _rule(host: str, *paths: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {"host": host, "http": {"paths": [{"path": p, "pathType": "Prefix", "backend": backend} for p in paths]}}


INGRESS = _kind("networking.k8s.io/v1", "Ingress", {"spec": {"rules": [_rule("a.example.com", "/")]}}, 2, spec=Struct({
    "rules": Atomic(([_rule("a.example.com", "/")], [_rule("a.example.com", "/x", "/")], [_rule("b.example.com", "/"), _rule("a.example.com", "/")])),
    "tls": Atomic(([{"hosts": ["a.example.com"], "secretName": "t"}], [{"hosts": ["b.example.com"]}])),
    "defaultBackend": _BACKEND, "ingressClassName": Scalar(("nginx", "other")),
}, required=("rules",)))  # fmt: skip


def _metric(name: str, value: int) -> dict[str, Any]:
    return {
        "type": "Resource",
        "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": value}},
    }


_SCALING = Struct({
    "stabilizationWindowSeconds": Scalar((0, 300)), "selectPolicy": Scalar(("Max", "Min", "Disabled")),
    "policies": Atomic(([{"type": "Pods", "value": 1, "periodSeconds": 60}], [{"type": "Percent", "value": 10, "periodSeconds": 30}])),
})  # fmt: skip
HPA = _kind("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": {
    "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}, "maxReplicas": 3,
}}, 2, spec=Struct({
    "minReplicas": Scalar((1, 2)), "maxReplicas": Scalar((3, 4, 5)),
    "scaleTargetRef": Struct({"apiVersion": Scalar(("apps/v1",)), "kind": Scalar(("Deployment",)), "name": Scalar(("none", "nix"))},
                             required=("apiVersion", "kind", "name")),
    "metrics": Atomic(([_metric("cpu", 50)], [_metric("memory", 60), _metric("cpu", 50)])),
    "behavior": Struct({"scaleUp": _SCALING, "scaleDown": _SCALING}),
}, required=("scaleTargetRef", "maxReplicas")))  # fmt: skip
_TO = [{"to": [{"podSelector": {"matchLabels": {"app": "y"}}}]}]
NETWORK_POLICY = _kind("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": {"matchLabels": {"app": "x"}}}}, 2, spec=Struct({
    "podSelector": Atomic(({"matchLabels": {"app": "x"}}, {"matchLabels": {"app": "y"}}, {})),
    "ingress": Atomic(([{"ports": [{"port": 80, "protocol": "TCP"}]}], [{"from": [{"podSelector": {}}]}, {"ports": [{"port": 1}]}])),
    "egress": Atomic((_TO, [*_TO, {"ports": [{"port": 53, "protocol": "UDP"}]}])),
    "policyTypes": Atomic((["Ingress"], ["Ingress", "Egress"], ["Egress", "Ingress"])),
}, required=("podSelector",)))  # fmt: skip

_RULES = Atomic((
    [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
    [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "get"]}],
    [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"], "resourceNames": ["x"]},
     {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
))  # fmt: skip
_RBAC = "rbac.authorization.k8s.io"
ROLE = _kind(f"{_RBAC}/v1", "Role", {"rules": _RULES.choices[0]}, 1, rules=_RULES)
CLUSTER_ROLE = _kind(f"{_RBAC}/v1", "ClusterRole", {"rules": _RULES.choices[0]}, 1, rules=_RULES)
_WHO = [{"kind": "ServiceAccount", "name": n, "namespace": "x"} for n in ("a", "b", "c")]
ROLE_BINDING = _kind(f"{_RBAC}/v1", "RoleBinding", {"roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": "r"}}, 1,
                     subjects=Atomic((_WHO[:1], _WHO[:2], [_WHO[2], _WHO[0]])))  # fmt: skip

_PORT_KEYS = tuple(key(port=p, proto=q) for p, q in ((1, "x"), (1, "y"), (2, "x")))
_INNER = Struct({
    "weight": Scalar((0, 1, 2)), "on": Scalar((True, False)), "tags": Set(("a", "b", "<c> & \"d\"", "d")), "path": Atomic(([1, 2], [2, 1], [])),
    "ports": Keyed(("port", "proto"), _PORT_KEYS, Struct({"note": WORDS, "ranks": Set((1, 2, 3))})),
    "labels": Dict(("p", "q", "r/s"), WORDS), "limits": Atomic(({"a": "1"}, {"a": "2", "b": "1"})),
})  # fmt: skip
_OPEN = Struct({
    "text": WORDS, "list": Atomic(([{"name": "a"}], [{"name": "a"}, {"name": "b", "x": 1}], [])),
    "deep": Struct({"a": Scalar((1, "1")), "b": Dict(("x", "y"), WORDS)}),
})  # fmt: skip
_SPEC = Struct({
    **_INNER.fields, "size": Scalar((0, 3, 5)), "port": Scalar((80, "80", "web")), "open": _OPEN,
    "parts": Keyed(("name",), tuple(key(name=n) for n in ("one", "two", "three")), _INNER),
    "nested": Struct({"deep": Struct({"value": WORDS, "other": Scalar((1, 2))}), "tags": Set(("x", "y", "z"))}),
}, heavy=("parts", "parts", "tags", "nested", "ports", "port", "open"))  # fmt: skip


def thing(group: str) -> Kind:
    """Give the kind of the custom resource."""
    return _kind(f"{group}/v1", "Thing", {"spec": {}}, 8, spec=_SPEC)


def definition(group: str) -> dict[str, Any]:
    """Give the definition of Thing."""
    spec = schema_of(Struct({name: shape for name, shape in _SPEC.fields.items() if name not in ("port", "open")}))
    spec["properties"]["size"]["default"] = 3
    spec["properties"]["port"] = {"x-kubernetes-int-or-string": True}
    spec["properties"]["open"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": f"things.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": {"plural": "things", "kind": "Thing"}, "versions": [version]},
    }  # fmt: skip


def schema_of(shape: Any) -> dict[str, Any]:
    """Write a shape as a schema of a custom resource."""
    if isinstance(shape, Struct):
        return {"type": "object", "properties": {name: schema_of(one) for name, one in shape.fields.items()}}
    if isinstance(shape, Dict):
        return {"type": "object", "additionalProperties": schema_of(shape.values)}
    if isinstance(shape, Keyed):
        item = schema_of(shape.item)
        item["properties"] |= {k: _typed(dict(shape.names[0])[k]) for k in shape.keys}
        item["required"] = list(shape.keys)
        return {
            "type": "array",
            "items": item,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": list(shape.keys),
        }
    if isinstance(shape, Set):
        return {"type": "array", "items": _typed(shape.values[0]), "x-kubernetes-list-type": "set"}
    return _typed(shape.choices[0]) if isinstance(shape, Scalar) else _atomic(shape.choices[0])


def _typed(value: Any) -> dict[str, Any]:
    return {"type": {bool: "boolean", int: "integer", str: "string"}[type(value)]}


def _atomic(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"type": "array", "items": _typed(value[0]), "x-kubernetes-list-type": "atomic"}
    below = _typed(next(iter(value.values())))
    return {"type": "object", "additionalProperties": below, "x-kubernetes-map-type": "atomic"}


KINDS = (SERVICE, CONFIG_MAP, SECRET, INGRESS, HPA, NETWORK_POLICY, ROLE, CLUSTER_ROLE, ROLE_BINDING)
