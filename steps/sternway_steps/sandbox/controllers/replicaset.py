"""The controller of ReplicaSets and ReplicationControllers: as many pods as wanted."""

from __future__ import annotations

import secrets

from ..status import StatusError
from .world import Obj, World, alive, condition, is_ready, pod_from


def reconcile(world: World) -> None:
    """Reconcile every ReplicaSet and ReplicationController."""
    for replica_set in [*world.all("apps/v1", "ReplicaSet"), *world.all("v1", "ReplicationController")]:
        if not replica_set["metadata"].get("deletionTimestamp"):
            _one(world, replica_set)


def _one(world: World, replica_set: Obj) -> None:
    world.adopt("v1", "Pod", replica_set)
    pods = alive(world.owned("v1", "Pod", replica_set))
    wanted = replica_set["spec"].get("replicas", 1)
    # Those that are not ready go first, as with the real controller.
    for pod in sorted(pods, key=is_ready)[: max(0, len(pods) - wanted)]:
        world.delete(pod)
        world.event(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
    failure = None
    for _ in range(wanted - len(pods)):
        failure = create_pod(world, replica_set, f"{replica_set['metadata']['name']}-{secrets.token_hex(3)[:5]}")
        if failure:
            break
    pods = alive(world.owned("v1", "Pod", replica_set))
    ready = sum(is_ready(pod) for pod in pods)
    status: Obj = {"observedGeneration": replica_set["metadata"]["generation"], "replicas": len(pods)}
    if ready:
        status |= {"readyReplicas": ready, "availableReplicas": ready}
    if failure:
        before = (replica_set.get("status") or {}).get("conditions")
        status["conditions"] = [condition("ReplicaFailure", True, "FailedCreate", failure, before)]
    world.set_status(replica_set, status)


def create_pod(world: World, owner: Obj, name: str, **labels: str) -> str:
    """Create a pod of the owner's template; return why it was rejected, or ""."""
    namespace = owner["metadata"]["namespace"]
    message = _forbidden(world, namespace, owner["spec"]["template"]["spec"], f"{owner['metadata']['name']}-")
    if not message:
        try:
            world.create(pod_from(owner, name, owner["spec"]["template"], **labels))
        except StatusError as error:
            message = error.message
    if message:
        reported = any(
            e["reason"] == "FailedCreate" and e["involvedObject"]["uid"] == owner["metadata"]["uid"]
            for e in world.all("v1", "Event", namespace)
        )
        if not reported:
            world.event(owner, "FailedCreate", f"Error creating: {message}", warning=True)
        return message
    world.event(owner, "SuccessfulCreate", f"Created pod: {name}")
    return ""


def _forbidden(world: World, namespace: str, spec: Obj, name: str) -> str:
    account = spec.get("serviceAccountName") or "default"
    if world.find("v1", "ServiceAccount", namespace, account) is None:
        return f'pods "{name}" is forbidden: error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
    used = len(alive(world.all("v1", "Pod", namespace)))
    for quota in world.all("v1", "ResourceQuota", namespace):
        hard = (quota.get("spec") or {}).get("hard") or {}
        limit = hard.get("pods") or hard.get("count/pods")
        if limit is not None and used + 1 > int(limit):
            meta = quota["metadata"]["name"]
            return f'pods "{name}" is forbidden: exceeded quota: {meta}, requested: pods=1, used: pods={used}, limited: pods={limit}'
    return ""
