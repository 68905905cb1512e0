"""Judges Jobs and CronJobs. Source: "Jobs" in the Kubernetes documentation, batch/v1 JobStatus."""

from __future__ import annotations

from dataclasses import replace

from .object_fields import Obj, condition, spec_of
from .pods import judge_pods
from .rejected_pods import judge_rejected_pods
from .verdict import Cause, Verdict, failed, progressing, ready, sooner
from .view import View


def judge_job(obj: Obj, view: View) -> Verdict:
    """A Job is ready when it is complete, or when it is suspended: then somebody else has to resume it."""
    spec, status = spec_of(obj), obj.get("status") or {}
    wanted = spec.get("completions") or 1
    done = status.get("succeeded", 0)
    if (
        condition(obj, "Complete").get("status") == "True"
        or condition(obj, "SuccessCriteriaMet").get("status") == "True"
    ):
        return ready(f"{done} of {wanted} completed", "Complete", done, wanted)
    pods = view.pods_of(obj)
    for kind in ("Failed", "FailureTarget"):
        over = condition(obj, kind)
        if over.get("status") == "True":
            return failed(_cause(over.get("reason", "JobFailed"), over.get("message", "the Job failed"), pods, view))
    if spec.get("suspend"):
        return ready("suspended: it starts when somebody resumes it", "Suspended", done, wanted)
    held = judge_pods([p for p in pods if (p.get("status") or {}).get("phase") != "Failed"], view)
    if held is not None and held.state == "failed" and not _retries(held.reason):
        return replace(held, done=done, wanted=wanted)
    if (turned_away := judge_rejected_pods(obj, view)) is not None:
        return sooner(turned_away, held)
    # A pod that crashed is tried again until backoffLimit: the Job's own condition decides.
    return sooner(
        progressing("Running", f"{done} of {wanted} completed", held.cause if held else None, done, wanted), held
    )


def judge_cron_job(obj: Obj, view: View) -> Verdict:  # noqa: ARG001  every judge takes both
    """A CronJob is ready when it exists: it runs at its own times."""
    if spec_of(obj).get("suspend"):
        return ready("suspended: it runs again when somebody resumes it", "Suspended")
    return ready(f"runs at {spec_of(obj).get('schedule')}", "Scheduled")


def _retries(reason: str) -> bool:
    return reason in ("CrashLoopBackOff", "OOMKilled", "PodFailed")


def _cause(reason: str, message: str, pods: list[Obj], view: View) -> Cause:
    held = judge_pods(pods, view)
    if held is None or held.cause is None:
        return Cause(reason, message)
    return replace(held.cause, reason=reason, message=f"{message}: {held.cause.message}")
