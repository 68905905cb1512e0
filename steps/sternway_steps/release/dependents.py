"""The dependents of an object: those that name it as their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..objects.ref import Ref
from .survey import Survey, survey

if TYPE_CHECKING:
    from ..kube.client import Client

# What the controllers of Kubernetes make for an object, adopt again, or make anew.
_FOLLOWERS = {"ControllerRevision", "EndpointSlice", "Event", "Job", "PersistentVolumeClaim", "Pod", "ReplicaSet"}


def dependents(client: Client, ref: Ref, uid: str) -> list[str]:
    """Name what others made that names the object as its owner, in all kinds that we may list.

    What may not be listed, or is down, is passed over: nothing of it is deleted with an object whose dependents are
    orphaned.
    """
    return dependents_in(survey(client, ref.namespace), uid)


def dependents_in(found: Survey, uid: str) -> list[str]:
    """Return the same of what was listed before."""
    return [str(one.ref) for one in found.of_owner(uid) if one.ref.kind not in _FOLLOWERS]
