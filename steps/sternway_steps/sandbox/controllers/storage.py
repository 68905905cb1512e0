"""Binds claims at once when their storage class is the default or exists."""

from __future__ import annotations

from .world import World


def reconcile(world: World) -> None:
    """Reconcile every claim."""
    for claim in world.all("v1", "PersistentVolumeClaim"):
        if (claim.get("status") or {}).get("phase") == "Bound" or claim["metadata"].get("deletionTimestamp"):
            continue
        name = claim["spec"].get("storageClassName")
        if name in (None, "standard") or world.find("storage.k8s.io/v1", "StorageClass", "", name) is not None:
            modes, size = claim["spec"].get("accessModes") or [], claim["spec"].get("resources", {}).get("requests", {})
            world.set_status(claim, {"phase": "Bound", "accessModes": modes, "capacity": size})
        elif not claim.get("status"):
            world.set_status(claim, {"phase": "Pending"})
            text = f'storageclass.storage.k8s.io "{name}" not found'
            world.event(claim, "ProvisioningFailed", text, warning=True)
