"""Unknown fields (fieldValidation=Strict), for the kinds that people write by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .kinds import Kind
from .status import StatusError

_POD_SPEC = {
    "activeDeadlineSeconds",
    "affinity",
    "automountServiceAccountToken",
    "containers",
    "dnsConfig",
    "dnsPolicy",
    "enableServiceLinks",
    "ephemeralContainers",
    "hostAliases",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostUsers",
    "hostname",
    "imagePullSecrets",
    "initContainers",
    "nodeName",
    "nodeSelector",
    "os",
    "overhead",
    "preemptionPolicy",
    "priority",
    "priorityClassName",
    "readinessGates",
    "resourceClaims",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "securityContext",
    "serviceAccount",
    "serviceAccountName",
    "setHostnameAsFQDN",
    "shareProcessNamespace",
    "subdomain",
    "terminationGracePeriodSeconds",
    "tolerations",
    "topologySpreadConstraints",
    "volumes",
    "hostnameOverride",
}
_CONTAINER = {
    "args",
    "command",
    "env",
    "envFrom",
    "image",
    "imagePullPolicy",
    "lifecycle",
    "livenessProbe",
    "name",
    "ports",
    "readinessProbe",
    "resizePolicy",
    "resources",
    "restartPolicy",
    "restartPolicyRules",
    "securityContext",
    "startupProbe",
    "stdin",
    "stdinOnce",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "tty",
    "volumeDevices",
    "volumeMounts",
    "workingDir",
}
_SPECS = {
    "Deployment": "minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector strategy template",
    "StatefulSet": "minReadySeconds ordinals persistentVolumeClaimRetentionPolicy podManagementPolicy replicas"
    " revisionHistoryLimit selector serviceName template updateStrategy volumeClaimTemplates",
    "DaemonSet": "minReadySeconds revisionHistoryLimit selector template updateStrategy",
}
_TOP = {"ConfigMap": {"data", "binaryData", "immutable"}, "Secret": {"data", "stringData", "immutable", "type"}}


def check_unknown_fields(kind: Kind, obj: Mapping[str, Any], *, applied: bool = False) -> None:
    """Raise 400 for fields that the kind does not have; for an apply 500, as the real server does."""
    unknown = list(_unknown(kind, obj))
    if unknown and applied:
        meta = obj.get("metadata") or {}
        who = f"({meta.get('namespace', '')}/{meta.get('name', '')}; {kind.api_version}, Kind={kind.kind})"
        text = f"failed to create typed patch object {who}: .{unknown[0]}: field not declared in schema"
        raise StatusError(500, " ", text)
    if unknown:
        text = ", ".join(f'unknown field "{field}"' for field in unknown)
        raise StatusError(400, "BadRequest", f"strict decoding error: {text}")


def _unknown(kind: Kind, obj: Mapping[str, Any]) -> Iterator[str]:
    top = {"apiVersion", "kind", "metadata"}
    if kind.schema is None:
        allowed = top | _TOP.get(kind.kind, set())
        if kind.kind in _TOP or kind.kind in _SPECS:
            allowed |= {"spec", "status"} if kind.kind in _SPECS else set()
            yield from (key for key in obj if key not in allowed)
        if kind.kind in _SPECS:
            yield from (f"spec.{key}" for key in obj.get("spec") or {} if key not in _SPECS[kind.kind].split())
    spec = obj.get("spec") or {}
    pod, path = (
        (spec, "spec") if kind.key == ("", "Pod") else ((spec.get("template") or {}).get("spec"), "spec.template.spec")
    )
    if isinstance(pod, dict) and (kind.group in ("apps", "batch") or kind.key == ("", "Pod")):
        yield from (f"{path}.{key}" for key in pod if key not in _POD_SPEC)
        for field in ("initContainers", "containers"):
            for number, container in enumerate(pod.get(field) or []):
                yield from (f"{path}.{field}[{number}].{key}" for key in container if key not in _CONTAINER)
