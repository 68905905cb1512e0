"""Jobs run pods until enough have completed, or too many have failed."""

from __future__ import annotations

import secrets

from ..identity import now
from .replicaset import create_pod
from .world import Obj, World, condition


def reconcile(world: World) -> None:
    """Look at every Job."""
    for job in world.all("batch/v1", "Job"):
        conditions = (job.get("status") or {}).get("conditions") or []
        over = any(c["type"] in ("Complete", "Failed") and c["status"] == "True" for c in conditions)
        if not over and not job["metadata"].get("deletionTimestamp"):
            _one(world, job)


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
    elif failed > spec.get("backoffLimit", 6):
        text = "Job has reached the specified backoff limit"
        status["conditions"] = [condition("Failed", True, "BackoffLimitExceeded", text)]
        world.event(job, "BackoffLimitExceeded", text, warning=True)
    elif spec.get("suspend"):
        status["conditions"] = [condition("Suspended", True, "JobSuspended", "Job suspended")]
    elif active < min(spec.get("parallelism") or 1, wanted - done):
        name = f"{job['metadata']['name']}-{secrets.token_hex(3)[:5]}"
        create_pod(world, job, name, **{"job-name": job["metadata"]["name"]})
        return
    world.set_status(job, status)
