"""The Job controller: pods run until enough have completed, or too many have failed; then its TTL counts."""

from __future__ import annotations

import math
import secrets
import time
from datetime import UTC, datetime

from ..identity import now
from .replicaset import create_pod
from .world import Obj, World, condition


def reconcile(world: World) -> float:
    """Reconcile every Job; return when the next one's TTL is over (time.monotonic)."""
    due = math.inf
    for job in world.all("batch/v1", "Job"):
        conditions = (job.get("status") or {}).get("conditions") or []
        over = next((c for c in conditions if c["type"] in ("Complete", "Failed") and c["status"] == "True"), None)
        if job["metadata"].get("deletionTimestamp"):
            continue
        if over is None:
            _one(world, job)
        elif job["spec"].get("ttlSecondsAfterFinished") is not None:
            due = min(due, _expire(world, job, over))
    return due


def _expire(world: World, job: Obj, over: Obj) -> float:
    """Delete a finished Job once its TTL is over, dependents first, as the TTL controller does."""
    finished = datetime.fromisoformat(over["lastTransitionTime"].replace("Z", "+00:00"))
    left = float(job["spec"]["ttlSecondsAfterFinished"]) - (datetime.now(UTC) - finished).total_seconds()
    if left > 0:
        return time.monotonic() + left
    world.delete(job, propagation="Foreground")
    return math.inf


def _one(world: World, job: Obj) -> None:
    spec = job["spec"]
    pods = world.owned("v1", "Pod", job)
    phases = [(p.get("status") or {}).get("phase") for p in pods]
    done, failed = phases.count("Succeeded"), phases.count("Failed")
    active = len(pods) - done - failed
    wanted = spec.get("completions") or 1
    status: Obj = {"startTime": (job.get("status") or {}).get("startTime") or now()}
    status |= {k: v for k, v in (("active", active), ("succeeded", done), ("failed", failed)) if v}
    if done >= wanted:
        status["completionTime"] = now()
        status["conditions"] = [
            condition("Complete", True, "CompletionsReached", "Reached expected number of succeeded pods")
        ]
        world.event(job, "Completed", "Job completed")
    elif failed > spec.get("backoffLimit", 6):
        text = "Job has reached the specified backoff limit"
        status["conditions"] = [condition("Failed", True, "BackoffLimitExceeded", text)]
        world.event(job, "BackoffLimitExceeded", text, warning=True)
    elif spec.get("suspend"):
        del status["startTime"]  # it begins when it is resumed
        before = (job.get("status") or {}).get("conditions")
        status["conditions"] = [condition("Suspended", True, "JobSuspended", "Job suspended", before)]
    elif active < min(spec.get("parallelism") or 1, wanted - done):
        name = f"{job['metadata']['name']}-{secrets.token_hex(3)[:5]}"
        create_pod(world, job, name, **{"job-name": job["metadata"]["name"]})
        return
    world.set_status(job, status)
