"""CustomResourceDefinitions are established as soon as they are seen."""

from __future__ import annotations

from .world import World, condition


def reconcile(world: World) -> None:
    """Reconcile every CustomResourceDefinition."""
    for crd in world.all("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
        if crd.get("status"):
            continue
        conditions = [
            condition("NamesAccepted", True, "NoConflicts", "no conflicts found"),
            condition("Established", True, "InitialNamesAccepted", "the initial names have been accepted"),
        ]
        stored = [v["name"] for v in crd["spec"]["versions"] if v.get("storage")]
        world.set_status(
            crd, {"conditions": conditions, "acceptedNames": crd["spec"]["names"], "storedVersions": stored}
        )
