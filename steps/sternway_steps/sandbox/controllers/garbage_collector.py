"""Garbage collection: dependents of deleted owners, the content of namespaces; and what every cluster contains."""

from __future__ import annotations

from ..status import StatusError
from .world import Obj, World

NODE = "sandbox-node"


def create_defaults(world: World) -> None:
    """Create what a new cluster contains."""
    for name in ("default", "kube-system"):
        _once(world, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    labels = {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}
    _once(world, {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE, "labels": labels}, "spec": {}})


def reconcile(world: World) -> None:
    """Create the defaults of namespaces, finish deletions that nothing holds up, and collect orphans."""
    store = world.api.store
    everything = list(store.everything())
    served = {kind.key for kind in world.api.kinds()}
    for key, obj in everything:
        if key not in served:  # its definition is gone
            store.drop(key, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
    everything = [(key, obj) for key, obj in everything if key in served]
    uids = {obj["metadata"]["uid"] for _, obj in everything}
    for (_, kind), obj in everything:
        meta = obj["metadata"]
        owners = meta.get("ownerReferences") or []
        if owners and not any(o["uid"] in uids or _kind(o) not in served for o in owners):
            _end(world, obj)
        elif "foregroundDeletion" in (meta.get("finalizers") or []):
            _foreground(world, obj, everything)
        elif "orphan" in (meta.get("finalizers") or []):
            for _, child in everything:
                references = child["metadata"].get("ownerReferences") or []
                kept = [r for r in references if r["uid"] != meta["uid"]]
                if len(kept) != len(references):
                    world.update(child, metadata={**child["metadata"], "ownerReferences": kept})
            _release(world, obj, "orphan")
        elif kind == "Namespace":
            _namespace(world, obj)


def _kind(owner: Obj) -> tuple[str, str]:
    """Return the kind of an owner; whether an owner of an unserved kind exists is unknown."""
    return owner["apiVersion"].rpartition("/")[0], owner["kind"]


def _namespace(world: World, namespace: Obj) -> None:
    name = namespace["metadata"]["name"]
    if not namespace["metadata"].get("deletionTimestamp"):
        _once(world, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})
        ca = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": name},
            "data": {"ca.crt": "sandbox"},
        }
        _once(world, ca)
        return
    content = list(world.api.store.everything(name))
    for _, obj in content:
        _end(world, obj)
    if not content:
        world.api.store.drop(("", "Namespace"), "", name)


def _foreground(world: World, owner: Obj, everything: list[tuple[tuple[str, str], Obj]]) -> None:
    uid = owner["metadata"]["uid"]
    children = [o for _, o in everything if any(r["uid"] == uid for r in o["metadata"].get("ownerReferences") or [])]
    for child in children:
        if not child["metadata"].get("deletionTimestamp"):
            kind = world.api.kind_of(child["apiVersion"], child["kind"])
            options = {"propagationPolicy": "Foreground"}
            world.api.delete(kind, child["metadata"].get("namespace", ""), child["metadata"]["name"], options)
    if not children:
        _release(world, owner, "foregroundDeletion")


def _release(world: World, obj: Obj, finalizer: str) -> None:
    kept = [f for f in obj["metadata"].get("finalizers") or [] if f != finalizer]
    world.update(obj, metadata={**obj["metadata"], "finalizers": kept})
    if obj["kind"] == "Pod" and not kept:
        world.delete(obj, grace=0)


def _end(world: World, obj: Obj) -> None:
    if not obj["metadata"].get("deletionTimestamp"):
        world.delete(obj, grace=0 if obj["kind"] == "Pod" else None)


def _once(world: World, obj: Obj) -> None:
    meta = obj["metadata"]
    if world.find(obj["apiVersion"], obj["kind"], meta.get("namespace", ""), meta["name"]) is None:
        try:
            world.create(obj)
        except StatusError as error:
            if error.status not in (403, 404, 409):
                raise
