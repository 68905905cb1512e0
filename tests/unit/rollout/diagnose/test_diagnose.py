"""What is ready, what is on its way, what can't succeed: argued from each kind's own documented states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sternway_steps.config.schema import Grace
from sternway_steps.rollout.diagnose import Related, Verdict, diagnose
from sternway_steps.rollout.diagnose.images import is_final

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def obj(api: str, kind: str, spec: Any = None, status: Any = None, **meta: Any) -> dict[str, Any]:
    metadata = {
        "name": "x",
        "namespace": "n",
        "uid": f"uid-{kind}",
        "generation": 2,
        "creationTimestamp": ago(100),
        **meta,
    }
    made: dict[str, Any] = {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec or {}}
    return {**made, "status": status} if status is not None else made


def child_of(kind: str) -> dict[str, Any]:
    return {"ownerReferences": [{"uid": f"uid-{kind}", "kind": kind, "name": "x"}]}


def pod(
    waiting: tuple[str, str] | None = None,
    *,
    phase: str = "Pending",
    ready: bool = False,
    spec: Any = None,
    owner: str = "ReplicaSet",
    labels: Any = None,
    **state: Any,
) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": "c",
        "image": "web:9",
        "restartCount": 0,
        "ready": ready,
        "state": {},
        "lastState": {},
        **state,
    }
    if waiting:
        container["state"] = {"waiting": {"reason": waiting[0], "message": waiting[1]}}
    status = {
        "phase": phase, "startTime": ago(60), "containerStatuses": [container],
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}, {"type": "PodScheduled", "status": "True"}],
    }  # fmt: skip
    return obj(
        "v1",
        "Pod",
        {"containers": [{"name": "c"}], **(spec or {})},
        status,
        name="p",
        uid="uid-pod",
        labels=labels or {},
        **child_of(owner),
    )


def event(
    reason: str, message: str, about: str = "uid-pod", seconds: float = 5, kind: str = "Warning"
) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{reason}{seconds}", "namespace": "n", "uid": f"{reason}{seconds}"},
        "involvedObject": {"uid": about}, "reason": reason, "message": message, "type": kind,
        "firstTimestamp": ago(seconds), "lastTimestamp": ago(seconds),
    }  # fmt: skip


REVISION = {"annotations": {"deployment.kubernetes.io/revision": "2"}}


def deployment(status: Any = None, spec: Any = None) -> dict[str, Any]:
    base = {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 1, "availableReplicas": 2, "readyReplicas": 2}
    return obj("apps/v1", "Deployment", {"replicas": 2, **(spec or {})}, {**base, **(status or {})}, **REVISION)


NEWEST = obj("apps/v1", "ReplicaSet", {"replicas": 1}, {}, **REVISION, **child_of("Deployment"))
OLD = obj(
    "apps/v1",
    "ReplicaSet",
    {"replicas": 2},
    {},
    annotations={"deployment.kubernetes.io/revision": "1"},
    **{**child_of("Deployment"), "uid": "uid-old"},
)


def judged(one: Any, *pods: Any, events: Any = (), sets: Any = (NEWEST, OLD)) -> Verdict:
    return diagnose(one, Related(pods=pods, replica_sets=sets, events=events), now=NOW)


def terminated(code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason}}


NOT_FOUND = 'Failed to pull image "web:9": rpc error: code = NotFound desc = failed to resolve reference "web:9": web:9: not found'
NO_HOST = 'Failed to pull image "web:9": failed to do request: Head "https://r/v2": dial tcp: lookup r: no such host'
DONE = {"replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes",
    "lastTransitionTime": ago(10),
}


def pending(since: float = 10) -> dict[str, Any]:
    made = pod()
    made["status"] = {"phase": "Pending", "conditions": [{**UNSCHEDULABLE, "lastTransitionTime": ago(since)}]}
    return made


DEPLOYMENTS: dict[str, tuple[Verdict, str, str]] = {
    "all new pods available, no old left": (judged(deployment(DONE)), "ready", "Ready"),
    "an old pod left": (judged(deployment({**DONE, "replicas": 3})), "progressing", "RollingOut"),
    "the controller has not looked": (judged(deployment({**DONE, "observedGeneration": 1})), "progressing", "NotObserved"),
    "no pods wanted": (judged(deployment({"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0}, {"replicas": 0})), "ready", "Ready"),
    "paused on purpose": (judged(deployment(spec={"paused": True})), "ready", "Paused"),
    "paused, and nothing was left to do": (judged(deployment(DONE, {"paused": True})), "ready", "Ready"),
    "image not found, at once": (judged(deployment(), pod(("ErrImagePull", NOT_FOUND))), "failed", "ErrImagePull"),
    "back-off, reason in the event": (judged(deployment(), pod(("ImagePullBackOff", "Back-off pulling image")), events=[event("Failed", NOT_FOUND)]), "failed", "ImagePullBackOff"),
    "registry away, within its grace": (judged(deployment(), pod(("ErrImagePull", NO_HOST)), events=[event("Failed", NO_HOST, seconds=5)]), "progressing", "ErrImagePull"),
    "registry away, grace over": (judged(deployment(), pod(("ErrImagePull", NO_HOST)), events=[event("Failed", NO_HOST, seconds=25)]), "failed", "ErrImagePull"),
    "no valid image name": (judged(deployment(), pod(("InvalidImageName", "couldn't parse"))), "failed", "InvalidImageName"),
    "never pull, and not there": (judged(deployment(), pod(("ErrImageNeverPull", "not present"))), "failed", "ErrImageNeverPull"),
    "crashed once": (judged(deployment(), pod(phase="Running", state=terminated(1))), "progressing", "Restarting"),
    "crash loop": (judged(deployment(), pod(("CrashLoopBackOff", "back-off 10s"), phase="Running", restartCount=1, lastState=terminated(1))), "failed", "CrashLoopBackOff"),
    "runs again after one crash": (judged(deployment(), pod(phase="Running", restartCount=1, lastState=terminated(1), state={"running": {}})), "progressing", "Restarting"),
    "killed for memory, twice": (judged(deployment(), pod(("CrashLoopBackOff", ""), phase="Running", restartCount=1, lastState=terminated(137, "OOMKilled"))), "failed", "OOMKilled"),
    "ends well, again and again": (judged(deployment(), pod(("CrashLoopBackOff", ""), phase="Running", restartCount=3, lastState=terminated(0, "Completed"))), "failed", "CrashLoopBackOff"),
    "a Secret is missing, within its grace": (judged(deployment(), pod(("CreateContainerConfigError", 'secret "s" not found')), events=[event("Failed", "Error: secret", seconds=5)]), "progressing", "CreateContainerConfigError"),
    "a Secret is missing, grace over": (judged(deployment(), pod(("CreateContainerConfigError", 'secret "s" not found')), events=[event("Failed", "Error: secret", seconds=65)]), "failed", "CreateContainerConfigError"),
    "fits nowhere, within its grace": (judged(deployment(), pending(10)), "progressing", "Unschedulable"),
    "fits nowhere, grace over": (judged(deployment(), pending(40)), "failed", "Unschedulable"),
    "an autoscaler is at work": (judged(deployment(), pending(200), events=[event("TriggeredScaleUp", "pod triggered", kind="Normal")]), "progressing", "ScalingUp"),
    "an autoscaler declines, but pods may leave": (judged(deployment(), pending(5), events=[event("NotTriggerScaleUp", "max size")]), "progressing", "Unschedulable"),
    "an autoscaler declines, grace over": (judged(deployment(), pending(40), events=[event("NotTriggerScaleUp", "max size")]), "failed", "Unschedulable"),
    "an autoscaler brought a node, and declines since": (judged(deployment(), pending(90), events=[event("TriggeredScaleUp", "up", seconds=80), event("NotTriggerScaleUp", "max size")]), "failed", "Unschedulable"),
    "quota, within its grace": (judged(deployment(), events=[event("FailedCreate", "exceeded quota", "uid-ReplicaSet", 2)]), "progressing", "FailedCreate"),
    "quota, grace over": (judged(deployment(), events=[event("FailedCreate", "exceeded quota", "uid-ReplicaSet", 9)]), "failed", "FailedCreate"),
    "quota was over, pods were made since": (judged(deployment(), events=[event("FailedCreate", "quota", "uid-ReplicaSet", 50), event("SuccessfulCreate", "made", "uid-ReplicaSet", 1)]), "progressing", "RollingOut"),
    "a volume does not come, within its grace": (judged(deployment(), pod(("ContainerCreating", "")), events=[event("FailedMount", "timed out", seconds=30)]), "progressing", "FailedMount"),
    "a volume does not come, grace over": (judged(deployment(), pod(("ContainerCreating", "")), events=[event("FailedMount", "timed out", seconds=90)]), "failed", "FailedMount"),
    "not ready yet is no failure": (judged(deployment(), pod(phase="Running", state={"running": {}}), events=[event("Unhealthy", "Readiness probe failed")]), "progressing", "PodNotReady"),
    "its own deadline passed": (judged(deployment({"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "timed out"}]})), "failed", "ProgressDeadlineExceeded"),
    "an evicted pod is replaced": (judged(deployment(), {**pod(), "status": {"phase": "Failed", "reason": "Evicted"}}), "progressing", "RollingOut"),
    "an old pod's crash is no matter": (judged(deployment(), {**pod(("CrashLoopBackOff", ""), restartCount=9, lastState=terminated(1)), "metadata": {**pod()["metadata"], "ownerReferences": [{"uid": "uid-old"}]}}), "progressing", "RollingOut"),
    "a pod on its way out is no matter": (judged(deployment(), {**pod(("ErrImagePull", NOT_FOUND)), "metadata": {**pod()["metadata"], "deletionTimestamp": ago(1)}}), "progressing", "RollingOut"),
    "being deleted": (judged({**deployment(DONE), "metadata": {**deployment()["metadata"], "deletionTimestamp": ago(1)}}), "failed", "Terminating"),
}  # fmt: skip


def init(code: int, restarts: int, policy: str = "Always") -> dict[str, Any]:
    made = pod(("PodInitializing", ""), spec={"restartPolicy": policy})
    state = {"waiting": {"reason": "CrashLoopBackOff"}} if restarts else terminated(code)
    made["status"]["initContainerStatuses"] = [
        {"name": "i", "restartCount": restarts, "ready": False, "state": state, "lastState": terminated(code)}
    ]
    return made


def stateful(status: Any, spec: Any = None) -> dict[str, Any]:
    base = {"observedGeneration": 2, "currentRevision": "x-1", "updateRevision": "x-2", "replicas": 2}
    return obj("apps/v1", "StatefulSet", {"replicas": 2, **(spec or {})}, {**base, **status})


def conditions(
    *found: tuple[str, str], api: str = "example.com/v1", kind: str = "Shop", **status: Any
) -> dict[str, Any]:
    return obj(api, kind, {}, {"conditions": [{"type": t, "status": s, "message": "m"} for t, s in found], **status})


def daemon(**status: Any) -> dict[str, Any]:
    return obj("apps/v1", "DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 2, **status})


CRASHED = {"restartCount": 3, "lastState": terminated(1)}
OTHERS: dict[str, tuple[Verdict, str, str]] = {
    "init failed once": (judged(deployment(), init(1, 0)), "progressing", "Restarting"),
    "init fails again and again": (judged(deployment(), init(1, 1)), "failed", "CrashLoopBackOff"),
    "init failed and is not restarted": (judged(deployment(), init(1, 0, "Never")), "failed", "CrashLoopBackOff"),
    "StatefulSet all updated": (judged(stateful({"readyReplicas": 2, "availableReplicas": 2, "updatedReplicas": 2})), "ready", "Ready"),
    "StatefulSet settled": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 2, "currentRevision": "x-2"})), "ready", "Ready"),
    "StatefulSet put back in mid-rollout": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 1, "currentRevision": "x-2"})), "progressing", "RollingOut"),
    "StatefulSet put back, all pods of the newer revision": (judged(stateful({"readyReplicas": 2, "currentRevision": "x-2"})), "progressing", "RollingOut"),
    "StatefulSet put back below its partition": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 1, "currentRevision": "x-2"}, {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}})), "progressing", "RollingOut"),
    "StatefulSet half updated": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 1})), "progressing", "RollingOut"),
    "StatefulSet partition reached": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 1}, {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}})), "ready", "Ready"),
    "StatefulSet OnDelete": (judged(stateful({"readyReplicas": 2, "updatedReplicas": 0}, {"updateStrategy": {"type": "OnDelete"}})), "ready", "Ready"),
    "StatefulSet new pod crashes": (judged(stateful({"readyReplicas": 1, "updatedReplicas": 1}), pod(("CrashLoopBackOff", ""), owner="StatefulSet", labels={"controller-revision-hash": "x-2"}, **CRASHED)), "failed", "CrashLoopBackOff"),
    "StatefulSet old pod crashes": (judged(stateful({"readyReplicas": 1, "updatedReplicas": 1}), pod(("CrashLoopBackOff", ""), owner="StatefulSet", labels={"controller-revision-hash": "x-1"}, **CRASHED)), "progressing", "RollingOut"),
    "DaemonSet everywhere": (judged(daemon(updatedNumberScheduled=2, numberAvailable=2)), "ready", "Ready"),
    "DaemonSet half": (judged(daemon(updatedNumberScheduled=1, numberAvailable=2)), "progressing", "RollingOut"),
    "DaemonSet on no node": (judged(daemon(desiredNumberScheduled=0)), "ready", "Ready"),
    "DaemonSet pod not found": (judged(daemon(updatedNumberScheduled=1), pod(("ErrImagePull", NOT_FOUND), owner="DaemonSet")), "failed", "ErrImagePull"),
    "Job running": (judged(obj("batch/v1", "Job", {}, {"active": 1})), "progressing", "Running"),
    "Job complete": (judged(conditions(("Complete", "True"), api="batch/v1", kind="Job")), "ready", "Complete"),
    "Job failed": (judged(obj("batch/v1", "Job", {}, {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}]})), "failed", "BackoffLimitExceeded"),
    "Job suspended": (judged(obj("batch/v1", "Job", {"suspend": True}, {})), "ready", "Suspended"),
    "Job's pod crashed, will be tried again": (judged(obj("batch/v1", "Job", {}, {"active": 1}), pod(phase="Running", owner="Job", state=terminated(1), spec={"restartPolicy": "Never"})), "progressing", "Running"),
    "Job's image not found": (judged(obj("batch/v1", "Job", {}, {"active": 1}), pod(("ErrImagePull", NOT_FOUND), owner="Job")), "failed", "ErrImagePull"),
    "CronJob": (judged(obj("batch/v1", "CronJob", {"schedule": "* * * * *"}, {})), "ready", "Scheduled"),
    "Pod ready": (judged(pod(phase="Running", ready=True)), "ready", "Ready"),
    "Pod completed": (judged({**pod(), "status": {"phase": "Succeeded"}}), "ready", "Completed"),
    "Pod failed": (judged({**pod(), "status": {"phase": "Failed", "message": "m"}}), "failed", "PodFailed"),
    "claim bound": (judged(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"})), "ready", "Bound"),
    "claim lost": (judged(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Lost"})), "failed", "ClaimLost"),
    "claim pending": (judged(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"})), "progressing", "Pending"),
    "claim waits for its pod": (judged(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), events=[event("WaitForFirstConsumer", "waiting", "uid-PersistentVolumeClaim", kind="Normal")]), "ready", "WaitForFirstConsumer"),
    "claim of no class": (judged(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Pending"}), events=[event("ProvisioningFailed", "no class", "uid-PersistentVolumeClaim", 70)]), "failed", "ProvisioningFailed"),
    "Service": (judged(obj("v1", "Service", {"clusterIP": "10.0.0.1"}, {})), "ready", "Exists"),
    "LoadBalancer without address": (judged(obj("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {}})), "progressing", "NoAddress"),
    "LoadBalancer with address": (judged(obj("v1", "Service", {"type": "LoadBalancer"}, {"loadBalancer": {"ingress": [{"ip": "1"}]}})), "ready", "HasAddress"),
    "Ingress": (judged(obj("networking.k8s.io/v1", "Ingress", {}, {})), "ready", "Exists"),
    "autoscaler": (judged(conditions(("AbleToScale", "True"), ("ScalingActive", "False"), api="autoscaling/v2", kind="HorizontalPodAutoscaler")), "ready", "Exists"),
    "definition established": (judged(conditions(("Established", "True"), api="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")), "ready", "Established"),
    "definition with a taken name": (judged(conditions(("NamesAccepted", "False"), api="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")), "failed", "NamesNotAccepted"),
    "definition new": (judged(obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", {}, {})), "progressing", "NotEstablished"),
    "ConfigMap": (judged(obj("v1", "ConfigMap")), "ready", "Exists"),
    "custom, no status": (judged(obj("example.com/v1", "Shop")), "ready", "Exists"),
    "custom, Ready": (judged(conditions(("Ready", "True"))), "ready", "Ready"),
    "custom, not Ready": (judged(conditions(("Ready", "False"))), "progressing", "NotReady"),
    "custom, Stalled": (judged(conditions(("Ready", "False"), ("Stalled", "True"))), "failed", "Stalled"),
    "custom, Failed": (judged(conditions(("Failed", "True"))), "failed", "Failed"),
    "custom, Reconciling": (judged(conditions(("Reconciling", "True"), ("Ready", "True"))), "progressing", "Reconciling"),
    "custom, stale": (judged(conditions(("Ready", "True"), observedGeneration=1)), "progressing", "NotObserved"),
    "custom, other conditions": (judged(conditions(("Weird", "False"))), "ready", "Exists"),
}  # fmt: skip


@pytest.mark.parametrize("case", [*DEPLOYMENTS, *OTHERS])
def test_verdict(case: str) -> None:
    verdict, state, reason = {**DEPLOYMENTS, **OTHERS}[case]
    assert (verdict.state, verdict.reason) == (state, reason)


def test_a_wait_says_when_it_will_be_decided() -> None:
    verdict = DEPLOYMENTS["registry away, within its grace"][0]
    assert verdict.decide_at == NOW + timedelta(seconds=15)
    assert verdict.cause is not None
    assert (verdict.cause.pod, verdict.cause.container) == ("p", "c")


HELD = {
    "fits nowhere": pending(1),
    "registry away": pod(("ErrImagePull", NO_HOST)),
    "a Secret is missing": pod(("CreateContainerConfigError", 'secret "s" not found')),
    "no volume": pod(("ContainerCreating", "")),
    "crashed": pod(phase="Running", state=terminated(1)),
    "none": None,
}
TOLD = {
    "nothing": [],
    "pull": [event("Failed", NO_HOST, seconds=1)],
    "mount": [event("FailedMount", "timed out", seconds=1)],
    "a node comes": [event("TriggeredScaleUp", "up", seconds=1)],
    "rejected": [event("FailedCreate", "no such account", uid, 1) for uid in ("uid-ReplicaSet", "uid-Job", "uid-StatefulSet", "uid-DaemonSet")],
    "quota": [event("FailedCreate", "exceeded quota", uid, 1) for uid in ("uid-ReplicaSet", "uid-Job", "uid-StatefulSet", "uid-DaemonSet")],
}  # fmt: skip
OWNERS = {
    "Deployment": (deployment({"replicas": 2, "updatedReplicas": 1}, {"replicas": 2}), "ReplicaSet"),
    "StatefulSet": (stateful({"readyReplicas": 0, "updatedReplicas": 0}), "StatefulSet"),
    "DaemonSet": (daemon(updatedNumberScheduled=0), "DaemonSet"),
    "Job": (obj("batch/v1", "Job", {}, {"active": 1}), "Job"),
    "Pod": (None, "none"),
}


@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("told", TOLD)
def test_what_time_alone_decides_is_announced(owner: str, held: str, told: str) -> None:
    """In a quiet namespace nothing else makes anybody look again: a verdict changes when it was said that it may."""
    one, kind = OWNERS[owner]
    first = HELD[held]
    if owner == "Pod" and first is None:
        pytest.skip("no pod")
    labels = {"controller-revision-hash": "x-2"}
    second = {
        **pod(phase="Running", state={"running": {}}),
        "metadata": {**pod()["metadata"], "name": "q", "uid": "uid-q"},
    }
    pods = [
        {**p, "metadata": {**p["metadata"], "labels": labels, **child_of(kind)}}
        for p in (first, second)
        if p is not None
    ]
    sets = (NEWEST, OLD) if owner == "Deployment" else ()
    related = Related(pods, sets, TOLD[told])
    said: list[datetime | None] = []
    for second_later in range(200):
        now = NOW + timedelta(seconds=second_later)
        verdict = diagnose(one or pods[0], related, now=now, grace=Grace())
        if verdict.state != "progressing":
            assert all(at is not None and at <= now for at in said), f"{verdict.reason} after {second_later} s"
            return
        said.append(verdict.decide_at)


@pytest.mark.parametrize(
    ("text", "final"),
    [
        ("web:9: not found", True),
        ("manifest unknown: manifest unknown", True),
        ("pull access denied, repository does not exist or may require authorization", True),
        ("unexpected status from HEAD request: 401 Unauthorized", True),
        ("dial tcp 127.0.0.1:1: connect: connection refused", False),
        ("dial tcp: lookup registry: no such host", False),
        ("net/http: TLS handshake timeout", False),
        ("toomanyrequests: rate limit exceeded", False),
        ("503 Service Unavailable", False),
        ("Back-off pulling image", False),
    ],
)
def test_what_a_pull_error_means(text: str, final: bool) -> None:
    assert is_final(text) is final


@pytest.mark.parametrize(
    "kind",
    [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("batch/v1", "Job"),
        ("v1", "Pod"),
        ("v1", "PersistentVolumeClaim"),
    ],
)
def test_an_object_of_which_nothing_is_known_yet_is_on_its_way(kind: tuple[str, str]) -> None:
    bare = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x"}}
    assert diagnose(bare, Related(), now=NOW).state == "progressing"


@pytest.mark.parametrize(
    "kind",
    [
        ("v1", "Service"),
        ("v1", "Secret"),
        ("networking.k8s.io/v1", "Ingress"),
        ("batch/v1", "CronJob"),
        ("policy/v1", "PodDisruptionBudget"),
        ("example.com/v1", "Shop"),
    ],
)
def test_an_object_without_a_state_is_ready_when_it_exists(kind: tuple[str, str]) -> None:
    bare = {"apiVersion": kind[0], "kind": kind[1], "metadata": {"name": "x"}}
    assert diagnose(bare, Related(), now=NOW).state == "ready"
