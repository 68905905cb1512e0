"""Who judges what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ...config.rules import KindRule
from ...config.schema import Grace
from . import autoscalers, builtin, conditions, jobs, pods, storage, workloads
from .rules import judge_by_rule, rule_of
from .verdict import ENDED, Cause, Obj, Related, Seen, Verdict, View, failed, ready

Judge = Callable[[Obj, View], Verdict]

_JUDGES: dict[tuple[str, str], Judge] = {
    ("apps", "Deployment"): workloads.judge_deployment,
    ("apps", "ReplicaSet"): workloads.judge_replica_set,
    ("apps", "StatefulSet"): workloads.judge_stateful_set,
    ("apps", "DaemonSet"): workloads.judge_daemon_set,
    ("batch", "Job"): jobs.judge_job,
    ("batch", "CronJob"): jobs.judge_cron_job,
    ("", "Pod"): pods.judge_bare_pod,
    ("", "ReplicationController"): workloads.judge_replica_set,
    ("", "PersistentVolumeClaim"): storage.judge_claim,
    ("", "PersistentVolume"): storage.judge_volume,
    ("", "Service"): builtin.judge_service,
    ("", "Namespace"): builtin.judge_namespace,
    ("networking.k8s.io", "Ingress"): builtin.judge_ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscalers.judge_autoscaler,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): builtin.judge_definition,
}

# Groups whose other kinds have no state of their own: they are there or not.
_BUILT_IN = frozenset({
    "", "apps", "batch", "autoscaling", "policy", "rbac.authorization.k8s.io", "networking.k8s.io", "storage.k8s.io",
    "coordination.k8s.io", "scheduling.k8s.io", "node.k8s.io", "discovery.k8s.io", "admissionregistration.k8s.io",
    "events.k8s.io", "certificates.k8s.io",
})  # fmt: skip


def diagnose(
    obj: Obj,
    related: Related,
    *,
    now: datetime,
    grace: Grace | None = None,
    seen: Seen | None = None,
    rules: Sequence[KindRule] = (),
) -> Verdict:
    """Judge an object by itself and by what belongs to it.

    Args:
        obj: the object as the API gives it, with its status.
        related: pods, ReplicaSets, events and claims of its namespace.
        now: this moment, with a time zone; graces are counted by it.
        grace: how long a state that may pass is waited out.
        seen: what is known of it beside what stands in it.
        rules: the user's rules; they go before ours, and those before the judgement of any object.

    """
    view = View(related, now, grace or Grace(), seen or Seen())
    verdict = _verdict(obj, view, rules)
    return _leaving(verdict) if obj["metadata"].get("deletionTimestamp") else verdict


def _verdict(obj: Obj, view: View, rules: Sequence[KindRule]) -> Verdict:
    group = obj["apiVersion"].rpartition("/")[0]
    judge = _JUDGES.get((group, obj["kind"]))
    if judge is None and group in _BUILT_IN:
        return ready("it exists", "Exists")
    verdict = (judge or conditions.judge_by_conditions)(obj, view)
    rule = rule_of(group, obj["kind"], rules, ours=judge is None)
    return judge_by_rule(obj, view, rule, verdict) if rule is not None else verdict


def _leaving(verdict: Verdict) -> Verdict:
    """Judge what is being deleted: it does not come up any more, but what ended before ended as it did."""
    if verdict.reason in ENDED or verdict.state == "failed":
        return verdict
    return failed(Cause("Terminating", "it is being deleted, so it will not come up"))


def has_pods(api_version: str, kind: str) -> bool:
    """Tell whether objects of a kind have pods that tell how they fare."""
    group = api_version.rpartition("/")[0]
    keepers = {("batch", "Job"), ("", "ReplicationController"), ("apps", kind)}
    return (group, kind) in keepers and kind != "ControllerRevision"


def has_state(api_version: str, kind: str) -> bool:
    """Tell whether an object of a kind can be anything but there: only such are watched."""
    group = api_version.rpartition("/")[0]
    return (group, kind) in _JUDGES or group not in _BUILT_IN


def is_custom(api_version: str, kind: str) -> bool:
    """Tell whether a kind is none of Kubernetes' own, so that its conditions decide."""
    group = api_version.rpartition("/")[0]
    return (group, kind) not in _JUDGES and group not in _BUILT_IN


__all__ = ["diagnose", "has_pods", "has_state", "is_custom"]
