"""The StatefulSet controller: named pods, one after the other, each with its own claims."""

from __future__ import annotations

from ..store import copy
from .replicaset import create_pod
from .world import Obj, World, digest_of, is_ready, owner_reference

_HASH = "controller-revision-hash"


def reconcile(world: World) -> None:
    """Reconcile every StatefulSet."""
    for stateful_set in world.all("apps/v1", "StatefulSet"):
        if not stateful_set["metadata"].get("deletionTimestamp"):
            _one(world, stateful_set)


def _one(world: World, stateful_set: Obj) -> None:
    spec, name = stateful_set["spec"], stateful_set["metadata"]["name"]
    old = stateful_set.get("status") or {}
    revision = f"{name}-{digest_of(spec['template'])}"
    current = old.get("currentRevision") or revision
    wanted = spec.get("replicas", 1)
    pods = {p["metadata"]["name"]: p for p in world.owned("v1", "Pod", stateful_set)}
    names = [f"{name}-{n}" for n in range(wanted)]
    ordered = spec.get("podManagementPolicy") != "Parallel"
    for missing in (n for n in names if n not in pods):
        before = names[: names.index(missing)]
        if ordered and not all(n in pods and is_ready(pods[n]) for n in before):
            break
        _claims(world, stateful_set, missing)
        create_pod(world, stateful_set, missing, **{_HASH: revision, "statefulset.kubernetes.io/pod-name": missing})
    _own_claims(world, stateful_set, names)
    for extra in [p for n, p in pods.items() if n not in names][-1:]:
        world.delete(extra)
    # The real one counts before it replaces a pod: for a moment, all are ready and some are of the older revision.
    pods = {p["metadata"]["name"]: p for p in world.owned("v1", "Pod", stateful_set)}
    ready = sum(is_ready(p) for p in pods.values())
    of = [p["metadata"]["labels"].get(_HASH) for p in pods.values() if not p["metadata"].get("deletionTimestamp")]
    updated, still = of.count(revision), of.count(current)
    here = [pods[n] for n in names if n in pods]
    if not ordered or all(is_ready(pod) for pod in here):  # the real one waits too, whatever the template says now
        _update(world, stateful_set, here, revision)
    if updated >= wanted and ready >= wanted:
        current, still = revision, updated
    counts = {"readyReplicas": ready, "availableReplicas": ready, "currentReplicas": still, "updatedReplicas": updated}
    status: Obj = {
        "observedGeneration": stateful_set["metadata"]["generation"], "replicas": len(pods), "currentRevision": current,
        "updateRevision": revision, "collisionCount": 0,
        **{name: count for name, count in counts.items() if count},
    }  # fmt: skip
    if (old.get("availableReplicas") or 0) == 0 and not ready:
        status["availableReplicas"] = 0
    world.set_status(stateful_set, status)


def _update(world: World, stateful_set: Obj, pods: list[Obj], revision: str) -> None:
    """Replace the last pod of an old revision."""
    strategy = stateful_set["spec"].get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition") or 0
    for pod in reversed(pods[partition:]):
        if pod["metadata"].get("deletionTimestamp"):
            return
        if pod["metadata"]["labels"].get(_HASH) != revision:
            world.delete(pod)
            return
        if not is_ready(pod):
            return


def _own_claims(world: World, stateful_set: Obj, pods: list[str]) -> None:
    """Make the set or the pods the owners of their claims, or nobody, as the retention policy says."""
    owns = (stateful_set["spec"].get("persistentVolumeClaimRetentionPolicy") or {}).get("whenDeleted") == "Delete"
    reference = {k: v for k, v in owner_reference(stateful_set).items() if k != "controller"}
    for name in (
        f"{t['metadata']['name']}-{pod}" for t in stateful_set["spec"].get("volumeClaimTemplates") or [] for pod in pods
    ):
        claim = world.find("v1", "PersistentVolumeClaim", stateful_set["metadata"]["namespace"], name)
        if claim is not None:
            others = [o for o in claim["metadata"].get("ownerReferences") or [] if o["uid"] != reference["uid"]]
            owners = [*others, reference] if owns else others
            world.update(claim, metadata={**claim["metadata"], "ownerReferences": owners})


def _claims(world: World, stateful_set: Obj, pod: str) -> None:
    for template in stateful_set["spec"].get("volumeClaimTemplates") or []:
        name, namespace = f"{template['metadata']['name']}-{pod}", stateful_set["metadata"]["namespace"]
        if world.find("v1", "PersistentVolumeClaim", namespace, name) is None:
            metadata = {"name": name, "namespace": namespace, "labels": template["metadata"].get("labels") or {}}
            world.create(
                {
                    "apiVersion": "v1",
                    "kind": "PersistentVolumeClaim",
                    "metadata": metadata,
                    "spec": copy(template["spec"]),
                }
            )
