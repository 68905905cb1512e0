"""The Deployment controller: a ReplicaSet for each template; pods move from the old ones to the newest."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from typing import Any

from ..store import copy
from .world import Obj, World, condition, digest_of, owner_reference

_REVISION = "deployment.kubernetes.io/revision"


def reconcile(world: World) -> None:
    """Reconcile every Deployment."""
    for deployment in world.all("apps/v1", "Deployment"):
        if not deployment["metadata"].get("deletionTimestamp"):
            _one(world, deployment)


def _one(world: World, deployment: Obj) -> None:
    world.adopt("apps/v1", "ReplicaSet", deployment)
    sets = world.owned("apps/v1", "ReplicaSet", deployment)
    template_hash = digest_of(deployment["spec"]["template"])
    newest = next((s for s in sets if s["metadata"]["labels"].get("pod-template-hash") == template_hash), None)
    if deployment["spec"].get("paused") and newest is None:
        _paused(world, deployment, sets)
        return
    revision = 1 + max((int(_note(s)) for s in sets if s is not newest), default=0)
    if newest is None:
        newest = _create(world, deployment, template_hash, revision)
        sets = [*sets, newest]
    elif int(_note(newest)) < revision:
        meta = newest["metadata"]
        world.update(newest, metadata={**meta, "annotations": {**meta["annotations"], _REVISION: str(revision)}})
        return
    if (deployment["metadata"].get("annotations") or {}).get(_REVISION) != _note(newest):
        world.set_note(deployment, _REVISION, _note(newest))
        return
    _scale(world, deployment, newest, [s for s in sets if s is not newest])
    _status(world, deployment, newest, [s for s in sets if s is not newest])


def _create(world: World, deployment: Obj, template_hash: str, revision: int) -> Obj:
    template = copy(deployment["spec"]["template"])
    template.setdefault("metadata", {}).setdefault("labels", {})["pod-template-hash"] = template_hash
    selector = copy(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})["pod-template-hash"] = template_hash
    name = f"{deployment['metadata']['name']}-{template_hash}"
    world.event(deployment, "ScalingReplicaSet", f"Scaled up replica set {name}")
    return world.create({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": deployment["metadata"]["namespace"], "labels": template["metadata"]["labels"],
            "annotations": {_REVISION: str(revision)}, "ownerReferences": [owner_reference(deployment)],
        },
        "spec": {"replicas": 0, "selector": selector, "template": template},
    })  # fmt: skip


def _scale(world: World, deployment: Obj, newest: Obj, old: list[Obj]) -> None:
    spec = deployment["spec"]
    wanted = spec.get("replicas", 1)
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        _resize(world, old, 0)
        if not any((s.get("status") or {}).get("replicas") for s in old):
            _resize(world, [newest], wanted)
        return
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", "25%"), wanted, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, math.floor)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    total = sum(s["spec"]["replicas"] for s in (newest, *old))
    room = wanted + surge - total
    size = newest["spec"]["replicas"]
    _resize(world, [newest], min(wanted, size + max(0, room)) if size <= wanted else wanted)
    available = sum((s.get("status") or {}).get("availableReplicas", 0) for s in (newest, *old))
    spare = max(0, available - (wanted - unavailable))
    for replica_set in old:
        size = replica_set["spec"]["replicas"]
        broken = max(0, size - (replica_set.get("status") or {}).get("availableReplicas", 0))
        down = min(size, broken + spare)
        spare -= max(0, down - broken)
        _resize(world, [replica_set], size - down)


def _resize(world: World, sets: list[Obj], size: int) -> None:
    for replica_set in sets:
        world.update(replica_set, spec={**replica_set["spec"], "replicas": size})


def _status(world: World, deployment: Obj, newest: Obj, old: list[Obj]) -> None:
    fresh = [
        world.find("apps/v1", "ReplicaSet", s["metadata"]["namespace"], s["metadata"]["name"]) or s
        for s in (newest, *old)
    ]
    states: list[Any] = [s.get("status") or {} for s in fresh]
    wanted = deployment["spec"].get("replicas", 1)
    before = (deployment.get("status") or {}).get("conditions") or []
    counts = {name: sum(s.get(name, 0) for s in states) for name in ("replicas", "readyReplicas", "availableReplicas")}
    counts["updatedReplicas"] = states[0].get("replicas", 0)
    done = counts["updatedReplicas"] >= wanted and counts["replicas"] == counts["updatedReplicas"]
    complete = done and counts["availableReplicas"] >= wanted
    name = fresh[0]["metadata"]["name"]
    conditions = [
        condition(
            "Available",
            counts["availableReplicas"] >= wanted,
            "MinimumReplicasAvailable" if complete else "MinimumReplicas",
            before=before,
        ),
        _progress(deployment, before, complete, name),
    ]
    failing = next((c for s in states for c in s.get("conditions") or [] if c["type"] == "ReplicaFailure"), None)
    status: Obj = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{k: v for k, v in counts.items() if v},
        "conditions": conditions + ([failing] if failing else []),
    }
    if counts["availableReplicas"] < wanted:
        status["unavailableReplicas"] = wanted - counts["availableReplicas"]
    world.set_status(
        world.find("apps/v1", "Deployment", deployment["metadata"]["namespace"], deployment["metadata"]["name"])
        or deployment,
        status,
    )


def _paused(world: World, deployment: Obj, sets: list[Obj]) -> None:
    """Write the status of a paused Deployment: nothing counts as updated, for no ReplicaSet has its template."""
    states: list[Any] = [s.get("status") or {} for s in sets]
    counts = {name: sum(s.get(name, 0) for s in states) for name in ("replicas", "readyReplicas", "availableReplicas")}
    before = (deployment.get("status") or {}).get("conditions") or []
    paused = {
        **condition("Progressing", False, "DeploymentPaused", "Deployment is paused", before),
        "status": "Unknown",
    }
    up = counts["availableReplicas"] >= deployment["spec"].get("replicas", 1)
    available = condition("Available", up, "MinimumReplicasAvailable" if up else "MinimumReplicas", before=before)
    old = next((c for c in before if c["reason"] == "DeploymentPaused"), None)
    status = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{k: v for k, v in counts.items() if v},
        "conditions": [available, old or paused],
    }
    world.set_status(deployment, status)


def _progress(deployment: Obj, before: list[Obj], complete: bool, name: str) -> Obj:
    old = next((c for c in before if c["type"] == "Progressing"), None)
    if complete:
        return condition(
            "Progressing", True, "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.', before
        )
    text = f'ReplicaSet "{name}" is progressing.'
    if (
        old is not None
        and old["message"].startswith(f'ReplicaSet "{name}"')
        and old["reason"] != "NewReplicaSetAvailable"
    ):
        since = datetime.fromisoformat(old["lastTransitionTime"].replace("Z", "+00:00"))
        if (datetime.now(UTC) - since).total_seconds() > deployment["spec"].get("progressDeadlineSeconds", 600):
            return condition(
                "Progressing",
                False,
                "ProgressDeadlineExceeded",
                f'ReplicaSet "{name}" has timed out progressing.',
                before,
            )
        return old
    return {
        **condition("Progressing", True, "ReplicaSetUpdated", text),
        "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _note(replica_set: Obj) -> str:
    return str((replica_set["metadata"].get("annotations") or {}).get(_REVISION, "0"))


def _share(value: Any, of: int, round_to: Any) -> int:
    return int(round_to(of * int(value[:-1]) / 100)) if isinstance(value, str) else int(value)
