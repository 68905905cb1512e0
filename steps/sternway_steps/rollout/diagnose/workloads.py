"""Judges workload controllers: Deployment, ReplicaSet, StatefulSet, DaemonSet.

The rules for "ready" are those of `kubectl rollout status`; the API reference explains each field.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ...plural import count
from .object_fields import Obj, condition, spec_of
from .pods import is_ready, judge_pods
from .rejected_pods import judge_rejected_pods
from .verdict import Cause, Verdict, failed, progressing, ready, sooner
from .view import View

_REVISION = "deployment.kubernetes.io/revision"
_SET = re.compile(r'ReplicaSet "([^"]+)"')
_TEMPLATE = "deprecated.daemonset.template.generation"
"""Counts changes of the template alone, as the pods' label does; the object's generation counts all changes."""


def judge_deployment(obj: Obj, view: View) -> Verdict:
    """A Deployment is ready when all wanted pods are of the newest template and available, and no older one is left."""
    spec, status = spec_of(obj), obj.get("status") or {}
    wanted = spec.get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    newest = _newest(obj, view)
    done = min(((newest or {}).get("status") or {}).get("availableReplicas", 0), wanted)
    if not _observed(obj):
        return progressing("NotObserved", "the controller has not seen the change yet", None, 0, wanted)
    if updated >= wanted and status.get("replicas", 0) <= updated and available >= updated:
        return ready(f"{available} of {wanted} pods are available", done=available, wanted=wanted)
    if spec.get("paused"):  # its pods are as they were: nobody is to wait for what its owner has stopped
        return ready("paused: its rollout goes on when somebody resumes it", "Paused", done, wanted)
    pods = view.pods_of(newest) if newest else []
    return _pods_first(obj, newest, pods, view, _waiting(status, wanted), done, wanted)


def judge_replica_set(obj: Obj, view: View) -> Verdict:
    """A ReplicaSet is ready when all wanted pods are available."""
    status, wanted = obj.get("status") or {}, spec_of(obj).get("replicas", 1)
    available = status.get("availableReplicas", 0)
    if _observed(obj) and available >= wanted:
        return ready(f"{available} of {wanted} pods are available", done=available, wanted=wanted)
    pods = view.pods_of(obj)
    return _pods_first(obj, obj, pods, view, f"{available} of {wanted} pods are available", available, wanted)


def judge_stateful_set(obj: Obj, view: View) -> Verdict:
    """A StatefulSet is ready when all pods are ready, and those above the partition are of the update revision.

    `updatedReplicas` counts also when both revisions are the same: a template that was restored in mid-rollout makes
    the old revision the wanted one again, while pods of the newer one are still there (kube-controller-manager 1.34;
    `kubectl rollout status` does not look). Then the partition holds nothing back: no pod may be of another revision.
    """
    spec, status = spec_of(obj), obj.get("status") or {}
    wanted = spec.get("replicas", 1)
    strategy = spec.get("updateStrategy") or {}
    if not _observed(obj):
        return progressing("NotObserved", "the controller has not seen the change yet", None, 0, wanted)
    revision = status.get("updateRevision", "")
    pods = [p for p in view.pods_of(obj) if _hash(p) == revision]
    up = status.get("readyReplicas", 0)
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    # With OnDelete, pods are replaced when somebody deletes them: the rollout is not the controller's to finish.
    target = wanted if status.get("currentRevision") == revision else max(0, wanted - partition)
    target = 0 if strategy.get("type") == "OnDelete" else target
    updated = status.get("updatedReplicas", 0)
    if up >= wanted and updated >= target and status.get("availableReplicas", up) >= wanted:
        return ready(f"{up} of {wanted} pods are ready", done=up, wanted=wanted)
    message = f"{min(updated, wanted)} of {target} pods updated, {up} of {wanted} ready"
    verdict = _pods_first(obj, obj, pods, view, message, min(up, updated), wanted)
    return _held_by_older(verdict, obj, view) if verdict.cause is None else verdict


def judge_daemon_set(obj: Obj, view: View) -> Verdict:
    """A DaemonSet is ready when the pod of every node that wants one is updated and available."""
    spec, status = spec_of(obj), obj.get("status") or {}
    wanted = status.get("desiredNumberScheduled", 0)
    if "desiredNumberScheduled" not in status:
        return progressing("NotObserved", "the controller has not counted the nodes yet")
    updated, up = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    if not _observed(obj):
        return progressing("NotObserved", "the controller has not seen the change yet", None, 0, wanted)
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        updated = wanted
    if updated >= wanted and up >= wanted:
        return ready(f"{up} of {wanted} pods are available", done=up, wanted=wanted)
    template = (obj["metadata"].get("annotations") or {}).get(_TEMPLATE, str(obj["metadata"].get("generation", "")))
    pods = [
        p
        for p in view.pods_of(obj)
        if (p["metadata"].get("labels") or {}).get("pod-template-generation") in (None, template)
    ]
    return _pods_first(obj, obj, pods, view, f"{updated} of {wanted} updated, {up} available", min(updated, up), wanted)


def _pods_first(
    obj: Obj, owner: Obj | None, pods: list[Obj], view: View, message: str, done: int, wanted: int
) -> Verdict:
    """Judge an unfinished rollout: by its pods, by rejected pods, by its own progress deadline; else it goes on."""
    held = judge_pods(pods, view)
    if held is not None and held.state == "failed":
        return replace(held, done=done, wanted=wanted)
    turned_away = judge_rejected_pods(owner, view) if owner is not None else None
    if turned_away is not None and len([p for p in pods if is_ready(p)]) < wanted:
        return replace(sooner(turned_away, held), done=done, wanted=wanted)
    late = condition(obj, "Progressing")
    if late.get("reason") == "ProgressDeadlineExceeded" and _is_about(late, owner):
        cause = held.cause if held is not None and held.cause else None
        text = f"{late.get('message', '')}" + (f" ({cause.message})" if cause else "")
        why = Cause("ProgressDeadlineExceeded", text, cause.pod if cause else "", cause.container if cause else "")
        return replace(failed(why), done=done, wanted=wanted)
    if held is not None:
        return replace(held, done=done, wanted=wanted)
    return progressing("RollingOut", message, None, done, wanted)


def _held_by_older(verdict: Verdict, obj: Obj, view: View) -> Verdict:
    """Name the older pod that an ordered update waits for; it may become ready, so it decides nothing."""
    if spec_of(obj).get("podManagementPolicy") == "Parallel" or verdict.state != "progressing":
        return verdict
    held = judge_pods(view.pods_of(obj), view)
    if held is None or held.cause is None:
        return verdict
    text = f"the update waits for pod {held.cause.pod} of the older version: {held.cause.message}"
    return replace(verdict, message=text, cause=replace(held.cause, message=text))


def _newest(deployment: Obj, view: View) -> Obj | None:
    """Return the ReplicaSet of the present template: the one with the Deployment's own revision."""
    sets = view.sets_of(deployment)
    revision = (deployment["metadata"].get("annotations") or {}).get(_REVISION)
    return next((s for s in sets if (s["metadata"].get("annotations") or {}).get(_REVISION) == revision), None)


def _is_about(late: Obj, newest: Obj | None) -> bool:
    """Return whether the newest ReplicaSet is late: the condition of an earlier one stays for a while."""
    named = _SET.search(late.get("message", ""))
    return late.get("status") == "False" and (named is None or newest is None or named[1] == newest["metadata"]["name"])


def _waiting(status: Obj, wanted: int) -> str:
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    old = status.get("replicas", 0) - updated
    text = f"{updated} of {wanted} pods updated, {min(available, wanted)} available"
    return text + (f", {count(old, 'old one')} left" if old > 0 else "")


def _observed(obj: Obj) -> bool:
    generation = obj["metadata"].get("generation", 0)
    return bool((obj.get("status") or {}).get("observedGeneration", 0) >= generation)


def _hash(pod: Obj) -> str:
    return str((pod["metadata"].get("labels") or {}).get("controller-revision-hash", ""))
