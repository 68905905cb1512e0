"""Verdicts that are easily got wrong: what ends, leaves, is held on purpose, or is late; inputs of our own."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sternway_steps.objects.kinds import has_pods, has_state
from sternway_steps.rollout.diagnose import Related, Verdict, diagnose

from tests.unit.rollout.diagnose.test_diagnose import (
    DONE,
    NEWEST,
    NOT_FOUND,
    NOW,
    UNSCHEDULABLE,
    ago,
    child_of,
    conditions,
    daemon,
    deployment,
    event,
    judged,
    obj,
    pending,
    pod,
    stateful,
    terminated,
)

HPA = "HorizontalPodAutoscaler"


def bare(**status: Any) -> dict[str, Any]:
    made = pod(phase="Running")
    metadata = {key: value for key, value in made["metadata"].items() if key != "ownerReferences"}
    return {**made, "metadata": metadata, "status": {**made["status"], **status}}


def kept(made: dict[str, Any]) -> dict[str, Any]:
    owner = {"uid": "uid-X", "kind": "ReplicaSet", "name": "x", "controller": True}
    return {**made, "metadata": {**made["metadata"], "ownerReferences": [owner]}}


def leaving(made: dict[str, Any]) -> dict[str, Any]:
    return {**made, "metadata": {**made["metadata"], "deletionTimestamp": ago(1)}}


def controller(available: int | None, observed: int = 2) -> dict[str, Any]:
    status = {"observedGeneration": observed} | ({"availableReplicas": available} if available is not None else {})
    return obj("v1", "ReplicationController", {"replicas": 2}, status)


def autoscaler(kind: str, status: str, reason: str, *, changed: float = 100, v1: bool = False) -> dict[str, Any]:
    found = [{"type": kind, "status": status, "reason": reason, "message": "m"}]
    fields = [{"manager": "somebody", "operation": "Apply", "time": ago(changed)}]
    if not v1:
        return obj("autoscaling/v2", HPA, {}, {"conditions": found}, managedFields=fields)
    notes = {"autoscaling.alpha.kubernetes.io/conditions": json.dumps(found)}
    return obj("autoscaling/v1", HPA, {}, {"currentReplicas": 1}, managedFields=fields, annotations=notes)


DISRUPTED = [{"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler", "message": "by x"}]
COMPLETE = conditions(("Complete", "True"), api="batch/v1", kind="Job")
LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}


def late(name: str) -> dict[str, Any]:
    condition = {**LATE, "message": f'ReplicaSet "{name}" has timed out progressing.'}
    return deployment({"conditions": [condition]})


def daemon_pod(template: str) -> dict[str, Any]:
    return pod(("ErrImagePull", NOT_FOUND), owner="DaemonSet", labels={"pod-template-generation": template})


def counted(made: dict[str, Any], template: str) -> dict[str, Any]:
    notes = {"deprecated.daemonset.template.generation": template}
    return {**made, "metadata": {**made["metadata"], "annotations": notes}}


HALF = daemon(updatedNumberScheduled=1)
TASK = {"restartPolicy": "Never", "initContainers": [{"name": "c", "restartPolicy": "Always"}], "containers": []}
SETTLED = {"running": {"startedAt": ago(700)}}
GATED = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
NO_VOLUME = {**UNSCHEDULABLE, "message": "0/1 nodes: pod has unbound immediate PersistentVolumeClaims"}


def scheduled(condition: dict[str, Any], **spec: Any) -> dict[str, Any]:
    made = pod(spec=spec)
    return {**made, "status": {"phase": "Pending", "conditions": [condition]}}


def stale_create(seconds: float) -> list[dict[str, Any]]:
    """The same words for an hour: one event, with its first time."""
    told = event("FailedCreate", "exceeded quota", "uid-Job", seconds)
    return [{**told, "firstTimestamp": ago(3600)}, event("SuccessfulCreate", "made", "uid-Job", 30)]


def left(seconds: float) -> Verdict:
    """Judge a rollout whose pods were rejected for 6 s when a pod left, so many seconds ago."""
    told = event("FailedCreate", "exceeded quota: q", "uid-ReplicaSet", seconds + 6)
    newest = {**NEWEST, "metadata": {**NEWEST["metadata"], "creationTimestamp": ago(seconds + 6)}}
    related = Related(events=[told], replica_sets=[newest], left_at=NOW - timedelta(seconds=seconds))
    return diagnose(deployment(), related, now=NOW)


JOB = obj("batch/v1", "Job", {}, {"active": 1}, creationTimestamp=ago(7200))
KINDS: dict[str, tuple[Verdict, str, str]] = {
    "ReplicationController up": (judged(controller(2)), "ready", "Ready"),
    "ReplicationController half up": (judged(controller(1)), "progressing", "RollingOut"),
    "ReplicationController not observed": (judged(controller(2, observed=1)), "progressing", "RollingOut"),
    "ReplicationController's image not found": (judged(controller(None), pod(("ErrImagePull", NOT_FOUND), owner="ReplicationController")), "failed", "ErrImagePull"),
    "autoscaler without a selector": (judged(autoscaler("ScalingActive", "False", "InvalidSelector")), "failed", "InvalidSelector"),
    "autoscaler with a metric of no kind": (judged(autoscaler("ScalingActive", "False", "InvalidMetricSourceType")), "failed", "InvalidMetricSourceType"),
    "autoscaler that was mended just now": (judged(autoscaler("ScalingActive", "False", "InvalidSelector", changed=3)), "progressing", "InvalidSelector"),
    "autoscaler without metrics yet": (judged(autoscaler("ScalingActive", "False", "FailedGetResourceMetric")), "ready", "Exists"),
    "autoscaler of a target with no replicas": (judged(autoscaler("ScalingActive", "False", "ScalingDisabled")), "ready", "Exists"),
    "autoscaler without its target": (judged(autoscaler("AbleToScale", "False", "FailedGetScale")), "progressing", "FailedGetScale"),
    "autoscaler v1 without a selector": (judged(autoscaler("ScalingActive", "False", "InvalidSelector", v1=True)), "failed", "InvalidSelector"),
    "autoscaler v1 without its target": (judged(autoscaler("AbleToScale", "False", "FailedGetScale", v1=True)), "progressing", "FailedGetScale"),
    "autoscaler v1 with somebody's annotation": (judged(obj("autoscaling/v1", HPA, {}, {}, annotations={"autoscaling.alpha.kubernetes.io/conditions": "{"})), "ready", "Exists"),
    "bare pod evicted": (judged(bare(phase="Failed", reason="Evicted", message="low on memory")), "failed", "Evicted"),
    "bare pod preempted by the kubelet": (judged(bare(phase="Failed", reason="Preempting")), "failed", "Preempting"),
    "bare pod preempted by the scheduler": (judged(leaving(bare(conditions=DISRUPTED))), "failed", "PreemptionByScheduler"),
    "a pod with a controller, evicted": (judged(kept(bare(phase="Failed", reason="Evicted"))), "progressing", "Evicted"),
    "bare pod being deleted": (judged(leaving(bare())), "failed", "Terminating"),
    "bare pod completed, being deleted": (judged(leaving(bare(phase="Succeeded"))), "ready", "Completed"),
    "claim being deleted": (judged(leaving(obj("v1", "PersistentVolumeClaim", {}, {"phase": "Bound"}))), "failed", "Terminating"),
    "namespace being deleted": (judged(leaving(obj("v1", "Namespace", {}, {"phase": "Terminating"}))), "failed", "Terminating"),
    "ConfigMap being deleted": (judged(leaving(obj("v1", "ConfigMap"))), "failed", "Terminating"),
    "custom resource being deleted": (judged(leaving(conditions(("Ready", "True")))), "failed", "Terminating"),
    "Job complete, removed by its TTL": (judged(leaving(COMPLETE)), "ready", "Complete"),
    "Job failed, removed by its TTL": (judged(leaving(conditions(("Failed", "True"), api="batch/v1", kind="Job"))), "failed", "JobFailed"),
    "Job running, deleted": (judged(leaving(JOB)), "failed", "Terminating"),
    "Job's success policy is met": (judged(conditions(("SuccessCriteriaMet", "True"), api="batch/v1", kind="Job")), "ready", "Complete"),
    "Job's failure policy is met": (judged(obj("batch/v1", "Job", {}, {"conditions": [{"type": "FailureTarget", "status": "True", "reason": "PodFailurePolicy", "message": "m"}]})), "failed", "PodFailurePolicy"),
    "Job's sidecar ended once": (judged(JOB, {**pod(phase="Running", owner="Job", spec=TASK, state=terminated(1))}), "progressing", "Running"),
    "Job held by a queue": (judged(JOB, {**scheduled(GATED, schedulingGates=[{"name": "kueue"}]), "metadata": {**pod(owner="Job")["metadata"]}}), "progressing", "Running"),
    "CronJob suspended": (judged(obj("batch/v1", "CronJob", {"suspend": True, "schedule": "@daily"}, {})), "ready", "Suspended"),
    "paused, not observed yet": (judged(deployment({"observedGeneration": 1}, {"paused": True})), "progressing", "NotObserved"),
    "late: the newest": (judged(late("x")), "failed", "ProgressDeadlineExceeded"),
    "late: one before it": (judged(late("x-of-the-version-before")), "progressing", "RollingOut"),
    "late once, and up since": (judged(deployment({**DONE, "conditions": [LATE]})), "ready", "Ready"),
    "DaemonSet's template is older than its generation": (judged(counted(HALF, "1"), daemon_pod("1")), "failed", "ErrImagePull"),
    "DaemonSet's pod of an older template": (judged(counted(HALF, "2"), daemon_pod("1")), "progressing", "RollingOut"),
    "sidecar of a task ended once": (judged(deployment(), pod(phase="Running", spec=TASK, state=terminated(1))), "progressing", "Restarting"),
    "unready now, crashed days ago": (judged(deployment(), pod(phase="Running", restartCount=5, lastState=terminated(1), state=SETTLED)), "progressing", "RollingOut"),
    "held by scheduling gates": (judged(deployment(), scheduled(GATED, schedulingGates=[{"name": "example.com/q"}])), "progressing", "SchedulingGated"),
    "a claim is not bound, its grace": (judged(deployment(), scheduled({**NO_VOLUME, "lastTransitionTime": ago(45)})), "progressing", "Unschedulable"),
    "a claim is not bound, grace over": (judged(deployment(), scheduled({**NO_VOLUME, "lastTransitionTime": ago(65)})), "failed", "Unschedulable"),
    "others are to make room": (judged(deployment(), {**pending(90), "status": {**pending(90)["status"], "nominatedNodeName": "n1"}}), "progressing", "Preempting"),
    "mounted late, and pulling since": (judged(deployment(), pod(("ContainerCreating", "")), events=[event("FailedMount", "timed out", seconds=90), event("Pulling", "Pulling image", seconds=70, kind="Normal")]), "progressing", "RollingOut"),
    "rejected again after an hour": (judged(JOB, events=stale_create(2), sets=()), "failed", "FailedCreate"),
    "rejected anew, within its grace": (judged({**JOB, "metadata": {**JOB["metadata"], "managedFields": [{"time": ago(3)}]}}, events=stale_create(2), sets=()), "progressing", "FailedCreate"),
    "quota, while a pod leaves": (judged(deployment(), leaving(pod()), events=[event("FailedCreate", "exceeded quota: q", "uid-ReplicaSet", 9)]), "progressing", "FailedCreate"),
    "quota, a pod has left, and the controller pauses": (left(4), "progressing", "FailedCreate"),
    "quota, a pod has left long since": (left(20), "failed", "FailedCreate"),
    "runs as root and must not": (judged(deployment(), pod(("CreateContainerConfigError", "container has runAsNonRoot and image will run as root"))), "failed", "CreateContainerConfigError"),
    "the runtime does not start it": (judged(deployment(), pod(("CreateContainerError", "the name is in use")), events=[event("Failed", "Error: the name", seconds=12)]), "failed", "CreateContainerError"),
    "an image with a word of the network": (judged(deployment(), pod(("ErrImagePull", "timeout:1: not found"), image="timeout:1")), "failed", "ErrImagePull"),
}  # fmt: skip


@pytest.mark.parametrize("case", KINDS)
def test_verdict(case: str) -> None:
    verdict, state, reason = KINDS[case]
    assert (verdict.state, verdict.reason) == (state, reason), verdict.message


def test_a_replication_controller_is_watched_with_its_pods() -> None:
    assert (has_state("v1", "ReplicationController"), has_pods("v1", "ReplicationController")) == (True, True)


def test_a_readiness_gate_that_is_not_met_is_named() -> None:
    made = pod(phase="Running", spec={"readinessGates": [{"conditionType": "t.example/registered"}]})
    made["status"]["conditions"] += [{"type": "ContainersReady", "status": "True"}]
    cause = judged(deployment(), made).cause
    assert cause is not None
    assert (cause.reason, cause.pod) == ("ReadinessGatesNotReady", "p")
    assert "t.example/registered is not met: no controller has set the condition" in cause.message
    made["status"]["conditions"] += [{"type": "t.example/registered", "status": "False", "message": "not in the pool"}]
    cause = judged(deployment(), made).cause
    assert cause is not None
    assert cause.message.endswith("t.example/registered is not met: not in the pool")


def test_an_older_pod_that_an_ordered_update_waits_for_is_named() -> None:
    labels = {"controller-revision-hash": "x-1"}
    broken = pod(("CrashLoopBackOff", ""), owner="StatefulSet", labels=labels, restartCount=3, lastState=terminated(1))
    found = judged(stateful({"readyReplicas": 1, "updatedReplicas": 0}), broken)
    assert found.state == "progressing"
    assert found.message.startswith("the update waits for pod p of the older version: container c ended")
    side_by_side = {"podManagementPolicy": "Parallel"}
    assert judged(stateful({"readyReplicas": 1}, side_by_side), broken).cause is None


def test_an_init_container_that_still_runs_is_named() -> None:
    made = pod(("PodInitializing", ""), spec={"initContainers": [{"name": "wait-for-db"}]})
    made["status"]["conditions"] += [{"type": "Initialized", "status": "False"}]
    made["status"]["initContainerStatuses"] = [{"name": "wait-for-db", "state": {"running": {}}, "ready": False}]
    found = judged(deployment(), made)
    assert (found.state, found.message) == ("progressing", "pod p: init container wait-for-db still runs")


def test_a_pod_that_is_replaced_holds_nothing_up() -> None:
    found = diagnose(JOB, Related(pods=[{**kept(bare(phase="Failed", reason="Evicted")), **child_of("Job")}]), now=NOW)
    assert (found.state, found.cause) == ("progressing", None)
