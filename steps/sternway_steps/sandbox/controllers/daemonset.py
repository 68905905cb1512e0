"""The DaemonSet controller: a pod on every node; the sandbox has one."""

from __future__ import annotations

import secrets

from .replicaset import create_pod
from .world import Obj, World, alive, digest_of, is_ready

_HASH = "controller-revision-hash"
_TEMPLATES = "deprecated.daemonset.template.generation"


def reconcile(world: World) -> None:
    """Reconcile every DaemonSet."""
    for daemon_set in world.all("apps/v1", "DaemonSet"):
        if not daemon_set["metadata"].get("deletionTimestamp"):
            _one(world, daemon_set)


def _one(world: World, daemon_set: Obj) -> None:
    revision = digest_of(daemon_set["spec"]["template"])
    generation = daemon_set["metadata"]["annotations"][_TEMPLATES]
    everything = world.owned("v1", "Pod", daemon_set)
    pods = alive(everything)
    fresh = [p for p in pods if p["metadata"]["labels"].get(_HASH) == revision]
    if (daemon_set["spec"].get("updateStrategy") or {}).get("type") != "OnDelete" and not fresh:
        for pod in pods:
            world.delete(pod)
    if not everything:
        name = f"{daemon_set['metadata']['name']}-{secrets.token_hex(3)[:5]}"
        create_pod(world, daemon_set, name, **{_HASH: revision, "pod-template-generation": generation})
    pods = alive(world.owned("v1", "Pod", daemon_set))
    fresh = [p for p in pods if p["metadata"]["labels"].get(_HASH) == revision]
    ready = sum(is_ready(p) for p in pods)
    status: Obj = {
        "observedGeneration": daemon_set["metadata"]["generation"], "desiredNumberScheduled": 1,
        "currentNumberScheduled": len(pods), "numberReady": ready, "numberMisscheduled": 0,
        "updatedNumberScheduled": len(fresh), **({"numberAvailable": ready} if ready else {"numberUnavailable": 1}),
    }  # fmt: skip
    world.set_status(daemon_set, status)
