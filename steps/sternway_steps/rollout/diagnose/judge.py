"""Which judge is for which kind of object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from ...config.rules import KindRule
from ...config.schema import Grace
from ...objects.kinds import has_state
from . import autoscalers, conditions, core_kinds, jobs, pods, storage, workloads
from .object_fields import Obj
from .rules import judge_by_rule, rule_of
from .verdict import ENDED, Cause, Verdict, failed, ready
from .view import Observation, Related, View

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
    ("", "Service"): core_kinds.judge_service,
    ("", "Namespace"): core_kinds.judge_namespace,
    ("networking.k8s.io", "Ingress"): core_kinds.judge_ingress,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscalers.judge_autoscaler,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): core_kinds.judge_definition,
}


def diagnose(
    obj: Obj,
    related: Related,
    *,
    now: datetime,
    grace: Grace | None = None,
    observation: Observation | None = None,
    rules: Sequence[KindRule] = (),
) -> Verdict:
    """Return the verdict on an object, judged by itself and by what belongs to it.

    Args:
        obj: the object as the API returns it, with its status.
        related: pods, ReplicaSets, events and claims of its namespace.
        now: the current time, with a time zone.
        grace: how long trouble that may pass is waited out.
        observation: what is known of the object besides its content.
        rules: the user's rules; they precede ours, and those the judgement by kind or by conditions.

    """
    view = View(related, now, grace or Grace(), observation or Observation())
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
    """Return the verdict on an object that is being deleted: failed, unless it had ended before."""
    if verdict.reason in ENDED or verdict.state == "failed":
        return verdict
    return failed(Cause("Terminating", "it is being deleted, so it will not come up"))
