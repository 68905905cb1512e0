"""The defaults that the real server fills in, for the fields that users and controllers read back."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .autoscaling import default_scaling
from .kinds import Kind
from .node_ports import default_policy


def fill_in(kind: Kind, obj: dict[str, Any], addresses: Any) -> None:
    """Fill in the defaults of an object, in place. `addresses()` returns a free cluster IP."""
    spec = obj.get("spec")
    if isinstance(spec, dict):
        template = spec.get("template")
        if isinstance(template, dict) and (kind.group in ("apps", "batch") or kind.kind == "ReplicationController"):
            _pod(template.setdefault("spec", {}))
        fill = _FILL.get(kind.kind)
        if fill is not None:
            fill(spec)
        if kind.kind == "Service":
            _service(spec, addresses)
    if kind.kind == "Secret":
        _secret(obj)
    if kind.key in (("", "Secret"), ("", "ConfigMap")):
        for empty in [name for name in ("data", "binaryData") if name in obj and not obj[name]]:
            del obj[empty]
    if kind.kind == "CustomResourceDefinition":
        _definition(obj)
    if kind.kind == "Namespace":
        obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
        obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
        obj.setdefault("status", {}).setdefault("phase", "Active")


def begin_status(kind: Kind, obj: dict[str, Any]) -> None:
    """Set the status that an object is created with, in place; nobody owns it."""
    if kind.key in (("", "Pod"), ("", "PersistentVolumeClaim")):
        obj["status"] = {"phase": "Pending"}


def _defaults(where: dict[str, Any], **values: Any) -> None:
    for key, value in values.items():
        where.setdefault(key, value)


def _pod(spec: dict[str, Any]) -> None:
    _defaults(
        spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler", securityContext={},
    )  # fmt: skip
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        for source in ("configMap", "secret", "projected", "downwardAPI"):
            if isinstance(volume.get(source), dict):
                volume[source].setdefault("defaultMode", 420)


def _container(container: dict[str, Any]) -> None:
    _defaults(
        container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File", resources={}
    )  # fmt: skip
    image = str(container.get("image", ""))
    latest = ":" not in image.rpartition("/")[2] or image.endswith(":latest")
    container.setdefault("imagePullPolicy", "Always" if latest and "@" not in image else "IfNotPresent")
    for port in container.get("ports") or []:
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or []:
        if "fieldRef" in (variable.get("valueFrom") or {}):
            variable["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if isinstance(container.get(name), dict):
            probe = container[name]
            _defaults(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if "httpGet" in probe:
                _defaults(probe["httpGet"], path="/", scheme="HTTP")


def _deployment(spec: dict[str, Any]) -> None:
    _defaults(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _defaults(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")


def _stateful_set(spec: dict[str, Any]) -> None:
    _defaults(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    _defaults(spec.setdefault("persistentVolumeClaimRetentionPolicy", {}), whenDeleted="Retain", whenScaled="Retain")
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        strategy.setdefault("rollingUpdate", {}).setdefault("partition", 0)
    for claim in spec.get("volumeClaimTemplates") or []:
        _defaults(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _claim(claim["spec"])


def _daemon_set(spec: dict[str, Any]) -> None:
    spec.setdefault("revisionHistoryLimit", 10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        _defaults(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)


def _job(spec: dict[str, Any]) -> None:
    _defaults(spec, parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)


def _claim(spec: dict[str, Any]) -> None:
    _defaults(spec, volumeMode="Filesystem")


_ALLOCATED = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def allocated_of(kind: Kind, obj: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Name what is allocated for a new object: that is no default, and nobody owns it."""
    spec = obj.get("spec") or {}
    return [("f:spec", f"f:{name}") for name in _ALLOCATED if kind.kind == "Service" and name not in spec]


def _service(spec: dict[str, Any], addresses: Any) -> None:
    _defaults(
        spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster",
        ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack",
    )  # fmt: skip
    default_policy(spec)
    if "clusterIP" not in spec:
        spec["clusterIP"] = addresses()
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    for port in spec.get("ports") or []:
        _defaults(port, protocol="TCP", targetPort=port.get("port"))


def _definition(obj: dict[str, Any]) -> None:
    """Keep every version that was ever stored, from the write that stores it."""
    status = obj.get("status") or {}
    if "storedVersions" in status:
        new = [
            v["name"] for v in obj["spec"]["versions"] if v.get("storage") and v["name"] not in status["storedVersions"]
        ]
        obj["status"] = {**status, "storedVersions": [*status["storedVersions"], *new]}


def _secret(obj: dict[str, Any]) -> None:
    obj.setdefault("type", "Opaque")
    for key, text in (obj.pop("stringData", None) or {}).items():
        obj["data"] = {**(obj.get("data") or {}), key: base64.b64encode(str(text).encode()).decode()}


_FILL = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "ReplicaSet": lambda spec: _defaults(spec, replicas=1),
    "ReplicationController": lambda spec: _defaults(spec, replicas=1),
    "Job": _job,
    "HorizontalPodAutoscaler": default_scaling,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
}
