"""The shape of a pod's template, and the kinds that have one. No pod ever starts: there are none, or they stay gated."""

from __future__ import annotations

from typing import Any

from .shapes import Atomic, Dict, Keyed, Kind, Scalar, Struct, key

WORDS = Scalar(("a", "b", "c", ""))
LABELS = Dict(("tier", "example.com/team", "x.y/z-1", "zone"), Scalar(("a", "b", "c")), kept=("app",))
NOTES = Dict(("note", "example.com/a.b_c", "example.com/checksum", "owner"), Scalar(("1", "2", "", "<x> & y", "ü")))
METADATA = Struct({"labels": LABELS, "annotations": NOTES})
_LABELLED = Struct(METADATA.fields, required=("labels",))
NAMES = tuple(key(name=n) for n in ("A", "B", "C<d>&e", "PATH"))

_REF = Atomic(({"name": "cfg", "key": "k"}, {"name": "cfg", "key": "l", "optional": True}))
_ENV = Keyed(("name",), NAMES, Struct({
    "value": WORDS,
    "valueFrom": Struct({
        "configMapKeyRef": _REF, "secretKeyRef": _REF,
        "fieldRef": Atomic(({"fieldPath": "metadata.name"}, {"apiVersion": "v1", "fieldPath": "spec.nodeName"})),
    }, one_of=True),
}, one_of=True))  # fmt: skip
_HTTP = Struct({
    "path": Scalar(("/", "/ready", "/live")), "port": Scalar((8080, "web")), "scheme": Scalar(("HTTP", "HTTPS")),
    "httpHeaders": Atomic(([{"name": "X", "value": "1"}], [{"name": "Y", "value": "2"}, {"name": "X", "value": "3"}])),
}, required=("port",))  # fmt: skip
_TIMES = {"periodSeconds": Scalar((1, 5, 10)), "failureThreshold": Scalar((1, 3, 9)), "timeoutSeconds": Scalar((1, 2))}
_LISTS = Atomic((["a"], ["a", "b"], ["b", "a"], ["-v", "--level=1"]))
_CONTAINER = Struct({
    "image": Scalar(("localhost/app:1", "localhost/app:2", "localhost/app:3", "localhost/app")),
    "imagePullPolicy": Scalar(("IfNotPresent", "Never", "Always")),
    "command": _LISTS, "args": _LISTS, "workingDir": Scalar(("/", "/tmp")),
    "env": _ENV,
    "envFrom": Atomic(([{"configMapRef": {"name": "cfg"}}], [{"prefix": "P_", "secretRef": {"name": "s"}}])),
    "ports": Keyed(
        ("containerPort", "protocol"),
        tuple(key(containerPort=p, protocol=q) for p, q in ((8080, "TCP"), (8080, "UDP"), (9090, "TCP"), (53, "UDP"))),
        Struct({"hostPort": Scalar((0,))}, fixed=("hostPort",)), named=True,
    ),
    "resources": Struct({
        "limits": Dict(("cpu", "memory", "ephemeral-storage"), Scalar(("1", "2", "4Gi"))),
        "requests": Dict(("cpu", "memory", "ephemeral-storage"), Scalar(("10m", "0", "1m"))),
    }),
    "volumeMounts": Keyed(("mountPath",), tuple(key(mountPath=p) for p in ("/data", "/etc/cfg", "/x")), Struct({
        "name": Scalar(("va", "vb")), "readOnly": Scalar((True, False)), "subPath": Scalar(("s", "t")),
    }, required=("name",))),
    "readinessProbe": Struct({"httpGet": _HTTP, **_TIMES}, required=("httpGet",)),
    "livenessProbe": Struct({"exec": Struct({"command": _LISTS}, required=("command",)), **_TIMES}, required=("exec",)),
    "terminationMessagePolicy": Scalar(("File", "FallbackToLogsOnError")),
    "securityContext": Struct({
        "runAsUser": Scalar((0, 1, 1000)), "readOnlyRootFilesystem": Scalar((True, False)),
        "capabilities": Struct({"add": Atomic((["CHOWN"], ["KILL", "CHOWN"])), "drop": Atomic((["ALL"],))}),
    }),
}, required=("image",), heavy=("env", "image", "ports", "volumeMounts", "args", "resources"))  # fmt: skip

_PROBES = ("readinessProbe", "livenessProbe")
_INIT = Struct({n: s for n, s in _CONTAINER.fields.items() if n not in _PROBES}, ("image",), heavy=_CONTAINER.heavy)
_FILES = Atomic(([{"key": "k", "path": "k"}], [{"key": "l", "path": "l", "mode": 256}]))
_VOLUME = Struct({
    "emptyDir": Struct({"medium": Scalar(("", "Memory")), "sizeLimit": Scalar(("1Mi", "2Mi"))}),
    "configMap": Struct({
        "name": Scalar(("cfg", "other")), "items": _FILES, "defaultMode": Scalar((420, 256)), "optional": Scalar((True,)),
    }, required=("name",)),
    "projected": Struct({
        "sources": Atomic(([{"configMap": {"name": "cfg"}}], [{"secret": {"name": "s"}}, {"configMap": {"name": "c"}}])),
    }, required=("sources",)),
}, one_of=True)  # fmt: skip
POD = Struct({
    "containers": Keyed(("name",), tuple(key(name=n) for n in ("main", "side", "log")), _CONTAINER, kept=(key(name="main"),)),
    "initContainers": Keyed(("name",), tuple(key(name=n) for n in ("init", "migrate")), _INIT),
    "volumes": Keyed(("name",), tuple(key(name=n) for n in ("va", "vb", "vc", "vd")), _VOLUME, kept=(key(name="va"), key(name="vb"))),
    "tolerations": Atomic((
        [{"key": "a", "operator": "Exists"}], [{"key": "a", "value": "b", "effect": "NoSchedule"}],
        [{"key": "b", "operator": "Exists"}, {"key": "a", "operator": "Exists"}],
    )),
    "nodeSelector": Atomic(({"disk": "x"}, {"disk": "y", "zone": "1"})),
    "affinity": Struct({"nodeAffinity": Struct({"preferredDuringSchedulingIgnoredDuringExecution": Atomic((
        [{"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}],
        [{"weight": 9, "preference": {"matchExpressions": [{"key": "b", "operator": "Exists"}]}}],
    ))})}),
    "topologySpreadConstraints": Keyed(
        ("topologyKey", "whenUnsatisfiable"),
        tuple(key(topologyKey=t, whenUnsatisfiable=w) for t in ("zone", "host") for w in ("DoNotSchedule", "ScheduleAnyway")),
        Struct({"maxSkew": Scalar((1, 2)), "labelSelector": Atomic(({"matchLabels": {"app": "x"}}, {"matchLabels": {"b": "c"}}))},
               required=("maxSkew",)),
    ),
    "hostAliases": Keyed(("ip",), tuple(key(ip=i) for i in ("10.0.0.1", "10.0.0.2")), Struct(
        {"hostnames": Atomic((["a"], ["b", "a"]))}, required=("hostnames",))),
    "imagePullSecrets": Keyed(("name",), tuple(key(name=n) for n in ("reg", "reg2", "reg3")), Struct({})),
    "terminationGracePeriodSeconds": Scalar((0, 1, 30)),
    "securityContext": Struct({
        "runAsUser": Scalar((1, 2)), "runAsNonRoot": Scalar((True,)), "supplementalGroups": Atomic(([1], [2, 1])),
        "sysctls": Atomic(([{"name": "kernel.shm_rmid_forced", "value": "1"}],)),
    }),
    "dnsConfig": Struct({"searches": Atomic((["a.b"], ["c.d", "a.b"])), "options": Atomic(([{"name": "ndots", "value": "2"}],))}),
    "dnsPolicy": Scalar(("ClusterFirst", "Default")),
    "serviceAccountName": Scalar(("default", "other")),
    "automountServiceAccountToken": Scalar((True, False)), "enableServiceLinks": Scalar((True, False)),
}, required=("containers",), heavy=("containers", "containers", "containers", "volumes", "initContainers"))  # fmt: skip


def template(pod: Struct = POD) -> Struct:
    """Give the shape of a template."""
    return Struct({"metadata": _LABELLED, "spec": pod}, required=("metadata", "spec"), heavy=("spec", "spec", "spec"))


def least_pod(**more: Any) -> dict[str, Any]:
    """Give the least pod."""
    volumes = [{"name": "va", "emptyDir": {}}, {"name": "vb", "configMap": {"name": "cfg"}}]
    return {"containers": [{"name": "main", "image": "localhost/app:1"}], "volumes": volumes, **more}


def _workload(kind: str, spec: dict[str, Any], least: dict[str, Any], weight: int, **more: Any) -> Kind:
    labels = {"app": "x"}
    shape = Struct({
        "metadata": METADATA,
        "spec": Struct({"template": template(), **spec}, required=("template",), heavy=("template",) * 4),
    }, required=("metadata", "spec"), heavy=("spec",) * 5)  # fmt: skip
    body = {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": {**labels}}, "spec": least_pod(**more)},
    }
    return Kind("apps/v1", kind, {"spec": {**body, **least}}, shape, weight=weight)


_COUNT = Scalar(("25%", 1, 2, "50%"))
_KEPT = Scalar((10, 3, 0))
DEPLOYMENT = _workload("Deployment", {
    "strategy": Struct({
        "type": Scalar(("RollingUpdate", "Recreate")), "rollingUpdate": Struct({"maxSurge": _COUNT, "maxUnavailable": _COUNT}),
    }),
    "minReadySeconds": Scalar((0, 1)), "revisionHistoryLimit": _KEPT, "progressDeadlineSeconds": Scalar((600, 60)),
}, {"replicas": 0}, 6)  # fmt: skip
PAUSED = _workload("Deployment", {"replicas": Scalar((1, 2, 3))}, {"paused": True, "replicas": 2}, 3)
STATEFUL_SET = _workload("StatefulSet", {
    "updateStrategy": Struct({"type": Scalar(("RollingUpdate", "OnDelete")), "rollingUpdate": Struct({"partition": Scalar((0, 1))})}),
    "persistentVolumeClaimRetentionPolicy": Struct({"whenDeleted": Scalar(("Retain", "Delete")), "whenScaled": Scalar(("Retain", "Delete"))}),
    "minReadySeconds": Scalar((0, 1)), "revisionHistoryLimit": _KEPT,
}, {"replicas": 0, "serviceName": "none"}, 4)  # fmt: skip
_NOWHERE = Struct({**POD.fields}, POD.required, heavy=POD.heavy, fixed=("nodeSelector",))
DAEMON_SET = _workload("DaemonSet", {
    "template": template(_NOWHERE),
    "updateStrategy": Struct({"type": Scalar(("RollingUpdate", "OnDelete")), "rollingUpdate": Struct({"maxUnavailable": Scalar((1, 2))})}),
    "minReadySeconds": Scalar((0, 1)), "revisionHistoryLimit": _KEPT,
}, {}, 4, nodeSelector={"no-such": "node"})  # fmt: skip
_BATCH = Struct({**POD.fields, "restartPolicy": Scalar(("Never", "OnFailure"))}, POD.required, heavy=POD.heavy)
CRON_JOB = Kind("batch/v1", "CronJob", {"spec": {
    "schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": {"template": {"spec": least_pod(restartPolicy="Never")}}},
}}, Struct({"metadata": METADATA, "spec": Struct({
    "schedule": Scalar(("0 0 1 1 *", "0 0 2 1 *")), "timeZone": Scalar(("Etc/UTC", "Europe/Berlin")),
    "concurrencyPolicy": Scalar(("Allow", "Forbid", "Replace")), "startingDeadlineSeconds": Scalar((10, 20)),
    "successfulJobsHistoryLimit": Scalar((3, 1)), "failedJobsHistoryLimit": Scalar((1, 2)),
    "jobTemplate": Struct({"metadata": METADATA, "spec": Struct({
        "backoffLimit": Scalar((6, 1)), "template": template(_BATCH), "ttlSecondsAfterFinished": Scalar((1, 2)),
    }, required=("template",), heavy=("template",) * 4)}, required=("spec",), heavy=("spec",) * 4),
}, required=("schedule", "jobTemplate"), heavy=("jobTemplate",) * 4)}, required=("metadata", "spec"), heavy=("spec",) * 5), weight=2)  # fmt: skip

KINDS = (DEPLOYMENT, PAUSED, STATEFUL_SET, DAEMON_SET, CRON_JOB)
