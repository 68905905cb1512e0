"""Who judges what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ...config.rules import KindRule
from ...config.schema import Grace
from ...objects.kinds import has_state
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
    if judge is None and not has_state(obj["apiVersion"], obj["kind"]):
        return ready("it exists", "Exists")
    verdict = (judge or conditions.judge_by_conditions)(obj, view)
    rule = rule_of(group, obj["kind"], rules, ours=judge is None)
    return judge_by_rule(obj, view, rule, verdict) if rule is not None else verdict


def _leaving(verdict: Verdict) -> Verdict:
    """Judge what is being deleted: it does not come up any more, but what ended before ended as it did."""
    if verdict.reason in ENDED or verdict.state == "failed":
        return verdict
    return failed(Cause("Terminating", "it is being deleted, so it will not come up"))
