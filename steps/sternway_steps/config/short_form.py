"""The simple form: a good Deployment and Service from a few keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def objects(name: str, keys: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the Deployment, and a Service when there is a port. `keys` are those of simple_keys.SIMPLE, read."""
    selector = {"app.kubernetes.io/name": name}
    labels = {**selector, "app.kubernetes.io/managed-by": "sternway", **keys.get("labels", {})}
    metadata: dict[str, Any] = {"name": name, "labels": labels}
    if keys.get("annotations"):
        metadata["annotations"] = dict(keys["annotations"])
    spec: dict[str, Any] = {
        "selector": {"matchLabels": selector},
        "template": {"metadata": {"labels": labels}, "spec": _pod(name, keys)},
        # No pod goes before its successor is ready, so a bad version costs no capacity.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
    }
    if "replicas" in keys:
        spec["replicas"] = keys["replicas"]  # left out, an autoscaler may own it
    result = [{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}]
    if "port" in keys:
        result.insert(0, _service(name, keys, metadata, selector))
    return result


def service_port(keys: Mapping[str, Any]) -> int | None:
    """Return the port of the Service, or None when there is none."""
    return keys.get("service", {}).get("port", keys.get("port")) if "port" in keys else None


def _service(
    name: str, keys: Mapping[str, Any], metadata: Mapping[str, Any], selector: Mapping[str, str]
) -> dict[str, Any]:
    port = {"name": "http", "port": service_port(keys), "targetPort": "http", "protocol": "TCP"}
    spec: dict[str, Any] = {"selector": dict(selector), "ports": [port]}
    if "type" in keys.get("service", {}):
        spec["type"] = keys["service"]["type"]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "labels": dict(metadata["labels"])},
        "spec": spec,
    }


def _pod(name: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": name,
        "image": keys["image"],
        # Fits any image; runAsNonRoot would not, so it is left to those who know their image.
        "securityContext": {"allowPrivilegeEscalation": False, "seccompProfile": {"type": "RuntimeDefault"}},
    }
    for key in ("command", "args", "resources"):
        if keys.get(key):
            container[key] = keys[key]
    if "port" in keys:
        container["ports"] = [{"name": "http", "containerPort": keys["port"], "protocol": "TCP"}]
    if keys.get("env"):
        container["env"] = [_variable(variable, value) for variable, value in keys["env"].items()]
    probes = {"readiness": {}, **keys.get("probes", {})} if "port" in keys else keys.get("probes", {})
    for kind, probe in probes.items():
        container[f"{kind}Probe"] = _probe(probe if isinstance(probe, dict) else {"path": probe})
    pod: dict[str, Any] = {"containers": [container]}
    if "serviceAccount" in keys:
        pod["serviceAccountName"] = keys["serviceAccount"]
    if keys.get("imagePullSecrets"):
        pod["imagePullSecrets"] = [{"name": secret} for secret in keys["imagePullSecrets"]]
    if keys.get("nodeSelector"):
        pod["nodeSelector"] = keys["nodeSelector"]
    return pod


def _variable(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"name": name, "value": value}
    if "secret" in value:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": value["secret"], "key": value["key"]}}}
    if "config" in value:
        return {"name": name, "valueFrom": {"configMapKeyRef": {"name": value["config"], "key": value["key"]}}}
    return {"name": name, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": value["field"]}}}


def _probe(keys: Mapping[str, Any]) -> dict[str, Any]:
    probe: dict[str, Any]
    if keys.get("command"):
        probe = {"exec": {"command": keys["command"]}}
    elif keys.get("path"):
        probe = {"httpGet": {"path": keys["path"], "port": keys.get("port", "http"), "scheme": "HTTP"}}
    else:
        probe = {"tcpSocket": {"port": keys.get("port", "http")}}
    # Kubernetes waits 10 s between probes; 2 s shows readiness that much sooner and costs next to nothing.
    probe["periodSeconds"] = max(1, round(keys.get("period", 2)))
    for key, name in (
        ("delay", "initialDelaySeconds"),
        ("timeout", "timeoutSeconds"),
        ("failures", "failureThreshold"),
    ):
        if key in keys:
            probe[name] = max(1, round(keys[key]))
    return probe
